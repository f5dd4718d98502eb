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
        cmocka_unit_test(wilson_agrees_with_published_values),
        cmocka_unit_test(wilson_stays_within_zero_and_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
