/* SPDX-License-Identifier: MIT */
/* A strip of the images misread most at the epoch shown. */
#include <stdio.h>

#include <misread/interp/ranking.h>

#include "explorer.h"
#include "format.h"
#include "pane.h"

/* Columns in which two short names can be told apart. */
#define LEAST_CAPTION 17
/* Blanks between pictures. */
#define GAP 2

struct worst_pane {
    struct mr_pane pane;
    int cursor, left;
    int width; /* cells from one picture to the next, when last drawn */
};

static void refresh(struct mr_pane *pane)
{
    struct worst_pane *self = (struct worst_pane *)pane;
    int n = pane->explorer->reading.n_worst;

    if (self->cursor >= n)
        self->cursor = n > 0 ? n - 1 : 0;
}

static int64_t chosen(const struct mr_pane *pane)
{
    const struct worst_pane *self = (const struct worst_pane *)pane;
    const struct mr_reading *reading = &pane->explorer->reading;

    return self->cursor < reading->n_worst ? reading->worst[self->cursor].image : 0;
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct worst_pane *self = (struct worst_pane *)pane;
    int n = pane->explorer->reading.n_worst;
    int page = self->width ? pane->rect.cols / self->width : 1;

    what = what == MR_ACT_LEFT ? MR_ACT_UP : what == MR_ACT_RIGHT ? MR_ACT_DOWN : what;
    if (mr_pane_move(&self->cursor, n, page, what))
        return MR_PANE_DONE;
    if (what != MR_ACT_OPEN || !n)
        return MR_PANE_IGNORED;
    mr_explorer_open_image(pane->explorer, -1, -1, chosen(pane));
    return MR_PANE_DONE;
}

static void draw_caption(const struct mr_pane *pane, const struct mr_ink *ink,
                         struct mr_rect_cells rect, const struct mr_ranked *ranked,
                         enum mr_style style)
{
    const struct mr_names *names = &pane->explorer->facts.names;
    struct mr_marks marks = mr_desk_marks(&pane->explorer->desk, ranked->image);
    char actual[160], predicted[160], signs[64];

    mr_names_pair(names, ranked->actual, ranked->predicted, rect.cols - 3, actual, predicted,
                  sizeof actual);
    mr_desk_marks_text(&marks, signs, sizeof signs);
    mr_ink_fill(ink, (struct mr_rect_cells){rect.row, rect.col, rect.rows, rect.cols}, style);
    mr_ink_textf(ink, rect.row, rect.col, style, "%s → %s", actual, predicted);
    if (rect.rows > 1)
        mr_ink_textf(ink, rect.row + 1, rect.col, style, "%s %s",
                     mr_format_loss((double)ranked->loss).text, signs);
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct worst_pane *self = (struct worst_pane *)pane;
    struct mr_explorer *explorer = pane->explorer;
    const struct mr_reading *reading = &explorer->reading;
    int rows = mr_ink_rows(ink), captions = rows >= 8 ? 2 : 1, high = rows - captions;
    int wide = high * 13 / 5, least = wide > LEAST_CAPTION ? wide : LEAST_CAPTION, n;

    if (!reading->n_worst || high < 1)
        return;
    n = (mr_ink_cols(ink) - 1) / (least + GAP);
    n = n > 0 ? n : 1;
    self->width = (mr_ink_cols(ink) - 1) / n; /* what is left over is shared out */
    self->left = mr_pane_scroll(self->left, self->cursor, n, reading->n_worst);
    for (int i = 0; i < n && self->left + i < reading->n_worst; i++) {
        const struct mr_ranked *ranked = &reading->worst[self->left + i];
        struct mr_rect_cells at = {0, 1 + i * self->width, high, wide};
        bool is_chosen = pane->has_focus && self->left + i == self->cursor;

        mr_pictures_draw(explorer, ink, at, ranked->image);
        at.cols = self->width - GAP;
        at.row = high;
        at.rows = captions;
        draw_caption(pane, ink, at, ranked, is_chosen ? MR_STYLE_SELECTED : MR_STYLE_NORMAL);
    }
}

static void click(struct mr_pane *pane, int row, int col)
{
    struct worst_pane *self = (struct worst_pane *)pane;
    int i = self->width ? self->left + (col - 1) / self->width : 0;

    if (i >= 0 && i < pane->explorer->reading.n_worst)
        self->cursor = i;
}

const struct mr_pane_ops mr_pane_worst_ops = {
    .title = "misread most, just now",
    .size = sizeof(struct worst_pane),
    .refresh = refresh,
    .act = act,
    .draw = draw,
    .click = click,
    .chosen = chosen,
};
