/* SPDX-License-Identifier: MIT */
/* What lies in a data folder: classes, files, and the side where the folder names say one. Reads no
 * file. */
#ifndef MISREAD_DATA_LISTING_H
#define MISREAD_DATA_LISTING_H

#include <stdint.h>

#include <misread/base/status.h>
#include <misread/store/images.h>

struct mr_listed_file {
    char *path;        /* owned; relative to the data folder */
    int class_id;      /* index into the listing's classes */
    enum mr_side side; /* MR_SIDE_NONE: the folders do not say */
    int64_t n_bytes, mtime_ns;
};

struct mr_listing {
    char **classes; /* owned, sorted by name */
    int n_classes;
    struct mr_listed_file *files; /* owned, sorted by path */
    int n;
};

/*
 * Lists data_dir. Hidden names and project_dir are passed over; links to files are followed, links
 * to folders only where a class or side folder is expected, and never back to where the walk came
 * from. Fails as mr_scan says. On failure listing is empty. Free with mr_listing_finish.
 */
enum mr_status mr_listing_load(struct mr_listing *listing, const char *data_dir,
                               const char *project_dir, struct mr_error *err) MR_NODISCARD;
void mr_listing_finish(struct mr_listing *listing);
/* Does every class have files to train on, by the sides that the files have now? The sentences of
 * mr_listing_load, which asks it of the sides that folders say. */
enum mr_status mr_listing_check(const struct mr_listing *listing, const char *data_dir,
                                struct mr_error *err) MR_NODISCARD;
/* What a word such as "train" or "Val" means; MR_SIDE_NONE: no side. */
enum mr_side mr_listing_side_of(const char *word);

#endif
