/* SPDX-License-Identifier: MIT */
/*
 * A search for a learning rate: some steps at growing rates, which leave no trace. Nothing is
 * written anywhere; the curve and what it suggests are in <misread/train/curve.h>.
 */
#ifndef MISREAD_TRAIN_FINDER_H
#define MISREAD_TRAIN_FINDER_H

#include <stdbool.h>

#include <misread/base/status.h>

struct mr_batch;
struct mr_curve;
struct mr_feed;
struct mr_model;
struct mr_objective;
struct mr_pool;
struct mr_updater;

struct mr_finder {
    /* All borrowed for the search, for nobody else to use meanwhile. */
    struct mr_model *model;
    struct mr_updater *updater;
    const struct mr_feed *feed; /* of the images to train on, as training has them */
    const struct mr_objective *objective;
    const double *peaks;    /* (MR_N_GROUP) the groups' rates in proportion to the head's */
    struct mr_batch *batch; /* of the model's size; what is in it is lost */
    struct mr_pool *pool;
    int n_steps; /* MR_CURVE_MIN .. MR_CURVE_MAX */
    /* Called after each step with the curve so far; false cancels. May be NULL. */
    bool (*progress)(void *ctx, const struct mr_curve *curve);
    void *ctx;
};

/*
 * Draws the curve from the model as it is and a fresh optimiser (Adam's beta1 .9, as fastai's). It
 * has at least one point on success. A loss that is not finite ends it and is no failure.
 *
 * Afterwards weights, running statistics, gradients and the updater are what they were to the last
 * bit. (Dropout's step is the last one's: training sets it before each of its own.) The batches are
 * those of epochs -1, -2 ...: training counts from 1 and evaluation is epoch 0, so none of theirs
 * is seen beforehand, and what a loader gives is a function of the epoch alone.
 *
 * MR_E_CANCELLED: progress said no; the curve has the points so far. MR_E_NOMEM: there is no room
 * to keep the state in, which takes as much memory as weights, gradients and moments.
 */
enum mr_status mr_finder_run(const struct mr_finder *finder, struct mr_curve *curve,
                             struct mr_error *err) MR_NODISCARD;

#endif
