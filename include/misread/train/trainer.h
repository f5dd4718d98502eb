/* SPDX-License-Identifier: MIT */
/*
 * The trainer: scan, cache, epochs, checkpoints, in a background thread. It takes commands from the
 * store and writes everything it finds out to it; nobody calls into it while it runs.
 *
 * Which images a run is trained on and by which labels is fixed when it starts
 * (runs/<id>/samples.txt): a later decision needs a new run. In the run's row n_done and n_total
 * count files in "scan" and "cache", steps of the epoch in "train", images in "valid". A RATE
 * command multiplies the rate in force. STOP_NOW ends the batch and saves; STOP_AFTER_EPOCH ends a
 * pause. Equal options, images and thread count give equal bits, however often the run was killed
 * and resumed, and whatever is measured in between.
 */
#ifndef MISREAD_TRAIN_TRAINER_H
#define MISREAD_TRAIN_TRAINER_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/train/options.h>

struct mr_sandbox;
struct mr_trainer;
struct mr_wake;

struct mr_trainer_place {
    const char *data_dir;
    const char *project_dir;
    struct mr_sandbox *sandbox; /* borrowed: outlives the trainer */
    struct mr_wake *wake; /* borrowed likewise; raised after each write to the store; may be NULL */
    /* File of algorithms that were measured on this machine (kernel/choices.h), for new runs; NULL:
     * none. A run keeps those it was started with (runs/<id>/kernels). */
    const char *choices_path;
};

/* Whatever can be told before a run: options, data, split, weights, no other run in training
 * (MR_E_BUSY). Writes nothing; of the options it settles what they leave to the weights. */
enum mr_status mr_trainer_settle(const struct mr_trainer_place *place,
                                 struct mr_train_options *options,
                                 struct mr_error *err) MR_NODISCARD;
/* Makes the run's row and lock, then starts the thread. *run is the new run's number. Settles and
 * checks first, as mr_trainer_settle; a refusal writes nothing. */
enum mr_status mr_trainer_start(struct mr_trainer **trainer, const struct mr_trainer_place *place,
                                const struct mr_train_options *options, int *run,
                                struct mr_error *err) MR_NODISCARD;
/* Continues an interrupted or stopped run from its last checkpoint, or from the start if it has
 * none. MR_E_BUSY if any run is in training. */
enum mr_status mr_trainer_resume(struct mr_trainer **trainer, const struct mr_trainer_place *place,
                                 int run, struct mr_error *err) MR_NODISCARD;
bool mr_trainer_is_running(const struct mr_trainer *trainer);
/* Asks from outside the store (SIGTERM): finish the batch, checkpoint, end. Async-signal-safe. */
void mr_trainer_ask_stop(struct mr_trainer *trainer);
/* Waits for the end and frees. Returns how the run ended. Accepts NULL. */
enum mr_status mr_trainer_join(struct mr_trainer *trainer, struct mr_error *err);

#endif
