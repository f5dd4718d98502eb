/* SPDX-License-Identifier: MIT */
/* What is wrong with the images themselves; each finding opens into its images. */
#include <stdio.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/interp/flaws.h>
#include <misread/interp/ranking.h>
#include <misread/store/runs.h>

#include "explorer.h"
#include "format.h"
#include "pane.h"

struct flaws_pane {
    struct mr_pane pane;
    int cursor, top;
};

static int count_of(const struct mr_flaws *flaws, int kind)
{
    return flaws->first[kind + 1] - flaws->first[kind];
}

/* Its images, or what augmentation makes of them. */
static void open_finding(struct mr_explorer *explorer, int kind, enum mr_act what)
{
    const struct mr_flaws *flaws = explorer->look.flaws;
    int n = count_of(flaws, kind);
    int64_t *ids = mr_xalloc((size_t)n + 1, sizeof *ids);

    for (int i = 0; i < n; i++)
        ids[i] = flaws->found[flaws->first[kind] + i].image;
    if (what == MR_ACT_VARIANTS)
        mr_variants_open(explorer, ids, n, 0);
    else
        mr_explorer_open_images(explorer, ids, n, mr_flaw_texts[kind].text);
    free(ids);
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct flaws_pane *self = (struct flaws_pane *)pane;
    const struct mr_flaws *flaws = pane->explorer->look.flaws;

    if (mr_pane_move(&self->cursor, MR_FLAW_N, pane->rect.rows - 3, what))
        return MR_PANE_DONE;
    if (what != MR_ACT_OPEN && what != MR_ACT_VARIANTS)
        return MR_PANE_IGNORED;
    if (flaws && count_of(flaws, self->cursor))
        open_finding(pane->explorer, self->cursor, what);
    else if (what == MR_ACT_VARIANTS)
        return MR_PANE_IGNORED; /* of any image */
    else
        mr_explorer_say(pane->explorer,
                        flaws ? "no image is like that" : "not measured yet: M measures");
    return MR_PANE_DONE;
}

/* How far the look is, in a line. */
static void draw_state(const struct mr_explorer *explorer, const struct mr_ink *ink)
{
    const struct mr_tui_look *look = &explorer->look;
    const struct mr_flaws *flaws = look->flaws;
    int cols = mr_ink_cols(ink) - 2;
    char text[700];

    if (look->state == MR_TUI_LOOK_RUNS && look->n_total)
        snprintf(text, sizeof text, "measuring: %s of %s images",
                 mr_format_count(look->n_done).text, mr_format_count(look->n_total).text);
    else if (look->state == MR_TUI_LOOK_RUNS)
        snprintf(text, sizeof text, "looking ...");
    else if (look->state == MR_TUI_LOOK_FAILED)
        snprintf(text, sizeof text, "%s", look->message);
    else if (!flaws || !flaws->n_measured)
        snprintf(text, sizeof text, "not measured yet: M measures");
    else if (flaws->n_unmeasured)
        snprintf(text, sizeof text, "%s measured, %s not yet: M goes on",
                 mr_format_count(flaws->n_measured).text,
                 mr_format_count(flaws->n_unmeasured).text);
    else
        snprintf(text, sizeof text, "all %s images measured",
                 mr_format_count(flaws->n_measured).text);
    mr_ink_short(ink, 0, 1, cols, look->state == MR_TUI_LOOK_FAILED ? MR_STYLE_ERROR : MR_STYLE_DIM,
                 text);
}

static void draw_row(const struct mr_ink *ink, int row, const struct mr_flaws *flaws, int kind,
                     enum mr_style style)
{
    int cols = mr_ink_cols(ink), n = count_of(flaws, kind);
    enum mr_style plain = n || style == MR_STYLE_SELECTED ? style : MR_STYLE_DIM;

    mr_ink_fill(ink, (struct mr_rect_cells){row, 0, 1, cols}, style);
    mr_ink_short(ink, row, 1, cols - 9, plain, mr_flaw_texts[kind].text);
    mr_ink_right(ink, row, cols - 1, plain, mr_format_count(n).text);
}

/* What it means for the numbers of a run, if there is room for that. */
static void draw_crossing(const struct mr_explorer *explorer, const struct mr_ink *ink,
                          const struct mr_flaws *flaws)
{
    const struct mr_predictions *valid = &explorer->reading.valid.view;
    const struct mr_guesses guesses = {valid->n, valid->n_classes, valid->ids,
                                       explorer->reading.valid.guesses};
    int rows = mr_ink_rows(ink), has_room = rows > 1 + MR_FLAW_N + 1;
    struct mr_kin_effect kin;

    if (!flaws->n_crossing)
        return;
    mr_ink_textf(ink, rows - 1 - has_room, 1, MR_STYLE_WARNING,
                 "%s pairs of duplicates cross the split", mr_format_count(flaws->n_crossing).text);
    if (!has_room || !guesses.predicted)
        return;
    kin = mr_flaws_kin_effect(&guesses, valid->labels, flaws);
    if (kin.n_kin && kin.n > kin.n_kin)
        mr_ink_textf(
            ink, rows - 1, 1, MR_STYLE_WARNING, "accuracy %s, without them %s",
            mr_format_share((double)kin.n_correct / kin.n, 3).text,
            mr_format_share((double)(kin.n_correct - kin.n_correct_kin) / (kin.n - kin.n_kin), 3)
                .text);
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct flaws_pane *self = (struct flaws_pane *)pane;
    const struct mr_flaws *flaws = pane->explorer->look.flaws;
    int rows;

    draw_state(pane->explorer, ink);
    if (!flaws || !flaws->n_measured)
        return;
    rows = mr_ink_rows(ink) - 1 - (flaws->n_crossing > 0);
    self->top = mr_pane_scroll(self->top, self->cursor, rows, MR_FLAW_N);
    for (int i = 0; i < rows && self->top + i < MR_FLAW_N; i++) {
        bool is_chosen = pane->has_focus && self->top + i == self->cursor;

        draw_row(ink, 1 + i, flaws, self->top + i, is_chosen ? MR_STYLE_SELECTED : MR_STYLE_NORMAL);
    }
    draw_crossing(pane->explorer, ink, flaws);
}

static void click(struct mr_pane *pane, int row, int col)
{
    struct flaws_pane *self = (struct flaws_pane *)pane;

    if (row >= 1 && self->top + row - 1 < MR_FLAW_N)
        self->cursor = self->top + row - 1;
}

const struct mr_pane_ops mr_pane_flaws_ops = {
    .title = "images",
    .size = sizeof(struct flaws_pane),
    .act = act,
    .draw = draw,
    .click = click,
};
