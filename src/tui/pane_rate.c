/* SPDX-License-Identifier: MIT */
/*
 * Screen 6: the search for a learning rate. The curve grows while the search runs; when it has
 * ended, the rates that it suggests are marked on it, and any rate can be taken into the start
 * sheet.
 */
#include <math.h>
#include <stdio.h>

#include <misread/base/str.h>

#include "chart.h"
#include "explorer.h"
#include "format.h"
#include "overlay.h"
#include "pane.h"
#include "rates.h"

struct rate_pane {
    struct mr_pane pane;
    int version; /* of the search that row and at are about */
    int row;     /* a suggestion, or behind them the crosshair */
    int at;      /* the point it is at */
};

static const struct mr_tui_search *search_of(const struct rate_pane *self)
{
    return &self->pane.explorer->search;
}

static bool runs(const struct rate_pane *self)
{
    return search_of(self)->state == MR_TUI_SEARCH_RUNS;
}

static bool is_crosshair(const struct rate_pane *self)
{
    return self->row >= search_of(self)->n_suggestions;
}

static double chosen_rate(const struct rate_pane *self)
{
    const struct mr_tui_search *search = search_of(self);

    return is_crosshair(self) ? search->points[self->at].lr : search->suggestions[self->row].lr;
}

/* ---- what happens ---- */

static void choose(struct rate_pane *self, int row)
{
    self->row = row;
    if (!is_crosshair(self))
        self->at = mr_rates_nearest(search_of(self), chosen_rate(self));
}

/* Says how it ended to whoever looks at another screen; here it is seen. */
static void tell(const struct rate_pane *self)
{
    struct mr_explorer *explorer = self->pane.explorer;

    if (explorer->screen == MR_SCREEN_RATE)
        return;
    if (search_of(self)->state == MR_TUI_SEARCH_DONE)
        mr_explorer_say(explorer, "the search for a learning rate is done: 6 shows it");
    else if (search_of(self)->state == MR_TUI_SEARCH_FAILED)
        mr_explorer_complain(explorer, "%s", search_of(self)->message);
}

/* The crosshair goes along with a curve that grows; at its end the first suggestion is chosen. */
static void refresh(struct mr_pane *pane)
{
    struct rate_pane *self = (struct rate_pane *)pane;
    const struct mr_tui_search *search = search_of(self);

    if (search->version == self->version)
        return;
    self->version = search->version;
    self->at = search->n - 1;
    choose(self, mr_rates_next(search, -1, 1));
    tell(self);
}

/* Read at once: the next key may be one that stops it. */
static void start(struct rate_pane *self)
{
    struct mr_explorer *explorer = self->pane.explorer;
    const struct mr_tui_options *options = explorer->options;
    struct mr_error err = {0};

    if (options->ops->start_search(options->ops_ctx, &err))
        mr_explorer_complain(explorer, "%s", err.message);
    else if (options->ops->read_search(options->ops_ctx, &explorer->search))
        refresh(&self->pane);
}

static void stop(struct rate_pane *self)
{
    const struct mr_tui_options *options = self->pane.explorer->options;

    options->ops->cancel_search(options->ops_ctx);
    mr_explorer_say(self->pane.explorer, "asked to stop after this step");
}

static void take(struct rate_pane *self)
{
    struct mr_explorer *explorer = self->pane.explorer;

    if (runs(self))
        mr_explorer_say(explorer, "the search is not done yet");
    else if (!search_of(self)->n)
        mr_explorer_say(explorer, "there is no rate to take yet: s starts a search");
    else
        mr_start_sheet_open_rate(explorer, chosen_rate(self));
}

/* Along the curve, by points. */
static bool move_crosshair(struct rate_pane *self, enum mr_act what)
{
    enum mr_act along = what == MR_ACT_LEFT ? MR_ACT_UP : what == MR_ACT_RIGHT ? MR_ACT_DOWN : what;

    if (!mr_pane_move(&self->at, search_of(self)->n, 10, along))
        return false;
    self->row = search_of(self)->n_suggestions;
    return true;
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct rate_pane *self = (struct rate_pane *)pane;

    if (what == MR_ACT_SEARCH && !runs(self))
        start(self);
    else if ((what == MR_ACT_STOP_SEARCH || what == MR_ACT_BACK) && runs(self))
        stop(self);
    else if (what == MR_ACT_TAKE_RATE || what == MR_ACT_OPEN)
        take(self);
    else if (runs(self) || !search_of(self)->n)
        return MR_PANE_IGNORED;
    else if (what == MR_ACT_UP || what == MR_ACT_DOWN)
        choose(self, mr_rates_next(search_of(self), self->row, what == MR_ACT_UP ? -1 : 1));
    else if (!move_crosshair(self, what))
        return MR_PANE_IGNORED;
    return MR_PANE_DONE;
}

/* ---- the curve ---- */

/* A cell of the chart: where a rate stands on the curve. False if it is not drawn. */
static bool cell_of(const struct rate_pane *self, const struct mr_chart *chart, double lr, int *row,
                    int *col)
{
    const struct mr_tui_search *search = search_of(self);
    int at = mr_rates_nearest(search, lr);
    double y = at < 0 ? NAN : search->points[at].smoothed;

    if (!isfinite(y))
        return false;
    return mr_chart_cell(chart, log10(lr), fmin(y, chart->y.hi), row, col);
}

static void draw_upright(const struct mr_ink *ink, int from, int to, int col, enum mr_style style)
{
    for (int row = from; row < to; row++)
        mr_ink_text(ink, row, col, style, "│");
}

/* Each label hangs at the top, a line leads from it down to the curve. */
static void draw_suggestions(const struct rate_pane *self, const struct mr_chart *chart,
                             const struct mr_ink *ink)
{
    const struct mr_tui_search *search = search_of(self);
    int cols[MR_TUI_MAX_SUGGESTIONS], ends[MR_TUI_MAX_SUGGESTIONS], widths[MR_TUI_MAX_SUGGESTIONS],
        rows[MR_TUI_MAX_SUGGESTIONS], kinds[MR_TUI_MAX_SUGGESTIONS], n = 0;

    for (int i = 0; i < search->n_suggestions; i++) {
        if (!cell_of(self, chart, search->suggestions[i].lr, &ends[n], &cols[n]))
            continue;
        widths[n] = mr_text_cols(search->suggestions[i].name);
        kinds[n++] = i;
    }
    mr_rates_stack(cols, widths, n, rows);
    for (int i = 0; i < n; i++) {
        bool is_here = kinds[i] == self->row;

        draw_upright(ink, rows[i], ends[i], cols[i], is_here ? MR_STYLE_KEY : MR_STYLE_DIM);
        mr_ink_text(ink, ends[i], cols[i], MR_STYLE_SERIES_2, is_here ? "◆" : "●");
        mr_ink_text(ink, rows[i], cols[i], is_here ? MR_STYLE_SELECTED : MR_STYLE_NORMAL,
                    search->suggestions[kinds[i]].name);
    }
}

static void draw_crosshair(const struct rate_pane *self, const struct mr_chart *chart,
                           const struct mr_ink *ink)
{
    int row, col;

    if (!cell_of(self, chart, chosen_rate(self), &row, &col))
        return;
    draw_upright(ink, 0, row, col, MR_STYLE_KEY);
    draw_upright(ink, row + 1, chart->rows, col, MR_STYLE_KEY);
    mr_ink_text(ink, row, col, MR_STYLE_KEY, "┼");
}

static void plot(const struct rate_pane *self, struct mr_chart *chart)
{
    const struct mr_tui_search *search = search_of(self);
    struct mr_point raw[MR_TUI_MAX_POINTS], smooth[MR_TUI_MAX_POINTS];
    int n_raw = 0, n = 0;

    for (int i = 0; i < search->n; i++) {
        double x = log10(search->points[i].lr);

        if (search->points[i].loss <= chart->y.hi && search->points[i].loss >= chart->y.lo)
            raw[n_raw++] = (struct mr_point){x, search->points[i].loss};
        if (search->points[i].smoothed <= chart->y.hi)
            smooth[n++] = (struct mr_point){x, search->points[i].smoothed};
    }
    mr_chart_scatter(chart, raw, n_raw, MR_STYLE_DIM);
    mr_chart_line(chart, smooth, n, MR_STYLE_SERIES_1);
}

/* What rises above the chart ends in an arrow, so that it does not look as if it were flat there.
 */
static void draw_arrows(const struct rate_pane *self, const struct mr_chart *chart,
                        const struct mr_ink *ink)
{
    const struct mr_tui_search *search = search_of(self);
    bool was_above = false;
    int row, col;

    for (int i = 0; i < search->n; i++) {
        bool is_above = search->points[i].smoothed > chart->y.hi;

        if (is_above && !was_above &&
            mr_chart_cell(chart, log10(search->points[i].lr), chart->y.hi, &row, &col))
            mr_ink_text(ink, row, col, MR_STYLE_SERIES_1, "▲");
        was_above = is_above;
    }
}

static void draw_curve(const struct rate_pane *self, const struct mr_ink *ink)
{
    const struct mr_tui_search *search = search_of(self);
    double lo, hi, last = runs(self) ? search->lr_hi : search->points[search->n - 1].lr;
    struct mr_chart *chart;

    if (!mr_rates_bounds(search, &lo, &hi))
        return;
    chart = mr_chart_create_log(ink, mr_chart_fit_y(ink, lo, hi), search->lr_lo, last);
    if (chart->cols > 0 && chart->rows > 0) {
        plot(self, chart);
        mr_chart_draw(chart, ink);
        draw_arrows(self, chart, ink);
        draw_suggestions(self, chart, ink);
        if (is_crosshair(self) && !runs(self))
            draw_crosshair(self, chart, ink);
    }
    mr_chart_destroy(chart);
}

/* ---- the words ---- */

/* What it is for, while there is nothing to see. */
static void draw_purpose(const struct rate_pane *self, const struct mr_ink *ink)
{
    static const char *const lines[] = {
        "How fast should the network learn?",
        "",
        "A search makes some 100 steps, each with a higher learning rate, and draws",
        "the loss against it. Where the loss falls fastest the network learns best;",
        "where it rises, the rate is too high. Four ways of reading the curve each",
        "suggest a rate, and Enter puts one into the start sheet.",
        "",
        "It records no run and keeps no weights. It takes as long as 100 batches.",
    };
    const int n = (int)(sizeof lines / sizeof *lines);
    const struct mr_tui_options *options = self->pane.explorer->options;
    int top = (mr_ink_rows(ink) - n - 3) / 2, width = mr_ink_cols(ink) - 4;
    char about[96];

    top = top < 0 ? 0 : top;
    for (int i = 0; i < n; i++)
        mr_ink_short(ink, top + i, 2, width, i ? MR_STYLE_DIM : MR_STYLE_NORMAL, lines[i]);
    options->ops->about(options->ops_ctx, about, sizeof about);
    mr_ink_text(ink, top + n + 1, 2, MR_STYLE_KEY, "s");
    mr_ink_text(ink, top + n + 1, 4, MR_STYLE_NORMAL, "searches with what the start sheet says:");
    mr_ink_short(ink, top + n + 2, 4, width - 2, MR_STYLE_NORMAL, about);
}

static void draw_progress(const struct rate_pane *self, const struct mr_ink *ink)
{
    const struct mr_tui_search *search = search_of(self);
    double share = search->n_total > 0 ? (double)search->n_done / (double)search->n_total : 0;
    int col = 1;

    col += mr_ink_textf(ink, 0, col, MR_STYLE_BOLD, "%s ", search->phase);
    if (search->n_total > 0) {
        col += mr_ink_textf(ink, 0, col, MR_STYLE_NORMAL, "%s of %s ",
                            mr_format_count(search->n_done).text,
                            mr_format_count(search->n_total).text);
        mr_ink_text(ink, 0, col, MR_STYLE_BORDER, "▕");
        mr_ink_text(ink, 0, col + 1, MR_STYLE_SERIES_1, mr_format_bar(share, 15).text);
        mr_ink_text(ink, 0, col + 16, MR_STYLE_BORDER, "▏");
        col += 18;
    }
    mr_ink_short(ink, 0, col, mr_ink_cols(ink) - col - 1, MR_STYLE_DIM, search->about);
}

/* The line above the chart. */
static void draw_state(const struct rate_pane *self, const struct mr_ink *ink)
{
    const struct mr_tui_search *search = search_of(self);
    int col = 1;

    if (runs(self)) {
        draw_progress(self, ink);
        return;
    }
    if (search->state == MR_TUI_SEARCH_CANCELLED)
        col += mr_ink_text(ink, 0, col, MR_STYLE_WARNING, "stopped: no suggestions  ");
    col += mr_ink_textf(ink, 0, col, MR_STYLE_NORMAL, "smoothed loss, %d steps  ", search->n);
    mr_ink_short(ink, 0, col, mr_ink_cols(ink) - col - 1, MR_STYLE_DIM, search->about);
}

/* A row of the list: name, rate, meaning. */
static void draw_row(const struct rate_pane *self, const struct mr_ink *ink, int row, int at,
                     const char *name, double lr, const char *meaning)
{
    bool is_here = row == self->row && !runs(self);
    enum mr_style style = is_here ? MR_STYLE_SELECTED : MR_STYLE_NORMAL;
    int cols = mr_ink_cols(ink);

    mr_ink_fill(ink, (struct mr_rect_cells){at, 0, 1, cols}, style);
    mr_ink_text(ink, at, 1, style, name);
    mr_ink_text(ink, at, 11, style, isfinite(lr) ? mr_format_rate(lr).text : "none");
    mr_ink_short(ink, at, 20, cols - 20, is_here ? style : MR_STYLE_DIM,
                 isfinite(lr) ? meaning : "the loss exploded too soon");
}

static void draw_list(const struct rate_pane *self, const struct mr_ink *ink)
{
    const struct mr_tui_search *search = search_of(self);
    int n = search->n_suggestions;
    char loss[96];

    for (int i = 0; i < n; i++)
        draw_row(self, ink, i, i, search->suggestions[i].name, search->suggestions[i].lr,
                 search->suggestions[i].meaning);
    if (runs(self)) {
        mr_ink_text(ink, 0, 1, MR_STYLE_DIM, "what it suggests is shown when it has ended");
        return;
    }
    snprintf(loss, sizeof loss, "loss %s; Left and Right move it",
             mr_format_loss(search->points[self->at].smoothed).text);
    draw_row(self, ink, n, n, "crosshair", search->points[self->at].lr, loss);
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct rate_pane *self = (struct rate_pane *)pane;
    const struct mr_tui_search *search = search_of(self);
    int rows = mr_ink_rows(ink), cols = mr_ink_cols(ink);
    int list = 5, gap = rows >= 16; /* a blank between chart and list, if there is room */
    struct mr_ink curve =
        mr_ink_sub(ink, (struct mr_rect_cells){1, 0, rows - 1 - list - gap, cols});
    struct mr_ink words = mr_ink_sub(ink, (struct mr_rect_cells){rows - list, 0, list, cols});

    if (search->state == MR_TUI_SEARCH_FAILED)
        mr_ink_wrapped(ink, (struct mr_rect_cells){rows / 3, 2, 4, cols - 4}, MR_STYLE_ERROR,
                       search->message);
    else if (search->state == MR_TUI_SEARCH_NONE || (!search->n && !runs(self)))
        draw_purpose(self, ink);
    else
        draw_state(self, ink);
    if (search->state == MR_TUI_SEARCH_FAILED || !search->n)
        return;
    draw_curve(self, &curve);
    draw_list(self, &words);
}

/* In the list. */
static void click(struct mr_pane *pane, int row, int col)
{
    struct rate_pane *self = (struct rate_pane *)pane;
    const struct mr_tui_search *search = search_of(self);
    int chosen = row - (pane->rect.rows - 5);

    if (runs(self) || !search->n || chosen < 0 || chosen > search->n_suggestions)
        return;
    if (chosen == search->n_suggestions || isfinite(search->suggestions[chosen].lr))
        choose(self, chosen);
}

const struct mr_pane_ops mr_pane_rate_ops = {
    .title = "learning rate",
    .size = sizeof(struct rate_pane),
    .refresh = refresh,
    .act = act,
    .draw = draw,
    .click = click,
};
