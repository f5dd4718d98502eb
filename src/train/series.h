/* SPDX-License-Identifier: MIT */
/*
 * Trainings one after the other that are no runs: each starts from the same weights under a new
 * head, and its network is asked once, in the end, about what it was validated with.
 */
#ifndef MISREAD_TRAIN_SERIES_PRIVATE_H
#define MISREAD_TRAIN_SERIES_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/data/fold.h>
#include <misread/train/options.h>
#include <misread/train/series.h>

#include "samples.h"

struct mr_predictions;
struct mr_store;
struct mr_trainer_place;

struct mr_series {
    const struct mr_trainer_place *place; /* borrowed */
    int n;                                /* trainings there will be */
    bool (*progress)(void *ctx, const struct mr_series_progress *progress); /* may be NULL */
    void *ctx;
    /* made by mr_series_open */
    struct mr_train_options options; /* settled, without patience and checkpoints */
    struct mr_store *store;          /* owned */
    int index;                       /* done so far */
    int64_t began_at_ms, last_ms;    /* of the training in hand; what the one before took */
};

/* What makes a training another than its neighbours: a fold, or a share of the training images. */
struct mr_series_part {
    struct mr_fold fold;
    struct mr_portion portion;
    uint64_t seed;
    int n_epochs, n_whole;
};

/* Whatever can be refused is refused here; the project is made if there is none. place, n,
 * progress, ctx are the caller's. */
enum mr_status mr_series_open(struct mr_series *series, const struct mr_train_options *options,
                              struct mr_error *err) MR_NODISCARD;
void mr_series_close(struct mr_series *series);
/* One training. *answers: what its network says of the validation side after the last epoch, owned
 * (mr_predictions_destroy); *n_train, if not NULL: how many images it learned from. */
enum mr_status mr_series_train(struct mr_series *series, const struct mr_series_part *part,
                               struct mr_predictions **answers, int *n_train,
                               struct mr_error *err) MR_NODISCARD;
/* The run of this project that the weights of the options are from, wherever the file lies now; 0:
 * none. It is known by its place, or else by the list of images that it learned from, which a run's
 * file names. */
enum mr_status mr_series_find_run(const struct mr_series *series, int *run,
                                  struct mr_error *err) MR_NODISCARD;

#endif
