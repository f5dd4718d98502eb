/* SPDX-License-Identifier: MIT */
/* A search for a learning rate in a thread of its own, for a screen to watch. */
#ifndef MISREAD_APP_FINDING_H
#define MISREAD_APP_FINDING_H

#include <stdbool.h>

#include <misread/base/status.h>

struct mr_finding;
struct mr_train_options;
struct mr_trainer_place;
struct mr_tui_search;

/* What place points to outlives it. */
struct mr_finding *mr_finding_create(const struct mr_trainer_place *place);
/* Cancels what runs and waits for its end. Accepts NULL. */
void mr_finding_destroy(struct mr_finding *finding);
/* about: the options in a few words. MR_E_BUSY if one runs. */
enum mr_status mr_finding_start(struct mr_finding *finding, const struct mr_train_options *options,
                                const char *about, struct mr_error *err) MR_NODISCARD;
bool mr_finding_is_running(struct mr_finding *finding);
/* As struct mr_tui_ops says. */
void mr_finding_cancel(struct mr_finding *finding);
bool mr_finding_read(struct mr_finding *finding, struct mr_tui_search *search);

#endif
