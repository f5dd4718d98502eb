/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>
#include <stdlib.h>

#include <misread/base/rng.h>
#include <misread/interp/confusion.h>
#include <misread/interp/difference.h>
#include <misread/interp/ranking.h>
#include <misread/store/runs.h>

/* From tests/reference/mcnemar.py, in whole numbers of any length. */
static const struct {
    int broken, fixed;
    double p, chi2, p_chi2;
} published[] = {
    {0, 0, 1, 0, 1},
    {1, 0, 1, 0, 1},
    {5, 5, 1, 0, 1},
    {3, 10, 9.228515625000e-02, 2.769230769231e+00, 9.609232945567e-02},
    {9, 2, 6.542968750000e-02, 3.272727272727e+00, 7.044042927209e-02},
    {0, 12, 4.882812500000e-04, 1.008333333333e+01, 1.496164289746e-03},
    {25, 48, 9.542211425865e-03, 6.630136986301e+00, 1.002675531717e-02},
    {150, 86, 3.715936139571e-05, 1.681779661017e+01, 4.114562281346e-05},
    {1000, 1100, 3.072070786424e-02, 4.667142857143e+00, 3.074503475899e-02},
    {30000, 31000, 5.234151802505e-05, 1.636067213115e+01, 5.236048650066e-05},
};

/* labels NULL: those of `after`. */
static struct mr_difference *difference_of(const struct mr_predictions *before,
                                           const struct mr_predictions *after, const int *labels)
{
    int *guesses[2] = {mr_guesses_of(before), mr_guesses_of(after)};
    const struct mr_guesses a = {before->n, before->n_classes, before->ids, guesses[0]};
    const struct mr_guesses b = {after->n, after->n_classes, after->ids, guesses[1]};
    struct mr_difference *d = mr_difference_between(&a, &b, labels ? labels : after->labels);

    free(guesses[0]);
    free(guesses[1]);
    return d;
}

/* lgamma of numbers as large as 61,000 has an error of some 1e-10 after the subtraction. */
static void mcnemar_agrees_with_whole_numbers(void **state)
{
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        struct mr_mcnemar test = mr_mcnemar_of(published[i].broken, published[i].fixed);

        assert_float_equal(test.p / published[i].p, 1, 1e-8);
        assert_float_equal(test.chi2, published[i].chi2, 1e-9);
        assert_float_equal(test.p_chi2, published[i].p_chi2, 1e-12);
    }
}

/* Five images of three classes before, five after; 11 and 16 are in one of them only. */
static int64_t ids_before[] = {11, 12, 13, 14, 15}, ids_after[] = {12, 13, 14, 15, 16};
static int labels_before[] = {0, 0, 1, 2, 2}, labels_after[] = {0, 1, 2, 2, 0};
static float no_losses[5];
/* read as 0 1 1 0 1, then as 0 0 1 1 0 */
static float logits_before[] = {1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0};
static float logits_after[] = {1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0};

static struct mr_predictions before_of(void)
{
    return (struct mr_predictions){.n = 5,
                                   .n_classes = 3,
                                   .ids = ids_before,
                                   .labels = labels_before,
                                   .logits = logits_before,
                                   .losses = no_losses};
}

static struct mr_predictions after_of(void)
{
    return (struct mr_predictions){.n = 5,
                                   .n_classes = 3,
                                   .ids = ids_after,
                                   .labels = labels_after,
                                   .logits = logits_after,
                                   .losses = no_losses};
}

static void compares_only_what_both_have(void **state)
{
    struct mr_predictions before = before_of(), after = after_of();
    struct mr_difference *d = difference_of(&before, &after, NULL);
    static const struct {
        int64_t image;
        enum mr_change_kind kind;
    } expected[] = {{12, MR_CHANGE_FIXED}, {13, MR_CHANGE_BROKEN}, {14, MR_CHANGE_OTHER}};

    assert_int_equal(d->n, 4);
    assert_int_equal(d->n_left_out, 2);
    assert_int_equal(d->n_right_before, 1);
    assert_int_equal(d->n_right_after, 1);
    assert_int_equal(d->n_changes, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(d->changes[i].image, expected[i].image);
        assert_int_equal(d->changes[i].kind, expected[i].kind);
        assert_int_equal(before.ids[d->changes[i].row_before], expected[i].image);
        assert_int_equal(after.ids[d->changes[i].row_after], expected[i].image);
    }
    assert_int_equal(mr_difference_at(d, 0, 0), 1);
    assert_int_equal(mr_difference_at(d, 0, 1), -1);
    assert_int_equal(mr_difference_at(d, 2, 1), 1); /* 14 came; 15 was there before */
    assert_int_equal(mr_difference_at(d, 2, 0), -1);
    assert_int_equal(d->mcnemar.n_broken, 1);
    assert_int_equal(d->mcnemar.n_fixed, 1);
    mr_difference_destroy(d);
}

static void both_are_judged_by_the_labels_given(void **state)
{
    struct mr_predictions before = before_of(), after = after_of();
    const int labels[] = {1, -1, 1, 7, 0}; /* 13 is excluded, 15 of a class nobody knows */
    struct mr_difference *d = difference_of(&before, &after, labels);

    assert_int_equal(d->n, 2);
    assert_int_equal(d->n_left_out, 6);
    assert_int_equal(d->changes[0].image, 14);
    assert_int_equal(d->changes[0].kind, MR_CHANGE_FIXED);
    assert_int_equal(d->changes[1].image, 12);
    assert_int_equal(d->changes[1].kind, MR_CHANGE_BROKEN);
    mr_difference_destroy(d);
}

/* ---- any predictions ---- */

#define MOST 60

struct made {
    int64_t ids[MOST];
    int labels[MOST];
    float logits[MOST * 5], losses[MOST];
    struct mr_predictions p;
};

static void make(struct made *made, struct mr_rng *rng, int n_classes)
{
    made->p = (struct mr_predictions){.n_classes = n_classes,
                                      .ids = made->ids,
                                      .labels = made->labels,
                                      .logits = made->logits,
                                      .losses = made->losses};
    for (int id = 1; id <= MOST; id++) {
        int row = made->p.n;

        if (mr_rng_between(rng, 0, 1) < .2)
            continue;
        made->ids[row] = id;
        made->labels[row] = id % n_classes;
        for (int c = 0; c < n_classes; c++)
            made->logits[row * n_classes + c] = (float)mr_rng_between(rng, 0, 1);
        made->p.n++;
    }
}

static void check_cells(const struct mr_difference *d)
{
    for (int a = 0; a < d->n_classes; a++) {
        int of_row = 0;

        for (int c = 0; c < d->n_classes; c++) {
            int n_came = 0, n_went = 0;

            for (int i = 0; i < d->n_changes; i++) {
                if (!mr_change_is_of(&d->changes[i], a, c))
                    continue;
                n_came += d->changes[i].after == c;
                n_went += d->changes[i].before == c;
            }
            assert_int_equal(mr_difference_at(d, a, c), n_came - n_went);
            of_row += n_came - n_went;
        }
        assert_int_equal(of_row, 0); /* an image that leaves a cell comes into another */
    }
}

/* All that changed and nothing else, most first. */
static void check_order(const struct mr_difference *d)
{
    struct mr_pair *cells;
    int n = mr_difference_cells(d, &cells), n_changed = 0;

    for (int i = 0; i < d->n_classes * d->n_classes; i++)
        n_changed += d->counts[i] != 0;
    assert_int_equal(n, n_changed);
    for (int i = 0; i < n; i++) {
        assert_int_equal(cells[i].count, mr_difference_at(d, cells[i].actual, cells[i].predicted));
        assert_true(!i || abs(cells[i - 1].count) >= abs(cells[i].count));
    }
    free(cells);
}

static void a_cell_is_who_came_less_who_went(void **state)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct mr_rng rng = mr_rng_make(1, seed, 0, 0);
        int k = 2 + (int)(seed % 4);
        struct made before, after;
        struct mr_difference *d;

        make(&before, &rng, k);
        make(&after, &rng, k);
        d = difference_of(&before.p, &after.p, NULL);
        check_cells(d);
        check_order(d);
        assert_int_equal(d->n_right_after - d->n_right_before,
                         d->mcnemar.n_fixed - d->mcnemar.n_broken);
        mr_difference_destroy(d);
    }
}

/* Of two whole matrices over the same images it is the difference, cell by cell. */
static void is_the_difference_of_two_matrices(void **state)
{
    struct mr_rng rng = mr_rng_make(2, 0, 0, 0);
    struct made before, after;
    struct mr_confusion *x, *y;
    struct mr_difference *d;

    make(&before, &rng, 4);
    after = before;
    after.p.ids = after.ids;
    after.p.labels = after.labels;
    after.p.logits = after.logits;
    for (int i = 0; i < after.p.n * 4; i += 3)
        after.logits[i] += .4F;
    x = mr_confusion_of(&before.p, NULL);
    y = mr_confusion_of(&after.p, NULL);
    d = difference_of(&before.p, &after.p, NULL);
    assert_true(d->n_changes > 5);
    assert_int_equal(d->n_left_out, 0);
    for (int i = 0; i < 16; i++)
        assert_int_equal(d->counts[i], y->counts[i] - x->counts[i]);
    mr_difference_destroy(d);
    mr_confusion_destroy(x);
    mr_confusion_destroy(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mcnemar_agrees_with_whole_numbers),
        cmocka_unit_test(compares_only_what_both_have),
        cmocka_unit_test(both_are_judged_by_the_labels_given),
        cmocka_unit_test(a_cell_is_who_came_less_who_went),
        cmocka_unit_test(is_the_difference_of_two_matrices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
