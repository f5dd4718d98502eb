/* SPDX-License-Identifier: MIT */
/* Learning curves: what networks that had learned from more and more images said of the same
 * validation images. */
#ifndef MISREAD_STORE_LEARNINGS_H
#define MISREAD_STORE_LEARNINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>

struct mr_store;

struct mr_learning {
    int64_t id; /* set by the store, ascending */
    int64_t at; /* unix seconds, set by the store if 0 */
    int run;    /* the run whose body made the features */
    /* The body had learned from these images, all of them, before the first head did. */
    bool in_sample;
    int n_sizes, n_seeds, n_valid; /* all >= 1 */
    int *sizes;                    /* (n_sizes) owned: training images, never falling */
    unsigned char *right; /* (n_sizes, n_seeds, n_valid) owned: 1 where the answer is the label */
};

void mr_learning_finish(struct mr_learning *learning);

/* id and at are set. MR_E_FORMAT if the sizes fall, or an answer is neither 0 nor 1. */
enum mr_status mr_learning_add(struct mr_store *store, struct mr_learning *learning,
                               struct mr_error *err) MR_NODISCARD;
/* The id of the last one of a run; 0 if there is none. Cheap. */
enum mr_status mr_learning_last(struct mr_store *store, int run, int64_t *id,
                                struct mr_error *err) MR_NODISCARD;
/* MR_E_NOT_FOUND if there is none of that id; MR_E_FORMAT if it is damaged. Free with
 * mr_learning_finish. */
enum mr_status mr_learning_load(struct mr_store *store, int64_t id, struct mr_learning *learning,
                                struct mr_error *err) MR_NODISCARD;

#endif
