/* SPDX-License-Identifier: MIT */
/*
 * The pixel cache: every readable image decoded once, resized and cropped to size x size x 3 bytes,
 * in one memory-mapped file per size, way of squaring and mask under project_dir/cache. Built by
 * all decoders, interruptible, continued.
 */
#ifndef MISREAD_DATA_CACHE_H
#define MISREAD_DATA_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/image/image.h>
#include <misread/image/mask.h>

/* The version of what lies in a cache: raise it when the layout changes, or what decoding and
 * resizing make of a file. */
#define MR_CACHE_PIXELS 2

struct mr_cache;
struct mr_image_table;
struct mr_sandbox;
struct mr_store;

struct mr_cache_options {
    const char *data_dir;
    int size_px;
    enum mr_square square; /* how a picture becomes size_px x size_px */
    struct mr_mask mask;   /* what is covered before that */
    int n_threads;         /* decoding at once; <= 0: one per core */
    /* Called from the calling thread when decoding begins and now and then; returning false
     * interrupts (MR_E_CANCELLED, what is done is kept). */
    bool (*progress)(void *ctx, int64_t n_done, int64_t n_total);
    void *ctx;
};

/*
 * Opens the cache and decodes what it lacks, waiting for another process that does so. Missing
 * images are left out; those without a side are not decoded. Unreadable images are written to the
 * store with their reason (and to the table) and skipped, and tried again at the next opening;
 * MR_E_FORMAT if none is readable; MR_E_IO if pixels cannot be written. The width and height of the
 * others are written too. size_px 2..2048, else MR_E_USAGE. A file that is damaged or not ours is
 * replaced. table's rows need their ids. The cache does not refer to its arguments afterwards.
 */
enum mr_status mr_cache_open(struct mr_cache **cache, struct mr_store *store,
                             struct mr_image_table *table, struct mr_sandbox *sandbox,
                             const struct mr_cache_options *options,
                             struct mr_error *err) MR_NODISCARD;
void mr_cache_close(struct mr_cache *cache);
int mr_cache_size_px(const struct mr_cache *cache);
/* (size, size, 3) bytes of an image, NULL if it is not there. Thread-safe. */
const unsigned char *mr_cache_pixels(const struct mr_cache *cache, int64_t image);
/* Has the system fetch an image's pixels from the disk, if they are not in memory, and does not
 * wait. Thread-safe. */
void mr_cache_expect(const struct mr_cache *cache, int64_t image);

#endif
