/* SPDX-License-Identifier: MIT */
/* A search for a learning rate on a folder of images: all that a run prepares, and no run. */
#ifndef MISREAD_TRAIN_SEARCH_H
#define MISREAD_TRAIN_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>

struct mr_curve;
struct mr_train_options;
struct mr_trainer_place;

struct mr_search {
    const struct mr_trainer_place *place; /* borrowed */
    const struct mr_train_options *options;
    int n_steps; /* MR_CURVE_MIN .. MR_CURVE_MAX */
    /* Called now and then in phases "scan" and "cache" with files done, in "search" after each step
     * with steps done and the curve so far (else NULL); false cancels. May be NULL. */
    bool (*progress)(void *ctx, const char *phase, int64_t n_done, int64_t n_total,
                     const struct mr_curve *curve);
    void *ctx;
};

/*
 * What a run with these options would begin with (its images, weights and optimiser), swept by
 * growing rates as <misread/train/curve.h> says. lr, epochs and checkpoints of the options have no
 * say. Scan and cache are brought up to date as for a run; no run, step or file of one is written.
 * Refuses what mr_trainer_start would, in its sentences. MR_E_CANCELLED: progress said no.
 */
enum mr_status mr_search_run(const struct mr_search *search, struct mr_curve *curve,
                             struct mr_error *err) MR_NODISCARD;

#endif
