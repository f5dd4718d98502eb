/* SPDX-License-Identifier: MIT */
/*
 * Cross-validation: every image that is not set aside for testing is held out once, and a network
 * that had not learned from it says what it is. Of a body from a weights file that stays fixed only
 * heads are trained, on features that are computed once.
 */
#ifndef MISREAD_TRAIN_FOLDS_H
#define MISREAD_TRAIN_FOLDS_H

#include <stdbool.h>

#include <misread/base/status.h>

struct mr_folding;
struct mr_series_progress;
struct mr_store;
struct mr_train_options;
struct mr_trainer_place;

#define MR_MAX_FOLDS 100

struct mr_folds {
    const struct mr_trainer_place *place; /* borrowed */
    const struct mr_train_options *options;
    int n_folds; /* 2 .. MR_MAX_FOLDS */
    /* Called now and then; false cancels (MR_E_CANCELLED). May be NULL. */
    bool (*progress)(void *ctx, const struct mr_series_progress *progress);
    void *ctx;
};

/*
 * Scans and decodes as a run does, trains a network for each fold as a run with these options would
 * be, from the same weights but always under a new head, and puts together what each says of its
 * held-out images after its last epoch. Patience and checkpoints have no say: a fold that ended
 * when it was best would have looked at what it is asked about. No run and no file of one is
 * written, nor the folding (mr_folding_add). in_sample is set if the weights are a run's of this
 * project, or a copy of them. Equal options, images and thread count give equal bits.
 *
 * Refuses what mr_trainer_start would. folding is finished by the caller (mr_folding_finish), on
 * success only.
 */
enum mr_status mr_folds_run(const struct mr_folds *folds, struct mr_folding *folding,
                            struct mr_error *err) MR_NODISCARD;

/* Do the folding's images and labels still stand as the project has them, by the folding's options?
 * Of the store alone: files that no scan has seen are not known. */
enum mr_status mr_folds_are_current(struct mr_store *store, const struct mr_folding *folding,
                                    bool *are_current, struct mr_error *err) MR_NODISCARD;

#endif
