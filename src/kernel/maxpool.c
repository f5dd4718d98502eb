/* SPDX-License-Identifier: MIT */
/* Max pooling: a row of the output (forward) or of the input (backward) per task. */
#include <misread/kernel/maxpool.h>

#include <math.h>
#include <stddef.h>
#include <string.h>

#include <misread/base/hot.h>
#include <misread/base/pool.h>

struct maxpool {
    float *y, *dx;
    uint8_t *index;
    const float *x, *dy;
    const uint8_t *winner;
    int h, w, c, h_out, w_out;
};

int mr_maxpool_out(int size)
{
    return (size - 1) / 2 + 1;
}

/* One tap of one window: x replaces y where it is greater or not a number. */
MR_HOT static void compete(float *restrict y, uint8_t *restrict index, const float *restrict x,
                           int tap, int c)
{
    for (int i = 0; i < c; i++) {
        int wins = x[i] > y[i] || x[i] != x[i];

        y[i] = wins ? x[i] : y[i];
        index[i] = (uint8_t)(wins ? tap : index[i]);
    }
}

MR_HOT static void compete_unrecorded(float *restrict y, const float *restrict x, int c)
{
    for (int i = 0; i < c; i++)
        y[i] = x[i] > y[i] || x[i] != x[i] ? x[i] : y[i];
}

static void forward_window(const struct maxpool *m, const float *image, int oy, int ox, float *y,
                           uint8_t *index)
{
    for (int i = 0; i < m->c; i++)
        y[i] = -INFINITY;
    if (index)
        memset(index, 4, (size_t)m->c); /* the middle tap always exists: it wins if all are -inf */
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) {
            int iy = oy * 2 - 1 + a, ix = ox * 2 - 1 + b;
            const float *x;

            if (iy < 0 || iy >= m->h || ix < 0 || ix >= m->w)
                continue;
            x = image + ((size_t)iy * (size_t)m->w + (size_t)ix) * (size_t)m->c;
            if (index)
                compete(y, index, x, a * 3 + b, m->c);
            else
                compete_unrecorded(y, x, m->c);
        }
}

static void forward_row(void *ctx, int task, int thread)
{
    const struct maxpool *m = ctx;
    int image = task / m->h_out, oy = task % m->h_out;
    const float *x = m->x + (size_t)image * (size_t)m->h * (size_t)m->w * (size_t)m->c;

    for (int ox = 0; ox < m->w_out; ox++) {
        size_t at = ((size_t)task * (size_t)m->w_out + (size_t)ox) * (size_t)m->c;

        forward_window(m, x, oy, ox, m->y + at, m->index ? m->index + at : NULL);
    }
}

MR_HOT static void collect(float *restrict dx, const float *restrict dy,
                           const uint8_t *restrict winner, int tap, int c)
{
    for (int i = 0; i < c; i++)
        dx[i] += winner[i] == tap ? dy[i] : 0;
}

/* Gathers what the up to four windows that see this point send back. */
static void backward_point(const struct maxpool *m, float *dx, int image, int iy, int ix)
{
    memset(dx, 0, (size_t)m->c * sizeof *dx);
    for (int oy = iy / 2; oy <= (iy + 1) / 2 && oy < m->h_out; oy++)
        for (int ox = ix / 2; ox <= (ix + 1) / 2 && ox < m->w_out; ox++) {
            int tap = (iy - oy * 2 + 1) * 3 + ix - ox * 2 + 1;
            size_t window = ((size_t)image * (size_t)m->h_out + (size_t)oy) * (size_t)m->w_out;
            size_t at = (window + (size_t)ox) * (size_t)m->c;

            collect(dx, m->dy + at, m->winner + at, tap, m->c);
        }
}

static void backward_row(void *ctx, int task, int thread)
{
    const struct maxpool *m = ctx;

    for (int ix = 0; ix < m->w; ix++) {
        size_t at = ((size_t)task * (size_t)m->w + (size_t)ix) * (size_t)m->c;

        backward_point(m, m->dx + at, task / m->h, task % m->h, ix);
    }
}

void mr_maxpool_forward(float *y, uint8_t *index, const float *x, int n, int h, int w, int c,
                        struct mr_pool *pool)
{
    struct maxpool m = {.y = y, .index = index, .x = x, .h = h, .w = w, .c = c};

    m.h_out = mr_maxpool_out(h);
    m.w_out = mr_maxpool_out(w);
    mr_pool_run(pool, n * m.h_out, forward_row, &m);
}

void mr_maxpool_backward(float *dx, const float *dy, const uint8_t *index, int n, int h, int w,
                         int c, struct mr_pool *pool)
{
    struct maxpool m = {.dx = dx, .dy = dy, .winner = index, .h = h, .w = w, .c = c};

    m.h_out = mr_maxpool_out(h);
    m.w_out = mr_maxpool_out(w);
    mr_pool_run(pool, n * h, backward_row, &m);
}
