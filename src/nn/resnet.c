/* SPDX-License-Identifier: MIT */
/*
 * ResNet-18, 34 and 50 (He et al. 2015) as torchvision builds and names them: the stride of a
 * bottleneck lies in its 3x3 convolution ("v1.5").
 */
#include "net.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <misread/kernel/maxpool.h>

struct arch {
    const char *text;
    int n_blocks[4];
    int n_convs;   /* of a block */
    int expansion; /* a block's output channels over its width */
};

static const struct arch archs[] = {
    [MR_ARCH_RESNET18] = {"resnet18", {2, 2, 2, 2}, 2, 1},
    [MR_ARCH_RESNET34] = {"resnet34", {3, 4, 6, 3}, 2, 1},
    [MR_ARCH_RESNET50] = {"resnet50", {3, 4, 6, 3}, 3, 4},
};

/* A block while it is being built; the backward pass walks them from the end. */
struct block {
    int first, n; /* units of the main path */
    int shortcut; /* unit, or -1 for the identity */
    int x, out;   /* buffers */
};

struct builder {
    struct mr_net *net;
    const struct arch *arch;
    struct block blocks[16];
    int n_blocks;
    int n_images;
    int layer, number; /* of the block being added, as in "layer1.0" */
};

const char *mr_arch_text(enum mr_arch arch)
{
    return archs[arch].text;
}

bool mr_arch_find(const char *text, enum mr_arch *arch)
{
    for (int i = 0; i < MR_N_ARCH; i++)
        if (!strcmp(text, archs[i].text)) {
            *arch = (enum mr_arch)i;
            return true;
        }
    return false;
}

/* ---- tensors ---- */

static int add_tensor(struct mr_net *net, enum mr_tensor_kind kind, const char *owner,
                      const char *what, int n_dims, const int *shape)
{
    int i = net->n_tensors++;
    struct mr_tensor *t = &net->tensors[i];

    assert(i < MR_NET_MAX_TENSORS);
    snprintf(net->names[i], MR_NET_NAME, "%s.%s", owner, what);
    *t = (struct mr_tensor){.name = net->names[i], .kind = kind, .n = 1, .n_dims = n_dims};
    for (int d = 0; d < n_dims; d++) {
        t->shape[d] = shape[d];
        t->n *= (size_t)shape[d];
    }
    return i;
}

/* What is trained comes first and in one piece, so that an optimiser can take it as one array. */
static void place_tensors(struct mr_net *net)
{
    for (int running = 0; running < 2; running++) {
        for (int i = 0; i < net->n_tensors; i++) {
            struct mr_tensor *t = &net->tensors[i];

            if ((t->kind == MR_TENSOR_RUNNING) != running)
                continue;
            t->offset = net->n_params;
            net->n_params += t->n;
        }
        if (!running)
            net->n_trained = net->n_params;
    }
}

/* ---- forward ---- */

static int add_buffer(struct builder *b, size_t n_per_image)
{
    return mr_plan_add(&b->net->plan, (size_t)b->n_images * n_per_image);
}

/* What an operation touches beyond its own buffers. */
static void use_unit(struct mr_net *net, enum mr_op_kind kind, int unit, int step)
{
    const struct mr_unit *u = &net->units[unit];
    bool reads_x = kind == MR_OP_CONV || kind == MR_OP_CONV_BACK_WEIGHTS;

    if (kind == MR_OP_CONV) /* in evaluation it writes y at once */
        mr_plan_use(&net->plan, u->y, step);
    if (kind == MR_OP_NORM_BACK)
        mr_plan_use(&net->plan, u->z, step);
    if (kind == MR_OP_CONV || kind == MR_OP_NORM || kind == MR_OP_NORM_BACK)
        mr_plan_use(&net->plan, u->stats, step);
    if (reads_x)
        mr_plan_use(&net->plan, u->x, step);
    if (reads_x && u->front >= 0)
        mr_plan_use(&net->plan, net->units[u->front].stats, step);
}

static void add_op(struct builder *b, struct mr_op op)
{
    struct mr_net *net = b->net;
    int step = net->n_ops;

    assert(step < MR_NET_MAX_OPS);
    net->ops[net->n_ops++] = op;
    mr_plan_use(&net->plan, op.in, step);
    if (op.out != MR_NO_BUFFER)
        mr_plan_use(&net->plan, op.out, step);
    if (op.extra != MR_NO_BUFFER)
        mr_plan_use(&net->plan, op.extra, step);
    if (op.unit < 0)
        return;
    use_unit(net, op.kind, op.unit, step);
}

static size_t floats_in(const struct mr_unit *u)
{
    return (size_t)u->conv.h * (size_t)u->conv.w * (size_t)u->conv.c_in;
}

static size_t floats_out(const struct mr_unit *u)
{
    return (size_t)mr_conv_h_out(&u->conv) * (size_t)mr_conv_w_out(&u->conv) *
           (size_t)u->conv.c_out;
}

/* Names the unit's tensors and makes its buffers; its operations come later. needs_y: somebody
 * else than the next convolution reads what batch norm makes. */
static int add_unit(struct builder *b, const char *conv, const char *norm,
                    const struct mr_conv_shape *shape, int x, bool needs_y)
{
    static const char *const what[] = {"weight", "bias", "running_mean", "running_var"};
    struct mr_net *net = b->net;
    struct mr_unit *u = &net->units[net->n_units];
    int dims[4] = {shape->c_out, shape->c_in, shape->kh, shape->kw};
    int *tensors[] = {&u->gamma, &u->beta, &u->running_mean, &u->running_var};

    assert(net->n_units < MR_NET_MAX_UNITS);
    u->conv = *shape;
    u->act = MR_ACT_RELU;
    u->x = x;
    u->z = add_buffer(b, floats_out(u));
    u->y = needs_y && net->options.training ? add_buffer(b, floats_out(u)) : u->z;
    u->front = -1;
    u->stats = mr_plan_add(&net->plan, 3 * (size_t)shape->c_out);
    u->weight = add_tensor(net, MR_TENSOR_CONV, conv, "weight", 4, dims);
    for (int i = 0; i < 4; i++)
        *tensors[i] =
            add_tensor(net, i < 2 ? MR_TENSOR_BN : MR_TENSOR_RUNNING, norm, what[i], 1, dims);
    return net->n_units++;
}

static void add_unit_ops(struct builder *b, int unit, int residual)
{
    const struct mr_unit *u = &b->net->units[unit];

    add_op(b, (struct mr_op){MR_OP_CONV, unit, u->x, u->z, residual, MR_OVERWRITE});
    add_op(b, (struct mr_op){MR_OP_NORM, unit, u->z, u->y, residual, MR_OVERWRITE});
}

/* Convolution number i of a block: 3x3 3x3, or 1x1 3x3 1x1; the first 3x3 has the stride. */
static struct mr_conv_shape block_conv(const struct builder *b, const struct mr_conv_shape *in,
                                       int i, int width, int stride)
{
    bool bottleneck = b->arch->n_convs == 3;
    int k = bottleneck && i != 1 ? 1 : 3;

    return (struct mr_conv_shape){
        .n = in->n,
        .h = in->h,
        .w = in->w,
        .c_in = in->c_in,
        .c_out = i == b->arch->n_convs - 1 ? width * b->arch->expansion : width,
        .kh = k,
        .kw = k,
        .stride = i == (bottleneck ? 1 : 0) ? stride : 1,
        .pad = k / 2,
    };
}

/* What the next convolution sees: only n, h, w and c_in count. */
static struct mr_conv_shape seen_behind(const struct mr_unit *u)
{
    return (struct mr_conv_shape){.n = u->conv.n,
                                  .h = mr_conv_h_out(&u->conv),
                                  .w = mr_conv_w_out(&u->conv),
                                  .c_in = u->conv.c_out};
}

static int add_shortcut(struct builder *b, const struct mr_conv_shape *in, int c_out, int stride,
                        int x)
{
    struct mr_conv_shape shape = *in;
    char conv[MR_NET_NAME], norm[MR_NET_NAME];
    int unit;

    shape.c_out = c_out;
    shape.kh = shape.kw = 1;
    shape.stride = stride;
    shape.pad = 0;
    snprintf(conv, sizeof conv, "layer%d.%d.downsample.0", b->layer, b->number);
    snprintf(norm, sizeof norm, "layer%d.%d.downsample.1", b->layer, b->number);
    unit = add_unit(b, conv, norm, &shape, x, true);
    b->net->units[unit].act = MR_ACT_NONE;
    return unit;
}

/* Adds a block that reads buffer *x, which has in's h, w and c_in; *x becomes its output. */
static struct mr_conv_shape add_block(struct builder *b, struct mr_conv_shape in, int width,
                                      int stride, int *x)
{
    struct block *block = &b->blocks[b->n_blocks++];
    struct mr_conv_shape at = in;
    int c_out = width * b->arch->expansion, residual = *x;

    *block =
        (struct block){.first = b->net->n_units, .n = b->arch->n_convs, .shortcut = -1, .x = *x};
    for (int i = 0, from = *x; i < block->n; i++) {
        struct mr_conv_shape shape = block_conv(b, &at, i, width, stride);
        char conv[MR_NET_NAME], norm[MR_NET_NAME];
        int unit;

        snprintf(conv, sizeof conv, "layer%d.%d.conv%d", b->layer, b->number, i + 1);
        snprintf(norm, sizeof norm, "layer%d.%d.bn%d", b->layer, b->number, i + 1);
        unit = add_unit(b, conv, norm, &shape, from, i == block->n - 1);
        b->net->units[unit].front = i ? unit - 1 : -1;
        at = seen_behind(&b->net->units[unit]);
        from = b->net->units[unit].y;
        block->out = from;
    }
    if (stride != 1 || in.c_in != c_out) {
        block->shortcut = add_shortcut(b, &in, c_out, stride, *x);
        residual = b->net->units[block->shortcut].y;
        add_unit_ops(b, block->shortcut, MR_NO_BUFFER);
    }
    for (int i = 0; i < block->n; i++)
        add_unit_ops(b, block->first + i, i == block->n - 1 ? residual : MR_NO_BUFFER);
    *x = block->out;
    return at;
}

static struct mr_conv_shape add_stem(struct builder *b, int *x, int *index)
{
    struct mr_net *net = b->net;
    struct mr_conv_shape shape = {b->n_images, net->options.h, net->options.w, 3, 64, 7, 7, 2, 3};
    size_t n = (size_t)shape.h * (size_t)shape.w * 3;
    struct mr_conv_shape at;
    int unit;

    net->input = add_buffer(b, n);
    unit = add_unit(b, "conv1", "bn1", &shape, net->input, true);
    add_unit_ops(b, unit, MR_NO_BUFFER);
    at = seen_behind(&net->units[unit]);
    net->pool_h = at.h;
    net->pool_w = at.w;
    at.h = mr_maxpool_out(at.h);
    at.w = mr_maxpool_out(at.w);
    n = (size_t)at.h * (size_t)at.w * 64;
    *x = add_buffer(b, n);
    *index = net->options.training ? add_buffer(b, (n + 3) / 4) : MR_NO_BUFFER;
    add_op(b, (struct mr_op){MR_OP_MAXPOOL, -1, net->units[unit].y, *x, *index, MR_OVERWRITE});
    return at;
}

static void add_head(struct builder *b, struct mr_conv_shape at, int x)
{
    struct mr_net *net = b->net;
    int dims[2] = {net->options.n_classes, at.c_in};

    net->n_features = at.c_in;
    net->last_h = at.h;
    net->last_w = at.w;
    net->features = add_buffer(b, (size_t)at.c_in);
    net->logits = add_buffer(b, (size_t)net->options.n_classes);
    net->dlogits = add_buffer(b, (size_t)net->options.n_classes);
    net->fc_weight = add_tensor(net, MR_TENSOR_FC, "fc", "weight", 2, dims);
    net->fc_bias = add_tensor(net, MR_TENSOR_BIAS, "fc", "bias", 1, dims);
    add_op(b, (struct mr_op){MR_OP_AVGPOOL, -1, x, net->features, MR_NO_BUFFER, MR_OVERWRITE});
    add_op(b, (struct mr_op){MR_OP_LINEAR, -1, net->features, net->logits, MR_NO_BUFFER,
                             MR_OVERWRITE});
}

/* ---- backward ---- */

static int add_norm_back(struct builder *b, int unit, int dy, int dx, enum mr_activation act)
{
    add_op(b, (struct mr_op){MR_OP_NORM_BACK, unit, dy, dx, MR_NO_BUFFER, MR_OVERWRITE, act});
    return dx;
}

static void add_weights_back(struct builder *b, int unit, int dy)
{
    add_op(b, (struct mr_op){MR_OP_CONV_BACK_WEIGHTS, unit, dy, MR_NO_BUFFER, MR_NO_BUFFER,
                             MR_OVERWRITE});
}

static int add_data_back(struct builder *b, int unit, int dy, int dx, enum mr_write write)
{
    add_op(b, (struct mr_op){MR_OP_CONV_BACK_DATA, unit, dy, dx, MR_NO_BUFFER, write});
    return dx;
}

/* The main path of a block from the gradient d behind its last batch norm's input; returns the
 * gradient in front of the first batch norm. */
static int add_path_back(struct builder *b, const struct block *block, int d)
{
    for (int unit = block->first + block->n - 1; unit > block->first; unit--) {
        const struct mr_unit *u = &b->net->units[unit];
        int dx = add_buffer(b, floats_in(u));

        add_weights_back(b, unit, d);
        add_data_back(b, unit, d, dx, MR_OVERWRITE);
        d = add_norm_back(b, unit - 1, dx, dx, MR_ACT_RELU);
    }
    add_weights_back(b, block->first, d);
    return d;
}

/*
 * From g, the gradient of a block's output, to that of its input. With an identity shortcut the
 * masked g is the shortcut's share, to which the main path is added.
 */
static int add_block_back(struct builder *b, const struct block *block, int g)
{
    const struct mr_unit *first = &b->net->units[block->first];
    size_t n_out = floats_out(&b->net->units[block->first + block->n - 1]);
    int last = block->first + block->n - 1, d, s, dx;

    add_op(b, (struct mr_op){MR_OP_RELU_BACK, last, g, g, block->out, MR_OVERWRITE});
    if (block->shortcut < 0) {
        d = add_norm_back(b, last, g, add_buffer(b, n_out), MR_ACT_NONE);
        d = add_path_back(b, block, d);
        return add_data_back(b, block->first, d, g, MR_ACCUMULATE);
    }
    s = add_norm_back(b, block->shortcut, g, add_buffer(b, n_out), MR_ACT_NONE);
    add_weights_back(b, block->shortcut, s);
    dx = add_data_back(b, block->shortcut, s, add_buffer(b, floats_in(first)), MR_OVERWRITE);
    d = add_norm_back(b, last, g, g, MR_ACT_NONE);
    d = add_path_back(b, block, d);
    return add_data_back(b, block->first, d, dx, MR_ACCUMULATE);
}

static void add_backward(struct builder *b, int index)
{
    struct mr_net *net = b->net;
    const struct mr_unit *stem = &net->units[0];
    int d = add_buffer(b, (size_t)net->n_features);
    int g = add_buffer(b, (size_t)net->last_h * (size_t)net->last_w * (size_t)net->n_features);
    int dy = add_buffer(b, floats_out(stem));

    add_op(b, (struct mr_op){MR_OP_LINEAR_BACK, -1, net->dlogits, d, net->features, MR_OVERWRITE});
    add_op(b, (struct mr_op){MR_OP_AVGPOOL_BACK, -1, d, g, MR_NO_BUFFER, MR_OVERWRITE});
    for (int i = b->n_blocks - 1; i >= 0; i--)
        g = add_block_back(b, &b->blocks[i], g);
    add_op(b, (struct mr_op){MR_OP_MAXPOOL_BACK, -1, g, dy, index, MR_OVERWRITE});
    add_norm_back(b, 0, dy, dy, MR_ACT_RELU);
    add_weights_back(b, 0, dy);
}

void mr_net_init(struct mr_net *net, const struct mr_model_options *options)
{
    struct builder b = {.net = net, .arch = &archs[options->arch], .n_images = options->max_batch};
    struct mr_conv_shape at;
    int x, index;

    net->options = *options;
    at = add_stem(&b, &x, &index);
    for (int layer = 0; layer < 4; layer++)
        for (int i = 0; i < b.arch->n_blocks[layer]; i++) {
            b.layer = layer + 1;
            b.number = i;
            at = add_block(&b, at, 64 << layer, layer && !i ? 2 : 1, &x);
        }
    add_head(&b, at, x);
    net->n_forward = net->n_ops;
    if (options->training)
        add_backward(&b, index);
    /* What callers hold on to is alive throughout. */
    for (int step = 0; step <= net->n_ops; step += net->n_ops) {
        mr_plan_use(&net->plan, net->logits, step);
        mr_plan_use(&net->plan, net->dlogits, step);
    }
    place_tensors(net);
    net->n_activations = mr_plan_solve(&net->plan);
}
