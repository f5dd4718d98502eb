/* SPDX-License-Identifier: MIT */
/* The program proper: decoders, signals, the wake-up and the way back to the front, in their order.
 */
#ifndef MISREAD_APP_SESSION_H
#define MISREAD_APP_SESSION_H

#include <stdbool.h>

#include <misread/base/status.h>

struct mr_sandbox;
struct mr_wake;

struct mr_session {
    struct mr_sandbox *sandbox; /* owned */
    struct mr_wake *wake;       /* owned */
    char *choices_path; /* owned; algorithms measured on this machine, if there is such a file */
    int signals;        /* signalfd: SIGHUP, SIGTERM, SIGINT, SIGQUIT */
    int front;          /* socket to the front process; -1 when detached */
};

/* Call it first: forks the zygote before any thread exists. */
enum mr_status mr_session_open(struct mr_session *session, bool in_process,
                               struct mr_error *err) MR_NODISCARD;
void mr_session_close(struct mr_session *session);
/* The number of the next signal that came, 0 if none did. Never blocks. */
int mr_session_take_signal(const struct mr_session *session);
/* Leaves the terminal for good: the front gives the prompt back, stdio goes to /dev/null and the
 * log. */
void mr_session_detach(struct mr_session *session, const char *log_path);
/* Stops the front (^Z) and returns when the shell has continued it. The screen must be put away. */
void mr_session_suspend(struct mr_session *session);

#endif
