/* SPDX-License-Identifier: MIT */
/* Who is read otherwise than before, and whether that is more than chance. */
#include <misread/interp/difference.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/interp/confusion.h>
#include <misread/interp/labels.h>
#include <misread/interp/ranking.h>
#include <misread/store/runs.h>

const char *mr_change_text(enum mr_change_kind kind)
{
    static const char *const text[] = {
#define X(name, text) text,
        MR_CHANGE_LIST(X)
#undef X
    };

    return text[kind];
}

/* ---- McNemar ---- */

/* P(X <= k) of a binomial of n and 1/2, k <= n / 2: from the largest term down, until one adds
 * nothing. */
static double tail(int k, int n)
{
    double log_first = lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) - n * log(2);
    double term = 1, sum = 1;

    for (int i = k; i > 0 && term > sum * 1e-17; i--) {
        term *= i / (n - i + 1.0);
        sum += term;
    }
    return exp(log_first) * sum;
}

struct mr_mcnemar mr_mcnemar_of(int n_broken, int n_fixed)
{
    struct mr_mcnemar test = {.n_broken = n_broken, .n_fixed = n_fixed, .p = 1, .p_chi2 = 1};
    int n = n_broken + n_fixed, less = n_broken < n_fixed ? n_broken : n_fixed;
    double apart = fmax(abs(n_broken - n_fixed) - 1.0, 0);

    if (!n)
        return test;
    test.p = fmin(1, 2 * tail(less, n));
    test.chi2 = apart * apart / n;
    test.p_chi2 = erfc(sqrt(test.chi2 / 2)); /* of one degree of freedom */
    return test;
}

/* ---- the two beside each other ---- */

static int *cell(const struct mr_difference *difference, int actual, int predicted)
{
    int k = difference->n_classes;

    assert(actual >= 0 && actual < k && predicted >= 0 && predicted < k);
    return &difference->counts[(size_t)actual * (size_t)k + (size_t)predicted];
}

static enum mr_change_kind kind_of(const struct mr_change *change)
{
    return change->after == change->actual    ? MR_CHANGE_FIXED
           : change->before == change->actual ? MR_CHANGE_BROKEN
                                              : MR_CHANGE_OTHER;
}

static void add(struct mr_difference *d, struct mr_change change)
{
    d->n++;
    d->n_right_before += change.before == change.actual;
    d->n_right_after += change.after == change.actual;
    ++*cell(d, change.actual, change.after);
    --*cell(d, change.actual, change.before);
    if (change.before == change.after)
        return;
    change.kind = kind_of(&change);
    d->changes[d->n_changes++] = change;
}

static int by_kind(const void *left, const void *right)
{
    const struct mr_change *a = left, *b = right;

    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return (a->image > b->image) - (a->image < b->image);
}

static int count_kind(const struct mr_difference *d, enum mr_change_kind kind)
{
    int n = 0;

    for (int i = 0; i < d->n_changes; i++)
        n += d->changes[i].kind == kind;
    return n;
}

struct mr_difference *mr_difference_between(const struct mr_guesses *before,
                                            const struct mr_guesses *after, const int *labels)
{
    struct mr_difference *d = mr_xalloc(1, sizeof *d);
    size_t k;
    int i = 0;

    d->n_classes = before->n_classes > after->n_classes ? before->n_classes : after->n_classes;
    k = (size_t)d->n_classes;
    d->counts = mr_xalloc(k * k, sizeof *d->counts);
    d->changes = mr_xalloc((size_t)after->n + 1, sizeof *d->changes);
    for (int j = 0; j < after->n; j++) {
        /* both ascend by id */
        while (i < before->n && before->ids[i] < after->ids[j])
            i++;
        if (i < before->n && before->ids[i] == after->ids[j] && labels[j] >= 0 &&
            labels[j] < d->n_classes)
            add(d, (struct mr_change){.image = after->ids[j],
                                      .row_before = i,
                                      .row_after = j,
                                      .actual = labels[j],
                                      .before = before->predicted[i],
                                      .after = after->predicted[j]});
    }
    qsort(d->changes, (size_t)d->n_changes, sizeof *d->changes, by_kind);
    d->n_left_out = before->n + after->n - 2 * d->n;
    d->mcnemar = mr_mcnemar_of(count_kind(d, MR_CHANGE_BROKEN), count_kind(d, MR_CHANGE_FIXED));
    return d;
}

void mr_difference_destroy(struct mr_difference *difference)
{
    if (!difference)
        return;
    free(difference->counts);
    free(difference->changes);
    free(difference);
}

int mr_difference_at(const struct mr_difference *difference, int actual, int predicted)
{
    return *cell(difference, actual, predicted);
}

int mr_difference_n_changes(const struct mr_difference *difference, int actual, int predicted)
{
    int n = 0;

    for (int i = 0; i < difference->n_changes; i++)
        n += mr_change_is_of(&difference->changes[i], actual, predicted);
    return n;
}

int mr_difference_cells(const struct mr_difference *difference, struct mr_pair **cells)
{
    int k = difference->n_classes, n = 0;
    struct mr_pair *found = mr_xalloc((size_t)k * (size_t)k + 1, sizeof *found);

    for (int actual = 0; actual < k; actual++)
        for (int predicted = 0; predicted < k; predicted++) {
            int count = mr_difference_at(difference, actual, predicted);

            if (count)
                found[n++] = (struct mr_pair){actual, predicted, count};
        }
    mr_pairs_sort(found, n);
    *cells = found;
    return n;
}

int mr_change_is_of(const struct mr_change *change, int actual, int predicted)
{
    return change->actual == actual && (change->before == predicted || change->after == predicted);
}

struct mr_comparison mr_comparison_of(const struct mr_guesses *before,
                                      const struct mr_guesses *after,
                                      const struct mr_image_table *images,
                                      const struct mr_decision *decisions, int n_decisions)
{
    struct mr_comparison comparison;
    int *labels = mr_xalloc((size_t)after->n + 1, sizeof *labels);

    mr_labels_original(labels, after->ids, after->n, images);
    comparison.original = mr_difference_between(before, after, labels);
    comparison.n_relabelled =
        mr_labels_reviewed(labels, after->ids, after->n, images, decisions, n_decisions);
    comparison.reviewed = mr_difference_between(before, after, labels);
    free(labels);
    return comparison;
}

void mr_comparison_finish(struct mr_comparison *comparison)
{
    mr_difference_destroy(comparison->original);
    mr_difference_destroy(comparison->reviewed);
    *comparison = (struct mr_comparison){0};
}
