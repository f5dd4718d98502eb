/* SPDX-License-Identifier: MIT */
/* Runs: their options, state, lock, progress, metrics, predictions, and the commands sent to them.
 */
#ifndef MISREAD_STORE_RUNS_H
#define MISREAD_STORE_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/store/images.h>

struct mr_store;

/* X(name, text): what a run is doing or how it ended. */
#define MR_RUN_STATE_LIST(X) \
    X(STARTING, "starting")  \
    X(TRAINING, "training")  \
    X(PAUSED, "paused")      \
    X(STOPPED, "stopped")    \
    X(DONE, "done")          \
    X(FAILED, "failed")      \
    X(INTERRUPTED, "interrupted")

enum mr_run_state {
#define X(name, text) MR_RUN_##name,
    MR_RUN_STATE_LIST(X)
#undef X
};
const char *mr_run_state_text(enum mr_run_state state);

struct mr_run {
    int id;                       /* 1, 2, ... */
    int64_t created_at, ended_at; /* unix seconds; 0: not ended */
    enum mr_run_state state;      /* INTERRUPTED is derived: state says live but the lock is free */
    char arch[16];
    int size_px, batch, n_epochs, n_classes;
    int64_t seed;
    double lr;
    char *options; /* owned: everything the run was started with, as JSON */
    char *message; /* owned: why it failed, or "" */
    /* progress */
    char phase[32];          /* "scan", "cache", "train", "valid", "checkpoint" or "" */
    int64_t n_done, n_total; /* units of the phase: images or steps */
    int epoch;               /* 1-based epoch in progress or last completed */
    int64_t eta_ms;          /* of the whole run; -1 unknown */
    int64_t checkpoint_at;   /* unix seconds, 0 none */
    int n_train, n_valid;
    /* of the images it was started with: labels that readers had changed; images left out besides
     */
    int n_relabelled, n_excluded;
};

void mr_run_finish(struct mr_run *run); /* frees what run owns */

/* Inserts; run->id is set and runs/<id>/ made. created_at is set if 0. Take the lock at once: until
 * then others see the run as interrupted. */
enum mr_status mr_run_create(struct mr_store *store, struct mr_run *run,
                             struct mr_error *err) MR_NODISCARD;
/* Writes state, ended_at, message, progress and counts; the rest stays as created. MR_E_NOT_FOUND.
 */
enum mr_status mr_run_update(struct mr_store *store, const struct mr_run *run,
                             struct mr_error *err) MR_NODISCARD;
/* MR_E_NOT_FOUND if there is none. id 0: the last one that is live, else the last with a finished
 * epoch (a run that came to nothing must not hide it), else the last. Derives INTERRUPTED by trying
 * the lock. */
enum mr_status mr_run_load(struct mr_store *store, int id, struct mr_run *run,
                           struct mr_error *err) MR_NODISCARD;
/* All runs, oldest first; *runs owned (mr_runs_destroy). */
enum mr_status mr_runs_load(struct mr_store *store, struct mr_run **runs, int *n,
                            struct mr_error *err) MR_NODISCARD;
void mr_runs_destroy(struct mr_run *runs, int n);
/* project_dir/runs/<id>/name; owned by the caller. */
char *mr_run_path(struct mr_store *store, int id, const char *name);

/* The run's lock, held by its trainer (a file lock that the kernel drops with the process).
 * MR_E_BUSY if taken, by another process or by this one. */
struct mr_run_lock;
enum mr_status mr_run_lock_take(struct mr_run_lock **lock, struct mr_store *store, int id,
                                struct mr_error *err) MR_NODISCARD;
void mr_run_lock_release(struct mr_run_lock *lock);
bool mr_run_is_live(struct mr_store *store, int id);

/* Losses may be NaN or infinite, here and in epochs. */
struct mr_step {
    int step, epoch; /* step counts from 0 over the whole run, epoch from 1 */
    double loss, lr, momentum, images_per_s;
};
/* One transaction for all. A step that is there already (after a resume) is replaced. */
enum mr_status mr_steps_add(struct mr_store *store, int run, const struct mr_step *steps, int n,
                            struct mr_error *err) MR_NODISCARD;
/* Steps with number >= from, in order; *steps owned (free). */
enum mr_status mr_steps_load(struct mr_store *store, int run, int from, struct mr_step **steps,
                             int *n, struct mr_error *err) MR_NODISCARD;

struct mr_epoch {
    int epoch; /* from 1 */
    double train_loss, valid_loss;
    int n_correct, n_valid;
    double seconds;
};

/* What the network said of every image of a side at an epoch. */
struct mr_predictions {
    int run, epoch;
    enum mr_side side; /* VALID: logits of the evaluation; TRAIN: training-time logits and losses,
                        * of the images that the epoch saw, the last time that it did */
    int n, n_classes;
    int64_t *ids;  /* (n) owned: image ids, ascending */
    int *labels;   /* (n) owned: the label the run was trained or scored with */
    float *logits; /* (n, n_classes) owned */
    float *losses; /* (n) owned: cross-entropy of each image */
};
void mr_predictions_destroy(struct mr_predictions *predictions);

/* The epoch's metrics and both sides' predictions (either may be NULL) in one transaction. All that
 * an earlier training of this epoch left is replaced. MR_E_FORMAT if ids do not ascend strictly or
 * a label is outside 0 .. n_classes-1. */
enum mr_status mr_epoch_add(struct mr_store *store, int run, const struct mr_epoch *epoch,
                            const struct mr_predictions *valid, const struct mr_predictions *train,
                            struct mr_error *err) MR_NODISCARD;
enum mr_status mr_epochs_load(struct mr_store *store, int run, struct mr_epoch **epochs, int *n,
                              struct mr_error *err) MR_NODISCARD;
/* Share of right answers in it; 0 without images. */
double mr_epoch_accuracy(const struct mr_epoch *epoch);
/* The first of n > 0 epochs with the highest accuracy: the one whose weights are kept as the best.
 */
const struct mr_epoch *mr_epochs_best(const struct mr_epoch *epochs, int n);
/* epoch 0: the last one stored. MR_E_NOT_FOUND if there is none; MR_E_FORMAT if what is stored does
 * not fit its counts, or breaks the rules of mr_epoch_add. Free with mr_predictions_destroy. */
enum mr_status mr_predictions_load(struct mr_store *store, int run, int epoch, enum mr_side side,
                                   struct mr_predictions **predictions,
                                   struct mr_error *err) MR_NODISCARD;

/* X(name, text): commands that any terminal may send to a live run. value only where noted. */
#define MR_COMMAND_LIST(X)                  \
    X(PAUSE, "pause")                       \
    X(CONTINUE, "continue")                 \
    X(STOP_AFTER_EPOCH, "stop-after-epoch") \
    X(STOP_NOW, "stop-now")                 \
    X(CHECKPOINT, "checkpoint")             \
    X(RATE, "rate") /* value: factor on the learning rate */
enum mr_command_kind {
#define X(name, text) MR_COMMAND_##name,
    MR_COMMAND_LIST(X)
#undef X
};
enum mr_status mr_command_send(struct mr_store *store, int run, enum mr_command_kind kind,
                               double value, struct mr_error *err) MR_NODISCARD;
/* Takes the oldest command not yet taken. *found false if there is none. */
enum mr_status mr_command_take(struct mr_store *store, int run, enum mr_command_kind *kind,
                               double *value, bool *found, struct mr_error *err) MR_NODISCARD;

#endif
