/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/train/schedule.h>

#define assert_near(got, wanted, relative)        \
    do {                                          \
        double g = (got), w = (wanted);           \
        if (!(fabs(g - w) <= (relative)*fabs(w))) \
            fail_msg("%.12g is not %.12g", g, w); \
    } while (0)

/* Reference: fastai v1's callbacks/one_cycle.py at lr_max 3e-3 and 100 batches. */
static void meets_the_published_points(void **state)
{
    static const struct {
        int step;
        double lr, momentum;
    } points[] = {
        {0, 1.2e-4, .95},   {15, 1.56e-3, .90}, {30, 3e-3, .85}, {65, (3e-3 + 1.2e-8) / 2, .90},
        {100, 1.2e-8, .95},
    };
    struct mr_schedule s = mr_schedule_one_cycle(100, 3e-3);

    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        double lr = -1, momentum = -1;

        mr_schedule_at(&s, points[i].step, &lr, &momentum);
        assert_near(lr, points[i].lr, 1e-12);
        assert_near(momentum, points[i].momentum, 1e-12);
    }
}

static void follows_the_cosine_between_them(void **state)
{
    struct mr_schedule s = mr_schedule_one_cycle(100, 3e-3);
    double lr, momentum;

    /* a third of the way up: 1.2e-4 + (3e-3 - 1.2e-4) (1 - cos(pi / 3)) / 2, one quarter */
    mr_schedule_at(&s, 10, &lr, &momentum);
    assert_near(lr, 1.2e-4 + .25 * 2.88e-3, 1e-12);
    assert_near(momentum, .95 - .25 * .1, 1e-12);
    /* the last batch is one of seventy short of the end */
    mr_schedule_at(&s, 99, &lr, &momentum);
    assert_near(lr, 1.2e-8 + (3e-3 - 1.2e-8) * (1 + cos(M_PI * 69 / 70)) / 2, 1e-9);
}

static void peaks_once_and_never_jumps(void **state)
{
    struct mr_schedule s = mr_schedule_one_cycle(139, 1);
    double last, momentum, lr;
    int peak = -1;

    mr_schedule_at(&s, 0, &last, &momentum);
    for (int i = 1; i <= 139; i++) {
        mr_schedule_at(&s, i, &lr, &momentum);
        assert_true(fabs(lr - last) < .04); /* the steepest step is pi / 2 / 41 */
        if (lr == 1)
            peak = i;
        assert_true(peak < 0 ? lr > last : lr < last || i == peak);
        last = lr;
    }
    assert_int_equal(peak, 41); /* int(139 * .3), not rounded */
}

static void is_defined_for_tiny_runs(void **state)
{
    for (int n = 1; n <= 4; n++) {
        struct mr_schedule s = mr_schedule_one_cycle(n, 1e-3);

        for (int i = -1; i <= n + 1; i++) {
            double lr = -1, momentum = -1;

            mr_schedule_at(&s, i, &lr, &momentum);
            assert_true(lr > 0 && lr <= 1e-3);
            assert_true(momentum >= .85 && momentum <= .95);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meets_the_published_points),
        cmocka_unit_test(follows_the_cosine_between_them),
        cmocka_unit_test(peaks_once_and_never_jumps),
        cmocka_unit_test(is_defined_for_tiny_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
