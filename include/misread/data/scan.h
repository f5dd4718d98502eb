/* SPDX-License-Identifier: MIT */
/*
 * From a folder of images to rows of the store: classes from folder names, identity by content, the
 * train/validation split. DATA holds a folder per class, or train/ and valid/ (or val/) with a folder per class each.
 */
#ifndef MISREAD_DATA_SCAN_H
#define MISREAD_DATA_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>

struct mr_store;

struct mr_scan_options {
    const char *group_re; /* images whose paths give the same group 1 stay on one side; NULL: none */
    uint64_t split_seed;
    double valid_fraction; /* .2 */
    /* Called now and then; returning false cancels (MR_E_CANCELLED, nothing written). May be NULL. */
    bool (*progress)(void *ctx, int64_t n_done, int64_t n_total);
    void *ctx;
};

struct mr_scan_report {
    int n_images, n_classes;
    int n_new, n_moved, n_missing, n_copies;
};

/*
 * Reads the folder and brings the store up to date in one transaction. Sides are stable: an image (or its
 * group) that has a side keeps it; new ones are topped up per class by the hash of identity and seed. Images
 * whose size and mtime are unchanged are not read again. Fails, with nothing written, on: no such folder,
 * fewer than two classes, a class without files, a group expression or seed that differs from the one
 * the project was split with.
 */
enum mr_status mr_scan(struct mr_store *store, const char *data_dir,
                       const struct mr_scan_options *options, struct mr_scan_report *report,
                       struct mr_error *err) MR_NODISCARD;

/* A glance before anything is written: is data_dir a folder with two or more class folders, none of them empty?
 * Reads no file. The sentences are those of mr_scan. */
enum mr_status mr_scan_check(const char *data_dir, struct mr_error *err) MR_NODISCARD;

#endif
