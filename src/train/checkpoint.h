/* SPDX-License-Identifier: MIT */
/*
 * A run at one moment, in one safetensors file that is there whole or not at all: weights under
 * torchvision's names, the optimiser's moments, what the epoch in progress has found so far, and in
 * the metadata where the run is. There is no random state to keep: order and augmentation are
 * functions of seed, epoch and image.
 *
 * Metadata that other readers may rely on: "format" ("misread checkpoint 1"), "arch", "size_px",
 * "classes" (a JSON array), "mean", "std" (of the normalisation, over pixels in 0..1), "epoch"
 * (completed), "best_accuracy".
 */
#ifndef MISREAD_TRAIN_CHECKPOINT_H
#define MISREAD_TRAIN_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/nn/model.h>

struct mr_predictions;
struct mr_train_options;
struct mr_updater;

/* Where a run is. All of it decides how the run goes on, so all of it is kept. */
struct mr_position {
    int epoch;            /* completed epochs */
    int step_in_epoch;    /* steps done of the epoch in progress */
    int step;             /* steps done of the whole run */
    int n_batches;        /* steps of an epoch: batches that make one step count as one */
    double rate;          /* factor on the scheduled learning rate */
    double best_accuracy; /* -1: none yet */
    int best_epoch;
    int n_threads;    /* equal counts give equal bits */
    int64_t epoch_ms; /* spent on the epoch in progress; kept only in its middle */
};

/* What goes into a checkpoint, and comes out of it. All borrowed. */
struct mr_checkpoint {
    struct mr_model *model;
    struct mr_updater *updater;   /* between two steps: nothing is gathered */
    float *average;               /* of the weights (n_params); NULL: none is kept */
    struct mr_predictions *train; /* training-time logits and losses of the epoch in progress */
    const struct mr_train_options *options;
    char *const *classes;
    int n_classes;
    const char *samples_hash;
    struct mr_position at;
};

/* Everything needed to go on exactly. Refuses weights that are not finite; then the old file stays.
 */
enum mr_status mr_checkpoint_save(const struct mr_checkpoint *checkpoint, const char *path,
                                  struct mr_error *err) MR_NODISCARD;
/* The weights and the metadata only. */
enum mr_status mr_checkpoint_save_best(const struct mr_checkpoint *checkpoint, const char *path,
                                       struct mr_error *err) MR_NODISCARD;

/* What the metadata say: "classes", owned by the caller, and which head the text of "head" is
 * (false: none that is known). */
char *mr_checkpoint_classes(char *const *classes, int n);
bool mr_checkpoint_find_head(const char *text, enum mr_head_kind *head);

/* Where the run was: at out, before anything that fits it is made. Nothing else is checked. */
enum mr_status mr_checkpoint_position(struct mr_position *at, const char *path,
                                      struct mr_error *err) MR_NODISCARD;

/*
 * Fills model, updater, average, train and at from a file that mr_checkpoint_save wrote for the
 * same options, classes and samples; anything else is refused in a sentence, and so is a file whose
 * bytes changed. After a refusal the model's weights are undefined; at, updater, average and
 * train are untouched.
 */
enum mr_status mr_checkpoint_load(struct mr_checkpoint *checkpoint, const char *path,
                                  struct mr_error *err) MR_NODISCARD;

#endif
