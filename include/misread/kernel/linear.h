/* SPDX-License-Identifier: MIT */
/*
 * Fully connected layer with bias, y = x w^T + b.
 *
 *   x (n, c_in)   w (c_out, c_in)   b (c_out)   y (n, c_out)
 */
#ifndef MISREAD_KERNEL_LINEAR_H
#define MISREAD_KERNEL_LINEAR_H

struct mr_pool;

/* y out, overwritten. */
void mr_linear_forward(float *y, const float *x, const float *w, const float *b, int n, int c_in,
                       int c_out, struct mr_pool *pool);
/* dx out, overwritten; dy, w in. */
void mr_linear_backward_data(float *dx, const float *dy, const float *w, int n, int c_in, int c_out,
                             struct mr_pool *pool);
/* dw, db out, overwritten; x, dy in. */
void mr_linear_backward_weights(float *dw, float *db, const float *x, const float *dy, int n,
                                int c_in, int c_out, struct mr_pool *pool);

#endif
