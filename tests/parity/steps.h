/* SPDX-License-Identifier: MIT */
/* Losses of some optimiser steps on the hashed batches 0 to 3 in a cycle. */
#ifndef MISREAD_TESTS_PARITY_STEPS_H
#define MISREAD_TESTS_PARITY_STEPS_H

#include <misread/train/optimizer.h>

#include "hashed.h"

struct mr_pool;

enum steps_kind { STEPS_SGD, STEPS_ADAMW };

/* The model begins from hashed_init. losses (n_steps) out: each before its update. */
static inline void steps_run(struct mr_model *model, enum steps_kind kind, bool tame, double lr,
                             int n_steps, double *losses, struct mr_pool *pool)
{
    size_t n = mr_model_n_trained(model);
    size_t n_pixels = (size_t)HASHED_BATCH * HASHED_SIDE * HASHED_SIDE * 3;
    float *m = calloc(n, sizeof *m), *v = calloc(n, sizeof *v);
    float *images = malloc(n_pixels * sizeof *images);
    int labels[HASHED_BATCH];
    float *w = mr_model_params(model), *dw = mr_model_grads(model);

    hashed_init(model, tame);
    for (int step = 0; step < n_steps; step++) {
        hashed_batch(images, labels, step % 4);
        mr_model_forward(model, images, HASHED_BATCH, MR_MODE_TRAIN);
        losses[step] = mr_model_loss(model, labels, NULL);
        mr_model_backward(model);
        if (kind == STEPS_SGD)
            mr_sgd_step(w, dw, m, n, lr, .9, 1e-4, step == 0, pool);
        else
            mr_adamw_step(w, dw, m, v, n, lr, .9, .99, 1e-5, .01, step + 1, pool);
    }
    free(images);
    free(m);
    free(v);
}

#endif
