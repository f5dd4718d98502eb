/* SPDX-License-Identifier: MIT */
/* Round ticks. */
#include "axis.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

/* A hair of tolerance, so that 0.6 is a multiple of 0.2. */
#define HAIR 1e-9

int mr_axis_first(const struct mr_axis *axis)
{
    return (int)ceil(axis->lo / axis->step - HAIR);
}

int mr_axis_last(const struct mr_axis *axis)
{
    return (int)floor(axis->hi / axis->step + HAIR);
}

/* The smallest 1, 2 or 5 times a power of ten that is at least `least`. */
static double round_up(double least)
{
    static const double round[] = {1, 2, 5, 10};
    double power = pow(10, floor(log10(least)));
    int i = 0;

    while (i < 3 && power * round[i] < least * (1 - HAIR))
        i++;
    return power * round[i];
}

/*
 * The tightest axis whose ticks are `apart` rows from each other. The middle of every row is a
 * multiple of step / apart; cells are four dots high and the ends of the range are the outermost
 * dots, so that a range ends a dot and a half beyond a middle.
 */
static struct mr_axis fit_apart(double lo, double hi, int rows, int apart)
{
    const double beyond = 1.5 / 4;
    double step = round_up((hi - lo) * apart / rows);

    for (;; step = round_up(step * 1.5)) {
        double row = step / apart, lowest = floor(lo / row + beyond + HAIR) * row;
        struct mr_axis axis = {
            .lo = lowest - beyond * row, .hi = lowest + (rows - 1 + beyond) * row, .step = step};

        if (axis.hi >= hi - HAIR * row)
            return axis;
    }
}

struct mr_axis mr_axis_fit_rows(double lo, double hi, int rows, int max_ticks)
{
    int min_ticks = rows > 5 ? 3 : rows > 3 ? 2 : 1;
    struct mr_axis best = {0};

    assert(max_ticks >= 2);
    if (!(hi > lo)) {
        double around = fabs(lo) > 0 ? fabs(lo) * 0.1 : 0.5;

        hi = lo + around;
        lo -= around;
    }
    rows = rows < 2 ? 2 : rows;
    for (int apart = 1; apart < rows; apart++) {
        struct mr_axis axis = fit_apart(lo, hi, rows, apart);
        int n = mr_axis_last(&axis) - mr_axis_first(&axis) + 1;

        if (n >= min_ticks && n <= max_ticks &&
            (best.step <= 0 || axis.hi - axis.lo < best.hi - best.lo - HAIR * axis.step))
            best = axis;
    }
    /* so few ticks that none fit: as they come */
    return best.step > 0 ? best : fit_apart(lo, hi, rows, (rows + 1) / 2);
}

struct mr_axis mr_axis_fit_epochs(int n_epochs, int cols)
{
    int n = n_epochs > 0 ? n_epochs : 1, most = cols / 5 > 2 ? cols / 5 : 2;
    double step = fmax(round_up((double)n / most), 1), cells = floor((cols - 1) * step / n);

    /* two dots to a cell, the first and the last one at the ends */
    return (struct mr_axis){
        .lo = 0, .hi = (2 * cols - 1) * step / (2 * fmax(cells, 1)), .step = step};
}

struct mr_axis mr_axis_fit_log(double lo, double hi, int cols)
{
    struct mr_axis axis = {.lo = log10(lo), .hi = log10(hi), .step = 1, .is_log = true};

    if (!(axis.hi - axis.lo >= 1))
        axis.hi = axis.lo + 1;
    /* a label is five columns, a blank on either side */
    while ((axis.hi - axis.lo) / axis.step * 7 > cols)
        axis.step++;
    return axis;
}

int mr_axis_label(const struct mr_axis *axis, int tick, char *out, size_t cap)
{
    double value = tick * axis->step + 0.0; /* no minus before a nought */

    if (axis->is_log)
        return snprintf(out, cap, "1e%.0f", value);
    return snprintf(out, cap, "%.*f", mr_axis_decimals(axis), value);
}

int mr_axis_decimals(const struct mr_axis *axis)
{
    int decimals = (int)ceil(-log10(axis->step) - HAIR);

    return decimals < 0 ? 0 : decimals;
}
