/* SPDX-License-Identifier: MIT */
/*
 * The file: header, image ids (ascending), a row of floats for each. It is written whole or not at
 * all, and one that is damaged or not ours counts as absent.
 */
#include "feature_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/hash.h>
#include <misread/base/ids.h>
#include <misread/base/log.h>
#include <misread/base/pool.h>
#include <misread/base/rng.h>
#include <misread/base/str.h>
#include <misread/data/cache.h>
#include <misread/data/loader.h>
#include <misread/kernel/conv.h>
#include <misread/kernel/kernels.h>
#include <misread/nn/model.h>

#include "batch.h"

#define MAGIC     "misread features 1"
#define MAX_BYTES ((size_t)1 << 36)

struct header {
    char magic[24];
    char key[MR_SHA256_HEX + 7];
    uint64_t n_features, n_rows;
    uint64_t seal; /* of all that follows */
};

/* The file while it is looked into. */
struct kept {
    unsigned char *data; /* owned; NULL: there is none */
    const int64_t *ids;
    const float *rows;
    size_t n, n_features;
};

struct row {
    int64_t id;
    const float *floats;
};

static uint64_t mix(uint64_t h, const void *data, size_t n_bytes)
{
    const unsigned char *bytes = data;
    uint64_t word = 0;

    for (size_t i = 0; i + sizeof word <= n_bytes; i += sizeof word) {
        memcpy(&word, bytes + i, sizeof word);
        h = mr_hash_mix(h ^ word);
    }
    word = 0;
    memcpy(&word, bytes + n_bytes / sizeof word * sizeof word, n_bytes % sizeof word);
    return mr_hash_mix(h ^ word ^ n_bytes);
}

/* The algorithms of the forward pass, by the rule or measured: they round differently. */
static char *name_algorithms(const struct mr_model *model, const struct mr_kernels *kernels)
{
    struct mr_str text = MR_STR_EMPTY;
    struct mr_conv_shape shape;

    for (int i = 0; mr_model_find_conv(model, i, &shape); i++)
        mr_str_addf(&text, " %d", (int)kernels->conv_resolve(&shape, MR_CONV_FORWARD));
    return text.text;
}

/* The weights of the body and all else that features depend on. */
static void make_key(char key[MR_SHA256_HEX], const struct mr_features_options *o)
{
    const struct mr_model_options *model = mr_model_get_options(o->model);
    const struct mr_kernels *kernels = model->kernels ? model->kernels : mr_kernels_best();
    const float *params = mr_model_params(o->model);
    uint64_t body = 0;
    int n_tensors;
    const struct mr_tensor *tensors = mr_model_tensors(o->model, &n_tensors);
    char *algorithms = name_algorithms(o->model, kernels), *text;

    for (int i = 0; i < n_tensors; i++)
        if (tensors[i].group != MR_GROUP_HEAD)
            body = mix(body, params + tensors[i].offset, tensors[i].n * sizeof *params);
    text = mr_xasprintf("%s %s by %d%s %dx%d %d %016" PRIx64 " %d cache %d %s %d",
                        mr_arch_text(model->arch), kernels->isa, mr_pool_n_threads(o->pool),
                        algorithms, model->w, model->h, (int)model->head, body, model->max_batch,
                        MR_CACHE_PIXELS, o->pixels, o->view);
    mr_hash_sha256(text, strlen(text), key);
    free(text);
    free(algorithms);
}

static uint64_t mix_row(uint64_t h, int64_t id, const float *row, size_t n_features)
{
    return mix(h ^ (uint64_t)id, row, n_features * sizeof *row);
}

/* ---- reading ---- */

static bool is_whole(const struct header *h, size_t n_bytes, const char *key, size_t n_features)
{
    size_t per_row = sizeof(int64_t) + n_features * sizeof(float);

    return n_bytes >= sizeof *h && !memcmp(h->magic, MAGIC, sizeof MAGIC) && !strcmp(h->key, key) &&
           h->n_features == n_features && h->n_rows <= n_bytes / per_row &&
           n_bytes == sizeof *h + h->n_rows * per_row;
}

static uint64_t seal_of(const struct kept *kept)
{
    uint64_t h = kept->n;

    for (size_t i = 0; i < kept->n; i++)
        h = mix_row(h, kept->ids[i], kept->rows + i * kept->n_features, kept->n_features);
    return h;
}

static struct kept read_kept(const char *path, const char *key, size_t n_features)
{
    struct kept kept = {.n_features = n_features};
    struct header h;
    size_t n_bytes = 0;

    if (!mr_path_exists(path) || mr_file_read(path, MAX_BYTES, &kept.data, &n_bytes, NULL))
        return kept;
    if (n_bytes >= sizeof h)
        memcpy(&h, kept.data, sizeof h);
    if (n_bytes >= sizeof h && is_whole(&h, n_bytes, key, n_features)) {
        kept.n = h.n_rows;
        kept.ids = (const int64_t *)(kept.data + sizeof h);
        kept.rows = (const float *)(kept.ids + kept.n);
        if (seal_of(&kept) == h.seal)
            return kept;
    }
    mr_log("the features in '%s' are damaged: they are computed again", path);
    free(kept.data);
    return (struct kept){.n_features = n_features};
}

/* Its time of access says when it was last of use, whatever the file system is told to note. */
static void touch(const char *path)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};

    utimensat(AT_FDCWD, path, times, 0);
}

/* NULL: not there. */
static const float *find(const struct kept *kept, int64_t id)
{
    int at = mr_ids_find(kept->ids, (int)kept->n, id);

    return at < 0 ? NULL : kept->rows + (size_t)at * kept->n_features;
}

/* ---- writing ---- */

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const struct row *)a)->id, y = ((const struct row *)b)->id;

    return (x > y) - (x < y);
}

/* The rows that are kept and the new ones, each image once, by ascending id. Returns how many. */
static size_t merge(struct row *all, const struct kept *kept, const struct mr_sample *samples,
                    const float *rows, int n_done)
{
    size_t n = 0, n_once = 0;

    for (int i = 0; i < n_done; i++)
        all[n++] = (struct row){samples[i].image, rows + (size_t)i * kept->n_features};
    for (size_t i = 0; i < kept->n; i++)
        all[n++] = (struct row){kept->ids[i], kept->rows + i * kept->n_features};
    qsort(all, n, sizeof *all, by_id);
    for (size_t i = 0; i < n; i++)
        if (!n_once || all[n_once - 1].id != all[i].id)
            all[n_once++] = all[i];
    return n_once;
}

/* Header, ids, and each row as a part of its own: nothing is copied. */
static enum mr_status write_rows(const char *path, const char *key, const struct row *all, size_t n,
                                 size_t n_features, struct mr_error *err)
{
    struct header h = {.magic = MAGIC, .n_features = n_features, .n_rows = n, .seal = n};
    struct mr_file_part *parts = mr_xalloc(n + 2, sizeof *parts);
    int64_t *ids = mr_xalloc(n, sizeof *ids);
    enum mr_status st;

    mr_str_copy(h.key, sizeof h.key, key);
    for (size_t i = 0; i < n; i++) {
        ids[i] = all[i].id;
        parts[i + 2] = (struct mr_file_part){all[i].floats, n_features * sizeof(float)};
        h.seal = mix_row(h.seal, all[i].id, all[i].floats, n_features);
    }
    parts[0] = (struct mr_file_part){&h, sizeof h};
    parts[1] = (struct mr_file_part){ids, n * sizeof *ids};
    st = mr_file_write(path, 0600, parts, n + 2, err);
    free(parts);
    free(ids);
    return st;
}

static enum mr_status keep(const char *path, const char *key, const struct kept *kept,
                           const struct mr_sample *samples, const float *rows, int n_done,
                           struct mr_error *err)
{
    struct row *all = mr_xalloc(kept->n + (size_t)n_done + 1, sizeof *all);
    size_t n = merge(all, kept, samples, rows, n_done);
    enum mr_status st = MR_OK;

    if (n > kept->n)
        st = write_rows(path, key, all, n, kept->n_features, err);
    free(all);
    return st;
}

/* ---- computing ---- */

/* Copies the batch's rows if all of them are kept. */
static bool recall(float *rows, const struct kept *kept, const struct mr_sample *samples, int n)
{
    for (int i = 0; i < n; i++) {
        const float *row = find(kept, samples[i].image);

        if (!row)
            return false;
        memcpy(rows + (size_t)i * kept->n_features, row, kept->n_features * sizeof *rows);
    }
    return true;
}

/* Batches are whole or not at all taken from what is kept: what an image's features are to the last
 * bit may depend on how many images were convolved together. */
static enum mr_status fill(float *rows, const struct kept *kept,
                           const struct mr_features_options *o, int *n_done, struct mr_error *err)
{
    const struct mr_sample *samples = mr_loader_samples(o->loader);
    int n_samples = mr_loader_n_samples(o->loader);

    for (int b = 0; b < mr_loader_n_batches(o->loader); b++) {
        int n = mr_loader_draw(o->loader, o->view, b, o->batch->labels, o->batch->indices, NULL);
        float *to = rows + (size_t)*n_done * kept->n_features;

        if (!recall(to, kept, samples + *n_done, n)) {
            mr_loader_fill(o->loader, o->view, b, o->batch->x, o->batch->labels, NULL, o->pool);
            memcpy(to, mr_model_features(o->model, o->batch->x, n),
                   (size_t)n * kept->n_features * sizeof *to);
        }
        *n_done += n;
        if (o->progress && !o->progress(o->ctx, *n_done, n_samples))
            return mr_fail(err, MR_E_CANCELLED, "the computing of features was stopped");
    }
    return MR_OK;
}

char *mr_features_plain(enum mr_square square, const char *mask)
{
    return mr_xasprintf("plain %d%s%s", (int)square, *mask ? " mask " : "", mask);
}

enum mr_status mr_features_compute(float *rows, const struct mr_features_options *options,
                                   struct mr_error *err)
{
    size_t n_features = (size_t)mr_model_n_features(options->model);
    char key[MR_SHA256_HEX], *path;
    struct kept kept;
    struct mr_error why;
    int n_done = 0;
    enum mr_status st, st_kept;

    make_key(key, options);
    path = mr_xasprintf("%s/features-%.16s.bin", options->cache_dir, key);
    kept = read_kept(path, key, n_features);
    touch(path);
    st = fill(rows, &kept, options, &n_done, err);
    st_kept = keep(path, key, &kept, mr_loader_samples(options->loader), rows, n_done, &why);
    if (st_kept) /* the next run computes them again: no reason to end this one */
        mr_log("cannot keep the features: %s", why.message);
    free(kept.data);
    free(path);
    return st;
}

/* ---- sweeping ---- */

struct swept {
    char *path; /* owned */
    struct timespec used;
    int64_t n_bytes;
};

static int last_used_first(const void *a, const void *b)
{
    const struct timespec *x = &((const struct swept *)a)->used;
    const struct timespec *y = &((const struct swept *)b)->used;

    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? 1 : -1;
    return (x->tv_nsec < y->tv_nsec) - (x->tv_nsec > y->tv_nsec);
}

/* The files of features; *files owned. Returns how many. */
static int list_files(struct swept **files, const char *cache_dir)
{
    DIR *dir = opendir(cache_dir);
    struct dirent *entry;
    int n = 0;

    *files = NULL;
    while (dir && (entry = readdir(dir))) {
        struct stat info;

        if (strncmp(entry->d_name, "features-", 9) != 0 ||
            fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW))
            continue;
        *files = mr_xrealloc(*files, (size_t)n + 1, sizeof **files);
        (*files)[n++] = (struct swept){.path = mr_path_join(cache_dir, entry->d_name),
                                       .used = info.st_atim,
                                       .n_bytes = info.st_size};
    }
    if (dir)
        closedir(dir);
    return n;
}

void mr_features_sweep(const char *cache_dir, int64_t began_at, int64_t n_bytes_kept)
{
    struct swept *files;
    int n = list_files(&files, cache_dir);
    int64_t n_bytes = 0;

    if (n)
        qsort(files, (size_t)n, sizeof *files, last_used_first);
    for (int i = 0; i < n; i++) {
        n_bytes += files[i].n_bytes;
        if (n_bytes > n_bytes_kept && files[i].used.tv_sec < began_at)
            unlink(files[i].path);
        free(files[i].path);
    }
    free(files);
}
