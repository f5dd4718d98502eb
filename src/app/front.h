/* SPDX-License-Identifier: MIT */
/*
 * The front process: what the shell waits for. It starts the program proper, passes signals and the
 * exit code on, and gives the terminal back as it found it even if the program dies by SIGKILL.
 */
#ifndef MISREAD_APP_FRONT_H
#define MISREAD_APP_FRONT_H

/* What program and front say to each other over one socket, a byte each. */
enum mr_front_word {
    MR_FRONT_DETACHED =
        'D', /* program: training goes on without a terminal; give the prompt back */
    MR_FRONT_SUSPEND =
        'S', /* program: the screen is put away; stop, so that the shell takes over */
    MR_FRONT_CONTINUED = 'C', /* front: the shell has continued us */
};

/* The socket to the front in the program proper; -1 in the front itself. */
int mr_front_socket(void);
/* Programs that this process starts get a front of their own. */
void mr_front_forget(void);
/* Runs argv again as the program proper and waits for it. Returns the exit status for the shell. */
int mr_front_run(char **argv);

#endif
