/* SPDX-License-Identifier: MIT */
/* The memory that a batch passes through: pixels in, losses out. */
#ifndef MISREAD_TRAIN_BATCH_H
#define MISREAD_TRAIN_BATCH_H

#include <misread/base/status.h>

struct mr_model_options;

struct mr_batch {
    float *x;              /* (max_batch, h, w, 3) owned */
    float *losses;         /* (max_batch) owned */
    int *labels, *indices; /* (max_batch) owned; indices into the loader's samples */
};

enum mr_status mr_batch_init(struct mr_batch *batch, const struct mr_model_options *model,
                             struct mr_error *err) MR_NODISCARD;
void mr_batch_finish(struct mr_batch *batch);

#endif
