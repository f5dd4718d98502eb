/* SPDX-License-Identifier: MIT */
/* A run as lines: what --headless prints, read from the store like a screen would. */
#ifndef MISREAD_APP_FOLLOW_H
#define MISREAD_APP_FOLLOW_H

#include <stdbool.h>

#include <misread/base/status.h>

/* Between two lines of progress on a file or pipe, in ms. */
#define MR_LINE_MS 5000

struct mr_place;
struct mr_session;
struct mr_trainer;

struct mr_follow_options {
    bool is_json;
    bool is_silent; /* in the background: nothing is printed */
};

/*
 * Prints what happens to run until the trainer of this process has ended; joins it. SIGTERM and
 * SIGINT ask it to finish the batch and stop; a hang-up detaches. Returns the exit status: 0 if the
 * run is done or was stopped by a command, 128 and the signal's number if a signal stopped it.
 */
int mr_follow_run(struct mr_session *session, const struct mr_place *place,
                  struct mr_trainer *trainer, int run, const struct mr_follow_options *options);

#endif
