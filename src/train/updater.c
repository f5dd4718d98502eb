/* SPDX-License-Identifier: MIT */
/* Neighbouring tensors that are treated alike are updated in one call: a ResNet has a hundred
 * tensors, most of them tiny. */
#include "updater.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/train/optimizer.h>

#include "gradient.h"

struct mr_updater_options mr_updater_options_default(void)
{
    return (struct mr_updater_options){
        .kind = MR_OPTIMIZER_ADAMW, .weight_decay = .01, .beta2 = .99, .eps = 1e-5};
}

void mr_updater_slice(double lr[MR_N_GROUP], double low, double high)
{
    for (int i = 0; i < MR_N_GROUP - 1; i++)
        lr[i] = low > 0 ? low * pow(high / low, (double)i / (MR_N_GROUP - 1)) : high / 10;
    lr[MR_N_GROUP - 1] = high;
}

static int by_offset(const void *a, const void *b)
{
    size_t x = ((const struct mr_span *)a)->offset, y = ((const struct mr_span *)b)->offset;

    return (x > y) - (x < y);
}

static struct mr_span span_of(const struct mr_updater *updater, const struct mr_tensor *t)
{
    bool is_spared = t->kind == MR_TENSOR_BN || t->kind == MR_TENSOR_BIAS;

    return (struct mr_span){.offset = t->offset,
                            .n = t->n,
                            .group = t->group,
                            .decays = !(is_spared && updater->options.spares_norms_and_biases)};
}

static bool is_one(const struct mr_span *a, const struct mr_span *b)
{
    return a->offset + a->n == b->offset && a->group == b->group && a->decays == b->decays;
}

static void find_spans(struct mr_updater *updater, const struct mr_model *model)
{
    int n_tensors, n = 0;
    const struct mr_tensor *tensors = mr_model_tensors(model, &n_tensors);
    struct mr_span *spans = mr_xalloc((size_t)n_tensors + 1, sizeof *spans);

    for (int i = 0; i < n_tensors; i++)
        if (tensors[i].is_trained)
            spans[n++] = span_of(updater, &tensors[i]);
    qsort(spans, (size_t)n, sizeof *spans, by_offset);
    updater->spans = spans;
    for (int i = 0; i < n; i++) {
        struct mr_span *last = updater->n_spans ? &spans[updater->n_spans - 1] : NULL;

        if (last && is_one(last, &spans[i]))
            last->n += spans[i].n;
        else
            spans[updater->n_spans++] = spans[i];
    }
}

enum mr_status mr_updater_init(struct mr_updater *updater, const struct mr_model *model,
                               const struct mr_updater_options *options, struct mr_error *err)
{
    bool needs_v = options->kind == MR_OPTIMIZER_ADAMW;
    size_t n = mr_model_n_trained(model);

    *updater = (struct mr_updater){.options = *options, .n_params = n};
    updater->m = mr_alloc_aligned(n * sizeof *updater->m);
    if (needs_v)
        updater->v = mr_alloc_aligned(n * sizeof *updater->v);
    if (options->gathers)
        updater->sum = mr_alloc_aligned(n * sizeof *updater->sum);
    if (!updater->m || (needs_v && !updater->v) || (options->gathers && !updater->sum)) {
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
    free(updater->sum);
    free(updater->spans);
    memset(updater, 0, sizeof *updater);
}

/* Decoupled decay for SGD, whose kernel would put the decay into the momentum. */
static void shrink(float *w, size_t n, float factor)
{
    for (size_t i = 0; i < n; i++)
        w[i] *= factor;
}

void mr_updater_gather(struct mr_updater *updater, struct mr_model *model, double weight,
                       struct mr_pool *pool)
{
    mr_gradient_add(updater->sum, mr_model_grads(model), updater->n_params, weight, pool);
    updater->weight += weight;
}

/* What was gathered becomes the model's gradient. */
static void spend(struct mr_updater *updater, struct mr_model *model, struct mr_pool *pool)
{
    mr_gradient_scale(mr_model_grads(model), updater->sum, updater->n_params, 1 / updater->weight,
                      pool);
    memset(updater->sum, 0, updater->n_params * sizeof *updater->sum);
    updater->weight = 0;
}

static void clip(const struct mr_updater *updater, float *dw, struct mr_pool *pool)
{
    double norm = mr_gradient_norm(dw, updater->spans, updater->n_spans, pool);
    double factor = mr_gradient_shortening(norm, updater->options.clip);

    if (factor < 1)
        mr_gradient_scale(dw, dw, updater->n_params, factor, pool);
}

void mr_updater_step(struct mr_updater *updater, struct mr_model *model, int step,
                     const double lr[MR_N_GROUP], double momentum, struct mr_pool *pool)
{
    const struct mr_updater_options *o = &updater->options;
    float *w = mr_model_params(model);
    float *dw = mr_model_grads(model);

    if (updater->weight > 0)
        spend(updater, model, pool);
    if (o->clip > 0)
        clip(updater, dw, pool);
    for (int i = 0; i < updater->n_spans; i++) {
        const struct mr_span *span = &updater->spans[i];
        size_t at = span->offset, n = span->n;
        double rate = lr[span->group], decay = span->decays ? o->weight_decay : 0;

        if (o->kind == MR_OPTIMIZER_ADAMW) {
            mr_adamw_step(w + at, dw + at, updater->m + at, updater->v + at, n, rate, momentum,
                          o->beta2, o->eps, decay, step + 1, pool);
            continue;
        }
        shrink(w + at, n, (float)(1 - rate * decay));
        mr_sgd_step(w + at, dw + at, updater->m + at, n, rate, momentum, 0, step == 0, pool);
    }
}
