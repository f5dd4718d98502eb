/* SPDX-License-Identifier: MIT */
/* Evaluation: one pass over a side, everything the network said kept by sample. */
#include <misread/train/evaluate.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/data/loader.h>
#include <misread/nn/model.h>
#include <misread/store/runs.h>

#include "batch.h"

struct mr_predictions *mr_evaluate_room(const struct mr_sample *samples, int n, int n_classes)
{
    struct mr_predictions *p = mr_xalloc(1, sizeof *p);
    size_t n_logits;

    p->n = n;
    p->n_classes = n_classes;
    p->side = MR_SIDE_VALID;
    if (mr_size_mul((size_t)n * sizeof *p->logits, (size_t)n_classes, &n_logits)) {
        p->ids = mr_alloc_aligned((size_t)n * sizeof *p->ids);
        p->labels = mr_alloc_aligned((size_t)n * sizeof *p->labels);
        p->losses = mr_alloc_aligned((size_t)n * sizeof *p->losses);
        p->logits = mr_alloc_aligned(n_logits);
    }
    if (!p->ids || !p->labels || !p->losses || !p->logits) {
        mr_predictions_destroy(p);
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        p->ids[i] = samples[i].image;
        p->labels[i] = samples[i].label;
    }
    return p;
}

bool mr_evaluate_is_correct(const struct mr_predictions *predictions, int index)
{
    int k = predictions->n_classes, best = 0;
    const float *logits = predictions->logits + (size_t)index * (size_t)k;

    for (int c = 1; c < k; c++)
        if (logits[c] > logits[best])
            best = c;
    return best == predictions->labels[index];
}

int mr_evaluate_n_correct(const struct mr_predictions *predictions)
{
    int n_correct = 0;

    for (int i = 0; i < predictions->n; i++)
        n_correct += mr_evaluate_is_correct(predictions, i);
    return n_correct;
}

double mr_evaluate_mean_loss(const struct mr_predictions *predictions)
{
    double sum = 0;

    for (int i = 0; i < predictions->n; i++)
        sum += predictions->losses[i];
    return predictions->n ? sum / predictions->n : 0;
}

/* Puts the answers to one batch where their samples are. */
static enum mr_status keep_batch(struct mr_predictions *p, const struct mr_batch *batch,
                                 const float *logits, int n, struct mr_error *err)
{
    size_t k = (size_t)p->n_classes;

    for (int i = 0; i < n; i++) {
        int index = batch->indices[i];

        for (size_t c = 0; c < k; c++)
            if (!isfinite(logits[(size_t)i * k + c]))
                return mr_fail(err, MR_E_NUMERIC,
                               "the network's answer to image %lld is not finite",
                               (long long)p->ids[index]);
        memcpy(p->logits + (size_t)index * k, logits + (size_t)i * k, k * sizeof *logits);
        p->losses[index] = batch->losses[i];
        if (!isfinite(batch->losses[i]))
            return mr_fail(err, MR_E_NUMERIC, "the loss of image %lld is not finite",
                           (long long)p->ids[index]);
    }
    return MR_OK;
}

static enum mr_status evaluate_all(const struct mr_evaluation *e, struct mr_predictions *p,
                                   struct mr_batch *batch, struct mr_error *err)
{
    struct mr_feed feed = {e->loader, e->features, 1};
    int n_done = 0;

    for (int b = 0; b < mr_loader_n_batches(e->loader); b++) {
        int n = mr_batch_fill(batch, &feed, e->model, e->epoch, b, e->pool);
        const float *logits = mr_batch_forward(batch, &feed, e->model, n, MR_MODE_EVAL);
        enum mr_status st;

        mr_model_loss(e->model, batch->labels, batch->losses);
        st = keep_batch(p, batch, logits, n, err);
        if (st)
            return st;
        n_done += n;
        if (e->progress && !e->progress(e->ctx, n_done, p->n))
            return mr_fail(err, MR_E_CANCELLED, "the evaluation was stopped");
    }
    return MR_OK;
}

enum mr_status mr_evaluate(const struct mr_evaluation *evaluation,
                           struct mr_predictions **predictions, struct mr_error *err)
{
    const struct mr_model_options *model = mr_model_get_options(evaluation->model);
    int n = mr_loader_n_samples(evaluation->loader);
    struct mr_predictions *p;
    struct mr_batch batch;
    enum mr_status st;

    p = mr_evaluate_room(mr_loader_samples(evaluation->loader), n, model->n_classes);
    if (!p)
        return mr_fail(err, MR_E_NOMEM, "no memory for the answers to %d images", n);
    st = mr_batch_init(&batch, evaluation->model, err);
    if (!st) {
        st = evaluate_all(evaluation, p, &batch, err);
        mr_batch_finish(&batch);
    }
    if (st) {
        mr_predictions_destroy(p);
        return st;
    }
    *predictions = p;
    return MR_OK;
}
