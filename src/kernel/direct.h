/* SPDX-License-Identifier: MIT */
/* Any convolution as products of its windows; arguments as in conv.h. */
#ifndef MISREAD_KERNEL_DIRECT_H
#define MISREAD_KERNEL_DIRECT_H

#include <stddef.h>

#include <misread/kernel/conv.h>

struct mr_pool;

size_t mr_direct_forward_scratch(const struct mr_conv_shape *shape, int n_threads);
void mr_direct_forward(const struct mr_conv_out *out, const struct mr_conv_in *in, const float *w,
                       const struct mr_conv_shape *shape, float *scratch, struct mr_pool *pool);

size_t mr_direct_backward_data_scratch(const struct mr_conv_shape *shape, int n_threads);
void mr_direct_backward_data(float *dx, const float *dy, const float *w,
                             const struct mr_conv_shape *shape, enum mr_write write, float *scratch,
                             struct mr_pool *pool);

size_t mr_direct_backward_weights_scratch(const struct mr_conv_shape *shape, int n_threads);
void mr_direct_backward_weights(float *dw, const struct mr_conv_in *in, const float *dy,
                                const struct mr_conv_shape *shape, float *scratch,
                                struct mr_pool *pool);

/* The weights that turn dy into dx: (kh, kw, c_out, c_in) out, taps mirrored. */
void mr_direct_mirror(float *mirrored, const float *w, const struct mr_conv_shape *shape,
                      struct mr_pool *pool);

#endif
