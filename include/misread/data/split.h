/* SPDX-License-Identifier: MIT */
/* Which side an image is on: stable, seeded, stratified per class, whole groups together. Pure. */
#ifndef MISREAD_DATA_SPLIT_H
#define MISREAD_DATA_SPLIT_H

#include <stdint.h>

struct mr_image_row;

/*
 * Gives every row whose side is MR_SIDE_NONE a side (rows that have one keep it and count), so that
 * each class has as near as possible valid_fraction of its images in validation, and at least one
 * on each side if it has two. Groups (non-empty, equal) stay together; exact copies (equal hash)
 * too: they may keep a class from its numbers. Missing and test images do not count.
 */
void mr_split_assign(struct mr_image_row *rows, int n, int n_classes, uint64_t seed,
                     double valid_fraction);

#endif
