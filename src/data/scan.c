/* SPDX-License-Identifier: MIT */
/*
 * Brings the store's rows up to date with the data folder. Files and rows are paired in this order:
 * same path and content; a row that could never be read, by path; same content elsewhere (renamed
 * or moved), the same class first. A file left over is a new row, a row left over is missing. The
 * class of a row never changes here: that is for readers to decide.
 */
#include <misread/data/scan.h>

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/hash.h>
#include <misread/base/str.h>
#include <misread/data/settings.h>
#include <misread/data/split.h>
#include <misread/image/decode.h>
#include <misread/store/images.h>
#include <misread/store/store.h>

#include "gang.h"
#include "grouping.h"
#include "listing.h"

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
    const char *group_re; /* of the project; "" if it has none */
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
    /* folders that name a side are the split; nothing is topped up there */
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

static enum mr_status set_groups(struct scan *scan)
{
    struct mr_grouping grouping;
    enum mr_status st;

    if (!*scan->group_re)
        return MR_OK;
    st = mr_grouping_init(&grouping, scan->group_re, scan->err);
    for (int i = 0; i < scan->listing.n && !st; i++) {
        struct mr_image_row *row = &scan->table->rows[scan->found[i].row];

        set_text(&row->group, mr_grouping_of(&grouping, row->path));
    }
    if (!st)
        st = mr_grouping_check(&grouping, scan->err);
    mr_grouping_finish(&grouping);
    return st;
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
    if (st)
        return st;
    mr_split_assign(scan->table->rows, scan->table->n, scan->table->n_classes,
                    scan->options->split_seed, scan->options->valid_fraction);
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
    mr_images_destroy(scan->table);
}

enum mr_status mr_scan(struct mr_store *store, const char *data_dir,
                       const struct mr_scan_options *options, struct mr_scan_report *report,
                       struct mr_error *err)
{
    struct scan scan = {.store = store, .data_dir = data_dir, .options = options, .err = err};
    struct mr_scan_report counted = {0};
    char *group_re = NULL;
    enum mr_status st;

    st = mr_listing_load(&scan.listing, data_dir, mr_store_project_dir(store), err);
    if (st)
        return st;
    st = mr_images_load(store, &scan.table, err);
    if (st)
        goto out;
    st = mr_settings_check(store, data_dir, scan.table->n, options, &group_re, err);
    if (st)
        goto out;
    scan.group_re = group_re;
    st = update_table(&scan, &counted);
    if (st)
        goto out;
    /* the settings first: rows without them could be split anew by another seed */
    st = mr_settings_save(store, data_dir, group_re, options, err);
    if (st)
        goto out;
    st = mr_images_save(store, scan.table, err);
    if (!st)
        *report = counted;
out:
    scan_finish(&scan);
    free(group_re);
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
