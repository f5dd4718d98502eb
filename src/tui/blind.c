/* SPDX-License-Identifier: MIT */
/*
 * A blind second reading. It lies over the whole screen and draws nothing but the picture and the
 * classes, so that there is nothing that could sway: no label, prediction, path, loss, order, mark
 * or word of another reader. What is chosen is a relabel like others, told apart by its note; so a
 * reading that was left goes on where it was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/rng.h>
#include <misread/base/str.h>

#include "explorer.h"
#include "overlay.h"
#include "pane.h"

#define NOTE "second reading"

struct blind {
    struct mr_overlay overlay;
    int64_t *images; /* owned: shuffled */
    int n, at;
    char typed[64]; /* letters so far, beyond nine classes */
};

/* ---- which images ---- */

struct candidate {
    int64_t image;
    uint64_t rank; /* by chance, but the same whenever the reader comes back */
    bool is_decided;
};

static int compare_candidates(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;

    if (a->is_decided != b->is_decided)
        return a->is_decided ? -1 : 1;
    return (a->rank > b->rank) - (a->rank < b->rank);
}

static int compare_ranks(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;

    return (a->rank > b->rank) - (a->rank < b->rank);
}

/* Images to train or validate with that can be read; test images are for no eyes. */
static int find_candidates(const struct mr_explorer *explorer, struct candidate *all)
{
    const struct mr_image_table *images = explorer->facts.images;
    const char *reader = explorer->options->reader;
    uint64_t seed = mr_hash_fnv(reader, strlen(reader));
    int n = 0, n_decisions;
    const struct mr_decision *d = mr_desk_all(&explorer->desk, &n_decisions);

    for (int i = 0, k = 0; i < images->n; i++) {
        const struct mr_image_row *row = &images->rows[i];
        struct candidate c = {.image = row->id,
                              .rank = mr_hash_mix(seed ^ mr_hash_mix((uint64_t)row->id))};

        /* both are by image */
        for (; k < n_decisions && d[k].image <= row->id; k++)
            c.is_decided |= d[k].image == row->id && !d[k].undone &&
                            mr_decision_form(d[k].kind) != MR_FORM_TURN &&
                            strcmp(d[k].reader, reader) != 0;
        if (row->side != MR_SIDE_TEST && row->state != MR_IMAGE_UNREADABLE &&
            row->state != MR_IMAGE_MISSING)
            all[n++] = c;
    }
    return n;
}

/* All that others decided about, and as many that nobody else did, in one shuffled order. */
static void choose_images(struct blind *self)
{
    const struct mr_explorer *explorer = self->overlay.explorer;
    struct candidate *all = mr_xalloc((size_t)explorer->facts.images->n + 1, sizeof *all);
    int n = find_candidates(explorer, all), n_decided = 0;

    for (int i = 0; i < n; i++)
        n_decided += all[i].is_decided;
    qsort(all, (size_t)n, sizeof *all, compare_candidates);
    self->n = 2 * n_decided < n ? 2 * n_decided : n;
    qsort(all, (size_t)self->n, sizeof *all, compare_ranks);
    self->images = mr_xalloc((size_t)self->n + 1, sizeof *self->images);
    for (int i = 0; i < self->n; i++)
        self->images[i] = all[i].image;
    free(all);
}

/* The class that this reader gave the image in a second reading; -1 none yet. */
static int answer_of(const struct blind *self, int64_t image)
{
    const struct mr_explorer *explorer = self->overlay.explorer;
    int n, answer = -1;
    const struct mr_decision *d = mr_desk_about(&explorer->desk, image, &n);

    for (int i = 0; i < n; i++)
        if (d[i].kind == MR_DECISION_RELABEL && !d[i].undone && strcmp(d[i].note, NOTE) == 0 &&
            strcmp(d[i].reader, explorer->options->reader) == 0)
            answer = d[i].to_class;
    return answer;
}

static int n_answered(const struct blind *self)
{
    int n = 0;

    for (int i = 0; i < self->n; i++)
        n += answer_of(self, self->images[i]) >= 0;
    return n;
}

/* The next image without an answer from `at` on, round the end; false if there is none. */
static bool go_on(struct blind *self)
{
    for (int i = 0; i < self->n; i++) {
        int at = (self->at + i) % self->n;

        if (answer_of(self, self->images[at]) < 0) {
            self->at = at;
            return true;
        }
    }
    return false;
}

/* ---- drawing ---- */

/* Over everything but the line of messages and the footer. */
static struct mr_rect_cells place(struct mr_overlay *overlay, struct mr_size_cells screen)
{
    return (struct mr_rect_cells){2, 0, screen.rows - 4, screen.cols};
}

static void draw_classes(const struct blind *self, const struct mr_ink *ink, int row, int answer)
{
    const struct mr_names *names = &self->overlay.explorer->facts.names;
    int cols = mr_ink_cols(ink), n = names->n, each = n ? (cols - 2) / n - 3 : 0, col = 1;
    char name[160];

    mr_ink_fill(ink, (struct mr_rect_cells){row, 0, 1, cols}, MR_STYLE_MODE);
    if (n > 9) {
        mr_ink_textf(ink, row, col, MR_STYLE_MODE, "type a class, Enter: %s_", self->typed);
        return;
    }
    for (int i = 0; i < n; i++) {
        mr_names_short(names, i, each > 4 ? each : 4, name, sizeof name);
        col += mr_ink_textf(ink, row, col, i == answer ? MR_STYLE_SELECTED : MR_STYLE_MODE,
                            " %d %s", i + 1, name);
    }
}

static void draw(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    struct blind *self = (struct blind *)overlay;
    int rows = mr_ink_rows(ink), cols = mr_ink_cols(ink);
    int answer = answer_of(self, self->images[self->at]);

    /* what lies under it is not drawn, but this picture is */
    overlay->explorer->covered = (struct mr_rect_cells){0};
    mr_pictures_draw(overlay->explorer, ink, (struct mr_rect_cells){1, 1, rows - 2, cols - 2},
                     self->images[self->at]);
    mr_ink_textf(ink, 0, 1, MR_STYLE_BOLD, "image %d of %d", self->at + 1, self->n);
    if (answer >= 0)
        mr_ink_textf(ink, 0, 20, MR_STYLE_NORMAL, "you said %s",
                     mr_names_full(&overlay->explorer->facts.names, answer));
    mr_ink_textf(ink, 0, cols - 22, MR_STYLE_DIM, "%d to go", self->n - n_answered(self));
    draw_classes(self, ink, rows - 1, answer);
}

static const struct mr_overlay_hint *hints(const struct mr_overlay *overlay)
{
    static const struct mr_overlay_hint by_digit[] = {
        {"digit", "class"}, {"Left Right", "image"}, {"u", "undo"}, {"Esc", "leave"}, {NULL, NULL}};
    static const struct mr_overlay_hint by_name[] = {{"letters Enter", "class"},
                                                     {"Left Right", "image"},
                                                     {"^U", "undo"},
                                                     {"Esc", "leave"},
                                                     {NULL, NULL}};

    return overlay->explorer->facts.names.n > 9 ? by_name : by_digit;
}

/* ---- keys ---- */

static enum mr_overlay_reply end(struct blind *self)
{
    struct mr_explorer *explorer = self->overlay.explorer;

    mr_explorer_recount(explorer);
    explorer->views[MR_SCREEN_REVIEW].focus = 1;
    mr_explorer_say(explorer, "second reading of %d images is done: Enter shows where you differ",
                    self->n);
    explorer->message.stays = true; /* the last answers are still on their way to the disk */
    return MR_OVERLAY_CLOSES;
}

static enum mr_overlay_reply answer(struct blind *self, int class_id)
{
    struct mr_explorer *explorer = self->overlay.explorer;
    int64_t image = self->images[self->at];
    struct mr_decision decision = {
        .image = image,
        .kind = MR_DECISION_RELABEL,
        .from_class = mr_reading_label_now(&explorer->facts, &explorer->desk, image),
        .to_class = class_id,
        .note = NOTE};

    self->typed[0] = '\0';
    mr_decide_submit(explorer, &decision);
    return go_on(self) ? MR_OVERLAY_STAYS : end(self);
}

/* Beyond nine classes: letters, Backspace, Enter. */
static enum mr_overlay_reply type_class(struct blind *self, int code)
{
    struct mr_explorer *explorer = self->overlay.explorer;
    size_t n = strlen(self->typed);
    int class_id;

    if (code == '\r' && n) {
        class_id = mr_names_complete(&explorer->facts.names, self->typed);
        if (class_id >= 0)
            return answer(self, class_id);
        mr_explorer_complain(explorer, "“%s” is not the name of one class", self->typed);
        self->typed[0] = '\0';
    } else if ((code == 127 || code == 8) && n) {
        self->typed[n - 1] = '\0';
    } else if (code > ' ' && code < 127 && n + 1 < sizeof self->typed) {
        self->typed[n] = (char)code;
        self->typed[n + 1] = '\0';
    }
    return MR_OVERLAY_STAYS;
}

static enum mr_overlay_reply key(struct mr_overlay *overlay, const struct mr_key *pressed)
{
    struct blind *self = (struct blind *)overlay;
    int n_classes = overlay->explorer->facts.names.n, code = pressed->code;

    if (code == 27 || code == MR_CTRL('c'))
        return MR_OVERLAY_CLOSES;
    if (code == MR_KEY_LEFT || code == MR_KEY_RIGHT) {
        self->at = (self->at + (code == MR_KEY_LEFT ? self->n - 1 : 1)) % self->n;
    } else if (code == (n_classes > 9 ? MR_CTRL('u') : 'u')) { /* where letters choose, u is one */
        self->at = (self->at + self->n - 1) % self->n;
        mr_explorer_act(overlay->explorer, MR_ACT_UNDO);
    } else if (n_classes > 9) {
        return type_class(self, code);
    } else if (code >= '1' && code < '1' + n_classes) {
        return answer(self, code - '1');
    }
    return MR_OVERLAY_STAYS;
}

static void finish(struct mr_overlay *overlay)
{
    overlay->explorer->is_blind = false;
    free(((struct blind *)overlay)->images);
}

static const struct mr_overlay_ops ops = {
    .size = sizeof(struct blind),
    .place = place,
    .draw = draw,
    .key = key,
    .finish = finish,
    .hints = hints,
};

void mr_blind_open(struct mr_explorer *explorer)
{
    struct blind *self;

    if (!explorer->facts.images || explorer->facts.names.n < 2)
        return;
    self = (struct blind *)mr_overlay_create(explorer, &ops, "blind second reading");
    choose_images(self);
    explorer->is_blind = true;
    explorer->message.for_ms = 0; /* it may name an image */
    if (self->n && go_on(self))
        return;
    mr_explorer_say(explorer, self->n
                                  ? "you have read all of them: Tab, Enter shows where you differ"
                                  : "nobody else has decided anything yet (--reader NAME)");
    explorer->overlay = NULL;
    mr_overlay_destroy(&self->overlay);
}
