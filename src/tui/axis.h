/* SPDX-License-Identifier: MIT */
/* Axes of charts: a range with few, round ticks. */
#ifndef MISREAD_TUI_AXIS_H
#define MISREAD_TUI_AXIS_H

/* Ticks are the multiples of step, a 1, 2 or 5 times a power of ten, that lie in lo .. hi. */
struct mr_axis {
    double lo, hi, step;
};

/* At most max_ticks ticks (>= 2); an empty range is widened. */
struct mr_axis mr_axis_fit(double lo, double hi, int max_ticks);
/* The first and last tick, as multiples of step. */
int mr_axis_first(const struct mr_axis *axis);
int mr_axis_last(const struct mr_axis *axis);
/* Decimals that a tick's label needs. */
int mr_axis_decimals(const struct mr_axis *axis);

#endif
