/* SPDX-License-Identifier: MIT */
/* A look at the pixels of all images in a thread of its own, for a screen to watch. */
#ifndef MISREAD_APP_LOOKING_H
#define MISREAD_APP_LOOKING_H

#include <stdbool.h>

#include <misread/base/status.h>

struct mr_looking;
struct mr_trainer_place;
struct mr_tui_look;

/* What place points to outlives it. */
struct mr_looking *mr_looking_create(const struct mr_trainer_place *place);
/* Cancels what runs and waits for its end. Accepts NULL. */
void mr_looking_destroy(struct mr_looking *looking);
/* As struct mr_tui_ops says. MR_E_BUSY if one runs, unless that only reads: then it measures next.
 */
enum mr_status mr_looking_start(struct mr_looking *looking, bool measures,
                                struct mr_error *err) MR_NODISCARD;
void mr_looking_cancel(struct mr_looking *looking);
bool mr_looking_read(struct mr_looking *looking, struct mr_tui_look *look);

#endif
