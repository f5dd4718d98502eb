/* SPDX-License-Identifier: MIT */
/* Accuracy on the validation images after each epoch, with Wilson's 95 % interval. */
#include <math.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/interp/confusion.h>

#include "chart.h"
#include "explorer.h"
#include "format.h"
#include "pane.h"

struct accuracy_pane {
    struct mr_pane pane;
};

static double share_of(const struct mr_epoch *epoch)
{
    return epoch->n_valid > 0 ? (double)epoch->n_correct / epoch->n_valid : (double)NAN;
}

/* The interval of an epoch; false if nothing was counted. */
static bool interval_of(const struct mr_epoch *epoch, double *lo, double *hi)
{
    if (epoch->n_valid <= 0 || epoch->n_correct < 0 || epoch->n_correct > epoch->n_valid)
        return false;
    mr_wilson(epoch->n_correct, epoch->n_valid, lo, hi);
    return true;
}

static void draw_legend(const struct mr_facts *facts, const struct mr_ink *ink)
{
    const struct mr_epoch *last = &facts->epochs[facts->n_epochs - 1];
    double lo, hi;
    int col = 1;

    col += mr_ink_text(ink, 0, col, MR_STYLE_SERIES_2, "● ");
    col += mr_ink_text(ink, 0, col, MR_STYLE_DIM, "valid ");
    if (!interval_of(last, &lo, &hi))
        return;
    col += mr_ink_textf(ink, 0, col, MR_STYLE_BOLD, "%s ", mr_format_share(share_of(last), 3).text);
    mr_ink_textf(ink, 0, col, MR_STYLE_DIM, "%s", mr_format_interval(lo, hi, 3).text);
}

static struct mr_axis y_axis(const struct mr_facts *facts, int max_ticks)
{
    double least = 1, most = 0;

    for (int i = 0; i < facts->n_epochs; i++) {
        double lo, hi;

        if (!interval_of(&facts->epochs[i], &lo, &hi))
            continue;
        least = fmin(least, lo);
        most = fmax(most, hi);
    }
    if (most <= least)
        return (struct mr_axis){.lo = 0, .hi = 1, .step = 0.5};
    return mr_axis_fit(least, most, max_ticks);
}

static void draw_epochs(const struct mr_chart *chart, const struct mr_ink *ink,
                        const struct mr_facts *facts)
{
    for (int i = 0; i < facts->n_epochs; i++) {
        const struct mr_epoch *epoch = &facts->epochs[i];
        int top, bottom, row, col;
        double lo, hi;

        if (!interval_of(epoch, &lo, &hi) ||
            !mr_chart_cell(chart, epoch->epoch, fmin(hi, chart->y.hi), &top, &col) ||
            !mr_chart_cell(chart, epoch->epoch, fmax(lo, chart->y.lo), &bottom, &col))
            continue;
        for (row = top; row <= bottom; row++)
            mr_ink_text(ink, row, col, MR_STYLE_DIM, "│");
        if (mr_chart_cell(chart, epoch->epoch, share_of(epoch), &row, &col))
            mr_ink_text(ink, row, col, MR_STYLE_SERIES_2, "●");
    }
}

static void draw_chart(const struct mr_facts *facts, const struct mr_ink *ink)
{
    int rows = mr_ink_rows(ink), ticks = rows / 2 > 2 ? rows / 2 : 2;
    struct mr_axis y = y_axis(facts, ticks < 5 ? ticks : 5);
    int cols = mr_ink_cols(ink) - mr_chart_label_cols(&y);
    int n = facts->run.n_epochs > 0 ? facts->run.n_epochs : 1;
    struct mr_axis x = mr_axis_fit(0, n, cols / 5 > 2 ? cols / 5 : 2);
    struct mr_chart *chart;

    x.step = x.step < 1 ? 1 : x.step;
    chart = mr_chart_create(x, y, cols, rows - 1);
    if (chart->cols > 0 && chart->rows > 0) {
        mr_chart_draw(chart, ink);
        draw_epochs(chart, ink, facts);
    }
    mr_chart_destroy(chart);
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    const struct mr_facts *facts = &pane->explorer->facts;
    struct mr_ink below =
        mr_ink_sub(ink, (struct mr_rect_cells){1, 0, mr_ink_rows(ink) - 1, mr_ink_cols(ink)});

    if (!facts->n_epochs) {
        mr_ink_text(ink, mr_ink_rows(ink) / 2 - 1, 2, MR_STYLE_DIM,
                    facts->has_run ? "after the first epoch" : "");
        return;
    }
    draw_legend(facts, ink);
    draw_chart(facts, &below);
}

const struct mr_pane_ops mr_pane_accuracy_ops = {
    .title = "accuracy",
    .size = sizeof(struct accuracy_pane),
    .draw = draw,
};
