/* SPDX-License-Identifier: MIT */
/* Which images a run takes that is to be over in two minutes: few, stable, of all classes. Pure. */
#ifndef MISREAD_DATA_LIMIT_H
#define MISREAD_DATA_LIMIT_H

#include <stdint.h>

struct mr_image_row;

/*
 * Takes the side (MR_SIDE_NONE) from every row that a limited run leaves out: all but `limit`
 * images of each class, from 1 on, or that share of them, below 1; 0 leaves all as they are. Of a
 * class both training and validation keep their proportion and at least one image. Test images are
 * left out, missing ones not counted. Which are kept is a matter of hash and seed alone, and a
 * larger limit keeps all that a smaller one does. The rows are a run's copy: what the store says of
 * sides is not to change, so that a later run without a limit finds the split as it was.
 */
void mr_limit_apply(struct mr_image_row *rows, int n, int n_classes, uint64_t seed, double limit);

#endif
