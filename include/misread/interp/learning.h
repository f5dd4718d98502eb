/* SPDX-License-Identifier: MIT */
/* A learning curve: would more images help? Pure. */
#ifndef MISREAD_INTERP_LEARNING_H
#define MISREAD_INTERP_LEARNING_H

#include <stdbool.h>
#include <stddef.h>

struct mr_learning;

/* Less than that, in shares of the images, is not worth the work of twice as many. */
#define MR_LEARNING_WORTH .01

struct mr_learning_point {
    int n_train;
    double accuracy;    /* mean over the seeds */
    double least, most; /* of one seed */
    double lo, hi;      /* Wilson's 95 % interval of the mean accuracy on n_valid images */
};
/* points (n_sizes) out. */
void mr_learning_points(const struct mr_learning *learning, struct mr_learning_point *points);

enum mr_learning_verdict {
    MR_LEARNING_HELPS,    /* the interval is above 0 */
    MR_LEARNING_HARDLY,   /* the interval is below MR_LEARNING_WORTH */
    MR_LEARNING_OPEN,     /* it holds both, or its upper end alone is worth it */
    MR_LEARNING_IN_SAMPLE /* the body has seen them all: the curve is flatter than it should be */
};

/*
 * What the last doubling gained: accuracy with all the images less that with half of them, which,
 * where half was not tried, lies on the straight line between its neighbours over the logarithm of
 * the number of images. Each validation image is compared with itself. The 95 % interval is normal,
 * of the variance v_i / n_valid + v_s / n_seeds: v_i between images, each averaged over the seeds;
 * v_s between seeds, each averaged over the images. In a table of images by seeds with effects of
 * either and a remainder their sum counts the remainder's share twice, so that it errs to the wide
 * side (Owen, The pigeonhole bootstrap, 2007). Of one seed v_s is not known, and taken for 0. The
 * images are two more than there are, half of one in each cell of right and wrong, before and after
 * (Agresti and Min, Simple improved confidence intervals for comparing matched proportions, 2005).
 *
 * That the next doubling gains at most as much is what learning curves do as a rule: their error
 * falls as a power of the number of images (Hestness et al., Deep learning scaling is predictable,
 * empirically, 2017).
 */
struct mr_learning_gain {
    int n_to; /* all the images; half of them is n_to / 2 */
    double gain, lo, hi;
    enum mr_learning_verdict verdict;
};
/* False if no size is as small as half of the largest. */
bool mr_learning_last_gain(const struct mr_learning *learning, struct mr_learning_gain *gain);
/* One word for scripts: "helps", "hardly", "open", "in-sample". */
const char *mr_learning_verdict_text(enum mr_learning_verdict verdict);
/* The gain and what follows from it, in one sentence without a full stop. */
void mr_learning_sentence(const struct mr_learning *learning, char *out, size_t cap);

#endif
