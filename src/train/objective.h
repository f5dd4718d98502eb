/* SPDX-License-Identifier: MIT */
/*
 * What a run trains towards: plain cross-entropy, or with label smoothing, weights by class, mixup
 * (Zhang et al.: mixup: Beyond empirical risk minimization, 2018; fastai's, of each image with a
 * share of its own). Validation is plain cross-entropy whatever this says.
 */
#ifndef MISREAD_TRAIN_OBJECTIVE_H
#define MISREAD_TRAIN_OBJECTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mr_batch;
struct mr_model;
struct mr_sample;
struct mr_train_options;

/* All zero: plain cross-entropy. */
struct mr_objective {
    double smoothing;
    double mixup;   /* alpha; 0: none */
    float *weights; /* (n_classes) owned; NULL: every class counts the same */
    uint64_t seed;  /* of mixup */
};

/* Of the n images to train on; the weight of a class is n / (n_classes * its images). */
void mr_objective_init(struct mr_objective *objective, const struct mr_train_options *options,
                       const struct mr_sample *samples, int n, int n_classes);
void mr_objective_finish(struct mr_objective *objective);

/*
 * Between filling a batch of n images and the forward pass: with mixup every image x (row floats)
 * becomes s x + (1 - s) y, s the larger of l and 1 - l, l of Beta(alpha, alpha), y another of the
 * batch by a random order, which is drawn anew with every batch: a function of (seed, step).
 * batch->others and batch->shares say what was mixed. Without mixup nothing happens.
 */
void mr_objective_mix(const struct mr_objective *objective, struct mr_batch *batch, int n,
                      size_t row, int step);
/*
 * The loss of the model's last forward, of that batch; prepares the backward pass. Into
 * batch->losses goes each image's own cross-entropy without weights and smoothing, so that images
 * and epochs compare; with mixup it is the mixture's to both labels.
 */
double mr_objective_loss(const struct mr_objective *objective, struct mr_batch *batch,
                         struct mr_model *model);

#endif
