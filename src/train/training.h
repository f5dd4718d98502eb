/* SPDX-License-Identifier: MIT */
/* A run while it is being trained: everything it holds, how it is made ready, how it yields to
 * commands. */
#ifndef MISREAD_TRAIN_TRAINING_H
#define MISREAD_TRAIN_TRAINING_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/data/fold.h>
#include <misread/data/scan.h>
#include <misread/kernel/choices.h>
#include <misread/train/schedule.h>
#include <misread/train/trainer.h>

#include "batch.h"
#include "checkpoint.h"
#include "control.h"
#include "objective.h"
#include "progress.h"
#include "samples.h"
#include "stage.h"
#include "updater.h"

#define MR_NOT_SEEN (-1.f) /* below any cross-entropy */

struct mr_training {
    const char *data_dir;       /* borrowed */
    struct mr_sandbox *sandbox; /* borrowed */
    struct mr_train_options options;
    /* Of a series, and no run (series.h): held out of a cross-validation, or all that is learned
     * from. n, share 0: neither. */
    struct mr_fold fold;
    struct mr_portion portion;
    struct mr_control control;
    struct mr_progress progress;
    struct mr_conv_choices choices; /* of algorithms; kept as long as the run */
    /* owned; made by mr_training_prepare */
    struct mr_image_table *table;
    struct mr_cache *cache;
    struct mr_samples samples;
    struct mr_pool *pool;
    struct mr_model *model;
    struct mr_updater updater;
    float *average;     /* owned: of the model's weights; NULL: none is kept */
    bool shows_average; /* the model has the average's place, and the other way round */
    struct mr_feed train_feed, valid_feed;  /* with loaders that are owned */
    float *train_features, *valid_features; /* while the body is fixed, else NULL */
    struct mr_stage stages[MR_MAX_STAGES];
    int n_stages;
    const struct mr_stage *stage; /* the one that model, updater and schedule are of */
    struct mr_objective objective;
    /* Training-time answers of the epoch in progress; a loss of MR_NOT_SEEN: none yet. Under mixup
     * they are to mixtures, each kept for the image with the larger share, and no more is said of
     * them than their mean loss. */
    struct mr_predictions *train;
    struct mr_predictions *held_out; /* what the network of a series says, in the end; owned */
    struct mr_batch batch;
    struct mr_schedule schedule;
    struct mr_position at;
    char *last_path, *best_path, *samples_path; /* owned; NULL: not a run, nothing is written */
    /* Monotonic time of the last checkpoint, and time that is not the training's: pauses and
     * saving. */
    int64_t saved_at_ms, idle_ms;
    /* Why a progress callback said no. */
    enum mr_status refused;
    struct mr_error refused_why;
};

/* What the options ask of the scan; borrows from them. */
struct mr_scan_options mr_training_scan_options(const struct mr_train_options *options);
/* And of the model; mode EVAL: one that can do no more. */
struct mr_model_options mr_training_model_options(const struct mr_train_options *options,
                                                  int n_classes, enum mr_mode mode);
/* Scan, cache, samples, model, and the last checkpoint if the run has one. */
enum mr_status mr_training_prepare(struct mr_training *training, struct mr_error *err) MR_NODISCARD;
/* Makes model, updater and schedule of a stage (enter.c); the weights stay what they were. */
enum mr_status mr_training_enter(struct mr_training *training, int stage,
                                 struct mr_error *err) MR_NODISCARD;
/* Is it one of a series? */
bool mr_training_is_of_series(const struct mr_training *training);
/* Steps of an epoch. */
int mr_training_n_steps(const struct mr_training *training);
/* Puts the average into the model, or back; without an average nothing happens. */
void mr_training_swap_average(struct mr_training *training);
/* What the stage is fed with: pixels, or features of the weights that the model has now. */
enum mr_status mr_training_feed(struct mr_training *training, struct mr_error *err) MR_NODISCARD;
void mr_training_unfeed(struct mr_training *training);
/* Where the rate of the first stage was left open, finds it and writes it down: a run that goes on
 * has it. Before the first step. */
enum mr_status mr_training_find_rate(struct mr_training *training,
                                     struct mr_error *err) MR_NODISCARD;
/* Trains the epochs that are left (epochs.c). MR_E_CANCELLED: stopped as asked. */
enum mr_status mr_training_run(struct mr_training *training, struct mr_error *err) MR_NODISCARD;
/* Frees what the run needed in memory; what it says of itself stays. A second call does nothing. */
void mr_training_finish(struct mr_training *training);

/* Between two batches: obeys commands, waits while paused, saves when that is due. MR_E_CANCELLED:
 * stop. */
enum mr_status mr_training_settle(struct mr_training *training, struct mr_error *err) MR_NODISCARD;
enum mr_status mr_training_checkpoint(struct mr_training *training,
                                      struct mr_error *err) MR_NODISCARD;
/* For the `progress` slots of scan, cache and evaluation; ctx is the training. */
bool mr_training_on_progress(void *ctx, int64_t n_done, int64_t n_total);
/* Puts the callback's own reason in place of the cancellation it caused. */
enum mr_status mr_training_reason(struct mr_training *training, enum mr_status st,
                                  struct mr_error *err) MR_NODISCARD;
/* Milliseconds that the training itself took. */
int64_t mr_training_busy_ms(const struct mr_training *training);
/* What a checkpoint of now would hold. */
struct mr_checkpoint mr_training_snapshot(struct mr_training *training);

#endif
