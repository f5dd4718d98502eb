/* SPDX-License-Identifier: MIT */
/* What is done to gradients between the backward pass and the update. Pure. */
#ifndef MISREAD_TRAIN_GRADIENT_H
#define MISREAD_TRAIN_GRADIENT_H

#include <stddef.h>

struct mr_pool;
struct mr_span;

/* L2 norm of all floats of x that the spans name, as if they were one vector. Summed in double by
 * parts of a fixed size, in order: however many threads there are, the bits are the same. */
double mr_gradient_norm(const float *x, const struct mr_span *spans, int n_spans,
                        struct mr_pool *pool);
/* What a gradient of this norm is multiplied with to be no longer than max_norm: at most 1.
 * PyTorch's clip_grad_norm_, with its 1e-6. */
double mr_gradient_shortening(double norm, double max_norm);

/* sum (n) += weight * dw (n). */
void mr_gradient_add(float *sum, const float *dw, size_t n, double weight, struct mr_pool *pool);
/* dw (n) = factor * x (n), which may be dw. */
void mr_gradient_scale(float *dw, const float *x, size_t n, double factor, struct mr_pool *pool);

#endif
