/* SPDX-License-Identifier: MIT */
/*
 * Pictures that look alike: near duplicates. Two do if their perceptual hashes differ in at most
 * MR_ALIKE_BITS bits and their thumbnails correlate by at least MR_ALIKE_CORRELATION; whoever looks
 * like one of a cluster belongs to it (single linkage). Pure.
 */
#ifndef MISREAD_IMAGE_ALIKE_H
#define MISREAD_IMAGE_ALIKE_H

#include <stdbool.h>
#include <stdint.h>

#define MR_ALIKE_BITS        11
#define MR_ALIKE_CORRELATION .97

/* As mr_image_measure found them. */
struct mr_likeness {
    uint64_t look;
    const unsigned char *thumb; /* (MR_THUMB_BYTES) borrowed */
    const char *pixels;         /* borrowed */
    bool says_little;           /* looks like anything: like none, unless its pixels are equal */
};

bool mr_alike_is(const struct mr_likeness *a, const struct mr_likeness *b);

/*
 * exact (n) out: of each item the least index among those with the same pixels; cluster (n) out:
 * among those of its cluster, its exact copies included. Its own if it is alone.
 *
 * Hashes are compared where they share a quarter up to two bits, which none can fail to that
 * differ in 11 bits or fewer; of a cluster no more than eight are kept to compare with where their
 * quarter is the same. 100,000 take some seconds.
 */
void mr_alike_cluster(int *cluster, int *exact, const struct mr_likeness *items, int n);

#endif
