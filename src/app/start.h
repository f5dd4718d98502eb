/* SPDX-License-Identifier: MIT */
/* From the command line to a run: options, places, checks, training. */
#ifndef MISREAD_APP_START_H
#define MISREAD_APP_START_H

#include <stdbool.h>

#include <misread/base/status.h>

struct mr_args;
struct mr_place;
struct mr_session;
struct mr_train_options;
struct mr_trainer_place;

/* The trainer's defaults, what the project was split with, what the command line says: later ones
 * win. */
enum mr_status mr_start_options(struct mr_train_options *options, const struct mr_args *given,
                                const struct mr_place *place, struct mr_error *err) MR_NODISCARD;
struct mr_trainer_place mr_start_place(const struct mr_session *session,
                                       const struct mr_place *place);
/* Is it a data set at all? Quick; before anything is written. A project that exists already is
 * fine. */
enum mr_status mr_start_check(const struct mr_place *place, struct mr_error *err) MR_NODISCARD;
/* Is the run to be shown on the screen rather than as lines? */
bool mr_start_wants_screen(const struct mr_args *args);
/* Starts or resumes the run and shows it. Returns the exit status. */
int mr_start_train(struct mr_session *session, const struct mr_place *place,
                   const struct mr_args *args);

#endif
