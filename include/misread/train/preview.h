/* SPDX-License-Identifier: MIT */
/*
 * What a network is shown of the images in training, for people to look at: by the loader's own
 * random numbers and transforms, but decoded one at a time, so that no cache is needed.
 */
#ifndef MISREAD_TRAIN_PREVIEW_H
#define MISREAD_TRAIN_PREVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/data/transform.h>
#include <misread/train/options.h>

struct mr_image;
struct mr_preview;
struct mr_sandbox;
struct mr_store;

#define MR_PREVIEW_PLAIN (-1)

/* An appearance of an image. */
struct mr_preview_sight {
    int64_t image;
    int look;   /* as epoch `look` augments it; MR_PREVIEW_PLAIN: not at all, as in validation */
    int repeat; /* which of its appearances in that epoch; mostly 0 */
};

struct mr_preview_facts {
    struct mr_train_options options;
    struct mr_augment augment;
    bool is_augmented;
    int n_plain; /* so many of the first epochs see plain images alone: the body stands still */
};

struct mr_preview_batch {
    int n, n_batches;
    struct mr_preview_item {
        struct mr_preview_sight sight;
        int label;
    } * items; /* owned (n) */
};

/* Of a run; run 0: of one that these options would start. Reads no images yet. */
enum mr_status mr_preview_open(struct mr_preview **preview, struct mr_store *store, int run,
                               const struct mr_train_options *options,
                               struct mr_error *err) MR_NODISCARD;
void mr_preview_close(struct mr_preview *preview);
const struct mr_preview_facts *mr_preview_get_facts(const struct mr_preview *preview);
/* Batch `index` (modulo their number) of the first epoch: of the images that the run trains on, or
 * would as they are known now. MR_E_NOT_FOUND if there are none. Free with mr_preview_batch_finish.
 */
enum mr_status mr_preview_deal(struct mr_preview *preview, struct mr_store *store, int index,
                               struct mr_preview_batch *batch, struct mr_error *err) MR_NODISCARD;
void mr_preview_batch_finish(struct mr_preview_batch *batch);
/* The square that the network is shown, in colours again; path: of the image's file. The last
 * file's pixels are kept, for another look at it. */
enum mr_status mr_preview_draw(struct mr_preview *preview, struct mr_sandbox *sandbox,
                               const char *path, const struct mr_preview_sight *sight,
                               struct mr_image **picture, struct mr_error *err) MR_NODISCARD;

#endif
