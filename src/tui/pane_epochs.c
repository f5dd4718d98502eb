/* SPDX-License-Identifier: MIT */
/* The table of epochs, as fastai prints it, with the interval that the accuracy deserves. */
#include <math.h>
#include <stdio.h>

#include <misread/interp/confusion.h>
#include <misread/store/runs.h>

#include "explorer.h"
#include "format.h"
#include "pane.h"

struct epochs_pane {
    struct mr_pane pane;
    int cursor, top;
    bool has_moved; /* else the last epoch is followed */
};

static void refresh(struct mr_pane *pane)
{
    struct epochs_pane *self = (struct epochs_pane *)pane;
    int n = pane->explorer->facts.n_epochs;

    if (!self->has_moved || self->cursor >= n)
        self->cursor = n > 0 ? n - 1 : 0;
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct epochs_pane *self = (struct epochs_pane *)pane;
    struct mr_explorer *explorer = pane->explorer;
    int n = explorer->facts.n_epochs;

    if (mr_pane_move(&self->cursor, n, pane->rect.rows - 1, what)) {
        self->has_moved = self->cursor != n - 1;
        return MR_PANE_DONE;
    }
    if (what != MR_ACT_OPEN || !n)
        return MR_PANE_IGNORED;
    explorer->reading.epoch_wanted =
        self->cursor == n - 1 ? 0 : explorer->facts.epochs[self->cursor].epoch;
    mr_explorer_recount(explorer);
    mr_explorer_enter(explorer, MR_SCREEN_MATRIX);
    return MR_PANE_DONE;
}

/* The table in three widths; the narrowest leaves out what the charts show too. */
static const struct {
    int cols; /* needed */
    int decimals;
    const char *heading, *format;
} widths[] = {
    {52, 3, " epoch   train   valid    acc  95 % CI        time",
     " %5d  %6s  %6s  %5s  %-11s  %6s "},
    {38, 2, " ep  train  valid  acc 95 % CI    time", "%3d %6s %6s %4s %-9s %5s"},
    {0, 2, " ep  acc 95 % CI    time", "%3d%.0s%.0s %4s %-9s %5s"},
};

static void row_text(const struct mr_epoch *epoch, int width, char *out, size_t cap)
{
    double share = epoch->n_valid > 0 ? (double)epoch->n_correct / epoch->n_valid : (double)NAN;
    struct mr_format interval = {"-"};
    double lo, hi;

    if (epoch->n_valid > 0 && epoch->n_correct >= 0 && epoch->n_correct <= epoch->n_valid) {
        mr_wilson(epoch->n_correct, epoch->n_valid, &lo, &hi);
        interval = mr_format_interval(lo, hi, widths[width].decimals);
    }
    snprintf(out, cap, widths[width].format, epoch->epoch, mr_format_loss(epoch->train_loss).text,
             mr_format_loss(epoch->valid_loss).text, mr_format_share(share, 3).text, interval.text,
             mr_format_duration(epoch->seconds).text);
}

/* The best epoch's weights are those that are kept, and in bold. */
static void draw_epoch(const struct mr_ink *ink, int row, int width, const struct mr_epoch *epoch,
                       bool is_best, bool is_chosen)
{
    enum mr_style style = is_chosen ? MR_STYLE_SELECTED : is_best ? MR_STYLE_BOLD : MR_STYLE_NORMAL;
    char text[128];
    int cols;

    row_text(epoch, width, text, sizeof text);
    cols = mr_ink_text(ink, row, 0, style, text);
    if (is_best && mr_ink_cols(ink) >= cols + 6)
        mr_ink_text(ink, row, cols + 1, MR_STYLE_DIM, "best");
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct epochs_pane *self = (struct epochs_pane *)pane;
    const struct mr_facts *facts = &pane->explorer->facts;
    const struct mr_epoch *best =
        facts->n_epochs ? mr_epochs_best(facts->epochs, facts->n_epochs) : NULL;
    int rows = mr_ink_rows(ink) - 1;
    int width = 0;

    while (mr_ink_cols(ink) < widths[width].cols)
        width++;
    mr_ink_text(ink, 0, 0, MR_STYLE_DIM, widths[width].heading);
    self->top = mr_pane_scroll(self->top, self->cursor, rows, facts->n_epochs);
    for (int i = 0; i < rows && self->top + i < facts->n_epochs; i++) {
        const struct mr_epoch *epoch = &facts->epochs[self->top + i];

        draw_epoch(ink, 1 + i, width, epoch, epoch == best,
                   pane->has_focus && self->top + i == self->cursor);
    }
}

static void click(struct mr_pane *pane, int row, int col)
{
    struct epochs_pane *self = (struct epochs_pane *)pane;

    if (row >= 1 && self->top + row - 1 < pane->explorer->facts.n_epochs) {
        self->cursor = self->top + row - 1;
        self->has_moved = true;
    }
}

const struct mr_pane_ops mr_pane_epochs_ops = {
    .title = "epochs",
    .size = sizeof(struct epochs_pane),
    .refresh = refresh,
    .act = act,
    .draw = draw,
    .click = click,
};
