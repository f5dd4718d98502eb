/* SPDX-License-Identifier: MIT */
/*
 * Steps without a run, for measuring: the trainer's model, updater, samples and batches, but no
 * store, no schedule, no checkpoints.
 */
#ifndef MISREAD_TRAIN_TRIAL_H
#define MISREAD_TRAIN_TRIAL_H

#include <stdint.h>

#include <misread/base/status.h>
#include <misread/nn/model.h>

struct mr_cache;
struct mr_conv_choices;
struct mr_image_table;
struct mr_kernels;
struct mr_trial;

struct mr_trial_options {
    enum mr_arch arch;
    int size_px, batch, n_threads; /* n_threads 0: one per core */
    /* TRAIN: forward, loss, backward and AdamW. EVAL: forward, in a model that can do no more. */
    enum mr_mode mode;
    /* Where batches come from, as the trainer draws and augments them; both outlive the trial.
     * NULL: one random batch, 1000 classes. */
    const struct mr_image_table *table;
    const struct mr_cache *cache;
    const struct mr_kernels *kernels; /* NULL: the fastest */
    /* Of convolutions, as for a model; borrowed for the call. */
    const struct mr_conv_choices *choices;
};

/* What one step was and took. */
struct mr_trial_step {
    int n_images;
    int64_t us;      /* all of it */
    int64_t wait_us; /* of that, until its batch was there */
};

enum mr_status mr_trial_create(struct mr_trial **trial, const struct mr_trial_options *options,
                               struct mr_error *err) MR_NODISCARD;
void mr_trial_destroy(struct mr_trial *trial);
struct mr_trial_step mr_trial_step(struct mr_trial *trial);
/* Of the model, for measured speeds to be told in operations. */
double mr_trial_flops_per_image(const struct mr_trial *trial);

#endif
