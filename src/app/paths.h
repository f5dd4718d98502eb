/* SPDX-License-Identifier: MIT */
/* Where the images of a project lie, for a thread of its own. */
#ifndef MISREAD_APP_PATHS_H
#define MISREAD_APP_PATHS_H

#include <stdint.h>

#include <misread/base/status.h>

struct mr_image_table;
struct mr_place;
struct mr_store;

struct mr_paths {
    const struct mr_place *place; /* borrowed */
    struct mr_store *store;       /* owned; NULL until it is needed */
    struct mr_image_table *table; /* owned; NULL until it is needed */
};

/* The path of an image, owned by the caller; an image that is not in the table has it read anew.
 * NULL: *err says why. */
char *mr_paths_find(struct mr_paths *paths, int64_t image, struct mr_error *err);
void mr_paths_finish(struct mr_paths *paths);

#endif
