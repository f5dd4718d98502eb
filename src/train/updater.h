/* SPDX-License-Identifier: MIT */
/* The optimiser's state over a model, and its step over the tensors that are trained. */
#ifndef MISREAD_TRAIN_UPDATER_H
#define MISREAD_TRAIN_UPDATER_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/base/status.h>
#include <misread/nn/model.h>
#include <misread/train/trainer.h>

struct mr_pool;

struct mr_updater_options {
    enum mr_optimizer_kind kind;
    double weight_decay;          /* decoupled: w shrinks by lr * this in each step */
    bool spares_norms_and_biases; /* no decay there, as in fastai v2; v1 decays everything */
    double beta2, eps;            /* AdamW; beta1 is the schedule's momentum */
    double clip;                  /* gradients are shortened to this norm; 0: never */
    bool gathers;                 /* mr_updater_gather is wanted */
};

/* AdamW with fastai v2's beta2 .99, eps 1e-5 (v1: 1e-8) and weight decay .01, on everything. */
struct mr_updater_options mr_updater_options_default(void);

/* A run of floats in the parameter block that are all trained at the same rate and decay. */
struct mr_span {
    size_t offset, n;
    enum mr_group group;
    bool decays;
};

struct mr_updater {
    struct mr_updater_options options;
    size_t n_params;       /* that the model trains */
    float *m, *v;          /* (n_params) owned; v NULL for SGD */
    float *sum;            /* (n_params) owned: gathered gradients; NULL: it does not gather */
    double weight;         /* of all that was gathered since the last step */
    struct mr_span *spans; /* owned; ascending; neighbours differ in rate or decay */
    int n_spans;
};

enum mr_status mr_updater_init(struct mr_updater *updater, const struct mr_model *model,
                               const struct mr_updater_options *options,
                               struct mr_error *err) MR_NODISCARD;
void mr_updater_finish(struct mr_updater *updater);
/* Keeps the model's gradients for the next step, which goes by the weighted mean of what was
 * gathered. */
void mr_updater_gather(struct mr_updater *updater, struct mr_model *model, double weight,
                       struct mr_pool *pool);
/* One update from the model's gradients (or those gathered, which are forgotten), each group at its
 * own learning rate. step counts from 0 over the whole run. What the model does not train is not
 * touched. */
void mr_updater_step(struct mr_updater *updater, struct mr_model *model, int step,
                     const double lr[MR_N_GROUP], double momentum, struct mr_pool *pool);

/* lr = fastai's slice(low, high): geometric over the groups, from low to high. low 0: slice(high),
 * which is high / 10 for all but the head. */
void mr_updater_slice(double lr[MR_N_GROUP], double low, double high);

#endif
