/* SPDX-License-Identifier: MIT */
/* A head for each seed and each share of the training images. */
#include <misread/train/learning.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/store/learnings.h>
#include <misread/store/runs.h>
#include <misread/train/evaluate.h>

#include "series.h"

struct drawing {
    struct mr_series *series;
    const struct mr_learning_plan *plan;
    struct mr_learning *learning;
    struct mr_predictions *first; /* owned; answers of the first head */
};

/* ---- one head ---- */

static void take_answers(struct mr_learning *l, int size, int seed,
                         const struct mr_predictions *answers)
{
    unsigned char *right =
        l->right + ((size_t)size * (size_t)l->n_seeds + (size_t)seed) * (size_t)l->n_valid;

    for (int i = 0; i < answers->n; i++)
        right[i] = mr_evaluate_is_correct(answers, i);
}

/* So many that a head makes as many steps as one on all n images does in the epochs of the options.
 */
static int n_epochs_of(const struct mr_train_options *o, int n, double share)
{
    double n_batches = ceil((double)n / o->batch), n_of_share = ceil(share * n / o->batch);

    return n ? (int)lround(o->n_epochs * n_batches / n_of_share) : o->n_epochs;
}

/* The first says which images there are to validate with. The others must be about the same, and as
 * they were labelled then: a reader may decide while heads are trained. */
static enum mr_status check_answers(struct drawing *d, struct mr_predictions *answers,
                                    struct mr_error *err)
{
    struct mr_learning *l = d->learning;
    const struct mr_predictions *first = d->first;
    size_t n = (size_t)answers->n;

    if (first &&
        (answers->n != first->n || memcmp(answers->ids, first->ids, n * sizeof *first->ids) ||
         memcmp(answers->labels, first->labels, n * sizeof *first->labels)))
        return mr_fail(err, MR_E_BUSY,
                       "the validation images or their labels changed meanwhile: ask again");
    if (first)
        return MR_OK;
    l->n_valid = answers->n;
    l->right = mr_xalloc((size_t)l->n_sizes * (size_t)l->n_seeds * n, sizeof *l->right);
    return MR_OK;
}

static enum mr_status train(struct drawing *d, int size, int seed, struct mr_error *err)
{
    const struct mr_learning_plan *plan = d->plan;
    const struct mr_train_options *o = &d->series->options;
    struct mr_learning *l = d->learning;
    const uint64_t of_seed = o->seed + (uint64_t)seed;
    const int last = l->n_sizes - 1; /* the first to be trained: until then its size is 0 */
    const double of_all = plan->shares[size] / plan->shares[last];
    const struct mr_series_part part = {.portion = {plan->shares[size], of_seed},
                                        .seed = of_seed,
                                        .n_epochs = n_epochs_of(o, l->sizes[last], of_all)};
    struct mr_predictions *answers = NULL;
    int n_train = 0;
    enum mr_status st = mr_series_train(d->series, &part, &answers, &n_train, err);

    if (!st && l->sizes[size] && l->sizes[size] != n_train)
        st = mr_fail(err, MR_E_BUSY, "the training images changed meanwhile: ask again");
    if (!st)
        st = check_answers(d, answers, err);
    if (!st) {
        l->sizes[size] = n_train;
        take_answers(l, size, seed, answers);
    }
    if (!st && !d->first)
        d->first = answers;
    else
        mr_predictions_destroy(answers);
    return st;
}

/* ---- all of them ---- */

/* All the images first: what is computed of them, the smaller shares find. */
static enum mr_status train_all(struct drawing *d, struct mr_error *err)
{
    int run;
    enum mr_status st = mr_series_find_run(d->series, &run, err);

    d->learning->in_sample = !st && run;
    for (int seed = 0; seed < d->plan->n_seeds; seed++)
        for (int size = d->plan->n_shares - 1; size >= 0 && !st; size--)
            st = train(d, size, seed, err);
    mr_predictions_destroy(d->first);
    return st;
}

enum mr_status mr_learning_run(const struct mr_learning_plan *plan, struct mr_learning *learning,
                               struct mr_error *err)
{
    struct mr_series series = {.place = plan->place,
                               .n = plan->n_shares * plan->n_seeds,
                               .progress = plan->progress,
                               .ctx = plan->ctx};
    struct mr_learning found = {.n_sizes = plan->n_shares, .n_seeds = plan->n_seeds};
    struct drawing drawing = {.series = &series, .plan = plan, .learning = &found};
    enum mr_status st = mr_series_open(&series, plan->options, err);

    if (st)
        return st;
    found.sizes = mr_xalloc((size_t)found.n_sizes, sizeof *found.sizes);
    st = train_all(&drawing, err);
    if (st == MR_E_CANCELLED)
        st = mr_fail(err, st, "the learning curve was cancelled");
    if (st)
        mr_learning_finish(&found);
    else
        *learning = found;
    mr_series_close(&series);
    return st;
}
