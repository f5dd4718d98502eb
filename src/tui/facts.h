/* SPDX-License-Identifier: MIT */
/*
 * What the store says about the run on the screen, read as far as it is new. Reads are small: a
 * row, the steps since the last look, the predictions of one epoch. Nothing here waits for anything
 * but SQLite.
 */
#ifndef MISREAD_TUI_FACTS_H
#define MISREAD_TUI_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/interp/history.h>
#include <misread/store/images.h>
#include <misread/store/runs.h>

#include "names.h"

struct mr_store;

/* The class predicted for every image at one epoch, and the loss; all that is kept of epochs not
 * shown. */
struct mr_epoch_guesses {
    bool is_read;
    int n;
    int64_t *ids;     /* (n) owned, ascending */
    short *predicted; /* (n) owned */
    float *losses;    /* (n) owned; by the labels of the run */
};

struct mr_facts {
    struct mr_store *store; /* borrowed */
    int run_wanted;         /* 0: the last one, follow new ones */
    bool has_run;
    bool is_live; /* starting, training or paused, in whatever process */
    struct mr_run run;
    struct mr_image_table *images; /* owned; NULL until read */
    struct mr_names names;
    struct mr_step *steps; /* owned, in order */
    int n_steps, cap_steps;
    struct mr_epoch *epochs; /* owned, in order */
    int n_epochs;
    struct mr_epoch_guesses *guesses; /* (n_epochs) owned */
    /* bookkeeping */
    int64_t version;
    int64_t read_ms, images_ms;
    bool wants_images;
};

/* What a refresh found. */
#define MR_NEW_RUN    1U /* its row changed */
#define MR_NEW_STEPS  2U
#define MR_NEW_EPOCHS 4U
#define MR_NEW_IMAGES 8U
#define MR_NEW_OTHER  16U /* something was committed; perhaps decisions */

void mr_facts_init(struct mr_facts *facts, struct mr_store *store, int run_wanted);
void mr_facts_finish(struct mr_facts *facts);
/* Reads what is new; *news gets the set. now_ms is the monotonic clock. On failure the old facts
 * stay. */
enum mr_status mr_facts_refresh(struct mr_facts *facts, int64_t now_ms, unsigned *news,
                                struct mr_error *err) MR_NODISCARD;
/* Reads the guesses of one epoch that are missing; false if none are. Failures count as read. */
bool mr_facts_learn(struct mr_facts *facts);
/* What was said of an image at epochs[index]. */
struct mr_history_point mr_facts_history(const struct mr_facts *facts, int index, int64_t image);
/* The index of an epoch number in epochs, or -1. */
int mr_facts_epoch_index(const struct mr_facts *facts, int epoch);
/* Where a step lies on an axis of epochs: 1.5 is the middle of the second one's way. */
double mr_facts_step_epoch(const struct mr_facts *facts, const struct mr_step *step);
/* Stored predictions of any run, rows with impossible labels left out; epoch 0: its last one. Free
 * with mr_predictions_destroy. */
enum mr_status mr_facts_predictions(const struct mr_facts *facts, int run, int epoch,
                                    enum mr_side side, struct mr_predictions **predictions,
                                    struct mr_error *err) MR_NODISCARD;
/* The path of an image made safe, shortened to cols (0: not); "" if unknown. */
void mr_facts_path(const struct mr_facts *facts, int64_t image, int cols, char *out, size_t cap);
/* Has the row a class, and a file that can be read as far as is known? */
bool mr_facts_is_there(const struct mr_image_row *row);
/* How many readable images lie on a side. */
int mr_facts_n_side(const struct mr_facts *facts, enum mr_side side);
/* How many files could not be read and are left out. */
int mr_facts_n_skipped(const struct mr_facts *facts);

#endif
