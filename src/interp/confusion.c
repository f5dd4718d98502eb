/* SPDX-License-Identifier: MIT */
/* Counting who is taken for whom, and the shares and intervals that follow. Rows are actual. */
#include <misread/interp/confusion.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/interp/ranking.h>
#include <misread/store/runs.h>

struct mr_confusion *mr_confusion_create(int n_classes)
{
    struct mr_confusion *confusion = mr_xalloc(1, sizeof *confusion);
    size_t k = (size_t)n_classes;

    assert(n_classes > 0);
    confusion->n_classes = n_classes;
    confusion->counts = mr_xalloc(k * k, sizeof *confusion->counts);
    return confusion;
}

void mr_confusion_destroy(struct mr_confusion *confusion)
{
    if (!confusion)
        return;
    free(confusion->counts);
    free(confusion);
}

/* The one place that knows which index is the row. */
static int *cell(const struct mr_confusion *confusion, int actual, int predicted)
{
    assert(actual >= 0 && actual < confusion->n_classes);
    assert(predicted >= 0 && predicted < confusion->n_classes);
    return &confusion->counts[(size_t)actual * (size_t)confusion->n_classes + (size_t)predicted];
}

void mr_confusion_add(struct mr_confusion *confusion, int actual, int predicted)
{
    ++*cell(confusion, actual, predicted);
    confusion->n++;
}

struct mr_confusion *mr_confusion_of(const struct mr_predictions *predictions, const int *labels)
{
    int k = predictions->n_classes;
    struct mr_confusion *confusion = mr_confusion_create(k);

    if (!labels)
        labels = predictions->labels;
    for (int i = 0; i < predictions->n; i++)
        mr_confusion_add(confusion, labels[i],
                         mr_argmax(predictions->logits + (size_t)i * (size_t)k, k));
    return confusion;
}

int mr_confusion_at(const struct mr_confusion *confusion, int actual, int predicted)
{
    return *cell(confusion, actual, predicted);
}

int mr_confusion_n_correct(const struct mr_confusion *confusion)
{
    int n = 0;

    for (int i = 0; i < confusion->n_classes; i++)
        n += *cell(confusion, i, i);
    return n;
}

int mr_confusion_n_actual(const struct mr_confusion *confusion, int actual)
{
    int n = 0;

    for (int j = 0; j < confusion->n_classes; j++)
        n += *cell(confusion, actual, j);
    return n;
}

int mr_confusion_n_predicted(const struct mr_confusion *confusion, int predicted)
{
    int n = 0;

    for (int i = 0; i < confusion->n_classes; i++)
        n += *cell(confusion, i, predicted);
    return n;
}

static int compare_pairs(const void *left, const void *right)
{
    const struct mr_pair *a = left, *b = right;

    if (abs(a->count) != abs(b->count))
        return abs(a->count) > abs(b->count) ? -1 : 1;
    if (a->actual != b->actual)
        return a->actual < b->actual ? -1 : 1;
    return (a->predicted > b->predicted) - (a->predicted < b->predicted);
}

void mr_pairs_sort(struct mr_pair *pairs, int n)
{
    qsort(pairs, (size_t)n, sizeof *pairs, compare_pairs);
}

int mr_pairs_find(const struct mr_pair *pairs, int n, int actual, int predicted)
{
    for (int i = 0; i < n; i++)
        if (pairs[i].actual == actual && pairs[i].predicted == predicted)
            return i;
    return -1;
}

int mr_confusion_pairs(const struct mr_confusion *confusion, struct mr_pair **pairs)
{
    int k = confusion->n_classes;
    struct mr_pair *found = mr_xalloc((size_t)k * (size_t)k, sizeof *found);
    int n = 0;

    for (int i = 0; i < k; i++) {
        for (int j = 0; j < k; j++) {
            int count = *cell(confusion, i, j);

            if (i != j && count > 0)
                found[n++] = (struct mr_pair){.actual = i, .predicted = j, .count = count};
        }
    }
    mr_pairs_sort(found, n);
    *pairs = found;
    return n;
}

/* NaN of nothing. */
static double share(double part, double whole)
{
    return whole > 0 ? part / whole : (double)NAN;
}

struct mr_class_metrics mr_confusion_metrics(const struct mr_confusion *confusion, int class_id)
{
    int n_actual = mr_confusion_n_actual(confusion, class_id);
    int n_predicted = mr_confusion_n_predicted(confusion, class_id);
    int hits = *cell(confusion, class_id, class_id);
    int false_alarms = n_predicted - hits, misses = n_actual - hits;
    int n_others = confusion->n - n_actual;

    return (struct mr_class_metrics){
        .n = n_actual,
        .precision = share(hits, n_predicted),
        .recall = share(hits, n_actual),
        .specificity = share(n_others - false_alarms, n_others),
        /* Harmonic mean of the two, written so that it is 0 rather than undefined when nothing is
           right. */
        .f1 = share(2.0 * hits, n_actual + n_predicted),
        .one_vs_rest = share(confusion->n - false_alarms - misses, confusion->n),
    };
}

/* Gorodkin 2004: the covariance of what is and what is said, over the root of their variances. */
static double matthews(const struct mr_confusion *confusion)
{
    double n = confusion->n, both = n * mr_confusion_n_correct(confusion);
    double actual = n * n, predicted = n * n, spread;

    for (int c = 0; c < confusion->n_classes; c++) {
        double a = mr_confusion_n_actual(confusion, c), p = mr_confusion_n_predicted(confusion, c);

        both -= a * p;
        actual -= a * a;
        predicted -= p * p;
    }
    spread = sqrt(actual) * sqrt(predicted);
    return spread > 0 ? both / spread : 0;
}

struct mr_summary mr_confusion_summary(const struct mr_confusion *confusion)
{
    int n_correct = mr_confusion_n_correct(confusion), n_with_images = 0;
    struct mr_summary sum = {.accuracy = share(n_correct, confusion->n),
                             .error = share(confusion->n - n_correct, confusion->n),
                             .mcc = confusion->n ? matthews(confusion) : (double)NAN};

    mr_wilson(n_correct, confusion->n, &sum.lo, &sum.hi);
    for (int c = 0; c < confusion->n_classes; c++) {
        struct mr_class_metrics m = mr_confusion_metrics(confusion, c);

        if (!m.n)
            continue;
        n_with_images++;
        sum.precision += isnan(m.precision) ? 0 : m.precision;
        sum.recall += m.recall;
        sum.specificity += m.specificity;
        sum.f1 += m.f1;
        sum.one_vs_rest += m.one_vs_rest;
    }
    sum.precision = share(sum.precision, n_with_images);
    sum.recall = share(sum.recall, n_with_images);
    sum.specificity = share(sum.specificity, n_with_images);
    sum.f1 = share(sum.f1, n_with_images);
    sum.one_vs_rest = share(sum.one_vs_rest, n_with_images);
    return sum;
}

void mr_wilson(int k, int n, double *lo, double *hi)
{
    const double z = 1.959964, z2 = z * z;
    double p, centre, half;

    assert(k >= 0 && k <= n);
    if (n == 0) {
        *lo = 0;
        *hi = 1;
        return;
    }
    p = (double)k / n;
    centre = (p + z2 / (2 * n)) / (1 + z2 / n);
    half = z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4.0 * n * n));
    *lo = fmax(0, centre - half);
    *hi = fmin(1, centre + half);
}
