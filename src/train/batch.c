/* SPDX-License-Identifier: MIT */
/* Batches, for training and evaluation alike. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/data/loader.h>
#include <misread/nn/model.h>

static size_t floats_of_pixels(const struct mr_model *model)
{
    const struct mr_model_options *o = mr_model_get_options(model);

    return (size_t)o->h * (size_t)o->w * 3;
}

static size_t floats_of_an_image(const struct mr_model *model)
{
    size_t n_pixels = floats_of_pixels(model), n_features = (size_t)mr_model_n_features(model);

    return n_pixels > n_features ? n_pixels : n_features;
}

size_t mr_batch_n_floats(const struct mr_feed *feed, const struct mr_model *model)
{
    return feed->features ? (size_t)mr_model_n_features(model) : floats_of_pixels(model);
}

enum mr_status mr_batch_init(struct mr_batch *batch, const struct mr_model *model,
                             struct mr_error *err)
{
    const struct mr_model_options *o = mr_model_get_options(model);
    size_t n = (size_t)o->max_batch, n_bytes;

    memset(batch, 0, sizeof *batch);
    if (mr_size_mul(n * sizeof *batch->x, floats_of_an_image(model), &n_bytes)) {
        batch->x = mr_alloc_aligned(n_bytes);
        batch->losses = mr_alloc_aligned(n * sizeof *batch->losses);
        batch->labels = mr_alloc_aligned(n * sizeof *batch->labels);
        batch->indices = mr_alloc_aligned(n * sizeof *batch->indices);
        batch->others = mr_alloc_aligned(n * sizeof *batch->others);
        batch->order = mr_alloc_aligned(n * sizeof *batch->order);
        batch->shares = mr_alloc_aligned(n * sizeof *batch->shares);
        batch->spare = mr_alloc_aligned(n_bytes / n);
    }
    if (batch->x && batch->losses && batch->labels && batch->indices && batch->others &&
        batch->order && batch->shares && batch->spare)
        return MR_OK;
    mr_batch_finish(batch);
    return mr_fail(err, MR_E_NOMEM, "no memory for %d images of %d x %d pixels at once",
                   o->max_batch, o->w, o->h);
}

void mr_batch_finish(struct mr_batch *batch)
{
    free(batch->x);
    free(batch->losses);
    free(batch->labels);
    free(batch->indices);
    free(batch->others);
    free(batch->order);
    free(batch->shares);
    free(batch->spare);
    memset(batch, 0, sizeof *batch);
}

int mr_batch_fill(struct mr_batch *batch, const struct mr_feed *feed, const struct mr_model *model,
                  int epoch, int index, struct mr_pool *pool)
{
    size_t n_features = (size_t)mr_model_n_features(model);
    const float *view = feed->features;
    int n;

    if (!view)
        return mr_loader_fill(feed->loader, epoch, index, batch->x, batch->labels, batch->indices,
                              pool);
    n = mr_loader_draw(feed->loader, epoch, index, batch->labels, batch->indices, NULL);
    if (epoch > 0)
        view += (size_t)((epoch - 1) % feed->n_views) * (size_t)mr_loader_n_samples(feed->loader) *
                n_features;
    for (int i = 0; i < n; i++)
        memcpy(batch->x + (size_t)i * n_features, view + (size_t)batch->indices[i] * n_features,
               n_features * sizeof *view);
    return n;
}

const float *mr_batch_forward(const struct mr_batch *batch, const struct mr_feed *feed,
                              struct mr_model *model, int n, enum mr_mode mode)
{
    return (feed->features ? mr_model_forward_features : mr_model_forward)(model, batch->x, n,
                                                                           mode);
}
