/* SPDX-License-Identifier: MIT */
/* Batches. Nothing is remembered between epochs but the order last worked out, which saves working
 * it out again. */
#include <misread/data/loader.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/pool.h>
#include <misread/base/rng.h>
#include <misread/data/cache.h>
#include <misread/data/transform.h>

#include "sampling.h"

/* Names the streams of random numbers that this file draws from. */
#define PURPOSE_ORDER   UINT64_C(0x6f72646572)
#define PURPOSE_AUGMENT UINT64_C(0x6175676d656e74)

struct mr_loader {
    const struct mr_cache *cache; /* borrowed: outlives this; NULL: nothing is filled */
    struct mr_sample *samples;    /* owned (n) */
    int n, n_batches;
    struct mr_augment augment;
    bool has_augment, is_shuffled, is_balanced;
    uint64_t seed;
    struct mr_draw *order; /* owned (n): the samples in the order of order_epoch */
    int order_epoch;       /* meaningless until has_order */
    bool has_order;
    int64_t wait_us; /* all fills together */
};

/* One batch being filled. */
struct filling {
    const struct mr_loader *loader;
    int epoch;
    const struct mr_draw *order; /* borrowed: of the batch's samples */
    float *x;
};

static enum mr_status check_samples(const struct mr_cache *cache,
                                    const struct mr_loader_options *options, struct mr_error *err)
{
    for (int i = 0; i < options->n; i++)
        if (!mr_cache_pixels(cache, options->samples[i].image))
            return mr_fail(err, MR_E_NOT_FOUND,
                           "cannot load image %lld: its pixels are not in the cache",
                           (long long)options->samples[i].image);
    return MR_OK;
}

enum mr_status mr_loader_create(struct mr_loader **loader, const struct mr_cache *cache,
                                const struct mr_loader_options *options, struct mr_error *err)
{
    size_t n = (size_t)options->n;
    struct mr_loader *l;
    enum mr_status status;

    assert(options->n >= 0 && options->batch > 0);
    status = cache ? check_samples(cache, options, err) : MR_OK;
    if (status)
        return status;
    l = mr_xalloc(1, sizeof *l);
    l->cache = cache;
    l->n = options->n;
    l->n_batches = l->n / options->batch + (l->n % options->batch != 0);
    l->samples = mr_xalloc(n, sizeof *l->samples);
    if (n)
        memcpy(l->samples, options->samples, n * sizeof *l->samples);
    l->order = mr_xalloc(n, sizeof *l->order);
    l->has_augment = options->augment != NULL;
    if (options->augment)
        l->augment = *options->augment;
    l->is_shuffled = options->is_shuffled;
    l->is_balanced = options->is_balanced;
    l->seed = options->seed;
    *loader = l;
    return MR_OK;
}

void mr_loader_destroy(struct mr_loader *loader)
{
    if (!loader)
        return;
    free(loader->samples);
    free(loader->order);
    free(loader);
}

int mr_loader_n_batches(const struct mr_loader *loader)
{
    return loader->n_batches;
}

int mr_loader_n_samples(const struct mr_loader *loader)
{
    return loader->n;
}

double mr_loader_wait_ms(const struct mr_loader *loader)
{
    return (double)loader->wait_us / 1e3;
}

const struct mr_sample *mr_loader_samples(const struct mr_loader *loader)
{
    return loader->samples;
}

/* Every sample once. */
static void shuffle(struct mr_draw *order, int n, uint64_t seed, int epoch)
{
    struct mr_rng rng = mr_rng_make(seed, PURPOSE_ORDER, (uint64_t)epoch, 0);
    int *samples = mr_xalloc((size_t)n, sizeof *samples);

    for (int i = 0; i < n; i++)
        samples[i] = i;
    mr_rng_shuffle(&rng, samples, (size_t)n);
    for (int i = 0; i < n; i++)
        order[i] = (struct mr_draw){samples[i], 0};
    free(samples);
}

static void set_order(struct mr_loader *loader, int epoch)
{
    struct mr_loader *l = loader;

    if (l->has_order && (l->order_epoch == epoch || !(l->is_shuffled || l->is_balanced)))
        return;
    if (l->is_balanced)
        mr_sampling_balanced(l->order, l->samples, l->n, l->seed, epoch);
    else if (l->is_shuffled)
        shuffle(l->order, l->n, l->seed, epoch);
    else
        for (int i = 0; i < l->n; i++)
            l->order[i] = (struct mr_draw){i, 0};
    l->order_epoch = epoch;
    l->has_order = true;
}

/* An image that comes again in an epoch comes with another look. */
struct mr_rng mr_loader_rng(uint64_t seed, int epoch, int repeat, int64_t image)
{
    uint64_t look = (uint64_t)epoch ^ ((uint64_t)repeat << 32);

    return mr_rng_make(seed, PURPOSE_AUGMENT, look, (uint64_t)image);
}

static void fill_one(void *ctx, int task, int thread)
{
    const struct filling *filling = ctx;
    const struct mr_loader *loader = filling->loader;
    struct mr_draw draw = filling->order[task];
    int64_t image = loader->samples[draw.sample].image;
    int size = mr_cache_size_px(loader->cache);
    size_t n_floats = (size_t)size * (size_t)size * 3;

    mr_transform(filling->x + (size_t)task * n_floats, mr_cache_pixels(loader->cache, image), size,
                 loader->has_augment ? &loader->augment : NULL,
                 mr_loader_rng(loader->seed, filling->epoch, draw.repeat, image));
}

/* The first sample of a batch; index n_batches: behind the last. */
static int first_of(const struct mr_loader *loader, int index)
{
    return (int)((int64_t)loader->n * index / loader->n_batches);
}

/* A cache that is larger than the memory is on the disk: a batch's pixels come while the one before
 * is trained on. */
static void expect_batch(const struct mr_loader *loader, int index)
{
    if (index == loader->n_batches)
        return; /* the order of the next epoch is not known yet */
    for (int i = first_of(loader, index); i < first_of(loader, index + 1); i++)
        mr_cache_expect(loader->cache, loader->samples[loader->order[i].sample].image);
}

int mr_loader_draw(struct mr_loader *loader, int epoch, int index, int *labels, int *indices,
                   int *repeats)
{
    int first, n;

    assert(index >= 0 && index < loader->n_batches);
    set_order(loader, epoch);
    first = first_of(loader, index);
    n = first_of(loader, index + 1) - first;
    for (int i = 0; i < n; i++) {
        struct mr_draw draw = loader->order[first + i];

        labels[i] = loader->samples[draw.sample].label;
        if (indices)
            indices[i] = draw.sample;
        if (repeats)
            repeats[i] = draw.repeat;
    }
    return n;
}

int mr_loader_fill(struct mr_loader *loader, int epoch, int index, float *x, int *labels,
                   int *indices, struct mr_pool *pool)
{
    int64_t began = mr_clock_us();
    int n = mr_loader_draw(loader, epoch, index, labels, indices, NULL);
    struct filling filling = {loader, epoch, loader->order + first_of(loader, index), x};

    expect_batch(loader, index + 1);
    mr_pool_run(pool, n, fill_one, &filling);
    loader->wait_us += mr_clock_us() - began;
    return n;
}
