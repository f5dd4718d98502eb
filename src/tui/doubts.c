/* SPDX-License-Identifier: MIT */
/* A cross-validation, boiled down to a row for each image; epochs, followed one by one. */
#include "doubts.h"

#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/interp/confident.h>
#include <misread/interp/dynamics.h>
#include <misread/interp/ranking.h>
#include <misread/store/foldings.h>
#include <misread/store/runs.h>

#include "facts.h"

static void forget_epochs(struct mr_doubts *doubts)
{
    mr_dynamics_destroy(doubts->dynamics);
    doubts->dynamics = NULL;
    doubts->run = doubts->n_epochs = 0;
}

void mr_doubts_finish(struct mr_doubts *doubts)
{
    forget_epochs(doubts);
    free(doubts->of);
    doubts->of = NULL;
    doubts->n = 0;
}

static void boil_down(struct mr_doubts *doubts, const struct mr_folding *folding)
{
    const struct mr_predictions *p = folding->answers;
    struct mr_confident *confident = mr_confident_of(p);
    size_t k = (size_t)p->n_classes;
    float *row = mr_xalloc(k, sizeof *row);

    doubts->folding = folding->id;
    doubts->in_sample = folding->in_sample;
    doubts->n = p->n;
    free(doubts->of);
    doubts->of = mr_xalloc((size_t)p->n + 1, sizeof *doubts->of);
    for (int i = 0; i < p->n; i++) {
        struct mr_doubt *doubt = &doubts->of[i];

        doubt->image = p->ids[i];
        doubt->suggested = mr_softmax(p->logits + (size_t)i * k, p->n_classes, row);
        doubt->is_flagged = confident->flags[i];
        for (int s = 0; s < MR_N_DOUBT_SCORES; s++)
            doubt->scores[s] =
                mr_suspect_score_of((enum mr_suspect_score)s, row, p->n_classes, p->labels[i]);
    }
    free(row);
    mr_confident_destroy(confident);
}

enum mr_status mr_doubts_refresh(struct mr_doubts *doubts, struct mr_store *store, bool *is_new,
                                 struct mr_error *err)
{
    struct mr_folding folding = {0};
    int64_t last = 0;
    enum mr_status st = mr_folding_last(store, &last, err);

    *is_new = false;
    if (st || last == doubts->folding)
        return st;
    st = mr_folding_load(store, last, &folding, err);
    if (st)
        return st;
    boil_down(doubts, &folding);
    mr_folding_finish(&folding);
    *is_new = true;
    return MR_OK;
}

static void add_side(struct mr_doubts *doubts, const struct mr_facts *facts, int epoch,
                     enum mr_side side)
{
    struct mr_predictions *p = NULL;

    if (mr_facts_predictions(facts, facts->run.id, epoch, side, &p, NULL))
        return;
    if (!doubts->dynamics)
        doubts->dynamics = mr_dynamics_create(p->n_classes);
    if (p->n_classes == doubts->dynamics->n_classes)
        mr_dynamics_add(doubts->dynamics, p);
    mr_predictions_destroy(p);
}

bool mr_doubts_learn(struct mr_doubts *doubts, const struct mr_facts *facts)
{
    int epoch;

    if (doubts->run != facts->run.id || doubts->n_epochs > facts->n_epochs)
        forget_epochs(doubts);
    doubts->run = facts->run.id;
    if (doubts->n_epochs == facts->n_epochs)
        return false;
    epoch = facts->epochs[doubts->n_epochs++].epoch;
    add_side(doubts, facts, epoch, MR_SIDE_VALID);
    add_side(doubts, facts, epoch, MR_SIDE_TRAIN);
    return true;
}

static int by_image(const void *key, const void *item)
{
    int64_t image = *(const int64_t *)key, other = ((const struct mr_doubt *)item)->image;

    return (image > other) - (image < other);
}

const struct mr_doubt *mr_doubts_find(const struct mr_doubts *doubts, int64_t image)
{
    if (!doubts->n)
        return NULL;
    return bsearch(&image, doubts->of, (size_t)doubts->n, sizeof *doubts->of, by_image);
}

bool mr_doubts_score(const struct mr_doubts *doubts, enum mr_suspect_score score, int64_t image,
                     double *value)
{
    const struct mr_doubt *doubt = mr_doubts_find(doubts, image);
    const struct mr_trace *trace =
        doubts->dynamics ? mr_dynamics_find(doubts->dynamics, image) : NULL;
    bool is_of_epochs = mr_suspect_score_is_of_epochs(score);

    if (is_of_epochs ? !trace : !doubt)
        return false;
    *value = is_of_epochs ? mr_suspect_score_of_trace(score, trace) : doubt->scores[score];
    return true;
}
