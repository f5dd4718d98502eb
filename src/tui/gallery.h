/* SPDX-License-Identifier: MIT */
/* The list of images on screen 3: which ones, in what order, and which is chosen. */
#ifndef MISREAD_TUI_GALLERY_H
#define MISREAD_TUI_GALLERY_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/interp/ranking.h>
#include <misread/store/images.h>

struct mr_desk;
struct mr_facts;
struct mr_reading;
struct mr_str;

/* X(name, key in the filter panel, text) */
#define MR_SHOW_LIST(X)              \
    X(MISREAD, 'm', "misread")       \
    X(ALL, 'a', "all")               \
    X(FLAGGED, 'f', "flagged")       \
    X(RELABELLED, 'r', "relabelled") \
    X(AMBIGUOUS, 'q', "ambiguous")   \
    X(EXCLUDED, 'x', "excluded")
enum mr_show {
#define X(name, key, text) MR_SHOW_##name,
    MR_SHOW_LIST(X)
#undef X
        MR_N_SHOWS
};

/* X(name, key in the filter panel, text) */
#define MR_SPLIT_LIST(X)   \
    X(VALID, 'v', "valid") \
    X(TRAIN, 't', "train") \
    X(BOTH, 'b', "both")
enum mr_split {
#define X(name, key, text) MR_SPLIT_##name,
    MR_SPLIT_LIST(X)
#undef X
        MR_N_SPLITS
};

const char *mr_show_text(enum mr_show show);
const char *mr_split_text(enum mr_split split);

struct mr_gallery_item {
    struct mr_ranked ranked; /* index: row of its side's view */
    enum mr_side side;
};

struct mr_gallery {
    /* wanted */
    enum mr_show show;
    enum mr_split split;
    int actual, predicted; /* a cell of the matrix; -1 any */
    char text[128];        /* path or class must match this expression; "" any */
    enum mr_ranking_order order;
    bool is_reversed;
    /* what there is */
    struct mr_gallery_item *items; /* owned */
    int n, chosen;
    unsigned serial;  /* of the reading it was made from */
    bool is_stale;    /* something wanted has changed */
    bool is_bad_text; /* the expression is malformed: taken as plain text */
};

void mr_gallery_init(struct mr_gallery *gallery);
void mr_gallery_finish(struct mr_gallery *gallery);
/* Makes the list anew if it is stale; the chosen image stays chosen if it is still there. */
void mr_gallery_refresh(struct mr_gallery *gallery, const struct mr_reading *reading,
                        const struct mr_facts *facts, const struct mr_desk *desk);
/* Shows exactly the images of a cell. */
void mr_gallery_show_cell(struct mr_gallery *gallery, int actual, int predicted);
/* Moves the choice, kept inside; false if it did not move. */
bool mr_gallery_move(struct mr_gallery *gallery, int by);
/* NULL if the list is empty. */
const struct mr_gallery_item *mr_gallery_chosen(const struct mr_gallery *gallery);
/* "36 images · actual esophagitis · predicted normal-z-line · by loss", names of at most name_cols
 * columns. */
void mr_gallery_describe(const struct mr_gallery *gallery, const struct mr_facts *facts,
                         int name_cols, struct mr_str *out);

#endif
