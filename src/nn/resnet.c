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
    enum mr_group group; /* of the tensors being added */
    int layer, number;   /* of the block being added, as in "layer1.0" */
};

/* A linear layer of a head, and batch norm and dropout in front of it. ReLU follows all but the
 * last. */
struct head_layer {
    const char *norm; /* NULL: neither batch norm nor dropout */
    double dropout;
    const char *linear;
    int c_out; /* 0: the classes */
};

struct head {
    enum mr_op_kind pool, pool_back;
    int n_pools; /* features from each channel */
    int n_layers;
    struct head_layer layers[MR_NET_MAX_HEAD];
};

static const struct head heads[] = {
    [MR_HEAD_PLAIN] = {MR_OP_AVGPOOL, MR_OP_AVGPOOL_BACK, 1, 1, {{NULL, 0, "fc", 0}}},
    /* fastai's create_head with ps = .5 */
    [MR_HEAD_CONCAT] = {MR_OP_CONCATPOOL,
                        MR_OP_CONCATPOOL_BACK,
                        2,
                        2,
                        {{"head.norm1", .25, "head.fc1", 512}, {"head.norm2", .5, "head.fc2", 0}}},
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

static bool is_trained(const struct mr_tensor *t, enum mr_body_mode body)
{
    if (t->kind == MR_TENSOR_RUNNING)
        return false;
    return t->group == MR_GROUP_HEAD || body == MR_BODY_TRAINED ||
           (body == MR_BODY_NORM && t->kind == MR_TENSOR_BN);
}

static int add_tensor(struct builder *b, enum mr_tensor_kind kind, const char *owner,
                      const char *what, int n_dims, const int *shape)
{
    struct mr_net *net = b->net;
    int i = net->n_tensors++;
    struct mr_tensor *t = &net->tensors[i];

    assert(i < MR_NET_MAX_TENSORS);
    snprintf(net->names[i], MR_NET_NAME, "%s.%s", owner, what);
    *t = (struct mr_tensor){
        .name = net->names[i], .kind = kind, .group = b->group, .n = 1, .n_dims = n_dims};
    for (int d = 0; d < n_dims; d++) {
        t->shape[d] = shape[d];
        t->n *= (size_t)shape[d];
    }
    t->is_trained = is_trained(t, net->options.body);
    return i;
}

enum { N_PLACES = 4 };

/* The head, the body's batch norms, its convolutions, the running statistics: so what is trained
 * comes first in every body mode. */
static int place_of(const struct mr_tensor *t)
{
    if (t->kind == MR_TENSOR_RUNNING)
        return 3;
    if (t->group == MR_GROUP_HEAD)
        return 0;
    return t->kind == MR_TENSOR_BN ? 1 : 2;
}

static void place_tensors(struct mr_net *net)
{
    for (int place = 0; place < N_PLACES; place++)
        for (int i = 0; i < net->n_tensors; i++) {
            struct mr_tensor *t = &net->tensors[i];

            if (place_of(t) != place)
                continue;
            assert(!t->is_trained || net->n_trained == net->n_params);
            t->offset = net->n_params;
            net->n_params += t->n;
            net->n_trained += t->is_trained ? t->n : 0;
        }
}

/* ---- forward ---- */

static int add_buffer(struct builder *b, size_t n_per_image)
{
    return mr_plan_add(&b->net->plan, (size_t)b->n_images * n_per_image);
}

static void use_unit(struct mr_net *net, enum mr_op_kind kind, const struct mr_unit *u, int step)
{
    bool reads_x = kind == MR_OP_CONV || kind == MR_OP_CONV_BACK_WEIGHTS;

    if (kind == MR_OP_CONV) /* in evaluation it writes y at once */
        mr_plan_use(&net->plan, u->y, step);
    if (kind == MR_OP_NORM_BACK)
        mr_plan_use(&net->plan, u->z, step);
    if (kind == MR_OP_CONV || kind == MR_OP_NORM || kind == MR_OP_NORM_BACK)
        mr_plan_use(&net->plan, u->norm.stats, step);
    if (reads_x)
        mr_plan_use(&net->plan, u->x, step);
    if (reads_x && u->front >= 0)
        mr_plan_use(&net->plan, net->units[u->front].norm.stats, step);
}

/* What an operation touches beyond its own buffers. */
static void use_more(struct mr_net *net, const struct mr_op *op, int step)
{
    switch (op->kind) {
    case MR_OP_CONV:
    case MR_OP_NORM:
    case MR_OP_NORM_BACK:
    case MR_OP_CONV_BACK_WEIGHTS:
        use_unit(net, op->kind, &net->units[op->unit], step);
        return;
    case MR_OP_HEAD_NORM:
    case MR_OP_HEAD_NORM_BACK:
        mr_plan_use(&net->plan, net->head[op->unit].norm.stats, step);
        return;
    default:
        return;
    }
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
    use_more(net, &op, step);
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

static struct mr_net_norm add_norm(struct builder *b, const char *name, int c)
{
    static const char *const what[] = {"weight", "bias", "running_mean", "running_var"};
    struct mr_net_norm norm = {.c = c, .stats = mr_plan_add(&b->net->plan, 3 * (size_t)c)};
    int *tensors[] = {&norm.gamma, &norm.beta, &norm.running_mean, &norm.running_var};

    for (int i = 0; i < 4; i++)
        *tensors[i] = add_tensor(b, i < 2 ? MR_TENSOR_BN : MR_TENSOR_RUNNING, name, what[i], 1, &c);
    return norm;
}

/* Names the unit's tensors and makes its buffers; its operations come later. needs_y: somebody
 * else than the next convolution reads what batch norm makes. */
static int add_unit(struct builder *b, const char *conv, const char *norm,
                    const struct mr_conv_shape *shape, int x, bool needs_y)
{
    struct mr_net *net = b->net;
    struct mr_unit *u = &net->units[net->n_units];
    int dims[4] = {shape->c_out, shape->c_in, shape->kh, shape->kw};

    assert(net->n_units < MR_NET_MAX_UNITS);
    u->conv = *shape;
    u->act = MR_ACT_RELU;
    u->x = x;
    u->z = add_buffer(b, floats_out(u));
    u->y = needs_y && net->body_trains ? add_buffer(b, floats_out(u)) : u->z;
    u->front = -1;
    u->weight = add_tensor(b, MR_TENSOR_CONV, conv, "weight", 4, dims);
    u->norm = add_norm(b, norm, shape->c_out);
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
    *index = net->body_trains ? add_buffer(b, (n + 3) / 4) : MR_NO_BUFFER;
    add_op(b, (struct mr_op){MR_OP_MAXPOOL, -1, net->units[unit].y, *x, *index, MR_OVERWRITE});
    return at;
}

/* Pools buffer x into the features; returns the concat pooling's index. */
static int add_head_pool(struct builder *b, struct mr_conv_shape at, int x)
{
    struct mr_net *net = b->net;
    const struct head *head = &heads[net->options.head];
    int index = head->pool == MR_OP_CONCATPOOL ? add_buffer(b, (size_t)at.c_in) : MR_NO_BUFFER;

    net->last = x;
    net->last_h = at.h;
    net->last_w = at.w;
    net->last_c = at.c_in;
    net->n_features = at.c_in * head->n_pools;
    net->features = add_buffer(b, (size_t)net->n_features);
    add_op(b, (struct mr_op){head->pool, -1, x, net->features, index, MR_OVERWRITE});
    net->n_body = net->n_ops;
    return index;
}

/* Adds a layer of the head that reads buffer x; returns its output. */
static int add_head_layer(struct builder *b, const struct head_layer *what, int x, int c_in)
{
    struct mr_net *net = b->net;
    int i = net->n_head++;
    struct mr_head_layer *layer = &net->head[i];
    int c_out = what->c_out ? what->c_out : net->options.n_classes, dims[2] = {c_out, c_in};

    *layer = (struct mr_head_layer){
        .c_in = c_in, .c_out = c_out, .dropout = what->dropout, .x = x, .in = x};
    if (what->norm) {
        layer->norm = add_norm(b, what->norm, c_in);
        layer->in = add_buffer(b, (size_t)c_in);
        add_op(b, (struct mr_op){MR_OP_HEAD_NORM, i, x, layer->in, MR_NO_BUFFER});
        add_op(b, (struct mr_op){MR_OP_DROPOUT, i, layer->in, layer->in, MR_NO_BUFFER,
                                 .n = (size_t)c_in});
    }
    layer->weight = add_tensor(b, MR_TENSOR_FC, what->linear, "weight", 2, dims);
    layer->bias = add_tensor(b, MR_TENSOR_BIAS, what->linear, "bias", 1, dims);
    layer->y = add_buffer(b, (size_t)c_out);
    add_op(b, (struct mr_op){MR_OP_LINEAR, i, layer->in, layer->y, MR_NO_BUFFER});
    return layer->y;
}

static void add_head(struct builder *b)
{
    struct mr_net *net = b->net;
    const struct head *head = &heads[net->options.head];
    int x = net->features, c = net->n_features;

    for (int i = 0; i < head->n_layers; i++) {
        if (i)
            add_op(b, (struct mr_op){MR_OP_RELU, -1, x, x, MR_NO_BUFFER, .n = (size_t)c});
        x = add_head_layer(b, &head->layers[i], x, c);
        c = net->head[i].c_out;
    }
    net->logits = x;
    net->dlogits = add_buffer(b, (size_t)c);
}

/* ---- backward ---- */

static int add_norm_back(struct builder *b, int unit, int dy, int dx, enum mr_activation act)
{
    add_op(b, (struct mr_op){MR_OP_NORM_BACK, unit, dy, dx, MR_NO_BUFFER, MR_OVERWRITE, act});
    return dx;
}

static void add_weights_back(struct builder *b, int unit, int dy)
{
    if (!b->net->tensors[b->net->units[unit].weight].is_trained)
        return;
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

    add_op(b, (struct mr_op){MR_OP_RELU_BACK, -1, g, g, block->out, .n = n_out});
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

/* From d, the gradient of a layer's output, to that of its input; MR_NO_BUFFER where nobody needs
 * it. */
static int add_head_layer_back(struct builder *b, int i, int d)
{
    const struct mr_head_layer *layer = &b->net->head[i];
    bool needs_dx = layer->norm.c || b->net->body_trains || b->net->options.explains;
    int dx = needs_dx ? add_buffer(b, (size_t)layer->c_in) : MR_NO_BUFFER;

    add_op(b, (struct mr_op){MR_OP_LINEAR_BACK, i, d, dx, layer->in});
    if (layer->norm.c) {
        add_op(b, (struct mr_op){MR_OP_DROPOUT, i, dx, dx, MR_NO_BUFFER, .n = (size_t)layer->c_in});
        add_op(b, (struct mr_op){MR_OP_HEAD_NORM_BACK, i, dx, dx, layer->x});
    }
    return dx;
}

/* Returns the gradient of the features. */
static int add_head_back(struct builder *b)
{
    struct mr_net *net = b->net;
    int d = net->dlogits;

    for (int i = net->n_head - 1; i >= 0; i--) {
        const struct mr_head_layer *layer = &net->head[i];

        if (i < net->n_head - 1)
            add_op(b,
                   (struct mr_op){MR_OP_RELU_BACK, -1, d, d, layer->y, .n = (size_t)layer->c_out});
        d = add_head_layer_back(b, i, d);
    }
    return d;
}

/* From d, the gradient of the features, to that of what the pooling reads. */
static int add_pool_back(struct builder *b, int d, int head_index)
{
    struct mr_net *net = b->net;

    net->dlast = add_buffer(b, (size_t)net->last_h * (size_t)net->last_w * (size_t)net->last_c);
    add_op(b, (struct mr_op){heads[net->options.head].pool_back, -1, d, net->dlast, head_index});
    return net->dlast;
}

static void add_body_back(struct builder *b, int g, int max_index)
{
    struct mr_net *net = b->net;
    int dy = add_buffer(b, floats_out(&net->units[0]));

    for (int i = b->n_blocks - 1; i >= 0; i--)
        g = add_block_back(b, &b->blocks[i], g);
    add_op(b, (struct mr_op){MR_OP_MAXPOOL_BACK, -1, g, dy, max_index, MR_OVERWRITE});
    add_norm_back(b, 0, dy, dy, MR_ACT_RELU);
    add_weights_back(b, 0, dy);
}

static void add_backward(struct builder *b, int max_index, int head_index)
{
    int d = add_head_back(b);

    if (b->net->body_trains || b->net->options.explains)
        d = add_pool_back(b, d, head_index);
    if (b->net->body_trains)
        add_body_back(b, d, max_index);
}

/* Whoever goes back more than once needs what the forward pass left, and callers look at x. */
static void keep_for_explaining(struct builder *b, int head_index)
{
    struct mr_net *net = b->net;

    mr_plan_use(&net->plan, net->last, net->n_ops);
    mr_plan_use(&net->plan, net->dlast, net->n_ops);
    if (head_index != MR_NO_BUFFER)
        mr_plan_use(&net->plan, head_index, net->n_ops);
    for (int i = 0; i < net->n_head; i++) {
        mr_plan_use(&net->plan, net->head[i].y, net->n_ops);
        if (net->head[i].norm.c)
            mr_plan_use(&net->plan, net->head[i].norm.stats, net->n_ops);
    }
}

void mr_net_init(struct mr_net *net, const struct mr_model_options *options)
{
    struct builder b = {.net = net, .arch = &archs[options->arch], .n_images = options->max_batch};
    struct mr_conv_shape at;
    int x, max_index, head_index;

    net->options = *options;
    net->body_trains = options->training && options->body != MR_BODY_FIXED;
    b.group = MR_GROUP_EARLY;
    at = add_stem(&b, &x, &max_index);
    for (int layer = 0; layer < 4; layer++)
        for (int i = 0; i < b.arch->n_blocks[layer]; i++) {
            b.group = layer < 2 ? MR_GROUP_EARLY : MR_GROUP_LATE;
            b.layer = layer + 1;
            b.number = i;
            at = add_block(&b, at, 64 << layer, layer && !i ? 2 : 1, &x);
        }
    b.group = MR_GROUP_HEAD;
    head_index = add_head_pool(&b, at, x);
    add_head(&b);
    net->n_forward = net->n_ops;
    if (options->training || options->explains)
        add_backward(&b, max_index, head_index);
    if (options->explains)
        keep_for_explaining(&b, head_index);
    /* What callers hold on to is alive throughout. */
    for (int step = 0; step <= net->n_ops; step += net->n_ops) {
        mr_plan_use(&net->plan, net->logits, step);
        mr_plan_use(&net->plan, net->dlogits, step);
    }
    place_tensors(net);
    net->n_activations = mr_plan_solve(&net->plan);
}
