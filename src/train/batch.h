/* SPDX-License-Identifier: MIT */
/* The memory that a batch passes through, pixels or features in, losses out; and where it comes
 * from. */
#ifndef MISREAD_TRAIN_BATCH_H
#define MISREAD_TRAIN_BATCH_H

#include <stddef.h>

#include <misread/base/status.h>
#include <misread/nn/model.h>

struct mr_loader;
struct mr_model;
struct mr_pool;

/* What goes into a model: pixels into all of it, or into its head what a fixed body made of them.
 */
struct mr_feed {
    struct mr_loader *loader; /* borrowed; its order holds in either case */
    const float *features;    /* borrowed (n_views, n samples, n_features); NULL: pixels */
    int n_views;              /* epoch e has view (e - 1) % n_views */
};

struct mr_batch {
    float *x;              /* (max_batch, h, w, 3), or (max_batch, n_features) if more; owned */
    float *losses;         /* (max_batch) owned */
    int *labels, *indices; /* (max_batch) owned; indices into the loader's samples */
    /* While images are mixed (objective.h): the second label of each, the first one's share, room
     * for who is mixed with whom and for an image. All owned. */
    int *others, *order;
    float *shares, *spare;
};

enum mr_status mr_batch_init(struct mr_batch *batch, const struct mr_model *model,
                             struct mr_error *err) MR_NODISCARD;
void mr_batch_finish(struct mr_batch *batch);

/* Floats of an image of the feed, for this model. */
size_t mr_batch_n_floats(const struct mr_feed *feed, const struct mr_model *model);
/* Fills batch `index` of `epoch` from the feed, for this model. Returns the number of images. */
int mr_batch_fill(struct mr_batch *batch, const struct mr_feed *feed, const struct mr_model *model,
                  int epoch, int index, struct mr_pool *pool);
/* The model's logits of n images filled from the feed, as mr_model_forward returns them. */
const float *mr_batch_forward(const struct mr_batch *batch, const struct mr_feed *feed,
                              struct mr_model *model, int n, enum mr_mode mode);

#endif
