/* SPDX-License-Identifier: MIT */
/*
 * Builds the pixel cache of a data folder in a project folder of its own and times it, for
 * tests/bench/against_pillow.py. A measurement, not a test: prints one JSON object.
 * `first_decode_ms` is from the start of the scan until the first decode could begin.
 *
 *   cache-build DATA PROJECT SIZE DECODERS
 */
#include <stdio.h>
#include <stdlib.h>

#include <misread/base/clock.h>
#include <misread/base/sandbox.h>
#include <misread/data/cache.h>
#include <misread/data/scan.h>
#include <misread/image/decode.h>
#include <misread/store/images.h>
#include <misread/store/store.h>

struct times {
    int64_t began, scanned, first_decode, built; /* ms */
};

static bool note_first(void *ctx, int64_t n_done, int64_t n_total)
{
    struct times *times = ctx;

    if (!times->first_decode)
        times->first_decode = mr_clock_ms();
    return true;
}

static int n_pixels_of(const struct mr_image_table *table, const struct mr_cache *cache)
{
    int n = 0;

    for (int i = 0; i < table->n; i++)
        n += mr_cache_pixels(cache, table->rows[i].id) != NULL;
    return n;
}

static void print_times(const struct times *times, int n_images)
{
    printf("{\"images\": %d, \"scan_ms\": %lld, \"first_decode_ms\": %lld, \"cache_ms\": %lld}\n",
           n_images, (long long)(times->scanned - times->began),
           (long long)(times->first_decode - times->began),
           (long long)(times->built - times->scanned));
}

static enum mr_status build(struct mr_store *store, struct mr_sandbox *sandbox,
                            const char *data_dir, int size_px, int n_decoders, struct mr_error *err)
{
    const struct mr_scan_options scan = {.group_re = "", .valid_fraction = .2};
    struct times times = {.began = mr_clock_ms()};
    const struct mr_cache_options options = {.data_dir = data_dir,
                                             .size_px = size_px,
                                             .n_threads = n_decoders,
                                             .progress = note_first,
                                             .ctx = &times};
    struct mr_scan_report report;
    struct mr_image_table *table = NULL;
    struct mr_cache *cache = NULL;
    enum mr_status st = mr_scan(store, data_dir, &scan, &report, err);

    if (!st)
        st = mr_images_load(store, &table, err);
    times.scanned = mr_clock_ms();
    if (!st)
        st = mr_cache_open(&cache, store, table, sandbox, &options, err);
    times.built = mr_clock_ms();
    if (!st)
        print_times(&times, n_pixels_of(table, cache));
    mr_cache_close(cache);
    mr_images_destroy(table);
    return st;
}

int main(int argc, char **argv)
{
    struct mr_sandbox_options options;
    struct mr_sandbox *sandbox = NULL;
    struct mr_store *store = NULL;
    struct mr_error err = {MR_OK, ""};
    enum mr_status st;

    if (argc != 5) {
        fprintf(stderr, "usage: cache-build DATA PROJECT SIZE DECODERS\n");
        return 2;
    }
    options = mr_image_sandbox_options(atoi(argv[4]));
    st = mr_sandbox_create(&sandbox, &options, &err);
    if (!st)
        st = mr_store_open(&store, argv[2], MR_STORE_CREATE, &err);
    if (!st)
        st = build(store, sandbox, argv[1], atoi(argv[3]), atoi(argv[4]), &err);
    if (st)
        fprintf(stderr, "cache-build: %s\n", err.message);
    mr_store_close(store);
    mr_sandbox_destroy(sandbox);
    return st ? EXIT_FAILURE : EXIT_SUCCESS;
}
