/* SPDX-License-Identifier: MIT */
/* The classes: how many images of each are on which side, and how large they are. */
#include <stdio.h>
#include <stdlib.h>

#include <misread/base/alloc.h>

#include "explorer.h"
#include "format.h"
#include "pane.h"

struct class_count {
    int n[4];        /* by side; what is missing or unreadable is not counted */
    int least, most; /* the shorter side of the smallest and the largest picture, px; 0 unknown */
};

struct classes_pane {
    struct mr_pane pane;
    struct class_count *counts; /* owned (n) */
    int n;
    int cursor, top;
};

static void count_row(struct class_count *count, const struct mr_image_row *row)
{
    int side_px = row->w < row->h ? row->w : row->h;

    count->n[row->side]++;
    if (!side_px)
        return;
    count->least = !count->least || side_px < count->least ? side_px : count->least;
    count->most = side_px > count->most ? side_px : count->most;
}

static void refresh(struct mr_pane *pane)
{
    struct classes_pane *self = (struct classes_pane *)pane;
    const struct mr_image_table *images = pane->explorer->facts.images;

    free(self->counts);
    self->counts = NULL;
    self->n = images ? images->n_classes : 0;
    if (!self->n)
        return;
    self->counts = mr_xalloc((size_t)self->n, sizeof *self->counts);
    for (int i = 0; i < images->n; i++)
        if (mr_facts_is_there(&images->rows[i]))
            count_row(&self->counts[images->rows[i].class_id], &images->rows[i]);
    self->cursor = self->cursor < self->n ? self->cursor : self->n - 1;
}

static void open_class(struct classes_pane *self)
{
    struct mr_explorer *explorer = self->pane.explorer;
    const struct mr_image_table *images = explorer->facts.images;
    int64_t *ids = mr_xalloc((size_t)images->n + 1, sizeof *ids);
    int n = 0;

    for (int i = 0; i < images->n; i++)
        if (mr_facts_is_there(&images->rows[i]) && images->rows[i].class_id == self->cursor)
            ids[n++] = images->rows[i].id;
    mr_explorer_open_images(explorer, ids, n, mr_names_full(&explorer->facts.names, self->cursor));
    free(ids);
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct classes_pane *self = (struct classes_pane *)pane;

    if (mr_pane_move(&self->cursor, self->n, pane->rect.rows - 1, what))
        return MR_PANE_DONE;
    if (!self->n || (what != MR_ACT_OPEN && what != MR_ACT_VARIANTS))
        return MR_PANE_IGNORED;
    if (what == MR_ACT_VARIANTS)
        mr_variants_open_class(pane->explorer, self->cursor);
    else
        open_class(self);
    return MR_PANE_DONE;
}

static void draw_row(const struct classes_pane *self, const struct mr_ink *ink, int row, int i,
                     bool has_sizes, enum mr_style style)
{
    const struct class_count *c = &self->counts[i];
    int cols = mr_ink_cols(ink), numbers = has_sizes ? 34 : 23;
    char name[160], text[64], sizes[24] = "";

    mr_names_short(&self->pane.explorer->facts.names, i, cols - numbers - 2, name, sizeof name);
    mr_ink_fill(ink, (struct mr_rect_cells){row, 0, 1, cols}, style);
    mr_ink_text(ink, row, 1, style, name);
    if (has_sizes && c->most)
        snprintf(sizes, sizeof sizes, "%d-%d", c->least, c->most);
    snprintf(text, sizeof text, has_sizes ? "%6d%6d%5d%5d %10s" : "%6d%6d%5d%5d%s",
             c->n[MR_SIDE_TRAIN], c->n[MR_SIDE_VALID], c->n[MR_SIDE_TEST], c->n[MR_SIDE_NONE],
             has_sizes ? sizes : "");
    mr_ink_right(ink, row, cols - 1, style, text);
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct classes_pane *self = (struct classes_pane *)pane;
    int rows = mr_ink_rows(ink) - 1, cols = mr_ink_cols(ink);
    bool has_sizes = cols >= 52;

    if (!self->n) {
        mr_ink_text(ink, 0, 1, MR_STYLE_DIM, "no images are known yet");
        return;
    }
    mr_ink_right(ink, 0, cols - 1, MR_STYLE_DIM,
                 has_sizes ? " train valid test none    side px" : " train valid test none");
    self->top = mr_pane_scroll(self->top, self->cursor, rows, self->n);
    for (int i = 0; i < rows && self->top + i < self->n; i++) {
        bool is_chosen = pane->has_focus && self->top + i == self->cursor;

        draw_row(self, ink, 1 + i, self->top + i, has_sizes,
                 is_chosen ? MR_STYLE_SELECTED : MR_STYLE_NORMAL);
    }
}

static void click(struct mr_pane *pane, int row, int col)
{
    struct classes_pane *self = (struct classes_pane *)pane;

    if (row >= 1 && self->top + row - 1 < self->n)
        self->cursor = self->top + row - 1;
}

static void finish(struct mr_pane *pane)
{
    free(((struct classes_pane *)pane)->counts);
}

const struct mr_pane_ops mr_pane_classes_ops = {
    .title = "classes",
    .size = sizeof(struct classes_pane),
    .refresh = refresh,
    .act = act,
    .draw = draw,
    .click = click,
    .finish = finish,
};
