/* SPDX-License-Identifier: MIT */
/* The loss while it falls: every step a faint dot, their running average a line, validation a mark
 * an epoch. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>

#include "chart.h"
#include "explorer.h"
#include "format.h"
#include "pane.h"

/* With bias correction, as in fastai's plots, but less of it: a falling curve should not lag behind
 * its dots. */
#define SMOOTHING 0.95

struct loss_pane {
    struct mr_pane pane;
    struct mr_point *raw, *smooth; /* (n) owned */
    int n;
};

static void refresh(struct mr_pane *pane)
{
    struct loss_pane *self = (struct loss_pane *)pane;
    const struct mr_facts *facts = &pane->explorer->facts;
    size_t n = (size_t)facts->n_steps;

    self->raw = mr_xrealloc(self->raw, n + 1, sizeof *self->raw);
    self->smooth = mr_xrealloc(self->smooth, n + 1, sizeof *self->smooth);
    self->n = facts->n_steps;
    for (int i = 0; i < self->n; i++)
        self->raw[i] = (struct mr_point){.x = mr_facts_step_epoch(facts, &facts->steps[i]),
                                         .y = facts->steps[i].loss};
    mr_chart_smooth(self->raw, self->n, SMOOTHING, self->smooth);
}

/* ---- the range ---- */

static int compare_losses(const void *left, const void *right)
{
    const double *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

/* The lower median of the validation losses; 0 without one. */
static double median_valid(const struct mr_facts *facts)
{
    double *losses = mr_xalloc((size_t)facts->n_epochs + 1, sizeof *losses), median;
    int n = 0;

    for (int i = 0; i < facts->n_epochs; i++)
        if (isfinite(facts->epochs[i].valid_loss))
            losses[n++] = facts->epochs[i].valid_loss;
    qsort(losses, (size_t)n, sizeof *losses, compare_losses);
    median = n ? losses[(n - 1) / 2] : 0;
    free(losses);
    return median;
}

/* Top of the y axis: all of the average and of validation, and the steps around it. What shoots so
 * far above them that the rest would be a flat line is left out; draw_clipped says so. */
static double highest(const struct loss_pane *self, const struct mr_facts *facts)
{
    double lines = 0, top, limit;

    for (int i = 0; i < self->n; i++)
        if (isfinite(self->smooth[i].y))
            lines = fmax(lines, self->smooth[i].y);
    limit = 3 * fmax(lines, median_valid(facts));
    for (int i = 0; i < facts->n_epochs; i++)
        if (facts->epochs[i].valid_loss <= limit)
            lines = fmax(lines, facts->epochs[i].valid_loss);
    top = lines;
    for (int i = 0; i < self->n; i++)
        if (self->raw[i].y <= 1.5 * lines)
            top = fmax(top, self->raw[i].y);
    return top;
}

/* ---- drawing ---- */

/* Marks with their last values, in the fullest words that there is room for. */
static void draw_legend(const struct loss_pane *self, const struct mr_ink *ink)
{
    static const char *const words[][2] = {
        {"train (smoothed) ", "valid "}, {"smoothed ", "valid "}, {"", ""}};
    const struct mr_facts *facts = &self->pane.explorer->facts;
    struct mr_format train = {""}, valid = {""};
    int i = 0, col = 1;

    if (self->n)
        train = mr_format_loss(self->smooth[self->n - 1].y);
    if (facts->n_epochs)
        valid = mr_format_loss(facts->epochs[facts->n_epochs - 1].valid_loss);
    while (i < 2 && 9 + mr_text_cols(words[i][0]) + mr_text_cols(train.text) +
                            mr_text_cols(words[i][1]) + mr_text_cols(valid.text) >
                        mr_ink_cols(ink))
        i++;
    col += mr_ink_text(ink, 0, col, MR_STYLE_SERIES_1, "⠒⠒ ");
    col += mr_ink_text(ink, 0, col, MR_STYLE_DIM, words[i][0]);
    col += mr_ink_text(ink, 0, col, MR_STYLE_NORMAL, train.text) + 3;
    col += mr_ink_text(ink, 0, col, MR_STYLE_SERIES_2, "● ");
    col += mr_ink_text(ink, 0, col, MR_STYLE_DIM, words[i][1]);
    mr_ink_text(ink, 0, col, MR_STYLE_NORMAL, valid.text);
}

static void draw_marks(const struct mr_chart *chart, const struct mr_ink *ink,
                       const struct mr_facts *facts)
{
    for (int i = 0; i < facts->n_epochs; i++) {
        double y = facts->epochs[i].valid_loss;
        int row, col;

        if (isfinite(y) && y <= chart->y.hi &&
            mr_chart_cell(chart, facts->epochs[i].epoch, y, &row, &col))
            mr_ink_text(ink, row, col, MR_STYLE_SERIES_2, "●");
    }
}

/* An arrow at the top edge for a point above it; *top keeps the highest. */
static void draw_arrow(const struct mr_chart *chart, const struct mr_ink *ink,
                       struct mr_point point, enum mr_style style, struct mr_point *top)
{
    int row, col;

    if (!isfinite(point.y) || point.y <= chart->y.hi ||
        !mr_chart_cell(chart, point.x, chart->y.hi, &row, &col))
        return;
    mr_ink_text(ink, row, col, style, "▲");
    if (point.y > top->y)
        *top = point;
}

/* What is above the chart must not look as if it were at its edge: arrows, and the highest value in
 * digits beside its own. */
static void draw_clipped(const struct loss_pane *self, const struct mr_chart *chart,
                         const struct mr_ink *ink)
{
    const struct mr_facts *facts = &self->pane.explorer->facts;
    struct mr_point top = {0};
    char text[64];
    int row, col;

    for (int i = 0; i < self->n; i++)
        draw_arrow(chart, ink, self->raw[i], MR_STYLE_DIM, &top);
    for (int i = 0; i < facts->n_epochs; i++) {
        struct mr_point point = {facts->epochs[i].epoch, facts->epochs[i].valid_loss};

        draw_arrow(chart, ink, point, MR_STYLE_SERIES_2, &top);
    }
    if (top.y <= chart->y.hi || !mr_chart_cell(chart, top.x, chart->y.hi, &row, &col))
        return;
    snprintf(text, sizeof text, " %s ", mr_format_loss(top.y).text);
    if (col + 1 + mr_text_cols(text) <= mr_ink_cols(ink))
        mr_ink_text(ink, row, col + 1, MR_STYLE_NORMAL, text);
    else
        mr_ink_right(ink, row, col, MR_STYLE_NORMAL, text);
}

static void draw_chart(const struct loss_pane *self, const struct mr_ink *ink)
{
    const struct mr_facts *facts = &self->pane.explorer->facts;
    struct mr_axis y = mr_chart_fit_y(ink, 0, highest(self, facts));
    struct mr_chart *chart = mr_chart_create_epochs(ink, y, facts->run.n_epochs);

    if (chart->cols > 0 && chart->rows > 0) {
        mr_chart_scatter(chart, self->raw, self->n, MR_STYLE_DIM);
        mr_chart_line(chart, self->smooth, self->n, MR_STYLE_SERIES_1);
        mr_chart_draw(chart, ink);
        draw_marks(chart, ink, facts);
        draw_clipped(self, chart, ink);
    }
    mr_chart_destroy(chart);
}

/* What there is to say before the first step. */
static void draw_waiting(const struct mr_explorer *explorer, const struct mr_ink *ink)
{
    const struct mr_facts *facts = &explorer->facts;
    int row = mr_ink_rows(ink) / 2 - 2;

    if (facts->has_run) {
        mr_ink_text(ink, row, 2, MR_STYLE_DIM, "no steps yet");
        return;
    }
    mr_ink_text(ink, row, 2, MR_STYLE_NORMAL, "No run yet.");
    if (facts->images && facts->images->n)
        mr_ink_textf(ink, row + 1, 2, MR_STYLE_DIM, "%s images in %d classes are here.",
                     mr_format_count(facts->images->n).text, facts->images->n_classes);
    mr_ink_text(ink, row + 2, 2, MR_STYLE_KEY, "S");
    mr_ink_text(ink, row + 2, 4, MR_STYLE_NORMAL, "starts training.");
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct loss_pane *self = (struct loss_pane *)pane;
    struct mr_ink below =
        mr_ink_sub(ink, (struct mr_rect_cells){1, 0, mr_ink_rows(ink) - 1, mr_ink_cols(ink)});

    if (!self->n && !pane->explorer->facts.n_epochs) {
        draw_waiting(pane->explorer, ink);
        return;
    }
    draw_legend(self, ink);
    draw_chart(self, &below);
}

static void finish(struct mr_pane *pane)
{
    struct loss_pane *self = (struct loss_pane *)pane;

    free(self->raw);
    free(self->smooth);
}

const struct mr_pane_ops mr_pane_loss_ops = {
    .title = "loss",
    .size = sizeof(struct loss_pane),
    .refresh = refresh,
    .draw = draw,
    .finish = finish,
};
