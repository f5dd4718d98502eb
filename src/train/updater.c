/* SPDX-License-Identifier: MIT */
/* Neighbouring trained tensors are updated in one call: a ResNet has a hundred tensors, most of
 * them tiny. */
#include "updater.h"

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/nn/model.h>
#include <misread/train/optimizer.h>

/* fastai v2's numbers; beta1 is the schedule's momentum. */
#define BETA2 .99
#define EPS   1e-5

static int by_offset(const void *a, const void *b)
{
    size_t x = ((const struct mr_span *)a)->offset, y = ((const struct mr_span *)b)->offset;

    return (x > y) - (x < y);
}

static void find_spans(struct mr_updater *updater, const struct mr_model *model)
{
    int n_tensors, n = 0;
    const struct mr_tensor *tensors = mr_model_tensors(model, &n_tensors);
    struct mr_span *spans = mr_xalloc((size_t)n_tensors + 1, sizeof *spans);

    for (int i = 0; i < n_tensors; i++)
        if (tensors[i].kind != MR_TENSOR_RUNNING)
            spans[n++] = (struct mr_span){.offset = tensors[i].offset, .n = tensors[i].n};
    qsort(spans, (size_t)n, sizeof *spans, by_offset);
    updater->spans = spans;
    for (int i = 0; i < n; i++) {
        struct mr_span *last = updater->n_spans ? &spans[updater->n_spans - 1] : NULL;

        if (last && last->offset + last->n == spans[i].offset)
            last->n += spans[i].n;
        else
            spans[updater->n_spans++] = spans[i];
    }
}

enum mr_status mr_updater_init(struct mr_updater *updater, const struct mr_model *model,
                               enum mr_optimizer_kind kind, double weight_decay,
                               struct mr_error *err)
{
    size_t n = mr_model_n_params(model);

    *updater = (struct mr_updater){.kind = kind, .weight_decay = weight_decay, .n_params = n};
    updater->m = mr_alloc_aligned(n * sizeof *updater->m);
    if (kind == MR_OPTIMIZER_ADAMW)
        updater->v = mr_alloc_aligned(n * sizeof *updater->v);
    if (!updater->m || (kind == MR_OPTIMIZER_ADAMW && !updater->v)) {
        mr_updater_finish(updater);
        return mr_fail(err, MR_E_NOMEM, "no memory for the optimiser's state of %zu weights", n);
    }
    find_spans(updater, model);
    return MR_OK;
}

void mr_updater_finish(struct mr_updater *updater)
{
    free(updater->m);
    free(updater->v);
    free(updater->spans);
    memset(updater, 0, sizeof *updater);
}

/* Decoupled decay for SGD, whose kernel would put the decay into the momentum. */
static void shrink(float *w, size_t n, float factor)
{
    for (size_t i = 0; i < n; i++)
        w[i] *= factor;
}

void mr_updater_step(struct mr_updater *updater, struct mr_model *model, int step, double lr,
                     double momentum, struct mr_pool *pool)
{
    float *w = mr_model_params(model);
    const float *dw = mr_model_grads(model);

    for (int i = 0; i < updater->n_spans; i++) {
        size_t at = updater->spans[i].offset, n = updater->spans[i].n;

        if (updater->kind == MR_OPTIMIZER_ADAMW) {
            mr_adamw_step(w + at, dw + at, updater->m + at, updater->v + at, n, lr, momentum, BETA2,
                          EPS, updater->weight_decay, step + 1, pool);
            continue;
        }
        shrink(w + at, n, (float)(1 - lr * updater->weight_decay));
        mr_sgd_step(w + at, dw + at, updater->m + at, n, lr, momentum, 0, step == 0, pool);
    }
}
