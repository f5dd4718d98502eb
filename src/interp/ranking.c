/* SPDX-License-Identifier: MIT */
/* Softmax, and images sorted by how badly they were read ("top losses" of fastai, with ties made
 * stable). */
#include <misread/interp/ranking.h>

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/store/runs.h>

int mr_argmax(const float *values, int k)
{
    int best = 0;

    for (int i = 1; i < k; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

int mr_softmax(const float *logits, int k, float *p)
{
    int best = mr_argmax(logits, k);
    float top = logits[best];
    double sum = 0;

    for (int i = 0; i < k; i++) {
        p[i] = expf(logits[i] - top);
        sum += (double)p[i];
    }
    for (int i = 0; i < k; i++)
        p[i] = (float)((double)p[i] / sum);
    return best;
}

struct mr_ranked mr_ranked_of(const struct mr_predictions *predictions, int index)
{
    int k = predictions->n_classes, actual = predictions->labels[index];
    const float *logits = predictions->logits + (size_t)index * (size_t)k;
    int predicted = mr_argmax(logits, k);
    double sum = 0;

    assert(actual >= 0 && actual < k);
    for (int i = 0; i < k; i++)
        sum += exp((double)logits[i] - (double)logits[predicted]);
    return (struct mr_ranked){
        .image = predictions->ids[index],
        .index = index,
        .actual = actual,
        .predicted = predicted,
        .loss = predictions->losses[index],
        .p_actual = (float)(exp((double)logits[actual] - (double)logits[predicted]) / sum),
        .p_predicted = (float)(1 / sum),
    };
}

static bool is_wanted(const struct mr_ranked *ranked, const struct mr_ranking_filter *filter)
{
    if (!filter)
        return true;
    return (filter->actual < 0 || ranked->actual == filter->actual) &&
           (filter->predicted < 0 || ranked->predicted == filter->predicted) &&
           (!filter->only_wrong || ranked->actual != ranked->predicted);
}

static int by_id(const struct mr_ranked *a, const struct mr_ranked *b)
{
    return (a->image > b->image) - (a->image < b->image);
}

/* The larger first; what is not finite is worse than any number; ties by id. */
static int larger_first(float a, float b, const struct mr_ranked *x, const struct mr_ranked *y)
{
    bool a_odd = !isfinite(a), b_odd = !isfinite(b);

    if (a_odd != b_odd)
        return a_odd ? -1 : 1;
    if (a_odd || a == b)
        return by_id(x, y);
    return a > b ? -1 : 1;
}

static int by_loss(const void *left, const void *right)
{
    const struct mr_ranked *a = left, *b = right;

    return larger_first(a->loss, b->loss, a, b);
}

static int by_p_actual(const void *left, const void *right)
{
    const struct mr_ranked *a = left, *b = right;

    return larger_first(-a->p_actual, -b->p_actual, a, b);
}

static int by_confidence(const void *left, const void *right)
{
    const struct mr_ranked *a = left, *b = right;

    return larger_first(a->p_predicted, b->p_predicted, a, b);
}

static int by_image(const void *left, const void *right)
{
    return by_id(left, right);
}

int mr_ranking_of(const struct mr_predictions *predictions, const struct mr_ranking_filter *filter,
                  enum mr_ranking_order order, struct mr_ranked **ranked)
{
    static int (*const compare[])(const void *, const void *) = {
        [MR_ORDER_LOSS] = by_loss,
        [MR_ORDER_P_ACTUAL] = by_p_actual,
        [MR_ORDER_CONFIDENCE] = by_confidence,
        [MR_ORDER_ID] = by_image,
    };
    struct mr_ranked *found = mr_xalloc((size_t)predictions->n + 1, sizeof *found);
    int n = 0;

    for (int i = 0; i < predictions->n; i++) {
        found[n] = mr_ranked_of(predictions, i);
        if (is_wanted(&found[n], filter))
            n++;
    }
    qsort(found, (size_t)n, sizeof *found, compare[order]);
    *ranked = found;
    return n;
}
