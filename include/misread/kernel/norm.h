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
    float *running_mean, *running_var; /* train: in and out; eval: in */
    float *mean, *inv_std;             /* train: out; backward: in; eval: not used */
};

/* Floats of scratch that any of the three functions borrows. */
size_t mr_norm_scratch(int c, int n_threads);

/*
 * y = act((x - mean) / sqrt(var + eps) * gamma + beta + residual) with the batch's mean and biased
 * variance; the running variance takes the unbiased one (m = 1: the biased). residual may be NULL;
 * y may be x or residual.
 */
void mr_norm_train(float *y, const float *x, const float *residual, enum mr_activation act,
                   const struct mr_norm *norm, float *scratch, struct mr_pool *pool);
/* The same with the running statistics. */
void mr_norm_eval(float *y, const float *x, const float *residual, enum mr_activation act,
                  const struct mr_norm *norm, float *scratch, struct mr_pool *pool);

/*
 * Backward of mr_norm_train.
 *
 *   dx (m, c)        out, overwritten; may be dy
 *   dgamma, dbeta    out, overwritten
 *   dy (m, c)        in, gradient of the output
 *   x (m, c)         in, the forward's input
 *   y (m, c)         in, the forward's output: where it is not positive dy counts as 0 (ReLU);
 *                    NULL: no ReLU, or dy is masked already
 */
void mr_norm_backward(float *dx, float *dgamma, float *dbeta, const float *dy, const float *x,
                      const float *y, const struct mr_norm *norm, float *scratch,
                      struct mr_pool *pool);

#endif
