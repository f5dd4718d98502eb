/* SPDX-License-Identifier: MIT */
/*
 * Charts of braille dots, 2 x 4 to a cell: round axes, lines that keep every spike however many
 * points share a column of dots. Pure but for mr_chart_draw.
 */
#ifndef MISREAD_TUI_CHART_H
#define MISREAD_TUI_CHART_H

#include <stdbool.h>

#include <misread/term/term.h>

#include "axis.h"

struct mr_ink;

struct mr_chart {
    struct mr_axis x, y;
    int cols, rows;        /* of the plot, in cells */
    unsigned char *dots;   /* (rows, cols) owned; bits of the braille pattern */
    unsigned char *styles; /* (rows, cols) owned; a cell's dots have one style, the last one */
};

struct mr_chart *mr_chart_create(struct mr_axis x, struct mr_axis y, int cols, int rows);
void mr_chart_destroy(struct mr_chart *chart);
/* Is the dot set? x from the left, y from the top, in dots. */
bool mr_chart_has_dot(const struct mr_chart *chart, int x, int y);
/* In dots from the top left; may lie outside. */
int mr_chart_dot_x(const struct mr_chart *chart, double x);
int mr_chart_dot_y(const struct mr_chart *chart, double y);

struct mr_point {
    double x, y;
};
/* Single dots: of the points that share a column of dots, the lowest and the highest. Points that
 * are not finite are left out; those outside the range stick to its edge. */
void mr_chart_scatter(struct mr_chart *chart, const struct mr_point *points, int n,
                      enum mr_style style);
/* Joined: each column of dots shows the whole range of its points, joined to its neighbour. */
void mr_chart_line(struct mr_chart *chart, const struct mr_point *points, int n,
                   enum mr_style style);

/* Columns that the labels of the y axis take, with a blank behind them. */
int mr_chart_label_cols(const struct mr_axis *y);
/* The y axis of a chart that fills ink. */
struct mr_axis mr_chart_fit_y(const struct mr_ink *ink, double lo, double hi);
/* The same for shares lo .. hi, or 0 .. 1 if there are none: no tick says more than 1. */
struct mr_axis mr_chart_fit_shares(const struct mr_ink *ink, double lo, double hi);
/* A chart of epochs 0 .. n that fills ink but for labels at the left and below and a blank at the
 * right, so that no point lies on the frame. */
struct mr_chart *mr_chart_create_epochs(const struct mr_ink *ink, struct mr_axis y, int n_epochs);
/* The same of values lo .. hi, both > 0, of which x is the decimal logarithm. */
struct mr_chart *mr_chart_create_log(const struct mr_ink *ink, struct mr_axis y, double lo,
                                     double hi);
/* Axes at the left and below, then the dots. */
void mr_chart_draw(const struct mr_chart *chart, const struct mr_ink *ink);
/* A share with its interval, an upright bar behind a dot; nothing if it is outside. */
void mr_chart_draw_share(const struct mr_chart *chart, const struct mr_ink *ink, double x,
                         double share, double lo, double hi);
/* The cell of a value, in the coordinates of ink; false if outside. */
bool mr_chart_cell(const struct mr_chart *chart, double x, double y, int *row, int *col);

/* Exponential moving average with bias correction: out[i] of y[0..i]; what is not finite is
 * skipped. */
void mr_chart_smooth(const struct mr_point *points, int n, double beta, struct mr_point *out);

#endif
