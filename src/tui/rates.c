/* SPDX-License-Identifier: MIT */
/* Ranges, neighbours and places of labels for the curve of a search. */
#include "rates.h"

#include <math.h>
#include <stdbool.h>

#include <misread/tui/tui.h>

/* The lowest smoothed loss from a point on; -1 if none is finite. */
static int lowest(const struct mr_tui_search *search, int from)
{
    int at = -1;

    for (int i = from; i < search->n; i++)
        if (isfinite(search->points[i].smoothed) &&
            (at < 0 || search->points[i].smoothed < search->points[at].smoothed))
            at = i;
    return at;
}

/* An average of few steps may begin lower than it ever falls. */
bool mr_rates_bounds(const struct mr_tui_search *search, double *lo, double *hi)
{
    int least = lowest(search, 0), last = lowest(search, search->n / 5);
    double top;

    if (least < 0)
        return false;
    top = *lo = search->points[least].smoothed;
    for (int i = 0; i <= last; i++)
        if (isfinite(search->points[i].smoothed))
            top = fmax(top, search->points[i].smoothed);
    *hi = top + .5 * (top - *lo);
    return true;
}

int mr_rates_nearest(const struct mr_tui_search *search, double lr)
{
    int at = search->n ? 0 : -1;

    for (int i = 1; i < search->n; i++)
        if (fabs(log(search->points[i].lr / lr)) < fabs(log(search->points[at].lr / lr)))
            at = i;
    return at;
}

int mr_rates_next(const struct mr_tui_search *search, int from, int by)
{
    for (int i = from + by; i >= 0 && i <= search->n_suggestions; i += by)
        if (i == search->n_suggestions || isfinite(search->suggestions[i].lr))
            return i;
    return from;
}

/* Does label i stand left of label j? Of those at one column the earlier one does. */
static bool is_left(const int *cols, int i, int j)
{
    return cols[i] < cols[j] || (cols[i] == cols[j] && i < j);
}

void mr_rates_stack(const int *cols, const int *widths, int n, int *rows)
{
    bool is_placed[MR_TUI_MAX_SUGGESTIONS] = {false};

    for (int k = 0; k < n; k++) {
        int next = -1;

        for (int i = 0; i < n; i++)
            if (!is_placed[i] && (next < 0 || is_left(cols, i, next)))
                next = i;
        rows[next] = 0;
        for (int i = 0; i < n; i++)
            if (is_placed[i] && cols[i] + widths[i] >= cols[next] && rows[i] >= rows[next])
                rows[next] = rows[i] + 1;
        is_placed[next] = true;
    }
}
