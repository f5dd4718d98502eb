/* SPDX-License-Identifier: MIT */
/* Steps without a run. */
#include <misread/train/trial.h>

#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/pool.h>
#include <misread/base/rng.h>
#include <misread/data/loader.h>
#include <misread/data/transform.h>

#include "batch.h"
#include "samples.h"
#include "updater.h"

#define N_RANDOM_CLASSES 1000

/* Small enough for weights to stay finite whatever the input. */
#define LR       1e-5
#define MOMENTUM .9

struct mr_trial {
    struct mr_trial_options options;
    struct mr_pool *pool; /* owned, as all that follows */
    struct mr_samples samples;
    struct mr_loader *loader; /* NULL: the batch stays as it is */
    struct mr_model *model;
    struct mr_updater updater;
    struct mr_batch batch;
    int n_steps, epoch, index; /* the next batch's epoch, from 1, and number in it */
};

static enum mr_status make_loader(struct mr_trial *t, struct mr_error *err)
{
    struct mr_augment augment = mr_augment_default();
    struct mr_loader_options options = {
        .batch = t->options.batch, .augment = &augment, .is_shuffled = 1};
    enum mr_status st;

    t->samples.n_classes = N_RANDOM_CLASSES;
    if (!t->options.table)
        return MR_OK;
    st = mr_samples_build(&t->samples, t->options.table, t->options.cache, NULL, 0,
                          MR_LABELS_ORIGINAL, err);
    if (st)
        return st;
    options.samples = t->samples.train;
    options.n = t->samples.n_train;
    return mr_loader_create(&t->loader, t->options.cache, &options, err);
}

static void fill_at_random(struct mr_batch *batch, const struct mr_model_options *model)
{
    size_t n = (size_t)model->max_batch * (size_t)model->h * (size_t)model->w * 3;
    struct mr_rng rng = mr_rng_make(0, 0, 0, 0);

    for (size_t i = 0; i < n; i++)
        batch->x[i] = (float)mr_rng_between(&rng, -2, 2);
    for (int i = 0; i < model->max_batch; i++)
        batch->labels[i] = (int)mr_rng_below(&rng, (uint64_t)model->n_classes);
}

static enum mr_status make_model(struct mr_trial *t, struct mr_error *err)
{
    struct mr_model_options options = {.arch = t->options.arch,
                                       .n_classes = t->samples.n_classes,
                                       .max_batch = t->options.batch,
                                       .h = t->options.size_px,
                                       .w = t->options.size_px,
                                       .training = t->options.mode == MR_MODE_TRAIN,
                                       .kernels = t->options.kernels,
                                       .choices = t->options.choices};
    struct mr_updater_options updating = mr_updater_options_default();
    enum mr_status st = mr_model_create(&t->model, &options, t->pool, err);

    if (!st && options.training)
        st = mr_updater_init(&t->updater, t->model, &updating, err);
    if (!st)
        st = mr_batch_init(&t->batch, t->model, err);
    if (st)
        return st;
    mr_model_init(t->model, 0);
    if (!t->loader)
        fill_at_random(&t->batch, &options);
    return MR_OK;
}

enum mr_status mr_trial_create(struct mr_trial **trial, const struct mr_trial_options *options,
                               struct mr_error *err)
{
    struct mr_trial *t = mr_xalloc(1, sizeof *t);
    enum mr_status st;

    t->options = *options;
    t->epoch = 1;
    st = mr_pool_create(&t->pool, options->n_threads, err);
    if (!st)
        st = make_loader(t, err);
    if (!st)
        st = make_model(t, err);
    if (st) {
        mr_trial_destroy(t);
        return st;
    }
    *trial = t;
    return MR_OK;
}

void mr_trial_destroy(struct mr_trial *trial)
{
    if (!trial)
        return;
    mr_batch_finish(&trial->batch);
    mr_updater_finish(&trial->updater);
    mr_model_destroy(trial->model);
    mr_loader_destroy(trial->loader);
    mr_samples_finish(&trial->samples);
    mr_pool_destroy(trial->pool);
    free(trial);
}

/* Returns the images in the batch. */
static int next_batch(struct mr_trial *t)
{
    int n;

    if (!t->loader)
        return t->options.batch;
    n = mr_loader_fill(t->loader, t->epoch, t->index, t->batch.x, t->batch.labels, NULL, t->pool);
    if (++t->index == mr_loader_n_batches(t->loader)) {
        t->index = 0;
        t->epoch++;
    }
    return n;
}

struct mr_trial_step mr_trial_step(struct mr_trial *trial)
{
    static const double rates[MR_N_GROUP] = {LR, LR, LR};
    struct mr_trial *t = trial;
    int64_t began = mr_clock_us();
    struct mr_trial_step step = {.n_images = next_batch(t)};

    step.wait_us = mr_clock_us() - began;
    mr_model_forward(t->model, t->batch.x, step.n_images, t->options.mode);
    if (t->options.mode == MR_MODE_TRAIN) {
        mr_model_loss(t->model, t->batch.labels, t->batch.losses);
        mr_model_backward(t->model);
        mr_updater_step(&t->updater, t->model, t->n_steps, rates, MOMENTUM, t->pool);
    }
    t->n_steps++;
    step.us = mr_clock_us() - began;
    return step;
}

double mr_trial_flops_per_image(const struct mr_trial *trial)
{
    return mr_model_flops(trial->model, trial->options.mode);
}
