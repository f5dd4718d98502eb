/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/tui/tui.h>

#include "rates.h"

/* Too large for a stack that is watched. */
static struct mr_tui_search search;

static void add(double lr, double smoothed)
{
    search.points[search.n++] = (struct mr_tui_curve_point){lr, smoothed, smoothed};
}

static int setup(void **state)
{
    search = (struct mr_tui_search){.n = 0};
    return 0;
}

static void the_range_leaves_out_an_end_that_explodes(void **state)
{
    double lo = 0, hi = 0;

    add(1e-4, 2);
    add(1e-3, 2.2);
    add(1e-2, 1.2);
    add(1e-1, 4);
    add(1, NAN);
    assert_true(mr_rates_bounds(&search, &lo, &hi));
    assert_true(fabs(lo - 1.2) < 1e-9);
    assert_true(fabs(hi - 2.7) < 1e-9); /* 2.2 and half of its height above 1.2 */
}

static void a_low_beginning_does_not_hide_the_rest(void **state)
{
    double lo = 0, hi = 0;

    add(1e-5, 1);
    add(1e-4, 2);
    add(1e-3, 1.9);
    add(1e-2, 1.5);
    add(1e-1, 3);
    assert_true(mr_rates_bounds(&search, &lo, &hi));
    assert_true(fabs(lo - 1) < 1e-9);
    assert_true(fabs(hi - 2.5) < 1e-9);
}

static void there_is_no_range_without_a_finite_loss(void **state)
{
    double lo = 0, hi = 0;

    assert_false(mr_rates_bounds(&search, &lo, &hi));
    add(1e-4, NAN);
    assert_false(mr_rates_bounds(&search, &lo, &hi));
}

static void the_nearest_point_is_nearest_by_its_logarithm(void **state)
{
    assert_int_equal(mr_rates_nearest(&search, 1), -1);
    add(1e-4, 1);
    add(1e-2, 1);
    assert_int_equal(mr_rates_nearest(&search, 2e-3), 1);
    assert_int_equal(mr_rates_nearest(&search, 5e-4), 0);
    assert_int_equal(mr_rates_nearest(&search, 1e-9), 0);
}

static void suggestions_without_a_rate_are_passed_over(void **state)
{
    search.n_suggestions = 4;
    search.suggestions[0].lr = search.suggestions[2].lr = NAN;
    search.suggestions[1].lr = search.suggestions[3].lr = 1e-3;
    assert_int_equal(mr_rates_next(&search, -1, 1), 1);
    assert_int_equal(mr_rates_next(&search, 1, 1), 3);
    assert_int_equal(mr_rates_next(&search, 3, 1), 4); /* the crosshair */
    assert_int_equal(mr_rates_next(&search, 4, 1), 4);
    assert_int_equal(mr_rates_next(&search, 3, -1), 1);
    assert_int_equal(mr_rates_next(&search, 1, -1), 1);
}

/* No two labels share a cell, and no line from a label down crosses another label. */
static void expect_clear(const int *cols, const int *widths, const int *rows, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            bool is_over = cols[j] >= cols[i] && cols[j] < cols[i] + widths[i];

            if (i != j && is_over && cols[i] != cols[j])
                assert_true(rows[j] > rows[i]);
            if (i != j && cols[i] == cols[j])
                assert_int_not_equal(rows[i], rows[j]);
        }
}

static void labels_never_lie_on_each_other(void **state)
{
    static const int cases[][4] = {
        {10, 12, 14, 16}, {16, 14, 12, 10}, {10, 10, 10, 10}, {0, 30, 60, 90}, {10, 30, 14, 33}};
    static const int widths[4] = {6, 5, 7, 5};
    int rows[4];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mr_rates_stack(cases[i], widths, 4, rows);
        expect_clear(cases[i], widths, rows, 4);
    }
    mr_rates_stack(cases[3], widths, 4, rows);
    for (int i = 0; i < 4; i++)
        assert_int_equal(rows[i], 0); /* far apart: none is moved down */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_range_leaves_out_an_end_that_explodes, setup),
        cmocka_unit_test_setup(a_low_beginning_does_not_hide_the_rest, setup),
        cmocka_unit_test_setup(there_is_no_range_without_a_finite_loss, setup),
        cmocka_unit_test_setup(the_nearest_point_is_nearest_by_its_logarithm, setup),
        cmocka_unit_test_setup(suggestions_without_a_rate_are_passed_over, setup),
        cmocka_unit_test(labels_never_lie_on_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
