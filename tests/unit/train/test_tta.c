/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/data/transform.h>
#include <misread/store/runs.h>

#include "tta.h"

static void has_eight_views_in_v1_and_four_in_v2_with_fastais_shares(void **state)
{
    static const struct {
        enum mr_tta_kind kind;
        int n;
        double plain;
    } wanted[] = {{MR_TTA_NONE, 0, 1}, {MR_TTA_V1, 8, .4}, {MR_TTA_V2, 4, .25}};

    for (int i = 0; i < 3; i++) {
        double sum = mr_tta_share(wanted[i].kind, 0);

        assert_int_equal(mr_tta_n_views(wanted[i].kind), wanted[i].n);
        assert_true(sum == wanted[i].plain);
        for (int view = 1; view <= wanted[i].n; view++)
            sum += mr_tta_share(wanted[i].kind, view);
        assert_true(fabs(sum - 1) < 1e-12);
    }
}

static void looks_at_each_corner_once_either_way(void **state)
{
    bool seen[8] = {false};

    for (int view = 1; view <= 8; view++) {
        struct mr_augment augment = mr_augment_default();
        struct mr_augment_view *v = &augment.view;

        mr_tta_augment(&augment, MR_TTA_V1, view);
        assert_true(v->zoom == 1.35);
        assert_true(v->focus_x == 0 || v->focus_x == 1);
        assert_true(v->focus_y == 0 || v->focus_y == 1);
        seen[(int)v->focus_x + 2 * (int)v->focus_y + 4 * v->is_mirrored] = true;
        assert_true(augment.max_rotate_deg == 10); /* the run's own stay */
    }
    for (int i = 0; i < 8; i++)
        assert_true(seen[i]);
}

static void leaves_the_runs_augmentation_to_v2(void **state)
{
    struct mr_augment augment = mr_augment_default(), before = augment;

    mr_tta_augment(&augment, MR_TTA_V2, 3);
    assert_memory_equal(&augment, &before, sizeof augment);
}

/* Logits log 1, log 3 and log 8, log 2: probabilities 1/4 3/4 and 4/5 1/5. */
static void averages_probabilities_and_takes_losses_from_the_mean(void **state)
{
    const float one[] = {0, logf(3), 50, 50}, two[] = {logf(8), logf(2), 0, 0};
    double p[4] = {0}, wanted = .4 * .25 + .6 * .8;
    int labels[] = {0, 1};
    float logits[4], losses[2];
    struct mr_predictions predictions = {
        .n = 2, .n_classes = 2, .labels = labels, .logits = logits, .losses = losses};

    mr_tta_add(p, one, 2, 2, .4);
    mr_tta_add(p, two, 2, 2, .6);
    mr_tta_settle(&predictions, p);
    assert_true(fabs(p[0] - wanted) < 1e-7 && fabs(p[1] - (1 - wanted)) < 1e-7);
    assert_true(fabs(losses[0] + log(wanted)) < 1e-6);
    assert_true(fabs(losses[1] - log(2)) < 1e-6);
    assert_true(fabs(logits[0] - log(wanted)) < 1e-6); /* softmax(log p) is p: not twice */
    assert_true(fabs(exp((double)logits[2]) + exp((double)logits[3]) - 1) < 1e-6);
}

static void stays_finite_where_all_views_are_sure_of_something_else(void **state)
{
    const float logits[] = {3000, -3000};
    double p[2] = {0};
    int label = 1;
    float out[2], loss;
    struct mr_predictions predictions = {
        .n = 1, .n_classes = 2, .labels = &label, .logits = out, .losses = &loss};

    mr_tta_add(p, logits, 1, 2, 1);
    mr_tta_settle(&predictions, p);
    assert_true(isfinite(loss) && loss > 700);
    assert_true(isfinite(out[1]) && out[0] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_eight_views_in_v1_and_four_in_v2_with_fastais_shares),
        cmocka_unit_test(looks_at_each_corner_once_either_way),
        cmocka_unit_test(leaves_the_runs_augmentation_to_v2),
        cmocka_unit_test(averages_probabilities_and_takes_losses_from_the_mean),
        cmocka_unit_test(stays_finite_where_all_views_are_sure_of_something_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
