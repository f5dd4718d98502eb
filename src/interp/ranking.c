/* SPDX-License-Identifier: MIT */
/* Softmax, and images sorted by how badly they were read ("top losses" of fastai, with ties made
 * stable). */
#include <misread/interp/ranking.h>

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/store/runs.h>

int mr_argmax(const float *values, int k)
{
    float top = values[0];
    int best = 0;

    for (int i = 1; i < k; i++) {
        if (values[i] > top) {
            top = values[i];
            best = i;
        }
    }
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

/* exp(x) of x <= 0 to a millionth: the whole part of a power of two goes into the exponent's bits,
 * the rest is a series. Without a call, so that several are worked out at once: a list of 100,000
 * images by 100 classes takes ten million of them. */
static inline float exp_of(float x)
{
    float power = x * 1.44269504F, whole, rest, scale;
    int32_t bits;

    power = power > -126 ? power : -126;
    whole = (float)(int)(power - 1);
    rest = power - whole; /* 0 .. 1 */
    bits = ((int)whole + 127) * (1 << 23);
    memcpy(&scale, &bits, sizeof scale);
    return scale *
           (1 + rest * (.69315131F +
                        rest * (.24016445F +
                                rest * (.05579993F + rest * (.00901701F + rest * .00186714F)))));
}

#define AT_ONCE 8

/* The sum of exp(logits - top), top being the largest of them. */
static float sum_exp(const float *logits, int k, float top)
{
    float sums[AT_ONCE] = {0}, sum = 0;
    int i = 0;

    for (; i + AT_ONCE <= k; i += AT_ONCE)
        for (int j = 0; j < AT_ONCE; j++)
            sums[j] += exp_of(logits[i + j] - top);
    for (; i < k; i++)
        sum += exp_of(logits[i] - top);
    for (int j = 0; j < AT_ONCE; j++)
        sum += sums[j];
    return sum;
}

/* What is known of a row that was read as `predicted`. */
static struct mr_ranked rank_row(const struct mr_predictions *predictions, int index, int predicted)
{
    int k = predictions->n_classes, actual = predictions->labels[index];
    const float *logits = predictions->logits + (size_t)index * (size_t)k;
    float sum = isfinite(logits[predicted]) ? sum_exp(logits, k, logits[predicted]) : NAN;

    assert(actual >= 0 && actual < k);
    return (struct mr_ranked){
        .image = predictions->ids[index],
        .index = index,
        .actual = actual,
        .predicted = predicted,
        .loss = predictions->losses[index],
        .p_actual = exp_of(logits[actual] - logits[predicted]) / sum,
        .p_predicted = 1 / sum,
    };
}

struct mr_ranked mr_ranked_of(const struct mr_predictions *predictions, int index)
{
    int k = predictions->n_classes;

    return rank_row(predictions, index,
                    mr_argmax(predictions->logits + (size_t)index * (size_t)k, k));
}

int *mr_guesses_of(const struct mr_predictions *predictions)
{
    int *guesses = mr_xalloc((size_t)predictions->n + 1, sizeof *guesses);
    int k = predictions->n_classes;

    for (int i = 0; i < predictions->n; i++)
        guesses[i] = mr_argmax(predictions->logits + (size_t)i * (size_t)k, k);
    return guesses;
}

static bool is_wanted(int actual, int predicted, const struct mr_ranking_filter *filter)
{
    if (!filter)
        return true;
    return (filter->actual < 0 || actual == filter->actual) &&
           (filter->predicted < 0 || predicted == filter->predicted) &&
           (!filter->only_wrong || actual != predicted);
}

/* ---- sorting: by radix, which is stable, so that equal ones stay in the order of their ids ----
 */

#define DIGIT_BITS 11
#define N_DIGITS   (1 << DIGIT_BITS)

struct keyed {
    uint32_t key;
    int at;
};

/* Grows as the number falls; 0, and so before all, for what is no finite number. */
static uint32_t key_of(float value)
{
    float plain = value + 0.0F; /* of -0 too */
    uint32_t bits;

    if (!isfinite(value))
        return 0;
    memcpy(&bits, &plain, sizeof bits);
    return bits & 0x80000000U ? bits : ~bits & 0x7fffffffU;
}

static float value_of(const struct mr_ranked *ranked, enum mr_ranking_order order)
{
    return order == MR_ORDER_LOSS         ? ranked->loss
           : order == MR_ORDER_P_ACTUAL   ? -ranked->p_actual
           : order == MR_ORDER_CONFIDENCE ? ranked->p_predicted
                                          : 0;
}

/* One pass of a radix sort: by one digit of the keys, from `from` to `to`. */
static void sort_digit(struct keyed *to, const struct keyed *from, int n, int shift)
{
    int first[N_DIGITS] = {0}, at = 0;

    for (int i = 0; i < n; i++)
        first[from[i].key >> shift & (N_DIGITS - 1)]++;
    for (int d = 0; d < N_DIGITS; d++) {
        int count = first[d];

        first[d] = at;
        at += count;
    }
    for (int i = 0; i < n; i++)
        to[first[from[i].key >> shift & (N_DIGITS - 1)]++] = from[i];
}

void mr_ranking_sort(struct mr_ranked *ranked, int n, enum mr_ranking_order order)
{
    struct keyed *a, *b;
    struct mr_ranked *sorted;

    if (order == MR_ORDER_ID)
        return; /* as they are */
    a = mr_xalloc((size_t)n + 1, sizeof *a);
    b = mr_xalloc((size_t)n + 1, sizeof *b);
    sorted = mr_xalloc((size_t)n + 1, sizeof *sorted);
    for (int i = 0; i < n; i++)
        a[i] = (struct keyed){.key = key_of(value_of(&ranked[i], order)), .at = i};
    for (int shift = 0; shift < 32; shift += DIGIT_BITS) {
        struct keyed *c = a;

        sort_digit(b, a, n, shift);
        a = b;
        b = c;
    }
    for (int i = 0; i < n; i++)
        sorted[i] = ranked[a[i].at];
    if (n)
        memcpy(ranked, sorted, (size_t)n * sizeof *ranked);
    free(sorted);
    free(a);
    free(b);
}

/* ---- lists ---- */

int mr_ranking_with(const struct mr_predictions *predictions, const int *guesses,
                    const struct mr_ranking_filter *filter, enum mr_ranking_order order,
                    struct mr_ranked **ranked)
{
    struct mr_ranked *found = mr_xalloc((size_t)predictions->n + 1, sizeof *found);
    int n = 0;

    for (int i = 0; i < predictions->n; i++)
        if (is_wanted(predictions->labels[i], guesses[i], filter))
            found[n++] = rank_row(predictions, i, guesses[i]);
    mr_ranking_sort(found, n, order);
    *ranked = found;
    return n;
}

int mr_ranking_of(const struct mr_predictions *predictions, const struct mr_ranking_filter *filter,
                  enum mr_ranking_order order, struct mr_ranked **ranked)
{
    int *guesses = mr_guesses_of(predictions);
    int n = mr_ranking_with(predictions, guesses, filter, order, ranked);

    free(guesses);
    return n;
}
