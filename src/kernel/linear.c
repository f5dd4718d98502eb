/* SPDX-License-Identifier: MIT */
/* The fully connected layer: one product each way, split over the images or the outputs. */
#include <misread/kernel/linear.h>

#include <stddef.h>

#include <misread/base/pool.h>
#include <misread/kernel/gemm.h>

#include "share.h"

struct linear {
    float *y, *dx, *dw, *db;
    const float *x, *dy, *w, *b;
    int n, c_in, c_out, n_parts;
};

static int parts(int n, struct mr_pool *pool)
{
    int n_threads = mr_pool_n_threads(pool);

    return n < n_threads ? n : n_threads;
}

static void forward_part(void *ctx, int task, int thread)
{
    const struct linear *l = ctx;
    size_t first = share_begin((size_t)l->n, task, l->n_parts);
    size_t n = share_begin((size_t)l->n, task + 1, l->n_parts) - first;
    float *y = l->y + first * (size_t)l->c_out;

    for (size_t i = 0; i < n; i++)
        for (int o = 0; o < l->c_out; o++)
            y[i * (size_t)l->c_out + (size_t)o] = l->b[o];
    mr_gemm(MR_AS_IS, MR_TRANSPOSED, (int)n, l->c_out, l->c_in, l->x + first * (size_t)l->c_in,
            l->c_in, l->w, l->c_in, 1, y, l->c_out);
}

static void backward_data_part(void *ctx, int task, int thread)
{
    const struct linear *l = ctx;
    size_t first = share_begin((size_t)l->n, task, l->n_parts);
    size_t n = share_begin((size_t)l->n, task + 1, l->n_parts) - first;

    mr_gemm(MR_AS_IS, MR_AS_IS, (int)n, l->c_in, l->c_out, l->dy + first * (size_t)l->c_out,
            l->c_out, l->w, l->c_in, 0, l->dx + first * (size_t)l->c_in, l->c_in);
}

/* A part is a range of outputs: rows of dw. */
static void backward_weights_part(void *ctx, int task, int thread)
{
    const struct linear *l = ctx;
    size_t first = share_begin((size_t)l->c_out, task, l->n_parts);
    size_t last = share_begin((size_t)l->c_out, task + 1, l->n_parts);

    mr_gemm(MR_TRANSPOSED, MR_AS_IS, (int)(last - first), l->c_in, l->n, l->dy + first, l->c_out,
            l->x, l->c_in, 0, l->dw + first * (size_t)l->c_in, l->c_in);
    for (size_t o = first; o < last; o++) {
        double sum = 0;

        for (int i = 0; i < l->n; i++)
            sum += l->dy[(size_t)i * (size_t)l->c_out + o];
        l->db[o] = (float)sum;
    }
}

void mr_linear_forward(float *y, const float *x, const float *w, const float *b, int n, int c_in,
                       int c_out, struct mr_pool *pool)
{
    struct linear l = {.y = y, .x = x, .w = w, .b = b, .n = n, .c_in = c_in, .c_out = c_out};

    l.n_parts = parts(n, pool);
    mr_pool_run(pool, l.n_parts, forward_part, &l);
}

void mr_linear_backward_data(float *dx, const float *dy, const float *w, int n, int c_in, int c_out,
                             struct mr_pool *pool)
{
    struct linear l = {.dx = dx, .dy = dy, .w = w, .n = n, .c_in = c_in, .c_out = c_out};

    l.n_parts = parts(n, pool);
    mr_pool_run(pool, l.n_parts, backward_data_part, &l);
}

void mr_linear_backward_weights(float *dw, float *db, const float *x, const float *dy, int n,
                                int c_in, int c_out, struct mr_pool *pool)
{
    struct linear l = {.dw = dw, .db = db, .x = x, .dy = dy, .n = n, .c_in = c_in, .c_out = c_out};

    l.n_parts = parts(c_out, pool);
    mr_pool_run(pool, l.n_parts, backward_weights_part, &l);
}
