/* SPDX-License-Identifier: MIT */
/* The optimiser's state over a model, and its step over the tensors that are trained. */
#ifndef MISREAD_TRAIN_UPDATER_H
#define MISREAD_TRAIN_UPDATER_H

#include <stddef.h>

#include <misread/base/status.h>
#include <misread/train/trainer.h>

struct mr_model;
struct mr_pool;

/* A run of floats in the parameter block that are all trained. */
struct mr_span {
    size_t offset, n;
};

struct mr_updater {
    enum mr_optimizer_kind kind;
    double weight_decay;
    size_t n_params;
    float *m, *v;          /* (n_params) owned; v NULL for SGD; zero where nothing is trained */
    struct mr_span *spans; /* owned; ascending, none touches another */
    int n_spans;
};

enum mr_status mr_updater_init(struct mr_updater *updater, const struct mr_model *model,
                               enum mr_optimizer_kind kind, double weight_decay,
                               struct mr_error *err) MR_NODISCARD;
void mr_updater_finish(struct mr_updater *updater);
/* One update from the model's gradients. step counts from 0 over the whole run. Decay is decoupled
 * and on every trained tensor, batch norm and biases too, as in fastai v1. Running statistics are
 * not touched. */
void mr_updater_step(struct mr_updater *updater, struct mr_model *model, int step, double lr,
                     double momentum, struct mr_pool *pool);

#endif
