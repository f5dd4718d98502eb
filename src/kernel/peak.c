/* SPDX-License-Identifier: MIT */
/* Chains of multiply-adds that do not wait for each other: twelve hide the latency of two units
 * four or five cycles deep, and together with both factors they fit sixteen registers. */
#include <misread/kernel/peak.h>

#include <assert.h>

#include <misread/base/clock.h>
#include <misread/base/pool.h>

#include "vec.h"

#define N_CHAINS    12
#define N_LINKS     (1L << 19) /* of a chain in one part: a millisecond or two */
#define MEASURE_US  300000
#define MAX_THREADS 256

/* A sum nobody can know beforehand, after N_LINKS links of every chain. */
static float run(float seed)
{
    vec chains[N_CHAINS], factor = vec_all(.9999f), term = vec_all(seed);

    for (int i = 0; i < N_CHAINS; i++)
        chains[i] = term * (float)i;
    for (long link = 0; link < N_LINKS; link++)
        for (int i = 0; i < N_CHAINS; i++)
            chains[i] = chains[i] * factor + term;
    for (int i = 1; i < N_CHAINS; i++)
        chains[0] += chains[i];
    return chains[0][0];
}

/* The shortest part of those that fit into the time. */
static void measure_thread(void *ctx, int task, int thread)
{
    double *gflops = ctx, flops = 2. * N_CHAINS * N_LINKS * LANES;
    int64_t began = mr_clock_us(), now = began, best_us = INT64_MAX;
    volatile float seed = .0001f; /* so that the loop is not worked out while compiling */

    while (now - began < MEASURE_US) {
        int64_t part_began = now;

        seed = run(seed);
        now = mr_clock_us();
        best_us = now - part_began < best_us ? now - part_began : best_us;
    }
    gflops[task] = flops / (double)best_us / 1e3;
}

double mr_peak_gflops(struct mr_pool *pool)
{
    double gflops[MAX_THREADS], sum = 0;
    int n_threads = mr_pool_n_threads(pool);

    assert(n_threads <= MAX_THREADS);
    mr_pool_run(pool, n_threads, measure_thread, gflops);
    for (int i = 0; i < n_threads; i++)
        sum += gflops[i];
    return sum;
}
