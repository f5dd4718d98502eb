/* SPDX-License-Identifier: MIT */
/* One-cycle (Smith 2018, fastai v1's numbers). Pure. */
#ifndef MISREAD_TRAIN_SCHEDULE_H
#define MISREAD_TRAIN_SCHEDULE_H

struct mr_schedule {
    int n_steps;
    double lr_max;
    double div;                        /* 25: start at lr_max / div */
    double div_final;                  /* 2.5e5: end at lr_max / div_final */
    double pct_start;                  /* .3 */
    double momentum_max, momentum_min; /* .95, .85 */
};

struct mr_schedule mr_schedule_one_cycle(int n_steps, double lr_max);
/* At step 0 .. n_steps-1 (cosine up over int(n * pct_start) steps, cosine down). Step n_steps is
 * where the cycle ends, which no step uses; numbers outside are clamped. */
void mr_schedule_at(const struct mr_schedule *schedule, int step, double *lr, double *momentum);

#endif
