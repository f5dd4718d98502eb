/* SPDX-License-Identifier: MIT */
/*
 * Schedules: learning rate and momentum of every batch of a stage. Pure.
 *
 * All are one curve: half a cosine from lr_max / div to lr_max, then half a cosine to lr_max /
 * div_final; the momentum goes the other way. A row of numbers tells them apart, and where the top
 * is. n batches, numbered i from 0:
 *
 *   fastai v1   after int(n * pct_start) batches: the top is a batch, which has lr_max itself
 *   fastai v2   batch i is at i / n of the way, the top at pct_start of it, mostly between two
 *               batches: then none has lr_max, and the ones around it lie up to half a batch off
 *
 * With n = 10 and pct_start .25 that is batch 2, or half way between batches 2 and 3. In both the
 * end of the curve is step n, which no batch uses.
 *
 * Sources: Smith, A disciplined approach to neural network hyper-parameters (2018); fastai v1,
 * callbacks/one_cycle.py; fastai v2, callback/schedule.py.
 */
#ifndef MISREAD_TRAIN_SCHEDULE_H
#define MISREAD_TRAIN_SCHEDULE_H

#include <stdbool.h>

/* X(name, text) */
#define MR_SCHEDULE_LIST(X)         \
    X(ONE_CYCLE_V1, "one-cycle-v1") \
    X(ONE_CYCLE_V2, "one-cycle-v2") \
    X(FINE_TUNE, "fine-tune")       \
    X(CONSTANT, "constant")         \
    X(COSINE, "cosine")

enum mr_schedule_kind {
#define X(name, text) MR_SCHEDULE_##name,
    MR_SCHEDULE_LIST(X)
#undef X
        MR_N_SCHEDULE
};

/* The two halves of transfer learning. Only fine-tune treats them differently; in fastai its first
 * lasts one epoch. */
enum mr_schedule_stage { MR_STAGE_FROZEN, MR_STAGE_WHOLE, MR_N_STAGE };

struct mr_schedule {
    int n_steps;
    double lr_max;    /* of the last group, the head */
    double lr_low;    /* of the first group: fastai's slice(lr_low, lr_max); 0: slice(lr_max), or
                       * what the run was told */
    double div;       /* start at lr_max / div */
    double div_final; /* end at lr_max / div_final; infinite: at 0 */
    double pct_start; /* share of the steps before the top */
    double momentum_max, momentum_min; /* Adam's beta1 */
    bool is_whole;                     /* v1's top, on a whole batch */
};

const char *mr_schedule_text(enum mr_schedule_kind kind);
bool mr_schedule_find(const char *text, enum mr_schedule_kind *kind);
/* n_steps batches at rates up to lr; fine-tune's second stage goes up to half of it. */
struct mr_schedule mr_schedule_make(enum mr_schedule_kind kind, enum mr_schedule_stage stage,
                                    int n_steps, double lr);
/* At step 0 .. n_steps-1; numbers outside are clamped to 0 .. n_steps. Another group's rate is this
 * one times the ratio of their peaks. */
void mr_schedule_at(const struct mr_schedule *schedule, int step, double *lr, double *momentum);

#endif
