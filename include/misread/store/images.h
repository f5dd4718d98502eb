/* SPDX-License-Identifier: MIT */
/* Classes and images of a project. An image is its content hash; the path only tells copies apart.
 */
#ifndef MISREAD_STORE_IMAGES_H
#define MISREAD_STORE_IMAGES_H

#include <stdint.h>

#include <misread/base/hash.h>
#include <misread/base/status.h>

struct mr_store;

enum mr_side { MR_SIDE_TRAIN, MR_SIDE_VALID, MR_SIDE_TEST, MR_SIDE_NONE };
const char *mr_side_text(enum mr_side side); /* "train", "valid", "test", "none" */
enum mr_image_state { MR_IMAGE_OK, MR_IMAGE_UNREADABLE, MR_IMAGE_MISSING, MR_IMAGE_MOVED_CLASS };

struct mr_image_row {
    int64_t id; /* 0: not stored yet */
    char hash[MR_SHA256_HEX];
    char *path;   /* owned; relative to the data folder */
    char *group;  /* owned; "" if it stands alone */
    char *reason; /* owned; why it is unreadable, else "" */
    int class_id; /* index into the table's classes: the folder it lay in when first seen; -1 none
                   */
    enum mr_side side;
    enum mr_image_state state;
    int w, h; /* px, 0 if not decoded yet */
    int64_t n_bytes;
    int64_t mtime_ns; /* with n_bytes: has the file changed since it was hashed? */
};

struct mr_image_table {
    char **classes; /* owned, sorted by name when first scanned; later ones are appended */
    int n_classes;
    struct mr_image_row *rows; /* owned, by id */
    int n;
};

enum mr_status mr_images_load(struct mr_store *store, struct mr_image_table **table,
                              struct mr_error *err) MR_NODISCARD;
void mr_images_destroy(struct mr_image_table *table);
/* NULL if absent. Binary search. */
const struct mr_image_row *mr_images_find(const struct mr_image_table *table, int64_t id);

/* How many images have a side. */
int mr_images_n_split(const struct mr_image_table *table);

/* Why a row is unreadable, without the path that the stored sentence names: equal contents share
 * one sentence, so that it may be a copy's. Borrowed from the row. */
const char *mr_images_reason(const struct mr_image_table *table, const struct mr_image_row *row);

/*
 * Writes classes and rows (insert where id is 0, and then the id is set; else update) in one
 * transaction; rows that are as stored are not touched. A new row whose hash and path another
 * process has stored meanwhile takes over that one's id; afterwards the rows are in the order of
 * their ids again, which may move them. MR_E_BUSY if another process has appended other classes:
 * load and scan again. On failure the table is unchanged.
 */
enum mr_status mr_images_save(struct mr_store *store, struct mr_image_table *table,
                              struct mr_error *err) MR_NODISCARD;
/* Records of n images, found by their ids, what state they are in, why, and their size, in one
 * transaction; what else the rows say is not looked at. reason may be NULL. MR_E_NOT_FOUND if there
 * is no such image. */
enum mr_status mr_images_set_states(struct mr_store *store, const struct mr_image_row *rows, int n,
                                    struct mr_error *err) MR_NODISCARD;

#endif
