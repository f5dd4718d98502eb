/* SPDX-License-Identifier: MIT */
/* A model's life and its named tensors; the computation is in step.c. */
#include <misread/nn/model.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/pool.h>
#include <misread/base/rng.h>
#include <misread/kernel/gemm.h>

#include "private.h"

/* Beyond these, sizes that kernels count in int could overflow. */
#define MAX_SIDE    8192
#define MAX_BATCH   4096
#define MAX_PIXELS  (1 << 28)
#define MAX_CLASSES 65536

static enum mr_status check_options(const struct mr_model_options *o, struct mr_error *err)
{
    if (o->n_classes < 2 || o->n_classes > MAX_CLASSES)
        return mr_fail(err, MR_E_USAGE, "cannot make a model of %d classes: 2 to %d are possible",
                       o->n_classes, MAX_CLASSES);
    if (o->h < 32 || o->w < 32 || o->h > MAX_SIDE || o->w > MAX_SIDE)
        return mr_fail(err, MR_E_USAGE,
                       "cannot make a model for %d x %d pixels: 32 to %d are possible", o->w, o->h,
                       MAX_SIDE);
    if (o->max_batch < 1 || o->max_batch > MAX_BATCH)
        return mr_fail(err, MR_E_USAGE,
                       "cannot make a model for batches of %d: 1 to %d are possible", o->max_batch,
                       MAX_BATCH);
    if ((long long)o->max_batch * o->h * o->w > MAX_PIXELS)
        return mr_fail(err, MR_E_LIMIT,
                       "cannot make a model for %d images of %d x %d pixels at once", o->max_batch,
                       o->w, o->h);
    return MR_OK;
}

static bool allocate(struct mr_model *m)
{
    const struct mr_net *net = &m->net;
    bool training = net->options.training;

    m->params = mr_alloc_aligned(net->n_params * sizeof *m->params);
    m->grads = training ? mr_alloc_aligned(net->n_params * sizeof *m->grads) : NULL;
    m->activations = mr_alloc_aligned(net->n_activations * sizeof *m->activations);
    m->scratch = mr_alloc_aligned(m->n_scratch * sizeof *m->scratch);
    return m->params && (m->grads || !training) && m->activations && m->scratch;
}

enum mr_status mr_model_create(struct mr_model **model, const struct mr_model_options *options,
                               struct mr_pool *pool, struct mr_error *err)
{
    enum mr_status st = check_options(options, err);
    struct mr_model *m;

    if (st)
        return st;
    mr_gemm_init();
    m = mr_xalloc(1, sizeof *m);
    m->pool = pool;
    mr_net_init(&m->net, options);
    m->kernels = options->kernels ? options->kernels : mr_kernels_best();
    m->n_scratch = mr_model_scratch(&m->net, m->kernels, mr_pool_n_threads(pool));
    if (!allocate(m)) {
        st = mr_fail(err, MR_E_NOMEM, "no memory for %s with %d images of %d x %d pixels (%zu MiB)",
                     mr_arch_text(options->arch), options->max_batch, options->w, options->h,
                     mr_model_n_bytes(m) >> 20);
        mr_model_destroy(m);
        return st;
    }
    *model = m;
    return MR_OK;
}

void mr_model_destroy(struct mr_model *model)
{
    if (!model)
        return;
    free(model->params);
    free(model->grads);
    free(model->activations);
    free(model->scratch);
    free(model);
}

const struct mr_model_options *mr_model_get_options(const struct mr_model *model)
{
    return &model->net.options;
}

size_t mr_model_n_bytes(const struct mr_model *model)
{
    size_t n_blocks = model->net.options.training ? 2 : 1;
    size_t n = model->net.n_params * n_blocks + model->net.n_activations + model->n_scratch;

    return n * sizeof(float);
}

static double conv_flops(const struct mr_unit *unit)
{
    struct mr_conv_shape shape = unit->conv;

    shape.n = 1;
    return mr_conv_flops(&shape);
}

double mr_model_flops(const struct mr_model *model, enum mr_mode mode)
{
    const struct mr_net *net = &model->net;
    double forward = 2. * net->n_features * net->options.n_classes;

    for (int i = 0; i < net->n_units; i++)
        forward += conv_flops(&net->units[i]);
    return mode == MR_MODE_TRAIN ? 3 * forward - conv_flops(&net->units[0]) : forward;
}

/* ---- tensors ---- */

const struct mr_tensor *mr_model_tensors(const struct mr_model *model, int *n_tensors)
{
    *n_tensors = model->net.n_tensors;
    return model->net.tensors;
}

const struct mr_tensor *mr_model_find_tensor(const struct mr_model *model, const char *name)
{
    for (int i = 0; i < model->net.n_tensors; i++)
        if (!strcmp(model->net.tensors[i].name, name))
            return &model->net.tensors[i];
    return NULL;
}

float *mr_model_params(struct mr_model *model)
{
    return model->params;
}

float *mr_model_grads(struct mr_model *model)
{
    return model->grads;
}

size_t mr_model_n_params(const struct mr_model *model)
{
    return model->net.n_params;
}

size_t mr_model_n_trained(const struct mr_model *model)
{
    return model->net.n_trained;
}

/* Where element i of torchvision's (O, I, kh, kw) lies in (kh, kw, I, O). */
static size_t inner_index(const struct mr_tensor *t, size_t i)
{
    size_t n_in = (size_t)t->shape[1], n_out = (size_t)t->shape[0];
    size_t taps = (size_t)t->shape[2] * (size_t)t->shape[3];
    size_t tap = i % taps, in = i / taps % n_in, out = i / taps / n_in;

    return (tap * n_in + in) * n_out + out;
}

static void copy_out(const float *block, const struct mr_tensor *t, float *dst)
{
    const float *src = block + t->offset;

    if (t->kind != MR_TENSOR_CONV) {
        memcpy(dst, src, t->n * sizeof *dst);
        return;
    }
    for (size_t i = 0; i < t->n; i++)
        dst[i] = src[inner_index(t, i)];
}

void mr_model_get_tensor(const struct mr_model *model, const struct mr_tensor *tensor, float *dst)
{
    copy_out(model->params, tensor, dst);
}

void mr_model_get_grad(const struct mr_model *model, const struct mr_tensor *tensor, float *dst)
{
    assert(model->grads);
    copy_out(model->grads, tensor, dst);
}

void mr_model_set_tensor(struct mr_model *model, const struct mr_tensor *tensor, const float *src)
{
    float *dst = model->params + tensor->offset;

    if (tensor->kind != MR_TENSOR_CONV) {
        memcpy(dst, src, tensor->n * sizeof *dst);
        return;
    }
    for (size_t i = 0; i < tensor->n; i++)
        dst[inner_index(tensor, i)] = src[i];
}

/* ---- initial weights ---- */

static void fill(float *w, size_t n, float value)
{
    for (size_t i = 0; i < n; i++)
        w[i] = value;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && !strcmp(text + n - m, end);
}

/* He et al. 2015: normal with variance 2 / fan out. */
static void init_conv(float *w, const struct mr_tensor *t, struct mr_rng *rng)
{
    double std = sqrt(2.0 / ((double)t->shape[0] * t->shape[2] * t->shape[3]));

    for (size_t i = 0; i < t->n; i++)
        w[i] = (float)(std * mr_rng_normal(rng));
}

static void init_uniform(float *w, size_t n, int fan_in, struct mr_rng *rng)
{
    double bound = 1 / sqrt((double)fan_in);

    for (size_t i = 0; i < n; i++)
        w[i] = (float)mr_rng_between(rng, -bound, bound);
}

void mr_model_init(struct mr_model *model, uint64_t seed)
{
    for (int i = 0; i < model->net.n_tensors; i++) {
        const struct mr_tensor *t = &model->net.tensors[i];
        float *w = model->params + t->offset;
        struct mr_rng rng = mr_rng_make(seed, mr_hash_fnv(t->name, strlen(t->name)), 0, 0);

        if (t->kind == MR_TENSOR_CONV)
            init_conv(w, t, &rng);
        else if (t->kind == MR_TENSOR_FC || t->kind == MR_TENSOR_BIAS)
            init_uniform(w, t->n, model->net.n_features, &rng);
        else
            fill(w, t->n, ends_with(t->name, "weight") || ends_with(t->name, "var") ? 1 : 0);
    }
}
