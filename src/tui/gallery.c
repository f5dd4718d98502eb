/* SPDX-License-Identifier: MIT */
/* Which images, in what order. The counts of the matrix and these lists come from the same reading.
 */
#include "gallery.h"

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/pattern.h>
#include <misread/base/str.h>

#include "desk.h"
#include "facts.h"
#include "format.h"
#include "reading.h"

static const char *const show_text[] = {
#define X(name, key, text) text,
    MR_SHOW_LIST(X)
#undef X
};
static const char *const split_text[] = {
#define X(name, key, text) text,
    MR_SPLIT_LIST(X)
#undef X
};

const char *mr_show_text(enum mr_show show)
{
    return show_text[show];
}

const char *mr_split_text(enum mr_split split)
{
    return split_text[split];
}

void mr_gallery_init(struct mr_gallery *gallery)
{
    *gallery = (struct mr_gallery){.actual = -1, .predicted = -1, .is_stale = true};
}

void mr_gallery_finish(struct mr_gallery *gallery)
{
    free(gallery->items);
    gallery->items = NULL;
}

void mr_gallery_show_cell(struct mr_gallery *gallery, int actual, int predicted)
{
    gallery->show = MR_SHOW_ALL;
    gallery->split = MR_SPLIT_VALID;
    gallery->actual = actual;
    gallery->predicted = predicted;
    gallery->text[0] = '\0';
    gallery->chosen = 0;
    gallery->n = 0; /* the choice of the old list means nothing here */
    gallery->is_stale = true;
}

static bool has_mark(enum mr_show show, const struct mr_review_state *state)
{
    switch (show) {
    case MR_SHOW_FLAGGED:
        return state->is_flagged;
    case MR_SHOW_RELABELLED:
        return state->label >= 0 || state->is_disputed;
    case MR_SHOW_AMBIGUOUS:
        return state->is_ambiguous;
    case MR_SHOW_EXCLUDED:
        return state->is_excluded;
    default:
        return true;
    }
}

/* The filter by text: a pattern, or plain text where it is none. */
struct matcher {
    struct mr_pattern *pattern;
    const char *plain;
};

static bool matches(const struct matcher *matcher, const char *text)
{
    if (matcher->pattern)
        return mr_pattern_find(matcher->pattern, text, NULL, 0);
    return strcasestr(text, matcher->plain) != NULL;
}

static bool is_wanted(const struct mr_gallery *gallery, const struct mr_ranked *ranked,
                      const struct mr_facts *facts, const struct mr_desk *desk,
                      const struct matcher *matcher)
{
    struct mr_marks marks = mr_desk_marks(desk, ranked->image);
    const struct mr_image_row *row;

    if (!has_mark(gallery->show, &marks.state))
        return false;
    if (!gallery->text[0])
        return true;
    row = facts->images ? mr_images_find(facts->images, ranked->image) : NULL;
    return (row && row->path && matches(matcher, row->path)) ||
           matches(matcher, mr_names_full(&facts->names, ranked->actual)) ||
           matches(matcher, mr_names_full(&facts->names, ranked->predicted));
}

static void add_side(struct mr_gallery *gallery, const struct mr_reading_side *from,
                     enum mr_side side, const struct mr_facts *facts, const struct mr_desk *desk)
{
    const struct mr_ranking_filter filter = {.actual = gallery->actual,
                                             .predicted = gallery->predicted,
                                             .only_wrong = gallery->show == MR_SHOW_MISREAD};
    struct matcher matcher = {.plain = gallery->text};
    struct mr_ranked *ranked = NULL;
    int n;

    if (!from->stored)
        return;
    if (gallery->text[0])
        gallery->is_bad_text = mr_pattern_create(&matcher.pattern, gallery->text, NULL) != MR_OK;
    n = mr_ranking_of(&from->view, &filter, gallery->order, &ranked);
    gallery->items =
        mr_xrealloc(gallery->items, (size_t)(gallery->n + n) + 1, sizeof *gallery->items);
    for (int i = 0; i < n; i++)
        if (is_wanted(gallery, &ranked[i], facts, desk, &matcher))
            gallery->items[gallery->n++] =
                (struct mr_gallery_item){.ranked = ranked[i], .side = side};
    mr_pattern_destroy(matcher.pattern);
    free(ranked);
}

/* How bad an item is by the order wanted: larger comes first. */
static double badness(const struct mr_gallery_item *item, enum mr_ranking_order order)
{
    const struct mr_ranked *r = &item->ranked;

    return order == MR_ORDER_LOSS         ? (double)r->loss
           : order == MR_ORDER_P_ACTUAL   ? -(double)r->p_actual
           : order == MR_ORDER_CONFIDENCE ? (double)r->p_predicted
                                          : -(double)r->image;
}

/* Merges the two sorted sides that lie one behind the other. */
static void merge_sides(struct mr_gallery *gallery, int middle)
{
    struct mr_gallery_item *merged = mr_xalloc((size_t)gallery->n + 1, sizeof *merged);
    int a = 0, b = middle, n = 0;

    while (a < middle || b < gallery->n) {
        bool from_b =
            a >= middle || (b < gallery->n && badness(&gallery->items[b], gallery->order) >
                                                  badness(&gallery->items[a], gallery->order));

        merged[n++] = gallery->items[from_b ? b++ : a++];
    }
    free(gallery->items);
    gallery->items = merged;
}

static void reverse(struct mr_gallery *gallery)
{
    for (int i = 0, j = gallery->n - 1; i < j; i++, j--) {
        struct mr_gallery_item item = gallery->items[i];

        gallery->items[i] = gallery->items[j];
        gallery->items[j] = item;
    }
}

void mr_gallery_refresh(struct mr_gallery *gallery, const struct mr_reading *reading,
                        const struct mr_facts *facts, const struct mr_desk *desk)
{
    const struct mr_gallery_item *chosen = mr_gallery_chosen(gallery);
    int64_t keep = chosen ? chosen->ranked.image : 0;
    int middle;

    if (!gallery->is_stale && gallery->serial == reading->serial)
        return;
    gallery->n = 0;
    gallery->is_bad_text = false;
    if (gallery->split != MR_SPLIT_TRAIN)
        add_side(gallery, &reading->valid, MR_SIDE_VALID, facts, desk);
    middle = gallery->n;
    if (gallery->split != MR_SPLIT_VALID)
        add_side(gallery, &reading->train, MR_SIDE_TRAIN, facts, desk);
    merge_sides(gallery, middle);
    if (gallery->is_reversed)
        reverse(gallery);
    for (int i = 0; i < gallery->n; i++)
        if (gallery->items[i].ranked.image == keep)
            gallery->chosen = i;
    mr_gallery_move(gallery, 0);
    gallery->serial = reading->serial;
    gallery->is_stale = false;
}

bool mr_gallery_move(struct mr_gallery *gallery, int by)
{
    int before = gallery->chosen, to = before + by;

    if (to >= gallery->n)
        to = gallery->n - 1;
    gallery->chosen = to < 0 ? 0 : to;
    return gallery->chosen != before;
}

const struct mr_gallery_item *mr_gallery_chosen(const struct mr_gallery *gallery)
{
    if (gallery->chosen < 0 || gallery->chosen >= gallery->n)
        return NULL;
    return &gallery->items[gallery->chosen];
}

static void add_name(const struct mr_facts *facts, const char *what, int class_id, int name_cols,
                     struct mr_str *out)
{
    char name[160];

    if (class_id < 0)
        return;
    mr_names_short(&facts->names, class_id, name_cols, name, sizeof name);
    mr_str_addf(out, " %s %s", what, name);
}

void mr_gallery_describe(const struct mr_gallery *gallery, const struct mr_facts *facts,
                         int name_cols, struct mr_str *out)
{
    static const char *const orders[] = {
        [MR_ORDER_LOSS] = "by loss",
        [MR_ORDER_P_ACTUAL] = "by probability of the label",
        [MR_ORDER_CONFIDENCE] = "by confidence",
        [MR_ORDER_ID] = "as stored",
    };
    char text[160];

    mr_str_addf(out, "%s", mr_format_count(gallery->n).text);
    if (gallery->show != MR_SHOW_ALL)
        mr_str_addf(out, " %s", show_text[gallery->show]);
    mr_str_add(out, gallery->n == 1 ? " image" : " images");
    if (name_cols < 64 && gallery->actual >= 0 && gallery->predicted >= 0) {
        add_name(facts, "·", gallery->actual, name_cols, out);
        add_name(facts, "→", gallery->predicted, name_cols, out);
    } else {
        add_name(facts, "· actual", gallery->actual, name_cols, out);
        add_name(facts, "· predicted", gallery->predicted, name_cols, out);
    }
    if (gallery->text[0]) {
        mr_safe_text(text, sizeof text, gallery->text, 30, MR_ELIDE_END);
        mr_str_addf(out, " · %s “%s”", gallery->is_bad_text ? "with" : "matching", text);
    }
    mr_str_addf(out, " · %s %s", orders[gallery->order], gallery->is_reversed ? "▴" : "▾");
    mr_str_addf(out, " · %s", split_text[gallery->split]);
}
