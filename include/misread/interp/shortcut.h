/* SPDX-License-Identifier: MIT */
/* The same images read twice, as they are and with a part of them covered: does the network lean on
 * that part? Pure. */
#ifndef MISREAD_INTERP_SHORTCUT_H
#define MISREAD_INTERP_SHORTCUT_H

#include <misread/interp/difference.h>

struct mr_predictions;
struct mr_quality;

/* X(name, json, text): whose images. */
#define MR_SHORTCUT_GROUP_LIST(X)       \
    X(ALL, "all", "all images")         \
    X(WITH, "with_box", "with the box") \
    X(WITHOUT, "without_box", "without it")
enum mr_shortcut_group_kind {
#define X(name, json, text) MR_SHORTCUT_##name,
    MR_SHORTCUT_GROUP_LIST(X)
#undef X
        MR_SHORTCUT_N_GROUPS
};

struct mr_shortcut_group {
    int n, n_right, n_right_covered; /* read as labelled, as they are and covered */
    int n_changed;                   /* read otherwise when covered, rightly or not */
    struct mr_mcnemar mcnemar;       /* broken: right as they are, wrong when covered */
};

/* X(name, json): what follows from the McNemar test on all images, at 5 %. */
#define MR_SHORTCUT_VERDICT_LIST(X)                         \
    X(NOTHING, "nothing_changed") /* not a single answer */ \
    X(NO_SIGN, "no_sign")         /* no more than chance */ \
    X(LEANS, "leans_on_it")       /* reads worse without */ \
    X(MISLED, "misled_by_it")     /* reads better without */
enum mr_shortcut_verdict {
#define X(name, json) MR_SHORTCUT_##name,
    MR_SHORTCUT_VERDICT_LIST(X)
#undef X
};
const char *mr_shortcut_verdict_json(enum mr_shortcut_verdict verdict);

struct mr_shortcut {
    struct mr_shortcut_group groups[MR_SHORTCUT_N_GROUPS];
    int n_classes;
    int *n_of, *n_with; /* (n_classes) owned: images by label, and those among them with a box */
    enum mr_shortcut_verdict verdict;
};

/* Both predictions have the same ids and labels. An image has a box if its row of the n measured
 * (ascending by image) says so. Free with mr_shortcut_finish. */
struct mr_shortcut mr_shortcut_of(const struct mr_predictions *plain,
                                  const struct mr_predictions *covered,
                                  const struct mr_quality *rows, int n);
void mr_shortcut_finish(struct mr_shortcut *shortcut);

#endif
