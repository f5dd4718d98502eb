/* SPDX-License-Identifier: MIT */
/* The filter of screen 4: kinds of decision by letter, readers by digit. */
#include <string.h>

#include <misread/base/str.h>

#include "explorer.h"
#include "overlay.h"

#define MOST_READERS 9

/* In the order of the kinds. */
static const int kind_keys[MR_N_DECISION_KINDS] = {'f', 'r', 'q', 'x', 'n', 'u', 'U', 'b', 'd'};

struct review_filter {
    struct mr_overlay overlay;
    const char *readers[MOST_READERS]; /* borrowed from the desk, which may change: see draw */
    int n;
};

/* The readers, in the order in which they first decided. */
static void find_readers(struct review_filter *self)
{
    const struct mr_desk *desk = &self->overlay.explorer->desk;

    self->n = 0;
    for (int i = 0; i < desk->n && self->n < MOST_READERS; i++) {
        int k = 0;

        while (k < self->n && strcmp(self->readers[k], desk->decisions[i].reader) != 0)
            k++;
        if (k == self->n)
            self->readers[self->n++] = desk->decisions[i].reader;
    }
}

static struct mr_rect_cells place(struct mr_overlay *overlay, struct mr_size_cells screen)
{
    struct mr_rect_cells rect = mr_overlay_middle(screen, MR_N_DECISION_KINDS + 2, 50);

    rect.row = 3;
    return rect;
}

static void draw_choice(const struct mr_ink *ink, int row, int col, int key, const char *text,
                        bool is_chosen)
{
    enum mr_style style = is_chosen ? MR_STYLE_SELECTED : MR_STYLE_NORMAL;

    mr_ink_textf(ink, row, col, is_chosen ? style : MR_STYLE_KEY, "%c", key);
    mr_ink_short(ink, row, col + 2, 22, style, text);
}

static void draw(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    struct review_filter *self = (struct review_filter *)overlay;
    const struct mr_explorer *explorer = overlay->explorer;

    find_readers(self);
    draw_choice(ink, 0, 1, 'a', "all kinds", explorer->review_kind < 0);
    for (int k = 0; k < MR_N_DECISION_KINDS; k++)
        draw_choice(ink, 1 + k, 1, kind_keys[k], mr_decision_text((enum mr_decision_kind)k),
                    explorer->review_kind == k);
    draw_choice(ink, 0, 25, '0', "all readers", !explorer->review_reader[0]);
    for (int i = 0; i < self->n; i++)
        draw_choice(ink, 1 + i, 25, '1' + i, self->readers[i],
                    strcmp(explorer->review_reader, self->readers[i]) == 0);
    mr_ink_text(ink, MR_N_DECISION_KINDS + 1, 1, MR_STYLE_DIM, "Enter closes");
}

static enum mr_overlay_reply key(struct mr_overlay *overlay, const struct mr_key *pressed)
{
    struct review_filter *self = (struct review_filter *)overlay;
    struct mr_explorer *explorer = overlay->explorer;
    int reader = pressed->code - '1';

    if (pressed->code == 27 || pressed->code == '\r' || pressed->code == 'F')
        return MR_OVERLAY_CLOSES;
    find_readers(self);
    if (pressed->code == 'a')
        explorer->review_kind = -1;
    for (int k = 0; k < MR_N_DECISION_KINDS; k++)
        if (pressed->code == kind_keys[k])
            explorer->review_kind = k;
    if (pressed->code == '0')
        explorer->review_reader[0] = '\0';
    else if (reader >= 0 && reader < self->n)
        mr_str_copy(explorer->review_reader, sizeof explorer->review_reader, self->readers[reader]);
    mr_explorer_recount(explorer);
    return MR_OVERLAY_STAYS;
}

static const struct mr_overlay_ops ops = {
    .size = sizeof(struct review_filter),
    .place = place,
    .draw = draw,
    .key = key,
};

void mr_review_filter_open(struct mr_explorer *explorer)
{
    mr_overlay_create(explorer, &ops, "show");
}
