/* SPDX-License-Identifier: MIT */
/* A batch's memory, for training and evaluation alike. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/nn/model.h>

enum mr_status mr_batch_init(struct mr_batch *batch, const struct mr_model_options *model,
                             struct mr_error *err)
{
    size_t n = (size_t)model->max_batch, n_bytes;

    memset(batch, 0, sizeof *batch);
    if (mr_size_mul(n * (size_t)model->h * sizeof *batch->x, (size_t)model->w * 3, &n_bytes)) {
        batch->x = mr_alloc_aligned(n_bytes);
        batch->losses = mr_alloc_aligned(n * sizeof *batch->losses);
        batch->labels = mr_alloc_aligned(n * sizeof *batch->labels);
        batch->indices = mr_alloc_aligned(n * sizeof *batch->indices);
    }
    if (batch->x && batch->losses && batch->labels && batch->indices)
        return MR_OK;
    mr_batch_finish(batch);
    return mr_fail(err, MR_E_NOMEM, "no memory for %d images of %d x %d pixels at once",
                   model->max_batch, model->w, model->h);
}

void mr_batch_finish(struct mr_batch *batch)
{
    free(batch->x);
    free(batch->losses);
    free(batch->labels);
    free(batch->indices);
    memset(batch, 0, sizeof *batch);
}
