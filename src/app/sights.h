/* SPDX-License-Identifier: MIT */
/* What networks are shown in training, of one run at a time; for the thread of pictures.c. */
#ifndef MISREAD_APP_SIGHTS_H
#define MISREAD_APP_SIGHTS_H

#include <misread/base/status.h>

struct mr_image;
struct mr_place;
struct mr_sandbox;
struct mr_sights;
struct mr_train_options;
struct mr_tui_batch;
struct mr_tui_sight;

/* Whose: a run's; of run 0: of one with these options, which are borrowed for the call and told
 * from others by their number. */
struct mr_sights_of {
    int run, plan;
    const struct mr_train_options *options;
};

/* All borrowed, and outliving it. Nothing is read yet. */
struct mr_sights *mr_sights_create(const struct mr_place *place, struct mr_sandbox *sandbox);
void mr_sights_destroy(struct mr_sights *sights);
/* The square that the network is shown; path: of the image's file. */
enum mr_status mr_sights_draw(struct mr_sights *sights, const struct mr_sights_of *of,
                              const char *path, const struct mr_tui_sight *sight,
                              struct mr_image **picture, struct mr_error *err) MR_NODISCARD;
/* As struct mr_tui_ops says, read anew; batch->items is the caller's (free). What it is about is
 * said even if there is no batch. */
enum mr_status mr_sights_deal(struct mr_sights *sights, const struct mr_sights_of *of, int index,
                              struct mr_tui_batch *batch, struct mr_error *err) MR_NODISCARD;

#endif
