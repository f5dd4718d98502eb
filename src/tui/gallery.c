/* SPDX-License-Identifier: MIT */
/* Which images, in what order. The counts of the matrix and these lists come from the same reading.
 */
#include "gallery.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/ids.h>
#include <misread/base/pattern.h>
#include <misread/base/str.h>

#include "desk.h"
#include "doubts.h"
#include "facts.h"
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
static const char *const order_text[] = {
#define X(name, key, text) text,
    MR_GALLERY_ORDER_LIST(X)
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

const char *mr_gallery_order_text(enum mr_gallery_order order)
{
    return order_text[order];
}

_Static_assert(MR_N_GALLERY_ORDERS - MR_GALLERY_BY_SELF == MR_N_SUSPECT_SCORE &&
                   MR_GALLERY_BY_AUM - MR_GALLERY_BY_SELF == MR_SUSPECT_AUM,
               "the scores of labels stand last, in their own order");

static bool is_of_labels(enum mr_gallery_order order)
{
    return order >= MR_GALLERY_BY_SELF;
}

static enum mr_suspect_score score_of(enum mr_gallery_order order)
{
    return (enum mr_suspect_score)(order - MR_GALLERY_BY_SELF);
}

bool mr_gallery_wants_epochs(const struct mr_gallery *gallery)
{
    return is_of_labels(gallery->order) && mr_suspect_score_is_of_epochs(score_of(gallery->order));
}

bool mr_gallery_wants_folding(const struct mr_gallery *gallery)
{
    return gallery->only_doubted ||
           (is_of_labels(gallery->order) && !mr_gallery_wants_epochs(gallery));
}

/* A run learns from its training images while it answers. */
bool mr_gallery_is_in_sample(const struct mr_gallery *gallery, const struct mr_doubts *doubts)
{
    return (mr_gallery_wants_folding(gallery) && doubts->in_sample) ||
           (mr_gallery_wants_epochs(gallery) && gallery->split != MR_SPLIT_VALID);
}

void mr_gallery_init(struct mr_gallery *gallery)
{
    *gallery = (struct mr_gallery){.actual = -1, .predicted = -1, .is_stale = true};
}

void mr_gallery_finish(struct mr_gallery *gallery)
{
    free(gallery->items);
    gallery->items = NULL;
    free(gallery->listed);
    gallery->listed = NULL;
}

void mr_gallery_unlist(struct mr_gallery *gallery)
{
    free(gallery->listed);
    gallery->listed = NULL;
    gallery->is_stale = true;
}

void mr_gallery_show_cell(struct mr_gallery *gallery, enum mr_show show, int actual, int predicted)
{
    gallery->show = show;
    gallery->split = MR_SPLIT_VALID;
    gallery->actual = actual;
    gallery->predicted = predicted;
    gallery->text[0] = '\0';
    gallery->only_doubted = false;
    gallery->chosen = 0;
    gallery->n = 0; /* the choice of the old list means nothing here */
    gallery->is_stale = true;
    mr_gallery_unlist(gallery);
}

void mr_gallery_show_images(struct mr_gallery *gallery, const int64_t *images, int n,
                            const char *what)
{
    mr_gallery_show_cell(gallery, MR_SHOW_ALL, -1, -1);
    gallery->split = MR_SPLIT_BOTH;
    gallery->listed = mr_xalloc((size_t)n + 1, sizeof *gallery->listed);
    gallery->n_listed = n;
    for (int i = 0; i < n; i++)
        gallery->listed[i] = images[i];
    mr_str_copy(gallery->what, sizeof gallery->what, what);
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
    case MR_SHOW_DISPUTED:
        return state->is_disputed;
    case MR_SHOW_UNDECIDED:
        return state->label < 0 && !state->is_disputed && !state->is_flagged &&
               !state->is_ambiguous && !state->is_excluded && !state->has_note && !state->n_boxes;
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

/* What a list is made from. */
struct making {
    struct mr_gallery *gallery;
    const struct mr_facts *facts;
    const struct mr_desk *desk;
    const struct mr_doubts *doubts;
    struct matcher matcher;
};

static bool is_doubted(const struct making *m, int64_t image)
{
    const struct mr_doubt *doubt = mr_doubts_find(m->doubts, image);

    return doubt && doubt->is_flagged;
}

/* Which rows are of the cell wanted: as they are read now or, of changes, were read before too. */
static struct mr_ranking_filter filter_of(const struct mr_gallery *gallery)
{
    if (gallery->show == MR_SHOW_CHANGED)
        return (struct mr_ranking_filter){.actual = gallery->actual, .predicted = -1};
    return (struct mr_ranking_filter){.actual = gallery->actual,
                                      .predicted = gallery->predicted,
                                      .only_wrong = gallery->show == MR_SHOW_MISREAD};
}

static bool has_changed(const struct mr_gallery *gallery, const struct mr_reading *reading,
                        enum mr_side side, int row)
{
    return gallery->show != MR_SHOW_CHANGED ||
           (side == MR_SIDE_VALID &&
            mr_contrast_find(&reading->contrast, row, gallery->actual, gallery->predicted));
}

static bool is_wanted(const struct making *m, const struct mr_ranked *ranked)
{
    struct mr_marks marks = mr_desk_marks(m->desk, ranked->image);
    const struct mr_image_row *row;

    if (!has_mark(m->gallery->show, &marks.state) ||
        (m->gallery->only_doubted && !is_doubted(m, ranked->image)))
        return false;
    if (!m->gallery->text[0])
        return true;
    row = m->facts->images ? mr_images_find(m->facts->images, ranked->image) : NULL;
    return (row && row->path && matches(&m->matcher, row->path)) ||
           matches(&m->matcher, mr_names_full(&m->facts->names, ranked->actual)) ||
           matches(&m->matcher, mr_names_full(&m->facts->names, ranked->predicted));
}

/* Larger comes first; what is not finite is worse than any number, and what nothing is known of is
 * better. */
static double badness_of(const struct making *m, const struct mr_ranked *r)
{
    enum mr_gallery_order order = m->gallery->order;
    double badness = order == MR_GALLERY_BY_LOSS         ? (double)r->loss
                     : order == MR_GALLERY_BY_P_ACTUAL   ? -(double)r->p_actual
                     : order == MR_GALLERY_BY_CONFIDENCE ? (double)r->p_predicted
                                                         : -(double)r->image;

    if (is_of_labels(order))
        badness =
            mr_doubts_score(m->doubts, score_of(order), r->image, &badness) ? -badness : -HUGE_VAL;
    return isnan(badness) ? HUGE_VAL : badness;
}

/* As they are read now or, of a whole side, from rows that are made once. */
static void add_side(const struct making *m, struct mr_reading *reading, enum mr_side side)
{
    struct mr_gallery *g = m->gallery;
    struct mr_reading_side *from = side == MR_SIDE_VALID ? &reading->valid : &reading->train;
    const struct mr_ranking_filter filter = filter_of(g);
    bool is_whole = filter.actual < 0 && filter.predicted < 0 && !filter.only_wrong;
    struct mr_ranked *some = NULL;
    const struct mr_ranked *ranked;
    int n = from->view.n;

    if (!from->stored)
        return;
    if (!is_whole)
        n = mr_ranking_with(&from->view, from->guesses, &filter, MR_ORDER_ID, &some);
    ranked = is_whole ? mr_reading_rows(from) : some;
    g->items = mr_xrealloc(g->items, (size_t)(g->n + n) + 1, sizeof *g->items);
    for (int i = 0; i < n; i++)
        if (has_changed(g, reading, side, ranked[i].index) && is_wanted(m, &ranked[i]))
            g->items[g->n++] = (struct mr_gallery_item){
                .ranked = ranked[i], .side = side, .badness = badness_of(m, &ranked[i])};
    free(some);
}

/* What is known of an image on a side; false if nothing was predicted there. */
static bool find_ranked(const struct mr_reading_side *from, int64_t image, struct mr_ranked *ranked)
{
    const struct mr_predictions *view = &from->view;
    int row = from->stored ? mr_ids_find(view->ids, view->n, image) : -1;

    if (row < 0)
        return false;
    *ranked = mr_ranked_of(view, row);
    return true;
}

static struct mr_gallery_item make_item(int64_t image, const struct mr_reading *reading,
                                        const struct mr_facts *facts)
{
    const struct mr_image_row *row = facts->images ? mr_images_find(facts->images, image) : NULL;
    struct mr_gallery_item item = {.ranked = {.image = image,
                                              .index = -1,
                                              .actual = row ? row->class_id : -1,
                                              .predicted = -1},
                                   .side = row ? row->side : MR_SIDE_NONE};

    if (find_ranked(&reading->valid, image, &item.ranked))
        item.side = MR_SIDE_VALID;
    else if (find_ranked(&reading->train, image, &item.ranked))
        item.side = MR_SIDE_TRAIN;
    return item;
}

/* In the order in which they were listed. */
static void add_listed(const struct making *m, const struct mr_reading *reading)
{
    struct mr_gallery *g = m->gallery;

    g->items = mr_xrealloc(g->items, (size_t)g->n_listed + 1, sizeof *g->items);
    for (int i = 0; i < g->n_listed; i++) {
        struct mr_gallery_item item = make_item(g->listed[i], reading, m->facts);
        bool is_right = item.ranked.index < 0 || item.ranked.actual == item.ranked.predicted;

        item.badness = -i;
        if ((g->show != MR_SHOW_MISREAD || !is_right) && is_wanted(m, &item.ranked))
            g->items[g->n++] = item;
    }
}

/* How bad the item is that lies at `at`: less to move about than the items themselves. */
struct place {
    double badness;
    int at;
};

/* Ties as they were added: validation before training, each by id. */
static int worst_first(const void *left, const void *right)
{
    const struct place *a = left, *b = right;

    if (a->badness != b->badness)
        return a->badness > b->badness ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

static void sort(struct mr_gallery *g)
{
    struct place *places = mr_xalloc((size_t)g->n + 1, sizeof *places);
    struct mr_gallery_item *sorted = mr_xalloc((size_t)g->n + 1, sizeof *sorted);

    for (int i = 0; i < g->n; i++)
        places[i] = (struct place){.badness = g->items[i].badness, .at = i};
    qsort(places, (size_t)g->n, sizeof *places, worst_first);
    for (int i = 0; i < g->n; i++)
        sorted[i] = g->items[places[i].at];
    free(places);
    free(g->items);
    g->items = sorted;
}

static void make_list(struct making *m, struct mr_reading *reading)
{
    struct mr_gallery *g = m->gallery;

    g->n = 0;
    m->matcher.plain = g->text;
    g->is_bad_text = g->text[0] && mr_pattern_create(&m->matcher.pattern, g->text, NULL) != MR_OK;
    if (g->listed)
        add_listed(m, reading);
    if (!g->listed && g->split != MR_SPLIT_TRAIN)
        add_side(m, reading, MR_SIDE_VALID);
    if (!g->listed && g->split != MR_SPLIT_VALID)
        add_side(m, reading, MR_SIDE_TRAIN);
    mr_pattern_destroy(m->matcher.pattern);
    sort(g);
}

static void reverse(struct mr_gallery *gallery)
{
    for (int i = 0, j = gallery->n - 1; i < j; i++, j--) {
        struct mr_gallery_item item = gallery->items[i];

        gallery->items[i] = gallery->items[j];
        gallery->items[j] = item;
    }
}

void mr_gallery_refresh(struct mr_gallery *gallery, struct mr_reading *reading,
                        const struct mr_facts *facts, const struct mr_desk *desk,
                        const struct mr_doubts *doubts)
{
    const struct mr_gallery_item *chosen = mr_gallery_chosen(gallery);
    int64_t keep = chosen ? chosen->ranked.image : 0;
    struct making making = {gallery, facts, desk, doubts, {0}};

    if (!gallery->is_stale && gallery->serial == reading->serial)
        return;
    make_list(&making, reading);
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

struct mr_format mr_gallery_value(const struct mr_gallery *gallery,
                                  const struct mr_gallery_item *item)
{
    if (!gallery->listed && is_of_labels(gallery->order))
        return mr_format_share(-item->badness, 3);
    if (!gallery->listed && gallery->order == MR_GALLERY_BY_CONFIDENCE)
        return mr_format_share(item->badness, 3);
    return mr_format_loss((double)item->ranked.loss);
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
    char text[160];

    mr_str_addf(out, "%s", mr_format_count(gallery->n).text);
    if (gallery->show != MR_SHOW_ALL)
        mr_str_addf(out, " %s", show_text[gallery->show]);
    if (gallery->only_doubted)
        mr_str_add(out, " doubted");
    mr_str_add(out, gallery->n == 1 ? " image" : " images");
    if (gallery->show == MR_SHOW_CHANGED && gallery->predicted >= 0)
        mr_str_add(out, ", come or gone"); /* of the cell that is named next */
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
    if (gallery->listed) {
        mr_str_addf(out, " · %s", gallery->what);
        return;
    }
    mr_str_addf(out, " · %s %s", order_text[gallery->order], gallery->is_reversed ? "▴" : "▾");
    mr_str_addf(out, " · %s", split_text[gallery->split]);
}
