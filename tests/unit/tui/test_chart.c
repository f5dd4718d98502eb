/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>
#include <stdbool.h>

#include "chart.h"

static int n_ticks(const struct mr_axis *axis)
{
    return mr_axis_last(axis) - mr_axis_first(axis) + 1;
}

static const struct {
    double lo, hi;
    int rows, max_ticks;
    double step; /* expected */
} ranges[] = {
    {0, 2.3, 10, 5, 0.5},      {0, 4, 9, 5, 1},        {0.79, 0.887, 10, 5, 0.05},
    {0, 0.6, 10, 5, 0.2},      {0, 2.85, 5, 3, 2},     {0, 27.1, 5, 3, 20},
    {0, 1.443, 10, 5, 0.5},    {-0.5, 0.5, 5, 3, 0.5}, {0, 1000, 11, 5, 500},
    {0.21, 0.38, 12, 5, 0.05}, {0.3, 0.9, 3, 2, 1},
};

static void ticks_are_round_and_few_and_hold_the_range(void **state)
{
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct mr_axis axis =
            mr_axis_fit_rows(ranges[i].lo, ranges[i].hi, ranges[i].rows, ranges[i].max_ticks);

        assert_float_equal(axis.step, ranges[i].step, 1e-12);
        assert_true(axis.lo <= ranges[i].lo && axis.hi >= ranges[i].hi);
        assert_in_range(n_ticks(&axis), 2, ranges[i].max_ticks);
    }
}

static void ticks_lie_in_the_middle_of_cells_equally_far_apart(void **state)
{
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct mr_axis y =
            mr_axis_fit_rows(ranges[i].lo, ranges[i].hi, ranges[i].rows, ranges[i].max_ticks);
        struct mr_chart *chart = mr_chart_create(y, y, 10, ranges[i].rows);
        int before = 0, apart = 0;

        for (int tick = mr_axis_first(&y); tick <= mr_axis_last(&y); tick++) {
            int dot = mr_chart_dot_y(chart, tick * y.step), row = dot / 4;

            assert_in_range(dot % 4, 1, 2);
            if (tick == mr_axis_first(&y) + 1)
                apart = before - row;
            if (tick > mr_axis_first(&y))
                assert_int_equal(before - row, apart);
            before = row;
        }
        mr_chart_destroy(chart);
    }
}

static void a_mark_lies_in_the_row_nearest_to_its_value(void **state)
{
    const struct mr_axis y = mr_axis_fit_rows(0, 2, 9, 5); /* a row is .25 */
    struct mr_chart *chart = mr_chart_create(y, y, 10, 9);
    static const struct {
        double value;
        int row; /* from the last */
    } marks[] = {{0, 0}, {1, 4}, {1.443, 6}, {1.36, 5}, {1.26, 5}, {0.9, 4}, {2, 8}};

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        int row, col;

        assert_true(mr_chart_cell(chart, 0, marks[i].value, &row, &col));
        assert_int_equal(8 - row, marks[i].row);
    }
    mr_chart_destroy(chart);
}

static void epochs_are_whole_and_equally_far_apart(void **state)
{
    for (int n = 1; n <= 200; n = n < 20 ? n + 1 : n * 2) {
        for (int cols = 12; cols <= 120; cols += 9) {
            struct mr_axis x = mr_axis_fit_epochs(n, cols);
            struct mr_chart *chart = mr_chart_create(x, x, cols, 5);
            int apart = mr_chart_dot_x(chart, x.step);

            assert_float_equal(x.step, round(x.step), 1e-12);
            assert_true(mr_chart_dot_x(chart, n) < 2 * cols);
            assert_true(mr_chart_dot_x(chart, n) >= cols); /* little room is lost */
            for (int tick = 0; tick <= mr_axis_last(&x); tick++)
                assert_int_equal(mr_chart_dot_x(chart, tick * x.step), tick * apart);
            mr_chart_destroy(chart);
        }
    }
}

static void an_empty_range_is_widened(void **state)
{
    struct mr_axis flat = mr_axis_fit_rows(3, 3, 8, 4), nought = mr_axis_fit_rows(0, 0, 8, 4);

    assert_true(flat.lo < 3 && flat.hi > 3);
    assert_true(nought.hi > nought.lo);
}

static void labels_have_the_decimals_they_need(void **state)
{
    struct mr_axis axis = {.lo = 0.8, .hi = 0.9, .step = 0.05};

    assert_int_equal(mr_axis_decimals(&axis), 2);
    axis.step = 0.2;
    assert_int_equal(mr_axis_decimals(&axis), 1);
    axis.step = 5;
    assert_int_equal(mr_axis_decimals(&axis), 0);
    assert_int_equal(mr_chart_label_cols(&(struct mr_axis){.lo = 0, .hi = 12, .step = 5}), 3);
}

/* 10 x 5 cells: 20 x 20 dots for x 0 .. 19, y 0 .. 19, so that a dot is a unit. */
static struct mr_chart *make_chart(void)
{
    const struct mr_axis axis = {.lo = 0, .hi = 19, .step = 5};

    return mr_chart_create(axis, axis, 10, 5);
}

static int n_dots(const struct mr_chart *chart)
{
    int n = 0;

    for (int y = 0; y < 20; y++)
        for (int x = 0; x < 20; x++)
            n += mr_chart_has_dot(chart, x, y);
    return n;
}

static void a_value_lands_on_its_dot(void **state)
{
    struct mr_chart *chart = make_chart();
    const struct mr_point points[] = {{0, 0}, {3, 7}, {19, 19}};

    mr_chart_scatter(chart, points, 3, MR_STYLE_DIM);
    assert_true(mr_chart_has_dot(chart, 0, 19)); /* the origin is at the bottom left */
    assert_true(mr_chart_has_dot(chart, 3, 12));
    assert_true(mr_chart_has_dot(chart, 19, 0));
    assert_int_equal(n_dots(chart), 3);
    mr_chart_destroy(chart);
}

static void a_spike_survives_decimation(void **state)
{
    struct mr_chart *chart = make_chart();
    struct mr_point points[400];

    for (int i = 0; i < 400; i++)
        points[i] = (struct mr_point){.x = i / 20.0 - 0.4, .y = i == 207 ? 18 : 4};
    mr_chart_line(chart, points, 400, MR_STYLE_SERIES_1);
    assert_true(mr_chart_has_dot(chart, 10, 19 - 18));
    for (int y = 1; y <= 15; y++) /* the way up is drawn */
        assert_true(mr_chart_has_dot(chart, 10, y));
    assert_false(mr_chart_has_dot(chart, 9, 1));
    assert_true(mr_chart_has_dot(chart, 0, 15));
    assert_true(mr_chart_has_dot(chart, 19, 15));
    mr_chart_destroy(chart);
}

static void a_line_has_no_gaps(void **state)
{
    struct mr_chart *chart = make_chart();
    const struct mr_point points[] = {{0, 0}, {6, 17}, {19, 2}};
    int before = -1;

    mr_chart_line(chart, points, 3, MR_STYLE_SERIES_1);
    for (int x = 0; x < 20; x++) {
        int top = 20, bottom = -1;

        for (int y = 0; y < 20; y++) {
            if (!mr_chart_has_dot(chart, x, y))
                continue;
            top = y < top ? y : top;
            bottom = y;
        }
        assert_true(bottom >= 0);
        if (before >= 0)
            assert_true(before >= top - 1 && before <= bottom + 1);
        before = x < 6 ? top : bottom;
    }
    mr_chart_destroy(chart);
}

static void what_is_not_finite_is_left_out_and_what_is_outside_sticks_to_the_edge(void **state)
{
    struct mr_chart *chart = make_chart();
    const struct mr_point points[] = {{2, NAN}, {4, INFINITY}, {6, 500}, {8, -3}};

    mr_chart_scatter(chart, points, 4, MR_STYLE_DIM);
    assert_int_equal(n_dots(chart), 2);
    assert_true(mr_chart_has_dot(chart, 6, 0));
    assert_true(mr_chart_has_dot(chart, 8, 19));
    mr_chart_destroy(chart);
}

static void a_line_does_not_drag_faint_dots_along(void **state)
{
    struct mr_chart *chart = make_chart();
    const struct mr_point dot = {.x = 5, .y = 10}, line[] = {{4, 8}, {4.2, 8}};

    mr_chart_scatter(chart, &dot, 1, MR_STYLE_DIM);
    mr_chart_line(chart, line, 2, MR_STYLE_SERIES_1); /* in the same cell */
    assert_int_equal(n_dots(chart), 1);
    assert_true(mr_chart_has_dot(chart, 4, 11));
    mr_chart_destroy(chart);
}

static void the_average_is_corrected_for_its_start(void **state)
{
    const struct mr_point points[] = {{0, 4}, {1, NAN}, {2, 2}};
    struct mr_point out[3];

    mr_chart_smooth(points, 3, 0.5, out);
    assert_float_equal(out[0].y, 4, 1e-12);
    assert_float_equal(out[1].y, 4, 1e-12);
    assert_float_equal(out[2].y, (0.5 * 0.5 * 4 + 0.5 * 2) / 0.75, 1e-12);
    assert_float_equal(out[2].x, 2, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_round_and_few_and_hold_the_range),
        cmocka_unit_test(ticks_lie_in_the_middle_of_cells_equally_far_apart),
        cmocka_unit_test(a_mark_lies_in_the_row_nearest_to_its_value),
        cmocka_unit_test(epochs_are_whole_and_equally_far_apart),
        cmocka_unit_test(an_empty_range_is_widened),
        cmocka_unit_test(labels_have_the_decimals_they_need),
        cmocka_unit_test(a_value_lands_on_its_dot),
        cmocka_unit_test(a_spike_survives_decimation),
        cmocka_unit_test(a_line_has_no_gaps),
        cmocka_unit_test(what_is_not_finite_is_left_out_and_what_is_outside_sticks_to_the_edge),
        cmocka_unit_test(a_line_does_not_drag_faint_dots_along),
        cmocka_unit_test(the_average_is_corrected_for_its_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
