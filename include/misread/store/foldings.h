/* SPDX-License-Identifier: MIT */
/* Cross-validations: what networks said of every image that each of them had not learned from. */
#ifndef MISREAD_STORE_FOLDINGS_H
#define MISREAD_STORE_FOLDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>

struct mr_predictions;
struct mr_store;

struct mr_folding {
    int64_t id; /* set by the store, ascending */
    int64_t at; /* unix seconds, set by the store if 0 */
    int run;    /* whose weights the features are from; 0: of no run */
    int n_folds;
    bool in_sample; /* they were trained on these labels: nothing is out of sample after all */
    char *options;  /* owned: what each fold was trained with, as JSON */
    struct mr_predictions *answers; /* owned: of all images, whichever fold; side NONE, no epoch */
};

void mr_folding_finish(struct mr_folding *folding);

/* id and at are set. MR_E_FORMAT if the answers break the rules of mr_epoch_add. */
enum mr_status mr_folding_add(struct mr_store *store, struct mr_folding *folding,
                              struct mr_error *err) MR_NODISCARD;
/* The last one's id; 0 if there is none. Cheap. */
enum mr_status mr_folding_last(struct mr_store *store, int64_t *id,
                               struct mr_error *err) MR_NODISCARD;
/* id 0: the last one. MR_E_NOT_FOUND if there is none; MR_E_FORMAT if it is damaged. */
enum mr_status mr_folding_load(struct mr_store *store, int64_t id, struct mr_folding *folding,
                               struct mr_error *err) MR_NODISCARD;

#endif
