/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/interp/ranking.h>
#include <misread/store/runs.h>

/* Five images of three classes. Predicted: 1, 1, 0, 2, 0; labels 0, 1, 1, 0, 0. */
static int64_t ids[] = {11, 12, 13, 14, 15};
static int labels[] = {0, 1, 1, 0, 0};
static float logits[] = {
    0, 2, 1, /**/ 0, 4, 0, /**/ 3, 1, 0, /**/ 0, 0, 5, /**/ 1, 0, 0,
};
static float losses[] = {2.4076F, 0.0360F, 2.1698F, 5.0134F, 0.5514F};

static struct mr_predictions make_predictions(void)
{
    return (struct mr_predictions){
        .n = 5, .n_classes = 3, .ids = ids, .labels = labels, .logits = logits, .losses = losses};
}

static void expect_order(enum mr_ranking_order order, const struct mr_ranking_filter *filter,
                         const int *expected, int n_expected)
{
    struct mr_predictions predictions = make_predictions();
    struct mr_ranked *ranked;
    int n = mr_ranking_of(&predictions, filter, order, &ranked);

    assert_int_equal(n, n_expected);
    for (int i = 0; i < n; i++)
        assert_int_equal(ranked[i].image, expected[i]);
    free(ranked);
}

static void puts_the_largest_loss_first(void **state)
{
    expect_order(MR_ORDER_LOSS, NULL, (int[]){14, 11, 13, 15, 12}, 5);
}

static void puts_the_least_probable_label_first(void **state)
{
    expect_order(MR_ORDER_P_ACTUAL, NULL, (int[]){14, 11, 13, 15, 12}, 5);
}

static void puts_the_most_certain_prediction_first(void **state)
{
    expect_order(MR_ORDER_CONFIDENCE, NULL, (int[]){14, 12, 13, 11, 15}, 5);
}

static void keeps_the_order_of_ids(void **state)
{
    expect_order(MR_ORDER_ID, NULL, (int[]){11, 12, 13, 14, 15}, 5);
}

static void a_cell_is_actual_then_predicted(void **state)
{
    struct mr_ranking_filter cell = {.actual = 0, .predicted = 1};

    expect_order(MR_ORDER_LOSS, &cell, (int[]){11}, 1);
    cell = (struct mr_ranking_filter){.actual = 1, .predicted = 0};
    expect_order(MR_ORDER_LOSS, &cell, (int[]){13}, 1);
    cell = (struct mr_ranking_filter){.actual = 2, .predicted = 0};
    expect_order(MR_ORDER_LOSS, &cell, NULL, 0);
}

static void leaves_out_what_was_read_right(void **state)
{
    const struct mr_ranking_filter wrong = {.actual = -1, .predicted = -1, .only_wrong = 1};

    expect_order(MR_ORDER_LOSS, &wrong, (int[]){14, 11, 13}, 3);
}

static void tells_the_probability_of_label_and_guess_apart(void **state)
{
    struct mr_predictions predictions = make_predictions();
    struct mr_ranked r = mr_ranked_of(&predictions, 0);

    /* softmax(0, 2, 1) = .0900 .6652 .2447 */
    assert_int_equal(r.actual, 0);
    assert_int_equal(r.predicted, 1);
    assert_float_equal(r.p_actual, 0.0900F, 1e-4F);
    assert_float_equal(r.p_predicted, 0.6652F, 1e-4F);
    assert_float_equal(r.loss, 2.4076F, 0);
}

static void ties_keep_the_lower_id_and_nonsense_comes_first(void **state)
{
    int64_t tied_ids[] = {1, 2, 3, 4};
    int tied_labels[] = {0, 0, 0, 0};
    float tied_logits[] = {0, 1, 0, 1, 0, 1, 0, 1};
    float tied_losses[] = {1, 2, NAN, 2};
    struct mr_predictions predictions = {.n = 4,
                                         .n_classes = 2,
                                         .ids = tied_ids,
                                         .labels = tied_labels,
                                         .logits = tied_logits,
                                         .losses = tied_losses};
    const int expected[] = {3, 2, 4, 1};
    struct mr_ranked *ranked;

    assert_int_equal(mr_ranking_of(&predictions, NULL, MR_ORDER_LOSS, &ranked), 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ranked[i].image, expected[i]);
    free(ranked);
}

static void nonsense_of_either_sign_comes_first(void **state)
{
    int64_t odd_ids[] = {1, 2, 3, 4};
    int odd_labels[] = {0, 0, 0, 0};
    float odd_logits[8] = {0}, odd_losses[] = {1, -INFINITY, 2, -NAN};
    struct mr_predictions predictions = {.n = 4,
                                         .n_classes = 2,
                                         .ids = odd_ids,
                                         .labels = odd_labels,
                                         .logits = odd_logits,
                                         .losses = odd_losses};
    const int expected[] = {2, 4, 3, 1};
    struct mr_ranked *ranked;

    assert_int_equal(mr_ranking_of(&predictions, NULL, MR_ORDER_LOSS, &ranked), 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ranked[i].image, expected[i]);
    free(ranked);
}

static void softmax_survives_large_logits_and_works_in_place(void **state)
{
    float p[] = {1000, 1001, 999};

    assert_int_equal(mr_softmax(p, 3, p), 1);
    assert_float_equal(p[0], 0.2447F, 1e-4F);
    assert_float_equal(p[1], 0.6652F, 1e-4F);
    assert_float_equal(p[2], 0.0900F, 1e-4F);
}

static void argmax_takes_the_first_of_equals(void **state)
{
    assert_int_equal(mr_argmax((float[]){1, 7, 3, 7}, 4), 1);
    assert_int_equal(mr_argmax((float[]){5}, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_the_largest_loss_first),
        cmocka_unit_test(puts_the_least_probable_label_first),
        cmocka_unit_test(puts_the_most_certain_prediction_first),
        cmocka_unit_test(keeps_the_order_of_ids),
        cmocka_unit_test(a_cell_is_actual_then_predicted),
        cmocka_unit_test(leaves_out_what_was_read_right),
        cmocka_unit_test(tells_the_probability_of_label_and_guess_apart),
        cmocka_unit_test(ties_keep_the_lower_id_and_nonsense_comes_first),
        cmocka_unit_test(nonsense_of_either_sign_comes_first),
        cmocka_unit_test(softmax_survives_large_logits_and_works_in_place),
        cmocka_unit_test(argmax_takes_the_first_of_equals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
