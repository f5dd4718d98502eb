/* SPDX-License-Identifier: MIT */
/*
 * The epoch that is looked at: its predictions, by the labels of the run or as they are now, and
 * the matrix and rankings that follow. All screens show the same reading, so that travelling epochs
 * moves them all.
 */
#ifndef MISREAD_TUI_READING_H
#define MISREAD_TUI_READING_H

#include <stdbool.h>

#include <misread/base/status.h>
#include <misread/store/runs.h>

#include "contrast.h"

struct mr_confusion;
struct mr_desk;
struct mr_facts;
struct mr_pair;
struct mr_ranked;

/* One side's predictions and the labels they are judged by. */
struct mr_reading_side {
    struct mr_predictions *stored; /* owned, NULL if there are none */
    struct mr_predictions
        view;      /* stored, or its ids and logits with labels and losses as now; borrows */
    int *labels;   /* owned */
    float *losses; /* owned */
    int *guesses;  /* owned: as what each image was read */
    struct mr_ranked *rows; /* owned: all of the view by id; NULL until mr_reading_rows */
};

/* What an epoch next to the one shown said of the validation side. */
struct mr_beside {
    int run, epoch;                /* epoch 0: there is none on that side */
    struct mr_predictions *stored; /* owned */
};

struct mr_reading {
    int epoch_wanted; /* 0: the last one, follow new ones */
    bool by_labels_now;
    bool wants_train;    /* somebody looks at the training side */
    bool has_read_train; /* tried at least: not every epoch keeps it */
    bool is_stale;       /* what is wanted has changed, but not the epoch: count anew */
    int run, epoch;      /* what is shown; epoch 0: nothing yet */
    struct mr_epoch of;
    struct mr_reading_side valid, train;
    struct mr_confusion *confusion; /* owned; NULL while there is nothing */
    struct mr_pair *pairs;          /* owned: the most confused first */
    int n_pairs;
    struct mr_ranked *worst; /* owned: all misread of valid, largest loss first */
    int n_worst;
    struct mr_beside beside[2];  /* before and behind */
    struct mr_contrast contrast; /* with another epoch or run */
    unsigned serial;             /* grows whenever any of this changed */
};

void mr_reading_finish(struct mr_reading *reading);
/* Brings everything up to what is wanted; labels_changed: decisions did. Reads from the store only
 * what is not there yet. */
enum mr_status mr_reading_refresh(struct mr_reading *reading, const struct mr_facts *facts,
                                  const struct mr_desk *desk, bool labels_changed,
                                  struct mr_error *err) MR_NODISCARD;
/* Everything that is known of each image of a side's view, in its order. Made when first asked for:
 * most screens need a few of them only. */
const struct mr_ranked *mr_reading_rows(struct mr_reading_side *side);
/* Reads one of the two epochs beside the one shown if it is not at hand yet; false if both are. For
 * a moment in which nobody waits. */
bool mr_reading_prepare(struct mr_reading *reading, const struct mr_facts *facts);
/* Moves the wanted epoch by so many; returns false at the ends. */
bool mr_reading_travel(struct mr_reading *reading, const struct mr_facts *facts, int by);
/* The label of an image as it is now: the relabel that stands, else the folder's class; -1 unknown.
 */
int mr_reading_label_now(const struct mr_facts *facts, const struct mr_desk *desk, int64_t image);
/* How many images of an (actual, predicted) cell epochs[index] has, by the labels shown; -1
 * unknown. */
int mr_reading_cell_at(const struct mr_reading *reading, const struct mr_facts *facts, int index,
                       int actual, int predicted);

#endif
