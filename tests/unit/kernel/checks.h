/* SPDX-License-Identifier: MIT */
/* What the kernels' suites share: inputs, guarded scratch, comparisons, pools. */
#ifndef MISREAD_TESTS_KERNEL_CHECKS_H
#define MISREAD_TESTS_KERNEL_CHECKS_H

#include <math.h>
#include <stdbool.h>

#include "support.h"

#include <misread/base/pool.h>
#include <misread/base/rng.h>

/* n floats, uniform in [-1, 1); the same for the same seed. Freed by the caller. */
static inline float *random_floats(size_t n, uint64_t seed)
{
    struct mr_rng rng = mr_rng_make(seed, 17, 0, 0);
    float *x = malloc((n ? n : 1) * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = (float)mr_rng_between(&rng, -1, 1);
    return x;
}

/* n floats that no result may come from: a kernel that reads them shows it. */
static inline float *nan_floats(size_t n)
{
    float *x = malloc((n ? n : 1) * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = NAN;
    return x;
}

#define GUARD 32

/* Scratch of exactly n floats with a guard behind it. */
static inline float *guarded_scratch(size_t n)
{
    float *x = aligned_alloc(64, ((n + GUARD) * sizeof *x + 63) / 64 * 64);

    for (size_t i = 0; i < n; i++)
        x[i] = NAN;
    for (size_t i = n; i < n + GUARD; i++)
        x[i] = 12345;
    return x;
}

static inline void check_and_free_scratch(float *x, size_t n)
{
    for (size_t i = n; i < n + GUARD; i++)
        assert_true(x[i] == 12345);
    free(x);
}

static inline struct mr_pool *make_pool(int n_threads)
{
    struct mr_pool *pool = NULL;
    struct mr_error err;

    assert_ok(mr_pool_create(&pool, n_threads, &err), err);
    return pool;
}

/* Fails unless |got - wanted| <= tolerance; a NaN fails. */
#define assert_near(got, wanted, tolerance)                                        \
    do {                                                                           \
        double g_ = (got), w_ = (wanted), t_ = (tolerance);                        \
                                                                                   \
        if (!(fabs(g_ - w_) <= t_))                                                \
            fail_msg("%.9g where %.9g was expected (tolerance %.2g)", g_, w_, t_); \
    } while (0)

static inline double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * b[i];
    return sum;
}

#endif
