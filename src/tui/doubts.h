/* SPDX-License-Identifier: MIT */
/* What is known of labels, image by image: by the last cross-validation, and by the epochs of the
 * run on the screen. Both are read only when somebody wants them. */
#ifndef MISREAD_TUI_DOUBTS_H
#define MISREAD_TUI_DOUBTS_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/interp/suspects.h>

struct mr_dynamics;
struct mr_facts;
struct mr_store;

#define MR_N_DOUBT_SCORES (MR_SUSPECT_ENTROPY + 1) /* those of one answer */

struct mr_doubt {
    int64_t image;
    int suggested;                    /* the most probable class */
    bool is_flagged;                  /* by confident learning: the label is likely wrong */
    double scores[MR_N_DOUBT_SCORES]; /* lower is worse */
};

struct mr_doubts {
    /* of the cross-validation */
    int64_t folding;     /* 0: there is none, or nobody wanted it yet */
    bool in_sample;      /* its networks had seen the labels after all */
    struct mr_doubt *of; /* owned (n); by ascending image */
    int n;
    /* of the epochs */
    struct mr_dynamics *dynamics; /* owned; NULL: nothing is read */
    int run, n_epochs;            /* how many of them are read */
};

void mr_doubts_finish(struct mr_doubts *doubts);
/* Reads the project's last cross-validation unless it is there already; *is_new says whether it was
 * not. Without one there are no doubts. */
enum mr_status mr_doubts_refresh(struct mr_doubts *doubts, struct mr_store *store, bool *is_new,
                                 struct mr_error *err) MR_NODISCARD;
/* Reads one more epoch of the run on the screen; false if none is left. Failures count as read. */
bool mr_doubts_learn(struct mr_doubts *doubts, const struct mr_facts *facts);
/* How much the label is to be doubted by a score, lower being worse; false if nothing is known. */
bool mr_doubts_score(const struct mr_doubts *doubts, enum mr_suspect_score score, int64_t image,
                     double *value);
/* NULL if nothing was said of the image. */
const struct mr_doubt *mr_doubts_find(const struct mr_doubts *doubts, int64_t image);

#endif
