/* SPDX-License-Identifier: MIT */
/*
 * The pixel cache. One file per size and way of squaring, mapped shared, laid out as cache_layout.h
 * says.
 *
 * A slot belongs to a content hash, so a changed file gets another slot and copies share one. Where
 * a slot lies never changes and a written one is never written again: a process that has the file
 * mapped is not disturbed by another that adds to it. Pixels are written, not stored through the
 * map: pages that are written whole need not be fetched and cleared first. An entry is sealed only
 * after its pixels are on the disk; whatever is not sealed is free. A file that is not as it should
 * be, or holds more of the past than of the present, is replaced by a new one (whoever has the old
 * one mapped keeps it). Building holds an exclusive lock on a file beside it.
 */
#include <misread/data/cache.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/image/decode.h>
#include <misread/image/image.h>
#include <misread/store/images.h>
#include <misread/store/store.h>

#include "cache_layout.h"
#include "gang.h"

#define MAX_SIZE_PX 2048
#define COMMIT_MS   2000 /* how much work a lost process may cost */
#define WAIT_MS     100  /* for another process that builds */
#define SLACK       64   /* slots of the past that are never worth a new file */

struct place {
    int64_t image;
    int slot;
};

struct mr_cache {
    int size_px;
    int n_slots;
    unsigned char *map; /* owned (map_bytes) */
    size_t map_bytes;
    struct place *places; /* owned (n_places): the readable images by id */
    int n_places;
};

/* One content: the rows that have it, and its pixels. */
struct content {
    const int *rows; /* (n_rows) indices into the table */
    int n_rows;
    int slot;            /* -1: none yet */
    bool is_wanted;      /* one of the rows has a side; else only what is there already counts */
    bool is_cached;      /* sealed before this build */
    bool is_recorded;    /* sealed, or its failure stored */
    atomic_bool is_done; /* the thread that decodes has finished with it */
    bool is_readable;
    int w, h;
    char *reason; /* owned; why not, else NULL */
};

/* Everything that opening needs and the open cache does not. */
struct build {
    struct mr_cache *cache;
    const struct mr_cache_options *options;
    struct mr_store *store;
    struct mr_image_table *table;
    struct mr_sandbox *sandbox;
    char *path;  /* owned */
    int lock_fd; /* -1: none */
    int fd;      /* -1: none */
    int *rows;   /* owned: indices of the rows to be cached, by hash */
    int n_rows;
    struct content *contents; /* owned, by hash */
    int n_contents, n_wanted;
    int *todo; /* owned: contents to be decoded */
    int n_todo;
    struct mr_image_row *verdicts; /* owned: rows as they are to be; texts borrowed from contents */
    int *verdict_rows;             /* owned: where they are in the table */
    int n_verdicts;
    atomic_int write_errno; /* why pixels could not be written, 0: they could */
    int64_t committed_ms;
    enum mr_status status; /* of the last commit */
    struct mr_error *err;
};

/* --- slots --- */

static struct mr_cache_entry *entry_of(const struct mr_cache *cache, int slot)
{
    return (struct mr_cache_entry *)(cache->map + mr_cache_entry_at(cache->size_px, slot));
}

static bool is_sealed(const struct mr_cache *cache, int slot)
{
    return mr_cache_entry_is_sealed(entry_of(cache, slot), slot);
}

/* --- which contents are wanted --- */

static const struct mr_image_row *first_row(const struct build *build,
                                            const struct content *content)
{
    return &build->table->rows[content->rows[0]];
}

static int compare_rows(const void *a, const void *b, void *table)
{
    const struct mr_image_row *rows = ((const struct mr_image_table *)table)->rows;
    int p = *(const int *)a, q = *(const int *)b;
    int order = strcmp(rows[p].hash, rows[q].hash);

    return order ? order : (p > q) - (p < q);
}

/* Not if it is gone, or never read by the scan: then its content is not known. */
static bool has_content(const struct mr_image_row *row)
{
    return row->state != MR_IMAGE_MISSING && row->mtime_ns != -1;
}

static void find_contents(struct build *build)
{
    const struct mr_image_table *table = build->table;

    build->rows = mr_xalloc((size_t)table->n, sizeof *build->rows);
    build->contents = mr_xalloc((size_t)table->n, sizeof *build->contents);
    build->todo = mr_xalloc((size_t)table->n, sizeof *build->todo);
    build->verdicts = mr_xalloc((size_t)table->n, sizeof *build->verdicts);
    build->verdict_rows = mr_xalloc((size_t)table->n, sizeof *build->verdict_rows);
    for (int i = 0; i < table->n; i++)
        if (has_content(&table->rows[i]))
            build->rows[build->n_rows++] = i;
    qsort_r(build->rows, (size_t)build->n_rows, sizeof *build->rows, compare_rows, build->table);
    for (int i = 0; i < build->n_rows; i++) {
        const struct mr_image_row *row = &table->rows[build->rows[i]];
        struct content *content;

        if (i && !strcmp(row->hash, table->rows[build->rows[i - 1]].hash))
            build->contents[build->n_contents - 1].n_rows++;
        else
            build->contents[build->n_contents++] =
                (struct content){.rows = build->rows + i, .n_rows = 1, .slot = -1};
        content = &build->contents[build->n_contents - 1];
        build->n_wanted += !content->is_wanted && row->side != MR_SIDE_NONE;
        content->is_wanted |= row->side != MR_SIDE_NONE;
    }
}

static struct content *find_content(const struct build *build, const char *hash)
{
    int low = 0, high = build->n_contents;

    while (low < high) {
        int middle = low + (high - low) / 2;
        int order =
            strncmp(hash, first_row(build, &build->contents[middle])->hash, MR_SHA256_HEX - 1);

        if (order == 0)
            return &build->contents[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* --- the file --- */

/* Waits for a process that builds the same cache. */
static enum mr_status take_lock(struct build *build)
{
    const struct mr_cache_options *options = build->options;
    char *path = mr_xasprintf("%s.lock", build->path);
    enum mr_status st = MR_OK;

    build->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (build->lock_fd < 0)
        st = mr_fail(build->err, MR_E_IO, "cannot open '%s': %s", path, strerror(errno));
    while (!st && flock(build->lock_fd, LOCK_EX | LOCK_NB)) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            st = mr_fail(build->err, MR_E_IO, "cannot lock '%s': %s", path, strerror(errno));
        else if (options->progress && !options->progress(options->ctx, 0, build->n_wanted))
            st = mr_fail(build->err, MR_E_CANCELLED, "cancelled while another process decodes");
        else
            mr_clock_sleep_ms(WAIT_MS);
    }
    free(path);
    return st;
}

static void unmap(struct mr_cache *cache)
{
    if (cache->map)
        munmap(cache->map, cache->map_bytes);
    cache->map = NULL;
}

static enum mr_status map(struct build *build)
{
    struct mr_cache *cache = build->cache;
    void *p;

    cache->map_bytes = mr_cache_file_bytes(cache->size_px, cache->n_slots);
    p = mmap(NULL, cache->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, build->fd, 0);
    if (p == MAP_FAILED)
        return mr_fail(build->err, MR_E_IO, "cannot map '%s': %s", build->path, strerror(errno));
    cache->map = p;
    return MR_OK;
}

/* Reads the header; false if this is no cache of ours, or a piece of one. */
static bool read_header(struct build *build)
{
    struct mr_cache *cache = build->cache;
    struct mr_cache_header header;
    struct stat st;

    if (fstat(build->fd, &st) || !S_ISREG(st.st_mode) ||
        pread(build->fd, &header, sizeof header, 0) != (ssize_t)sizeof header)
        return false;
    if (!mr_cache_header_is_ours(&header, cache->size_px, build->options->square))
        return false;
    cache->n_slots = (int)header.n_slots;
    return (uint64_t)st.st_size >= mr_cache_file_bytes(cache->size_px, cache->n_slots);
}

/* Finds out which contents have their pixels. False if the entries are damaged or mostly of the
 * past. */
static bool match_entries(struct build *build)
{
    const struct mr_cache *cache = build->cache;
    int n_past = 0;

    for (int slot = 0; slot < cache->n_slots; slot++) {
        const struct mr_cache_entry *entry = entry_of(cache, slot);
        struct content *content;

        if (!entry->seal)
            continue;
        if (!is_sealed(cache, slot))
            return false;
        content = find_content(build, entry->hash);
        if (!content || content->is_cached) {
            n_past++;
            continue;
        }
        content->slot = slot;
        content->w = (int)entry->w;
        content->h = (int)entry->h;
        content->is_cached = content->is_recorded = content->is_readable = true;
    }
    return n_past <= build->n_contents + SLACK;
}

static void forget_matches(struct build *build)
{
    for (int i = 0; i < build->n_contents; i++) {
        struct content *content = &build->contents[i];

        content->slot = -1;
        content->is_cached = content->is_recorded = content->is_readable = false;
    }
}

/* Opens what is there, if it is good; build->fd stays -1 otherwise. */
static enum mr_status open_old(struct build *build)
{
    enum mr_status st;

    build->fd = open(build->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (build->fd < 0)
        return MR_OK;
    if (read_header(build)) {
        st = map(build);
        if (st)
            return st;
        if (match_entries(build))
            return MR_OK;
        forget_matches(build);
        unmap(build->cache);
    }
    close(build->fd);
    build->fd = -1;
    build->cache->n_slots = 0;
    return MR_OK;
}

static enum mr_status open_new(struct build *build)
{
    unlink(build->path);
    build->fd = open(build->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (build->fd < 0)
        return mr_fail(build->err, MR_E_IO, "cannot make '%s': %s", build->path, strerror(errno));
    return MR_OK;
}

/* Makes the file hold n_slots. The room is really taken: a full disk must show here, not as a fault
 * in the map. */
static enum mr_status grow(struct build *build, int n_slots)
{
    struct mr_cache *cache = build->cache;
    struct mr_cache_header header =
        mr_cache_header_make(cache->size_px, build->options->square, n_slots);
    size_t n_bytes = mr_cache_file_bytes(cache->size_px, n_slots);
    int failed;

    unmap(cache);
    failed = posix_fallocate(build->fd, 0, (off_t)n_bytes);
    if (failed)
        return mr_fail(build->err, MR_E_IO, "cannot make room for %d images (%zu MiB) in '%s': %s",
                       n_slots, n_bytes >> 20, build->path, strerror(failed));
    if (pwrite(build->fd, &header, sizeof header, 0) != (ssize_t)sizeof header)
        return mr_fail(build->err, MR_E_IO, "cannot write '%s': %s", build->path, strerror(errno));
    cache->n_slots = n_slots;
    return map(build);
}

/* Gives every content without pixels a free slot, growing the file if there are too few. */
static enum mr_status assign_slots(struct build *build)
{
    const struct mr_cache *cache = build->cache;
    int n_free = 0, slot = 0;
    enum mr_status st = MR_OK;

    for (int i = 0; i < build->n_contents; i++)
        if (build->contents[i].is_wanted && !build->contents[i].is_cached)
            build->todo[build->n_todo++] = i;
    for (int i = 0; i < cache->n_slots; i++)
        n_free += !is_sealed(cache, i);
    if (n_free < build->n_todo || !cache->map)
        st = grow(build, cache->n_slots + build->n_todo - n_free);
    for (int i = 0; i < build->n_todo && !st; i++) {
        while (is_sealed(cache, slot))
            slot++;
        build->contents[build->todo[i]].slot = slot++;
    }
    return st;
}

static enum mr_status open_file(struct build *build)
{
    enum mr_status st = open_old(build);

    if (!st && build->fd < 0)
        st = open_new(build);
    if (!st)
        st = assign_slots(build);
    return st;
}

/* --- decoding --- */

/* Its pixels must not be kept under the hash of what it was. */
static enum mr_status check_unchanged(const struct mr_image_row *row, const char *path,
                                      struct mr_error *err)
{
    struct stat st;

    if (row->mtime_ns == 0) /* not from a scan */
        return MR_OK;
    if (stat(path, &st))
        return mr_fail(err, MR_E_IO, "cannot look at '%s': %s", path, strerror(errno));
    if (st.st_size != row->n_bytes ||
        (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec != row->mtime_ns)
        return mr_fail(err, MR_E_IO, "'%s' has changed since the folder was scanned", path);
    return MR_OK;
}

static enum mr_status decode(struct build *build, struct content *content, struct mr_image **square,
                             struct mr_error *err)
{
    const struct mr_image_row *row = first_row(build, content);
    char *path = mr_path_join(build->options->data_dir, row->path);
    struct mr_size_px whole_px;
    struct mr_image *made = NULL;
    enum mr_status st =
        mr_image_load_square(&made, &whole_px, build->sandbox, path, build->cache->size_px,
                             build->options->square, &build->options->mask, err);

    if (!st)
        st = check_unchanged(row, path, err);
    free(path);
    if (st) {
        mr_image_destroy(made);
        return st;
    }
    content->w = whole_px.w;
    content->h = whole_px.h;
    *square = made;
    return MR_OK;
}

/* That the disk fails is not the image's fault: it is left as if nobody had tried. */
static bool write_pixels(struct build *build, const struct content *content,
                         const struct mr_image *square)
{
    size_t n_bytes = (size_t)square->w * (size_t)square->h * 3;
    ssize_t n =
        pwrite(build->fd, square->rgb, n_bytes, (off_t)mr_cache_slot_at(square->w, content->slot));

    if (n == (ssize_t)n_bytes)
        return true;
    atomic_store(&build->write_errno, n < 0 ? errno : ENOSPC);
    return false;
}

static void decode_job(void *ctx, int job)
{
    struct build *build = ctx;
    struct content *content = &build->contents[build->todo[job]];
    struct mr_error err = {MR_OK, ""};
    struct mr_image *square = NULL;
    enum mr_status st = decode(build, content, &square, &err);
    bool is_kept = st || write_pixels(build, content, square);

    mr_image_destroy(square);
    if (!is_kept)
        return;
    content->is_readable = !st;
    if (st)
        content->reason = mr_xstrdup(*err.message ? err.message : mr_status_text(st));
    atomic_store_explicit(&content->is_done, true, memory_order_release);
}

/* --- recording what came of it --- */

/* What is to be said of a row now; its reason is the content's. */
static struct mr_image_row judge(const struct mr_image_row *row, const struct content *content)
{
    struct mr_image_row verdict = *row;

    verdict.reason = content->reason;
    if (!content->is_readable) {
        verdict.state = MR_IMAGE_UNREADABLE;
        return verdict;
    }
    if (row->state == MR_IMAGE_UNREADABLE)
        verdict.state = MR_IMAGE_OK;
    verdict.w = content->w;
    verdict.h = content->h;
    return verdict;
}

static bool is_known(const struct mr_image_row *row, const struct mr_image_row *verdict)
{
    return verdict->state == row->state && verdict->w == row->w && verdict->h == row->h &&
           row->reason && !strcmp(row->reason, verdict->reason ? verdict->reason : "");
}

/* Notes for record_verdicts what is new about the rows of a content. */
static void judge_rows(struct build *build, const struct content *content)
{
    for (int i = 0; i < content->n_rows; i++) {
        const struct mr_image_row *row = &build->table->rows[content->rows[i]];
        struct mr_image_row verdict = judge(row, content);

        if (is_known(row, &verdict))
            continue;
        build->verdict_rows[build->n_verdicts] = content->rows[i];
        build->verdicts[build->n_verdicts++] = verdict;
    }
}

/* Brings the rows up to date in the store, all at once, and then in the table. */
static enum mr_status record_verdicts(struct build *build)
{
    enum mr_status st =
        mr_images_set_states(build->store, build->verdicts, build->n_verdicts, build->err);

    for (int i = 0; i < build->n_verdicts && !st; i++) {
        struct mr_image_row *row = &build->table->rows[build->verdict_rows[i]];
        const char *reason = build->verdicts[i].reason;

        free(row->reason);
        *row = build->verdicts[i];
        row->reason = mr_xstrdup(reason ? reason : "");
    }
    build->n_verdicts = 0;
    return st;
}

static bool is_ready(const struct content *content)
{
    return !content->is_recorded && atomic_load_explicit(&content->is_done, memory_order_acquire);
}

static enum mr_status check_written(const struct build *build)
{
    int why = atomic_load(&build->write_errno);

    if (!why)
        return MR_OK;
    return mr_fail(build->err, MR_E_IO, "cannot write '%s': %s", build->path, strerror(why));
}

/* Pixels to the disk, then rows to the store, then the seals. */
static enum mr_status commit_ready(struct build *build, const int *ready, int n_ready)
{
    enum mr_status st;

    if (n_ready && fdatasync(build->fd))
        return mr_fail(build->err, MR_E_IO, "cannot write '%s': %s", build->path, strerror(errno));
    for (int i = 0; i < n_ready; i++)
        judge_rows(build, &build->contents[ready[i]]);
    st = record_verdicts(build);
    for (int i = 0; i < n_ready && !st; i++) {
        struct content *content = &build->contents[ready[i]];

        if (content->is_readable)
            mr_cache_entry_seal(entry_of(build->cache, content->slot), content->slot,
                                first_row(build, content)->hash, content->w, content->h);
        content->is_recorded = true;
    }
    return st;
}

/* Keeps what is done. What gets ready meanwhile waits for the next time. */
static enum mr_status commit(struct build *build)
{
    int *ready = mr_xalloc((size_t)build->n_todo, sizeof *ready);
    int n_ready = 0;
    enum mr_status st;

    for (int i = 0; i < build->n_todo; i++)
        if (is_ready(&build->contents[build->todo[i]]))
            ready[n_ready++] = build->todo[i];
    st = commit_ready(build, ready, n_ready);
    free(ready);
    build->committed_ms = mr_clock_ms();
    return st ? st : check_written(build);
}

static bool watch(void *ctx, int n_done)
{
    struct build *build = ctx;
    const struct mr_cache_options *options = build->options;
    int n_cached = build->n_wanted - build->n_todo;

    if (mr_clock_ms() - build->committed_ms >= COMMIT_MS)
        build->status = commit(build);
    if (build->status)
        return false;
    return !options->progress ||
           options->progress(options->ctx, n_cached + n_done, build->n_wanted);
}

static enum mr_status decode_missing(struct build *build)
{
    const struct mr_gang gang = {
        .name = "decode",
        .n_threads = build->options->n_threads,
        .n_jobs = build->n_todo,
        .job = decode_job,
        .watch = watch,
        .ctx = build,
    };
    enum mr_status st, committed;

    if (!build->n_todo)
        return MR_OK;
    build->committed_ms = mr_clock_ms();
    st = mr_gang_run(&gang, build->err);
    if (build->status)
        return build->status;
    committed = commit(build); /* cancelled or not: what is done is kept */
    if (committed)
        return committed;
    if (st == MR_E_CANCELLED)
        return mr_fail(build->err, st, "cancelled while decoding '%s'", build->options->data_dir);
    return st;
}

/* What was there before may lack its row's size (a new copy), or belie an old verdict. */
static enum mr_status record_cached(struct build *build)
{
    for (int i = 0; i < build->n_contents; i++)
        if (build->contents[i].is_cached)
            judge_rows(build, &build->contents[i]);
    return record_verdicts(build);
}

/* --- opening --- */

static int compare_places(const void *a, const void *b)
{
    int64_t p = ((const struct place *)a)->image, q = ((const struct place *)b)->image;

    return (p > q) - (p < q);
}

static void set_places(struct build *build)
{
    struct mr_cache *cache = build->cache;

    cache->places = mr_xalloc((size_t)build->n_rows, sizeof *cache->places);
    for (int i = 0; i < build->n_contents; i++) {
        const struct content *content = &build->contents[i];

        for (int j = 0; j < content->n_rows && content->is_readable; j++)
            cache->places[cache->n_places++] =
                (struct place){build->table->rows[content->rows[j]].id, content->slot};
    }
    qsort(cache->places, (size_t)cache->n_places, sizeof *cache->places, compare_places);
}

static enum mr_status check_any_readable(struct build *build)
{
    const struct mr_image_table *table = build->table;

    if (build->cache->n_places)
        return MR_OK;
    for (int i = 0; i < table->n; i++)
        if (table->rows[i].state == MR_IMAGE_UNREADABLE)
            return mr_fail(build->err, MR_E_FORMAT,
                           "no image in '%s' can be read; the first one: %s",
                           build->options->data_dir, table->rows[i].reason);
    return mr_fail(build->err, MR_E_FORMAT, "there is no image in '%s'", build->options->data_dir);
}

/* Crops and whole pictures, which came first, have no word for it. Owned by the caller. */
static char *cache_path(const char *dir, const struct mr_cache_options *options)
{
    const struct mr_rect_share *r = &options->mask.rect;
    bool is_crop = options->square == MR_SQUARE_CROP;
    char mask[128] = "";

    if (options->mask.kind == MR_MASK_AUTO)
        snprintf(mask, sizeof mask, "-mask");
    else if (options->mask.kind == MR_MASK_RECT)
        snprintf(mask, sizeof mask, "-mask-%.6g-%.6g-%.6g-%.6g", r->x, r->y, r->w, r->h);
    return mr_xasprintf("%s/%dpx%s%s%s.bin", dir, options->size_px, is_crop ? "" : "-",
                        is_crop ? "" : mr_square_name(options->square), mask);
}

static enum mr_status open_and_decode(struct build *build)
{
    enum mr_status st;
    char *dir = mr_path_join(mr_store_project_dir(build->store), "cache");

    build->path = cache_path(dir, build->options);
    st = mr_dir_make(dir, 0700, build->err);
    free(dir);
    if (st)
        return st;
    find_contents(build);
    st = take_lock(build);
    if (st)
        return st;
    st = open_file(build);
    if (st)
        return st;
    st = decode_missing(build);
    if (st)
        return st;
    st = record_cached(build);
    if (st)
        return st;
    set_places(build);
    st = check_any_readable(build);
    if (st)
        return st;
    if (mprotect(build->cache->map, build->cache->map_bytes, PROT_READ))
        return mr_fail(build->err, MR_E_IO, "cannot protect '%s': %s", build->path,
                       strerror(errno));
    return MR_OK;
}

static void build_finish(struct build *build)
{
    for (int i = 0; i < build->n_contents; i++)
        free(build->contents[i].reason);
    free(build->contents);
    free(build->rows);
    free(build->todo);
    free(build->verdicts);
    free(build->verdict_rows);
    free(build->path);
    if (build->fd >= 0)
        close(build->fd);
    if (build->lock_fd >= 0)
        close(build->lock_fd);
}

enum mr_status mr_cache_open(struct mr_cache **cache, struct mr_store *store,
                             struct mr_image_table *table, struct mr_sandbox *sandbox,
                             const struct mr_cache_options *options, struct mr_error *err)
{
    struct build build = {
        .options = options,
        .store = store,
        .table = table,
        .sandbox = sandbox,
        .lock_fd = -1,
        .fd = -1,
        .err = err,
    };
    int size = options->size_px;
    enum mr_status st;

    if (size < 2 || size > MAX_SIZE_PX)
        return mr_fail(err, MR_E_USAGE, "cannot use images of %d pixels: it takes 2 to %d", size,
                       MAX_SIZE_PX);
    build.cache = mr_xalloc(1, sizeof *build.cache);
    build.cache->size_px = size;
    st = open_and_decode(&build);
    if (st)
        mr_cache_close(build.cache);
    else
        *cache = build.cache;
    build_finish(&build);
    return st;
}

void mr_cache_close(struct mr_cache *cache)
{
    if (!cache)
        return;
    unmap(cache);
    free(cache->places);
    free(cache);
}

int mr_cache_size_px(const struct mr_cache *cache)
{
    return cache->size_px;
}

const unsigned char *mr_cache_pixels(const struct mr_cache *cache, int64_t image)
{
    const struct place key = {.image = image};
    const struct place *place = bsearch(&key, cache->places, (size_t)cache->n_places,
                                        sizeof *cache->places, compare_places);

    return place ? cache->map + mr_cache_slot_at(cache->size_px, place->slot) : NULL;
}

void mr_cache_expect(const struct mr_cache *cache, int64_t image)
{
    const unsigned char *pixels = mr_cache_pixels(cache, image);
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first, end;

    if (!pixels)
        return;
    first = (uintptr_t)pixels / page * page;
    end = (uintptr_t)pixels + mr_cache_slot_bytes(cache->size_px);
    /* A hint: if it fails the pixels are fetched when they are read. */
    (void)madvise((void *)first, end - first, MADV_WILLNEED);
}
