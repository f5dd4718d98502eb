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
#include <misread/data/limit.h>
#include <misread/data/scan.h>
#include <misread/data/settings.h>
#include <misread/data/split.h>
#include <misread/image/decode.h>
#include <misread/image/image.h>
#include <misread/store/images.h>
#include <misread/store/store.h>

#include "grouping.h"
#include "listing.h"
#include "side_file.h"

#define MAX_LOOKS 64

struct preflight {
    const char *data_dir;
    struct mr_settings settings;
    const struct mr_scan_options *options;
    struct mr_sandbox *sandbox;
    struct mr_listing listing;
    struct mr_image_row *rows; /* owned (listing.n); paths are the listing's, groups owned */
};

static enum mr_status set_groups(struct preflight *p, struct mr_error *err)
{
    struct mr_grouping grouping;
    enum mr_status st = mr_grouping_init_by(&grouping, p->settings.group_re, p->settings.group_by,
                                            p->options->group_by != NULL, err);

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
    if (*p->settings.group_re)
        return mr_fail(err, MR_E_USAGE,
                       "cannot split '%s' in groups by '%s': no image would be left to validate "
                       "with, since too many are of one group",
                       p->data_dir, p->settings.group_re);
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
    const struct mr_split_options split = {.seed = p->options->split_seed,
                                           .valid_fraction = p->options->valid_fraction,
                                           .test_fraction = p->settings.test_fraction};
    enum mr_status st;

    mr_split_assign(p->rows, p->listing.n, p->listing.n_classes, &split);
    mr_limit_apply(p->rows, p->listing.n, p->listing.n_classes, split.seed, p->options->limit);
    st = check_split(p, err);
    if (!st)
        st = check_side(p, MR_SIDE_TRAIN, "train on", 2, err);
    if (!st)
        st = check_side(p, MR_SIDE_VALID, "validate with", 1, err);
    return st;
}

/* The sides that a split file gives, if it agrees with those there are. */
static enum mr_status set_sides(struct preflight *p, const struct mr_image_table *table,
                                struct mr_error *err)
{
    const char *path = p->options->split_file;
    enum mr_status st;

    if (!path || !*path)
        return MR_OK;
    st = mr_side_file_apply(&p->listing, p->data_dir, path, err);
    if (!st && table)
        st = mr_side_file_agree(&p->listing, table, p->data_dir, path, err);
    return st;
}

void mr_class_names_finish(struct mr_class_names *classes)
{
    for (int i = 0; i < classes->n; i++)
        free(classes->names[i]);
    free(classes->names);
    *classes = (struct mr_class_names){0};
}

static bool has_name(const struct mr_class_names *classes, const char *name)
{
    for (int i = 0; i < classes->n; i++)
        if (!strcmp(classes->names[i], name))
            return true;
    return false;
}

/* As the scan numbers them: those that are stored, then those that are new. */
static struct mr_class_names name_classes(const struct mr_listing *listing,
                                          const struct mr_image_table *table)
{
    struct mr_class_names found = {0};
    int n_stored = table ? table->n_classes : 0;

    found.names = mr_xalloc((size_t)(n_stored + listing->n_classes), sizeof *found.names);
    for (int i = 0; i < n_stored; i++)
        found.names[found.n++] = mr_xstrdup(table->classes[i]);
    for (int i = 0; i < listing->n_classes; i++)
        if (!has_name(&found, listing->classes[i]))
            found.names[found.n++] = mr_xstrdup(listing->classes[i]);
    return found;
}

static void preflight_finish(struct preflight *p)
{
    for (int i = 0; p->rows && i < p->listing.n; i++)
        free(p->rows[i].group);
    free(p->rows);
    mr_listing_finish(&p->listing);
    mr_settings_finish(&p->settings);
}

enum mr_status mr_preflight_check(struct mr_store *store, const char *data_dir,
                                  const struct mr_scan_options *options, struct mr_sandbox *sandbox,
                                  struct mr_class_names *classes, struct mr_error *err)
{
    struct preflight p = {.data_dir = data_dir, .options = options, .sandbox = sandbox};
    struct mr_image_table *table = NULL;
    bool is_stored = false;
    enum mr_status st =
        mr_listing_load(&p.listing, data_dir, store ? mr_store_project_dir(store) : NULL, err);

    if (!st && store)
        st = mr_images_load(store, &table, err);
    if (!st) {
        int n_split = table ? mr_images_n_split(table) : 0;

        is_stored = n_split > 0;
        st = mr_settings_check(store, data_dir, n_split, options, &p.settings, err);
    }
    if (!st)
        st = set_sides(&p, table, err);
    if (st)
        goto out;
    list_rows(&p);
    st = set_groups(&p, err);
    if (!st && !is_stored)
        st = rehearse(&p, err);
    if (!st && classes)
        *classes = name_classes(&p.listing, table);
out:
    preflight_finish(&p);
    mr_images_destroy(table);
    return st;
}
