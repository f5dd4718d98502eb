/* SPDX-License-Identifier: MIT */
/*
 * What a fixed body makes of every image, computed once: an epoch of the head on it takes a moment
 * where the whole network takes minutes. Kept in the project's cache under the SHA-256 of all that
 * it depends on (the body's weights, size, kernels and algorithms, pixels, augmentation), so that a
 * second run has it at once; whatever is missing is computed and added.
 */
#ifndef MISREAD_TRAIN_FEATURE_CACHE_H
#define MISREAD_TRAIN_FEATURE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/image/image.h>

struct mr_batch;
struct mr_loader;
struct mr_model;
struct mr_pool;

struct mr_features_options {
    struct mr_model *model;   /* borrowed; its head does not matter */
    struct mr_loader *loader; /* borrowed; in order */
    struct mr_batch *batch;   /* borrowed; the memory it works in */
    struct mr_pool *pool;     /* borrowed; for the loader */
    int view;                 /* the loader's epoch, which draws the augmentation */
    const char *pixels;       /* what the pixels are: a name for all of the loader's settings */
    const char *cache_dir;    /* where it is kept */
    /* Called after each batch with images done; false cancels (MR_E_CANCELLED): what was computed
     * is kept. May be NULL. */
    bool (*progress)(void *ctx, int64_t n_done, int64_t n_total);
    void *ctx;
};

/* The name for plain pixels that were made square in that way; owned by the caller. */
char *mr_features_plain(enum mr_square square, const char *mask);

/* rows out (n samples of the loader, n_features of the model), in the loader's order. */
enum mr_status mr_features_compute(float *rows, const struct mr_features_options *options,
                                   struct mr_error *err) MR_NODISCARD;

/* Removes files of features beyond n_bytes_kept, those first that were of no use for longest, and
 * none that was since began_at (unix seconds): each body and size has one, and nobody asks twice
 * for most. */
void mr_features_sweep(const char *cache_dir, int64_t began_at, int64_t n_bytes_kept);

#endif
