/* SPDX-License-Identifier: MIT */
#include "made_up.h"

#include <math.h>

#include <misread/interp/confident.h>
#include <misread/interp/dynamics.h>
#include <misread/interp/suspects.h>

/* Worked by hand: H(.7 .2 .1) = .8018, / ln 3 = .7298. */
static void scores_are_those_worked_out_by_hand(void **state)
{
    const float p[] = {.7F, .2F, .1F};
    const struct {
        int given;
        double self, margin, entropy;
    } cases[] = {{0, .7, .75, .6851}, {2, .1, .2, .2900}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int given = cases[i].given;

        assert_float_equal(mr_suspect_score_of(MR_SUSPECT_SELF, p, 3, given), cases[i].self, 1e-6);
        assert_float_equal(mr_suspect_score_of(MR_SUSPECT_MARGIN, p, 3, given), cases[i].margin,
                           1e-6);
        assert_float_equal(mr_suspect_score_of(MR_SUSPECT_ENTROPY, p, 3, given), cases[i].entropy,
                           1e-4);
    }
}

static void a_certain_answer_has_finite_scores(void **state)
{
    const float p[] = {1, 0};

    assert_float_equal(mr_suspect_score_of(MR_SUSPECT_ENTROPY, p, 2, 0), 0, 1e-12);
    assert_float_equal(mr_suspect_score_of(MR_SUSPECT_MARGIN, p, 2, 1), 0, 1e-12);
    assert_true(isfinite(mr_suspect_score_of(MR_SUSPECT_ENTROPY, p, 2, 1)));
}

/* What is flagged, in the order of a score, is what the reference lists. */
static void expect_flagged_in_order(const struct stored *c, enum mr_suspect_score score)
{
    struct mr_predictions *p = make_up(c, 0);
    struct mr_confident *confident = mr_confident_of(p);
    struct mr_suspect *suspects;
    int n = mr_suspects_of(p, score, &suspects), n_flagged = 0;

    assert_int_equal(n, p->n);
    for (int i = 0; i < 8; i++)
        assert_float_equal(suspects[i].score, c->worst[score][i], 2e-6);
    for (int i = 0; i < n; i++)
        if (confident->flags[suspects[i].index]) {
            assert_int_equal(suspects[i].index, c->by[score][n_flagged++]);
            assert_int_equal(suspects[i].image, suspects[i].index + 1);
            assert_int_equal(suspects[i].given, p->labels[suspects[i].index]);
            assert_int_not_equal(suspects[i].suggested, suspects[i].given);
        }
    assert_int_equal(n_flagged, c->n_flagged);
    free(suspects);
    mr_confident_destroy(confident);
    mr_predictions_destroy(p);
}

static void flagged_images_are_in_the_references_order_by_every_score(void **state)
{
    for (int s = 0; s < N_STORED; s++)
        for (int score = MR_SUSPECT_SELF; score <= MR_SUSPECT_ENTROPY; score++)
            expect_flagged_in_order(&stored[s], (enum mr_suspect_score)score);
}

static void nonsense_comes_first_and_ties_keep_the_lower_id(void **state)
{
    int64_t ids[] = {1, 2, 3, 4};
    int labels[] = {0, 0, 0, 0};
    float logits[] = {0, 1, 0, 2, NAN, 0, 0, 2};
    struct mr_predictions p = {
        .n = 4, .n_classes = 2, .ids = ids, .labels = labels, .logits = logits};
    const int expected[] = {3, 2, 4, 1};
    struct mr_suspect *suspects;

    assert_int_equal(mr_suspects_of(&p, MR_SUSPECT_SELF, &suspects), 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(suspects[i].image, expected[i]);
    free(suspects);
}

/* Image 1 is always right, 2 right and then wrong, 3 never right. */
static void orders_by_what_the_epochs_said(void **state)
{
    int64_t ids[] = {1, 2, 3};
    int labels[] = {0, 0, 0};
    float first[] = {5, 0, 5, 0, 0, 5}, second[] = {5, 0, 0, 5, 0, 5};
    struct mr_predictions p = {
        .n = 3, .n_classes = 2, .ids = ids, .labels = labels, .logits = first};
    struct mr_dynamics *dynamics = mr_dynamics_create(2);
    struct mr_suspect *suspects;

    mr_dynamics_add(dynamics, &p);
    p.logits = second;
    mr_dynamics_add(dynamics, &p);
    for (int score = MR_SUSPECT_AUM; score < MR_N_SUSPECT_SCORE; score++) {
        assert_int_equal(mr_suspects_of_epochs(dynamics, (enum mr_suspect_score)score, &suspects),
                         3);
        assert_int_equal(suspects[0].image, score == MR_SUSPECT_VARIABILITY ? 2 : 3);
        if (score == MR_SUSPECT_FORGETTING)
            assert_float_equal(suspects[0].score, -1000, 0);
        if (score != MR_SUSPECT_VARIABILITY)
            assert_int_equal(suspects[0].suggested, 1);
        free(suspects);
    }
    mr_dynamics_destroy(dynamics);
}

static void every_score_is_found_by_its_name(void **state)
{
    enum mr_suspect_score found;

    for (int i = 0; i < MR_N_SUSPECT_SCORE; i++) {
        assert_true(mr_suspect_score_find(mr_suspect_score_text((enum mr_suspect_score)i), &found));
        assert_int_equal(found, i);
    }
    assert_false(mr_suspect_score_find("", &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_those_worked_out_by_hand),
        cmocka_unit_test(a_certain_answer_has_finite_scores),
        cmocka_unit_test(flagged_images_are_in_the_references_order_by_every_score),
        cmocka_unit_test(nonsense_comes_first_and_ties_keep_the_lower_id),
        cmocka_unit_test(orders_by_what_the_epochs_said),
        cmocka_unit_test(every_score_is_found_by_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
