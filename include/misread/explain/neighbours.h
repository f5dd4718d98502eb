/* SPDX-License-Identifier: MIT */
/* Which images look most like one to the network: the cosine of what its head reads. Pure. */
#ifndef MISREAD_EXPLAIN_NEIGHBOURS_H
#define MISREAD_EXPLAIN_NEIGHBOURS_H

/* Images by row; all borrowed. */
struct mr_crowd {
    const float *rows; /* (n, n_features) */
    const int *labels; /* (n) */
    int n, n_features;
};

struct mr_neighbour {
    int row;
    float cosine; /* -1 to 1; 0 beside a row of zeros */
};

/* The rows of a class that are nearest to query (n_features), nearest first, at most k of them into
 * out; the row `except` (-1: none) is passed over. Returns how many. */
int mr_neighbours_find(struct mr_neighbour *out, int k, const struct mr_crowd *crowd,
                       const float *query, int class_id, int except);

#endif
