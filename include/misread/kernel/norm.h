/* SPDX-License-Identifier: MIT */
/*
 * Batch normalisation over rows (Ioffe and Szegedy 2015), fused with what follows it in a residual
 * network: adding the shortcut and ReLU. Statistics are gathered chunk by chunk and merged in
 * double (Chan, Golub and LeVeque 1979), in an order that depends on the number of threads only.
 *
 *   x, y, residual (m, c)   m = images * height * width
 */
#ifndef MISREAD_KERNEL_NORM_H
#define MISREAD_KERNEL_NORM_H

#include <stddef.h>

struct mr_pool;

enum mr_activation { MR_ACT_NONE, MR_ACT_RELU };

/* One batch norm; every array has c floats and is borrowed for the call. */
struct mr_norm {
    int m, c;
    float eps;      /* added to the variance */
    float momentum; /* weight of the batch in the running statistics */
    const float *gamma, *beta;
    float *running_mean, *running_var;
    float *mean, *inv_std, *scale; /* the batch's; scale = gamma inv_std */
};

/* Floats of scratch that measuring and the backward pass borrow. */
size_t mr_norm_scratch(int c, int n_threads);

/*
 * mean, inv_std and scale out, from x and its biased variance; the running statistics take their
 * share (the running variance of the unbiased one; m = 1: of the biased).
 */
void mr_norm_measure(const struct mr_norm *norm, const float *x, float *scratch,
                     struct mr_pool *pool);
/* y = act((x - mean) scale + beta + residual) after mr_norm_measure. residual may be NULL; y may be
 * x or residual. */
void mr_norm_apply(float *y, const float *x, const float *residual, enum mr_activation act,
                   const struct mr_norm *norm, struct mr_pool *pool);
/* With the running statistics batch norm is x scale + shift: both out, (c). */
void mr_norm_fold(float *scale, float *shift, const struct mr_norm *norm);

/*
 * Backward of measuring and applying.
 *
 *   dx (m, c)        out, overwritten; may be dy
 *   dgamma, dbeta    out, overwritten
 *   dy (m, c)        in, gradient of the output
 *   x (m, c)         in, the forward's input
 *   act              ReLU: dy counts as 0 where the output was not positive. Only if there was no
 *                    residual; with one, mask dy by mr_relu_backward and say NONE.
 */
void mr_norm_backward(float *dx, float *dgamma, float *dbeta, const float *dy, const float *x,
                      enum mr_activation act, const struct mr_norm *norm, float *scratch,
                      struct mr_pool *pool);

#endif
