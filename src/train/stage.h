/* SPDX-License-Identifier: MIT */
/* The stages of a run: first the head on a body from a weights file, then everything. Pure. */
#ifndef MISREAD_TRAIN_STAGE_H
#define MISREAD_TRAIN_STAGE_H

#include <stdbool.h>

#include <misread/data/transform.h>
#include <misread/nn/model.h>
#include <misread/train/options.h>

#define MR_MAX_STAGES 2

struct mr_stage {
    enum mr_schedule_stage kind;
    int first_epoch, n_epochs; /* epochs count from 0 */
    enum mr_body_mode body;
    double lr[MR_N_GROUP]; /* peaks */
};

/* Fills stages and returns how many there are, 1 or 2. From scratch nothing is frozen. */
int mr_stages_plan(struct mr_stage stages[MR_MAX_STAGES], const struct mr_train_options *options);
/* Of n stages, the one that the epoch belongs to; the last one's end counts as its own. */
int mr_stage_of(const struct mr_stage *stages, int n, int epoch);

/* Over the stage's steps, n_steps of them an epoch. */
struct mr_schedule mr_stage_schedule(const struct mr_stage *stage,
                                     const struct mr_train_options *options, int n_steps);
/* Steps of an epoch of n_batches: the last may be of fewer batches than the others. */
int mr_stage_n_steps(const struct mr_train_options *options, int n_batches);
/*
 * Has the last stage gone on in vain? epoch: completed ones; best_epoch: what it was after the best
 * of them. Epochs of a stage before do not count: the head alone comes to its limit soon, and what
 * follows is meant to go beyond it. Better is a higher accuracy, as for the weights that are kept:
 * the loss of a network that grows sure of itself may rise while it still learns.
 */
bool mr_stage_is_stale(const struct mr_stage *last, int epoch, int best_epoch, int patience);

/* The augmentation that the options come to; false: none. */
bool mr_stage_augment(struct mr_augment *augment, const struct mr_train_options *options);
/* The head that the options come to. */
enum mr_head_kind mr_stage_head(const struct mr_train_options *options);

#endif
