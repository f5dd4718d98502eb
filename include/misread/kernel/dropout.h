/* SPDX-License-Identifier: MIT */
/* Dropout (Srivastava et al. 2014), scaled while training, so that evaluation does nothing. */
#ifndef MISREAD_KERNEL_DROPOUT_H
#define MISREAD_KERNEL_DROPOUT_H

#include <stddef.h>
#include <stdint.h>

struct mr_pool;

/*
 * y[i] = x[i] / (1 - p), or 0 with probability p, 0 <= p < 1. Which become 0 is a function of key
 * and i alone, so the same call on the gradient is the backward pass.
 *
 *   y (n)   out, overwritten; may be x
 *   x (n)   in
 */
void mr_dropout_apply(float *y, const float *x, size_t n, double p, uint64_t key,
                      struct mr_pool *pool);

#endif
