/* SPDX-License-Identifier: MIT */
/* ReLU, alone and after a sum. All arrays have n floats and may be the same. */
#ifndef MISREAD_KERNEL_RELU_H
#define MISREAD_KERNEL_RELU_H

#include <stddef.h>

struct mr_pool;

/* y = max(x, 0), overwritten; NaN stays NaN. */
void mr_relu_forward(float *y, const float *x, size_t n, struct mr_pool *pool);
/* y = max(a + b, 0), overwritten. */
void mr_relu_forward_sum(float *y, const float *a, const float *b, size_t n, struct mr_pool *pool);
/* dx = 0 where y <= 0, else dy; overwritten. y is the forward's output. Also the gradient of both a
 * and b of mr_relu_forward_sum. */
void mr_relu_backward(float *dx, const float *dy, const float *y, size_t n, struct mr_pool *pool);

#endif
