/* SPDX-License-Identifier: MIT */
/* The list of images on screen 3: which ones, in what order, and which is chosen. */
#ifndef MISREAD_TUI_GALLERY_H
#define MISREAD_TUI_GALLERY_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/interp/ranking.h>
#include <misread/store/images.h>

#include "format.h"

struct mr_desk;
struct mr_doubts;
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
    X(EXCLUDED, 'x', "excluded")     \
    X(CHANGED, 'd', "changed")       \
    X(DISPUTED, 'p', "disputed")     \
    X(UNDECIDED, 'u', "undecided")
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

/* X(name, key in the sort panel, text). From SELF on they are scores of labels, as many and in the
 * same order as in <misread/interp/suspects.h>. */
#define MR_GALLERY_ORDER_LIST(X)                    \
    X(LOSS, 'l', "by loss")                         \
    X(P_ACTUAL, 'p', "by probability of the label") \
    X(CONFIDENCE, 'c', "by confidence")             \
    X(ID, 'i', "as stored")                         \
    X(SELF, 'd', "by doubt")                        \
    X(MARGIN, 'm', "by margin")                     \
    X(ENTROPY, 'e', "by entropy")                   \
    X(AUM, 'a', "by area under the margin")         \
    X(MEAN, 't', "by mean probability")             \
    X(VARIABILITY, 'v', "by variability")           \
    X(CORRECTNESS, 'k', "by correctness")           \
    X(FORGETTING, 'f', "by forgetting")
enum mr_gallery_order {
#define X(name, key, text) MR_GALLERY_BY_##name,
    MR_GALLERY_ORDER_LIST(X)
#undef X
        MR_N_GALLERY_ORDERS
};

const char *mr_gallery_order_text(enum mr_gallery_order order);
const char *mr_show_text(enum mr_show show);
const char *mr_split_text(enum mr_split split);

struct mr_gallery_item {
    struct mr_ranked ranked; /* index: row of its side's view */
    enum mr_side side;
    double badness; /* by the order wanted: larger comes first */
};

struct mr_gallery {
    /* wanted */
    enum mr_show show;
    enum mr_split split;
    int actual, predicted; /* a cell of the matrix; -1 any */
    char text[128];        /* path or class must match this expression; "" any */
    enum mr_gallery_order order;
    bool is_reversed;
    bool only_doubted; /* by confident learning */
    int64_t *listed;   /* owned (n_listed): exactly these, in this order; NULL: as said above */
    int n_listed;
    char what[128]; /* they are */
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
void mr_gallery_refresh(struct mr_gallery *gallery, struct mr_reading *reading,
                        const struct mr_facts *facts, const struct mr_desk *desk,
                        const struct mr_doubts *doubts);
/* Does what is wanted need a cross-validation? Or the epochs of the run? */
bool mr_gallery_wants_folding(const struct mr_gallery *gallery);
bool mr_gallery_wants_epochs(const struct mr_gallery *gallery);
/* Did what is shown learn from the labels that it judges? */
bool mr_gallery_is_in_sample(const struct mr_gallery *gallery, const struct mr_doubts *doubts);
/* Shows exactly the images of a cell; CHANGED: those that came into it or went from it. */
void mr_gallery_show_cell(struct mr_gallery *gallery, enum mr_show show, int actual, int predicted);
/* Shows exactly n images, in this order, whichever side they are on and whether or not they were
 * predicted. */
void mr_gallery_show_images(struct mr_gallery *gallery, const int64_t *images, int n,
                            const char *what);
/* Of all images again. */
void mr_gallery_unlist(struct mr_gallery *gallery);
/* Moves the choice, kept inside; false if it did not move. */
bool mr_gallery_move(struct mr_gallery *gallery, int by);
/* The number by which the item stands where it does, "-" if it is not known; the loss where the
 * order is another one's, or the probability of the label, which every caption has. */
struct mr_format mr_gallery_value(const struct mr_gallery *gallery,
                                  const struct mr_gallery_item *item);
/* NULL if the list is empty. */
const struct mr_gallery_item *mr_gallery_chosen(const struct mr_gallery *gallery);
/* "36 images · actual esophagitis · predicted normal-z-line · by loss", names of at most name_cols
 * columns. */
void mr_gallery_describe(const struct mr_gallery *gallery, const struct mr_facts *facts,
                         int name_cols, struct mr_str *out);

#endif
