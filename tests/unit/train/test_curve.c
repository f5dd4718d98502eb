/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/train/curve.h>

#include "curves.h"

#define N_STORED ((int)(sizeof stored / sizeof *stored))

static bool is_near(double got, double wanted)
{
    return isfinite(wanted) ? fabs(got - wanted) <= 1e-8 * fabs(wanted) : !isfinite(got);
}

/* The curve of the losses until it ends. */
static void draw(struct mr_curve *curve, const struct stored *s)
{
    mr_curve_init(curve, s->n_planned);
    while (mr_curve_add(curve, s->losses[curve->n]))
        ;
}

static void sweeps_the_rates_exponentially(void **state)
{
    struct mr_curve curve;

    mr_curve_init(&curve, MR_CURVE_N);
    assert_true(is_near(mr_curve_lr(&curve), 1e-7));
    for (int i = 0; i < MR_CURVE_N; i++) {
        assert_true(is_near(mr_curve_lr(&curve), pow(10, -7 + 8. * i / MR_CURVE_N)));
        assert_int_equal(mr_curve_add(&curve, 1), i < MR_CURVE_N - 1);
        assert_true(is_near(curve.points[i].smoothed, 1)); /* corrected from the first on */
    }
    assert_true(is_near(curve.points[50].lr, 1e-3));
}

static void smooths_and_ends_as_the_script_does(void **state)
{
    for (int i = 0; i < N_STORED; i++) {
        struct mr_curve curve;

        draw(&curve, &stored[i]);
        if (curve.n != stored[i].n)
            fail_msg("%s: ended after %d, not %d", stored[i].shape, curve.n, stored[i].n);
        if (!is_near(curve.points[curve.n - 1].smoothed, stored[i].smoothed))
            fail_msg("%s: smoothed to %.9g, not %.9g", stored[i].shape,
                     curve.points[curve.n - 1].smoothed, stored[i].smoothed);
    }
}

static void suggests_what_the_script_does(void **state)
{
    for (int i = 0; i < N_STORED; i++) {
        struct mr_curve curve;

        draw(&curve, &stored[i]);
        for (int k = 0; k < MR_N_CURVE_SUGGESTION; k++) {
            double lr = mr_curve_suggest(&curve, (enum mr_curve_suggestion)k);

            if (!is_near(lr, stored[i].suggestions[k]))
                fail_msg("%s: %s is %.12g, not %.12g", stored[i].shape,
                         mr_curve_suggestion_text((enum mr_curve_suggestion)k), lr,
                         stored[i].suggestions[k]);
        }
    }
}

/* By hand: losses 1, 1, ... then L. Smoothed to 4 is not over 4 times. */
static void ends_over_four_times_the_least_loss_and_not_at_it(void **state)
{
    struct mr_curve curve;
    double weight = .02 / (1 - .98 * .98); /* of the second loss of two */

    mr_curve_init(&curve, 10);
    assert_true(mr_curve_add(&curve, 1));
    assert_true(mr_curve_add(&curve, 1 + 2.999 / weight));
    mr_curve_init(&curve, 10);
    assert_true(mr_curve_add(&curve, 1));
    assert_false(mr_curve_add(&curve, 1 + 3.001 / weight));
    mr_curve_init(&curve, 10);
    assert_false(mr_curve_add(&curve, NAN));
    mr_curve_init(&curve, 10);
    assert_false(mr_curve_add(&curve, INFINITY));
}

static void suggests_nothing_before_there_is_anything(void **state)
{
    struct mr_curve curve;

    mr_curve_init(&curve, 100);
    for (int k = 0; k < MR_N_CURVE_SUGGESTION; k++)
        assert_true(isnan(mr_curve_suggest(&curve, (enum mr_curve_suggestion)k)));
    for (int i = 0; i < 15; i++)
        assert_true(mr_curve_add(&curve, 1));
    for (int k = 0; k < MR_N_CURVE_SUGGESTION; k++)
        assert_true(isnan(mr_curve_suggest(&curve, (enum mr_curve_suggestion)k)));
    assert_true(mr_curve_add(&curve, 1));
    assert_true(is_near(mr_curve_suggest(&curve, MR_CURVE_MINIMUM), 1e-8 * pow(10, .8)));
}

static void names_each_suggestion_and_says_what_it_is(void **state)
{
    for (int k = 0; k < MR_N_CURVE_SUGGESTION; k++) {
        size_t n = strlen(mr_curve_suggestion_meaning((enum mr_curve_suggestion)k));

        assert_true(n > 20 && n <= 62); /* beside a name and a rate in 80 columns */
        for (int i = 0; i < k; i++)
            assert_string_not_equal(mr_curve_suggestion_text((enum mr_curve_suggestion)i),
                                    mr_curve_suggestion_text((enum mr_curve_suggestion)k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sweeps_the_rates_exponentially),
        cmocka_unit_test(smooths_and_ends_as_the_script_does),
        cmocka_unit_test(suggests_what_the_script_does),
        cmocka_unit_test(ends_over_four_times_the_least_loss_and_not_at_it),
        cmocka_unit_test(suggests_nothing_before_there_is_anything),
        cmocka_unit_test(names_each_suggestion_and_says_what_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
