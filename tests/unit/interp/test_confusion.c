/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/interp/confusion.h>
#include <misread/store/runs.h>

/*
 * Three classes, deliberately asymmetric:
 *
 *            a  b  c
 *        a   4  2  0
 *        b   1  5  0
 *        c   3  0  0
 */
static struct mr_confusion *make_asymmetric(void)
{
    static const int counts[3][3] = {{4, 2, 0}, {1, 5, 0}, {3, 0, 0}};
    struct mr_confusion *confusion = mr_confusion_create(3);

    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (int n = 0; n < counts[i][j]; n++)
                mr_confusion_add(confusion, i, j);
    return confusion;
}

static void counts_each_pair_once(void **state)
{
    struct mr_confusion *confusion = make_asymmetric();

    assert_int_equal(confusion->n, 15);
    assert_int_equal(mr_confusion_at(confusion, 0, 1), 2);
    assert_int_equal(mr_confusion_at(confusion, 1, 0), 1);
    assert_int_equal(mr_confusion_at(confusion, 2, 0), 3);
    assert_int_equal(mr_confusion_at(confusion, 0, 2), 0);
    assert_int_equal(mr_confusion_n_correct(confusion), 9);
    mr_confusion_destroy(confusion);
}

static void rows_are_actual_and_columns_predicted(void **state)
{
    struct mr_confusion *confusion = make_asymmetric();
    const int actual[] = {6, 6, 3}, predicted[] = {8, 7, 0};

    for (int i = 0; i < 3; i++) {
        assert_int_equal(mr_confusion_n_actual(confusion, i), actual[i]);
        assert_int_equal(mr_confusion_n_predicted(confusion, i), predicted[i]);
    }
    assert_int_equal(confusion->counts[2 * 3 + 0], 3);
    mr_confusion_destroy(confusion);
}

static void takes_the_first_of_equal_logits_and_other_labels_if_given(void **state)
{
    int64_t ids[] = {5, 6, 7};
    int labels[] = {0, 1, 1}, now[] = {1, 1, 0};
    float logits[] = {3, 3, 0, -1, 2, 5}, losses[] = {0, 0, 0};
    struct mr_predictions predictions = {
        .n = 3, .n_classes = 2, .ids = ids, .labels = labels, .logits = logits, .losses = losses};
    struct mr_confusion *then = mr_confusion_of(&predictions, NULL);
    struct mr_confusion *after = mr_confusion_of(&predictions, now);

    assert_int_equal(mr_confusion_at(then, 0, 0), 1); /* 3 and 3: the first */
    assert_int_equal(mr_confusion_at(then, 1, 0), 1);
    assert_int_equal(mr_confusion_at(then, 1, 1), 1);
    assert_int_equal(mr_confusion_at(after, 1, 0), 2);
    assert_int_equal(mr_confusion_at(after, 0, 1), 1);
    mr_confusion_destroy(then);
    mr_confusion_destroy(after);
}

static void lists_the_most_confused_pairs_first(void **state)
{
    struct mr_confusion *confusion = make_asymmetric();
    const int expected[][3] = {{2, 0, 3}, {0, 1, 2}, {1, 0, 1}};
    struct mr_pair *pairs;

    assert_int_equal(mr_confusion_pairs(confusion, &pairs), 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pairs[i].actual, expected[i][0]);
        assert_int_equal(pairs[i].predicted, expected[i][1]);
        assert_int_equal(pairs[i].count, expected[i][2]);
    }
    free(pairs);
    mr_confusion_destroy(confusion);
}

static void breaks_ties_by_actual_then_predicted(void **state)
{
    struct mr_confusion *confusion = mr_confusion_create(3);
    const int expected[][2] = {{0, 2}, {1, 0}, {1, 2}};
    struct mr_pair *pairs;

    mr_confusion_add(confusion, 1, 2);
    mr_confusion_add(confusion, 1, 0);
    mr_confusion_add(confusion, 0, 2);
    assert_int_equal(mr_confusion_pairs(confusion, &pairs), 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pairs[i].actual, expected[i][0]);
        assert_int_equal(pairs[i].predicted, expected[i][1]);
    }
    free(pairs);
    mr_confusion_destroy(confusion);
}

static void precision_divides_by_the_column_and_recall_by_the_row(void **state)
{
    struct mr_confusion *confusion = make_asymmetric();
    struct mr_class_metrics a = mr_confusion_metrics(confusion, 0);
    struct mr_class_metrics c = mr_confusion_metrics(confusion, 2);

    assert_int_equal(a.n, 6);
    assert_float_equal(a.precision, 4.0 / 8, 1e-12);
    assert_float_equal(a.recall, 4.0 / 6, 1e-12);
    assert_float_equal(a.f1, 2 * 0.5 * (2.0 / 3) / (0.5 + 2.0 / 3), 1e-12);
    assert_true(isnan(c.precision)); /* never predicted */
    assert_float_equal(c.recall, 0, 0);
    assert_float_equal(c.f1, 0, 0);
    mr_confusion_destroy(confusion);
}

static void every_figure_of_a_matrix_worked_out_by_hand(void **state)
{
    /* TP FP FN TN of a: 4 4 2 5, of b: 5 2 1 7, of c: 0 0 3 12 */
    struct mr_confusion *confusion = make_asymmetric();
    struct mr_class_metrics a = mr_confusion_metrics(confusion, 0);
    struct mr_class_metrics b = mr_confusion_metrics(confusion, 1);
    struct mr_class_metrics c = mr_confusion_metrics(confusion, 2);
    struct mr_summary sum = mr_confusion_summary(confusion);

    assert_float_equal(a.specificity, 5.0 / 9, 1e-12);
    assert_float_equal(a.one_vs_rest, 9.0 / 15, 1e-12);
    assert_float_equal(b.precision, 5.0 / 7, 1e-12);
    assert_float_equal(b.recall, 5.0 / 6, 1e-12);
    assert_float_equal(b.specificity, 7.0 / 9, 1e-12);
    assert_float_equal(b.f1, 10.0 / 13, 1e-12);
    assert_float_equal(b.one_vs_rest, 12.0 / 15, 1e-12);
    assert_float_equal(c.specificity, 1, 1e-12);
    assert_float_equal(c.one_vs_rest, 12.0 / 15, 1e-12);
    assert_float_equal(sum.accuracy, .6, 1e-12);
    assert_float_equal(sum.error, .4, 1e-12);
    assert_float_equal(sum.precision, (.5 + 5.0 / 7 + 0) / 3, 1e-12);
    assert_float_equal(sum.recall, .5, 1e-12);
    assert_float_equal(sum.specificity, 7.0 / 9, 1e-12);
    assert_float_equal(sum.f1, (4.0 / 7 + 10.0 / 13) / 3, 1e-12);
    assert_float_equal(sum.one_vs_rest, 1 - 2 * .4 / 3, 1e-12);
    /* 15 * 9 - (6 * 8 + 6 * 7 + 3 * 0) over the root of (225 - 81) (225 - 113) */
    assert_float_equal(sum.mcc, 45 / sqrt(144.0 * 112), 1e-12);
    mr_confusion_destroy(confusion);
}

/* n_right of 100 images of each of eight classes; the others are read as the class behind. */
static struct mr_confusion *make_balanced(const int n_right[8])
{
    struct mr_confusion *confusion = mr_confusion_create(8);

    for (int i = 0; i < 8; i++)
        for (int n = 0; n < 100; n++)
            mr_confusion_add(confusion, i, n < n_right[i] ? i : (i + 1) % 8);
    return confusion;
}

static void one_vs_rest_accuracy_flatters(void **state)
{
    /* 59 of 800 wrong: plain .9263, one against the rest .9816 */
    struct mr_confusion *confusion =
        make_balanced((const int[8]){64, 90, 93, 95, 99, 100, 100, 100});
    struct mr_summary sum = mr_confusion_summary(confusion);

    assert_float_equal(sum.accuracy, 741.0 / 800, 1e-12);
    assert_float_equal(sum.one_vs_rest, .9816, 5e-5);
    assert_float_equal(sum.lo, .906, 5e-4);
    assert_float_equal(sum.hi, .942, 5e-4);
    /* a balanced set: specificity and correlation follow from recall */
    assert_float_equal(sum.specificity, 1 - (1 - sum.recall) / 7, 1e-12);
    assert_float_equal(sum.mcc, (sum.recall - 1.0 / 8) / (7.0 / 8), 5e-3);
    mr_confusion_destroy(confusion);
}

static void saying_always_the_same_is_worth_nothing(void **state)
{
    struct mr_confusion *confusion = mr_confusion_create(8);
    struct mr_summary sum;

    for (int i = 0; i < 800; i++)
        mr_confusion_add(confusion, i % 8, 3);
    sum = mr_confusion_summary(confusion);
    assert_float_equal(sum.precision, .125 / 8, 1e-12);
    assert_float_equal(sum.recall, .125, 1e-12);
    assert_float_equal(sum.specificity, .875, 1e-12);
    assert_float_equal(sum.one_vs_rest, .78125, 1e-12);
    assert_float_equal(sum.mcc, 0, 0);
    mr_confusion_destroy(confusion);
}

static void classes_without_images_do_not_count_in_the_means(void **state)
{
    struct mr_confusion *confusion = mr_confusion_create(4);
    struct mr_summary sum;

    for (int i = 0; i < 4; i++)
        mr_confusion_add(confusion, i % 2, i % 2);
    sum = mr_confusion_summary(confusion);
    assert_float_equal(sum.recall, 1, 0);
    assert_float_equal(sum.precision, 1, 0);
    assert_float_equal(sum.mcc, 1, 1e-12);
    mr_confusion_destroy(confusion);
    confusion = mr_confusion_create(2);
    sum = mr_confusion_summary(confusion);
    assert_true(isnan(sum.accuracy) && isnan(sum.mcc) && isnan(sum.recall));
    mr_confusion_destroy(confusion);
}

static void wilson_agrees_with_published_values(void **state)
{
    double lo, hi;

    mr_wilson(800 - 59, 800, &lo, &hi); /* accuracy of 59 wrong in 800 */
    assert_float_equal(lo, 0.906, 5e-4);
    assert_float_equal(hi, 0.942, 5e-4);
    mr_wilson(81, 263, &lo, &hi); /* Newcombe 1998, table I */
    assert_float_equal(lo, 0.2553, 1e-4);
    assert_float_equal(hi, 0.3662, 1e-4);
    mr_wilson(1, 29, &lo, &hi);
    assert_float_equal(lo, 0.0061, 1e-4);
    assert_float_equal(hi, 0.1718, 1e-4);
}

static void wilson_stays_within_zero_and_one(void **state)
{
    double lo, hi;

    mr_wilson(0, 20, &lo, &hi);
    assert_float_equal(lo, 0, 1e-12);
    assert_float_equal(hi, 0.1611, 1e-4); /* Newcombe 1998 */
    mr_wilson(20, 20, &lo, &hi);
    assert_float_equal(lo, 1 - 0.1611, 1e-4);
    assert_float_equal(hi, 1, 1e-12);
    mr_wilson(0, 0, &lo, &hi);
    assert_float_equal(lo, 0, 0);
    assert_float_equal(hi, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_each_pair_once),
        cmocka_unit_test(rows_are_actual_and_columns_predicted),
        cmocka_unit_test(takes_the_first_of_equal_logits_and_other_labels_if_given),
        cmocka_unit_test(lists_the_most_confused_pairs_first),
        cmocka_unit_test(breaks_ties_by_actual_then_predicted),
        cmocka_unit_test(precision_divides_by_the_column_and_recall_by_the_row),
        cmocka_unit_test(every_figure_of_a_matrix_worked_out_by_hand),
        cmocka_unit_test(one_vs_rest_accuracy_flatters),
        cmocka_unit_test(saying_always_the_same_is_worth_nothing),
        cmocka_unit_test(classes_without_images_do_not_count_in_the_means),
        cmocka_unit_test(wilson_agrees_with_published_values),
        cmocka_unit_test(wilson_stays_within_zero_and_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
