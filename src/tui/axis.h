/* SPDX-License-Identifier: MIT */
/* Axes of charts: a range with few, round ticks, equally far apart on the screen. */
#ifndef MISREAD_TUI_AXIS_H
#define MISREAD_TUI_AXIS_H

#include <stdbool.h>
#include <stddef.h>

/* Ticks are the multiples of step, a 1, 2 or 5 times a power of ten, that lie in lo .. hi. */
struct mr_axis {
    double lo, hi, step;
    bool is_log; /* of decimal logarithms: the label of -3 is "1e-3" */
};

/* For a chart of `rows` cells: the tightest range that holds lo .. hi and whose ticks (at most
 * max_ticks, >= 2) lie in the middles of cells, equally many rows apart. */
struct mr_axis mr_axis_fit_rows(double lo, double hi, int rows, int max_ticks);
/* For a chart of `cols` cells: 0 .. n epochs, ticks whole epochs apart and equally many cells. */
struct mr_axis mr_axis_fit_epochs(int n_epochs, int cols);
/* The first and last tick, as multiples of step. */
int mr_axis_first(const struct mr_axis *axis);
int mr_axis_last(const struct mr_axis *axis);
/* For a chart of `cols` cells: logarithms of lo .. hi, both > 0, ticks whole decades apart. */
struct mr_axis mr_axis_fit_log(double lo, double hi, int cols);
/* What stands at a tick, given as a multiple of step. Returns its columns. */
int mr_axis_label(const struct mr_axis *axis, int tick, char *out, size_t cap);
/* Decimals that a tick's label needs. */
int mr_axis_decimals(const struct mr_axis *axis);

#endif
