/* SPDX-License-Identifier: MIT */
/* The exponential moving average of a model's weights, running statistics included. Pure. */
#ifndef MISREAD_TRAIN_AVERAGE_H
#define MISREAD_TRAIN_AVERAGE_H

#include <stddef.h>

struct mr_pool;

/*
 * The share of the newest weights in the average after step `step` (from 0): (1 - decay) /
 * (1 - decay^(step + 1)). That is Adam's correction of its bias (Kingma and Ba, 2015, section 3):
 * the average is over the steps so far and has nothing of the weights before the first, which a
 * run of few steps would hardly forget. 1 at step 0, 1 - decay in the end.
 */
double mr_average_share(double decay, int step);
/* average (n) += share * (w (n) - average): what does not change stays as it is, to the bit. */
void mr_average_add(float *average, const float *w, size_t n, double share, struct mr_pool *pool);
/* Exchanges a (n) and b (n). */
void mr_average_swap(float *a, float *b, size_t n);

#endif
