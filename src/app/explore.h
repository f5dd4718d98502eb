/* SPDX-License-Identifier: MIT */
/* The explorer on a terminal, with a run of this process or without. */
#ifndef MISREAD_APP_EXPLORE_H
#define MISREAD_APP_EXPLORE_H

#include <misread/base/status.h>

struct mr_args;
struct mr_place;
struct mr_session;
struct mr_term_options;
struct mr_trainer;

/* Opens the screen on the project. trainer (adopted, may be NULL) trains `run` in this process.
 * Returns the exit status after the user has left and whatever had to end has ended. */
int mr_explore_run(struct mr_session *session, const struct mr_place *place,
                   const struct mr_args *args, struct mr_trainer *trainer, int run);
/* How the screen is opened, from the command line. */
enum mr_status mr_explore_term_options(struct mr_term_options *options, const struct mr_args *args,
                                       struct mr_error *err) MR_NODISCARD;

#endif
