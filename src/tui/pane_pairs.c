/* SPDX-License-Identifier: MIT */
/* The most confused pairs of classes; each opens into its images. */
#include <stdio.h>

#include <misread/interp/confusion.h>

#include "explorer.h"
#include "format.h"
#include "pane.h"

struct pairs_pane {
    struct mr_pane pane;
    int cursor, top;
};

static void refresh(struct mr_pane *pane)
{
    struct pairs_pane *self = (struct pairs_pane *)pane;
    int n = pane->explorer->reading.n_pairs;

    if (self->cursor >= n)
        self->cursor = n > 0 ? n - 1 : 0;
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct pairs_pane *self = (struct pairs_pane *)pane;
    const struct mr_reading *reading = &pane->explorer->reading;

    if (mr_pane_move(&self->cursor, reading->n_pairs, pane->rect.rows, what))
        return MR_PANE_DONE;
    if (what != MR_ACT_OPEN || !reading->n_pairs)
        return MR_PANE_IGNORED;
    mr_explorer_open_cell(pane->explorer, MR_SHOW_ALL, reading->pairs[self->cursor].actual,
                          reading->pairs[self->cursor].predicted);
    return MR_PANE_DONE;
}

#define BAR_COLS 8

static void draw_row(const struct mr_pane *pane, const struct mr_ink *ink, int row,
                     const struct mr_pair *pair, enum mr_style style)
{
    const struct mr_reading *reading = &pane->explorer->reading;
    const struct mr_names *names = &pane->explorer->facts.names;
    int cols = mr_ink_cols(ink), bar = cols >= 48 ? BAR_COLS + 1 : 0;
    int room = cols - bar - 6 - 3;
    char actual[160], predicted[160], text[512];

    mr_names_pair(names, pair->actual, pair->predicted, room, actual, predicted, sizeof actual);
    mr_ink_fill(ink, (struct mr_rect_cells){row, 0, 1, cols - bar}, style);
    snprintf(text, sizeof text, "%s → %s", actual, predicted);
    mr_ink_text(ink, row, 1, style, text);
    snprintf(text, sizeof text, "%d", pair->count);
    mr_ink_right(ink, row, cols - bar - 1, style, text);
    if (bar)
        mr_ink_text(ink, row, cols - bar, MR_STYLE_SERIES_2,
                    mr_format_bar((double)pair->count / reading->pairs[0].count, BAR_COLS).text);
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct pairs_pane *self = (struct pairs_pane *)pane;
    const struct mr_reading *reading = &pane->explorer->reading;
    int rows = mr_ink_rows(ink);

    if (!reading->confusion || !reading->n_pairs) {
        mr_ink_text(ink, 0, 1, MR_STYLE_DIM,
                    reading->confusion              ? "nothing is misread"
                    : pane->explorer->facts.has_run ? "after the first epoch"
                                                    : "");
        return;
    }
    self->top = mr_pane_scroll(self->top, self->cursor, rows, reading->n_pairs);
    for (int i = 0; i < rows && self->top + i < reading->n_pairs; i++) {
        bool is_chosen = pane->has_focus && self->top + i == self->cursor;

        draw_row(pane, ink, i, &reading->pairs[self->top + i],
                 is_chosen ? MR_STYLE_SELECTED : MR_STYLE_NORMAL);
    }
}

static void click(struct mr_pane *pane, int row, int col)
{
    struct pairs_pane *self = (struct pairs_pane *)pane;

    if (self->top + row < pane->explorer->reading.n_pairs)
        self->cursor = self->top + row;
}

const struct mr_pane_ops mr_pane_pairs_ops = {
    .title = "most confused now",
    .size = sizeof(struct pairs_pane),
    .refresh = refresh,
    .act = act,
    .draw = draw,
    .click = click,
};
