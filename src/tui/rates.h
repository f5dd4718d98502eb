/* SPDX-License-Identifier: MIT */
/* What there is to reckon about the curve of a search for a learning rate. Pure. */
#ifndef MISREAD_TUI_RATES_H
#define MISREAD_TUI_RATES_H

#include <stdbool.h>

struct mr_tui_search;

/*
 * The range of losses worth drawing: all of the smoothed ones up to the lowest (of those behind the
 * first fifth) and half as much again above them, so that an end that explodes does not flatten the
 * rest. False without a loss that is finite.
 */
bool mr_rates_bounds(const struct mr_tui_search *search, double *lo, double *hi);
/* The point whose rate is nearest, by its logarithm; -1 without points. */
int mr_rates_nearest(const struct mr_tui_search *search, double lr);
/* From row `from` by +-1 to the next suggestion that has a rate or, behind the last one, to the
 * row n_suggestions, which is always there. from itself where there is none that way. */
int mr_rates_next(const struct mr_tui_search *search, int from, int by);
/*
 * Rows, from the top, for n <= MR_TUI_MAX_SUGGESTIONS labels that begin at columns cols and are
 * widths wide, so that none lies on another and a line that goes down from a label's first column
 * crosses none: a label stands below all that overlap it and begin left of it.
 */
void mr_rates_stack(const int *cols, const int *widths, int n, int *rows);

#endif
