/* SPDX-License-Identifier: MIT */
/*
 * Chains of multiply-adds that do not wait for each other: twelve hide the latency of two units
 * four or five cycles deep, and together with both factors they fit sixteen registers. One loop for
 * each width of vectors; the widest that this processor has is taken.
 */
#include <misread/kernel/peak.h>

#include <assert.h>

#include <misread/base/clock.h>
#include <misread/base/pool.h>

/* In ISO C mode gcc would not make one instruction of a multiplication and an addition. */
#if !defined(__clang__)
#pragma GCC optimize("fp-contract=fast")
#endif

#define N_CHAINS    12
#define N_LINKS     (1L << 19) /* of a chain in one part: a millisecond or two */
#define MEASURE_US  300000
#define MAX_THREADS 256

/* A sum nobody can know beforehand, after N_LINKS links of every chain. */
#define DEFINE_RUN(name, n_bytes, isa)                                   \
    typedef float name##_vector __attribute__((vector_size((n_bytes)))); \
                                                                         \
    isa static float name(float seed)                                    \
    {                                                                    \
        name##_vector chains[N_CHAINS], zero = {0};                      \
        name##_vector factor = zero + .9999f, term = zero + seed;        \
                                                                         \
        for (int i = 0; i < N_CHAINS; i++)                               \
            chains[i] = term * (float)i;                                 \
        for (long link = 0; link < N_LINKS; link++)                      \
            for (int i = 0; i < N_CHAINS; i++)                           \
                chains[i] = chains[i] * factor + term;                   \
        for (int i = 1; i < N_CHAINS; i++)                               \
            chains[0] += chains[i];                                      \
        return chains[0][0];                                             \
    }

DEFINE_RUN(run_16, 16, )
#if defined(__x86_64__)
DEFINE_RUN(run_32, 32, __attribute__((target("avx2,fma"))))
DEFINE_RUN(run_64, 64, __attribute__((target("avx512f"))))
#endif

struct peak {
    float (*run)(float seed);
    int n_bytes; /* of a vector */
    double gflops[MAX_THREADS];
};

static struct peak widest(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return (struct peak){.run = run_64, .n_bytes = 64};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return (struct peak){.run = run_32, .n_bytes = 32};
#endif
    return (struct peak){.run = run_16, .n_bytes = 16};
}

/* The shortest part of those that fit into the time. */
static void measure_thread(void *ctx, int task, int thread)
{
    struct peak *peak = ctx;
    double flops = 2. * N_CHAINS * N_LINKS * (peak->n_bytes / (int)sizeof(float));
    int64_t began = mr_clock_us(), now = began, best_us = INT64_MAX;
    volatile float seed = .0001f; /* so that the loop is not worked out while compiling */

    while (now - began < MEASURE_US) {
        int64_t part_began = now;

        seed = peak->run(seed);
        now = mr_clock_us();
        best_us = now - part_began < best_us ? now - part_began : best_us;
    }
    peak->gflops[task] = flops / (double)best_us / 1e3;
}

double mr_peak_gflops(struct mr_pool *pool)
{
    struct peak peak = widest();
    int n_threads = mr_pool_n_threads(pool);
    double sum = 0;

    assert(n_threads <= MAX_THREADS);
    mr_pool_run(pool, n_threads, measure_thread, &peak);
    for (int i = 0; i < n_threads; i++)
        sum += peak.gflops[i];
    return sum;
}
