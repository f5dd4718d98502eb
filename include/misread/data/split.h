/* SPDX-License-Identifier: MIT */
/* Which side an image is on: stable, seeded, stratified per class, whole groups together. Pure. */
#ifndef MISREAD_DATA_SPLIT_H
#define MISREAD_DATA_SPLIT_H

#include <stdint.h>

struct mr_image_row;

struct mr_split_options {
    uint64_t seed;
    double valid_fraction; /* of what is not set aside for testing */
    double test_fraction;  /* of all; 0: nothing is drawn for testing */
};

/*
 * Gives every row whose side is MR_SIDE_NONE a side (rows that have one keep it and count), so that
 * each class has as near as possible test_fraction of its images in testing, then valid_fraction of
 * the rest in validation: at least one of them where that leaves one to validate with and one to
 * learn from. Groups (non-empty, equal) stay together; exact copies (equal hash) too: they may keep
 * a class from its numbers, and where one is a test image already, they follow it. Missing images
 * do not count.
 */
void mr_split_assign(struct mr_image_row *rows, int n, int n_classes,
                     const struct mr_split_options *options);

#endif
