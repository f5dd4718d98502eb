/* SPDX-License-Identifier: MIT */
/*
 * The curve of a search for a learning rate: loss against a rate that grows from step to step, and
 * the rates that it suggests. Pure.
 *
 * Step i of n is made at the rate 1e-7 * 1e8^(i / n). Its loss is smoothed as an average with
 * weights .98^age, corrected for its beginning at 0. The search ends before step n when a smoothed
 * loss is over 4 times the least one so far, or a loss is not finite: that step is the curve's
 * last.
 *
 * Sources: Smith, Cyclical learning rates (2017), section 3.3; fastai v1, callbacks/lr_finder.py
 * and basic_train.py (Recorder.plot); fastai v2, callback/schedule.py.
 */
#ifndef MISREAD_TRAIN_CURVE_H
#define MISREAD_TRAIN_CURVE_H

#include <stdbool.h>

#define MR_CURVE_N   100 /* steps of fastai's searches */
#define MR_CURVE_MIN 6
#define MR_CURVE_MAX 1000

struct mr_curve_point {
    double lr;
    double loss;     /* of the step alone */
    double smoothed; /* what a suggestion is made from */
};

struct mr_curve {
    int n_planned; /* steps, if nothing ends it earlier */
    int n;         /* points there are */
    double mean;   /* smoothed, before the correction */
    double least;  /* smoothed loss so far */
    struct mr_curve_point points[MR_CURVE_MAX];
};

/* X(name, text, what the rate is). The first four are fastai v2's, where valley is the usual one,
 * the others v1's. */
#define MR_CURVE_SUGGESTION_LIST(X)                                                     \
    X(VALLEY, "valley", "the middle of the longest fall of the loss: the usual choice") \
    X(STEEP, "steep", "where the loss falls fastest")                                   \
    X(MINIMUM, "minimum", "a tenth of the rate with the lowest loss")                   \
    X(SLIDE, "slide", "where, seen from high rates, the slope of the loss is steady")   \
    X(GRADIENT, "gradient", "where the loss falls most from step to step (fastai v1)")  \
    X(TENTH, "tenth", "a tenth of the rate with the lowest loss (fastai v1)")

enum mr_curve_suggestion {
#define X(name, text, meaning) MR_CURVE_##name,
    MR_CURVE_SUGGESTION_LIST(X)
#undef X
        MR_N_CURVE_SUGGESTION
};

/* n_planned in MR_CURVE_MIN .. MR_CURVE_MAX. */
void mr_curve_init(struct mr_curve *curve, int n_planned);
/* The rate of step curve->n, the one to be made. */
double mr_curve_lr(const struct mr_curve *curve);
/* Adds the loss of that step. Returns whether the search goes on. */
bool mr_curve_add(struct mr_curve *curve, double loss);

/* A learning rate, or NaN if too few points are left without the first n_planned / 10 (v1: 10) and
 * the last 5: slide needs 16, valley 3, steep and gradient 2, minimum and tenth 1. */
double mr_curve_suggest(const struct mr_curve *curve, enum mr_curve_suggestion suggestion);
const char *mr_curve_suggestion_text(enum mr_curve_suggestion suggestion);
/* What the rate is, in one line. */
const char *mr_curve_suggestion_meaning(enum mr_curve_suggestion suggestion);

#endif
