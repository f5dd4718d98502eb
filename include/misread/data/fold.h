/* SPDX-License-Identifier: MIT */
/* Cross-validation: the images that are not set aside for testing, in folds of which each is held
 * out once. Pure. */
#ifndef MISREAD_DATA_FOLD_H
#define MISREAD_DATA_FOLD_H

#include <stdint.h>

struct mr_image_row;

struct mr_fold {
    int index, n; /* 0 .. n-1; n >= 2 */
    uint64_t seed;
};

/*
 * Of the rows that are trained on or validated with, those in the fold become MR_SIDE_VALID and the
 * others MR_SIDE_TRAIN; test images and those without a side stay what they are. As in the split,
 * groups and exact copies are in one fold, and each fold has of each class as near as can be the
 * same share. Every row is in one fold, and which one depends on what the images are and the seed
 * alone.
 */
void mr_fold_hold_out(struct mr_image_row *rows, int n, int n_classes, const struct mr_fold *fold);

#endif
