/* SPDX-License-Identifier: MIT */
/* `bench` on images: DATA in a temporary project, and how fast that is decoded. */
#include "bench.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/data/cache.h>
#include <misread/data/scan.h>
#include <misread/store/images.h>
#include <misread/store/store.h>

#include "session.h"

/* ---- a folder ---- */

enum mr_status mr_bench_folder_make(char **path, struct mr_error *err)
{
    const char *tmp = getenv("TMPDIR");
    char *made = mr_xasprintf("%s/misread-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp");

    if (!mkdtemp(made)) {
        enum mr_status st =
            mr_fail(err, MR_E_IO, "cannot make the folder '%s': %s", made, strerror(errno));

        free(made);
        return st;
    }
    *path = made;
    return MR_OK;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    return remove(path);
}

void mr_bench_folder_remove(char *path)
{
    if (path)
        nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
}

/* ---- the images ---- */

static bool show_decoding(void *ctx, int64_t n_done, int64_t n_total)
{
    mr_bench_say("decoding: %lld of %lld images", (long long)n_done, (long long)n_total);
    return !mr_bench_go_on(ctx, NULL);
}

static enum mr_status scan(struct mr_bench_data *data, const struct mr_bench *bench,
                           struct mr_error *err)
{
    struct mr_scan_options options = {.valid_fraction = .2};
    struct mr_scan_report report;
    enum mr_status st = mr_bench_folder_make(&data->folder, err);

    if (!st)
        st = mr_store_open(&data->store, data->folder, MR_STORE_CREATE, err);
    if (!st)
        st = mr_scan(data->store, bench->data_dir, &options, &report, err);
    if (!st)
        st = mr_images_load(data->store, &data->table, err);
    return st;
}

static enum mr_status decode(struct mr_bench_data *data, const struct mr_bench *bench,
                             struct mr_error *err)
{
    struct mr_cache_options options = {.data_dir = bench->data_dir,
                                       .size_px = bench->size_px,
                                       .n_threads = bench->n_threads,
                                       .progress = show_decoding,
                                       .ctx = (void *)bench};
    int64_t began = mr_clock_us();
    enum mr_status st = mr_cache_open(&data->cache, data->store, data->table,
                                      bench->session->sandbox, &options, err);

    data->decoding_s = (double)(mr_clock_us() - began) / 1e6;
    return st;
}

enum mr_status mr_bench_data_open(struct mr_bench_data *data, const struct mr_bench *bench,
                                  struct mr_error *err)
{
    struct mr_bench_data d = {0};
    enum mr_status st = scan(&d, bench, err);

    if (!st)
        st = decode(&d, bench, err);
    if (st) {
        mr_bench_data_close(&d);
        return st;
    }
    *data = d;
    return MR_OK;
}

void mr_bench_data_close(struct mr_bench_data *data)
{
    mr_cache_close(data->cache);
    mr_images_destroy(data->table);
    mr_store_close(data->store);
    mr_bench_folder_remove(data->folder);
    *data = (struct mr_bench_data){0};
}

/* ---- --mode decode ---- */

static int count_decoded(const struct mr_bench_data *data)
{
    int n = 0;

    for (int i = 0; i < data->table->n; i++)
        n += mr_cache_pixels(data->cache, data->table->rows[i].id) != NULL;
    return n;
}

enum mr_status mr_bench_decode(const struct mr_bench *bench, struct cJSON *result,
                               struct mr_error *err)
{
    struct mr_bench_data data = {0};
    enum mr_status st;
    int n;

    if (!bench->data_dir)
        return mr_fail(err, MR_E_USAGE, "--mode decode needs DATA, a folder of images");
    st = mr_bench_data_open(&data, bench, err);
    if (st)
        return st;
    n = count_decoded(&data);
    cJSON_AddNumberToObject(result, "size", bench->size_px);
    cJSON_AddNumberToObject(result, "images", n);
    cJSON_AddNumberToObject(result, "images_per_s", n / data.decoding_s);
    mr_bench_data_close(&data);
    return MR_OK;
}
