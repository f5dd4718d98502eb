/* SPDX-License-Identifier: MIT */
/* Global average pooling: an image per task. */
#include <misread/kernel/avgpool.h>

#include <stddef.h>
#include <string.h>

#include <misread/base/hot.h>
#include <misread/base/pool.h>

struct avgpool {
    float *out;
    const float *in;
    int hw, c;
};

MR_HOT static void average(float *y, const float *x, int hw, int c)
{
    memset(y, 0, (size_t)c * sizeof *y);
    for (int p = 0; p < hw; p++)
        for (int i = 0; i < c; i++)
            y[i] += x[(size_t)p * (size_t)c + (size_t)i];
    for (int i = 0; i < c; i++)
        y[i] /= (float)hw;
}

MR_HOT static void spread(float *dx, const float *dy, int hw, int c)
{
    for (int p = 0; p < hw; p++)
        for (int i = 0; i < c; i++)
            dx[(size_t)p * (size_t)c + (size_t)i] = dy[i] / (float)hw;
}

static void forward_image(void *ctx, int task, int thread)
{
    const struct avgpool *a = ctx;
    size_t small = (size_t)a->c, image = (size_t)a->hw * small;

    average(a->out + (size_t)task * small, a->in + (size_t)task * image, a->hw, a->c);
}

static void backward_image(void *ctx, int task, int thread)
{
    const struct avgpool *a = ctx;
    size_t small = (size_t)a->c, image = (size_t)a->hw * small;

    spread(a->out + (size_t)task * image, a->in + (size_t)task * small, a->hw, a->c);
}

void mr_avgpool_forward(float *y, const float *x, int n, int hw, int c, struct mr_pool *pool)
{
    struct avgpool a = {.out = y, .in = x, .hw = hw, .c = c};

    mr_pool_run(pool, n, forward_image, &a);
}

void mr_avgpool_backward(float *dx, const float *dy, int n, int hw, int c, struct mr_pool *pool)
{
    struct avgpool a = {.out = dx, .in = dy, .hw = hw, .c = c};

    mr_pool_run(pool, n, backward_image, &a);
}
