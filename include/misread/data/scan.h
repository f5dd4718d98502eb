/* SPDX-License-Identifier: MIT */
/*
 * From a folder of images to rows of the store: classes from folder names, identity by content, the
 * train/validation split. DATA holds a folder per class, or train/ and valid/ (or val/,
 * validation/) with a folder per class each, and perhaps test/, which is recorded and not used.
 *
 * Every regular file in a class folder, however deep, is a candidate: what is no image is found out
 * when it is decoded, and listed with its reason. Hidden names, files outside class folders and the
 * project are passed over.
 */
#ifndef MISREAD_DATA_SCAN_H
#define MISREAD_DATA_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>

struct mr_store;

struct mr_scan_options {
    /* Images whose paths give the same match (its group 1 if it has one) stay on one side. NULL:
     * the project's, none if it is new; "": none. */
    const char *group_re;
    uint64_t split_seed;
    double valid_fraction; /* .2 */
    /* Called now and then; returning false cancels (MR_E_CANCELLED, nothing written). May be NULL.
     */
    bool (*progress)(void *ctx, int64_t n_done, int64_t n_total);
    void *ctx;
};

struct mr_scan_report {
    int n_images;  /* files there are now, unreadable ones included */
    int n_classes; /* of the project: those without a folder any more, too */
    int n_new;     /* rows made by this scan */
    int n_moved;   /* rows whose file got another path, in the same class folder or another */
    int n_missing; /* rows whose file vanished since the last scan */
    int n_copies;  /* files whose content another one has as well, less one for each content */
};

/*
 * Reads the folder and brings the store up to date in one transaction. Sides are stable: an image
 * (or its group) that has a side keeps it; new ones are topped up per class by the hash of identity
 * and seed. Where folders say the side, they are right, also about an image that was moved between
 * them. Images whose size and mtime are unchanged are not read again. A renamed file keeps its row;
 * one that was moved to another class folder keeps its class and is MR_IMAGE_MOVED_CLASS; changed
 * content is a new row. A file over MR_IMAGE_MAX_BYTES, or one that cannot be read, is
 * MR_IMAGE_UNREADABLE and tried again by the next scan.
 *
 * Fails, with no row written, on: no such folder (MR_E_NOT_FOUND), a folder that cannot be read
 * (MR_E_IO), fewer than two classes, a class without files (for training), a group expression,
 * seed or share that differs from the one the project was split with, a group expression that
 * matches no path (all MR_E_USAGE). The settings data_dir (absolute), group_re, split_seed and
 * valid_fraction are kept in the store.
 */
enum mr_status mr_scan(struct mr_store *store, const char *data_dir,
                       const struct mr_scan_options *options, struct mr_scan_report *report,
                       struct mr_error *err) MR_NODISCARD;

/* A glance before anything is written: is data_dir a folder with two or more class folders, none of
 * them empty? Reads no file. The sentences are those of mr_scan. */
enum mr_status mr_scan_check(const char *data_dir, struct mr_error *err) MR_NODISCARD;

#endif
