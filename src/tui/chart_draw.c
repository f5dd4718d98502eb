/* SPDX-License-Identifier: MIT */
/* A chart on the screen: labels of the axes, then the dots as braille patterns. */
#include "chart.h"
#include "ink.h"

struct mr_axis mr_chart_fit_y(const struct mr_ink *ink, double lo, double hi)
{
    int rows = mr_ink_rows(ink), ticks = rows / 2;

    return mr_axis_fit_rows(lo, hi, rows - 1, ticks < 2 ? 2 : ticks < 5 ? ticks : 5);
}

struct mr_axis mr_chart_fit_shares(const struct mr_ink *ink, double lo, double hi)
{
    struct mr_axis axis = hi > lo ? mr_chart_fit_y(ink, lo, hi) : mr_chart_fit_y(ink, 0, 1);

    while (mr_axis_last(&axis) * axis.step > 1 + axis.step / 2) {
        axis.lo -= axis.step;
        axis.hi -= axis.step;
    }
    return axis;
}

struct mr_chart *mr_chart_create_epochs(const struct mr_ink *ink, struct mr_axis y, int n_epochs)
{
    int cols = mr_ink_cols(ink) - mr_chart_label_cols(&y) - 1;

    return mr_chart_create(mr_axis_fit_epochs(n_epochs, cols), y, cols, mr_ink_rows(ink) - 1);
}

struct mr_chart *mr_chart_create_log(const struct mr_ink *ink, struct mr_axis y, double lo,
                                     double hi)
{
    int cols = mr_ink_cols(ink) - mr_chart_label_cols(&y) - 1;

    return mr_chart_create(mr_axis_fit_log(lo, hi, cols), y, cols, mr_ink_rows(ink) - 1);
}

static void draw_y_axis(const struct mr_chart *chart, const struct mr_ink *ink, int label_cols)
{
    int last_row = -1;

    for (int i = mr_axis_last(&chart->y); i >= mr_axis_first(&chart->y); i--) {
        double value = i * chart->y.step;
        int row = mr_chart_dot_y(chart, value) / 4;
        char label[32];

        if (row == last_row)
            continue;
        last_row = row;
        mr_axis_label(&chart->y, i, label, sizeof label);
        mr_ink_right(ink, row, label_cols - 1, MR_STYLE_DIM, label);
    }
}

static void draw_x_axis(const struct mr_chart *chart, const struct mr_ink *ink, int label_cols)
{
    int end = 0;

    for (int i = mr_axis_first(&chart->x); i <= mr_axis_last(&chart->x); i++) {
        double value = i * chart->x.step;
        char label[32];
        int n = mr_axis_label(&chart->x, i, label, sizeof label);
        int col = label_cols + mr_chart_dot_x(chart, value) / 2 - (n - 1) / 2;

        if (col + n > mr_ink_cols(ink))
            col = mr_ink_cols(ink) - n;
        if (col < end)
            continue;
        mr_ink_text(ink, chart->rows, col, MR_STYLE_DIM, label);
        end = col + n + 1;
    }
}

void mr_chart_draw(const struct mr_chart *chart, const struct mr_ink *ink)
{
    int label_cols = mr_chart_label_cols(&chart->y);

    draw_y_axis(chart, ink, label_cols);
    draw_x_axis(chart, ink, label_cols);
    for (int row = 0; row < chart->rows; row++) {
        for (int col = 0; col < chart->cols; col++) {
            int at = row * chart->cols + col;
            const char glyph[] = {(char)0xe2, (char)(0xa0 | chart->dots[at] >> 6),
                                  (char)(0x80 | (chart->dots[at] & 0x3f)), 0};

            if (chart->dots[at])
                mr_ink_text(ink, row, label_cols + col, (enum mr_style)chart->styles[at], glyph);
        }
    }
}

void mr_chart_draw_share(const struct mr_chart *chart, const struct mr_ink *ink, double x,
                         double share, double lo, double hi)
{
    int top, bottom, row, col;

    if (!mr_chart_cell(chart, x, hi, &top, &col) || !mr_chart_cell(chart, x, lo, &bottom, &col))
        return;
    for (row = top; row <= bottom; row++)
        mr_ink_text(ink, row, col, MR_STYLE_DIM, "│");
    if (mr_chart_cell(chart, x, share, &row, &col))
        mr_ink_text(ink, row, col, MR_STYLE_SERIES_2, "●");
}
