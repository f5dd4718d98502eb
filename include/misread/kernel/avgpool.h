/* SPDX-License-Identifier: MIT */
/*
 * Global average pooling.
 *
 *   x (n, hw, c)   y (n, c)   hw = height * width
 */
#ifndef MISREAD_KERNEL_AVGPOOL_H
#define MISREAD_KERNEL_AVGPOOL_H

struct mr_pool;

/* y out, overwritten. */
void mr_avgpool_forward(float *y, const float *x, int n, int hw, int c, struct mr_pool *pool);
/* dx (n, hw, c) out, overwritten; dy (n, c) in. */
void mr_avgpool_backward(float *dx, const float *dy, int n, int hw, int c, struct mr_pool *pool);

#endif
