/* SPDX-License-Identifier: MIT */
/*
 * From a folder of images to rows of the store: classes from folder names, identity by content, the
 * train/validation split. DATA holds a folder per class, or train/ and valid/ (or val/,
 * validation/) with a folder per class each, and perhaps test/, which is recorded and only ever
 * scored.
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

struct mr_sandbox;
struct mr_store;

#define MR_GROUP_BY_SIMILARITY "similarity"

struct mr_scan_options {
    /* Images whose paths give the same match (its group 1 if it has one) stay on one side. NULL:
     * the project's, none if it is new; "": none. */
    const char *group_re;
    /* In place of an expression: near duplicates stay on one side (MR_GROUP_BY_SIMILARITY; all
     * images are measured first), or those of the same value in a column of a CSV file
     * ("FILE:COLUMN"). NULL: the project's; a file that is gone leaves the groups as they are. */
    const char *group_by;
    struct mr_sandbox *sandbox; /* borrowed; to measure with, else may be NULL */
    uint64_t split_seed;
    double valid_fraction; /* .2: of what is not set aside for testing */
    double test_fraction;  /* set aside for testing, beside a test folder. Below 0: the project's, 0
                            * if it is new */
    /* A file that says the side of every image (its format: src/data/side_file.h), in place of the
     * folders and shares. NULL: the project's, none if it is new; "": none. */
    const char *split_file;
    /* Images a run takes of each class (from 1 on; below 1: their share), 0 all. For who takes
     * them, see mr_limit_apply: mr_scan gives every image its side. */
    double limit;
    /* Only looks at what is there: seed, shares and split file are not asked for, an image whose
     * folder says no side stays without one, and the project is not bound to a split. */
    bool is_survey;
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
 * them. A split file must name every file and nothing else, and agree with the sides that are; in a
 * project that was split by one a new image needs it again, with its line. Images whose size and
 * mtime are unchanged are not read again. A renamed file keeps its row; one that was moved to
 * another class folder keeps its class and is MR_IMAGE_MOVED_CLASS; changed content is a new row. A
 * file over MR_IMAGE_MAX_BYTES, or one that cannot be read, is MR_IMAGE_UNREADABLE and tried again
 * by the next scan.
 *
 * Fails, with no row written, on: no such folder (MR_E_NOT_FOUND), a folder that cannot be read
 * (MR_E_IO), fewer than two classes, a class without files (for training), a group expression,
 * seed, share or split file that differs from the one the project was split with, a group
 * expression that matches no path, a split file that does not fit (all MR_E_USAGE). The settings
 * data_dir (absolute), group_re, split_file (absolute), split_seed, valid_fraction and
 * test_fraction are kept in the store.
 */
enum mr_status mr_scan(struct mr_store *store, const char *data_dir,
                       const struct mr_scan_options *options, struct mr_scan_report *report,
                       struct mr_error *err) MR_NODISCARD;

/* A glance before anything is written: is data_dir a folder with two or more class folders, none of
 * them empty? Reads no file. The sentences are those of mr_scan. */
enum mr_status mr_scan_check(const char *data_dir, struct mr_error *err) MR_NODISCARD;

/* Do folders of data_dir say which images train and validate? False also of what cannot be read. */
bool mr_scan_has_sides(const char *data_dir);

#endif
