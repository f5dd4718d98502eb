/* SPDX-License-Identifier: MIT */
/*
 * What the reading on the screen is compared with: the epoch before, or another run. From it follow
 * the signed matrix, the images that are read otherwise, and whether that is more than chance.
 */
#ifndef MISREAD_TUI_CONTRAST_H
#define MISREAD_TUI_CONTRAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/interp/difference.h>

struct mr_desk;
struct mr_facts;
struct mr_predictions;

struct mr_contrast {
    bool is_on;
    int run_wanted; /* its last epoch; 0: the epoch before the one shown */
    /* what there is; nothing of it where there is nothing to compare with */
    int run, epoch;              /* of the reading before; run 0: none was read yet */
    int n, n_classes;            /* and what it said */
    int64_t *ids;                /* (n) owned */
    int *predicted;              /* (n) owned */
    struct mr_difference *shown; /* owned: by the labels that the screens show */
    struct mr_comparison by;     /* by the folders' labels and the readers' */
    int *change_of; /* owned; of each row of the view the index in shown->changes, or -1 */
    int n_rows;
};

void mr_contrast_finish(struct mr_contrast *contrast);
/* Compares anew with what is wanted; view, guesses: the validation side as shown. */
void mr_contrast_refresh(struct mr_contrast *contrast, const struct mr_predictions *view,
                         const int *guesses, const struct mr_facts *facts,
                         const struct mr_desk *desk);
/* How a row of the view changed, if it did and has to do with that cell (-1, -1: any); else NULL.
 */
const struct mr_change *mr_contrast_find(const struct mr_contrast *contrast, int row, int actual,
                                         int predicted);
/* "epoch 3 → epoch 4", "run 1 → run 2". */
void mr_contrast_text(const struct mr_contrast *contrast, const struct mr_predictions *view,
                      char *out, size_t cap);

#endif
