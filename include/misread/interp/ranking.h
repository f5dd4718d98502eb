/* SPDX-License-Identifier: MIT */
/* Images in order of how badly they were read. Pure. */
#ifndef MISREAD_INTERP_RANKING_H
#define MISREAD_INTERP_RANKING_H

#include <stdint.h>

struct mr_predictions;

struct mr_ranked {
    int64_t image;
    int index; /* row in the predictions */
    int actual, predicted;
    float loss; /* cross-entropy of the actual class, nats */
    float p_actual, p_predicted;
};

/* -1 means any. */
struct mr_ranking_filter {
    int actual, predicted;
    int only_wrong;
};

enum mr_ranking_order { MR_ORDER_LOSS, MR_ORDER_P_ACTUAL, MR_ORDER_CONFIDENCE, MR_ORDER_ID };

/* Sorted worst first (ties by image id); *ranked owned (free). Returns n. */
int mr_ranking_of(const struct mr_predictions *predictions, const struct mr_ranking_filter *filter,
                  enum mr_ranking_order order, struct mr_ranked **ranked);

/* As what each of n images was read. */
struct mr_guesses {
    int n, n_classes;
    const int64_t *ids;   /* (n) ascending */
    const int *predicted; /* (n) */
};
/* The argmax of each row, owned by the caller (free). */
int *mr_guesses_of(const struct mr_predictions *predictions);

/* mr_ranking_of with the guesses at hand: what the filter leaves out costs nothing. */
int mr_ranking_with(const struct mr_predictions *predictions, const int *guesses,
                    const struct mr_ranking_filter *filter, enum mr_ranking_order order,
                    struct mr_ranked **ranked);
/* That order for n images, by ascending id, that were gathered otherwise. */
void mr_ranking_sort(struct mr_ranked *ranked, int n, enum mr_ranking_order order);

/* What is known of row `index` of the predictions. */
struct mr_ranked mr_ranked_of(const struct mr_predictions *predictions, int index);

/* The index of the largest of k values, the first of equals. */
int mr_argmax(const float *values, int k);
/* Softmax of k logits into p (k); may be in place. Returns the argmax. */
int mr_softmax(const float *logits, int k, float *p);

#endif
