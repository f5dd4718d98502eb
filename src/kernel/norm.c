/* SPDX-License-Identifier: MIT */
/* Batch normalisation: two passes over memory forward, two backward, each a contiguous share a
 * thread. */
#include <misread/kernel/norm.h>

#include <assert.h>
#include <math.h>
#include <string.h>

#include <misread/base/hot.h>
#include <misread/base/pool.h>

#include "share.h"

/* Rows whose sums are kept in float before they go to double; c * rows stays in L1 or L2. */
#define CHUNK_FLOATS   8192
#define CHUNK_ROWS_MIN 8
#define CHUNK_ROWS_MAX 128

/* A part's sums: of x and of squares about the mean (train), or of dy and dy * (x - mean)
 * (backward). */
struct sums {
    double *first, *second;            /* (c) */
    float *chunk_first, *chunk_second; /* (c) */
};

struct work {
    const struct mr_norm *norm;
    const float *x, *y_mask, *dy, *residual;
    float *out;
    enum mr_activation act;
    const float *mean, *scale, *slope, *shift; /* (c): per-channel constants of the second pass */
    float *scratch;
    int n_parts;
};

/* Doubles come first, so that they are aligned as the lent block is. */
size_t mr_norm_scratch(int c, int n_threads)
{
    return (size_t)c * (6 * (size_t)n_threads + 3);
}

static struct sums sums_of(const struct work *w, int part)
{
    size_t c = (size_t)w->norm->c, n = (size_t)w->n_parts;
    double *doubles = (double *)(void *)w->scratch;
    float *floats = w->scratch + 4 * c * n;

    return (struct sums){doubles + 2 * c * (size_t)part, doubles + (2 * (size_t)part + 1) * c,
                         floats + 2 * c * (size_t)part, floats + (2 * (size_t)part + 1) * c};
}

/* The three rows of constants behind the sums. */
static float *constants_of(const struct work *w)
{
    return w->scratch + 6 * (size_t)w->norm->c * (size_t)w->n_parts;
}

static int parts_of(int m, struct mr_pool *pool)
{
    int n_threads = mr_pool_n_threads(pool);

    return m < n_threads ? m : n_threads;
}

static size_t chunk_rows(int c)
{
    int rows = CHUNK_FLOATS / c;

    return (size_t)(rows < CHUNK_ROWS_MIN   ? CHUNK_ROWS_MIN
                    : rows > CHUNK_ROWS_MAX ? CHUNK_ROWS_MAX
                                            : rows);
}

/* sum = the rows' sum. */
MR_HOT static void sum_rows(float *restrict sum, const float *restrict x, size_t rows, size_t c)
{
    memset(sum, 0, c * sizeof *sum);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < c; i++)
            sum[i] += x[r * c + i];
}

/* squares = the rows' squared distances from sum / rows. */
MR_HOT static void square_rows(float *restrict squares, const float *restrict sum,
                               const float *restrict x, size_t rows, size_t c)
{
    float weight = 1 / (float)rows;

    memset(squares, 0, c * sizeof *squares);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < c; i++) {
            float d = x[r * c + i] - sum[i] * weight;

            squares[i] += d * d;
        }
}

/* Takes n_b more rows with sum and squares into (mean, m2) of n_a rows: Chan et al., equation 1.5.
 */
MR_HOT static void merge(double *restrict mean, double *restrict m2, double n_a,
                         const float *restrict sum, const float *restrict squares, double n_b,
                         size_t c)
{
    double weight = n_b / (n_a + n_b), cross = n_a * weight;

    for (size_t i = 0; i < c; i++) {
        double delta = sum[i] / n_b - mean[i];

        mean[i] += delta * weight;
        m2[i] += squares[i] + delta * delta * cross;
    }
}

static void gather_statistics(void *ctx, int task, int thread)
{
    const struct work *w = ctx;
    size_t m = (size_t)w->norm->m, c = (size_t)w->norm->c, step = chunk_rows(w->norm->c);
    size_t begin = share_begin(m, task, w->n_parts), end = share_begin(m, task + 1, w->n_parts);
    struct sums s = sums_of(w, task);

    memset(s.first, 0, 2 * c * sizeof *s.first);
    for (size_t r = begin; r < end; r += step) {
        size_t n = end - r < step ? end - r : step;

        sum_rows(s.chunk_first, w->x + r * c, n, c);
        square_rows(s.chunk_second, s.chunk_first, w->x + r * c, n, c);
        merge(s.first, s.second, (double)(r - begin), s.chunk_first, s.chunk_second, (double)n, c);
    }
}

/* Merges the parts' statistics into the first part's, in order. */
static struct sums merge_parts(const struct work *w)
{
    size_t m = (size_t)w->norm->m, c = (size_t)w->norm->c;
    struct sums all = sums_of(w, 0);

    for (int part = 1; part < w->n_parts; part++) {
        struct sums s = sums_of(w, part);
        double n_a = (double)share_begin(m, part, w->n_parts);
        double n_b = (double)share_begin(m, part + 1, w->n_parts) - n_a;

        for (size_t i = 0; i < c; i++) {
            double delta = s.first[i] - all.first[i];

            all.first[i] += delta * n_b / (n_a + n_b);
            all.second[i] += s.second[i] + delta * delta * n_a * n_b / (n_a + n_b);
        }
    }
    return all;
}

/* out = act((x - mean) * scale + shift + residual). */
MR_HOT static void apply_rows(float *out, const float *x, const float *residual,
                              const float *restrict mean, const float *restrict scale,
                              const float *restrict shift, size_t rows, size_t c)
{
    for (size_t r = 0; r < rows; r++) {
        MR_SAME_OR_APART
        for (size_t i = 0; i < c; i++)
            out[r * c + i] = (x[r * c + i] - mean[i]) * scale[i] + shift[i] + residual[r * c + i];
    }
}

MR_HOT static void apply_rows_alone(float *out, const float *x, const float *restrict mean,
                                    const float *restrict scale, const float *restrict shift,
                                    size_t rows, size_t c)
{
    for (size_t r = 0; r < rows; r++) {
        MR_SAME_OR_APART
        for (size_t i = 0; i < c; i++)
            out[r * c + i] = (x[r * c + i] - mean[i]) * scale[i] + shift[i];
    }
}

/* NaN comes through. */
MR_HOT static void clip(float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = y[i] < 0 ? 0 : y[i];
}

static void apply_part(void *ctx, int task, int thread)
{
    const struct work *w = ctx;
    size_t m = (size_t)w->norm->m, c = (size_t)w->norm->c, step = chunk_rows(w->norm->c);
    size_t begin = share_begin(m, task, w->n_parts), end = share_begin(m, task + 1, w->n_parts);

    for (size_t r = begin; r < end; r += step) {
        size_t n = end - r < step ? end - r : step, at = r * c;

        if (w->residual)
            apply_rows(w->out + at, w->x + at, w->residual + at, w->mean, w->scale, w->shift, n, c);
        else
            apply_rows_alone(w->out + at, w->x + at, w->mean, w->scale, w->shift, n, c);
        if (w->act == MR_ACT_RELU)
            clip(w->out + at, n * c);
    }
}

static void apply(struct work *w, const float *mean, const float *scale, struct mr_pool *pool)
{
    w->mean = mean;
    w->scale = scale;
    w->shift = w->norm->beta;
    mr_pool_run(pool, w->n_parts, apply_part, w);
}

static double blend(double old, double new, double weight)
{
    return (1 - weight) * old + weight * new;
}

void mr_norm_train(float *y, const float *x, const float *residual, enum mr_activation act,
                   const struct mr_norm *norm, float *scratch, struct mr_pool *pool)
{
    struct work w = {
        .norm = norm, .x = x, .residual = residual, .out = y, .act = act, .scratch = scratch};
    double m = norm->m;
    float *scale;
    struct sums s;

    assert(norm->m > 0 && norm->c > 0);
    w.n_parts = parts_of(norm->m, pool);
    mr_pool_run(pool, w.n_parts, gather_statistics, &w);
    s = merge_parts(&w);
    scale = constants_of(&w);
    for (int i = 0; i < norm->c; i++) {
        double var = s.second[i] / m, unbiased = m > 1 ? s.second[i] / (m - 1) : var;

        norm->mean[i] = (float)s.first[i];
        norm->inv_std[i] = (float)(1 / sqrt(var + norm->eps));
        norm->running_mean[i] = (float)blend(norm->running_mean[i], s.first[i], norm->momentum);
        norm->running_var[i] = (float)blend(norm->running_var[i], unbiased, norm->momentum);
        scale[i] = norm->inv_std[i] * norm->gamma[i];
    }
    apply(&w, norm->mean, scale, pool);
}

void mr_norm_eval(float *y, const float *x, const float *residual, enum mr_activation act,
                  const struct mr_norm *norm, float *scratch, struct mr_pool *pool)
{
    struct work w = {
        .norm = norm, .x = x, .residual = residual, .out = y, .act = act, .scratch = scratch};
    float *scale;

    assert(norm->m > 0 && norm->c > 0);
    w.n_parts = parts_of(norm->m, pool);
    scale = constants_of(&w);
    for (int i = 0; i < norm->c; i++)
        scale[i] = (float)(norm->gamma[i] / sqrt((double)norm->running_var[i] + norm->eps));
    apply(&w, norm->running_mean, scale, pool);
}

/* ---- backward ---- */

/* One pass over a chunk: sums of dy and of dy * (x - mean). */
MR_HOT static void sum_gradients(float *restrict sum, float *restrict dot, const float *restrict dy,
                                 const float *restrict x, const float *restrict mean, size_t rows,
                                 size_t c)
{
    memset(sum, 0, c * sizeof *sum);
    memset(dot, 0, c * sizeof *dot);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < c; i++) {
            sum[i] += dy[r * c + i];
            dot[i] += dy[r * c + i] * (x[r * c + i] - mean[i]);
        }
}

/* The same where y is positive. */
MR_HOT static void sum_gradients_masked(float *restrict sum, float *restrict dot,
                                        const float *restrict dy, const float *restrict x,
                                        const float *restrict y, const float *restrict mean,
                                        size_t rows, size_t c)
{
    memset(sum, 0, c * sizeof *sum);
    memset(dot, 0, c * sizeof *dot);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < c; i++) {
            float d = y[r * c + i] <= 0 ? 0 : dy[r * c + i];

            sum[i] += d;
            dot[i] += d * (x[r * c + i] - mean[i]);
        }
}

MR_HOT static void widen(double *restrict sum, const float *restrict chunk, size_t c)
{
    for (size_t i = 0; i < c; i++)
        sum[i] += chunk[i];
}

static void gather_gradients(void *ctx, int task, int thread)
{
    const struct work *w = ctx;
    size_t m = (size_t)w->norm->m, c = (size_t)w->norm->c, step = chunk_rows(w->norm->c);
    size_t begin = share_begin(m, task, w->n_parts), end = share_begin(m, task + 1, w->n_parts);
    struct sums s = sums_of(w, task);

    memset(s.first, 0, 2 * c * sizeof *s.first);
    for (size_t r = begin; r < end; r += step) {
        size_t n = end - r < step ? end - r : step, at = r * c;

        if (w->y_mask)
            sum_gradients_masked(s.chunk_first, s.chunk_second, w->dy + at, w->x + at,
                                 w->y_mask + at, w->norm->mean, n, c);
        else
            sum_gradients(s.chunk_first, s.chunk_second, w->dy + at, w->x + at, w->norm->mean, n,
                          c);
        widen(s.first, s.chunk_first, c);
        widen(s.second, s.chunk_second, c);
    }
}

/* dx = scale dy - slope (x - mean) - shift, dy counting as 0 where y is not positive. */
MR_HOT static void differentiate(float *dx, const float *dy, const float *x,
                                 const float *restrict mean, const float *restrict scale,
                                 const float *restrict slope, const float *restrict shift,
                                 size_t rows, size_t c)
{
    for (size_t r = 0; r < rows; r++) {
        MR_SAME_OR_APART
        for (size_t i = 0; i < c; i++)
            dx[r * c + i] =
                scale[i] * dy[r * c + i] - slope[i] * (x[r * c + i] - mean[i]) - shift[i];
    }
}

MR_HOT static void differentiate_masked(float *dx, const float *dy, const float *x, const float *y,
                                        const float *restrict mean, const float *restrict scale,
                                        const float *restrict slope, const float *restrict shift,
                                        size_t rows, size_t c)
{
    for (size_t r = 0; r < rows; r++) {
        MR_SAME_OR_APART
        for (size_t i = 0; i < c; i++) {
            float d = y[r * c + i] <= 0 ? 0 : dy[r * c + i];

            dx[r * c + i] = scale[i] * d - slope[i] * (x[r * c + i] - mean[i]) - shift[i];
        }
    }
}

static void differentiate_part(void *ctx, int task, int thread)
{
    const struct work *w = ctx;
    size_t m = (size_t)w->norm->m, c = (size_t)w->norm->c;
    size_t begin = share_begin(m, task, w->n_parts), at = begin * c;
    size_t n = share_begin(m, task + 1, w->n_parts) - begin;

    if (w->y_mask)
        differentiate_masked(w->out + at, w->dy + at, w->x + at, w->y_mask + at, w->mean, w->scale,
                             w->slope, w->shift, n, c);
    else
        differentiate(w->out + at, w->dy + at, w->x + at, w->mean, w->scale, w->slope, w->shift, n,
                      c);
}

void mr_norm_backward(float *dx, float *dgamma, float *dbeta, const float *dy, const float *x,
                      const float *y, const struct mr_norm *norm, float *scratch,
                      struct mr_pool *pool)
{
    struct work w = {.norm = norm, .x = x, .y_mask = y, .dy = dy, .out = dx, .scratch = scratch};
    int c = norm->c;
    float *scale, *slope, *shift;

    w.n_parts = parts_of(norm->m, pool);
    mr_pool_run(pool, w.n_parts, gather_gradients, &w);
    scale = constants_of(&w);
    slope = scale + c;
    shift = slope + c;
    for (int i = 0; i < c; i++) {
        double sum = 0, dot = 0, inv_std = norm->inv_std[i];

        for (int part = 0; part < w.n_parts; part++) {
            sum += sums_of(&w, part).first[i];
            dot += sums_of(&w, part).second[i];
        }
        dbeta[i] = (float)sum;
        dgamma[i] = (float)(dot * inv_std);
        scale[i] = (float)(norm->gamma[i] * inv_std);
        slope[i] = (float)(norm->gamma[i] * inv_std * inv_std * inv_std * dot / norm->m);
        shift[i] = (float)(norm->gamma[i] * inv_std * sum / norm->m);
    }
    w.mean = norm->mean;
    w.scale = scale;
    w.slope = slope;
    w.shift = shift;
    mr_pool_run(pool, w.n_parts, differentiate_part, &w);
}
