/* SPDX-License-Identifier: MIT */
#include "objective.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/rng.h>
#include <misread/data/loader.h>
#include <misread/kernel/softmax.h>
#include <misread/nn/model.h>
#include <misread/train/options.h>

#include "batch.h"

#define PURPOSE_MIXUP UINT64_C(0x6d69787570)

static float *balanced_weights(const struct mr_sample *samples, int n, int n_classes)
{
    float *weights = mr_xalloc((size_t)n_classes, sizeof *weights);
    int *counts = mr_xalloc((size_t)n_classes, sizeof *counts);

    for (int i = 0; i < n; i++)
        counts[samples[i].label]++;
    for (int c = 0; c < n_classes; c++)
        weights[c] = counts[c] ? (float)((double)n / ((double)n_classes * counts[c])) : 0;
    free(counts);
    return weights;
}

void mr_objective_init(struct mr_objective *objective, const struct mr_train_options *options,
                       const struct mr_sample *samples, int n, int n_classes)
{
    *objective = (struct mr_objective){
        .smoothing = options->smoothing, .mixup = options->mixup, .seed = options->seed};
    if (options->class_weights == MR_CLASS_WEIGHTS_BALANCED)
        objective->weights = balanced_weights(samples, n, n_classes);
}

void mr_objective_finish(struct mr_objective *objective)
{
    free(objective->weights);
    memset(objective, 0, sizeof *objective);
}

/* ---- mixup ---- */

static void mix_row(float *x, const float *y, float share, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = share * x[i] + (1 - share) * y[i];
}

#define MIXED (-1) /* in place of an image's partner: it is done */

/* A cycle of the order: each image is mixed while its partner is still itself, and the last one's
 * partner, the first, waits in the spare row. */
static void mix_cycle(struct mr_batch *b, int first, size_t row)
{
    memcpy(b->spare, b->x + (size_t)first * row, row * sizeof *b->x);
    for (int i = first, next; b->order[i] != MIXED; i = next) {
        const float *other = b->order[i] == first ? b->spare : b->x + (size_t)b->order[i] * row;

        next = b->order[i];
        mix_row(b->x + (size_t)i * row, other, b->shares[i], row);
        b->others[i] = b->labels[next];
        b->order[i] = MIXED;
    }
}

void mr_objective_mix(const struct mr_objective *objective, struct mr_batch *batch, int n,
                      size_t row, int step)
{
    struct mr_rng rng = mr_rng_make(objective->seed, PURPOSE_MIXUP, (uint64_t)step, 0);

    if (objective->mixup <= 0)
        return;
    for (int i = 0; i < n; i++) {
        double share = mr_rng_beta(&rng, objective->mixup, objective->mixup);

        batch->shares[i] = (float)fmax(share, 1 - share);
        batch->order[i] = i;
    }
    mr_rng_shuffle(&rng, batch->order, (size_t)n);
    for (int i = 0; i < n; i++)
        if (batch->order[i] != MIXED)
            mix_cycle(batch, i, row);
}

/* ---- the loss ---- */

static bool is_plain(const struct mr_objective *o)
{
    return o->smoothing <= 0 && o->mixup <= 0 && !o->weights;
}

double mr_objective_loss(const struct mr_objective *objective, struct mr_batch *batch,
                         struct mr_model *model)
{
    struct mr_softmax_goal goal = {.labels = batch->labels,
                                   .others = objective->mixup > 0 ? batch->others : NULL,
                                   .shares = batch->shares,
                                   .weights = objective->weights,
                                   .smoothing = objective->smoothing};

    if (is_plain(objective))
        return mr_model_loss(model, batch->labels, batch->losses);
    return mr_model_loss_towards(model, &goal, batch->losses);
}
