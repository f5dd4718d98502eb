/* SPDX-License-Identifier: MIT */
/* Scores of labels, and the order that they give. */
#include <misread/interp/suspects.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/interp/dynamics.h>
#include <misread/interp/ranking.h>
#include <misread/store/runs.h>

#define LEAST 1e-6

static const struct {
    const char *text, *meaning;
} scores[] = {
#define X(name, text, meaning) [MR_SUSPECT_##name] = {text, meaning},
    MR_SUSPECT_SCORE_LIST(X)
#undef X
};

const char *mr_suspect_score_text(enum mr_suspect_score score)
{
    return scores[score].text;
}

const char *mr_suspect_score_meaning(enum mr_suspect_score score)
{
    return scores[score].meaning;
}

bool mr_suspect_score_find(const char *text, enum mr_suspect_score *score)
{
    for (int i = 0; i < MR_N_SUSPECT_SCORE; i++)
        if (!strcmp(scores[i].text, text)) {
            *score = (enum mr_suspect_score)i;
            return true;
        }
    return false;
}

bool mr_suspect_score_is_of_epochs(enum mr_suspect_score score)
{
    return score >= MR_SUSPECT_AUM;
}

/* ---- of one answer ---- */

static double self_of(const float *p, int k, int given)
{
    (void)k;
    return (double)p[given];
}

static double margin_of(const float *p, int k, int given)
{
    double other = 0;

    for (int c = 0; c < k; c++)
        if (c != given)
            other = fmax(other, (double)p[c]);
    return ((double)p[given] - other + 1) / 2;
}

static double entropy_of(const float *p, int k, int given)
{
    double h = 0, e;

    for (int c = 0; c < k; c++)
        if (p[c] > 0)
            h -= (double)p[c] * log((double)p[c]);
    e = h / log(k) / fmax((double)p[given], LEAST);
    return log1p(e) / fmax(e, LEAST);
}

double mr_suspect_score_of(enum mr_suspect_score score, const float *p, int k, int given)
{
    static double (*const of[])(const float *, int, int) = {
        [MR_SUSPECT_SELF] = self_of,
        [MR_SUSPECT_MARGIN] = margin_of,
        [MR_SUSPECT_ENTROPY] = entropy_of,
    };

    assert(!mr_suspect_score_is_of_epochs(score));
    return of[score](p, k, given);
}

/* ---- of many ---- */

double mr_suspect_score_of_trace(enum mr_suspect_score score, const struct mr_trace *trace)
{
    switch (score) {
    case MR_SUSPECT_AUM:
        return trace->aum;
    case MR_SUSPECT_CONFIDENCE:
        return trace->confidence;
    case MR_SUSPECT_VARIABILITY:
        return -mr_trace_variability(trace);
    case MR_SUSPECT_CORRECTNESS:
        return trace->n ? (double)trace->n_correct / trace->n : 0;
    case MR_SUSPECT_FORGETTING:
        return -(double)(trace->n_correct ? trace->n_forgotten : MR_SUSPECT_NEVER);
    default:
        assert(!"a score of one answer");
        return 0;
    }
}

/* ---- order ---- */

/* What is not finite is worse than any number. */
static int worst_first(const void *left, const void *right)
{
    const struct mr_suspect *a = left, *b = right;
    bool a_odd = !isfinite(a->score), b_odd = !isfinite(b->score);

    if (a_odd != b_odd)
        return a_odd ? -1 : 1;
    if (!a_odd && a->score != b->score)
        return a->score < b->score ? -1 : 1;
    return (a->image > b->image) - (a->image < b->image);
}

int mr_suspects_of(const struct mr_predictions *predictions, enum mr_suspect_score score,
                   struct mr_suspect **suspects)
{
    int n = predictions->n, k = predictions->n_classes;
    struct mr_suspect *found = mr_xalloc((size_t)n + 1, sizeof *found);
    float *p = mr_xalloc((size_t)k, sizeof *p);

    for (int i = 0; i < n; i++) {
        int best = mr_softmax(predictions->logits + (size_t)i * (size_t)k, k, p);
        int given = predictions->labels[i];

        found[i] = (struct mr_suspect){.image = predictions->ids[i],
                                       .index = i,
                                       .given = given,
                                       .suggested = best,
                                       .score = mr_suspect_score_of(score, p, k, given)};
    }
    free(p);
    qsort(found, (size_t)n, sizeof *found, worst_first);
    *suspects = found;
    return n;
}

int mr_suspects_of_epochs(const struct mr_dynamics *dynamics, enum mr_suspect_score score,
                          struct mr_suspect **suspects)
{
    struct mr_suspect *found = mr_xalloc((size_t)dynamics->n + 1, sizeof *found);

    for (int i = 0; i < dynamics->n; i++) {
        const struct mr_trace *t = &dynamics->traces[i];

        found[i] = (struct mr_suspect){.image = t->image,
                                       .index = i,
                                       .given = t->label,
                                       .suggested = mr_dynamics_suggested(dynamics, i),
                                       .score = mr_suspect_score_of_trace(score, t)};
    }
    qsort(found, (size_t)dynamics->n, sizeof *found, worst_first);
    *suspects = found;
    return dynamics->n;
}
