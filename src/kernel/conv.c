/* SPDX-License-Identifier: MIT */
/* Which algorithm convolves which shape. */
#include <misread/kernel/conv.h>

#include <assert.h>

#include <misread/base/pool.h>

#include "direct.h"
#include "share.h"
#include "winograd.h"

static void check(const struct mr_conv_shape *s)
{
    assert(s->n > 0 && s->c_in > 0 && s->c_out > 0 && s->kh > 0 && s->kw > 0);
    assert(s->stride > 0 && s->pad >= 0 && s->pad < s->kh && s->pad < s->kw);
    assert(s->h + 2 * s->pad >= s->kh && s->w + 2 * s->pad >= s->kw);
}

enum mr_conv_algorithm mr_conv_resolve(const struct mr_conv_shape *shape, enum mr_conv_pass pass)
{
    if (!mr_winograd_can(shape))
        return MR_CONV_DIRECT;
    if (shape->algorithms[pass] != MR_CONV_BY_RULE)
        return shape->algorithms[pass];
    return mr_winograd_pays(shape) ? MR_CONV_WINOGRAD : MR_CONV_DIRECT;
}

static bool is_winograd(const struct mr_conv_shape *shape, enum mr_conv_pass pass)
{
    return mr_conv_resolve(shape, pass) == MR_CONV_WINOGRAD;
}

/* The convolution that makes dx from dy, for 3x3 of stride 1. */
static struct mr_conv_shape mirrored(const struct mr_conv_shape *s)
{
    struct mr_conv_shape m = *s;

    m.c_in = s->c_out;
    m.c_out = s->c_in;
    return m;
}

static size_t mirror_floats(const struct mr_conv_shape *s)
{
    return share_lines((size_t)s->kh * (size_t)s->kw * (size_t)s->c_in * (size_t)s->c_out);
}

size_t mr_conv_forward_scratch(const struct mr_conv_shape *shape, int n_threads)
{
    return (is_winograd(shape, MR_CONV_FORWARD) ? mr_winograd_scratch
                                                : mr_direct_forward_scratch)(shape, n_threads);
}

void mr_conv_forward(const struct mr_conv_out *out, const struct mr_conv_in *in, const float *w,
                     const struct mr_conv_shape *shape, float *scratch, struct mr_pool *pool)
{
    check(shape);
    (is_winograd(shape, MR_CONV_FORWARD) ? mr_winograd_forward
                                         : mr_direct_forward)(out, in, w, shape, scratch, pool);
}

size_t mr_conv_backward_data_scratch(const struct mr_conv_shape *shape, int n_threads)
{
    struct mr_conv_shape m = mirrored(shape);

    return is_winograd(shape, MR_CONV_BACKWARD_DATA)
               ? mirror_floats(shape) + mr_winograd_scratch(&m, n_threads)
               : mr_direct_backward_data_scratch(shape, n_threads);
}

void mr_conv_backward_data(float *dx, const float *dy, const float *w,
                           const struct mr_conv_shape *shape, enum mr_write write, float *scratch,
                           struct mr_pool *pool)
{
    struct mr_conv_shape m = mirrored(shape);
    struct mr_conv_in in = {.x = dy};
    struct mr_conv_out out = {.y = dx, .add = write == MR_ACCUMULATE ? dx : NULL};

    check(shape);
    if (!is_winograd(shape, MR_CONV_BACKWARD_DATA)) {
        mr_direct_backward_data(dx, dy, w, shape, write, scratch, pool);
        return;
    }
    mr_direct_mirror(scratch, w, shape, pool);
    mr_winograd_forward(&out, &in, scratch, &m, scratch + mirror_floats(shape), pool);
}

size_t mr_conv_backward_weights_scratch(const struct mr_conv_shape *shape, int n_threads)
{
    return (is_winograd(shape, MR_CONV_BACKWARD_WEIGHTS)
                ? mr_winograd_weights_scratch
                : mr_direct_backward_weights_scratch)(shape, n_threads);
}

void mr_conv_backward_weights(float *dw, const struct mr_conv_in *in, const float *dy,
                              const struct mr_conv_shape *shape, float *scratch,
                              struct mr_pool *pool)
{
    check(shape);
    (is_winograd(shape, MR_CONV_BACKWARD_WEIGHTS)
         ? mr_winograd_backward_weights
         : mr_direct_backward_weights)(dw, in, dy, shape, scratch, pool);
}
