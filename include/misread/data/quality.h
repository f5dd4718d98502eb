/* SPDX-License-Identifier: MIT */
/* Measures the images of a project: each content once, by all decoders, interruptible, continued.
 */
#ifndef MISREAD_DATA_QUALITY_H
#define MISREAD_DATA_QUALITY_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>

struct mr_image_table;
struct mr_sandbox;
struct mr_store;

struct mr_quality_options {
    const char *data_dir;
    int n_threads; /* decoding at once; <= 0: one per core */
    /* Called from the calling thread at the start and now and then; returning false interrupts
     * (MR_E_CANCELLED, what is measured is kept). May be NULL. */
    bool (*progress)(void *ctx, int64_t n_done, int64_t n_total);
    void *ctx;
};

/*
 * Stores a row (<misread/store/quality.h>) for every image of the table that has none, is not
 * missing and can be read, and its width and height. What cannot be read is stored as unreadable
 * with its reason, here and in the table, and tried again the next time. table's rows need their
 * ids.
 */
enum mr_status mr_quality_measure(struct mr_store *store, struct mr_image_table *table,
                                  struct mr_sandbox *sandbox,
                                  const struct mr_quality_options *options,
                                  struct mr_error *err) MR_NODISCARD;

#endif
