/* SPDX-License-Identifier: MIT */
/* See layer.h. Everything is a list of a few dozen rectangles, gone through frame by frame. */
#include "layer.h"

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/image/image.h>

struct picture {
    struct mr_rect_cells rect; /* on the screen */
    struct mr_encoding_key key;
    uint64_t since; /* the frame it came in */
    bool is_whole;  /* shown: nothing was written over it */
    int n_owned;    /* placed: cells that are its own at the end of the frame */
    /* placed: its cells hold a caption in this frame; drawn now, the next frame's guards would cut
     * the caption out of it */
    bool has_caption;
};

struct list {
    struct picture *items; /* owned */
    int n, cap;
};

struct mr_layer {
    struct mr_encoder *encoder; /* borrowed */
    struct mr_size_cells size;
    int *owner; /* (rows, cols): 1 + index in placed, 0 nobody's */
    struct list placed, last, shown;
    uint64_t frame;
    bool is_waiting;
    /* The picture to be encoded next: the one that came last, of these the first in the frame. */
    struct mr_image *next_image; /* owned */
    struct mr_encoding_key next_key;
    struct mr_size_px next_cell;
    uint64_t next_since;
};

static bool is_same_rect(struct mr_rect_cells a, struct mr_rect_cells b)
{
    return a.row == b.row && a.col == b.col && a.rows == b.rows && a.cols == b.cols;
}

static bool do_overlap(struct mr_rect_cells a, struct mr_rect_cells b)
{
    return a.row < b.row + b.rows && b.row < a.row + a.rows && a.col < b.col + b.cols &&
           b.col < a.col + a.cols;
}

static bool is_same_content(const struct mr_encoding_key *a, const struct mr_encoding_key *b)
{
    return a->version == b->version && a->mode == b->mode && a->px.w == b->px.w &&
           a->px.h == b->px.h && a->n_colors == b->n_colors;
}

static struct picture *list_add(struct list *list, struct picture picture)
{
    if (list->n == list->cap) {
        list->cap = list->cap ? 2 * list->cap : 16;
        list->items = mr_xrealloc(list->items, (size_t)list->cap, sizeof *list->items);
    }
    list->items[list->n] = picture;
    return &list->items[list->n++];
}

static void list_remove(struct list *list, int i)
{
    list->items[i] = list->items[--list->n];
}

static struct picture *list_find(struct list *list, struct mr_rect_cells rect)
{
    for (int i = 0; i < list->n; i++) {
        if (is_same_rect(list->items[i].rect, rect))
            return &list->items[i];
    }
    return NULL;
}

struct mr_layer *mr_layer_create(struct mr_encoder *encoder)
{
    struct mr_layer *layer = mr_xalloc(1, sizeof *layer);

    layer->encoder = encoder;
    return layer;
}

static void drop_next(struct mr_layer *layer)
{
    mr_image_destroy(layer->next_image);
    layer->next_image = NULL;
}

void mr_layer_destroy(struct mr_layer *layer)
{
    if (!layer)
        return;
    drop_next(layer);
    free(layer->owner);
    free(layer->placed.items);
    free(layer->last.items);
    free(layer->shown.items);
    free(layer);
}

void mr_layer_begin(struct mr_layer *layer, struct mr_size_cells size)
{
    struct list old = layer->last;
    size_t n = (size_t)size.cols * (size_t)size.rows;

    if (size.cols != layer->size.cols || size.rows != layer->size.rows) {
        layer->owner = mr_xrealloc(layer->owner, n, sizeof *layer->owner);
        layer->size = size;
    }
    memset(layer->owner, 0, n * sizeof *layer->owner);
    layer->last = layer->placed;
    layer->placed = old;
    layer->placed.n = 0;
    layer->frame++;
    drop_next(layer);
}

static void set_owner(struct mr_layer *layer, struct mr_rect_cells rect, int owner)
{
    int end_row = rect.row + rect.rows, end_col = rect.col + rect.cols;

    end_row = end_row < layer->size.rows ? end_row : layer->size.rows;
    end_col = end_col < layer->size.cols ? end_col : layer->size.cols;
    for (int row = rect.row < 0 ? 0 : rect.row; row < end_row; row++) {
        for (int col = rect.col < 0 ? 0 : rect.col; col < end_col; col++)
            layer->owner[row * layer->size.cols + col] = owner;
    }
}

void mr_layer_cover(struct mr_layer *layer, struct mr_rect_cells rect)
{
    if (layer->placed.n)
        set_owner(layer, rect, 0);
}

/* Keeps a copy of the image if it is the one to be encoded next. */
static void offer(struct mr_layer *layer, const struct picture *picture, struct mr_size_px cell,
                  const struct mr_image *image)
{
    struct mr_image *copy;

    if (layer->next_image && picture->since <= layer->next_since)
        return;
    if (mr_image_create(&copy, image->w, image->h, NULL) != MR_OK)
        return; /* no memory now: the next frame tries again */
    memcpy(copy->rgb, image->rgb, (size_t)image->w * (size_t)image->h * 3);
    drop_next(layer);
    layer->next_image = copy;
    layer->next_key = picture->key;
    layer->next_cell = cell;
    layer->next_since = picture->since;
}

enum mr_layer_reply mr_layer_place(struct mr_layer *layer, struct mr_rect_cells rect,
                                   const struct mr_encoding_key *key, struct mr_size_px cell,
                                   const struct mr_image *image)
{
    struct picture *before = list_find(&layer->last, rect), *picture;
    struct picture *shown = list_find(&layer->shown, rect);
    enum mr_encoding_state state = mr_encoder_state(layer->encoder, key);
    bool is_intact = shown && shown->is_whole && is_same_content(&shown->key, key);

    if (state == MR_ENCODING_FAILED && !is_intact)
        return MR_LAYER_FAILED;
    picture = list_add(&layer->placed, (struct picture){.rect = rect, .key = *key});
    picture->since = before && is_same_content(&before->key, key) ? before->since : layer->frame;
    set_owner(layer, rect, layer->placed.n);
    if (state == MR_ENCODING_UNKNOWN && !is_intact)
        offer(layer, picture, cell, image);
    picture->has_caption = !is_intact && state != MR_ENCODING_READY && !shown;
    return picture->has_caption ? MR_LAYER_WAITING : MR_LAYER_PICTURE;
}

void mr_layer_claim(struct mr_layer *layer)
{
    set_owner(layer, layer->placed.items[layer->placed.n - 1].rect, layer->placed.n);
}

/* ---- the end of a frame ---- */

static void count_owned(struct mr_layer *layer)
{
    size_t n = (size_t)layer->size.cols * (size_t)layer->size.rows;

    for (size_t i = 0; i < n; i++) {
        if (layer->owner[i])
            layer->placed.items[layer->owner[i] - 1].n_owned++;
    }
}

static bool is_covered(const struct picture *placed)
{
    return placed->n_owned < placed->rect.rows * placed->rect.cols;
}

/* Blanks what is left of a picture in cells that curses believes to be guards still. Their new
 * owners lose what they had there. */
static void blank(struct mr_layer *layer, struct mr_rect_cells rect, struct mr_str *out)
{
    for (int row = rect.row; row < rect.row + rect.rows && row < layer->size.rows; row++) {
        bool is_open = false;

        for (int col = rect.col; col < rect.col + rect.cols && col < layer->size.cols; col++) {
            int owner = layer->owner[row * layer->size.cols + col];
            struct picture *shown;

            if (!owner) {
                is_open = false;
                continue;
            }
            if (!is_open)
                mr_str_addf(out, "\033[%d;%dH", row + 1, col + 1);
            is_open = true;
            mr_str_add(out, " ");
            shown = list_find(&layer->shown, layer->placed.items[owner - 1].rect);
            if (shown)
                shown->is_whole = false;
        }
    }
}

/* Pictures that are not in this frame, or not what they were and hidden in part, leave the screen.
 */
static void remove_gone(struct mr_layer *layer, struct mr_str *out)
{
    for (int i = layer->shown.n - 1; i >= 0; i--) {
        struct picture *shown = &layer->shown.items[i];
        const struct picture *placed = list_find(&layer->placed, shown->rect);
        struct mr_rect_cells rect = shown->rect;

        if (placed && is_covered(placed))
            shown->is_whole = false;
        if (placed && (!is_covered(placed) || is_same_content(&placed->key, &shown->key)))
            continue;
        list_remove(&layer->shown, i);
        blank(layer, rect, out);
    }
}

static void add_bytes(struct mr_str *out, const struct picture *picture, const struct mr_str *bytes)
{
    int row = picture->rect.row;

    if (picture->key.mode == MR_GRAPHICS_SIXEL) {
        mr_str_addf(out, "\033[%d;%dH", row + 1, picture->rect.col + 1);
        mr_str_add_n(out, bytes->text, bytes->n);
        return;
    }
    for (const char *s = bytes->text, *end; (end = strchr(s, '\n')); s = end + 1) {
        mr_str_addf(out, "\033[%d;%dH", ++row, picture->rect.col + 1);
        mr_str_add_n(out, s, (size_t)(end - s));
    }
}

/* Draws over whatever is there: erasing first would flicker. */
static void draw(struct mr_layer *layer, const struct picture *placed, struct mr_str *out)
{
    const struct mr_str *bytes = mr_encoder_bytes(layer->encoder, &placed->key);

    if (!bytes)
        return;
    for (int i = layer->shown.n - 1; i >= 0; i--) {
        struct picture *shown = &layer->shown.items[i];

        if (is_same_rect(shown->rect, placed->rect))
            list_remove(&layer->shown, i);
        else if (do_overlap(shown->rect, placed->rect))
            shown->is_whole = false;
    }
    add_bytes(out, placed, bytes);
    list_add(&layer->shown, *placed)->is_whole = true;
}

static bool is_intact(struct mr_layer *layer, const struct picture *placed)
{
    const struct picture *shown = list_find(&layer->shown, placed->rect);

    return shown && shown->is_whole && is_same_content(&shown->key, &placed->key);
}

void mr_layer_end(struct mr_layer *layer, struct mr_str *out, bool scroll_risk)
{
    count_owned(layer);
    for (int i = 0; scroll_risk && i < layer->shown.n; i++)
        layer->shown.items[i].is_whole = false;
    remove_gone(layer, out);
    layer->is_waiting = false;
    for (int i = 0; i < layer->placed.n; i++) {
        const struct picture *placed = &layer->placed.items[i];

        if (is_covered(placed) || is_intact(layer, placed))
            continue;
        if (!placed->has_caption && mr_encoder_bytes(layer->encoder, &placed->key))
            draw(layer, placed, out);
        else
            layer->is_waiting = true;
    }
    if (layer->next_image) {
        mr_encoder_submit_take(layer->encoder, &layer->next_key, layer->next_cell,
                               layer->next_image);
        layer->next_image = NULL;
    }
}

void mr_layer_forget(struct mr_layer *layer)
{
    layer->shown.n = 0;
}

bool mr_layer_is_waiting(const struct mr_layer *layer)
{
    return layer->is_waiting;
}
