/* SPDX-License-Identifier: MIT */
/* Test-time augmentation: which views of an image are asked about, and how the answers become one.
 * Pure. Sources: fastai v1, vision/tta.py; fastai v2, Learner.tta. */
#ifndef MISREAD_TRAIN_TTA_H
#define MISREAD_TRAIN_TTA_H

#include <stddef.h>

#include <misread/train/score.h>

struct mr_augment;
struct mr_predictions;

/* Beside the plain image, which is view 0. */
int mr_tta_n_views(enum mr_tta_kind kind);
/* What view 1 .. n_views changes of the augmentation that the run was trained with. v1: a corner
 * and a mirroring of its own, at zoom 1.35; v2: nothing. */
void mr_tta_augment(struct mr_augment *augment, enum mr_tta_kind kind, int view);
/* The share of a view's probabilities in the mean: v1 .4 plain, the others .6 together; v2 .25 and
 * .75. Their sum is 1. */
double mr_tta_share(enum mr_tta_kind kind, int view);

/* p (n, k) += share * softmax(logits (n, k)). */
void mr_tta_add(double *p, const float *logits, int n, int k, double share);
/* The logits become log p (n, k), whose softmax is p, and the losses -log p of the label. */
void mr_tta_settle(struct mr_predictions *predictions, const double *p);

#endif
