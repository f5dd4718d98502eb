/* SPDX-License-Identifier: MIT */
#include "average.h"

#include <math.h>

#include <misread/base/pool.h>

#define PART_FLOATS 65536

struct work {
    float *average;
    const float *w;
    size_t n;
    float share;
};

double mr_average_share(double decay, int step)
{
    return (1 - decay) / (1 - pow(decay, step + 1.));
}

static void add_part(void *ctx, int task, int thread)
{
    const struct work *work = ctx;
    size_t first = (size_t)task * PART_FLOATS;
    size_t end = first + PART_FLOATS < work->n ? first + PART_FLOATS : work->n;

    for (size_t i = first; i < end; i++)
        work->average[i] += work->share * (work->w[i] - work->average[i]);
}

void mr_average_add(float *average, const float *w, size_t n, double share, struct mr_pool *pool)
{
    struct work work = {average, w, n, (float)share};

    mr_pool_run(pool, (int)((n + PART_FLOATS - 1) / PART_FLOATS), add_part, &work);
}

void mr_average_swap(float *a, float *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float kept = a[i];

        a[i] = b[i];
        b[i] = kept;
    }
}
