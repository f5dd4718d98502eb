/* SPDX-License-Identifier: MIT */
/* Two readings of the same images beside each other: two epochs, or two runs. Pure. */
#ifndef MISREAD_INTERP_DIFFERENCE_H
#define MISREAD_INTERP_DIFFERENCE_H

#include <stdint.h>

struct mr_decision;
struct mr_guesses;
struct mr_image_table;
struct mr_pair;

/* X(name, text): how the reading of an image changed. */
#define MR_CHANGE_LIST(X)         \
    X(FIXED, "wrong, now right")  \
    X(BROKEN, "right, now wrong") \
    X(OTHER, "wrong, now otherwise")
enum mr_change_kind {
#define X(name, text) MR_CHANGE_##name,
    MR_CHANGE_LIST(X)
#undef X
        MR_N_CHANGES
};
const char *mr_change_text(enum mr_change_kind kind);

/* An image that is read otherwise than before. */
struct mr_change {
    int64_t image;
    int row_before, row_after; /* in either predictions */
    int actual, before, after; /* classes: the label, and as what it was read */
    enum mr_change_kind kind;
};

/* Do b and c differ by more than chance? McNemar 1947. */
struct mr_mcnemar {
    int n_broken, n_fixed; /* b: right, then wrong; c: wrong, then right */
    double p;              /* exact: 2 P(X <= min(b, c)), X binomial of b + c and 1/2; at most 1 */
    double chi2, p_chi2;   /* (|b - c| - 1)^2 / (b + c) (Edwards 1948), and its p, for many */
};
struct mr_mcnemar mr_mcnemar_of(int n_broken, int n_fixed);

struct mr_difference {
    int n_classes;
    int n;          /* images in both that have a label */
    int n_left_out; /* images of either that are not among them */
    int n_right_before, n_right_after;
    int *counts;               /* (n_classes, n_classes) owned; after minus before */
    struct mr_change *changes; /* owned: FIXED, then BROKEN, then OTHER, each by id */
    int n_changes;
    struct mr_mcnemar mcnemar;
};

/*
 * labels has the label of each row of `after`. Images with a label below 0 or of no class are left
 * out, as are those that only one of the two has. n_classes is the larger of both.
 */
struct mr_difference *mr_difference_between(const struct mr_guesses *before,
                                            const struct mr_guesses *after, const int *labels);
void mr_difference_destroy(struct mr_difference *difference);
/* Images of class `actual` that are read as `predicted` now, less those that were. */
int mr_difference_at(const struct mr_difference *difference, int actual, int predicted);
/* How many images came into that cell or went from it. */
int mr_difference_n_changes(const struct mr_difference *difference, int actual, int predicted);
/* The cells whose count has changed, as mr_pairs_sort has them; their count is after minus before.
 * *cells owned (free). Returns n. */
int mr_difference_cells(const struct mr_difference *difference, struct mr_pair **cells);
/* Does a change concern that cell: did the image come into it or go from it? */
int mr_change_is_of(const struct mr_change *change, int actual, int predicted);

/* Before and after, judged by the labels of the folders and by those of the readers. */
struct mr_comparison {
    struct mr_difference *original, *reviewed; /* owned */
    int n_relabelled; /* images of `after` whose label readers changed, exclusions not among them */
};

/* decisions as mr_decisions_load gives them. Free with mr_comparison_finish. */
struct mr_comparison mr_comparison_of(const struct mr_guesses *before,
                                      const struct mr_guesses *after,
                                      const struct mr_image_table *images,
                                      const struct mr_decision *decisions, int n_decisions);
void mr_comparison_finish(struct mr_comparison *comparison);

#endif
