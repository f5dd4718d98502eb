/* SPDX-License-Identifier: MIT */
/* Help and palette: two views of the table of actions. */
#include <stdio.h>
#include <string.h>

#include <misread/base/str.h>

#include "explorer.h"
#include "line.h"
#include "overlay.h"
#include "pane.h"

#define MOST_ROWS 128

/* Rows of the table that apply to the screen and whose words contain text, in groups. */
static int collect(enum mr_screen_id screen, const char *text, const struct mr_action **rows)
{
    int n_all, n = 0;
    const struct mr_action *all = mr_actions_all(&n_all);

    for (int i = 0; i < n_all && n < MOST_ROWS; i++)
        if (all[i].screens & (1U << screen) &&
            (!*text || strcasestr(all[i].name, text) || strcasestr(all[i].what, text)))
            rows[n++] = &all[i];
    return n;
}

/* ---- help ---- */

struct help {
    struct mr_overlay overlay;
    const struct mr_action *rows[MOST_ROWS];
    int n, top, page;
};

static struct mr_rect_cells help_place(struct mr_overlay *overlay, struct mr_size_cells screen)
{
    struct help *self = (struct help *)overlay;

    return mr_overlay_middle(screen, self->n, 96);
}

static void help_draw(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    struct help *self = (struct help *)overlay;
    int rows = mr_ink_rows(ink), cols = mr_ink_cols(ink);

    self->page = rows;
    self->top = mr_pane_scroll(self->top, self->top, rows, self->n);
    for (int i = 0; i < rows && self->top + i < self->n; i++) {
        const struct mr_action *row = self->rows[self->top + i];
        enum mr_style style = row->effect == MR_HARMLESS ? MR_STYLE_NORMAL : MR_STYLE_BOLD;
        char keys[64];

        mr_actions_keys_text(row, keys, sizeof keys);
        mr_ink_text(ink, i, 1, MR_STYLE_KEY, keys);
        mr_ink_short(ink, i, 16, cols - 17, style, row->what);
    }
    if (self->top + rows < self->n)
        mr_ink_right(ink, rows - 1, cols, MR_STYLE_DIM, "▾");
    if (self->top > 0)
        mr_ink_right(ink, 0, cols, MR_STYLE_DIM, "▴");
}

/* Any key that does not scroll closes. */
static enum mr_overlay_reply help_key(struct mr_overlay *overlay, const struct mr_key *key)
{
    struct help *self = (struct help *)overlay;
    const struct mr_action *command = mr_actions_find(MR_SCREEN_TRAIN, key->code);

    if (key->code == MR_KEY_MOUSE) {
        self->top += key->mouse == MR_MOUSE_WHEEL_DOWN ? 3
                     : key->mouse == MR_MOUSE_WHEEL_UP ? -3
                                                       : 0;
        self->top = self->top < 0 ? 0 : self->top;
        return MR_OVERLAY_STAYS;
    }
    if (command && mr_pane_move(&self->top, self->n, self->page, command->act)) {
        /* the last page stays full */
        self->top = mr_pane_scroll(self->top, self->top, self->page, self->n);
        return MR_OVERLAY_STAYS;
    }
    return MR_OVERLAY_CLOSES;
}

static const struct mr_overlay_ops help_ops = {
    .size = sizeof(struct help),
    .place = help_place,
    .draw = help_draw,
    .key = help_key,
};

void mr_help_open(struct mr_explorer *explorer)
{
    struct help *self;
    char title[128];

    snprintf(title, sizeof title, "keys of %s (bold ones change a label or a run)",
             mr_actions_screen_text(explorer->screen));
    self = (struct help *)mr_overlay_create(explorer, &help_ops, title);
    self->n = collect(explorer->screen, "", self->rows);
}

/* ---- palette ---- */

struct palette {
    struct mr_overlay overlay;
    struct mr_line line;
    const struct mr_action *rows[MOST_ROWS];
    int n, cursor, top;
};

static struct mr_rect_cells palette_place(struct mr_overlay *overlay, struct mr_size_cells screen)
{
    return mr_overlay_middle(screen, 16, 78);
}

static void palette_draw(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    struct palette *self = (struct palette *)overlay;
    int rows = mr_ink_rows(ink) - 1, cols = mr_ink_cols(ink), col = 1;
    char typed[1024];

    mr_safe_text(typed, sizeof typed, self->line.text, cols - 4, MR_ELIDE_MIDDLE);
    col += mr_ink_textf(ink, 0, col, MR_STYLE_NORMAL, ": %s", typed);
    mr_ink_text(ink, 0, col, MR_STYLE_SELECTED, " ");
    self->top = mr_pane_scroll(self->top, self->cursor, rows, self->n);
    for (int i = 0; i < rows && self->top + i < self->n; i++) {
        const struct mr_action *row = self->rows[self->top + i];
        bool is_here = self->top + i == self->cursor;
        enum mr_style style = is_here ? MR_STYLE_SELECTED : MR_STYLE_NORMAL;
        char key[64];

        mr_ink_fill(ink, (struct mr_rect_cells){i + 1, 0, 1, cols}, style);
        mr_actions_key_text(row->keys[0], key, sizeof key);
        mr_ink_text(ink, i + 1, 1, style, row->name);
        mr_ink_text(ink, i + 1, 21, is_here ? style : MR_STYLE_KEY, key);
        mr_ink_short(ink, i + 1, 29, cols - 30, is_here ? style : MR_STYLE_DIM, row->what);
    }
}

static enum mr_overlay_reply palette_key(struct mr_overlay *overlay, const struct mr_key *key)
{
    struct palette *self = (struct palette *)overlay;
    struct mr_explorer *explorer = overlay->explorer;

    if (key->code == 27 || key->code == MR_CTRL('c'))
        return MR_OVERLAY_CLOSES;
    if (key->code == MR_KEY_UP || key->code == MR_KEY_DOWN) {
        mr_pane_move(&self->cursor, self->n, 1, key->code == MR_KEY_UP ? MR_ACT_UP : MR_ACT_DOWN);
        return MR_OVERLAY_STAYS;
    }
    if (key->code == '\r') {
        if (!self->n)
            return MR_OVERLAY_STAYS;
        explorer->overlay = NULL; /* the command may open one of its own */
        mr_explorer_act(explorer, self->rows[self->cursor]->act);
        return MR_OVERLAY_CLOSES;
    }
    if (mr_line_key(&self->line, key)) {
        self->n = collect(explorer->screen, self->line.text, self->rows);
        self->cursor = 0;
    }
    return MR_OVERLAY_STAYS;
}

static const struct mr_overlay_ops palette_ops = {
    .size = sizeof(struct palette),
    .place = palette_place,
    .draw = palette_draw,
    .key = palette_key,
};

void mr_palette_open(struct mr_explorer *explorer)
{
    struct palette *self = (struct palette *)mr_overlay_create(explorer, &palette_ops, "commands");

    self->n = collect(explorer->screen, "", self->rows);
}
