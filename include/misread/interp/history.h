/* SPDX-License-Identifier: MIT */
/* What was said of one image from epoch to epoch. Pure. */
#ifndef MISREAD_INTERP_HISTORY_H
#define MISREAD_INTERP_HISTORY_H

struct mr_history_point {
    int epoch;
    int predicted; /* -1: not known */
    float loss;    /* NaN: not known */
};

/* How often it was right and at the next epoch that is known wrong: forgetting events (Toneva et
 * al. 2018). */
int mr_history_n_forgotten(const struct mr_history_point *points, int n, int actual);

#endif
