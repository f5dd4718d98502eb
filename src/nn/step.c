/* SPDX-License-Identifier: MIT */
/* A step of the network: walks the list of operations that resnet.c built. Allocates nothing. */
#include <misread/nn/model.h>

#include <assert.h>
#include <string.h>

#include <misread/base/pool.h>
#include <misread/base/rng.h>
#include <misread/kernel/linear.h>
#include <misread/kernel/softmax.h>

#include "private.h"

static float *buffer(const struct mr_model *m, int i)
{
    return i == MR_NO_BUFFER ? NULL : m->activations + m->net.plan.buffers[i].offset;
}

static float *param(const struct mr_model *m, int tensor)
{
    return m->params + m->net.tensors[tensor].offset;
}

static float *grad(const struct mr_model *m, int tensor)
{
    return m->grads + m->net.tensors[tensor].offset;
}

static struct mr_conv_shape shape_of(const struct mr_model *m, const struct mr_unit *u)
{
    struct mr_conv_shape shape = u->conv;

    shape.n = m->n;
    return shape;
}

/* PyTorch's constants. */
static struct mr_norm norm_over(const struct mr_model *m, const struct mr_net_norm *norm, int rows)
{
    float *stats = buffer(m, norm->stats);

    return (struct mr_norm){
        .m = rows,
        .c = norm->c,
        .eps = 1e-5f,
        .momentum = .1f,
        .gamma = param(m, norm->gamma),
        .beta = param(m, norm->beta),
        .running_mean = param(m, norm->running_mean),
        .running_var = param(m, norm->running_var),
        .mean = stats,
        .inv_std = stats + norm->c,
        .scale = stats + 2 * norm->c,
    };
}

static struct mr_norm norm_of(const struct mr_model *m, const struct mr_unit *u)
{
    struct mr_conv_shape s = shape_of(m, u);

    return norm_over(m, &u->norm, s.n * mr_conv_h_out(&s) * mr_conv_w_out(&s));
}

/* A fixed body is in evaluation always. */
static enum mr_mode body_mode(const struct mr_model *m)
{
    return m->net.body_trains ? m->mode : MR_MODE_EVAL;
}

/* What the unit's convolution reads. */
static struct mr_conv_in input_of(const struct mr_model *m, const struct mr_unit *u)
{
    struct mr_conv_in in = {.x = buffer(m, u->x)};

    if (body_mode(m) == MR_MODE_TRAIN && u->front >= 0) {
        struct mr_norm norm = norm_of(m, &m->net.units[u->front]);

        in.mean = norm.mean;
        in.scale = norm.scale;
        in.shift = norm.beta;
    }
    return in;
}

/* ---- operations ---- */

/* In training only the convolution; in evaluation, where batch norm is a scale and a shift, all of
 * the unit. */
static void conv_forward(struct mr_model *m, const struct mr_op *op)
{
    const struct mr_unit *u = &m->net.units[op->unit];
    struct mr_conv_shape shape = shape_of(m, u);
    struct mr_conv_in in = input_of(m, u);
    struct mr_conv_out out = {.y = buffer(m, u->z)};

    if (body_mode(m) == MR_MODE_EVAL) {
        struct mr_norm norm = norm_of(m, u);

        /* The batch's mean has no use now: its room takes the shift. */
        m->kernels->norm_fold(norm.scale, norm.mean, &norm);
        out = (struct mr_conv_out){.y = buffer(m, u->y),
                                   .scale = norm.scale,
                                   .bias = norm.mean,
                                   .add = buffer(m, op->extra),
                                   .relu = u->act == MR_ACT_RELU};
    }
    m->kernels->conv_forward(&out, &in, param(m, u->weight), &shape, m->scratch, m->pool);
}

static void norm_forward(struct mr_model *m, const struct mr_op *op)
{
    const struct mr_unit *u = &m->net.units[op->unit];
    struct mr_norm norm = norm_of(m, u);

    if (body_mode(m) == MR_MODE_EVAL)
        return;
    m->kernels->norm_measure(&norm, buffer(m, u->z), m->scratch, m->pool);
    if (u->y != u->z)
        m->kernels->norm_apply(buffer(m, u->y), buffer(m, u->z), buffer(m, op->extra), u->act,
                               &norm, m->pool);
}

static void maxpool_forward(struct mr_model *m, const struct mr_op *op)
{
    uint8_t *index = (uint8_t *)buffer(m, op->extra);

    m->kernels->maxpool_forward(buffer(m, op->out), index, buffer(m, op->in), m->n, m->net.pool_h,
                                m->net.pool_w, 64, m->pool);
}

static void avgpool_forward(struct mr_model *m, const struct mr_op *op)
{
    m->kernels->avgpool_forward(buffer(m, op->out), buffer(m, op->in), m->n,
                                m->net.last_h * m->net.last_w, m->net.last_c, m->pool);
}

static void concatpool_forward(struct mr_model *m, const struct mr_op *op)
{
    int32_t *index = (int32_t *)buffer(m, op->extra);

    m->kernels->concatpool_forward(buffer(m, op->out), index, buffer(m, op->in), m->n,
                                   m->net.last_h * m->net.last_w, m->net.last_c, m->pool);
}

static void head_norm_forward(struct mr_model *m, const struct mr_op *op)
{
    struct mr_norm norm = norm_over(m, &m->net.head[op->unit].norm, m->n);
    const float *x = buffer(m, op->in);

    if (m->mode == MR_MODE_TRAIN) {
        m->kernels->norm_measure(&norm, x, m->scratch, m->pool);
    } else {
        m->kernels->norm_fold(norm.scale, norm.inv_std, &norm); /* the shift has no use */
        norm.mean = norm.running_mean;
    }
    m->kernels->norm_apply(buffer(m, op->out), x, NULL, MR_ACT_NONE, &norm, m->pool);
}

/* Forward and, with the same mask, backward. */
static void dropout(struct mr_model *m, const struct mr_op *op)
{
    struct mr_rng rng =
        mr_rng_make(m->seed, mr_hash_fnv("dropout", 7), (uint64_t)m->step, (uint64_t)op->unit);

    if (m->mode == MR_MODE_TRAIN)
        m->kernels->dropout_apply(buffer(m, op->out), buffer(m, op->in), (size_t)m->n * op->n,
                                  m->net.head[op->unit].dropout, rng.key, m->pool);
}

static void linear_forward(struct mr_model *m, const struct mr_op *op)
{
    const struct mr_head_layer *l = &m->net.head[op->unit];

    mr_linear_forward(buffer(m, op->out), buffer(m, op->in), param(m, l->weight), param(m, l->bias),
                      m->n, l->c_in, l->c_out, m->pool);
}

static void relu_forward(struct mr_model *m, const struct mr_op *op)
{
    m->kernels->relu_forward(buffer(m, op->out), buffer(m, op->in), (size_t)m->n * op->n, m->pool);
}

static void linear_backward(struct mr_model *m, const struct mr_op *op)
{
    const struct mr_head_layer *l = &m->net.head[op->unit];
    const float *dy = buffer(m, op->in);

    if (m->grads)
        mr_linear_backward_weights(grad(m, l->weight), grad(m, l->bias), buffer(m, op->extra), dy,
                                   m->n, l->c_in, l->c_out, m->pool);
    if (op->out != MR_NO_BUFFER)
        mr_linear_backward_data(buffer(m, op->out), dy, param(m, l->weight), m->n, l->c_in,
                                l->c_out, m->pool);
}

/* With the running statistics batch norm is a scale and a shift. */
static void scale_rows(float *dx, const float *dy, const struct mr_norm *norm)
{
    for (int i = 0; i < norm->m; i++)
        for (int c = 0; c < norm->c; c++)
            dx[i * norm->c + c] = dy[i * norm->c + c] * norm->scale[c];
}

static void head_norm_backward(struct mr_model *m, const struct mr_op *op)
{
    const struct mr_net_norm *n = &m->net.head[op->unit].norm;
    struct mr_norm norm = norm_over(m, n, m->n);

    if (m->mode == MR_MODE_EVAL) {
        scale_rows(buffer(m, op->out), buffer(m, op->in), &norm);
        return;
    }
    m->kernels->norm_backward(buffer(m, op->out), grad(m, n->gamma), grad(m, n->beta),
                              buffer(m, op->in), buffer(m, op->extra), MR_ACT_NONE, &norm,
                              m->scratch, m->pool);
}

static void avgpool_backward(struct mr_model *m, const struct mr_op *op)
{
    m->kernels->avgpool_backward(buffer(m, op->out), buffer(m, op->in), m->n,
                                 m->net.last_h * m->net.last_w, m->net.last_c, m->pool);
}

static void concatpool_backward(struct mr_model *m, const struct mr_op *op)
{
    const int32_t *index = (const int32_t *)buffer(m, op->extra);

    m->kernels->concatpool_backward(buffer(m, op->out), buffer(m, op->in), index, m->n,
                                    m->net.last_h * m->net.last_w, m->net.last_c, m->pool);
}

static void relu_backward(struct mr_model *m, const struct mr_op *op)
{
    m->kernels->relu_backward(buffer(m, op->out), buffer(m, op->in), buffer(m, op->extra),
                              (size_t)m->n * op->n, m->pool);
}

static void norm_backward(struct mr_model *m, const struct mr_op *op)
{
    const struct mr_unit *u = &m->net.units[op->unit];
    struct mr_norm norm = norm_of(m, u);

    m->kernels->norm_backward(buffer(m, op->out), grad(m, u->norm.gamma), grad(m, u->norm.beta),
                              buffer(m, op->in), buffer(m, u->z), op->act, &norm, m->scratch,
                              m->pool);
}

static void conv_backward_weights(struct mr_model *m, const struct mr_op *op)
{
    const struct mr_unit *u = &m->net.units[op->unit];
    struct mr_conv_shape shape = shape_of(m, u);

    struct mr_conv_in in = input_of(m, u);

    m->kernels->conv_backward_weights(grad(m, u->weight), &in, buffer(m, op->in), &shape,
                                      m->scratch, m->pool);
}

static void conv_backward_data(struct mr_model *m, const struct mr_op *op)
{
    const struct mr_unit *u = &m->net.units[op->unit];
    struct mr_conv_shape shape = shape_of(m, u);

    m->kernels->conv_backward_data(buffer(m, op->out), buffer(m, op->in), param(m, u->weight),
                                   &shape, op->write, m->scratch, m->pool);
}

static void maxpool_backward(struct mr_model *m, const struct mr_op *op)
{
    const uint8_t *index = (const uint8_t *)buffer(m, op->extra);

    m->kernels->maxpool_backward(buffer(m, op->out), buffer(m, op->in), index, m->n, m->net.pool_h,
                                 m->net.pool_w, 64, m->pool);
}

static void (*const run_op[])(struct mr_model *m, const struct mr_op *op) = {
#define X(name, function) [MR_OP_##name] = function,
    MR_OP_LIST(X)
#undef X
};

static void run_ops(struct mr_model *m, int first, int last)
{
    for (int i = first; i < last; i++)
        run_op[m->net.ops[i].kind](m, &m->net.ops[i]);
}

/* ---- a step ---- */

static void begin(struct mr_model *m, int n, enum mr_mode mode)
{
    assert(n > 0 && n <= m->net.options.max_batch);
    assert(mode == MR_MODE_EVAL || m->net.options.training);
    m->n = n;
    m->mode = mode;
    m->has_loss = false;
}

/* A copy, because the backward pass needs it and the caller may fill the next batch. */
static void take_images(struct mr_model *m, const float *x)
{
    size_t image = (size_t)m->net.options.h * (size_t)m->net.options.w * 3;

    memcpy(buffer(m, m->net.input), x, (size_t)m->n * image * sizeof *x);
}

const float *mr_model_forward(struct mr_model *model, const float *x, int n, enum mr_mode mode)
{
    begin(model, n, mode);
    take_images(model, x);
    run_ops(model, 0, model->net.n_forward);
    return buffer(model, model->net.logits);
}

const float *mr_model_features(struct mr_model *model, const float *x, int n)
{
    begin(model, n, MR_MODE_EVAL);
    take_images(model, x);
    run_ops(model, 0, model->net.n_body);
    model->n = 0; /* there are no logits */
    return buffer(model, model->net.features);
}

const float *mr_model_forward_features(struct mr_model *model, const float *features, int n,
                                       enum mr_mode mode)
{
    size_t n_floats = (size_t)n * (size_t)model->net.n_features;

    assert(mode == MR_MODE_EVAL || !model->net.body_trains);
    begin(model, n, mode);
    memmove(buffer(model, model->net.features), features, n_floats * sizeof *features);
    run_ops(model, model->net.n_body, model->net.n_forward);
    return buffer(model, model->net.logits);
}

double mr_model_loss(struct mr_model *model, const int *labels, float *losses)
{
    const float *logits = buffer(model, model->net.logits);
    int k = model->net.options.n_classes;

    assert(model->n > 0);
    mr_softmax_loss_backward(buffer(model, model->net.dlogits), logits, labels, model->n, k);
    model->has_loss = true;
    return mr_softmax_loss(losses, logits, labels, model->n, k);
}

double mr_model_loss_towards(struct mr_model *model, const struct mr_softmax_goal *goal,
                             float *losses)
{
    const float *logits = buffer(model, model->net.logits);
    float *targets = buffer(model, model->net.dlogits); /* until they become the gradient */
    int n = model->n, k = model->net.options.n_classes;
    double loss;

    assert(n > 0);
    mr_softmax_targets(targets, goal, n, k);
    loss = mr_softmax_target_loss(logits, targets, n, k);
    mr_softmax_target_backward(targets, logits, targets, n, k);
    model->has_loss = true;
    if (losses)
        mr_softmax_mixed_losses(losses, logits, goal, n, k);
    return loss;
}

void mr_model_backward(struct mr_model *model)
{
    assert(model->mode == MR_MODE_TRAIN && model->has_loss);
    run_ops(model, model->net.n_forward, model->net.n_ops);
    model->has_loss = false; /* activations have been overwritten */
}

struct mr_model_evidence mr_model_explain(struct mr_model *model, const int *classes)
{
    const struct mr_net *net = &model->net;
    float *d = buffer(model, net->dlogits);
    size_t k = (size_t)net->options.n_classes;

    assert(net->options.explains && model->mode == MR_MODE_EVAL && model->n > 0);
    memset(d, 0, (size_t)model->n * k * sizeof *d);
    for (int i = 0; i < model->n; i++)
        d[(size_t)i * k + (size_t)classes[i]] = 1;
    run_ops(model, net->n_forward, net->n_ops);
    return (struct mr_model_evidence){.x = buffer(model, net->last),
                                      .dx = buffer(model, net->dlast),
                                      .h = net->last_h,
                                      .w = net->last_w,
                                      .c = net->last_c};
}

float *mr_model_dlogits(struct mr_model *model)
{
    return buffer(model, model->net.dlogits);
}

/* ---- scratch ---- */

static void raise(size_t *most, size_t n)
{
    *most = n > *most ? n : *most;
}

static size_t unit_scratch(const struct mr_kernels *kernels, const struct mr_conv_shape *shape,
                           bool trains, int n_threads)
{
    size_t most = kernels->conv_forward_scratch(shape, n_threads);

    raise(&most, kernels->norm_scratch(shape->c_out, n_threads));
    if (trains) {
        raise(&most, kernels->conv_backward_data_scratch(shape, n_threads));
        raise(&most, kernels->conv_backward_weights_scratch(shape, n_threads));
    }
    return most;
}

/* Smaller batches are cut into other blocks, which may be bigger: so every batch size is asked. */
size_t mr_model_scratch(const struct mr_net *net, const struct mr_kernels *kernels, int n_threads)
{
    size_t most = 0;

    for (int i = 0; i < net->n_units; i++) {
        struct mr_conv_shape shape = net->units[i].conv;

        for (shape.n = 1; shape.n <= net->options.max_batch; shape.n++)
            raise(&most, unit_scratch(kernels, &shape, net->body_trains, n_threads));
    }
    for (int i = 0; i < net->n_head; i++)
        raise(&most, kernels->norm_scratch(net->head[i].norm.c, n_threads));
    return most;
}
