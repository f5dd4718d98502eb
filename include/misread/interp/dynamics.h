/* SPDX-License-Identifier: MIT */
/*
 * Training dynamics: what the epochs of a run said of each image, one after the other. Cartography
 * (Swayamdipta et al.: Dataset cartography, 2020), area under the margin (Pleiss et al.:
 * Identifying mislabeled data using the area under the margin ranking, 2020), forgetting events
 * (Toneva et al.: An empirical study of example forgetting, 2019). Pure.
 */
#ifndef MISREAD_INTERP_DYNAMICS_H
#define MISREAD_INTERP_DYNAMICS_H

#include <stdbool.h>
#include <stdint.h>

struct mr_predictions;

struct mr_trace {
    int64_t image;
    int label;
    int n;             /* epochs that were asked about it */
    int n_correct;     /* of them, how many read it as labelled */
    int n_forgotten;   /* how often it was read as labelled, and the next time not */
    bool was_correct;  /* the last time */
    double confidence; /* mean probability of the label */
    double spread;     /* sum of squared deviations from that mean */
    double aum;        /* mean of the label's logit less the largest other one */
};

struct mr_dynamics {
    int n, n_classes;
    struct mr_trace *traces; /* (n) owned; by ascending image */
    double *sums;            /* (n, n_classes) owned; of probabilities over the epochs */
};

/* Empty; destroy with mr_dynamics_destroy. */
struct mr_dynamics *mr_dynamics_create(int n_classes);
void mr_dynamics_destroy(struct mr_dynamics *dynamics);
/* What the next epoch said of some images; epochs in their order. Classes are as many as at
 * creation. Sides may be added in turn: they share no image. */
void mr_dynamics_add(struct mr_dynamics *dynamics, const struct mr_predictions *epoch);

/* NULL if no epoch was asked about it. Binary search. */
const struct mr_trace *mr_dynamics_find(const struct mr_dynamics *dynamics, int64_t image);
/* Standard deviation of the label's probability over the epochs. */
double mr_trace_variability(const struct mr_trace *trace);
/* The class that was most probable in the mean, the first of equals. */
int mr_dynamics_suggested(const struct mr_dynamics *dynamics, int index);

#endif
