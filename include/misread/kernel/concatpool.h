/* SPDX-License-Identifier: MIT */
/*
 * Global maximum and average pooling, one behind the other (fastai's AdaptiveConcatPool2d(1)).
 *
 *   x (n, hw, c)   y (n, 2 c): the maxima, then the averages   index (n, c)   hw = height * width
 */
#ifndef MISREAD_KERNEL_CONCATPOOL_H
#define MISREAD_KERNEL_CONCATPOOL_H

#include <stdint.h>

struct mr_pool;

/* y out, overwritten. index out: which of the hw points is the maximum, the first if several are
 * equal, as PyTorch has it. A NaN wins. */
void mr_concatpool_forward(float *y, int32_t *index, const float *x, int n, int hw, int c,
                           struct mr_pool *pool);
/* dx (n, hw, c) out, overwritten; dy (n, 2 c), index in. */
void mr_concatpool_backward(float *dx, const float *dy, const int32_t *index, int n, int hw, int c,
                            struct mr_pool *pool);

#endif
