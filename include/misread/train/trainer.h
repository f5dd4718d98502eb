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
 * and resumed.
 */
#ifndef MISREAD_TRAIN_TRAINER_H
#define MISREAD_TRAIN_TRAINER_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/nn/model.h>

struct mr_sandbox;
struct mr_trainer;
struct mr_wake;

enum mr_optimizer_kind { MR_OPTIMIZER_ADAMW, MR_OPTIMIZER_SGD };
enum mr_augment_kind { MR_AUGMENT_DEFAULT, MR_AUGMENT_NONE };
enum mr_labels_kind { MR_LABELS_REVIEWED, MR_LABELS_ORIGINAL };

/* Everything a run is started with; stored with it as JSON. mr_train_defaults fills it. */
struct mr_train_options {
    enum mr_arch arch;
    int size_px, batch, n_epochs;
    double lr;           /* peak of the one-cycle */
    double weight_decay; /* decoupled */
    enum mr_optimizer_kind optimizer;
    enum mr_augment_kind augment;
    enum mr_labels_kind labels;
    uint64_t seed;       /* weights, order, augmentation */
    uint64_t split_seed; /* the split */
    double valid_fraction;
    char group_re[256];     /* "" none */
    char weights[512];      /* initial weights file, "" from scratch */
    int n_threads;          /* 0: one per core */
    char isa[16];           /* instruction set of the kernels, "": the fastest */
    int checkpoint_every_s; /* 300 */
};

/* Inclusive ranges "least, most", for whoever asks for these options. */
#define MR_TRAIN_SIZES         32, 1024
#define MR_TRAIN_BATCHES       2, 1024
#define MR_TRAIN_EPOCHS        1, 10000
#define MR_TRAIN_RATES         1e-12, 1e30
#define MR_TRAIN_WEIGHT_DECAYS 0, 10
#define MR_TRAIN_VALID_SHARES  .01, .9

struct mr_train_options mr_train_defaults(void);
/* MR_E_USAGE, naming the option, if a value is out of its range. */
enum mr_status mr_train_options_check(const struct mr_train_options *options,
                                      struct mr_error *err) MR_NODISCARD;
/* JSON and back; owned by the caller. Unknown keys are ignored, missing ones keep their defaults.
 */
char *mr_train_options_to_json(const struct mr_train_options *options);
/* Values of a wrong type or out of range are refused, and options stays as it was. */
enum mr_status mr_train_options_from_json(struct mr_train_options *options, const char *json,
                                          struct mr_error *err) MR_NODISCARD;

struct mr_trainer_place {
    const char *data_dir;
    const char *project_dir;
    struct mr_sandbox *sandbox; /* borrowed: outlives the trainer */
    struct mr_wake *wake; /* borrowed likewise; raised after each write to the store; may be NULL */
};

/* Makes the run's row and lock, then starts the thread. *run is the new run's number. Whatever can
 * be told beforehand is checked first (data, split, weights, no other run in training: MR_E_BUSY),
 * and a refusal writes nothing. */
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
