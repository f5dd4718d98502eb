/* SPDX-License-Identifier: MIT */
/* What a model says of images: logits and losses of a whole side, with running statistics. */
#ifndef MISREAD_TRAIN_EVALUATE_H
#define MISREAD_TRAIN_EVALUATE_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>

struct mr_loader;
struct mr_model;
struct mr_pool;
struct mr_predictions;
struct mr_sample;

struct mr_evaluation {
    struct mr_model *model;   /* borrowed; its max_batch must hold the loader's batches */
    struct mr_loader *loader; /* borrowed; order and pixels are those of `epoch` */
    int epoch;                /* whose augmentation is drawn if the loader has one */
    const float *features;    /* borrowed; what the model's fixed body made of the loader's samples
                               * (n, n_features); NULL: it sees the pixels */
    struct mr_pool *pool;     /* borrowed; for the loader; NULL: the calling thread alone */
    /* Called after each batch with images done; false cancels (MR_E_CANCELLED). May be NULL. */
    bool (*progress)(void *ctx, int64_t n_done, int64_t n_total);
    void *ctx;
};

/*
 * Runs the model in EVAL mode over every sample of the loader. *predictions has ids and labels in
 * the order of the loader's samples, run and epoch 0, side VALID; the caller sets them. Destroy
 * with mr_predictions_destroy. MR_E_NUMERIC, with a sentence, if a logit or loss is not finite.
 */
enum mr_status mr_evaluate(const struct mr_evaluation *evaluation,
                           struct mr_predictions **predictions, struct mr_error *err) MR_NODISCARD;

/* Room for the predictions of n samples: ids and labels filled in, logits and losses zero. NULL
 * without memory. */
struct mr_predictions *mr_evaluate_room(const struct mr_sample *samples, int n, int n_classes);
/* Is the largest logit of row `index` (the first of equals) that of its label? */
bool mr_evaluate_is_correct(const struct mr_predictions *predictions, int index);
/* How many are. */
int mr_evaluate_n_correct(const struct mr_predictions *predictions);
/* Mean of the losses, summed in order; 0 without images. */
double mr_evaluate_mean_loss(const struct mr_predictions *predictions);

#endif
