/* SPDX-License-Identifier: MIT */
/* ReLU. Nothing but memory traffic: the loops are split evenly over the threads. */
#include <misread/kernel/relu.h>

#include <misread/base/hot.h>
#include <misread/base/pool.h>

#include "share.h"

struct relu {
    float *out;
    const float *a, *b; /* b: the second summand, or the forward's output in backward */
    size_t n;
    int n_parts;
    void (*loop)(float *out, const float *a, const float *b, size_t n);
};

/* "x < 0 ? 0 : x" and not fmaxf: NaN must come through. */
MR_HOT static void forward(float *y, const float *x, const float *unused, size_t n)
{
    (void)unused;
    MR_SAME_OR_APART
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
}

MR_HOT static void forward_sum(float *y, const float *a, const float *b, size_t n)
{
    MR_SAME_OR_APART
    for (size_t i = 0; i < n; i++) {
        float s = a[i] + b[i];

        y[i] = s < 0 ? 0 : s;
    }
}

MR_HOT static void backward(float *dx, const float *dy, const float *y, size_t n)
{
    MR_SAME_OR_APART
    for (size_t i = 0; i < n; i++)
        dx[i] = y[i] <= 0 ? 0 : dy[i];
}

static void run_part(void *ctx, int task, int thread)
{
    const struct relu *r = ctx;
    size_t first = share_begin(r->n, task, r->n_parts);
    size_t n = share_begin(r->n, task + 1, r->n_parts) - first;

    r->loop(r->out + first, r->a + first, r->b ? r->b + first : NULL, n);
}

static void run(struct relu r, struct mr_pool *pool)
{
    r.n_parts = share_parts(r.n, mr_pool_n_threads(pool));
    mr_pool_run(pool, r.n_parts, run_part, &r);
}

void mr_relu_forward(float *y, const float *x, size_t n, struct mr_pool *pool)
{
    run((struct relu){.out = y, .a = x, .n = n, .loop = forward}, pool);
}

void mr_relu_forward_sum(float *y, const float *a, const float *b, size_t n, struct mr_pool *pool)
{
    run((struct relu){.out = y, .a = a, .b = b, .n = n, .loop = forward_sum}, pool);
}

void mr_relu_backward(float *dx, const float *dy, const float *y, size_t n, struct mr_pool *pool)
{
    run((struct relu){.out = dx, .a = dy, .b = y, .n = n, .loop = backward}, pool);
}
