/* SPDX-License-Identifier: MIT */
/* What a run tells the store about itself: its row and its steps, a few times a second, and the
 * time left. */
#ifndef MISREAD_TRAIN_PROGRESS_H
#define MISREAD_TRAIN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/store/runs.h>

struct mr_store;
struct mr_wake;

#define MR_PROGRESS_MAX_STEPS 10 /* that many steps are written even if little time has passed */
#define MR_PROGRESS_EVERY_MS  250

struct mr_progress {
    struct mr_store *store; /* borrowed */
    struct mr_wake *wake;   /* borrowed; raised after each write; may be NULL */
    /* Told instead of the store, for what is not a run; false cancels. NULL: there is a run. */
    bool (*listen)(void *ctx, const struct mr_run *run);
    void *ctx;
    struct mr_run run; /* the row as it should be; the owner finishes it */
    struct mr_step steps[MR_PROGRESS_MAX_STEPS];
    int n_steps; /* not written yet */
    int64_t written_at_ms;
    /* measured; 0: not yet */
    double step_ms, valid_image_ms, checkpoint_ms;
    int n_batches;    /* of an epoch; 0: not training yet */
    bool is_followed; /* by another stage, whose steps were not measured */
};

/* Writes everything now. */
enum mr_status mr_progress_flush(struct mr_progress *progress, struct mr_error *err) MR_NODISCARD;
/* Begins a phase of n_total units, and writes that. */
enum mr_status mr_progress_phase(struct mr_progress *progress, const char *phase, int64_t n_done,
                                 int64_t n_total, struct mr_error *err) MR_NODISCARD;
/* n_done units of the phase are done; writes now and then. */
enum mr_status mr_progress_at(struct mr_progress *progress, int64_t n_done,
                              struct mr_error *err) MR_NODISCARD;
/* The same with a step to be written. */
enum mr_status mr_progress_step(struct mr_progress *progress, const struct mr_step *step,
                                int64_t n_done, struct mr_error *err) MR_NODISCARD;
/* Mean of recent measurements: an eighth of the new one. */
void mr_progress_measure(double *mean, double ms);
/* What was measured is of another stage. */
void mr_progress_forget(struct mr_progress *progress, bool is_followed);
/* Time left of the whole run; -1 before the first step of its last stage. A validation that was not
 * seen yet is taken to cost a third of a step for each image: one of three passes. */
int64_t mr_progress_eta_ms(const struct mr_progress *progress);

#endif
