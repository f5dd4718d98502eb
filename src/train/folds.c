/* SPDX-License-Identifier: MIT */
/* A training for each fold, and what they say put together. */
#include <misread/train/folds.h>

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/ids.h>
#include <misread/data/limit.h>
#include <misread/data/loader.h>
#include <misread/store/foldings.h>
#include <misread/store/review.h>
#include <misread/store/runs.h>
#include <misread/train/evaluate.h>

#include "samples.h"
#include "series.h"

/* All samples of the folds, by ascending image; owned. */
static struct mr_sample *list_samples(struct mr_predictions *const *answers, int n_folds, int *n)
{
    struct mr_sample *samples = NULL;

    *n = 0;
    for (int i = 0; i < n_folds; i++) {
        const struct mr_predictions *p = answers[i];

        samples = mr_xrealloc(samples, (size_t)(*n + p->n) + 1, sizeof *samples);
        for (int j = 0; j < p->n; j++)
            samples[(*n)++] = (struct mr_sample){p->ids[j], p->labels[j]};
    }
    mr_samples_sort(samples, *n);
    return samples;
}

static void put(struct mr_predictions *all, const struct mr_predictions *some)
{
    size_t k = (size_t)all->n_classes;

    for (int i = 0; i < some->n; i++) {
        size_t to = (size_t)mr_ids_find(all->ids, all->n, some->ids[i]);

        memcpy(all->logits + to * k, some->logits + (size_t)i * k, k * sizeof *all->logits);
        all->losses[to] = some->losses[i];
    }
}

static enum mr_status put_together(struct mr_predictions *const *answers, int n_folds,
                                   struct mr_predictions **all, struct mr_error *err)
{
    int n;
    struct mr_sample *samples = list_samples(answers, n_folds, &n);
    struct mr_predictions *p = mr_evaluate_room(samples, n, answers[0]->n_classes);

    free(samples);
    if (!p)
        return mr_fail(err, MR_E_NOMEM, "no memory for the answers to %d images", n);
    p->side = MR_SIDE_NONE;
    for (int i = 0; i < n_folds; i++)
        put(p, answers[i]);
    *all = p;
    return MR_OK;
}

static enum mr_status fold_all(struct mr_series *series, struct mr_predictions **answers,
                               struct mr_folding *folding, struct mr_error *err)
{
    const struct mr_train_options *o = &series->options;
    struct mr_predictions *all = NULL;
    int run;
    enum mr_status st = mr_series_find_run(series, &run, err);

    for (int i = 0; i < series->n && !st; i++) {
        const struct mr_series_part part = {.fold = {i, series->n, o->seed},
                                            .seed = o->seed,
                                            .n_epochs = o->n_epochs,
                                            .n_whole = o->n_whole};

        st = mr_series_train(series, &part, &answers[i], NULL, err);
    }
    if (!st)
        st = put_together(answers, series->n, &all, err);
    if (st)
        return st;
    *folding = (struct mr_folding){.n_folds = series->n,
                                   .run = run,
                                   .in_sample = run != 0,
                                   .options = mr_train_options_to_json(o),
                                   .answers = all};
    return MR_OK;
}

enum mr_status mr_folds_run(const struct mr_folds *folds, struct mr_folding *folding,
                            struct mr_error *err)
{
    struct mr_series series = {
        .place = folds->place, .n = folds->n_folds, .progress = folds->progress, .ctx = folds->ctx};
    struct mr_predictions *answers[MR_MAX_FOLDS] = {NULL}; /* owned */
    enum mr_status st = mr_series_open(&series, folds->options, err);

    if (st)
        return st;
    st = fold_all(&series, answers, folding, err);
    if (st == MR_E_CANCELLED)
        st = mr_fail(err, st, "the cross-validation was cancelled");
    for (int i = 0; i < folds->n_folds; i++)
        mr_predictions_destroy(answers[i]);
    mr_series_close(&series);
    return st;
}

/* ---- is it up to date? ---- */

/* Finds one sample after the other in the answers; both ascend. */
static bool has_all(const struct mr_predictions *answers, const struct mr_sample *samples, int n)
{
    int at = 0;

    for (int i = 0; i < n; i++) {
        while (at < answers->n && answers->ids[at] < samples[i].image)
            at++;
        if (at == answers->n || answers->ids[at] != samples[i].image ||
            answers->labels[at] != samples[i].label)
            return false;
    }
    return true;
}

static bool stands(const struct mr_folding *folding, const struct mr_train_options *options,
                   const struct mr_image_table *table, const struct mr_decision *decisions, int n)
{
    struct mr_sample *samples;
    int n_samples = 0;
    bool is_same = folding->answers->n_classes == table->n_classes;

    for (int side = MR_SIDE_TRAIN; side <= MR_SIDE_VALID; side++) {
        int n_side =
            mr_samples_of(&samples, (enum mr_side)side, table, NULL, decisions, n, options->labels);

        is_same = is_same && has_all(folding->answers, samples, n_side);
        n_samples += n_side;
        free(samples);
    }
    return is_same && n_samples == folding->answers->n;
}

enum mr_status mr_folds_are_current(struct mr_store *store, const struct mr_folding *folding,
                                    bool *are_current, struct mr_error *err)
{
    struct mr_train_options options = mr_train_defaults();
    struct mr_image_table *table = NULL;
    struct mr_decision *decisions = NULL;
    int n = 0;
    enum mr_status st = mr_train_options_from_json(&options, folding->options, err);

    if (!st)
        st = mr_images_load(store, &table, err);
    if (!st)
        st = mr_decisions_load(store, &decisions, &n, err);
    if (!st) {
        mr_limit_apply(table->rows, table->n, table->n_classes, options.split_seed, options.limit);
        *are_current = stands(folding, &options, table, decisions, n);
    }
    free(decisions);
    mr_images_destroy(table);
    return st;
}
