/* SPDX-License-Identifier: MIT */
/* Everything that a step changes is in one of a few blocks of floats. */
#include "finder.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/data/loader.h>
#include <misread/nn/model.h>
#include <misread/train/curve.h>

#include "batch.h"
#include "objective.h"
#include "updater.h"

#define MOMENTUM .9 /* fastai's, where no schedule sets it */

#define N_BLOCKS 4

/* The state as it was, block by block. */
struct keepsake {
    struct block {
        float *live; /* borrowed; NULL: there is none */
        size_t n_bytes;
        float *kept; /* owned */
    } blocks[N_BLOCKS];
};

static void keepsake_finish(struct keepsake *keepsake)
{
    for (int i = 0; i < N_BLOCKS; i++)
        free(keepsake->blocks[i].kept);
}

static enum mr_status keepsake_init(struct keepsake *keepsake, const struct mr_finder *finder,
                                    struct mr_error *err)
{
    struct mr_model *model = finder->model;
    const struct mr_updater *u = finder->updater;
    size_t n = sizeof(float);

    *keepsake = (struct keepsake){{{mr_model_params(model), n * mr_model_n_params(model), NULL},
                                   {mr_model_grads(model), n * mr_model_n_trained(model), NULL},
                                   {u->m, n * u->n_params, NULL},
                                   {u->v, n * u->n_params, NULL}}};
    for (int i = 0; i < N_BLOCKS; i++) {
        struct block *block = &keepsake->blocks[i];

        if (!block->live)
            continue;
        block->kept = mr_alloc_aligned(block->n_bytes);
        if (!block->kept) {
            keepsake_finish(keepsake);
            return mr_fail(err, MR_E_NOMEM,
                           "cannot search for a learning rate: no memory to keep %zu weights and "
                           "their optimiser's state meanwhile",
                           mr_model_n_params(model));
        }
        memcpy(block->kept, block->live, block->n_bytes);
    }
    return MR_OK;
}

static void keepsake_restore(const struct keepsake *keepsake)
{
    for (int i = 0; i < N_BLOCKS; i++)
        if (keepsake->blocks[i].live)
            memcpy(keepsake->blocks[i].live, keepsake->blocks[i].kept, keepsake->blocks[i].n_bytes);
}

/* Moments of earlier steps would be corrected as if they were of the first. */
static void forget_moments(struct mr_updater *updater)
{
    size_t n_bytes = updater->n_params * sizeof *updater->m;

    memset(updater->m, 0, n_bytes);
    if (updater->v)
        memset(updater->v, 0, n_bytes);
}

/* Returns whether there is another step to make. */
static bool step_once(const struct mr_finder *f, struct mr_curve *curve)
{
    int i = curve->n, n_batches = mr_loader_n_batches(f->feed->loader);
    double lr = mr_curve_lr(curve), rates[MR_N_GROUP];
    struct mr_batch *b = f->batch;
    int n = mr_batch_fill(b, f->feed, f->model, -1 - i / n_batches, i % n_batches, f->pool);

    for (int group = 0; group < MR_N_GROUP; group++)
        rates[group] = lr * (f->peaks[group] / f->peaks[MR_GROUP_HEAD]);
    mr_model_set_step(f->model, i);
    mr_objective_mix(f->objective, b, n, mr_batch_n_floats(f->feed, f->model), i);
    mr_batch_forward(b, f->feed, f->model, n, MR_MODE_TRAIN);
    if (!mr_curve_add(curve, mr_objective_loss(f->objective, b, f->model)))
        return false;
    mr_model_backward(f->model);
    mr_updater_step(f->updater, f->model, i, rates, MOMENTUM, f->pool);
    return true;
}

static enum mr_status sweep(const struct mr_finder *f, struct mr_curve *curve, struct mr_error *err)
{
    bool goes_on = true;

    mr_curve_init(curve, f->n_steps);
    while (goes_on) {
        goes_on = step_once(f, curve);
        if (f->progress && !f->progress(f->ctx, curve))
            return mr_fail(err, MR_E_CANCELLED,
                           "the search for a learning rate was cancelled after %d of %d steps",
                           curve->n, curve->n_planned);
    }
    return MR_OK;
}

enum mr_status mr_finder_run(const struct mr_finder *finder, struct mr_curve *curve,
                             struct mr_error *err)
{
    struct keepsake before;
    enum mr_status st = keepsake_init(&before, finder, err);

    if (st)
        return st;
    forget_moments(finder->updater);
    st = sweep(finder, curve, err);
    keepsake_restore(&before);
    keepsake_finish(&before);
    return st;
}
