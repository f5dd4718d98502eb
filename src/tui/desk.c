/* SPDX-License-Identifier: MIT */
/* Decisions of all readers, and one's own that are not on the disk yet. */
#include "desk.h"

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>

struct mr_desk_image {
    int64_t image;
    int first, n;                   /* in by_image */
    bool is_pending, is_relabelled; /* a label that was only confirmed is not */
    struct mr_review_state state;
    int note; /* index in by_image, -1 none */
};

void mr_desk_init(struct mr_desk *desk, struct mr_reviewer *reviewer, const char *reader)
{
    *desk = (struct mr_desk){.reviewer = reviewer, .reader = reader};
}

void mr_desk_finish(struct mr_desk *desk)
{
    free(desk->decisions);
    free(desk->pending);
    free(desk->images);
    free(desk->by_image);
}

static int compare_by_image(const void *left, const void *right)
{
    const struct mr_decision *a = left, *b = right;

    if (a->image != b->image)
        return a->image < b->image ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

/* Is the label another one than before the first decision about it? */
static bool is_relabelled(const struct mr_desk *desk, const struct mr_desk_image *at)
{
    for (int i = at->first; i < at->first + at->n; i++)
        if (mr_decision_form(desk->by_image[i].kind) == MR_FORM_CLASS)
            return at->state.label >= 0 && at->state.label != desk->by_image[i].from_class;
    return false;
}

static void rebuild_image(struct mr_desk *desk, int first, int n)
{
    const struct mr_decision *d = &desk->by_image[first];
    struct mr_desk_image *at = &desk->images[desk->n_images++];

    *at = (struct mr_desk_image){.image = d->image, .first = first, .n = n, .note = -1};
    at->state = mr_review_state_of(d, n, d->image);
    at->is_relabelled = is_relabelled(desk, at);
    for (int i = 0; i < n; i++)
        if (d[i].kind == MR_DECISION_NOTE && !d[i].undone)
            at->note = first + i;
    for (int i = 0; i < desk->n_pending; i++)
        at->is_pending |= desk->pending[i].image == d->image;
}

/* States of all images that have decisions, as if what is pending were saved already. */
static void rebuild(struct mr_desk *desk)
{
    int n = desk->n + desk->n_pending, first = 0;
    int64_t last_id = desk->n ? desk->decisions[desk->n - 1].id : 0;

    free(desk->by_image);
    free(desk->images);
    desk->by_image = mr_xalloc((size_t)n + 1, sizeof *desk->by_image);
    desk->images = mr_xalloc((size_t)n + 1, sizeof *desk->images);
    desk->n_images = 0;
    desk->serial++;
    if (desk->n)
        memcpy(desk->by_image, desk->decisions, (size_t)desk->n * sizeof *desk->by_image);
    for (int i = 0; i < desk->n_pending; i++) {
        struct mr_decision *d = &desk->by_image[desk->n + i];

        *d = desk->pending[i];
        d->id = last_id + 1 + i;
        for (int j = 0; j < desk->n; j++)
            if (d->target && desk->by_image[j].id == d->target)
                desk->by_image[j].undone = d->kind == MR_DECISION_UNDO;
    }
    qsort(desk->by_image, (size_t)n, sizeof *desk->by_image, compare_by_image);
    for (int i = 1; i <= n; i++) {
        if (i == n || desk->by_image[i].image != desk->by_image[first].image) {
            rebuild_image(desk, first, i - first);
            first = i;
        }
    }
}

enum mr_status mr_desk_refresh(struct mr_desk *desk, struct mr_store *store, struct mr_error *err)
{
    struct mr_decision *decisions = NULL;
    int n = 0;
    enum mr_status st = mr_decisions_load(store, &decisions, &n, err);

    if (st)
        return st;
    free(desk->decisions);
    desk->decisions = decisions;
    desk->n = n;
    rebuild(desk);
    return MR_OK;
}

void mr_desk_submit(struct mr_desk *desk, const struct mr_decision *decision)
{
    struct mr_decision *d;

    desk->pending = mr_xrealloc(desk->pending, (size_t)desk->n_pending + 1, sizeof *desk->pending);
    d = &desk->pending[desk->n_pending++];
    *d = *decision;
    mr_str_copy(d->reader, sizeof d->reader, desk->reader);
    d->id = mr_reviewer_submit(desk->reviewer, d);
    rebuild(desk);
}

/* A saved decision joins the others at once; a refresh would bring it too. */
static void adopt(struct mr_desk *desk, const struct mr_decision *decision)
{
    for (int i = 0; i < desk->n; i++) {
        if (desk->decisions[i].id == decision->id)
            return;
        if (decision->target && desk->decisions[i].id == decision->target)
            desk->decisions[i].undone = decision->kind == MR_DECISION_UNDO;
    }
    desk->decisions = mr_xrealloc(desk->decisions, (size_t)desk->n + 1, sizeof *desk->decisions);
    desk->decisions[desk->n++] = *decision;
}

bool mr_desk_poll(struct mr_desk *desk, struct mr_decision *decision, struct mr_error *err)
{
    int64_t ticket;
    int n = 0;

    if (!mr_reviewer_poll(desk->reviewer, &ticket, decision, err))
        return false;
    for (int i = 0; i < desk->n_pending; i++)
        if (desk->pending[i].id != ticket)
            desk->pending[n++] = desk->pending[i];
    desk->n_pending = n;
    if (err->status == MR_OK)
        adopt(desk, decision);
    rebuild(desk);
    return true;
}

static int compare_image(const void *key, const void *element)
{
    const int64_t *image = key;
    const struct mr_desk_image *at = element;

    return (*image > at->image) - (*image < at->image);
}

const struct mr_decision *mr_desk_all(const struct mr_desk *desk, int *n)
{
    *n = desk->by_image ? desk->n + desk->n_pending : 0;
    return desk->by_image;
}

static const struct mr_desk_image *find_image(const struct mr_desk *desk, int64_t image)
{
    if (!desk->n_images)
        return NULL;
    return bsearch(&image, desk->images, (size_t)desk->n_images, sizeof *desk->images,
                   compare_image);
}

const struct mr_decision *mr_desk_about(const struct mr_desk *desk, int64_t image, int *n)
{
    const struct mr_desk_image *at = find_image(desk, image);

    *n = at ? at->n : 0;
    return at ? desk->by_image + at->first : NULL;
}

struct mr_marks mr_desk_marks(const struct mr_desk *desk, int64_t image)
{
    struct mr_marks marks = {.state = {.label = -1}, .note = ""};
    const struct mr_desk_image *at = find_image(desk, image);

    if (!at)
        return marks;
    marks.state = at->state;
    marks.is_pending = at->is_pending;
    if (at->note >= 0)
        marks.note = desk->by_image[at->note].note;
    return marks;
}

void mr_desk_marks_text(const struct mr_marks *marks, char *out, size_t cap)
{
    const struct mr_review_state *s = &marks->state;
    struct mr_str text = MR_STR_EMPTY;

    mr_str_add(&text, s->is_flagged ? "⚑" : "");
    mr_str_add(&text, s->label >= 0 ? "✎" : "");
    mr_str_add(&text, s->is_ambiguous ? "≈" : "");
    mr_str_add(&text, s->is_excluded ? "×" : "");
    mr_str_add(&text, s->is_disputed ? "≠" : "");
    mr_str_add(&text, s->has_note ? "¶" : "");
    mr_str_add(&text, s->n_boxes ? "▢" : "");
    mr_str_add(&text, marks->is_pending ? "·" : "");
    mr_str_copy(out, cap, text.text);
    mr_str_finish(&text);
}

int mr_desk_n_changed(const struct mr_desk *desk)
{
    int n = 0;

    for (int i = 0; i < desk->n_images; i++)
        n += desk->images[i].is_relabelled || desk->images[i].state.is_excluded;
    return n;
}

/* Plays one's own decisions through and returns the two stacks' tops. */
static void play(const struct mr_decision *decisions, int n, const char *reader, int *undo,
                 int *redo)
{
    int *done = mr_xalloc((size_t)n + 1, sizeof *done);
    int *taken_back = mr_xalloc((size_t)n + 1, sizeof *taken_back);
    int n_done = 0, n_taken = 0;

    for (int i = 0; i < n; i++) {
        const struct mr_decision *d = &decisions[i];

        if (strcmp(d->reader, reader) != 0)
            continue;
        if (d->kind == MR_DECISION_UNDO || d->kind == MR_DECISION_REDO) {
            /* Which list it left and which it joined is known from `undone`, below. */
            for (int j = 0; j < i; j++) {
                if (decisions[j].id != d->target)
                    continue;
                if (d->kind == MR_DECISION_UNDO)
                    taken_back[n_taken++] = j;
                else if (n_taken > 0)
                    n_taken--;
            }
        } else {
            done[n_done++] = i;
            n_taken = 0;
        }
    }
    while (n_done > 0 && decisions[done[n_done - 1]].undone)
        n_done--;
    while (n_taken > 0 && !decisions[taken_back[n_taken - 1]].undone)
        n_taken--;
    *undo = n_done > 0 ? done[n_done - 1] : -1;
    *redo = n_taken > 0 ? taken_back[n_taken - 1] : -1;
    free(done);
    free(taken_back);
}

int mr_desk_find_undo(const struct mr_decision *decisions, int n, const char *reader)
{
    int undo, redo;

    play(decisions, n, reader, &undo, &redo);
    return undo;
}

int mr_desk_find_redo(const struct mr_decision *decisions, int n, const char *reader)
{
    int undo, redo;

    play(decisions, n, reader, &undo, &redo);
    return redo;
}
