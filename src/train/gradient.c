/* SPDX-License-Identifier: MIT */
/* Sums and norms of gradients, split over the pool by parts that do not depend on it. */
#include "gradient.h"

#include <math.h>

#include <misread/base/pool.h>

#include "updater.h"

#define PART_FLOATS 65536

struct work {
    float *to; /* or NULL */
    const float *x;
    size_t n;
    float factor;
    int first;       /* part of the group below */
    double *squares; /* (GROUP) of its parts; or NULL */
};

/* Parts whose sums wait for each other: a few threads' worth, on the stack. */
#define GROUP 64

static int n_parts(size_t n)
{
    return (int)((n + PART_FLOATS - 1) / PART_FLOATS);
}

static size_t end_of(const struct work *work, int task)
{
    size_t end = ((size_t)task + 1) * PART_FLOATS;

    return end < work->n ? end : work->n;
}

static void square_part(void *ctx, int task, int thread)
{
    const struct work *work = ctx;
    int part = work->first + task;
    size_t end = end_of(work, part);
    double sum = 0;

    for (size_t i = (size_t)part * PART_FLOATS; i < end; i++)
        sum += (double)work->x[i] * (double)work->x[i];
    work->squares[task] = sum;
}

double mr_gradient_norm(const float *x, const struct mr_span *spans, int n_spans,
                        struct mr_pool *pool)
{
    double squares[GROUP], sum = 0;

    for (int i = 0; i < n_spans; i++) {
        struct work work = {.x = x + spans[i].offset, .n = spans[i].n, .squares = squares};
        int n = n_parts(work.n);

        for (; work.first < n; work.first += GROUP) {
            int n_tasks = n - work.first < GROUP ? n - work.first : GROUP;

            mr_pool_run(pool, n_tasks, square_part, &work);
            for (int task = 0; task < n_tasks; task++)
                sum += squares[task];
        }
    }
    return sqrt(sum);
}

double mr_gradient_shortening(double norm, double max_norm)
{
    return fmin(1, max_norm / (norm + 1e-6));
}

static void add_part(void *ctx, int task, int thread)
{
    const struct work *work = ctx;
    size_t end = end_of(work, task);

    for (size_t i = (size_t)task * PART_FLOATS; i < end; i++)
        work->to[i] += work->factor * work->x[i];
}

void mr_gradient_add(float *sum, const float *dw, size_t n, double weight, struct mr_pool *pool)
{
    struct work work = {.to = sum, .x = dw, .n = n, .factor = (float)weight};

    mr_pool_run(pool, n_parts(n), add_part, &work);
}

static void scale_part(void *ctx, int task, int thread)
{
    const struct work *work = ctx;
    size_t end = end_of(work, task);

    for (size_t i = (size_t)task * PART_FLOATS; i < end; i++)
        work->to[i] = work->factor * work->x[i];
}

void mr_gradient_scale(float *dw, const float *x, size_t n, double factor, struct mr_pool *pool)
{
    struct work work = {.to = dw, .x = x, .n = n, .factor = (float)factor};

    mr_pool_run(pool, n_parts(n), scale_part, &work);
}
