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
};

struct mr_reading {
    int epoch_wanted; /* 0: the last one, follow new ones */
    bool by_labels_now;
    bool wants_train;    /* somebody looks at the training side */
    bool has_read_train; /* tried at least: not every epoch keeps it */
    int run, epoch;      /* what is shown; epoch 0: nothing yet */
    struct mr_epoch of;
    struct mr_reading_side valid, train;
    struct mr_confusion *confusion; /* owned; NULL while there is nothing */
    struct mr_pair *pairs;          /* owned: the most confused first */
    int n_pairs;
    struct mr_ranked *worst; /* owned: all misread of valid, largest loss first */
    int n_worst;
    unsigned serial; /* grows whenever any of this changed */
};

void mr_reading_finish(struct mr_reading *reading);
/* Brings everything up to what is wanted; labels_changed: decisions did. Reads from the store only
 * what is not there yet. */
enum mr_status mr_reading_refresh(struct mr_reading *reading, const struct mr_facts *facts,
                                  const struct mr_desk *desk, bool labels_changed,
                                  struct mr_error *err) MR_NODISCARD;
/* Moves the wanted epoch by so many; returns false at the ends. */
bool mr_reading_travel(struct mr_reading *reading, const struct mr_facts *facts, int by);
/* The label of an image as it is now: the relabel that stands, else the folder's class; -1 unknown.
 */
int mr_reading_label_now(const struct mr_facts *facts, const struct mr_desk *desk, int64_t image);
/* The rank of a pair among the most confused, from 0; -1 if it is none. */
int mr_reading_find_pair(const struct mr_reading *reading, int actual, int predicted);
/* How many images of an (actual, predicted) cell epochs[index] has, by the labels shown; -1
 * unknown. */
int mr_reading_cell_at(const struct mr_reading *reading, const struct mr_facts *facts, int index,
                       int actual, int predicted);

#endif
