/* SPDX-License-Identifier: MIT */
/* From the command line to a run: options, places, checks, training. */
#ifndef MISREAD_APP_START_H
#define MISREAD_APP_START_H

#include <stdbool.h>

#include <misread/base/status.h>

struct mr_args;
struct mr_place;
struct mr_session;
struct mr_store;
struct mr_train_options;
struct mr_trainer_place;

/* The trainer's defaults, what the project was split with, what the command line says: later ones
 * win. */
enum mr_status mr_start_options(struct mr_train_options *options, const struct mr_args *args,
                                const struct mr_place *place, struct mr_error *err) MR_NODISCARD;
/* What the command line says, over the options of something that was trained before. */
enum mr_status mr_start_options_over(struct mr_train_options *options,
                                     const struct mr_train_options *base,
                                     const struct mr_args *args, const struct mr_place *place,
                                     struct mr_error *err) MR_NODISCARD;
/* Options whose weights a user has named since: "" is from scratch, a name or a run of the place
 * becomes a file, and its hash is noted. */
enum mr_status mr_start_weights(struct mr_train_options *options, const struct mr_place *place,
                                struct mr_error *err) MR_NODISCARD;
/* Turns options into those of what begins with the best weights that the run has kept.
 * MR_E_NOT_FOUND: it has finished no epoch. */
enum mr_status mr_start_take_body(struct mr_train_options *options, struct mr_store *store, int run,
                                  struct mr_error *err) MR_NODISCARD;
/* And into those of heads alone, on the features of plain images. */
void mr_start_take_heads(struct mr_train_options *options);
struct mr_trainer_place mr_start_place(const struct mr_session *session,
                                       const struct mr_place *place);
/* Is it a data set at all? Quick; before anything is written. A project that exists already is
 * fine. */
enum mr_status mr_start_check(const struct mr_place *place, struct mr_error *err) MR_NODISCARD;
/* Is the run to be shown on the screen rather than as lines? */
bool mr_start_wants_screen(const struct mr_args *args);
/* Opens the session, finds the place that the first word names, and runs a command there. Returns
 * its exit status. */
int mr_start_in_place(struct mr_args *args,
                      int (*run)(struct mr_session *session, const struct mr_place *place,
                                 const struct mr_args *args));
/* Starts or resumes the run and shows it. Returns the exit status. */
int mr_start_train(struct mr_session *session, const struct mr_place *place,
                   const struct mr_args *args);

#endif
