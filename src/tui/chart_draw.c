/* SPDX-License-Identifier: MIT */
/* A chart on the screen: labels of the axes, then the dots as braille patterns. */
#include <stdio.h>

#include "chart.h"
#include "ink.h"

struct mr_axis mr_chart_fit_y(const struct mr_ink *ink, double lo, double hi)
{
    int rows = mr_ink_rows(ink), ticks = rows / 2;

    return mr_axis_fit_rows(lo, hi, rows - 1, ticks < 2 ? 2 : ticks < 5 ? ticks : 5);
}

struct mr_chart *mr_chart_create_epochs(const struct mr_ink *ink, struct mr_axis y, int n_epochs)
{
    int cols = mr_ink_cols(ink) - mr_chart_label_cols(&y) - 1;

    return mr_chart_create(mr_axis_fit_epochs(n_epochs, cols), y, cols, mr_ink_rows(ink) - 1);
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
        snprintf(label, sizeof label, "%.*f", mr_axis_decimals(&chart->y), value + 0.0);
        mr_ink_right(ink, row, label_cols - 1, MR_STYLE_DIM, label);
    }
}

static void draw_x_axis(const struct mr_chart *chart, const struct mr_ink *ink, int label_cols)
{
    int end = 0;

    for (int i = mr_axis_first(&chart->x); i <= mr_axis_last(&chart->x); i++) {
        double value = i * chart->x.step;
        char label[32];
        int n = snprintf(label, sizeof label, "%.*f", mr_axis_decimals(&chart->x), value + 0.0);
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
