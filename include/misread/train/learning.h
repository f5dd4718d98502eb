/* SPDX-License-Identifier: MIT */
/*
 * A learning curve: heads that learn from more and more of the training images, on the features of
 * one fixed body, each asked about the same validation images.
 */
#ifndef MISREAD_TRAIN_LEARNING_H
#define MISREAD_TRAIN_LEARNING_H

#include <stdbool.h>

#include <misread/base/status.h>

struct mr_learning;
struct mr_series_progress;
struct mr_train_options;
struct mr_trainer_place;

#define MR_MAX_SIZES 32

struct mr_learning_plan {
    const struct mr_trainer_place *place; /* borrowed */
    /* Of a head on a fixed body: weights, freeze fixed, no whole epochs, no views. */
    const struct mr_train_options *options;
    const double *shares;  /* (n_shares): of the training images of each class; 0 < share <= 1,
                            * ascending */
    int n_shares, n_seeds; /* 1 .. MR_MAX_SIZES; from 1 */
    /* Called now and then; false cancels (MR_E_CANCELLED). May be NULL. */
    bool (*progress)(void *ctx, const struct mr_series_progress *progress);
    void *ctx;
};

/*
 * Scans and decodes as a run does, then trains a head for each seed and share. A share is of every
 * class, holds all that a smaller one does, and takes the images of a group one after the other; a
 * seed draws it, and begins another head. Every head makes about as many steps as one on all the
 * images would: a small set is seen more often, so that the curve is of images and not of training
 * time. No run and no file of one is written, nor the curve (mr_learning_add). in_sample is set if
 * the weights are a run's of this project, or a copy of them; run, id and at are the caller's.
 * Equal options, images and thread count give equal bits.
 *
 * Refuses what mr_trainer_start would. learning is finished by the caller (mr_learning_finish), on
 * success only.
 */
enum mr_status mr_learning_run(const struct mr_learning_plan *plan, struct mr_learning *learning,
                               struct mr_error *err) MR_NODISCARD;

#endif
