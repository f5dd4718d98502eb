/* SPDX-License-Identifier: MIT */
/* Splitting ranges into nearly equal contiguous parts, and scratch into pieces, the same way
 * everywhere. */
#ifndef MISREAD_KERNEL_SHARE_H
#define MISREAD_KERNEL_SHARE_H

#include <stddef.h>

/* Where part `part` of n_parts begins in 0 .. n; part n_parts begins at n. */
static inline size_t share_begin(size_t n, int part, int n_parts)
{
    return n / (size_t)n_parts * (size_t)part +
           n % (size_t)n_parts * (size_t)part / (size_t)n_parts;
}

/* n floats, filled up to whole cache lines. */
static inline size_t share_lines(size_t n)
{
    return (n + 15) / 16 * 16;
}

/* The floats of scratch that n offsets take. */
static inline size_t share_offsets(int n)
{
    return share_lines((size_t)n * (sizeof(size_t) / sizeof(float)));
}

/* The parts that n floats are worth: one per thread, but none under 16 K floats. */
static inline int share_parts(size_t n, int n_threads)
{
    size_t most = n / 16384 + 1;

    return most < (size_t)n_threads ? (int)most : n_threads;
}

#endif
