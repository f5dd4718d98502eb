/* SPDX-License-Identifier: MIT */
/* A run while it is being trained: everything it holds, how it is made ready, how it yields to
 * commands. */
#ifndef MISREAD_TRAIN_TRAINING_H
#define MISREAD_TRAIN_TRAINING_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/data/scan.h>
#include <misread/train/schedule.h>
#include <misread/train/trainer.h>

#include "batch.h"
#include "checkpoint.h"
#include "control.h"
#include "progress.h"
#include "samples.h"
#include "updater.h"

struct mr_training {
    const char *data_dir;       /* borrowed */
    struct mr_sandbox *sandbox; /* borrowed */
    struct mr_train_options options;
    struct mr_control control;
    struct mr_progress progress;
    /* owned; made by mr_training_prepare */
    struct mr_image_table *table;
    struct mr_cache *cache;
    struct mr_samples samples;
    struct mr_pool *pool;
    struct mr_model *model;
    struct mr_updater updater;
    struct mr_loader *train_loader, *valid_loader;
    struct mr_predictions *train; /* training-time answers of the epoch in progress */
    struct mr_batch batch;
    struct mr_schedule schedule;
    struct mr_position at;
    char *last_path, *best_path, *samples_path; /* owned */
    /* Monotonic time of the last checkpoint, and time that is not the training's: pauses and
     * saving. */
    int64_t saved_at_ms, idle_ms;
    /* Why a progress callback said no. */
    enum mr_status refused;
    struct mr_error refused_why;
};

/* What the options ask of the scan; borrows from them. */
struct mr_scan_options mr_training_scan_options(const struct mr_train_options *options);
/* Scan, cache, samples, model, and the last checkpoint if the run has one. */
enum mr_status mr_training_prepare(struct mr_training *training, struct mr_error *err) MR_NODISCARD;
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
