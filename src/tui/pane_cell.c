/* SPDX-License-Identifier: MIT */
/* The chosen cell of the matrix: how many of how many, how sure that is, and its worst images. */
#include <stdio.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/interp/confusion.h>
#include <misread/interp/ranking.h>

#include "explorer.h"
#include "format.h"
#include "pane.h"

struct cell_pane {
    struct mr_pane pane;
    struct mr_ranked *worst; /* owned: the cell's images, largest loss first */
    int n_worst;
    unsigned serial; /* of the reading, with the cell they are of */
    int actual, predicted;
    int cursor, n_shown;
    int first_row, first_col, picture_rows, picture_cols, per_row; /* where they were drawn */
};

#define MOST_SHOWN 4

/* Images that came into the cell or went from it, worst first as they are read now. */
static int rank_changes(const struct mr_reading *reading, const struct mr_ranking_filter *cell,
                        struct mr_ranked **ranked)
{
    const struct mr_predictions *view = &reading->valid.view;
    int n = 0;

    *ranked = mr_xalloc((size_t)reading->contrast.shown->n_changes + 1, sizeof **ranked);
    for (int i = 0; i < view->n; i++)
        if (mr_contrast_find(&reading->contrast, i, cell->actual, cell->predicted))
            (*ranked)[n++] = mr_ranked_of(view, i);
    mr_ranking_sort(*ranked, n, MR_ORDER_LOSS);
    return n;
}

/* The images follow the matrix's cursor and the epoch. */
static void follow(struct cell_pane *self)
{
    const struct mr_explorer *explorer = self->pane.explorer;
    const struct mr_reading *reading = &explorer->reading;
    const struct mr_ranking_filter filter = {.actual = explorer->actual,
                                             .predicted = explorer->predicted};

    if (self->worst && self->serial == reading->serial && self->actual == explorer->actual &&
        self->predicted == explorer->predicted)
        return;
    free(self->worst);
    self->worst = NULL;
    self->n_worst = 0;
    self->cursor = 0;
    if (reading->contrast.shown)
        self->n_worst = rank_changes(reading, &filter, &self->worst);
    else if (reading->valid.stored)
        self->n_worst = mr_ranking_with(&reading->valid.view, reading->valid.guesses, &filter,
                                        MR_ORDER_LOSS, &self->worst);
    self->serial = reading->serial;
    self->actual = explorer->actual;
    self->predicted = explorer->predicted;
}

static int64_t chosen(const struct mr_pane *pane)
{
    const struct cell_pane *self = (const struct cell_pane *)pane;

    return self->cursor < self->n_shown && self->cursor < self->n_worst
               ? self->worst[self->cursor].image
               : 0;
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct cell_pane *self = (struct cell_pane *)pane;
    int n = self->n_shown, by = self->per_row > 0 ? self->per_row : 1;

    switch (what) {
    case MR_ACT_LEFT:
        self->cursor -= self->cursor > 0;
        return MR_PANE_DONE;
    case MR_ACT_RIGHT:
        self->cursor += self->cursor < n - 1;
        return MR_PANE_DONE;
    case MR_ACT_UP:
        self->cursor -= self->cursor >= by ? by : 0;
        return MR_PANE_DONE;
    case MR_ACT_DOWN:
        self->cursor += self->cursor + by < n ? by : 0;
        return MR_PANE_DONE;
    case MR_ACT_OPEN:
        if (chosen(pane))
            mr_explorer_open_image(pane->explorer, self->actual, self->predicted, chosen(pane));
        return MR_PANE_DONE;
    default:
        return MR_PANE_IGNORED;
    }
}

/* ---- drawing ---- */

static int draw_wrong(const struct cell_pane *self, const struct mr_ink *ink, int row)
{
    const struct mr_confusion *confusion = self->pane.explorer->reading.confusion;
    int count = mr_confusion_at(confusion, self->actual, self->predicted);
    int back = mr_confusion_at(confusion, self->predicted, self->actual);
    int n = mr_confusion_n_actual(confusion, self->actual);
    int n_back = mr_confusion_n_actual(confusion, self->predicted), col;
    double lo, hi;

    mr_wilson(count, n, &lo, &hi);
    col = 1 + mr_ink_textf(ink, row, 1, MR_STYLE_BOLD, "%d of %d", count, n);
    if (n)
        mr_ink_textf(ink, row, col, MR_STYLE_NORMAL, "   %.0f %%  [%.0f %.0f]", 100.0 * count / n,
                     100 * lo, 100 * hi);
    mr_ink_textf(ink, row + 1, 1, MR_STYLE_DIM, "and back: %d of %d", back, n_back);
    return 2;
}

static int draw_right(const struct cell_pane *self, const struct mr_ink *ink, int row)
{
    const struct mr_confusion *confusion = self->pane.explorer->reading.confusion;
    struct mr_class_metrics metrics = mr_confusion_metrics(confusion, self->actual);
    int count = mr_confusion_at(confusion, self->actual, self->actual);

    mr_ink_textf(ink, row, 1, MR_STYLE_BOLD, "%d of %d read right", count, metrics.n);
    mr_ink_textf(ink, row + 1, 1, MR_STYLE_DIM, "precision %s  recall %s  F1 %s",
                 mr_format_share(metrics.precision, 2).text,
                 mr_format_share(metrics.recall, 2).text, mr_format_share(metrics.f1, 2).text);
    return 2;
}

/* The cell's count at each epoch, the one shown in bold; the last ones if there are many. */
static void draw_history(const struct cell_pane *self, const struct mr_ink *ink, int row, int cols)
{
    const struct mr_explorer *explorer = self->pane.explorer;
    const struct mr_facts *facts = &explorer->facts;
    int col = 1, room = (cols - 12) / 4, first = facts->n_epochs - room;

    if (facts->n_epochs < 2)
        return;
    col += mr_ink_text(ink, row, col, MR_STYLE_DIM, "by epoch ");
    for (int i = first > 0 ? first : 0; i < facts->n_epochs; i++) {
        int n = mr_reading_cell_at(&explorer->reading, facts, i, self->actual, self->predicted);
        bool is_shown = facts->epochs[i].epoch == explorer->reading.epoch;

        if (n < 0)
            col += mr_ink_text(ink, row, col, MR_STYLE_DIM, "  …");
        else
            col +=
                mr_ink_textf(ink, row, col, is_shown ? MR_STYLE_BOLD : MR_STYLE_NORMAL, "%3d", n);
        col++;
    }
}

/* "folders .865 → .881  p .047" */
static void draw_test(const struct mr_ink *ink, int row, const char *by,
                      const struct mr_difference *d)
{
    if (d->n)
        mr_ink_textf(ink, row, 1, MR_STYLE_NORMAL, "%-8s %s → %s  p %s", by,
                     mr_format_share((double)d->n_right_before / d->n, 3).text,
                     mr_format_share((double)d->n_right_after / d->n, 3).text,
                     mr_format_chance(d->mcnemar.p).text);
}

/* Who came and went, then what both kinds of labels say of it all. */
static int draw_change(const struct cell_pane *self, const struct mr_ink *ink, int row)
{
    const struct mr_contrast *contrast = &self->pane.explorer->reading.contrast;
    int by = mr_difference_at(contrast->shown, self->actual, self->predicted);

    mr_ink_textf(ink, row, 1, MR_STYLE_BOLD, "%s%d: %d came, %d went", by > 0 ? "+" : "", by,
                 (self->n_worst + by) / 2, (self->n_worst - by) / 2);
    draw_test(ink, row + 1, "folders", contrast->by.original);
    draw_test(ink, row + 2, "readers", contrast->by.reviewed);
    mr_ink_textf(ink, row + 3, 1, MR_STYLE_DIM, "%d label%s changed by readers",
                 contrast->by.n_relabelled, contrast->by.n_relabelled == 1 ? "" : "s");
    return 4;
}

/* What there is to say in words; returns the rows used. */
static int draw_words(const struct cell_pane *self, const struct mr_ink *ink, int cols)
{
    const struct mr_explorer *explorer = self->pane.explorer;
    const struct mr_names *names = &explorer->facts.names;
    char actual[160], predicted[160];
    int room = cols - 2, row = 1;

    if (explorer->reading.contrast.shown) {
        mr_names_pair(names, self->actual, self->predicted, room - 3, actual, predicted,
                      sizeof actual);
        mr_ink_textf(ink, 0, 1, MR_STYLE_BOLD, "%s → %s", actual, predicted);
        return row + draw_change(self, ink, row);
    }
    if (self->actual == self->predicted) {
        mr_ink_short(ink, 0, 1, room, MR_STYLE_BOLD, mr_names_full(names, self->actual));
        row += draw_right(self, ink, row);
    } else {
        mr_names_pair(names, self->actual, self->predicted, room - 3, actual, predicted,
                      sizeof actual);
        mr_ink_textf(ink, 0, 1, MR_STYLE_BOLD, "%s → %s", actual, predicted);
        row += draw_wrong(self, ink, row);
    }
    draw_history(self, ink, row++, cols);
    return row;
}

static void draw_picture(struct cell_pane *self, const struct mr_ink *ink, int i)
{
    struct mr_explorer *explorer = self->pane.explorer;
    const struct mr_ranked *ranked = &self->worst[i];
    struct mr_marks marks = mr_desk_marks(&explorer->desk, ranked->image);
    bool is_chosen = self->pane.has_focus && i == self->cursor;
    enum mr_style style = is_chosen ? MR_STYLE_SELECTED : MR_STYLE_NORMAL;
    struct mr_rect_cells at = {
        self->first_row + i / self->per_row * (self->picture_rows + 1),
        self->first_col + i % self->per_row * (self->picture_cols + 1),
        self->picture_rows,
        self->picture_cols,
    };
    char signs[64];

    mr_pictures_draw(explorer, ink, at, ranked->image);
    if (is_chosen) {
        explorer->chosen_rect = at;
        explorer->chosen_rect.row += ink->canvas.rect.row;
        explorer->chosen_rect.col += ink->canvas.rect.col;
    }
    mr_desk_marks_text(&marks, signs, sizeof signs);
    mr_ink_fill(ink, (struct mr_rect_cells){at.row + at.rows, at.col, 1, at.cols}, style);
    mr_ink_textf(ink, at.row + at.rows, at.col, style, "%s %s",
                 mr_format_loss((double)ranked->loss).text, signs);
}

/* As many as fit of the worst four, in the rectangle left for them. */
static void draw_pictures(struct cell_pane *self, const struct mr_ink *ink,
                          struct mr_rect_cells room, int per_row, int n_rows)
{
    int most = self->n_worst < MOST_SHOWN ? self->n_worst : MOST_SHOWN;

    self->per_row = per_row;
    self->first_row = room.row;
    self->first_col = room.col;
    self->picture_cols = room.cols / per_row - 1;
    self->picture_rows = room.rows / n_rows - 1;
    if (self->picture_rows > self->picture_cols * 2 / 5)
        self->picture_rows = self->picture_cols * 2 / 5;
    self->n_shown = most < per_row * n_rows ? most : per_row * n_rows;
    if (self->picture_rows < 2 || self->picture_cols < 6)
        self->n_shown = 0;
    if (self->cursor >= self->n_shown)
        self->cursor = self->n_shown > 0 ? self->n_shown - 1 : 0;
    for (int i = 0; i < self->n_shown; i++)
        draw_picture(self, ink, i);
}

static void draw_caption(const struct cell_pane *self, const struct mr_ink *ink, int row)
{
    if (self->n_shown && self->n_worst > self->n_shown)
        mr_ink_textf(ink, row, 1, MR_STYLE_DIM, "worst %d of the %d", self->n_shown, self->n_worst);
    else if (self->n_shown)
        mr_ink_textf(ink, row, 1, MR_STYLE_DIM,
                     self->n_shown == 1 ? "the only one" : "all of them");
}

/* At the right of the matrix: words, then pictures two by two. */
static void draw_tall(struct cell_pane *self, const struct mr_ink *ink)
{
    int rows = mr_ink_rows(ink), cols = mr_ink_cols(ink), row, below;

    row = draw_words(self, ink, cols) + 1;
    draw_pictures(self, ink, (struct mr_rect_cells){row, 1, rows - row - 3, cols - 1}, 2, 2);
    below = row + (self->n_shown + 1) / 2 * (self->picture_rows + 1);
    draw_caption(self, ink, below);
    mr_ink_textf(ink, rows - 1, 1, MR_STYLE_DIM, "epoch %d of %d   ◀ , . ▶",
                 self->pane.explorer->reading.epoch, self->pane.explorer->facts.run.n_epochs);
}

/* Below the matrix: words at the left, pictures at the right. */
static void draw_wide(struct cell_pane *self, const struct mr_ink *ink)
{
    int rows = mr_ink_rows(ink), cols = mr_ink_cols(ink), words = 36, row;
    struct mr_rect_cells room = {0, words, rows, cols - words};
    int n = room.cols / 12;

    row = draw_words(self, ink, words);
    draw_pictures(self, ink, room, n > MOST_SHOWN ? MOST_SHOWN : n < 1 ? 1 : n, 1);
    draw_caption(self, ink, row);
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct cell_pane *self = (struct cell_pane *)pane;
    int rows = mr_ink_rows(ink), cols = mr_ink_cols(ink);
    bool is_tall = rows > cols / 3;
    enum mr_style style = pane->has_focus ? MR_STYLE_BORDER_FOCUS : MR_STYLE_BORDER;
    struct mr_ink inside;

    follow(self);
    self->n_shown = 0;
    if (!pane->explorer->reading.confusion)
        return;
    if (is_tall) {
        for (int row = 0; row < rows; row++)
            mr_ink_text(ink, row, 0, style, "│");
        inside = mr_ink_sub(ink, (struct mr_rect_cells){0, 1, rows, cols - 1});
        draw_tall(self, &inside);
    } else {
        for (int col = 0; col < cols; col++)
            mr_ink_text(ink, 0, col, style, "─");
        inside = mr_ink_sub(ink, (struct mr_rect_cells){1, 0, rows - 1, cols});
        draw_wide(self, &inside);
    }
}

static void click(struct mr_pane *pane, int row, int col)
{
    struct cell_pane *self = (struct cell_pane *)pane;
    bool is_tall = pane->rect.rows > pane->rect.cols / 3;
    int i, j;

    if (!self->n_shown)
        return;
    row -= self->first_row + (is_tall ? 0 : 1);
    col -= self->first_col + (is_tall ? 1 : 0);
    i = row / (self->picture_rows + 1);
    j = col / (self->picture_cols + 1);
    if (row >= 0 && col >= 0 && j < self->per_row && i * self->per_row + j < self->n_shown)
        self->cursor = i * self->per_row + j;
}

static void finish(struct mr_pane *pane)
{
    free(((struct cell_pane *)pane)->worst);
}

const struct mr_pane_ops mr_pane_cell_ops = {
    .title = "cell",
    .is_plain = true,
    .size = sizeof(struct cell_pane),
    .act = act,
    .draw = draw,
    .click = click,
    .chosen = chosen,
    .finish = finish,
};
