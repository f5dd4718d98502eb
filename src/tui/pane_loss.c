/* SPDX-License-Identifier: MIT */
/* The loss while it falls: every step a faint dot, their running average a line, validation a mark
 * an epoch. */
#include <math.h>
#include <stdlib.h>

#include <misread/base/alloc.h>

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

/* Top of the y axis: all of the lines, and the dots unless they shoot far above. */
static double highest(const struct loss_pane *self, const struct mr_facts *facts)
{
    double lines = 0, dots = 0;

    for (int i = 0; i < self->n; i++) {
        if (isfinite(self->smooth[i].y))
            lines = fmax(lines, self->smooth[i].y);
        if (isfinite(self->raw[i].y))
            dots = fmax(dots, self->raw[i].y);
    }
    for (int i = 0; i < facts->n_epochs; i++)
        if (isfinite(facts->epochs[i].valid_loss))
            lines = fmax(lines, facts->epochs[i].valid_loss);
    return dots < lines * 1.5 ? dots : lines * 1.2;
}

static void draw_legend(const struct loss_pane *self, const struct mr_ink *ink)
{
    const struct mr_facts *facts = &self->pane.explorer->facts;
    bool is_narrow = mr_ink_cols(ink) < 36;
    int col = 1;

    col += mr_ink_text(ink, 0, col, MR_STYLE_SERIES_1, "⠒⠒ ");
    col += mr_ink_text(ink, 0, col, MR_STYLE_DIM, is_narrow ? "" : "train ");
    if (self->n)
        col += mr_ink_textf(ink, 0, col, MR_STYLE_NORMAL, "%s",
                            mr_format_loss(self->smooth[self->n - 1].y).text);
    col += 3;
    col += mr_ink_text(ink, 0, col, MR_STYLE_SERIES_2, "● ");
    col += mr_ink_text(ink, 0, col, MR_STYLE_DIM, is_narrow ? "" : "valid ");
    if (facts->n_epochs)
        mr_ink_text(ink, 0, col, MR_STYLE_NORMAL,
                    mr_format_loss(facts->epochs[facts->n_epochs - 1].valid_loss).text);
}

/* Whole epochs, as many ticks as there is room for. */
static struct mr_axis epoch_axis(int n_epochs, int cols)
{
    struct mr_axis axis = mr_axis_fit(0, n_epochs, cols / 5 > 2 ? cols / 5 : 2);

    axis.step = axis.step < 1 ? 1 : axis.step;
    return axis;
}

static void draw_marks(const struct mr_chart *chart, const struct mr_ink *ink,
                       const struct mr_facts *facts)
{
    for (int i = 0; i < facts->n_epochs; i++) {
        double y = fmin(facts->epochs[i].valid_loss, chart->y.hi);
        int row, col;

        if (isfinite(y) && mr_chart_cell(chart, facts->epochs[i].epoch, y, &row, &col))
            mr_ink_text(ink, row, col, MR_STYLE_SERIES_2, "●");
    }
}

static void draw_chart(const struct loss_pane *self, const struct mr_ink *ink)
{
    const struct mr_facts *facts = &self->pane.explorer->facts;
    int rows = mr_ink_rows(ink), ticks = rows / 2 > 2 ? rows / 2 : 2;
    struct mr_axis y = mr_axis_fit(0, highest(self, facts), ticks < 5 ? ticks : 5);
    int cols = mr_ink_cols(ink) - mr_chart_label_cols(&y);
    struct mr_axis x = epoch_axis(facts->run.n_epochs > 0 ? facts->run.n_epochs : 1, cols);
    struct mr_chart *chart = mr_chart_create(x, y, cols, rows - 1);

    if (chart->cols > 0 && chart->rows > 0) {
        mr_chart_scatter(chart, self->raw, self->n, MR_STYLE_DIM);
        mr_chart_line(chart, self->smooth, self->n, MR_STYLE_SERIES_1);
        mr_chart_draw(chart, ink);
        draw_marks(chart, ink, facts);
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
