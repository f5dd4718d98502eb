/* SPDX-License-Identifier: MIT */
/* Batches: the order of an epoch is a function of (seed, epoch) alone, so a resumed run continues
 * exactly. */
#ifndef MISREAD_DATA_LOADER_H
#define MISREAD_DATA_LOADER_H

#include <stdint.h>

#include <misread/base/rng.h>
#include <misread/base/status.h>

struct mr_augment;
struct mr_cache;
struct mr_loader;
struct mr_pool;

struct mr_sample {
    int64_t image;
    int label;
};

struct mr_loader_options {
    const struct mr_sample *samples; /* copied */
    int n;
    int batch; /* at most; batches are as even as possible, none is left out */
    const struct mr_augment *augment; /* copied; NULL: plain */
    uint64_t seed;
    int is_shuffled; /* 0: in order, as for validation */
    /* Shuffled, and every class as often as every other: of n draws an epoch some samples come more
     * than once (augmented anew), others not at all. */
    int is_balanced;
};

/* cache must outlive the loader. MR_E_NOT_FOUND if a sample has no pixels in it: leave unreadable
 * images out. cache NULL: there are no pixels, and nothing is filled, only drawn. */
enum mr_status mr_loader_create(struct mr_loader **loader, const struct mr_cache *cache,
                                const struct mr_loader_options *options,
                                struct mr_error *err) MR_NODISCARD;
void mr_loader_destroy(struct mr_loader *loader);
int mr_loader_n_batches(const struct mr_loader *loader);
int mr_loader_n_samples(const struct mr_loader *loader);
/* Fills batch `index` of `epoch`: x (n, size, size, 3), labels (n), indices (n) into samples, if
 * not NULL. Returns n. The work is split over pool. What an image becomes is a function of (seed,
 * epoch, image id, how often it came in the epoch). The pixels of the batch after it are fetched
 * from the disk meanwhile. */
int mr_loader_fill(struct mr_loader *loader, int epoch, int index, float *x, int *labels,
                   int *indices, struct mr_pool *pool);
/* Which samples batch `index` of `epoch` is made of, without their pixels: labels, indices and how
 * often each came in the epoch before (n); the last two may be NULL. Returns n. */
int mr_loader_draw(struct mr_loader *loader, int epoch, int index, int *labels, int *indices,
                   int *repeats);
/* The random numbers by which an image is augmented there. */
struct mr_rng mr_loader_rng(uint64_t seed, int epoch, int repeat, int64_t image);
/* How long mr_loader_fill has taken in all, ms: the time that steps waited for their batches. */
double mr_loader_wait_ms(const struct mr_loader *loader);
const struct mr_sample *mr_loader_samples(const struct mr_loader *loader);

#endif
