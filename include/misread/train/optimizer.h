/* SPDX-License-Identifier: MIT */
/* SGD with momentum and AdamW over one parameter block, as PyTorch computes them. */
#ifndef MISREAD_TRAIN_OPTIMIZER_H
#define MISREAD_TRAIN_OPTIMIZER_H

#include <stddef.h>

struct mr_pool;

/* w, dw, m (n). Weight decay is added to the gradient (torch.optim.SGD): m = momentum m + (dw + wd
 * w); w -= lr m. first: m = dw + wd w. */
void mr_sgd_step(float *w, const float *dw, float *m, size_t n, double lr, double momentum,
                 double weight_decay, int is_first, struct mr_pool *pool);

/* w, dw, m, v (n). Decoupled decay (torch.optim.AdamW): w *= 1 - lr wd, then the Adam step number
 * `step` (from 1) with bias correction. */
void mr_adamw_step(float *w, const float *dw, float *m, float *v, size_t n, double lr, double beta1,
                   double beta2, double eps, double weight_decay, int step, struct mr_pool *pool);

#endif
