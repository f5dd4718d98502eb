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

static struct mr_schedule v1(int n, double lr)
{
    return mr_schedule_make(MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_WHOLE, n, lr);
}

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
    struct mr_schedule s = v1(100, 3e-3);

    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        double lr = -1, momentum = -1;

        mr_schedule_at(&s, points[i].step, &lr, &momentum);
        assert_near(lr, points[i].lr, 1e-12);
        assert_near(momentum, points[i].momentum, 1e-12);
    }
}

static void follows_the_cosine_between_them(void **state)
{
    struct mr_schedule s = v1(100, 3e-3);
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
    struct mr_schedule s = v1(139, 1);
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

/* Printed by tests/reference/schedules.py. */
static void walks_as_fastai_does(void **state)
{
    static const struct {
        enum mr_schedule_kind kind;
        enum mr_schedule_stage stage;
        int n_steps;
        double lr_given;
        int step;
        double lr, momentum;
    } points[] = {
        {MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_WHOLE, 100, 0.003, 0, 1.2000000000e-04, 0.95},
        {MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_WHOLE, 100, 0.003, 7, 4.8987145131e-04, 0.9371572413},
        {MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_WHOLE, 100, 0.003, 15, 1.5600000000e-03, 0.9},
        {MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_WHOLE, 100, 0.003, 30, 3.0000000000e-03, 0.85},
        {MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_WHOLE, 100, 0.003, 31, 2.9984896059e-03, 0.8500503467},
        {MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_WHOLE, 100, 0.003, 65, 1.5000060000e-03, 0.9},
        {MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_WHOLE, 100, 0.003, 99, 1.5223941464e-06, 0.9499496533},
        {MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_FROZEN, 37, 0.01, 0, 4.0000000000e-04, 0.95},
        {MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_FROZEN, 37, 0.01, 5, 4.5168887763e-03, 0.9071157419},
        {MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_FROZEN, 37, 0.01, 10, 9.8055662733e-03, 0.8520253513},
        {MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_FROZEN, 37, 0.01, 11, 1.0000000000e-02, 0.85},
        {MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_FROZEN, 37, 0.01, 12, 9.9635445163e-03, 0.8503645563},
        {MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_FROZEN, 37, 0.01, 36, 3.6495483687e-05, 0.9496354437},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_WHOLE, 10, 0.01, 0, 4.0000000000e-04, 0.95},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_WHOLE, 10, 0.01, 1, 3.7167184270e-03, 0.9154508497},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_WHOLE, 10, 0.01, 2, 9.0832815730e-03, 0.8595491503},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_WHOLE, 10, 0.01, 3, 9.8907390963e-03, 0.85109262},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_WHOLE, 10, 0.01, 4, 9.0450945210e-03, 0.8595491503},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_WHOLE, 10, 0.01, 5, 7.5000250000e-03, 0.875},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_WHOLE, 10, 0.01, 6, 5.5226870899e-03, 0.8947735768},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_WHOLE, 10, 0.01, 7, 3.4549804790e-03, 0.9154508497},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_WHOLE, 10, 0.01, 8, 1.6544304247e-03, 0.9334565303},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_WHOLE, 10, 0.01, 9, 4.3236838906e-04, 0.9456772729},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_FROZEN, 139, 0.003, 0, 1.2000000000e-04, 0.95},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_FROZEN, 139, 0.003, 20, 1.8985343459e-03, 0.8882453352},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_FROZEN, 139, 0.003, 34, 2.9966911372e-03, 0.8501148911},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_FROZEN, 139, 0.003, 35, 2.9999574321e-03, 0.8500014189},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_FROZEN, 139, 0.003, 100, 9.2208274725e-04,
         0.9192646011},
        {MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_FROZEN, 139, 0.003, 138, 7.1103851276e-07,
         0.9499772985},
        {MR_SCHEDULE_FINE_TUNE, MR_STAGE_FROZEN, 25, 0.002, 0, 8.0000000000e-05, 0.95},
        {MR_SCHEDULE_FINE_TUNE, MR_STAGE_FROZEN, 25, 0.002, 12, 9.9432136081e-04, 0.9023790958},
        {MR_SCHEDULE_FINE_TUNE, MR_STAGE_FROZEN, 25, 0.002, 24, 1.9956530457e-03, 0.8502264039},
        {MR_SCHEDULE_FINE_TUNE, MR_STAGE_WHOLE, 100, 0.002, 0, 2.0000000000e-04, 0.95},
        {MR_SCHEDULE_FINE_TUNE, MR_STAGE_WHOLE, 100, 0.002, 10, 4.0000000000e-04, 0.925},
        {MR_SCHEDULE_FINE_TUNE, MR_STAGE_WHOLE, 100, 0.002, 30, 1.0000000000e-03, 0.85},
        {MR_SCHEDULE_FINE_TUNE, MR_STAGE_WHOLE, 100, 0.002, 65, 5.0000500000e-04, 0.9},
        {MR_SCHEDULE_FINE_TUNE, MR_STAGE_WHOLE, 100, 0.002, 99, 5.1346169468e-07, 0.9499496533},
    };

    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        struct mr_schedule s = mr_schedule_make(points[i].kind, points[i].stage, points[i].n_steps,
                                                points[i].lr_given);
        double lr = -1, momentum = -1;

        mr_schedule_at(&s, points[i].step, &lr, &momentum);
        assert_near(lr, points[i].lr, 1e-9);
        assert_near(momentum, points[i].momentum, 1e-9);
    }
}

static void puts_the_top_on_a_batch_in_v1_and_between_two_in_v2(void **state)
{
    struct mr_schedule a = v1(10, 1), b;
    double lr, before, after, momentum;

    a.pct_start = .25;
    b = mr_schedule_make(MR_SCHEDULE_ONE_CYCLE_V2, MR_STAGE_WHOLE, 10, 1);
    mr_schedule_at(&a, 2, &lr, &momentum);
    assert_true(lr == 1);
    mr_schedule_at(&b, 2, &before, &momentum);
    mr_schedule_at(&b, 3, &after, &momentum);
    assert_true(before < .95 && after < .99 && after > before);
}

static void halves_the_rate_of_fine_tune_when_all_is_trained(void **state)
{
    struct mr_schedule frozen = mr_schedule_make(MR_SCHEDULE_FINE_TUNE, MR_STAGE_FROZEN, 9, 2e-3);
    struct mr_schedule whole = mr_schedule_make(MR_SCHEDULE_FINE_TUNE, MR_STAGE_WHOLE, 9, 2e-3);

    assert_near(frozen.lr_max, 2e-3, 1e-15);
    assert_true(frozen.lr_low == 0);
    assert_near(whole.lr_max, 1e-3, 1e-15);
    assert_near(whole.lr_low, 1e-5, 1e-15);
}

static void keeps_a_constant_rate_and_lets_a_cosine_fall_to_nothing(void **state)
{
    struct mr_schedule flat = mr_schedule_make(MR_SCHEDULE_CONSTANT, MR_STAGE_WHOLE, 8, 3e-3);
    struct mr_schedule falling = mr_schedule_make(MR_SCHEDULE_COSINE, MR_STAGE_WHOLE, 8, 3e-3);
    double lr, momentum;

    for (int i = 0; i <= 8; i++) {
        mr_schedule_at(&flat, i, &lr, &momentum);
        assert_true(lr == 3e-3 && momentum == .9);
        mr_schedule_at(&falling, i, &lr, &momentum);
        assert_true(fabs(lr - 1.5e-3 * (1 + cos(M_PI * i / 8))) < 1e-18 && momentum == .9);
    }
    assert_true(lr == 0);
}

static void finds_each_by_its_name_and_no_other(void **state)
{
    enum mr_schedule_kind kind;

    for (int i = 0; i < MR_N_SCHEDULE; i++) {
        assert_true(mr_schedule_find(mr_schedule_text((enum mr_schedule_kind)i), &kind));
        assert_int_equal(kind, i);
    }
    assert_true(mr_schedule_find("one-cycle-v2", &kind));
    assert_int_equal(kind, MR_SCHEDULE_ONE_CYCLE_V2);
    assert_false(mr_schedule_find("one-cycle", &kind));
    assert_false(mr_schedule_find("", &kind));
}

/* Rates, momenta and steps stay where they belong however few steps there are. */
static void is_defined_for_tiny_runs(void **state)
{
    for (int k = 0; k < MR_N_SCHEDULE * MR_N_STAGE; k++) {
        enum mr_schedule_kind kind = (enum mr_schedule_kind)(k / MR_N_STAGE);
        enum mr_schedule_stage stage = (enum mr_schedule_stage)(k % MR_N_STAGE);

        for (int i = 0; i < 4 * 6; i++) {
            struct mr_schedule s = mr_schedule_make(kind, stage, i / 6 + 1, 1e-3);
            double lr = -1, momentum = -1;

            mr_schedule_at(&s, i % 6 - 1, &lr, &momentum);
            assert_true(lr >= 0 && lr <= 1e-3);
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
        cmocka_unit_test(walks_as_fastai_does),
        cmocka_unit_test(puts_the_top_on_a_batch_in_v1_and_between_two_in_v2),
        cmocka_unit_test(halves_the_rate_of_fine_tune_when_all_is_trained),
        cmocka_unit_test(keeps_a_constant_rate_and_lets_a_cosine_fall_to_nothing),
        cmocka_unit_test(finds_each_by_its_name_and_no_other),
        cmocka_unit_test(is_defined_for_tiny_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
