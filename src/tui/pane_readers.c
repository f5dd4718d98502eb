/* SPDX-License-Identifier: MIT */
/*
 * How far each reader agrees with the labels, beside the network on the same images, and each two
 * readers with each other; Enter opens the images on which they differ.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/ids.h>
#include <misread/base/str.h>
#include <misread/interp/agreement.h>
#include <misread/interp/ranking.h>

#include "explorer.h"
#include "format.h"
#include "pane.h"

#define MOST_READERS       12
#define LEAST_FOR_INTERVAL 20 /* images; kappa's variance is one of large samples */

/* One comparison. */
struct match {
    char a[64], b[64]; /* b "": the labels as they came */
    struct mr_agreement agreement;
    int n_known, n_right; /* what the network predicted of those images, and how often b's label */
};

struct readers_pane {
    struct mr_pane pane;
    struct match *matches; /* owned */
    int n, cursor, top;
    bool is_stale;
};

/* ---- counting ---- */

/* The images of a table with what a reader says of them; reader NULL: the labels. */
static struct mr_pairing pair_up(const struct mr_explorer *explorer, const char *a, const char *b)
{
    int n, n_a, n_b;
    const struct mr_decision *all = mr_desk_all(&explorer->desk, &n);
    struct mr_word *words_a, *words_b;
    struct mr_pairing pairing;

    n_a = mr_words_of(all, n, explorer->facts.images, a, &words_a);
    n_b = mr_words_of(all, n, explorer->facts.images, b, &words_b);
    pairing = mr_pairing_of(words_a, n_a, words_b, n_b);
    free(words_a);
    free(words_b);
    return pairing;
}

/* The class predicted of an image; -1 if nothing was. */
static int predicted_of(const struct mr_reading_side *side, int64_t image)
{
    const struct mr_predictions *p = side->stored;
    int row = p ? mr_ids_find(p->ids, p->n, image) : -1;

    return row < 0 ? -1 : mr_argmax(p->logits + (size_t)row * (size_t)p->n_classes, p->n_classes);
}

static void ask_network(const struct mr_explorer *explorer, const struct mr_pairing *pairing,
                        struct match *match)
{
    for (int i = 0; i < pairing->n; i++) {
        int guess = predicted_of(&explorer->reading.valid, pairing->images[i]);

        if (guess < 0)
            guess = predicted_of(&explorer->reading.train, pairing->images[i]);
        match->n_known += guess >= 0;
        match->n_right += guess >= 0 && guess == pairing->b[i];
    }
}

static void add_match(struct readers_pane *self, const char *a, const char *b)
{
    const struct mr_explorer *explorer = self->pane.explorer;
    struct mr_pairing pairing = pair_up(explorer, a, b);
    struct match *match;

    if (pairing.n) {
        self->matches = mr_xrealloc(self->matches, (size_t)self->n + 1, sizeof *self->matches);
        match = &self->matches[self->n++];
        *match = (struct match){.agreement = mr_agreement_of(pairing.a, pairing.b, pairing.n,
                                                             explorer->facts.images->n_classes)};
        mr_str_copy(match->a, sizeof match->a, a);
        mr_str_copy(match->b, sizeof match->b, b ? b : "");
        ask_network(explorer, &pairing, match);
    }
    mr_pairing_finish(&pairing);
}

static void count(struct readers_pane *self)
{
    const struct mr_desk *desk = &self->pane.explorer->desk;
    const char *readers[MOST_READERS];
    int n = 0;

    self->is_stale = false;
    self->n = 0;
    if (!self->pane.explorer->facts.images)
        return;
    for (int i = 0; i < desk->n && n < MOST_READERS; i++) {
        int k = 0;

        while (k < n && strcmp(readers[k], desk->decisions[i].reader) != 0)
            k++;
        if (k == n)
            readers[n++] = desk->decisions[i].reader;
    }
    for (int i = 0; i < n; i++)
        for (int k = i + 1; k < n; k++)
            add_match(self, readers[i], readers[k]);
    for (int i = 0; i < n; i++)
        add_match(self, readers[i], NULL);
    if (self->cursor >= self->n)
        self->cursor = self->n ? self->n - 1 : 0;
}

/* It is counted when it is drawn, which may be never. */
static void refresh(struct mr_pane *pane)
{
    ((struct readers_pane *)pane)->is_stale = true;
}

static void finish(struct mr_pane *pane)
{
    free(((struct readers_pane *)pane)->matches);
}

/* ---- acting ---- */

static void open_differences(struct readers_pane *self)
{
    const struct match *match = &self->matches[self->cursor];
    struct mr_pairing pairing =
        pair_up(self->pane.explorer, match->a, match->b[0] ? match->b : NULL);
    char title[128];

    mr_pairing_keep_different(&pairing);
    snprintf(title, sizeof title, "%.40s and %.40s differ", match->a,
             match->b[0] ? match->b : "the labels");
    if (!pairing.n)
        mr_explorer_say(self->pane.explorer, "they agree on all of them");
    else
        mr_explorer_open_images(self->pane.explorer, pairing.images, pairing.n, title);
    mr_pairing_finish(&pairing);
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct readers_pane *self = (struct readers_pane *)pane;

    if (mr_pane_move(&self->cursor, self->n, pane->rect.rows - 1, what))
        return MR_PANE_DONE;
    if (what != MR_ACT_OPEN || !self->n)
        return MR_PANE_IGNORED;
    open_differences(self);
    return MR_PANE_DONE;
}

/* ---- drawing ---- */

static void draw_match(const struct mr_ink *ink, int row, const struct match *match, bool is_chosen)
{
    enum mr_style style = is_chosen ? MR_STYLE_SELECTED : MR_STYLE_NORMAL;
    const struct mr_agreement *g = &match->agreement;
    int cols = mr_ink_cols(ink), name_cols = cols - 56 < 40 ? cols - 56 : 40;
    char names[160], kappa[64] = "-", network[64] = "";

    snprintf(names, sizeof names, "%s · %s", match->a, match->b[0] ? match->b : "the labels");
    if (!isnan(g->kappa) && g->n >= LEAST_FOR_INTERVAL)
        snprintf(kappa, sizeof kappa, "%.2f [%.2f %.2f]", g->kappa, g->lo, g->hi);
    else if (!isnan(g->kappa))
        snprintf(kappa, sizeof kappa, "%.2f", g->kappa);
    if (match->n_known && !match->b[0])
        snprintf(network, sizeof network, "%s of %d",
                 mr_format_share((double)match->n_right / match->n_known, 2).text, match->n_known);
    mr_ink_fill(ink, (struct mr_rect_cells){row, 0, 1, cols}, style);
    mr_ink_short(ink, row, 1, name_cols, style, names);
    mr_ink_textf(ink, row, name_cols + 3, style, "%6d %6d  %5s  %-18s %s", g->n, g->n_equal,
                 mr_format_share(g->observed, 2).text, kappa, network);
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct readers_pane *self = (struct readers_pane *)pane;
    int rows = mr_ink_rows(ink) - 1, cols = mr_ink_cols(ink);
    int name_cols = cols - 56 < 40 ? cols - 56 : 40;

    if (self->is_stale)
        count(self);
    if (!self->n) {
        mr_ink_text(ink, 0, 1, MR_STYLE_DIM, "B reads a second time, blind, what another decided");
        return;
    }
    mr_ink_textf(ink, 0, name_cols + 3, MR_STYLE_DIM, "%6s %6s  %5s  %-18s %s", "images", "equal",
                 "share", "kappa", "network");
    self->top = mr_pane_scroll(self->top, self->cursor, rows, self->n);
    for (int i = 0; i < rows && self->top + i < self->n; i++)
        draw_match(ink, 1 + i, &self->matches[self->top + i],
                   pane->has_focus && self->top + i == self->cursor);
}

static void click(struct mr_pane *pane, int row, int col)
{
    struct readers_pane *self = (struct readers_pane *)pane;

    if (row > 0 && self->top + row - 1 < self->n)
        self->cursor = self->top + row - 1;
}

const struct mr_pane_ops mr_pane_readers_ops = {
    .title = "readers",
    .size = sizeof(struct readers_pane),
    .refresh = refresh,
    .act = act,
    .draw = draw,
    .click = click,
    .finish = finish,
};
