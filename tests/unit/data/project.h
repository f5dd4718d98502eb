/* SPDX-License-Identifier: MIT */
/* A data folder with its project beside it, to be filled, scanned and looked at; fresh for every
 * case. */
#ifndef MISREAD_TESTS_UNIT_DATA_PROJECT_H
#define MISREAD_TESTS_UNIT_DATA_PROJECT_H

#include "support.h"

#include <sys/stat.h>

#include <misread/base/file.h>
#include <misread/data/scan.h>
#include <misread/store/images.h>
#include <misread/store/store.h>

/* A data folder, its project beside it, and what the last scan said. */
static char *home;
static char data[256];
static struct mr_store *store;
static struct mr_image_table *table;
static struct mr_scan_options options;
static struct mr_scan_report report;
static struct mr_error err;

static inline int set_up(void **state)
{
    char project[300];

    home = make_folder();
    snprintf(data, sizeof data, "%s/data", home);
    snprintf(project, sizeof project, "%s/project", home);
    assert_int_equal(mkdir(data, 0700), 0);
    assert_ok(mr_store_open(&store, project, MR_STORE_CREATE, &err), err);
    options = (struct mr_scan_options){.split_seed = 42, .valid_fraction = .2};
    table = NULL;
    return 0;
}

static inline int tear_down(void **state)
{
    mr_images_destroy(table);
    mr_store_close(store);
    remove_folder(home);
    return 0;
}

static inline void path_of(char out[512], const char *name)
{
    snprintf(out, 512, "%s/%s", data, name);
}

/* Makes the folders on the way, and the file. */
static inline void write_file(const char *name, const char *content)
{
    char path[512], dir[512];
    FILE *f;

    path_of(path, name);
    strcpy(dir, path);
    *strrchr(dir, '/') = '\0';
    assert_ok(mr_dir_make(dir, 0700, &err), err);
    remove(path); /* another file, with its own time */
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(content, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static inline void make_dir(const char *name)
{
    char path[512];

    path_of(path, name);
    assert_ok(mr_dir_make(path, 0700, &err), err);
}

static inline void move(const char *from, const char *to)
{
    char a[512], b[512];

    path_of(a, from);
    path_of(b, to);
    assert_int_equal(rename(a, b), 0);
}

static inline void erase(const char *name)
{
    char path[512];

    path_of(path, name);
    assert_int_equal(unlink(path), 0);
}

/* "class/0.jpg" and so on, each of another content. */
static inline void write_class(const char *name, int n)
{
    for (int i = 0; i < n; i++) {
        char path[128], content[160];

        snprintf(path, sizeof path, "%s/%d.jpg", name, i);
        snprintf(content, sizeof content, "pixels of %s", path);
        write_file(path, content);
    }
}

static inline void scan(void)
{
    assert_ok(mr_scan(store, data, &options, &report, &err), err);
    mr_images_destroy(table);
    assert_ok(mr_images_load(store, &table, &err), err);
}

static inline struct mr_image_row *find_row(const char *path)
{
    struct mr_image_row *found = NULL;

    for (int i = 0; i < table->n; i++)
        if (!strcmp(table->rows[i].path, path) &&
            (!found || table->rows[i].state != MR_IMAGE_MISSING))
            found = &table->rows[i];
    if (!found)
        fail_msg("there is no row of '%s'", path);
    return found;
}

static inline void assert_state(const char *path, enum mr_image_state state)
{
    assert_int_equal(find_row(path)->state, state);
}

/* Fails with status and a sentence that has text in it, and writes nothing. */
static inline void assert_refused(enum mr_status status, const char *text)
{
    struct mr_image_table *before = NULL, *after = NULL;
    int64_t version;

    assert_ok(mr_images_load(store, &before, &err), err);
    version = mr_store_version(store);
    assert_int_equal(mr_scan(store, data, &options, &report, &err), status);
    if (!strstr(err.message, text))
        fail_msg("'%s' is not in: %s", text, err.message);
    assert_int_equal(mr_store_version(store), version);
    assert_ok(mr_images_load(store, &after, &err), err);
    assert_int_equal(before->n, after->n);
    mr_images_destroy(before);
    mr_images_destroy(after);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
