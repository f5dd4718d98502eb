/* SPDX-License-Identifier: MIT */
/* Braille charts. The ranges of a column of dots are joined, so that decimation never hides a
 * spike. */
#include "chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>

struct mr_chart *mr_chart_create(struct mr_axis x, struct mr_axis y, int cols, int rows)
{
    struct mr_chart *chart = mr_xalloc(1, sizeof *chart);
    size_t n;

    chart->x = x;
    chart->y = y;
    chart->cols = cols > 0 ? cols : 0;
    chart->rows = rows > 0 ? rows : 0;
    n = (size_t)chart->cols * (size_t)chart->rows;
    chart->dots = mr_xalloc(n + 1, 1);
    chart->styles = mr_xalloc(n + 1, 1);
    return chart;
}

void mr_chart_destroy(struct mr_chart *chart)
{
    if (!chart)
        return;
    free(chart->dots);
    free(chart->styles);
    free(chart);
}

/* Bits of U+2800: dots 1 2 3 7 are the left column from the top, 4 5 6 8 the right one. */
static const unsigned char bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

static void set_dot(struct mr_chart *chart, int x, int y, enum mr_style style)
{
    int at;

    if (x < 0 || y < 0 || x >= chart->cols * 2 || y >= chart->rows * 4)
        return;
    at = y / 4 * chart->cols + x / 2;
    /* a cell has one colour: the line would drag the faint dots around it along */
    if (chart->styles[at] != (unsigned char)style)
        chart->dots[at] = 0;
    chart->dots[at] |= bits[y % 4][x % 2];
    chart->styles[at] = (unsigned char)style;
}

bool mr_chart_has_dot(const struct mr_chart *chart, int x, int y)
{
    return chart->dots[y / 4 * chart->cols + x / 2] & bits[y % 4][x % 2];
}

/* 0 .. n-1 for lo .. hi. */
static int scale(double value, const struct mr_axis *axis, int n)
{
    double share = (value - axis->lo) / (axis->hi - axis->lo);

    return (int)lround(fmin(fmax(share, -1), 2) * (n - 1));
}

int mr_chart_dot_x(const struct mr_chart *chart, double x)
{
    return scale(x, &chart->x, chart->cols * 2);
}

int mr_chart_dot_y(const struct mr_chart *chart, double y)
{
    return chart->rows * 4 - 1 - scale(y, &chart->y, chart->rows * 4);
}

static int clamped_dot_y(const struct mr_chart *chart, double y)
{
    int dot = mr_chart_dot_y(chart, y), last = chart->rows * 4 - 1;

    return dot < 0 ? 0 : dot > last ? last : dot;
}

/* The dots of the points that share a column of dots: from, to, and the last of them. */
struct span {
    int x, top, bottom, last;
};

/* Takes the points of one column from *i on; false if there are none left. */
static bool next_span(const struct mr_chart *chart, const struct mr_point *points, int n, int *i,
                      struct span *span)
{
    bool has_one = false;

    for (; *i < n; ++*i) {
        int x, y;

        if (!isfinite(points[*i].x) || !isfinite(points[*i].y))
            continue;
        x = mr_chart_dot_x(chart, points[*i].x);
        y = clamped_dot_y(chart, points[*i].y);
        if (!has_one)
            *span = (struct span){.x = x, .top = y, .bottom = y, .last = y};
        else if (x != span->x)
            return true;
        has_one = true;
        span->top = y < span->top ? y : span->top;
        span->bottom = y > span->bottom ? y : span->bottom;
        span->last = y;
    }
    return has_one;
}

void mr_chart_scatter(struct mr_chart *chart, const struct mr_point *points, int n,
                      enum mr_style style)
{
    struct span span;
    int i = 0;

    while (next_span(chart, points, n, &i, &span)) {
        set_dot(chart, span.x, span.top, style);
        set_dot(chart, span.x, span.bottom, style);
    }
}

static void draw_column(struct mr_chart *chart, int x, int from, int to, enum mr_style style)
{
    for (int y = from < to ? from : to; y <= (from < to ? to : from); y++)
        set_dot(chart, x, y, style);
}

/* A straight line between the ends of two spans, without its ends. */
static void join(struct mr_chart *chart, const struct span *a, const struct span *b, int entry,
                 enum mr_style style)
{
    int dx = b->x - a->x, before = a->last;

    for (int x = a->x + 1; x <= b->x; x++) {
        int y = a->last + (int)lround((double)(entry - a->last) * (x - a->x) / dx);

        draw_column(chart, x, y,
                    y > before + 1   ? before + 1
                    : y < before - 1 ? before - 1
                                     : y,
                    style);
        before = y;
    }
}

void mr_chart_line(struct mr_chart *chart, const struct mr_point *points, int n,
                   enum mr_style style)
{
    struct span before, span;
    bool is_first = true;
    int i = 0;

    while (next_span(chart, points, n, &i, &span)) {
        /* enters the span at its nearest end */
        int entry = is_first                    ? span.top
                    : before.last < span.top    ? span.top
                    : before.last > span.bottom ? span.bottom
                                                : before.last;

        if (!is_first)
            join(chart, &before, &span, entry, style);
        draw_column(chart, span.x, span.top, span.bottom, style);
        before = span;
        is_first = false;
    }
}

int mr_chart_label_cols(const struct mr_axis *y)
{
    int decimals = mr_axis_decimals(y), widest = 0;

    for (int i = 0; i < 2; i++) {
        char label[32];
        int tick = i ? mr_axis_last(y) : mr_axis_first(y);
        int n = snprintf(label, sizeof label, "%.*f", decimals, tick * y->step);

        widest = n > widest ? n : widest;
    }
    return widest + 1;
}

bool mr_chart_cell(const struct mr_chart *chart, double x, double y, int *row, int *col)
{
    int dot_x = mr_chart_dot_x(chart, x), dot_y = mr_chart_dot_y(chart, y);

    if (dot_x < 0 || dot_y < 0 || dot_x >= chart->cols * 2 || dot_y >= chart->rows * 4)
        return false;
    *row = dot_y / 4;
    *col = mr_chart_label_cols(&chart->y) + dot_x / 2;
    return true;
}

void mr_chart_smooth(const struct mr_point *points, int n, double beta, struct mr_point *out)
{
    double average = 0, weight = 0;

    for (int i = 0; i < n; i++) {
        if (isfinite(points[i].y)) {
            average = beta * average + (1 - beta) * points[i].y;
            weight = beta * weight + (1 - beta);
        }
        out[i] = (struct mr_point){.x = points[i].x, .y = weight > 0 ? average / weight : NAN};
    }
}
