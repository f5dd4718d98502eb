/* SPDX-License-Identifier: MIT */
/* Balanced sampling: every class as often as every other, however many images it has. Pure. */
#ifndef MISREAD_DATA_SAMPLING_H
#define MISREAD_DATA_SAMPLING_H

#include <stdint.h>

struct mr_sample;

/* One place in the order of an epoch. */
struct mr_draw {
    int sample;
    int repeat; /* which of the sample's appearances in the epoch, told apart by it; mostly from 0
                 */
};

/*
 * The n draws of an epoch from n samples: as many of each class that has any, to within one. A
 * class goes through all its samples before any comes again, also from one epoch to the next; its
 * draws over all epochs are one sequence, of which this is worked out from (seed, epoch) alone.
 * Epochs may be negative, down to -2^30.
 */
void mr_sampling_balanced(struct mr_draw *draws, const struct mr_sample *samples, int n,
                          uint64_t seed, int epoch);

#endif
