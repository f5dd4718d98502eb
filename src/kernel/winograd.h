/* SPDX-License-Identifier: MIT */
/* 3x3 convolutions of stride 1 and padding 1 by Winograd's F(4x4, 3x3); arguments as in conv.h. */
#ifndef MISREAD_KERNEL_WINOGRAD_H
#define MISREAD_KERNEL_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/kernel/conv.h>

struct mr_pool;

/* Is the shape one for these functions? Channels must fill vectors. */
bool mr_winograd_can(const struct mr_conv_shape *shape);
/* Is it worth it, as far as counting tells? */
bool mr_winograd_pays(const struct mr_conv_shape *shape);

size_t mr_winograd_scratch(const struct mr_conv_shape *shape, int n_threads);
void mr_winograd_forward(const struct mr_conv_out *out, const struct mr_conv_in *in, const float *w,
                         const struct mr_conv_shape *shape, float *scratch, struct mr_pool *pool);

size_t mr_winograd_weights_scratch(const struct mr_conv_shape *shape, int n_threads);
void mr_winograd_backward_weights(float *dw, const struct mr_conv_in *in, const float *dy,
                                  const struct mr_conv_shape *shape, float *scratch,
                                  struct mr_pool *pool);

#endif
