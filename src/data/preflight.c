/* SPDX-License-Identifier: MIT */
/*
 * A dress rehearsal of scan, split and cache that writes nothing: the listing becomes rows that are
 * split as they would be, and of each side images are decoded until there are enough. Contents are
 * taken to differ, since telling copies takes reading every file.
 */
#include <misread/data/preflight.h>

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/sandbox.h>
#include <misread/data/scan.h>
#include <misread/data/settings.h>
#include <misread/data/split.h>
#include <misread/image/decode.h>
#include <misread/image/image.h>
#include <misread/store/images.h>
#include <misread/store/store.h>

#include "grouping.h"
#include "listing.h"

#define MAX_LOOKS 64

struct preflight {
    const char *data_dir, *group_re;
    const struct mr_scan_options *options;
    struct mr_sandbox *sandbox;
    struct mr_listing listing;
    struct mr_image_row *rows; /* owned (listing.n); paths are the listing's, groups owned */
};

static enum mr_status set_groups(struct preflight *p, struct mr_error *err)
{
    struct mr_grouping grouping;
    enum mr_status st = mr_grouping_init(&grouping, p->group_re, err);

    for (int i = 0; i < p->listing.n && !st; i++)
        p->rows[i].group = mr_xstrdup(mr_grouping_of(&grouping, p->rows[i].path));
    if (!st)
        st = mr_grouping_check(&grouping, err);
    mr_grouping_finish(&grouping);
    return st;
}

static void list_rows(struct preflight *p)
{
    p->rows = mr_xalloc((size_t)p->listing.n, sizeof *p->rows);
    for (int i = 0; i < p->listing.n; i++) {
        const struct mr_listed_file *file = &p->listing.files[i];

        p->rows[i] = (struct mr_image_row){
            .path = file->path, .class_id = file->class_id, .side = file->side};
        mr_hash_sha256(file->path, strlen(file->path), p->rows[i].hash);
    }
}

/* Everything on one side is a matter of the options, not of the files. */
static enum mr_status check_split(const struct preflight *p, struct mr_error *err)
{
    for (int i = 0; i < p->listing.n; i++)
        if (p->rows[i].side == MR_SIDE_VALID)
            return MR_OK;
    if (*p->group_re)
        return mr_fail(err, MR_E_USAGE,
                       "cannot split '%s' in groups by '%s': no image would be left to validate "
                       "with, since too many are of one group",
                       p->data_dir, p->group_re);
    return mr_fail(err, MR_E_USAGE,
                   "cannot split '%s': no image would be left to validate with, since no class has "
                   "two",
                   p->data_dir);
}

static bool can_read(const struct preflight *p, const struct mr_image_row *row,
                     struct mr_error *why)
{
    char *path = mr_path_join(p->data_dir, row->path);
    struct mr_image *image = NULL;
    bool can = !mr_image_load(&image, p->sandbox, MR_SANDBOX_WORK, path, why);

    mr_image_destroy(image);
    free(path);
    return can;
}

static enum mr_status check_side(const struct preflight *p, enum mr_side side, const char *purpose,
                                 int n_wanted, struct mr_error *err)
{
    struct mr_error why = {MR_OK, ""};
    int n_looks = 0, n_readable = 0;

    for (int i = 0; i < p->listing.n && n_readable < n_wanted; i++) {
        if (p->rows[i].side != side)
            continue;
        if (n_looks++ == MAX_LOOKS)
            return MR_OK;
        n_readable += can_read(p, &p->rows[i], &why);
    }
    if (n_readable >= n_wanted)
        return MR_OK;
    return mr_fail(err, MR_E_FORMAT,
                   "cannot train on '%s': of %d images to %s %d can be read, and it takes %d%s%s",
                   p->data_dir, n_looks, purpose, n_readable, n_wanted, *why.message ? "; " : "",
                   why.message);
}

static enum mr_status rehearse(struct preflight *p, struct mr_error *err)
{
    enum mr_status st;

    mr_split_assign(p->rows, p->listing.n, p->listing.n_classes, p->options->split_seed,
                    p->options->valid_fraction);
    st = check_split(p, err);
    if (!st)
        st = check_side(p, MR_SIDE_TRAIN, "train on", 2, err);
    if (!st)
        st = check_side(p, MR_SIDE_VALID, "validate with", 1, err);
    return st;
}

static enum mr_status count_stored(struct mr_store *store, int *n, struct mr_error *err)
{
    struct mr_image_table *table = NULL;
    enum mr_status st = store ? mr_images_load(store, &table, err) : MR_OK;

    if (!st)
        *n = table ? table->n : 0;
    mr_images_destroy(table);
    return st;
}

static void preflight_finish(struct preflight *p)
{
    for (int i = 0; p->rows && i < p->listing.n; i++)
        free(p->rows[i].group);
    free(p->rows);
    mr_listing_finish(&p->listing);
}

enum mr_status mr_preflight_check(struct mr_store *store, const char *data_dir,
                                  const struct mr_scan_options *options, struct mr_sandbox *sandbox,
                                  struct mr_error *err)
{
    struct preflight p = {.data_dir = data_dir, .options = options, .sandbox = sandbox};
    char *group_re = NULL;
    int n_stored = 0;
    enum mr_status st =
        mr_listing_load(&p.listing, data_dir, store ? mr_store_project_dir(store) : NULL, err);

    if (!st)
        st = count_stored(store, &n_stored, err);
    if (!st)
        st = mr_settings_check(store, data_dir, n_stored, options, &group_re, err);
    if (st)
        goto out;
    p.group_re = group_re;
    list_rows(&p);
    st = set_groups(&p, err);
    if (!st && !n_stored)
        st = rehearse(&p, err);
out:
    preflight_finish(&p);
    free(group_re);
    return st;
}
