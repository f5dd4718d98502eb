/* SPDX-License-Identifier: MIT */
/* Dropout: the mask is a hash of the key and the place, made anew where it is needed; in 32 bits,
 * which vectorize where 64 do not. */
#include <misread/kernel/dropout.h>

#include <assert.h>

#include <misread/base/pool.h>

#include "share.h"
#include "vec.h"

struct dropout {
    float *y;
    const float *x;
    size_t n;
    int n_parts;
    uint32_t key[2], threshold; /* kept: what hashes to threshold or more */
    float scale;
};

/* Wellons's lowbias32: of the two-round integer hashes the one with the least bias he found. */
MR_INLINE uint32_t mix(uint32_t h)
{
    h = (h ^ (h >> 16)) * UINT32_C(0x7feb352d);
    h = (h ^ (h >> 15)) * UINT32_C(0x846ca68b);
    return h ^ (h >> 16);
}

static void run_part(void *ctx, int task, int thread)
{
    const struct dropout *d = ctx;
    size_t first = share_begin(d->n, task, d->n_parts);
    uint32_t n = (uint32_t)(share_begin(d->n, task + 1, d->n_parts) - first);
    uint32_t low = d->key[0] + (uint32_t)first, high = d->key[1], threshold = d->threshold;
    float scale = d->scale, *y = d->y + first;
    const float *x = d->x + first;

    MR_SAME_OR_APART
    for (uint32_t i = 0; i < n; i++)
        y[i] = mix(mix(i + low) ^ high) >= threshold ? x[i] * scale : 0;
}

void mr_dropout_apply(float *y, const float *x, size_t n, double p, uint64_t key,
                      struct mr_pool *pool)
{
    struct dropout d = {.y = y, .x = x, .n = n, .key = {(uint32_t)key, (uint32_t)(key >> 32)}};

    assert(p >= 0 && p < 1 && n <= UINT32_MAX);
    d.threshold = (uint32_t)(p * 0x1p32);
    d.scale = (float)(1 / (1 - p));
    d.n_parts = share_parts(n, mr_pool_n_threads(pool));
    mr_pool_run(pool, d.n_parts, run_part, &d);
}
