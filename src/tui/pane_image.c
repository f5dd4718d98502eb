/* SPDX-License-Identifier: MIT */
/* One image, as large as it gets, and beside it what is known of it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/str.h>
#include <misread/interp/history.h>
#include <misread/interp/ranking.h>

#include "explorer.h"
#include "format.h"
#include "pane.h"

struct image_pane {
    struct mr_pane pane;
};

static int64_t chosen(const struct mr_pane *pane)
{
    const struct mr_gallery_item *item = mr_gallery_chosen(&pane->explorer->gallery);

    return item ? item->ranked.image : 0;
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct mr_gallery *gallery = &pane->explorer->gallery;
    const struct mr_gallery_item *item = mr_gallery_chosen(gallery);
    bool is_right = item && item->ranked.predicted == item->ranked.actual;
    const struct {
        enum mr_act act;
        int by;
    } moves[] = {
        {MR_ACT_PREVIOUS, -1},
        {MR_ACT_NEXT, 1},
        {MR_ACT_UP, -1},
        {MR_ACT_DOWN, 1},
        {MR_ACT_MATCH_PREVIOUS, -1},
        {MR_ACT_MATCH_NEXT, 1},
        {MR_ACT_FIRST, -gallery->n},
        {MR_ACT_LAST, gallery->n},
    };

    if (mr_looking_act(&pane->explorer->looking, what, is_right)) {
        if (what == MR_ACT_ZOOM_IN)
            mr_explorer_say(pane->explorer,
                            "%g times: arrows move over it, n N to the next image, 0 the whole",
                            mr_looking_zoom(&pane->explorer->looking));
        return MR_PANE_DONE;
    }
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        if (moves[i].act != what)
            continue;
        if (!mr_gallery_move(gallery, moves[i].by) && gallery->n)
            mr_explorer_say(pane->explorer,
                            moves[i].by < 0 ? "this is the first image" : "this is the last image");
        return MR_PANE_DONE;
    }
    return MR_PANE_IGNORED;
}

/* The row of predictions behind an item. */
static const struct mr_predictions *view_of(const struct mr_explorer *explorer,
                                            const struct mr_gallery_item *item)
{
    return item->side == MR_SIDE_TRAIN ? &explorer->reading.train.view
                                       : &explorer->reading.valid.view;
}

/* ---- the picture ---- */

static void draw_heading(const struct mr_explorer *explorer, const struct mr_ink *ink,
                         const struct mr_gallery_item *item)
{
    const struct mr_gallery *gallery = &explorer->gallery;
    char name[160], at[48];
    int cols = mr_ink_cols(ink), n;

    n = snprintf(at, sizeof at, "%d of %d", gallery->chosen + 1, gallery->n);
    mr_pictures_name(explorer, item->ranked.image, cols - n - 4, name, sizeof name);
    mr_ink_text(ink, 0, 1, MR_STYLE_BOLD, name);
    mr_ink_right(ink, 0, cols - 1, MR_STYLE_DIM, at);
}

static void draw_image(struct mr_pane *pane, const struct mr_ink *ink)
{
    const struct mr_gallery_item *item = mr_gallery_chosen(&pane->explorer->gallery);
    struct mr_rect_cells at = {1, 1, mr_ink_rows(ink) - 1, mr_ink_cols(ink) - 2};

    if (!item) {
        mr_ink_text(ink, 2, 2, MR_STYLE_NORMAL, "no image is like that");
        mr_ink_text(ink, 3, 2, MR_STYLE_DIM, "Esc goes back to the grid");
        return;
    }
    draw_heading(pane->explorer, ink, item);
    mr_looking_draw(pane->explorer, ink, at, item);
    pane->explorer->chosen_rect = (struct mr_rect_cells){
        ink->canvas.rect.row + at.row, ink->canvas.rect.col + at.col, at.rows, at.cols};
}

const struct mr_pane_ops mr_pane_image_ops = {
    .title = "image",
    .is_plain = true,
    .size = sizeof(struct image_pane),
    .act = act,
    .draw = draw_image,
    .chosen = chosen,
};

/* ---- what is known of it ---- */

struct bar {
    int class_id;
    float p;
};

static int compare_bars(const void *left, const void *right)
{
    const struct bar *a = left, *b = right;

    if (a->p != b->p)
        return a->p > b->p ? -1 : 1;
    return (a->class_id > b->class_id) - (a->class_id < b->class_id);
}

static void draw_bar(const struct mr_explorer *explorer, const struct mr_ink *ink, int row,
                     const struct bar *bar, const struct mr_ranked *ranked)
{
    bool is_actual = bar->class_id == ranked->actual, is_guess = bar->class_id == ranked->predicted;
    int cols = mr_ink_cols(ink), bar_cols = cols >= 44 ? 14 : 10, room = cols - bar_cols - 9;
    enum mr_style style = is_actual  ? MR_STYLE_SERIES_1
                          : is_guess ? MR_STYLE_SERIES_2
                                     : MR_STYLE_DIM;
    char name[160];

    mr_names_short(&explorer->facts.names, bar->class_id, room, name, sizeof name);
    /* > what was predicted, * what the label says: never by colour alone */
    mr_ink_text(ink, row, 1, style, is_guess ? "▶" : is_actual ? "●" : " ");
    mr_ink_text(ink, row, 3, is_actual || is_guess ? MR_STYLE_NORMAL : MR_STYLE_DIM, name);
    mr_ink_text(ink, row, cols - bar_cols - 5, style, mr_format_bar((double)bar->p, bar_cols).text);
    mr_ink_right(ink, row, cols - 1, is_actual || is_guess ? MR_STYLE_NORMAL : MR_STYLE_DIM,
                 mr_format_share((double)bar->p, 2).text);
}

/* Probabilities, largest first; the label's class is always among them. */
static int draw_bars(const struct mr_explorer *explorer, const struct mr_ink *ink, int row,
                     int n_rows, const struct mr_gallery_item *item)
{
    const struct mr_predictions *view = view_of(explorer, item);
    int k = view->n_classes, n;
    struct bar *bars = mr_xalloc((size_t)k, sizeof *bars);
    float *p = mr_xalloc((size_t)k, sizeof *p);

    mr_softmax(view->logits + (size_t)item->ranked.index * (size_t)k, k, p);
    for (int i = 0; i < k; i++)
        bars[i] = (struct bar){.class_id = i, .p = p[i]};
    qsort(bars, (size_t)k, sizeof *bars, compare_bars);
    n = k < n_rows ? k : n_rows;
    for (int i = n; i < k; i++)
        if (bars[i].class_id == item->ranked.actual && n > 0)
            bars[n - 1] = bars[i];
    for (int i = 0; i < n; i++)
        draw_bar(explorer, ink, row + i, &bars[i], &item->ranked);
    free(bars);
    free(p);
    return n;
}

/* What was predicted after each epoch is known of the validation side. */
static bool has_epochs(const struct mr_explorer *explorer, const struct mr_gallery_item *item)
{
    return item->side == MR_SIDE_VALID && explorer->facts.n_epochs;
}

struct history {
    struct mr_history_point *points; /* (n) owned */
    int n, n_forgotten;
    bool has_losses; /* they are of the run's labels: others would have other ones */
};

static struct history history_of(const struct mr_explorer *explorer,
                                 const struct mr_gallery_item *item)
{
    const struct mr_facts *facts = &explorer->facts;
    const struct mr_predictions *stored = explorer->reading.valid.stored;
    struct history h = {.n = has_epochs(explorer, item) ? facts->n_epochs : 0};

    h.points = mr_xalloc((size_t)h.n + 1, sizeof *h.points);
    for (int i = 0; i < h.n; i++)
        h.points[i] = mr_facts_history(facts, i, item->ranked.image);
    h.n_forgotten = mr_history_n_forgotten(h.points, h.n, item->ranked.actual);
    h.has_losses = h.n && stored && stored->labels[item->ranked.index] == item->ranked.actual;
    return h;
}

/* Rows that it takes. */
static int history_rows(const struct history *h)
{
    return h->n ? 1 + h->has_losses + (h->n_forgotten > 0) : 0;
}

static void draw_loss(const struct mr_ink *ink, int row, int col, float loss)
{
    if (isfinite(loss))
        mr_ink_textf(ink, row, col, MR_STYLE_DIM, "%.*f",
                     loss < 9.995f   ? 2
                     : loss < 99.95f ? 1
                                     : 0,
                     (double)loss);
}

/* What was predicted after each epoch, by a few letters, and the loss; how often it was right and
 * then wrong again. */
static void draw_history(const struct mr_explorer *explorer, const struct mr_ink *ink, int row,
                         const struct history *h, int actual)
{
    int room = (mr_ink_cols(ink) - 13) / 5, first = h->n > room ? h->n - room : 0;

    if (!h->n)
        return;
    mr_ink_text(ink, row, 1, MR_STYLE_DIM, "by epoch");
    if (h->has_losses)
        mr_ink_text(ink, row + 1, 1, MR_STYLE_DIM, "its loss");
    for (int i = first; i < h->n; i++) {
        const struct mr_history_point *point = &h->points[i];
        int col = 13 + 5 * (i - first);
        char name[64];

        mr_names_short(&explorer->facts.names, point->predicted, 4, name, sizeof name);
        mr_ink_text(ink, row, col,
                    point->epoch == explorer->reading.epoch ? MR_STYLE_BOLD
                    : point->predicted == actual            ? MR_STYLE_SERIES_1
                                                            : MR_STYLE_SERIES_2,
                    point->predicted < 0 ? "…" : name);
        if (h->has_losses)
            draw_loss(ink, row + 1, col, point->loss);
    }
    if (h->n_forgotten)
        mr_ink_textf(ink, row + 1 + h->has_losses, 13, MR_STYLE_WARNING, "right, then wrong %dx",
                     h->n_forgotten);
}

static void file_text(const struct mr_image_row *row, char *out, size_t cap)
{
    if (row->w > 0)
        snprintf(out, cap, "%d x %d px · %s", row->w, row->h, mr_format_bytes(row->n_bytes).text);
    else
        snprintf(out, cap, "%s", mr_format_bytes(row->n_bytes).text);
}

/* "name  value" below the probabilities, over more than one line where there is room. */
struct remark {
    const char *name;
    char text[1024];
};

#define MOST_REMARKS 8

struct remarks {
    struct remark all[MOST_REMARKS];
    int n;
};

static char *add_remark(struct remarks *remarks, const char *name)
{
    struct remark *remark = &remarks->all[remarks->n++];

    remark->name = name;
    remark->text[0] = '\0';
    return remark->text;
}

static void remark_file(const struct mr_explorer *explorer, const struct mr_gallery_item *item,
                        struct remarks *remarks)
{
    const size_t cap = sizeof remarks->all[0].text;
    int64_t image = item->ranked.image;
    const struct mr_image_row *file =
        explorer->facts.images ? mr_images_find(explorer->facts.images, image) : NULL;

    if (!file)
        return;
    mr_facts_path(&explorer->facts, image, 0, add_remark(remarks, "path"), cap);
    file_text(file, add_remark(remarks, "file"), cap);
    mr_str_copy(add_remark(remarks, "split"), cap, mr_side_text(item->side));
    if (file->group && *file->group)
        mr_safe_text(add_remark(remarks, "group"), cap, file->group, 0, MR_ELIDE_END);
}

/* The label it has now if it was relabelled, and the marks in words. */
static void remark_decisions(const struct mr_explorer *explorer, int64_t image,
                             struct remarks *remarks)
{
    const size_t cap = sizeof remarks->all[0].text;
    struct mr_marks marks = mr_desk_marks(&explorer->desk, image);
    const struct mr_review_state *s = &marks.state;

    if (s->label >= 0)
        mr_str_copy(add_remark(remarks, "✎ label"), cap,
                    mr_names_full(&explorer->facts.names, s->label));
    if (s->is_flagged || s->is_ambiguous || s->is_excluded || s->is_disputed)
        snprintf(add_remark(remarks, "marks"), cap, "%s%s%s%s", s->is_flagged ? "⚑ flagged  " : "",
                 s->is_ambiguous ? "≈ ambiguous  " : "", s->is_excluded ? "× excluded  " : "",
                 s->is_disputed ? "≠ readers disagree  " : "");
    if (*marks.note)
        mr_safe_text(add_remark(remarks, "¶ note"), cap, marks.note, 0, MR_ELIDE_END);
    if (marks.is_pending)
        mr_str_copy(add_remark(remarks, "· saving"), cap, "...");
}

/* Each gets a line, and the first ones what they need of the rows that are left. */
static void draw_remarks(const struct remarks *remarks, const struct mr_ink *ink, int row)
{
    int spare = mr_ink_rows(ink) - row - remarks->n, cols = mr_ink_cols(ink) - 14;

    for (int i = 0; i < remarks->n; i++) {
        const struct remark *remark = &remarks->all[i];
        struct mr_rect_cells at = {row, 13, 1 + (spare > 0 ? spare : 0), cols};
        int used = mr_ink_wrapped(ink, at, MR_STYLE_NORMAL, remark->text);

        mr_ink_text(ink, row, 1, MR_STYLE_DIM, remark->name);
        row += used > 1 ? used : 1;
        spare -= used > 1 ? used - 1 : 0;
    }
}

static void draw_verdict(const struct mr_explorer *explorer, const struct mr_ink *ink, int row,
                         const struct mr_gallery_item *item)
{
    const struct mr_names *names = &explorer->facts.names;
    const struct mr_ranked *r = &item->ranked;
    char text[160];

    mr_ink_text(ink, row, 1, MR_STYLE_SERIES_2, "▶");
    mr_ink_text(ink, row, 3, MR_STYLE_DIM, "predicted");
    mr_ink_short(ink, row, 13, mr_ink_cols(ink) - 14, MR_STYLE_BOLD,
                 r->index < 0 ? "not yet" : mr_names_full(names, r->predicted));
    mr_ink_text(ink, row + 1, 1, MR_STYLE_SERIES_1, "●");
    mr_ink_text(ink, row + 1, 3, MR_STYLE_DIM,
                explorer->reading.by_labels_now ? "label now" : "actual");
    mr_ink_short(ink, row + 1, 13, mr_ink_cols(ink) - 14, MR_STYLE_BOLD,
                 mr_names_full(names, r->actual));
    if (r->index < 0)
        return;
    snprintf(text, sizeof text, "%s   p=%s", mr_format_loss((double)r->loss).text,
             mr_format_p((double)r->p_actual).text);
    mr_ink_text(ink, row + 2, 3, MR_STYLE_DIM, "loss");
    mr_ink_text(ink, row + 2, 13, MR_STYLE_NORMAL, text);
}

/* From the top: the verdict, probabilities in what room the rest leaves, epochs, remarks. */
static void draw_known(const struct mr_explorer *explorer, const struct mr_ink *ink,
                       const struct mr_gallery_item *item)
{
    const int least_bars = 3;
    struct remarks remarks = {.n = 0};
    struct history h = history_of(explorer, item);
    int rows = mr_ink_rows(ink), row = 4, bars;
    int epochs = history_rows(&h) + (h.n && rows >= 24); /* and a blank line where there is room */

    remark_file(explorer, item, &remarks);
    remark_decisions(explorer, item->ranked.image, &remarks);
    bars = rows - row - 1 - epochs - remarks.n;
    draw_verdict(explorer, ink, 0, item);
    if (item->ranked.index >= 0)
        row += draw_bars(explorer, ink, row, bars > least_bars ? bars : least_bars, item) + 1;
    draw_history(explorer, ink, row, &h, item->ranked.actual);
    draw_remarks(&remarks, ink, row + epochs);
    free(h.points);
}

static void draw_facts(struct mr_pane *pane, const struct mr_ink *ink)
{
    const struct mr_gallery_item *item = mr_gallery_chosen(&pane->explorer->gallery);
    enum mr_style style = pane->has_focus ? MR_STYLE_BORDER_FOCUS : MR_STYLE_BORDER;
    int rows = mr_ink_rows(ink), below;
    struct mr_ink inside =
        mr_ink_sub(ink, (struct mr_rect_cells){0, 1, rows, mr_ink_cols(ink) - 1});
    struct mr_ink above;

    for (int i = 0; i < rows; i++)
        mr_ink_text(ink, i, 0, style, "│");
    if (!item)
        return;
    below = mr_looking_near_rows(&pane->explorer->looking, rows);
    above = mr_ink_sub(&inside, (struct mr_rect_cells){0, 0, rows - below, mr_ink_cols(&inside)});
    draw_known(pane->explorer, &above, item);
    inside =
        mr_ink_sub(&inside, (struct mr_rect_cells){rows - below, 0, below, mr_ink_cols(&inside)});
    if (below)
        mr_looking_draw_near(pane->explorer, &inside, item);
}

const struct mr_pane_ops mr_pane_facts_ops = {
    .title = "facts",
    .is_plain = true,
    .size = sizeof(struct image_pane),
    .act = act,
    .draw = draw_facts,
    .chosen = chosen,
};
