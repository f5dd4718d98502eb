/* SPDX-License-Identifier: MIT */
/* Concat pooling: an image per task, read once for both halves. */
#include <misread/kernel/concatpool.h>

#include <stddef.h>
#include <string.h>

#include <misread/base/pool.h>

struct concatpool {
    float *y, *dx;
    const float *x, *dy;
    int32_t *index;
    const int32_t *winner;
    int hw, c;
};

/* Point p: x replaces the maximum where it is greater or not a number, and is added to the sum. */
static void take(float *restrict most, float *restrict sum, int32_t *restrict index,
                 const float *restrict x, int p, int c)
{
    for (int i = 0; i < c; i++) {
        int wins = x[i] > most[i] || x[i] != x[i];

        most[i] = wins ? x[i] : most[i];
        index[i] = wins ? p : index[i];
        sum[i] += x[i];
    }
}

static void forward_image(void *ctx, int task, int thread)
{
    const struct concatpool *k = ctx;
    size_t c = (size_t)k->c;
    const float *x = k->x + (size_t)task * (size_t)k->hw * c;
    float *most = k->y + (size_t)task * 2 * c, *sum = most + c;
    int32_t *index = k->index + (size_t)task * c;

    memcpy(most, x, c * sizeof *most);
    memcpy(sum, x, c * sizeof *sum);
    memset(index, 0, c * sizeof *index);
    for (int p = 1; p < k->hw; p++)
        take(most, sum, index, x + (size_t)p * c, p, k->c);
    for (int i = 0; i < k->c; i++)
        sum[i] /= (float)k->hw;
}

static void give(float *restrict dx, const float *restrict dmost, const float *restrict daverage,
                 const int32_t *restrict winner, int p, int hw, int c)
{
    for (int i = 0; i < c; i++)
        dx[i] = daverage[i] / (float)hw + (winner[i] == p ? dmost[i] : 0);
}

static void backward_image(void *ctx, int task, int thread)
{
    const struct concatpool *k = ctx;
    size_t c = (size_t)k->c;
    float *dx = k->dx + (size_t)task * (size_t)k->hw * c;
    const float *dy = k->dy + (size_t)task * 2 * c;

    for (int p = 0; p < k->hw; p++)
        give(dx + (size_t)p * c, dy, dy + c, k->winner + (size_t)task * c, p, k->hw, k->c);
}

void mr_concatpool_forward(float *y, int32_t *index, const float *x, int n, int hw, int c,
                           struct mr_pool *pool)
{
    struct concatpool k = {.y = y, .index = index, .x = x, .hw = hw, .c = c};

    mr_pool_run(pool, n, forward_image, &k);
}

void mr_concatpool_backward(float *dx, const float *dy, const int32_t *index, int n, int hw, int c,
                            struct mr_pool *pool)
{
    struct concatpool k = {.dx = dx, .dy = dy, .winner = index, .hw = hw, .c = c};

    mr_pool_run(pool, n, backward_image, &k);
}
