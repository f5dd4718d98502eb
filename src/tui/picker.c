/* SPDX-License-Identifier: MIT */
/*
 * Which class should the image get? The present label is chosen first and the model's suggestion is
 * marked and one key (Tab) away, so that Enter by habit never means that the model wins. Up to nine
 * classes a digit decides at once; beyond, it may be the first of two and Enter decides. Letters go
 * to the class they begin.
 */
#include <stdio.h>
#include <string.h>

#include <misread/base/str.h>

#include "explorer.h"
#include "line.h"
#include "overlay.h"
#include "pane.h"

/* Classes that a single digit can name. */
#define MOST_BY_DIGIT 9
/* What its own lines need; narrower than this it lies over the picture. */
#define LEAST_COLS 36

struct picker {
    struct mr_overlay overlay;
    int64_t image;
    enum mr_decision_kind kind;
    int now, suggested; /* classes; suggested -1: none known */
    int cursor, top;
    struct mr_line line;
};

static int n_classes(const struct picker *self)
{
    return self->overlay.explorer->facts.names.n;
}

/* Beside the picture that it is about, at the right unless that is where the picture is. */
static struct mr_rect_cells place(struct mr_overlay *overlay, struct mr_size_cells screen)
{
    struct picker *self = (struct picker *)overlay;
    const struct mr_rect_cells about = overlay->explorer->chosen_rect;
    int rows = n_classes(self) + 4, cols = screen.cols / 2 < 44 ? screen.cols / 2 : 44;
    int beside = screen.cols - about.col - about.cols;
    struct mr_rect_cells rect = mr_overlay_middle(screen, rows, cols - 2);

    if (about.rows && beside >= LEAST_COLS && beside < rect.cols)
        rect.cols = beside;
    rect.col = screen.cols - rect.cols;
    if (about.rows && about.col + about.cols > rect.col && about.col >= rect.cols)
        rect.col = 0;
    return rect;
}

static void draw_class(const struct picker *self, const struct mr_ink *ink, int row, int class_id)
{
    const struct mr_names *names = &self->overlay.explorer->facts.names;
    enum mr_style style = class_id == self->cursor ? MR_STYLE_SELECTED : MR_STYLE_NORMAL;
    int cols = mr_ink_cols(ink);
    const char *tag = class_id == self->now ? "label" : class_id == self->suggested ? "model" : "";
    char name[160], digit[16];

    snprintf(digit, sizeof digit, "%d", class_id + 1);
    mr_names_short(names, class_id, cols - 12, name, sizeof name);
    mr_ink_fill(ink, (struct mr_rect_cells){row, 0, 1, cols}, style);
    mr_ink_text(ink, row, 1, style == MR_STYLE_SELECTED ? style : MR_STYLE_KEY, digit);
    mr_ink_text(ink, row, 4, style, name);
    mr_ink_right(ink, row, cols - 1,
                 style == MR_STYLE_SELECTED    ? style
                 : class_id == self->suggested ? MR_STYLE_SERIES_2
                                               : MR_STYLE_SERIES_1,
                 tag);
}

static void draw(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    struct picker *self = (struct picker *)overlay;
    int rows = mr_ink_rows(ink), list = rows - 3, n = n_classes(self);
    char typed[1024];

    self->top = mr_pane_scroll(self->top, self->cursor, list, n);
    for (int i = 0; i < list && self->top + i < n; i++)
        draw_class(self, ink, i, self->top + i);
    mr_safe_text(typed, sizeof typed, self->line.text, mr_ink_cols(ink) - 4, MR_ELIDE_MIDDLE);
    if (*typed)
        mr_ink_textf(ink, rows - 3, 1, MR_STYLE_NORMAL, "> %s_", typed);
    mr_ink_text(ink, rows - 2, 1, MR_STYLE_DIM,
                n <= MOST_BY_DIGIT ? "a digit decides; or letters, Enter"
                                   : "number or letters, Enter decides");
    mr_ink_text(ink, rows - 1, 1, MR_STYLE_DIM,
                self->suggested >= 0 ? "Tab model's guess, Esc leaves it" : "Esc leaves it");
}

static enum mr_overlay_reply decide(struct picker *self, int class_id)
{
    mr_decide_class(self->overlay.explorer, self->kind, self->image, class_id);
    return MR_OVERLAY_CLOSES;
}

/* The class whose number was typed; -1 if that is none. */
static int numbered(const struct picker *self)
{
    const char *text = self->line.text;
    int number = 0;

    for (; *text >= '0' && *text <= '9' && number <= n_classes(self); text++)
        number = number * 10 + *text - '0';
    return *text || number > n_classes(self) ? -1 : number - 1;
}

/* The class that the number or the letters mean, or the first that begins with them. */
static void complete(struct picker *self)
{
    const struct mr_names *names = &self->overlay.explorer->facts.names;
    int found = numbered(self);

    if (found < 0)
        found = mr_names_complete(names, self->line.text);

    for (int i = 0; found < 0 && i < names->n; i++)
        if (strcasestr(names->full[i], self->line.text))
            found = i;
    if (found >= 0)
        self->cursor = found;
}

static enum mr_overlay_reply key(struct mr_overlay *overlay, const struct mr_key *pressed)
{
    struct picker *self = (struct picker *)overlay;
    int n = n_classes(self), code = pressed->code;

    if (code == 27 || code == MR_CTRL('c'))
        return MR_OVERLAY_CLOSES;
    if (code == '\r')
        return decide(self, self->cursor);
    if (n <= MOST_BY_DIGIT && code >= '1' && code <= '9' && !self->line.text[0])
        return code - '1' < n ? decide(self, code - '1') : MR_OVERLAY_STAYS;
    if (code == '\t' && self->suggested >= 0)
        self->cursor = self->suggested;
    else if (code == MR_KEY_UP || code == MR_KEY_DOWN)
        mr_pane_move(&self->cursor, n, 1, code == MR_KEY_UP ? MR_ACT_UP : MR_ACT_DOWN);
    else if (mr_line_key(&self->line, pressed) && self->line.text[0])
        complete(self);
    return MR_OVERLAY_STAYS;
}

static const struct mr_overlay_ops ops = {
    .size = sizeof(struct picker),
    .place = place,
    .draw = draw,
    .key = key,
};

void mr_picker_open(struct mr_explorer *explorer, int64_t image, enum mr_decision_kind kind)
{
    const struct mr_reading *reading = &explorer->reading;
    struct picker *self;
    char name[64], title[128];

    if (explorer->facts.names.n < 2)
        return;
    mr_pictures_name(explorer, image, 24, name, sizeof name);
    snprintf(title, sizeof title, "%s %s", mr_decision_text(kind), name);
    self = (struct picker *)mr_overlay_create(explorer, &ops, title);
    self->image = image;
    self->kind = kind;
    self->now = mr_reading_label_now(&explorer->facts, &explorer->desk, image);
    self->cursor = self->now < 0 ? 0 : self->now;
    self->suggested = -1;
    for (int i = 0; i < explorer->facts.n_epochs; i++)
        if (explorer->facts.epochs[i].epoch == reading->epoch)
            self->suggested = mr_facts_history(&explorer->facts, i, image).predicted;
    if (self->suggested == self->now)
        self->suggested = -1;
}
