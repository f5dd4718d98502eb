/* SPDX-License-Identifier: MIT */
/*
 * Two-dimensional convolution without bias, channels last, any kernel, stride and padding (zeros).
 * The shape says which algorithm each pass takes, if it is not to be the kernel's rule; the
 * _scratch queries are for the shape as it is.
 *
 *   x (n, h, w, c_in)            w (kh, kw, c_in, c_out)
 *   y (n, h_out, w_out, c_out)   h_out = (h + 2 pad - kh) / stride + 1
 */
#ifndef MISREAD_KERNEL_CONV_H
#define MISREAD_KERNEL_CONV_H

#include <stdbool.h>
#include <stddef.h>

struct mr_pool;

/* X(name, text) */
#define MR_CONV_PASS_LIST(X)          \
    X(FORWARD, "forward")             \
    X(BACKWARD_DATA, "backward-data") \
    X(BACKWARD_WEIGHTS, "backward-weights")

enum mr_conv_pass {
#define X(name, text) MR_CONV_##name,
    MR_CONV_PASS_LIST(X)
#undef X
        MR_N_CONV_PASS
};

/* X(name, text). BY_RULE: a rule of the shape alone. WINOGRAD: direct where it is not possible. */
#define MR_CONV_ALGORITHM_LIST(X) \
    X(BY_RULE, "rule")            \
    X(DIRECT, "direct")           \
    X(WINOGRAD, "winograd")

enum mr_conv_algorithm {
#define X(name, text) MR_CONV_##name,
    MR_CONV_ALGORITHM_LIST(X)
#undef X
        MR_N_CONV_ALGORITHM
};

struct mr_conv_shape {
    int n, h, w, c_in; /* input */
    int c_out, kh, kw; /* weights */
    int stride, pad;
    enum mr_conv_algorithm algorithms[MR_N_CONV_PASS]; /* zeroed: the rule */
};

/* What a convolution reads: x, or max((x - mean) scale + shift, 0), which is batch norm and ReLU of
 * the layer in front, taken where it is read. The padding is zero either way. */
struct mr_conv_in {
    const float *x;
    const float *mean, *scale, *shift; /* (c_in); all NULL: x itself */
};

/* What becomes of each output: y = max(sum scale + bias + add, 0), each part if it is there. */
struct mr_conv_out {
    float *y;
    const float *scale, *bias; /* (c_out), or NULL */
    const float *add;          /* of y's shape, may be y; or NULL */
    bool relu;
};

enum mr_write {
    MR_OVERWRITE, /* = */
    MR_ACCUMULATE /* += */
};

static inline int mr_conv_h_out(const struct mr_conv_shape *shape)
{
    return (shape->h + 2 * shape->pad - shape->kh) / shape->stride + 1;
}

static inline int mr_conv_w_out(const struct mr_conv_shape *shape)
{
    return (shape->w + 2 * shape->pad - shape->kw) / shape->stride + 1;
}

/* Multiplications and additions of one pass, counted as the direct sum. */
static inline double mr_conv_flops(const struct mr_conv_shape *shape)
{
    return 2.0 * shape->n * mr_conv_h_out(shape) * mr_conv_w_out(shape) * shape->kh * shape->kw *
           shape->c_in * shape->c_out;
}

/* Which algorithm the pass takes: MR_CONV_DIRECT or MR_CONV_WINOGRAD. */
enum mr_conv_algorithm mr_conv_resolve(const struct mr_conv_shape *shape, enum mr_conv_pass pass);

/* Floats of scratch that each pass borrows, for a pool of n_threads. */
size_t mr_conv_forward_scratch(const struct mr_conv_shape *shape, int n_threads);
size_t mr_conv_backward_data_scratch(const struct mr_conv_shape *shape, int n_threads);
size_t mr_conv_backward_weights_scratch(const struct mr_conv_shape *shape, int n_threads);

/* out->y is overwritten. */
void mr_conv_forward(const struct mr_conv_out *out, const struct mr_conv_in *in, const float *w,
                     const struct mr_conv_shape *shape, float *scratch, struct mr_pool *pool);

/* dx out, written as `write` says; dy, w in. */
void mr_conv_backward_data(float *dx, const float *dy, const float *w,
                           const struct mr_conv_shape *shape, enum mr_write write, float *scratch,
                           struct mr_pool *pool);

/* dw out, overwritten; what the forward read and dy in. */
void mr_conv_backward_weights(float *dw, const struct mr_conv_in *in, const float *dy,
                              const struct mr_conv_shape *shape, float *scratch,
                              struct mr_pool *pool);

#endif
