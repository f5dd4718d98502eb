/* SPDX-License-Identifier: MIT */
/* Every decision, the newest first: who, when, which image, from what to what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>

#include "explorer.h"
#include "overlay.h"
#include "pane.h"

struct review_pane {
    struct mr_pane pane;
    int *shown; /* owned: indices into the desk's decisions */
    int n, cursor, top;
};

static bool is_wanted(const struct mr_explorer *explorer, const struct mr_decision *d)
{
    return (explorer->review_kind < 0 || (int)d->kind == explorer->review_kind) &&
           (!explorer->review_reader[0] || strcmp(d->reader, explorer->review_reader) == 0);
}

/* The decision under the cursor stays there when newer ones come. */
static void refresh(struct mr_pane *pane)
{
    struct review_pane *self = (struct review_pane *)pane;
    const struct mr_desk *desk = &pane->explorer->desk;
    int kept = self->cursor > 0 && self->cursor < self->n ? self->shown[self->cursor] : -1;

    self->shown = mr_xrealloc(self->shown, (size_t)desk->n + 1, sizeof *self->shown);
    self->n = self->cursor = 0;
    for (int i = desk->n - 1; i >= 0; i--) {
        if (!is_wanted(pane->explorer, &desk->decisions[i]))
            continue;
        if (i == kept)
            self->cursor = self->n;
        self->shown[self->n++] = i;
    }
}

static void finish(struct mr_pane *pane)
{
    free(((struct review_pane *)pane)->shown);
}

static const struct mr_decision *at_cursor(const struct review_pane *self)
{
    return self->n ? &self->pane.explorer->desk.decisions[self->shown[self->cursor]] : NULL;
}

static void open_image(struct review_pane *self)
{
    struct mr_explorer *explorer = self->pane.explorer;
    const struct mr_decision *chosen = at_cursor(self);
    int64_t *images = mr_xalloc((size_t)self->n + 1, sizeof *images);
    int64_t wanted = chosen ? chosen->image : 0;
    int n = 0;

    for (int i = 0; i < self->n; i++) {
        int64_t image = explorer->desk.decisions[self->shown[i]].image;
        bool is_new = true;

        for (int k = 0; k < n && is_new; k++)
            is_new = images[k] != image;
        if (is_new)
            images[n++] = image;
    }
    if (n) {
        mr_explorer_open_images(explorer, images, n, "decided about");
        for (int i = 0; i < explorer->gallery.n; i++) {
            if (explorer->gallery.items[i].ranked.image != wanted)
                continue;
            explorer->gallery.chosen = i;
            mr_explorer_enter(explorer, MR_SCREEN_IMAGE);
        }
    }
    free(images);
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct review_pane *self = (struct review_pane *)pane;

    if (mr_pane_move(&self->cursor, self->n, pane->rect.rows, what))
        return MR_PANE_DONE;
    if (what == MR_ACT_FILTER)
        mr_review_filter_open(pane->explorer);
    else if (what == MR_ACT_OPEN)
        open_image(self);
    else
        return MR_PANE_IGNORED;
    return MR_PANE_DONE;
}

/* ---- drawing ---- */

/* Columns that one row has for each thing. */
struct columns {
    int when, who, kind, image, change, note;
};

static struct columns columns_of(int cols)
{
    bool is_wide = cols >= 100;
    struct columns c = {.when = is_wide ? 17 : 12,
                        .who = is_wide ? 14 : 10,
                        .kind = 11,
                        .image = is_wide ? 22 : 14};
    int rest = cols - c.when - c.who - c.kind - c.image - 2;

    c.note = rest * 2 / 5;
    c.change = rest - c.note;
    return c;
}

/* What was decided, beyond its kind. */
static void change_text(const struct mr_explorer *explorer, const struct mr_decision *d, int cols,
                        char *out, size_t cap)
{
    const struct mr_names *names = &explorer->facts.names;
    char from[160], to[160];

    *out = '\0';
    switch (mr_decision_form(d->kind)) {
    case MR_FORM_CLASS:
        mr_names_pair(names, d->from_class, d->to_class, cols - 4, from, to, sizeof from);
        snprintf(out, cap, "%s → %s", from, to);
        break;
    case MR_FORM_BOX:
        mr_names_short(names, d->to_class, cols - 1, out, cap);
        break;
    case MR_FORM_MARK:
        snprintf(out, cap, "%s", d->to_class ? "set" : "cleared");
        break;
    case MR_FORM_TURN:
        snprintf(out, cap, "decision %lld", (long long)d->target);
        break;
    case MR_FORM_TEXT:
        break;
    }
}

static void draw_row(const struct mr_explorer *explorer, const struct mr_ink *ink, int row,
                     const struct mr_decision *d, bool is_chosen)
{
    struct columns c = columns_of(mr_ink_cols(ink));
    enum mr_style style = is_chosen   ? MR_STYLE_SELECTED
                          : d->undone ? MR_STYLE_DIM
                                      : MR_STYLE_NORMAL;
    time_t t = (time_t)d->at;
    char when[32] = "", text[512], note[512], name[160];
    bool is_note;
    struct tm tm;
    int col = 1;

    if (localtime_r(&t, &tm))
        strftime(when, sizeof when, c.when > 12 ? "%Y-%m-%d %H:%M" : "%m-%d %H:%M", &tm);
    mr_ink_fill(ink, (struct mr_rect_cells){row, 0, 1, mr_ink_cols(ink)}, style);
    mr_ink_text(ink, row, col, style, when);
    mr_ink_short(ink, row, col += c.when, c.who - 1, style, d->reader);
    mr_ink_short(ink, row, col += c.who, c.kind - 1, style, mr_decision_text(d->kind));
    mr_pictures_name(explorer, d->image, c.image - 1, name, sizeof name);
    mr_ink_text(ink, row, col += c.kind, style, name);
    change_text(explorer, d, c.change, text, sizeof text);
    mr_ink_short(ink, row, col += c.image, c.change - 1, style, text);
    /* a note has no change beside it, and so its room */
    is_note = mr_decision_form(d->kind) == MR_FORM_TEXT;
    snprintf(text, sizeof text, "%s%s%s", d->undone ? "(undone)" : "",
             d->undone && d->note[0] ? " " : "", d->note);
    mr_safe_text(note, sizeof note, text, is_note ? c.change + c.note : c.note, MR_ELIDE_END);
    mr_ink_text(ink, row, is_note ? col : col + c.change, style, note);
}

static void draw_empty(const struct mr_explorer *explorer, const struct mr_ink *ink)
{
    bool is_filtered = explorer->review_kind >= 0 || explorer->review_reader[0];

    mr_ink_text(ink, 1, 1, MR_STYLE_NORMAL,
                is_filtered ? "no decision is like that" : "nobody has decided anything yet");
    mr_ink_text(ink, 2, 1, MR_STYLE_DIM,
                is_filtered ? "F chooses what is shown"
                            : "choose an image on screen 3: f flags, r relabels, b draws a box");
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct review_pane *self = (struct review_pane *)pane;
    const struct mr_desk *desk = &pane->explorer->desk;
    int rows = mr_ink_rows(ink);

    if (!self->n) {
        draw_empty(pane->explorer, ink);
        return;
    }
    self->top = mr_pane_scroll(self->top, self->cursor, rows, self->n);
    for (int i = 0; i < rows && self->top + i < self->n; i++)
        draw_row(pane->explorer, ink, i, &desk->decisions[self->shown[self->top + i]],
                 pane->has_focus && self->top + i == self->cursor);
}

static void click(struct mr_pane *pane, int row, int col)
{
    struct review_pane *self = (struct review_pane *)pane;

    if (self->top + row < self->n)
        self->cursor = self->top + row;
}

const struct mr_pane_ops mr_pane_review_ops = {
    .title = "decisions, the newest first",
    .size = sizeof(struct review_pane),
    .refresh = refresh,
    .act = act,
    .draw = draw,
    .click = click,
    .finish = finish,
};
