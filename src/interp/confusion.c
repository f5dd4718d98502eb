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

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    if (a->actual != b->actual)
        return a->actual < b->actual ? -1 : 1;
    return (a->predicted > b->predicted) - (a->predicted < b->predicted);
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
    qsort(found, (size_t)n, sizeof *found, compare_pairs);
    *pairs = found;
    return n;
}

struct mr_class_metrics mr_confusion_metrics(const struct mr_confusion *confusion, int class_id)
{
    int n_actual = mr_confusion_n_actual(confusion, class_id);
    int n_predicted = mr_confusion_n_predicted(confusion, class_id);
    double n_correct = *cell(confusion, class_id, class_id);

    return (struct mr_class_metrics){
        .n = n_actual,
        .precision = n_predicted ? n_correct / n_predicted : (double)NAN,
        .recall = n_actual ? n_correct / n_actual : (double)NAN,
        /* Harmonic mean of the two, written so that it is 0 rather than undefined when nothing is
           right. */
        .f1 = n_actual + n_predicted ? 2 * n_correct / (n_actual + n_predicted) : (double)NAN,
    };
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
