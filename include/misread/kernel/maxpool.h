/* SPDX-License-Identifier: MIT */
/*
 * Max pooling 3x3, stride 2, padding 1 (padding never wins), channels last.
 *
 *   x (n, h, w, c)   y, index (n, h_out, w_out, c)   h_out = (h - 1) / 2 + 1
 */
#ifndef MISREAD_KERNEL_MAXPOOL_H
#define MISREAD_KERNEL_MAXPOOL_H

#include <stdint.h>

struct mr_pool;

static inline int mr_maxpool_out(int size)
{
    return (size - 1) / 2 + 1;
}

/* y out, overwritten. index out: which of the nine taps won (row * 3 + column), the first if
 * several are equal, as PyTorch has it; may be NULL. A NaN wins. */
void mr_maxpool_forward(float *y, uint8_t *index, const float *x, int n, int h, int w, int c,
                        struct mr_pool *pool);
/* dx (n, h, w, c) out, overwritten; dy, index (n, h_out, w_out, c) in. */
void mr_maxpool_backward(float *dx, const float *dy, const uint8_t *index, int n, int h, int w,
                         int c, struct mr_pool *pool);

#endif
