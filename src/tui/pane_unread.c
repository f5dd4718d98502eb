/* SPDX-License-Identifier: MIT */
/* The files that could not be read, with the reason. */
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>

#include "explorer.h"
#include "pane.h"

struct unread_pane {
    struct mr_pane pane;
    int *rows; /* owned (n): in the table */
    int n, cursor, top;
};

static void refresh(struct mr_pane *pane)
{
    struct unread_pane *self = (struct unread_pane *)pane;
    const struct mr_image_table *images = pane->explorer->facts.images;

    free(self->rows);
    self->rows = mr_xalloc(images ? (size_t)images->n + 1 : 1, sizeof *self->rows);
    self->n = 0;
    for (int i = 0; images && i < images->n; i++)
        if (images->rows[i].state == MR_IMAGE_UNREADABLE)
            self->rows[self->n++] = i;
    self->cursor = self->cursor < self->n ? self->cursor : 0;
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct unread_pane *self = (struct unread_pane *)pane;

    return mr_pane_move(&self->cursor, self->n, pane->rect.rows, what) ? MR_PANE_DONE
                                                                       : MR_PANE_IGNORED;
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct unread_pane *self = (struct unread_pane *)pane;
    const struct mr_facts *facts = &pane->explorer->facts;
    int rows = mr_ink_rows(ink), cols = mr_ink_cols(ink);

    self->top = mr_pane_scroll(self->top, self->cursor, rows, self->n);
    if (!self->n)
        mr_ink_text(ink, 0, 1, MR_STYLE_DIM, "every file that was looked at could be read");
    for (int i = 0; i < rows && self->top + i < self->n; i++) {
        const struct mr_image_row *row = &facts->images->rows[self->rows[self->top + i]];
        bool is_chosen = pane->has_focus && self->top + i == self->cursor;
        char path[512], reason[600];

        mr_facts_path(facts, row->id, cols / 2 - 2, path, sizeof path);
        mr_safe_text(reason, sizeof reason, mr_images_reason(facts->images, row), cols / 2 - 1,
                     MR_ELIDE_END);
        mr_ink_text(ink, i, 1, is_chosen ? MR_STYLE_SELECTED : MR_STYLE_NORMAL, path);
        mr_ink_text(ink, i, cols / 2, MR_STYLE_DIM, reason);
    }
}

static void finish(struct mr_pane *pane)
{
    free(((struct unread_pane *)pane)->rows);
}

const struct mr_pane_ops mr_pane_unread_ops = {
    .title = "files that cannot be read",
    .size = sizeof(struct unread_pane),
    .refresh = refresh,
    .act = act,
    .draw = draw,
    .finish = finish,
};
