/* SPDX-License-Identifier: MIT */
/* Which images are bad, seen by their pixels alone: found in the stored measures. Pure. */
#ifndef MISREAD_INTERP_FLAWS_H
#define MISREAD_INTERP_FLAWS_H

#include <stdbool.h>
#include <stdint.h>

struct mr_guesses;
struct mr_image_table;
struct mr_predictions;
struct mr_quality;

/* X(name, json, text, score): the score that it is listed by, worst first; "" where images are
 * listed by cluster. Thresholds are cleanvision's, but for
 * blurred: there its .29 catches one smooth sharp picture in seven. Blurred is whose detail lies
 * below Tukey's fence (1.5 IQR, of logarithms) of its class; of all where that has under 20. */
#define MR_FLAW_LIST(X)                                                                     \
    X(DARK, "dark", "dark", "brightness")      /* 99th percentile below .32 */              \
    X(LIGHT, "light", "light", "brightness")   /* 5th percentile above .95 */               \
    X(BLURRED, "blurred", "blurred", "detail") /* far below its class */                    \
    X(LOW_INFORMATION, "low_information", "low information", "entropy") /* below 3 bits */  \
    X(ODD_ASPECT, "odd_aspect", "odd aspect", "aspect") /* short by long side below .35 */  \
    X(ODD_SIZE, "odd_size", "odd size", "side")         /* root of the area beyond 3 IQR */ \
    X(GREY, "grey", "grey among coloured", "")          /* if fewer than half are */        \
    X(EXACT, "exact_duplicate", "exact duplicates", "") /* equal pixels */                  \
    X(NEAR, "near_duplicate", "near duplicates", "")    /* alike, but not equal */          \
    X(CROSSING, "crosses_split", "duplicates across the split", "")                         \
    X(CONFLICTING, "labels_differ", "duplicates, labels differ", "")                        \
    X(OVERLAY, "position_box", "position box", "share")

enum mr_flaw_kind {
#define X(name, json, text, score) MR_FLAW_##name,
    MR_FLAW_LIST(X)
#undef X
        MR_FLAW_N
};

struct mr_flaw_text {
    const char *json, *text, *score;
};
extern const struct mr_flaw_text mr_flaw_texts[MR_FLAW_N];

struct mr_flaw {
    int64_t image;
    enum mr_flaw_kind kind;
    double score;      /* as the kind's */
    double percentile; /* share of its class that scores no higher; 0 of kinds without a score */
    int cluster;       /* index of the first image of its duplicates in the table; -1: none */
};

struct mr_flaws {
    struct mr_flaw *found; /* owned; by kind, then by cluster or worst first, then by image */
    int n;
    int first[MR_FLAW_N + 1]; /* of kind k: found[first[k]] .. found[first[k + 1] - 1] */
    int n_measured, n_unmeasured, n_unreadable;
    int n_clusters;     /* of two or more duplicates, exact or near */
    int64_t n_crossing; /* pairs within a cluster of which one trains and one is measured with */
};

/*
 * Looks through the rows of what was measured (ascending by image). Missing and unreadable images
 * do not count; labels are those of the folders. Images of low information look like anything and
 * are no duplicates unless exact. Free with mr_flaws_finish.
 */
void mr_flaws_find(struct mr_flaws *flaws, const struct mr_image_table *images,
                   const struct mr_quality *rows, int n);
void mr_flaws_finish(struct mr_flaws *flaws);

/* How well images with and without a position box were read. */
struct mr_box_effect {
    int n_with, n_correct_with, n_without, n_correct_without;
};
struct mr_box_effect mr_flaws_box_effect(const struct mr_predictions *predictions,
                                         const struct mr_quality *rows, int n);

/* How well images were read whose like was trained on: part of their accuracy may be memory. */
struct mr_kin_effect {
    int n, n_correct;         /* all */
    int n_kin, n_correct_kin; /* those with an exact or near duplicate across the split */
};
/* guesses and labels of one side that the network is measured with. */
struct mr_kin_effect mr_flaws_kin_effect(const struct mr_guesses *guesses, const int *labels,
                                         const struct mr_flaws *flaws);

#endif
