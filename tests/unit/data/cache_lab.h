/* SPDX-License-Identifier: MIT */
/* A project of small images to be cached, for test_cache.c alone. */
#ifndef MISREAD_TESTS_DATA_CACHE_LAB_H
#define MISREAD_TESTS_DATA_CACHE_LAB_H

#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <misread/base/alloc.h>
#include <misread/base/rng.h>
#include <misread/base/sandbox.h>
#include <misread/base/thread.h>
#include <misread/data/cache.h>
#include <misread/image/decode.h>
#include <misread/store/images.h>
#include <misread/store/store.h>

#define SIZE 8

static struct mr_sandbox *sandbox; /* of the whole suite */
static char *home;
static char project[300], cache_path[512];
static struct mr_store *store;
static struct mr_image_table *table;
static struct mr_cache_options options;
static struct mr_cache *cache;
static struct mr_error err;

static int open_sandbox(void **state)
{
    struct mr_sandbox_options sandbox_options = mr_image_sandbox_options(2);

    assert_ok(mr_sandbox_create(&sandbox, &sandbox_options, &err), err);
    return 0;
}

static int close_sandbox(void **state)
{
    mr_sandbox_destroy(sandbox);
    return 0;
}

static int set_up(void **state)
{
    home = make_folder();
    snprintf(project, sizeof project, "%s/project", home);
    snprintf(cache_path, sizeof cache_path, "%s/cache/%dpx.bin", project, SIZE);
    assert_ok(mr_store_open(&store, project, MR_STORE_CREATE, &err), err);
    table = mr_xalloc(1, sizeof *table);
    table->classes = mr_xalloc(1, sizeof *table->classes);
    table->classes[table->n_classes++] = mr_xstrdup("class");
    options = (struct mr_cache_options){.data_dir = home, .size_px = SIZE, .n_threads = 2};
    cache = NULL;
    return 0;
}

static int tear_down(void **state)
{
    mr_cache_close(cache);
    mr_images_destroy(table);
    mr_store_close(store);
    remove_folder(home);
    return 0;
}

/* The file of image number i, counted from 1 like the ids of rows. */
static void image_path(char out[512], int i)
{
    snprintf(out, 512, "%s/%d.ppm", home, i);
}

/* Plainly: these files need not outlive a loss of power, and there are many. */
static void write_file(int i, const void *header, size_t n_header, const void *rest, size_t n_rest)
{
    char path[512];
    FILE *f;

    image_path(path, i);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(header, 1, n_header, f), n_header);
    assert_int_equal(fwrite(rest, 1, n_rest, f), n_rest);
    assert_int_equal(fclose(f), 0);
}

static unsigned char pixel_of(int i, int at)
{
    return (unsigned char)mr_hash_mix((uint64_t)i * 1000 + (uint64_t)at);
}

static void write_image(int i)
{
    static const char header[] = "P6\n8 8\n255\n";
    unsigned char rgb[SIZE * SIZE * 3];

    for (int k = 0; k < (int)sizeof rgb; k++)
        rgb[k] = pixel_of(i, k);
    write_file(i, header, sizeof header - 1, rgb, sizeof rgb);
}

static void write_garbage(int i)
{
    write_file(i, "no image", 8, "", 0);
}

/* Black, w x h, without taking room on the disk. */
static inline void write_large(int i, int w, int h)
{
    char path[512], header[64];
    int n = snprintf(header, sizeof header, "P6\n%d %d\n255\n", w, h);

    write_file(i, header, (size_t)n, "", 0);
    image_path(path, i);
    assert_int_equal(truncate(path, n + (off_t)w * h * 3), 0);
}

static void erase(int i)
{
    char path[512];

    image_path(path, i);
    assert_int_equal(unlink(path), 0);
}

/* A row of image i, not saved yet. Its hash is made up: the cache must go by it, not by the path.
 */
static struct mr_image_row *add_row(int i)
{
    struct mr_image_row *row;
    char text[32];

    table->rows = mr_xrealloc(table->rows, (size_t)table->n + 1, sizeof *table->rows);
    row = &table->rows[table->n++];
    *row = (struct mr_image_row){
        .path = mr_xasprintf("%d.ppm", i),
        .group = mr_xstrdup(""),
        .reason = mr_xstrdup(""),
    };
    snprintf(text, sizeof text, "content %d", i);
    mr_hash_sha256(text, strlen(text), row->hash);
    return row;
}

static void save_rows(void)
{
    assert_ok(mr_images_save(store, table, &err), err);
}

/* Images first .. last with their rows. */
static void add_images(int first, int last)
{
    for (int i = first; i <= last; i++) {
        write_image(i);
        add_row(i);
    }
    save_rows();
}

static inline void open_cache(void)
{
    mr_cache_close(cache);
    cache = NULL;
    assert_ok(mr_cache_open(&cache, store, table, sandbox, &options, &err), err);
}

static inline void assert_pixels(const struct mr_cache *c, int64_t image, int i)
{
    const unsigned char *pixels = mr_cache_pixels(c, image);

    if (!pixels)
        fail_msg("image %d has no pixels", i);
    for (int k = 0; k < SIZE * SIZE * 3; k++)
        assert_int_equal(pixels[k], pixel_of(i, k));
}

/* The row in the table is what the store has. */
static inline void assert_stored(int64_t id)
{
    struct mr_image_table *stored = NULL;
    const struct mr_image_row *row = mr_images_find(table, id), *there;

    assert_ok(mr_images_load(store, &stored, &err), err);
    there = mr_images_find(stored, id);
    assert_int_equal(there->state, row->state);
    assert_string_equal(there->reason, row->reason);
    assert_int_equal(there->w, row->w);
    assert_int_equal(there->h, row->h);
    mr_images_destroy(stored);
}

static inline void edit_file(off_t at, const void *bytes, size_t n)
{
    int fd = open(cache_path, O_RDWR);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, at), n);
    close(fd);
}

#endif
