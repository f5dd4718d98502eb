/* SPDX-License-Identifier: MIT */
/*
 * Two-dimensional convolution without bias, channels last, any kernel, stride and padding (zeros).
 * Which algorithm runs is the kernel's business; the _scratch queries cover whatever it picks.
 *
 *   x (n, h, w, c_in)            w (kh, kw, c_in, c_out)
 *   y (n, h_out, w_out, c_out)   h_out = (h + 2 pad - kh) / stride + 1
 */
#ifndef MISREAD_KERNEL_CONV_H
#define MISREAD_KERNEL_CONV_H

#include <stddef.h>

struct mr_pool;

struct mr_conv_shape {
    int n, h, w, c_in; /* input */
    int c_out, kh, kw; /* weights */
    int stride, pad;
};

enum mr_write {
    MR_OVERWRITE, /* = */
    MR_ACCUMULATE /* += */
};

int mr_conv_h_out(const struct mr_conv_shape *shape);
int mr_conv_w_out(const struct mr_conv_shape *shape);
/* Multiplications and additions of one pass, counted as the direct sum. */
double mr_conv_flops(const struct mr_conv_shape *shape);

/* Floats of scratch that each pass borrows, for a pool of n_threads. */
size_t mr_conv_forward_scratch(const struct mr_conv_shape *shape, int n_threads);
size_t mr_conv_backward_data_scratch(const struct mr_conv_shape *shape, int n_threads);
size_t mr_conv_backward_weights_scratch(const struct mr_conv_shape *shape, int n_threads);

/* y out, overwritten. */
void mr_conv_forward(float *y, const float *x, const float *w, const struct mr_conv_shape *shape,
                     float *scratch, struct mr_pool *pool);

/* dx out, written as `write` says; dy, w in. */
void mr_conv_backward_data(float *dx, const float *dy, const float *w,
                           const struct mr_conv_shape *shape, enum mr_write write, float *scratch,
                           struct mr_pool *pool);

/* dw out, overwritten; x, dy in. */
void mr_conv_backward_weights(float *dw, const float *x, const float *dy,
                              const struct mr_conv_shape *shape, float *scratch,
                              struct mr_pool *pool);

#endif
