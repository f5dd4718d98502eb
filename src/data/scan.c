/* SPDX-License-Identifier: MIT */
/*
 * Brings the store's rows up to date with the data folder. Files and rows are paired in this order:
 * same path and content; a row that could never be read, by path; same content elsewhere (renamed
 * or moved), the same class first. A file left over is a new row, a row left over is missing. The
 * class of a row never changes here: that is for readers to decide.
 */
#include <misread/data/scan.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/hash.h>
#include <misread/base/str.h>
#include <misread/data/quality.h>
#include <misread/data/settings.h>
#include <misread/data/split.h>
#include <misread/image/alike.h>
#include <misread/image/decode.h>
#include <misread/image/measure.h>
#include <misread/store/images.h>
#include <misread/store/quality.h>
#include <misread/store/store.h>

#include "gang.h"
#include "grouping.h"
#include "listing.h"
#include "side_file.h"

#define N_HASH_THREADS 2
/* In mtime_ns: the file could not be read, so it is never taken for unchanged. */
#define NEVER_READ (-1)

/* One listed file and what became of it. */
struct found {
    const struct mr_listed_file *file;
    char hash[MR_SHA256_HEX];
    char *reason; /* owned; why it cannot be read, else NULL */
    bool is_read; /* by this scan: what the row says of readability is out of date */
    int row;      /* in the table; -1: none yet */
};

/* A row by what it is looked up by. */
struct handle {
    const char *name; /* path or hash; borrowed from the row */
    int row;
};

struct scan {
    struct mr_store *store;
    const char *data_dir;
    const struct mr_scan_options *options;
    struct mr_settings settings; /* of the project */
    struct mr_error *err;
    struct mr_listing listing;
    struct mr_image_table *table; /* owned */
    int n_old;                    /* rows that were there before */
    struct found *found;          /* owned (listing.n) */
    int *to_read;                 /* owned: files to be hashed */
    int n_to_read;
    struct handle *by_path, *by_hash; /* owned (n_old), sorted: of the old rows */
    bool *is_taken;                   /* owned (n_old): the row has its file */
    int *class_ids;                   /* owned: the listing's classes in the table */
};

/* --- looking rows up --- */

static int compare_handles(const void *a, const void *b)
{
    const struct handle *p = a, *q = b;
    int order = strcmp(p->name, q->name);

    return order ? order : (p->row > q->row) - (p->row < q->row);
}

static void index_rows(struct scan *scan)
{
    size_t n = (size_t)scan->n_old;

    scan->by_path = mr_xalloc(n, sizeof *scan->by_path);
    scan->by_hash = mr_xalloc(n, sizeof *scan->by_hash);
    scan->is_taken = mr_xalloc(n, sizeof *scan->is_taken);
    for (int i = 0; i < scan->n_old; i++) {
        scan->by_path[i] = (struct handle){scan->table->rows[i].path, i};
        scan->by_hash[i] = (struct handle){scan->table->rows[i].hash, i};
    }
    qsort(scan->by_path, n, sizeof *scan->by_path, compare_handles);
    qsort(scan->by_hash, n, sizeof *scan->by_hash, compare_handles);
}

/* The first handle with this name, or where it would be. */
static int first_handle(const struct handle *handles, int n, const char *name)
{
    int low = 0, high = n;

    while (low < high) {
        int middle = low + (high - low) / 2;

        if (strcmp(handles[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The row of the same path for which is_it holds, one that is not missing first; -1 if there is
 * none. */
static int find_by_path(const struct scan *scan, const struct found *found,
                        bool (*is_it)(const struct mr_image_row *row, const struct found *found))
{
    int best = -1;

    for (int i = first_handle(scan->by_path, scan->n_old, found->file->path);
         i < scan->n_old && !strcmp(scan->by_path[i].name, found->file->path); i++) {
        const struct mr_image_row *row = &scan->table->rows[scan->by_path[i].row];

        if (scan->is_taken[scan->by_path[i].row] || !is_it(row, found))
            continue;
        if (best < 0 || row->state != MR_IMAGE_MISSING)
            best = scan->by_path[i].row;
    }
    return best;
}

/* The row of the same content that suits best; -1 if there is none. */
static int find_by_hash(const struct scan *scan, const struct found *found)
{
    int best = -1, best_points = -1;

    for (int i = first_handle(scan->by_hash, scan->n_old, found->hash);
         i < scan->n_old && !strcmp(scan->by_hash[i].name, found->hash); i++) {
        int at = scan->by_hash[i].row;
        const struct mr_image_row *row = &scan->table->rows[at];
        int points = 2 * (row->class_id == scan->class_ids[found->file->class_id]) +
                     (row->state != MR_IMAGE_MISSING);

        if (!scan->is_taken[at] && points > best_points) {
            best = at;
            best_points = points;
        }
    }
    return best;
}

/* --- identity --- */

static bool is_unchanged(const struct mr_image_row *row, const struct found *found)
{
    return row->n_bytes == found->file->n_bytes && row->mtime_ns == found->file->mtime_ns;
}

static bool is_same_content(const struct mr_image_row *row, const struct found *found)
{
    return !strcmp(row->hash, found->hash);
}

static bool is_present(const struct mr_image_row *row, const struct found *found)
{
    (void)found;
    return row->state != MR_IMAGE_MISSING;
}

/* What stands for the content of a file that could never be read. */
static void hash_unread(const char *path, char out[MR_SHA256_HEX])
{
    char *text = mr_xasprintf("never read: %s", path);

    mr_hash_sha256(text, strlen(text), out);
    free(text);
}

static bool is_never_read(const struct mr_image_row *row, const struct found *found)
{
    char hash[MR_SHA256_HEX];

    hash_unread(found->file->path, hash);
    return !strcmp(row->hash, hash);
}

static void hash_job(void *ctx, int job)
{
    struct scan *scan = ctx;
    struct found *found = &scan->found[scan->to_read[job]];
    char *path = mr_path_join(scan->data_dir, found->file->path);
    struct mr_error err = {MR_OK, ""};
    unsigned char *data = NULL;
    size_t n = 0;

    found->is_read = true;
    if (mr_file_read(path, MR_IMAGE_MAX_BYTES, &data, &n, &err))
        found->reason = mr_xstrdup(err.message);
    else
        mr_hash_sha256(data, n, found->hash);
    free(data);
    free(path);
}

static bool watch(void *ctx, int n_done)
{
    const struct scan *scan = ctx;
    const struct mr_scan_options *options = scan->options;

    return !options->progress || options->progress(options->ctx, n_done, scan->n_to_read);
}

/* Gives every file its hash: from its row if nothing says that it changed, else by reading it. */
static enum mr_status identify(struct scan *scan)
{
    struct mr_gang gang = {
        .name = "scan", .n_threads = N_HASH_THREADS, .job = hash_job, .watch = watch, .ctx = scan};
    enum mr_status st;

    for (int i = 0; i < scan->listing.n; i++) {
        struct found *found = &scan->found[i];
        int row;

        found->file = &scan->listing.files[i];
        found->row = -1;
        row = find_by_path(scan, found, is_unchanged);
        if (row >= 0)
            memcpy(found->hash, scan->table->rows[row].hash, sizeof found->hash);
        else
            scan->to_read[scan->n_to_read++] = i;
    }
    gang.n_jobs = scan->n_to_read;
    st = mr_gang_run(&gang, scan->err);
    if (st == MR_E_CANCELLED)
        return mr_fail(scan->err, st, "cancelled while scanning '%s'", scan->data_dir);
    return st;
}

/* --- pairing files with rows --- */

static void take(struct scan *scan, struct found *found, int row)
{
    if (row < 0)
        return;
    found->row = row;
    scan->is_taken[row] = true;
}

/*
 * A file that cannot be read now may still be what its row says, so that row keeps it. All pairs of
 * one kind are made before any of the next: a copy must not take the row of a file that is still
 * where it was.
 */
static void pair(struct scan *scan)
{
    for (int i = 0; i < scan->listing.n; i++)
        take(scan, &scan->found[i],
             find_by_path(scan, &scan->found[i],
                          scan->found[i].reason ? is_present : is_same_content));
    for (int i = 0; i < scan->listing.n; i++)
        if (scan->found[i].row < 0)
            take(scan, &scan->found[i], find_by_path(scan, &scan->found[i], is_never_read));
    for (int i = 0; i < scan->listing.n; i++)
        if (scan->found[i].row < 0 && !scan->found[i].reason)
            take(scan, &scan->found[i], find_by_hash(scan, &scan->found[i]));
}

/* Finds the listing's classes in the table, adding those that are new. */
static void map_classes(struct scan *scan)
{
    struct mr_image_table *table = scan->table;
    const struct mr_listing *listing = &scan->listing;

    table->classes = mr_xrealloc(table->classes, (size_t)(table->n_classes + listing->n_classes),
                                 sizeof *table->classes);
    for (int i = 0; i < listing->n_classes; i++) {
        int c = 0;

        while (c < table->n_classes && strcmp(table->classes[c], listing->classes[i]))
            c++;
        if (c == table->n_classes)
            table->classes[table->n_classes++] = mr_xstrdup(listing->classes[i]);
        scan->class_ids[i] = c;
    }
}

/* --- bringing rows up to date --- */

static void set_text(char **text, const char *value)
{
    char *copy = mr_xstrdup(value);

    free(*text);
    *text = copy;
}

static void add_row(struct scan *scan, struct found *found)
{
    struct mr_image_table *table = scan->table;
    struct mr_image_row *row = &table->rows[table->n];

    *row = (struct mr_image_row){
        .path = mr_xstrdup(found->file->path),
        .group = mr_xstrdup(""),
        .reason = mr_xstrdup(""),
        .class_id = scan->class_ids[found->file->class_id],
        .side = MR_SIDE_NONE,
        .state = MR_IMAGE_OK,
    };
    memcpy(row->hash, found->hash, sizeof row->hash);
    if (found->reason)
        hash_unread(row->path, row->hash);
    found->row = table->n++;
}

/* What a row that has its file says of it now. */
static void update_row(struct scan *scan, const struct found *found)
{
    struct mr_image_row *row = &scan->table->rows[found->row];
    bool is_elsewhere = row->class_id != scan->class_ids[found->file->class_id];

    if (strcmp(row->path, found->file->path))
        set_text(&row->path, found->file->path);
    /* folders or a file that name a side are the split; nothing is topped up there */
    if (found->file->side != MR_SIDE_NONE)
        row->side = found->file->side;
    row->n_bytes = found->file->n_bytes;
    row->mtime_ns = found->reason ? NEVER_READ : found->file->mtime_ns;
    if (found->reason) {
        row->state = MR_IMAGE_UNREADABLE;
        set_text(&row->reason, found->reason);
        return;
    }
    memcpy(row->hash, found->hash, sizeof row->hash);
    if (row->state == MR_IMAGE_UNREADABLE && !found->is_read)
        return; /* the same bytes: the verdict of the decoder stands */
    row->state = is_elsewhere ? MR_IMAGE_MOVED_CLASS : MR_IMAGE_OK;
    set_text(&row->reason, "");
}

static void lose_row(struct scan *scan, int at, struct mr_scan_report *report)
{
    struct mr_image_row *row = &scan->table->rows[at];

    report->n_missing += row->state != MR_IMAGE_MISSING;
    row->state = MR_IMAGE_MISSING;
    set_text(&row->reason, "");
}

static void update_rows(struct scan *scan, struct mr_scan_report *report)
{
    struct mr_image_table *table = scan->table;

    table->rows =
        mr_xrealloc(table->rows, (size_t)(table->n + scan->listing.n), sizeof *table->rows);
    for (int i = 0; i < scan->listing.n; i++) {
        struct found *found = &scan->found[i];

        if (found->row < 0) {
            add_row(scan, found);
            report->n_new++;
        } else if (strcmp(table->rows[found->row].path, found->file->path)) {
            report->n_moved++;
        }
        update_row(scan, found);
    }
    for (int i = 0; i < scan->n_old; i++)
        if (!scan->is_taken[i])
            lose_row(scan, i, report);
}

/* Measures all images, which have rows for that, without a side. Then the table is loaded anew. */
static enum mr_status survey(struct scan *scan)
{
    struct mr_scan_options options = *scan->options;
    const struct mr_quality_options quality = {
        .data_dir = scan->data_dir, .progress = options.progress, .ctx = options.ctx};
    struct mr_scan_report report;
    enum mr_status st;

    options.is_survey = true;
    st = mr_scan(scan->store, scan->data_dir, &options, &report, scan->err);
    mr_images_destroy(scan->table);
    scan->table = NULL;
    if (!st)
        st = mr_images_load(scan->store, &scan->table, scan->err);
    if (!st)
        st = mr_quality_measure(scan->store, scan->table, options.sandbox, &quality, scan->err);
    return st;
}

static bool is_by_similarity(const struct scan *scan)
{
    return !strcmp(scan->settings.group_by, MR_GROUP_BY_SIMILARITY) && !scan->options->is_survey;
}

/* A cluster of near duplicates is a group, named by the content of its first image. */
static enum mr_status set_alike(struct scan *scan)
{
    struct mr_image_table *table = scan->table;
    size_t n_most = (size_t)table->n + 1;
    struct mr_likeness *items = mr_xalloc(n_most, sizeof *items);
    int *found = mr_xalloc(4 * n_most, sizeof *found), *exact = found + n_most;
    int *ats = exact + n_most, *counts = ats + n_most, n_items = 0, n = 0;
    struct mr_quality *rows = NULL;
    enum mr_status st = mr_qualities_load(scan->store, &rows, &n, scan->err);

    for (int i = 0; i < table->n && !st; i++) {
        const struct mr_quality *row = mr_qualities_find(rows, n, table->rows[i].id);

        if (!row || table->rows[i].state == MR_IMAGE_MISSING)
            continue;
        ats[n_items] = i;
        items[n_items++] = (struct mr_likeness){row->look, row->thumb, row->pixels,
                                                row->entropy < MR_LEAST_ENTROPY};
    }
    mr_alike_cluster(found, exact, items, n_items);
    for (int i = 0; i < n_items; i++)
        counts[found[i]]++;
    for (int i = 0; i < n_items; i++) {
        char name[32] = "";

        if (counts[found[i]] > 1)
            snprintf(name, sizeof name, "alike %.12s", table->rows[ats[found[i]]].hash);
        set_text(&table->rows[ats[i]].group, name);
    }
    free(rows);
    free(found);
    free(items);
    return st;
}

static enum mr_status set_groups(struct scan *scan)
{
    struct mr_grouping grouping;
    enum mr_status st;

    if (!strcmp(scan->settings.group_by, MR_GROUP_BY_SIMILARITY))
        return is_by_similarity(scan) ? set_alike(scan) : MR_OK;
    st = mr_grouping_init_by(&grouping, scan->settings.group_re, scan->settings.group_by,
                             scan->options->group_by != NULL, scan->err);
    for (int i = 0; i < scan->listing.n && !st && mr_grouping_is_open(&grouping); i++) {
        struct mr_image_row *row = &scan->table->rows[scan->found[i].row];

        set_text(&row->group, mr_grouping_of(&grouping, row->path));
    }
    if (!st)
        st = mr_grouping_check(&grouping, scan->err);
    mr_grouping_finish(&grouping);
    return st;
}

/* The sides of a split file that is given now; none, if the project's own is not: its images have
 * theirs. */
static enum mr_status set_sides(struct scan *scan)
{
    const char *path = scan->options->split_file;
    enum mr_status st;

    if (!*scan->settings.split_file)
        return MR_OK;
    for (int i = 0; i < scan->listing.n; i++)
        scan->listing.files[i].side = MR_SIDE_NONE;
    if (!path)
        return MR_OK;
    st = mr_side_file_apply(&scan->listing, scan->data_dir, path, scan->err);
    if (!st)
        st = mr_side_file_agree(&scan->listing, scan->table, scan->data_dir, path, scan->err);
    return st;
}

/* Where a file is the split, no image gets its side by chance. */
static enum mr_status check_sides(const struct scan *scan)
{
    const char *example = NULL;
    int n = 0;

    if (!*scan->settings.split_file || scan->options->is_survey)
        return MR_OK;
    for (int i = 0; i < scan->listing.n; i++) {
        const struct mr_image_row *row = &scan->table->rows[scan->found[i].row];

        if (row->side == MR_SIDE_NONE && !n++)
            example = row->path;
    }
    if (!n)
        return MR_OK;
    return mr_fail(scan->err, MR_E_USAGE,
                   "cannot split '%s': it was split by the file '%s', and %d new files are not "
                   "named there, such as '%s'; add them and give the file again",
                   scan->data_dir, scan->settings.split_file, n, example);
}

static int compare_hashes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int count_copies(const struct scan *scan)
{
    int n = scan->listing.n, n_copies = 0;
    const char **hashes = mr_xalloc((size_t)n, sizeof *hashes);

    for (int i = 0; i < n; i++)
        hashes[i] = scan->table->rows[scan->found[i].row].hash;
    qsort(hashes, (size_t)n, sizeof *hashes, compare_hashes);
    for (int i = 1; i < n; i++)
        n_copies += !strcmp(hashes[i], hashes[i - 1]);
    free(hashes);
    return n_copies;
}

static enum mr_status update_table(struct scan *scan, struct mr_scan_report *report)
{
    const struct mr_split_options split = {.seed = scan->options->split_seed,
                                           .valid_fraction = scan->options->valid_fraction,
                                           .test_fraction = scan->settings.test_fraction};
    size_t n = (size_t)scan->listing.n;
    enum mr_status st;

    scan->found = mr_xalloc(n, sizeof *scan->found);
    scan->to_read = mr_xalloc(n, sizeof *scan->to_read);
    scan->class_ids = mr_xalloc((size_t)scan->listing.n_classes, sizeof *scan->class_ids);
    scan->n_old = scan->table->n;
    index_rows(scan);
    map_classes(scan);
    st = identify(scan);
    if (st)
        return st;
    pair(scan);
    update_rows(scan, report);
    st = set_groups(scan);
    if (!st)
        st = check_sides(scan);
    if (st)
        return st;
    if (!scan->options->is_survey)
        mr_split_assign(scan->table->rows, scan->table->n, scan->table->n_classes, &split);
    report->n_images = scan->listing.n;
    report->n_classes = scan->table->n_classes;
    report->n_copies = count_copies(scan);
    return MR_OK;
}

static void scan_finish(struct scan *scan)
{
    for (int i = 0; scan->found && i < scan->listing.n; i++)
        free(scan->found[i].reason);
    free(scan->found);
    free(scan->to_read);
    free(scan->class_ids);
    free(scan->by_path);
    free(scan->by_hash);
    free(scan->is_taken);
    mr_listing_finish(&scan->listing);
    mr_settings_finish(&scan->settings);
    mr_images_destroy(scan->table);
}

enum mr_status mr_scan(struct mr_store *store, const char *data_dir,
                       const struct mr_scan_options *options, struct mr_scan_report *report,
                       struct mr_error *err)
{
    struct scan scan = {.store = store, .data_dir = data_dir, .options = options, .err = err};
    struct mr_scan_report counted = {0};
    enum mr_status st;

    st = mr_listing_load(&scan.listing, data_dir, mr_store_project_dir(store), err);
    if (st)
        return st;
    st = mr_images_load(store, &scan.table, err);
    if (st)
        goto out;
    st = mr_settings_check(store, data_dir, options->is_survey ? 0 : mr_images_n_split(scan.table),
                           options, &scan.settings, err);
    if (!st && is_by_similarity(&scan))
        st = survey(&scan);
    if (!st)
        st = set_sides(&scan);
    if (st)
        goto out;
    st = update_table(&scan, &counted);
    if (st)
        goto out;
    /* the settings first: rows without them could be split anew by another seed */
    if (!options->is_survey)
        st = mr_settings_save(store, data_dir, &scan.settings, options, err);
    if (!st)
        st = mr_images_save(store, scan.table, err);
    if (!st)
        *report = counted;
out:
    scan_finish(&scan);
    return st;
}

enum mr_status mr_scan_check(const char *data_dir, struct mr_error *err)
{
    struct mr_listing listing;
    enum mr_status st = mr_listing_load(&listing, data_dir, NULL, err);

    if (!st)
        mr_listing_finish(&listing);
    return st;
}

bool mr_scan_has_sides(const char *data_dir)
{
    struct mr_listing listing;
    bool has = false;

    if (mr_listing_load(&listing, data_dir, NULL, NULL))
        return false;
    for (int i = 0; i < listing.n && !has; i++)
        has = listing.files[i].side == MR_SIDE_VALID;
    mr_listing_finish(&listing);
    return has;
}
