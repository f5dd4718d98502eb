/* SPDX-License-Identifier: MIT */
/* A step of the network: walks the list of operations that resnet.c built. Allocates nothing. */
#include <misread/nn/model.h>

#include <assert.h>
#include <string.h>

#include <misread/base/pool.h>
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
static struct mr_norm norm_of(const struct mr_model *m, const struct mr_unit *u)
{
    struct mr_conv_shape s = shape_of(m, u);
    float *stats = buffer(m, u->stats);

    return (struct mr_norm){
        .m = s.n * mr_conv_h_out(&s) * mr_conv_w_out(&s),
        .c = s.c_out,
        .eps = 1e-5f,
        .momentum = .1f,
        .gamma = param(m, u->gamma),
        .beta = param(m, u->beta),
        .running_mean = param(m, u->running_mean),
        .running_var = param(m, u->running_var),
        .mean = stats,
        .inv_std = stats + s.c_out,
        .scale = stats + 2 * s.c_out,
    };
}

/* What the unit's convolution reads. */
static struct mr_conv_in input_of(const struct mr_model *m, const struct mr_unit *u)
{
    struct mr_conv_in in = {.x = buffer(m, u->x)};

    if (m->mode == MR_MODE_TRAIN && u->front >= 0) {
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

    if (m->mode == MR_MODE_EVAL) {
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

    if (m->mode == MR_MODE_EVAL)
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
                                m->net.last_h * m->net.last_w, m->net.n_features, m->pool);
}

static void linear_forward(struct mr_model *m, const struct mr_op *op)
{
    mr_linear_forward(buffer(m, op->out), buffer(m, op->in), param(m, m->net.fc_weight),
                      param(m, m->net.fc_bias), m->n, m->net.n_features, m->net.options.n_classes,
                      m->pool);
}

static void linear_backward(struct mr_model *m, const struct mr_op *op)
{
    const float *dy = buffer(m, op->in);
    int c_in = m->net.n_features, c_out = m->net.options.n_classes;

    mr_linear_backward_weights(grad(m, m->net.fc_weight), grad(m, m->net.fc_bias),
                               buffer(m, op->extra), dy, m->n, c_in, c_out, m->pool);
    mr_linear_backward_data(buffer(m, op->out), dy, param(m, m->net.fc_weight), m->n, c_in, c_out,
                            m->pool);
}

static void avgpool_backward(struct mr_model *m, const struct mr_op *op)
{
    m->kernels->avgpool_backward(buffer(m, op->out), buffer(m, op->in), m->n,
                                 m->net.last_h * m->net.last_w, m->net.n_features, m->pool);
}

static void relu_backward(struct mr_model *m, const struct mr_op *op)
{
    struct mr_conv_shape s = shape_of(m, &m->net.units[op->unit]);
    size_t n =
        (size_t)s.n * (size_t)mr_conv_h_out(&s) * (size_t)mr_conv_w_out(&s) * (size_t)s.c_out;

    m->kernels->relu_backward(buffer(m, op->out), buffer(m, op->in), buffer(m, op->extra), n,
                              m->pool);
}

static void norm_backward(struct mr_model *m, const struct mr_op *op)
{
    const struct mr_unit *u = &m->net.units[op->unit];
    struct mr_norm norm = norm_of(m, u);

    m->kernels->norm_backward(buffer(m, op->out), grad(m, u->gamma), grad(m, u->beta),
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

const float *mr_model_forward(struct mr_model *model, const float *x, int n, enum mr_mode mode)
{
    const struct mr_model_options *o = &model->net.options;
    size_t image = (size_t)o->h * (size_t)o->w * 3;

    assert(n > 0 && n <= o->max_batch);
    assert(mode == MR_MODE_EVAL || o->training);
    model->n = n;
    model->mode = mode;
    model->has_loss = false;
    /* A copy, because the backward pass needs it and the caller may fill the next batch. */
    memcpy(buffer(model, model->net.input), x, (size_t)n * image * sizeof *x);
    run_ops(model, 0, model->net.n_forward);
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

void mr_model_backward(struct mr_model *model)
{
    assert(model->mode == MR_MODE_TRAIN && model->has_loss);
    run_ops(model, model->net.n_forward, model->net.n_ops);
    model->has_loss = false; /* activations have been overwritten */
}

float *mr_model_dlogits(struct mr_model *model)
{
    return buffer(model, model->net.dlogits);
}

/* ---- scratch ---- */

static size_t max3(size_t a, size_t b, size_t c)
{
    size_t most = a > b ? a : b;

    return most > c ? most : c;
}

static size_t unit_scratch(const struct mr_kernels *kernels, const struct mr_conv_shape *shape,
                           bool training, int n_threads)
{
    size_t forward = kernels->conv_forward_scratch(shape, n_threads);
    size_t norm = kernels->norm_scratch(shape->c_out, n_threads);

    if (!training)
        return max3(forward, norm, 0);
    return max3(max3(forward, norm, 0), kernels->conv_backward_data_scratch(shape, n_threads),
                kernels->conv_backward_weights_scratch(shape, n_threads));
}

/* Smaller batches are cut into other blocks, which may be bigger: so every batch size is asked. */
size_t mr_model_scratch(const struct mr_net *net, const struct mr_kernels *kernels, int n_threads)
{
    size_t most = 0;

    for (int i = 0; i < net->n_units; i++) {
        struct mr_conv_shape shape = net->units[i].conv;

        for (shape.n = 1; shape.n <= net->options.max_batch; shape.n++) {
            size_t n = unit_scratch(kernels, &shape, net->options.training, n_threads);

            most = n > most ? n : most;
        }
    }
    return most;
}
