/* SPDX-License-Identifier: MIT */
/* A grid of pictures with their captions, worst first. */
#include <stdio.h>

#include <misread/base/str.h>

#include "explorer.h"
#include "format.h"
#include "overlay.h"
#include "pane.h"
#include "tiles.h"

struct grid_pane {
    struct mr_pane pane;
    struct mr_tiles tiles;
};

static int64_t chosen(const struct mr_pane *pane)
{
    const struct mr_gallery_item *item = mr_gallery_chosen(&pane->explorer->gallery);

    return item ? item->ranked.image : 0;
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

    if (mr_tiles_move(&self->tiles, what, &gallery->chosen, gallery->n))
        return MR_PANE_DONE;
    switch (what) {
    case MR_ACT_OPEN:
        if (gallery->n)
            mr_explorer_enter(explorer, MR_SCREEN_IMAGE);
        return MR_PANE_DONE;
    case MR_ACT_SORT:
        if (gallery->listed)
            mr_explorer_say(explorer, "these stay in the order in which they were found");
        else
            mr_sort_open(explorer);
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
        mr_tiles_resize(explorer, 1);
        return MR_PANE_DONE;
    case MR_ACT_SMALLER:
        mr_tiles_resize(explorer, -1);
        return MR_PANE_DONE;
    default:
        return MR_PANE_IGNORED;
    }
}

/* ---- drawing ---- */

static void draw_item(struct grid_pane *self, const struct mr_ink *ink, int i,
                      struct mr_rect_cells at)
{
    struct mr_explorer *explorer = self->pane.explorer;
    int captions = self->tiles.captions;
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
        mr_tiles_mark(ink, at);
    }
    mr_desk_marks_text(&marks, signs, sizeof signs);
    mr_ink_fill(ink, (struct mr_rect_cells){at.row + at.rows, at.col, captions, at.cols}, style);
    if (item->ranked.index < 0) {
        mr_names_short(&explorer->facts.names, item->ranked.actual, at.cols, actual, sizeof actual);
        mr_ink_textf(ink, at.row + at.rows, at.col, style, "%s %s", actual, signs);
        return;
    }
    mr_ink_textf(ink, at.row + at.rows, at.col, style, at.cols >= 16 ? "%s p=%s %s" : "%s%.0s %s",
                 mr_gallery_value(&explorer->gallery, item).text,
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
            if (has_epoch && explorer->reading.epoch)
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
    if (mr_gallery_is_in_sample(gallery, &explorer->doubts))
        mr_ink_right(ink, 0, cols - 1, MR_STYLE_ERROR, "in-sample");
    else if (explorer->reading.by_labels_now)
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

    if (mr_gallery_wants_folding(&explorer->gallery) && !explorer->doubts.folding)
        hint = "no cross-validation yet: `misread issues` makes one";

    if (!explorer->reading.valid.stored) {
        text = "no predictions yet";
        hint = explorer->facts.has_run ? "they come with the first epoch" : "S starts training";
    }
    mr_ink_text(ink, 2, 2, MR_STYLE_NORMAL, text);
    mr_ink_text(ink, 3, 2, MR_STYLE_DIM, hint);
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct grid_pane *self = (struct grid_pane *)pane;
    const struct mr_gallery *gallery = &pane->explorer->gallery;
    bool is_cell = gallery->actual >= 0 && gallery->predicted >= 0;
    struct mr_size_cells room = {.rows = mr_ink_rows(ink) - 1, .cols = mr_ink_cols(ink) - 1};
    int from, to;

    draw_heading(pane->explorer, ink);
    self->tiles.captions = is_cell ? 1 : 2;
    mr_tiles_lay(&self->tiles, pane->explorer, room, gallery->n, gallery->chosen);
    if (!gallery->n) {
        draw_empty(pane->explorer, ink);
        return;
    }
    mr_tiles_shown(&self->tiles, gallery->n, &from, &to);
    for (int i = from; i < to; i++)
        draw_item(self, ink, i, mr_tiles_rect(&self->tiles, 1, i));
}

static void click(struct mr_pane *pane, int row, int col)
{
    struct grid_pane *self = (struct grid_pane *)pane;
    struct mr_gallery *gallery = &pane->explorer->gallery;
    int i = mr_tiles_at(&self->tiles, row - 1, col);

    if (i >= 0 && i < gallery->n)
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
