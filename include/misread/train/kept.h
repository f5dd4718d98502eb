/* SPDX-License-Identifier: MIT */
/*
 * The weights that a run has kept, to be asked about images: the best ones, or the last where no
 * epoch is finished. While the run goes on they are replaced by others, which are another mr_kept.
 */
#ifndef MISREAD_TRAIN_KEPT_H
#define MISREAD_TRAIN_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/image/image.h>
#include <misread/image/mask.h>

struct mr_kept;
struct mr_model;
struct mr_pool;
struct mr_sandbox;
struct mr_store;

/* What is known of them. */
struct mr_kept_facts {
    int run;
    int epoch;      /* completed when they were kept */
    bool is_best;   /* else the last */
    uint64_t stamp; /* mr_kept_stamp when they were read */
    int n_classes, size_px;
    enum mr_square square; /* how a picture becomes what the network sees */
    struct mr_mask mask;   /* what was covered before that */
};

/* The training images of the run as its network sees them, by ascending image; those whose pixels
 * are gone are left out. All borrowed. */
struct mr_kept_crowd {
    const int64_t *images; /* (n) */
    const int *labels;     /* (n): those the run was trained with */
    const float *rows;     /* (n, n_features): what the head reads of the plain image */
    int n, n_features;
};

/* Which weights mr_kept_open would read now: differs from that of others; 0: there are none. Reads
 * no file. */
uint64_t mr_kept_stamp(struct mr_store *store, int run);
/* Reads them. MR_E_NOT_FOUND if the run has kept none yet. The pool is borrowed and outlives it. */
enum mr_status mr_kept_open(struct mr_kept **kept, struct mr_store *store, int run,
                            struct mr_pool *pool, struct mr_error *err) MR_NODISCARD;
void mr_kept_close(struct mr_kept *kept);
const struct mr_kept_facts *mr_kept_get_facts(const struct mr_kept *kept);
/* For one image at a time, in evaluation; it explains (mr_model_explain). */
struct mr_model *mr_kept_model(struct mr_kept *kept);

struct mr_kept_places {
    struct mr_store *store;     /* borrowed, as all of these */
    struct mr_sandbox *sandbox; /* for pixels that are not in the cache */
    const char *data_dir;
    /* Called with images done; false cancels (MR_E_CANCELLED): what is done is kept. May be NULL.
     */
    bool (*progress)(void *ctx, int64_t n_done, int64_t n_total);
    void *ctx;
};

/* Computes the crowd, once: it is kept in the project's cache under the hash of all that it depends
 * on, and in memory as long as kept is. */
enum mr_status mr_kept_gather(struct mr_kept *kept, const struct mr_kept_places *places,
                              struct mr_kept_crowd *crowd, struct mr_error *err) MR_NODISCARD;

#endif
