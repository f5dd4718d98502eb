/* SPDX-License-Identifier: MIT */
/* A grid of pictures with their captions, worst first. */
#include <stdio.h>

#include <misread/base/str.h>

#include "explorer.h"
#include "format.h"
#include "overlay.h"
#include "pane.h"

struct grid_pane {
    struct mr_pane pane;
    int top; /* first row of pictures shown */
    /* when last drawn */
    int per_row, n_rows, wide, high;
};

/* Cells of a picture; letterboxed, so that about 5:4 suits most. */
static const struct mr_size_cells sizes[] = {{12, 5}, {16, 6}, {20, 8}, {28, 11}, {40, 16}};
#define N_SIZES ((int)(sizeof sizes / sizeof *sizes))

static int64_t chosen(const struct mr_pane *pane)
{
    const struct mr_gallery_item *item = mr_gallery_chosen(&pane->explorer->gallery);

    return item ? item->ranked.image : 0;
}

static bool move(struct grid_pane *self, enum mr_act what)
{
    struct mr_gallery *gallery = &self->pane.explorer->gallery;
    int per_row = self->per_row > 0 ? self->per_row : 1, page = per_row * self->n_rows;
    const struct {
        enum mr_act act;
        int by;
    } moves[] = {
        {MR_ACT_LEFT, -1},           {MR_ACT_RIGHT, 1},         {MR_ACT_UP, -per_row},
        {MR_ACT_DOWN, per_row},      {MR_ACT_PAGE_UP, -page},   {MR_ACT_PAGE_DOWN, page},
        {MR_ACT_FIRST, -gallery->n}, {MR_ACT_LAST, gallery->n}, {MR_ACT_MATCH_NEXT, 1},
        {MR_ACT_MATCH_PREVIOUS, -1},
    };

    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        if (moves[i].act != what)
            continue;
        /* down from above a short last row stays in its column's picture only if there is one */
        if (what != MR_ACT_DOWN || gallery->chosen + per_row < gallery->n ||
            gallery->chosen / per_row < (gallery->n - 1) / per_row)
            mr_gallery_move(gallery, moves[i].by);
        return true;
    }
    return false;
}

static void resort(struct mr_explorer *explorer)
{
    explorer->gallery.is_stale = true;
    mr_explorer_recount(explorer);
}

static void found_text(struct mr_explorer *explorer, const char *text)
{
    mr_str_copy(explorer->gallery.text, sizeof explorer->gallery.text, text);
    resort(explorer);
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct grid_pane *self = (struct grid_pane *)pane;
    struct mr_explorer *explorer = pane->explorer;
    struct mr_gallery *gallery = &explorer->gallery;
    static const char *const orders[] = {"by loss", "by probability of the label", "by confidence",
                                         "as stored"};

    if (move(self, what))
        return MR_PANE_DONE;
    switch (what) {
    case MR_ACT_OPEN:
        if (gallery->n)
            mr_explorer_enter(explorer, MR_SCREEN_IMAGE);
        return MR_PANE_DONE;
    case MR_ACT_SORT:
        gallery->order = (enum mr_ranking_order)((gallery->order + 1) % (MR_ORDER_ID + 1));
        resort(explorer);
        mr_explorer_say(explorer, "sorted %s", orders[gallery->order]);
        return MR_PANE_DONE;
    case MR_ACT_ORDER:
        gallery->is_reversed = !gallery->is_reversed;
        resort(explorer);
        return MR_PANE_DONE;
    case MR_ACT_FILTER:
        mr_filter_open(explorer);
        return MR_PANE_DONE;
    case MR_ACT_FIND:
        mr_prompt_open(explorer, "path or class", gallery->text, found_text);
        return MR_PANE_DONE;
    case MR_ACT_BIGGER:
        explorer->picture_size += explorer->picture_size < N_SIZES - 1;
        return MR_PANE_DONE;
    case MR_ACT_SMALLER:
        explorer->picture_size -= explorer->picture_size > 0;
        return MR_PANE_DONE;
    default:
        return MR_PANE_IGNORED;
    }
}

/* ---- drawing ---- */

static void draw_item(struct grid_pane *self, const struct mr_ink *ink, int i,
                      struct mr_rect_cells at, int captions)
{
    struct mr_explorer *explorer = self->pane.explorer;
    const struct mr_gallery_item *item = &explorer->gallery.items[i];
    struct mr_marks marks = mr_desk_marks(&explorer->desk, item->ranked.image);
    bool is_chosen = i == explorer->gallery.chosen;
    enum mr_style style = is_chosen ? MR_STYLE_SELECTED : MR_STYLE_NORMAL;
    char signs[64], actual[160], predicted[160];

    mr_pictures_draw(explorer, ink, at, item->ranked.image);
    if (is_chosen) {
        explorer->chosen_rect = at;
        explorer->chosen_rect.row += ink->canvas.rect.row;
        explorer->chosen_rect.col += ink->canvas.rect.col;
        for (int row = 0; row < at.rows; row++) {
            mr_ink_text(ink, at.row + row, at.col - 1, MR_STYLE_BORDER_FOCUS, "▐");
            mr_ink_text(ink, at.row + row, at.col + at.cols, MR_STYLE_BORDER_FOCUS, "▌");
        }
    }
    mr_desk_marks_text(&marks, signs, sizeof signs);
    mr_ink_fill(ink, (struct mr_rect_cells){at.row + at.rows, at.col, captions, at.cols}, style);
    mr_ink_textf(ink, at.row + at.rows, at.col, style, at.cols >= 16 ? "%s p=%s %s" : "%s%.0s %s",
                 mr_format_loss((double)item->ranked.loss).text,
                 mr_format_p((double)item->ranked.p_actual).text, signs);
    if (captions < 2)
        return;
    mr_names_pair(&explorer->facts.names, item->ranked.actual, item->ranked.predicted, at.cols - 3,
                  actual, predicted, sizeof actual);
    mr_ink_textf(ink, at.row + at.rows + 1, at.col, is_chosen ? style : MR_STYLE_DIM, "%s → %s",
                 actual, predicted);
}

/* What is shown, in at most cols columns: names become shorter, then the epoch goes. */
static void describe(const struct mr_explorer *explorer, int cols, struct mr_str *text)
{
    for (int has_epoch = 1; has_epoch >= 0; has_epoch--) {
        for (int name_cols = 64; name_cols >= 6; name_cols = name_cols > 24 ? 24 : name_cols - 2) {
            mr_str_clear(text);
            mr_gallery_describe(&explorer->gallery, &explorer->facts, name_cols, text);
            if (has_epoch)
                mr_str_addf(text, " · epoch %d", explorer->reading.epoch);
            if (mr_text_cols(text->text) <= cols)
                return;
        }
    }
}

static void draw_heading(const struct mr_explorer *explorer, const struct mr_ink *ink)
{
    const struct mr_gallery *gallery = &explorer->gallery;
    struct mr_str text = MR_STR_EMPTY;
    int cols = mr_ink_cols(ink);

    describe(explorer, cols - 13, &text);

    mr_ink_short(ink, 0, 1, cols - 12, MR_STYLE_BOLD, text.text);
    mr_str_finish(&text);
    if (explorer->reading.by_labels_now)
        mr_ink_right(ink, 0, cols - 1, MR_STYLE_WARNING, "labels now");
    else if (gallery->n) {
        char at[48];

        snprintf(at, sizeof at, "%d of %d", gallery->chosen + 1, gallery->n);
        mr_ink_right(ink, 0, cols - 1, MR_STYLE_DIM, at);
    }
}

static void draw_empty(const struct mr_explorer *explorer, const struct mr_ink *ink)
{
    const char *text = "no image is like that";
    const char *hint = "F chooses what is shown, / clears the text";

    if (!explorer->reading.valid.stored) {
        text = "no predictions yet";
        hint = explorer->facts.has_run ? "they come with the first epoch" : "S starts training";
    }
    mr_ink_text(ink, 2, 2, MR_STYLE_NORMAL, text);
    mr_ink_text(ink, 3, 2, MR_STYLE_DIM, hint);
}

/* As many beside each other as the size wished for allows, then as large as they get. */
static void lay_out(struct grid_pane *self, struct mr_size_cells room, int captions)
{
    struct mr_size_cells wish = sizes[self->pane.explorer->picture_size];

    self->per_row = room.cols / (wish.cols + 2);
    self->per_row = self->per_row < 1 ? 1 : self->per_row;
    self->wide = room.cols / self->per_row;
    self->high = ((self->wide - 2) * wish.rows + wish.cols / 2) / wish.cols + captions;
    /* rather one row more of pictures a little lower than a dead margin below */
    self->n_rows = (room.rows + self->high / 2) / self->high;
    self->n_rows = self->n_rows < 1 ? 1 : self->n_rows;
    if (self->high > room.rows / self->n_rows)
        self->high = room.rows / self->n_rows;
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct grid_pane *self = (struct grid_pane *)pane;
    const struct mr_gallery *gallery = &pane->explorer->gallery;
    bool is_cell = gallery->actual >= 0 && gallery->predicted >= 0;
    int captions = is_cell ? 1 : 2, rows = mr_ink_rows(ink) - 1, n_lines;

    draw_heading(pane->explorer, ink);
    lay_out(self, (struct mr_size_cells){.rows = rows, .cols = mr_ink_cols(ink) - 1}, captions);
    if (!gallery->n) {
        draw_empty(pane->explorer, ink);
        return;
    }
    n_lines = (gallery->n + self->per_row - 1) / self->per_row;
    self->top = mr_pane_scroll(self->top, gallery->chosen / self->per_row, self->n_rows, n_lines);
    for (int i = self->top * self->per_row;
         i < gallery->n && i < (self->top + self->n_rows) * self->per_row; i++) {
        struct mr_rect_cells at = {1 + (i / self->per_row - self->top) * self->high,
                                   1 + i % self->per_row * self->wide, self->high - captions,
                                   self->wide - 2};

        draw_item(self, ink, i, at, captions);
    }
}

static void click(struct mr_pane *pane, int row, int col)
{
    struct grid_pane *self = (struct grid_pane *)pane;
    struct mr_gallery *gallery = &pane->explorer->gallery;
    int i;

    if (row < 1 || !self->wide || (col - 1) / self->wide >= self->per_row)
        return;
    i = (self->top + (row - 1) / self->high) * self->per_row + (col - 1) / self->wide;
    if (i < gallery->n)
        gallery->chosen = i;
}

const struct mr_pane_ops mr_pane_grid_ops = {
    .title = "images",
    .is_plain = true,
    .size = sizeof(struct grid_pane),
    .act = act,
    .draw = draw,
    .click = click,
    .chosen = chosen,
};
