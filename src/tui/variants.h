/* SPDX-License-Identifier: MIT */
/* What augmentation makes of images, looked at one by one. */
#ifndef MISREAD_TUI_VARIANTS_H
#define MISREAD_TUI_VARIANTS_H

#include <stdint.h>

#include <misread/base/geometry.h>

struct mr_explorer;
struct mr_ink;
struct mr_tui_batch;
struct mr_tui_sight;

/* As many are shown of an image. */
#define MR_N_VARIANTS 8

struct mr_variants {
    int64_t *images; /* owned (n): those that one can go to */
    int n, chosen;
    int class_id;    /* the class that was asked for; -1: all */
    int first;       /* look of the first variant */
    int batch_index; /* of the batch that screen shows */
};

void mr_variants_finish(struct mr_variants *variants);
/* Shows the chosen one of n images; they are copied. */
void mr_variants_open(struct mr_explorer *explorer, const int64_t *images, int n, int chosen);
/* The training images of a class (-1: of all), or any where none is set aside for training. */
void mr_variants_open_class(struct mr_explorer *explorer, int class_id);
/* Images may have become known since nothing was found to go through. */
void mr_variants_refresh(struct mr_explorer *explorer);

/* Batch `index` of the run that is shown. */
void mr_variants_batch(const struct mr_explorer *explorer, int index, struct mr_tui_batch *batch);
/* What that run's network is shown of an image, in rect. Returns why it never will be, or NULL. */
const char *mr_variants_draw(const struct mr_explorer *explorer, const struct mr_ink *ink,
                             struct mr_rect_cells rect, const struct mr_tui_sight *sight);
/* Which transforms, over the rows that there are to spare; or why nothing is shown, and then
 * nothing is: *rows is 0. Else the rows taken. */
void mr_variants_draw_about(const struct mr_ink *ink, int row, const struct mr_tui_batch *batch,
                            int *rows);

#endif
