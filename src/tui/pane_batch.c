/* SPDX-License-Identifier: MIT */
/* One whole batch as the network sees it in the first epoch, with its labels. */
#include <stdio.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>

#include "explorer.h"
#include "pane.h"
#include "tiles.h"

struct batch_pane {
    struct mr_pane pane;
    struct mr_tiles tiles;
    int chosen;
    int n, first_row; /* when last drawn */
};

/* What augmentation makes of them elsewhere. */
static void open_variants(struct batch_pane *self)
{
    struct mr_explorer *explorer = self->pane.explorer;
    struct mr_tui_batch batch = {.n = 0};
    int64_t *ids;

    mr_variants_batch(explorer, explorer->variants.batch_index, &batch);
    if (self->chosen >= batch.n)
        return;
    ids = mr_xalloc((size_t)batch.n, sizeof *ids);
    for (int i = 0; i < batch.n; i++)
        ids[i] = batch.items[i].sight.image;
    mr_variants_open(explorer, ids, batch.n, self->chosen);
    free(ids);
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct batch_pane *self = (struct batch_pane *)pane;

    if (mr_tiles_move(&self->tiles, what, &self->chosen, self->n))
        return MR_PANE_DONE;
    switch (what) {
    case MR_ACT_BATCH:
        pane->explorer->variants.batch_index++;
        self->chosen = 0;
        return MR_PANE_DONE;
    case MR_ACT_OPEN:
    case MR_ACT_VARIANTS:
        open_variants(self);
        return MR_PANE_DONE;
    case MR_ACT_BIGGER:
        mr_tiles_resize(pane->explorer, 1);
        return MR_PANE_DONE;
    case MR_ACT_SMALLER:
        mr_tiles_resize(pane->explorer, -1);
        return MR_PANE_DONE;
    default:
        return MR_PANE_IGNORED;
    }
}

static void draw_heading(const struct mr_explorer *explorer, const struct mr_ink *ink,
                         const struct mr_tui_batch *batch, int chosen)
{
    int cols = mr_ink_cols(ink), index = explorer->variants.batch_index;
    char at[48];

    if (!batch->is_ready) {
        mr_ink_text(ink, 0, 1, MR_STYLE_BOLD, "a batch of the first epoch");
        return;
    }
    mr_ink_textf(ink, 0, 1, MR_STYLE_BOLD, "batch %d of %d in epoch 1 · %d images",
                 index % batch->n_batches + 1, batch->n_batches, batch->n);
    snprintf(at, sizeof at, "%d of %d", chosen + 1, batch->n);
    mr_ink_right(ink, 0, cols - 1, MR_STYLE_DIM, at);
}

static void draw_item(const struct batch_pane *self, const struct mr_ink *ink,
                      struct mr_rect_cells at, const struct mr_tui_batch_item *item, bool is_chosen)
{
    struct mr_explorer *explorer = self->pane.explorer;
    enum mr_style style = is_chosen ? MR_STYLE_SELECTED : MR_STYLE_NORMAL;
    const char *failed = mr_variants_draw(explorer, ink, at, &item->sight);
    char name[160];

    if (failed)
        mr_ink_wrapped(ink, at, MR_STYLE_WARNING, failed);
    else if (mr_term_get_caps(explorer->term)->graphics == MR_GRAPHICS_NONE) {
        mr_pictures_name(explorer, item->sight.image, at.cols, name, sizeof name);
        mr_pictures_stand_in(ink, at, name);
    }
    if (is_chosen)
        mr_tiles_mark(ink, at);
    mr_names_short(&explorer->facts.names, item->label, at.cols, name, sizeof name);
    mr_ink_fill(ink, (struct mr_rect_cells){at.row + at.rows, at.col, 1, at.cols}, style);
    mr_ink_text(ink, at.row + at.rows, at.col, style, name);
}

static void draw_tiles(struct batch_pane *self, const struct mr_ink *ink, int row,
                       const struct mr_tui_batch *batch)
{
    struct mr_size_cells room = {.rows = mr_ink_rows(ink) - row, .cols = mr_ink_cols(ink) - 1};
    int from, to;

    self->first_row = row;
    self->tiles.captions = 1;
    self->tiles.is_square = true;
    mr_tiles_lay(&self->tiles, self->pane.explorer, room, batch->n, self->chosen);
    mr_tiles_shown(&self->tiles, batch->n, &from, &to);
    for (int i = from; i < to; i++)
        draw_item(self, ink, mr_tiles_rect(&self->tiles, row, i), &batch->items[i],
                  i == self->chosen);
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct batch_pane *self = (struct batch_pane *)pane;
    struct mr_tui_batch batch = {.n = 0};
    int rows;

    mr_variants_batch(pane->explorer, pane->explorer->variants.batch_index, &batch);
    self->n = batch.n;
    if (batch.is_ready && self->chosen >= batch.n)
        self->chosen = batch.n - 1;
    draw_heading(pane->explorer, ink, &batch, self->chosen);
    mr_variants_draw_about(ink, 1, &batch, &rows);
    if (rows && batch.failed)
        mr_ink_wrapped(ink, (struct mr_rect_cells){2 + rows, 1, 3, mr_ink_cols(ink) - 2},
                       MR_STYLE_NORMAL, batch.failed);
    if (rows && batch.is_ready)
        draw_tiles(self, ink, 1 + rows, &batch);
}

static void click(struct mr_pane *pane, int row, int col)
{
    struct batch_pane *self = (struct batch_pane *)pane;
    int i = mr_tiles_at(&self->tiles, row - self->first_row, col);

    if (i >= 0 && i < self->n)
        self->chosen = i;
}

const struct mr_pane_ops mr_pane_batch_ops = {
    .title = "batch",
    .is_plain = true,
    .size = sizeof(struct batch_pane),
    .act = act,
    .draw = draw,
    .click = click,
};
