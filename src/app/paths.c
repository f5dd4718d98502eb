/* SPDX-License-Identifier: MIT */
#include "paths.h"

#include <misread/base/file.h>
#include <misread/store/images.h>
#include <misread/store/store.h>

#include "place.h"

static enum mr_status read_table(struct mr_paths *paths, struct mr_error *err)
{
    enum mr_status st = MR_OK;

    if (!paths->store)
        st = mr_store_open(&paths->store, paths->place->project_dir, MR_STORE_EXISTING, err);
    if (st)
        return st;
    mr_images_destroy(paths->table);
    paths->table = NULL;
    return mr_images_load(paths->store, &paths->table, err);
}

char *mr_paths_find(struct mr_paths *paths, int64_t image, struct mr_error *err)
{
    const struct mr_image_row *row = paths->table ? mr_images_find(paths->table, image) : NULL;

    if (!row && read_table(paths, err))
        return NULL;
    if (!row)
        row = mr_images_find(paths->table, image);
    if (row)
        return mr_path_join(paths->place->data_dir, row->path);
    (void)mr_fail(err, MR_E_NOT_FOUND, "image %lld is not in the project", (long long)image);
    return NULL;
}

void mr_paths_finish(struct mr_paths *paths)
{
    mr_images_destroy(paths->table);
    mr_store_close(paths->store);
}
