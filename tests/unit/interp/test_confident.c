/* SPDX-License-Identifier: MIT */
#include "made_up.h"

#include <math.h>

#include <misread/base/clock.h>
#include <misread/interp/confident.h>

static void agrees_with_the_reference_about_thresholds_and_the_joint(void **state)
{
    for (int s = 0; s < N_STORED; s++) {
        struct mr_predictions *p = make_up(&stored[s], 0);
        struct mr_confident *found = mr_confident_of(p);

        for (int c = 0; c < p->n_classes; c++)
            assert_float_equal(found->thresholds[c], stored[s].thresholds[c], 1e-6);
        for (int i = 0; i < p->n_classes * p->n_classes; i++)
            assert_int_equal(found->joint[i], stored[s].joint[i]);
        mr_confident_destroy(found);
        mr_predictions_destroy(p);
    }
}

static void flags_the_images_that_the_reference_flags(void **state)
{
    for (int s = 0; s < N_STORED; s++) {
        struct mr_predictions *p = make_up(&stored[s], 0);
        struct mr_confident *found = mr_confident_of(p);

        assert_int_equal(found->n_flagged, stored[s].n_flagged);
        for (int i = 0; i < stored[s].n_flagged; i++)
            assert_true(found->flags[stored[s].by[0][i]]);
        mr_confident_destroy(found);
        mr_predictions_destroy(p);
    }
}

/* Answers by hand: two classes, the third image of class 0 reads surely as class 1. */
static void finds_one_wrong_label_and_says_what_it_makes_of_the_classes(void **state)
{
    int64_t ids[] = {1, 2, 3, 4, 5};
    int labels[] = {0, 0, 0, 1, 1};
    float logits[] = {4, 0, 4, 0, 0, 4, 0, 4, 0, 4};
    struct mr_predictions p = {
        .n = 5, .n_classes = 2, .ids = ids, .labels = labels, .logits = logits};
    struct mr_confident *found = mr_confident_of(&p);
    struct mr_class_noise zero = mr_confident_class(found, &p, 0);
    struct mr_class_noise one = mr_confident_class(found, &p, 1);
    const int joint[] = {2, 1, 0, 2};

    assert_memory_equal(found->joint, joint, sizeof joint);
    assert_int_equal(found->n_flagged, 1);
    assert_int_equal(found->flags[2], 1);
    assert_int_equal(zero.n, 3);
    assert_int_equal(zero.n_flagged, 1);
    assert_float_equal(zero.noise, 1 / 3., 1e-12);
    assert_float_equal(zero.missed, 0, 1e-12);
    assert_float_equal(one.noise, 0, 1e-12);
    assert_float_equal(one.missed, 1 / 3., 1e-12);
    assert_float_equal(mr_confident_health(found), .8, 1e-12);
    mr_confident_destroy(found);
}

/* All of a label's images read as another class: one of them must keep its label. */
static void leaves_every_class_an_image(void **state)
{
    int64_t ids[] = {1, 2, 3, 4, 5, 6};
    int labels[] = {0, 0, 0, 1, 1, 1};
    float logits[] = {0, 4, 0, 5, 0, 6, 0, 3, 0, 3, 0, 3};
    struct mr_predictions p = {
        .n = 6, .n_classes = 2, .ids = ids, .labels = labels, .logits = logits};
    struct mr_confident *found = mr_confident_of(&p);

    assert_int_equal(found->n_flagged, 2);
    assert_int_equal(found->flags[0], 0);
    mr_confident_destroy(found);
}

/* Three images of class 0 read as 1, 2 and 3: rounding leaves class 0 none, so that each of the
 * others must do with one less, which is none. */
static void takes_less_where_rounding_left_a_class_nothing(void **state)
{
    int64_t ids[] = {1, 2, 3, 4, 5, 6};
    int labels[] = {0, 0, 0, 1, 2, 3};
    float logits[] = {0, 9, 0, 0, 0, 0, 9, 0, 0, 0, 0, 9, 0, 3, 0, 0, 0, 0, 3, 0, 0, 0, 0, 3};
    struct mr_predictions p = {
        .n = 6, .n_classes = 4, .ids = ids, .labels = labels, .logits = logits};
    struct mr_confident *found = mr_confident_of(&p);
    const int row[] = {0, 1, 1, 1};

    assert_memory_equal(found->joint, row, sizeof row);
    assert_int_equal(found->n_flagged, 0);
    mr_confident_destroy(found);
}

static void nothing_and_a_class_of_one_image_are_no_reason_to_fail(void **state)
{
    int64_t ids[] = {1};
    int labels[] = {1};
    float logits[] = {3, 0};
    struct mr_predictions p = {
        .n = 1, .n_classes = 2, .ids = ids, .labels = labels, .logits = logits};
    struct mr_confident *found = mr_confident_of(&p);

    assert_int_equal(found->n_flagged, 0);
    mr_confident_destroy(found);
    p.n = 0;
    found = mr_confident_of(&p);
    assert_int_equal(found->n_flagged, 0);
    assert_true(isnan(mr_confident_health(found)));
    assert_true(isnan(mr_confident_class(found, &p, 0).noise));
    mr_confident_destroy(found);
}

/* 100,000 images of 100 classes, each label confused with every other: the most work there can be.
 */
static void a_hundred_thousand_answers_are_no_matter(void **state)
{
    const struct stored large = {
        .seed = 9, .n = 100000, .k = 100, .flipped = 30, .known = 2, .n_last = -1};
    struct mr_predictions *p = make_up(&large, 0);
    struct mr_confident *found;
    int64_t began = mr_clock_ms(), ms;

    found = mr_confident_of(p);
    ms = mr_clock_ms() - began;
    printf("100,000 x 100 answers: %lld ms, %d flagged\n", (long long)ms, found->n_flagged);
    assert_true(found->n_flagged > 0);
    mr_confident_destroy(found);
    mr_predictions_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_reference_about_thresholds_and_the_joint),
        cmocka_unit_test(flags_the_images_that_the_reference_flags),
        cmocka_unit_test(finds_one_wrong_label_and_says_what_it_makes_of_the_classes),
        cmocka_unit_test(leaves_every_class_an_image),
        cmocka_unit_test(takes_less_where_rounding_left_a_class_nothing),
        cmocka_unit_test(nothing_and_a_class_of_one_image_are_no_reason_to_fail),
        cmocka_unit_test(a_hundred_thousand_answers_are_no_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
