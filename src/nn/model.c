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
#include <misread/kernel/choices.h>
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
    m->grads = training ? mr_alloc_aligned(net->n_trained * sizeof *m->grads) : NULL;
    m->activations = mr_alloc_aligned(net->n_activations * sizeof *m->activations);
    m->scratch = mr_alloc_aligned(m->n_scratch * sizeof *m->scratch);
    return m->params && (m->grads || !training) && m->activations && m->scratch;
}

static void choose_algorithms(struct mr_net *net)
{
    for (int i = 0; net->options.choices && i < net->n_units; i++)
        mr_conv_choices_apply(net->options.choices, &net->units[i].conv);
    net->options.choices = NULL;
}

enum mr_status mr_model_create(struct mr_model **model, const struct mr_model_options *options,
                               struct mr_pool *pool, struct mr_error *err)
{
    enum mr_status st = check_options(options, err);
    struct mr_model *m;

    if (st)
        return st;
    assert(!(options->training && options->explains));
    mr_gemm_init();
    m = mr_xalloc(1, sizeof *m);
    m->pool = pool;
    mr_net_init(&m->net, options);
    choose_algorithms(&m->net);
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
    const struct mr_net *net = &model->net;
    size_t n_grads = net->options.training ? net->n_trained : 0;

    return (net->n_params + n_grads + net->n_activations + model->n_scratch) * sizeof(float);
}

static double conv_flops(const struct mr_unit *unit)
{
    struct mr_conv_shape shape = unit->conv;

    shape.n = 1;
    return mr_conv_flops(&shape);
}

static double linear_flops(const struct mr_head_layer *layer)
{
    return 2. * layer->c_in * layer->c_out;
}

double mr_model_flops(const struct mr_model *model, enum mr_mode mode)
{
    /* How often a training step walks through the convolutions. */
    static const int passes[] = {[MR_BODY_TRAINED] = 3, [MR_BODY_NORM] = 2, [MR_BODY_FIXED] = 1};
    const struct mr_net *net = &model->net;
    enum mr_body_mode body = net->options.body;
    double convs = 0, linears = 0;

    for (int i = 0; i < net->n_units; i++)
        convs += conv_flops(&net->units[i]);
    for (int i = 0; i < net->n_head; i++)
        linears += linear_flops(&net->head[i]);
    if (mode == MR_MODE_EVAL)
        return convs + linears;
    convs *= passes[body];
    linears *= 3;
    if (body != MR_BODY_FIXED)
        return convs + linears - conv_flops(&net->units[0]); /* nobody wants that of the pixels */
    return convs + linears - (net->head[0].norm.c ? 0 : linear_flops(&net->head[0]));
}

static bool is_first_of_its_shape(const struct mr_net *net, int unit)
{
    for (int i = 0; i < unit; i++)
        if (!memcmp(&net->units[i].conv, &net->units[unit].conv, sizeof net->units[i].conv))
            return false;
    return true;
}

bool mr_model_find_conv(const struct mr_model *model, int i, struct mr_conv_shape *shape)
{
    const struct mr_net *net = &model->net;

    for (int unit = 0; unit < net->n_units; unit++) {
        if (!is_first_of_its_shape(net, unit) || i--)
            continue;
        *shape = net->units[unit].conv;
        return true;
    }
    return false;
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

int mr_model_n_features(const struct mr_model *model)
{
    return model->net.n_features;
}

void mr_model_set_step(struct mr_model *model, int step)
{
    model->step = step;
}

size_t mr_model_n_params(const struct mr_model *model)
{
    return model->net.n_params;
}

size_t mr_model_n_trained(const struct mr_model *model)
{
    return model->net.n_trained;
}

/* to (c, b, a) = from (a, b, c); some of c at a time, so that a line of cache that was fetched is
 * used whole. */
static void reverse_axes(float *to, const float *from, size_t a, size_t b, size_t c)
{
    for (size_t begin = 0, end; begin < c; begin = end) {
        end = begin + 16 < c ? begin + 16 : c;
        for (size_t j = 0; j < b; j++)
            for (size_t i = 0; i < a; i++)
                for (size_t k = begin; k < end; k++)
                    to[(k * b + j) * a + i] = from[(i * b + j) * c + k];
    }
}

/* Convolutions are (kh, kw, I, O) in here and torchvision's (O, I, kh, kw) outside. */
static size_t n_taps(const struct mr_tensor *t)
{
    return (size_t)t->shape[2] * (size_t)t->shape[3];
}

static void copy_out(const float *block, const struct mr_tensor *t, float *dst)
{
    const float *src = block + t->offset;

    if (t->kind == MR_TENSOR_CONV)
        reverse_axes(dst, src, n_taps(t), (size_t)t->shape[1], (size_t)t->shape[0]);
    else
        memcpy(dst, src, t->n * sizeof *dst);
}

void mr_model_get_tensor(const struct mr_model *model, const struct mr_tensor *tensor, float *dst)
{
    copy_out(model->params, tensor, dst);
}

void mr_model_get_grad(const struct mr_model *model, const struct mr_tensor *tensor, float *dst)
{
    assert(model->grads && tensor->is_trained);
    copy_out(model->grads, tensor, dst);
}

void mr_model_set_tensor(struct mr_model *model, const struct mr_tensor *tensor, const float *src)
{
    float *dst = model->params + tensor->offset;

    if (tensor->kind == MR_TENSOR_CONV)
        reverse_axes(dst, src, (size_t)tensor->shape[0], (size_t)tensor->shape[1], n_taps(tensor));
    else
        memcpy(dst, src, tensor->n * sizeof *dst);
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

/* He et al. 2015: normal with variance 2 / fan. */
static void init_normal(float *w, size_t n, double fan, struct mr_rng *rng)
{
    double std = sqrt(2 / fan);

    for (size_t i = 0; i < n; i++)
        w[i] = (float)(std * mr_rng_normal(rng));
}

static void init_uniform(float *w, size_t n, int fan_in, struct mr_rng *rng)
{
    double bound = 1 / sqrt((double)fan_in);

    for (size_t i = 0; i < n; i++)
        w[i] = (float)mr_rng_between(rng, -bound, bound);
}

static void init_conv(struct mr_model *m, const struct mr_tensor *t, float *w, struct mr_rng *rng)
{
    init_normal(w, t->n, (double)t->shape[0] * t->shape[2] * t->shape[3], rng);
}

static void init_linear(struct mr_model *m, const struct mr_tensor *t, float *w, struct mr_rng *rng)
{
    if (m->net.options.head == MR_HEAD_PLAIN)
        init_uniform(w, t->n, m->net.n_features, rng);
    else if (t->kind == MR_TENSOR_FC)
        init_normal(w, t->n, t->shape[1], rng);
    else
        fill(w, t->n, 0);
}

static void init_norm(struct mr_model *m, const struct mr_tensor *t, float *w, struct mr_rng *rng)
{
    fill(w, t->n, ends_with(t->name, "weight") || ends_with(t->name, "var") ? 1 : 0);
}

static void (*const init_tensor[])(struct mr_model *m, const struct mr_tensor *t, float *w,
                                   struct mr_rng *rng) = {
    [MR_TENSOR_CONV] = init_conv, [MR_TENSOR_FC] = init_linear,    [MR_TENSOR_BIAS] = init_linear,
    [MR_TENSOR_BN] = init_norm,   [MR_TENSOR_RUNNING] = init_norm,
};

static void init_from(struct mr_model *m, enum mr_group first, uint64_t seed)
{
    for (int i = 0; i < m->net.n_tensors; i++) {
        const struct mr_tensor *t = &m->net.tensors[i];
        struct mr_rng rng = mr_rng_make(seed, mr_hash_fnv(t->name, strlen(t->name)), 0, 0);

        if (t->group >= first)
            init_tensor[t->kind](m, t, m->params + t->offset, &rng);
    }
}

void mr_model_init(struct mr_model *model, uint64_t seed)
{
    model->seed = seed;
    init_from(model, MR_GROUP_EARLY, seed);
}

void mr_model_init_head(struct mr_model *model, uint64_t seed)
{
    init_from(model, MR_GROUP_HEAD, seed);
}
