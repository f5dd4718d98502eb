/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <misread/base/alloc.h>
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

static int set_up(void **state)
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

static int tear_down(void **state)
{
    mr_images_destroy(table);
    mr_store_close(store);
    remove_folder(home);
    return 0;
}

static void path_of(char out[512], const char *name)
{
    snprintf(out, 512, "%s/%s", data, name);
}

/* Makes the folders on the way, and the file. */
static void write_file(const char *name, const char *content)
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

static void make_dir(const char *name)
{
    char path[512];

    path_of(path, name);
    assert_ok(mr_dir_make(path, 0700, &err), err);
}

static void move(const char *from, const char *to)
{
    char a[512], b[512];

    path_of(a, from);
    path_of(b, to);
    assert_int_equal(rename(a, b), 0);
}

static void erase(const char *name)
{
    char path[512];

    path_of(path, name);
    assert_int_equal(unlink(path), 0);
}

/* "class/0.jpg" and so on, each of another content. */
static void write_class(const char *name, int n)
{
    for (int i = 0; i < n; i++) {
        char path[128], content[160];

        snprintf(path, sizeof path, "%s/%d.jpg", name, i);
        snprintf(content, sizeof content, "pixels of %s", path);
        write_file(path, content);
    }
}

static void scan(void)
{
    assert_ok(mr_scan(store, data, &options, &report, &err), err);
    mr_images_destroy(table);
    assert_ok(mr_images_load(store, &table, &err), err);
}

static struct mr_image_row *find_row(const char *path)
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

static void assert_state(const char *path, enum mr_image_state state)
{
    assert_int_equal(find_row(path)->state, state);
}

/* Fails with status and a sentence that has text in it, and writes nothing. */
static void assert_refused(enum mr_status status, const char *text)
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

static void makes_a_class_of_each_folder_and_a_row_of_each_file(void **state)
{
    write_class("polyps", 6);
    write_class("cecum", 4);
    write_file("cecum/deep/er/x.png", "deep");
    scan();
    assert_int_equal(report.n_images, 11);
    assert_int_equal(report.n_new, 11);
    assert_int_equal(report.n_classes, 2);
    assert_int_equal(report.n_moved + report.n_missing + report.n_copies, 0);
    assert_string_equal(table->classes[0], "cecum");
    assert_string_equal(table->classes[1], "polyps");
    assert_int_equal(table->n, 11);
    assert_int_equal(find_row("cecum/deep/er/x.png")->class_id, 0);
    assert_int_equal(find_row("polyps/5.jpg")->class_id, 1);
    assert_int_equal(find_row("polyps/5.jpg")->n_bytes, strlen("pixels of polyps/5.jpg"));
    assert_string_equal(find_row("cecum/deep/er/x.png")->hash,
                        "74611c1d6455b534323a21f8133a6f43dc3a8188e7b946f96dcc28dde932fcb2");
}

static void passes_over_what_is_hidden_or_not_in_a_class(void **state)
{
    write_class("a", 2);
    write_class("b", 2);
    write_file("labels.csv", "x");
    write_file("Thumbs.db", "x");
    write_file("a/.DS_Store", "x");
    write_file(".cache/x.jpg", "x");
    write_file("a/.hidden/x.jpg", "x");
    write_file("a/notes.txt", "a candidate: it will be found unreadable, with a reason");
    scan();
    assert_int_equal(report.n_images, 5);
    assert_int_equal(report.n_classes, 2);
    find_row("a/notes.txt");
}

static void passes_over_a_project_inside_the_data(void **state)
{
    char project[512];

    mr_store_close(store);
    path_of(project, "project");
    assert_ok(mr_store_open(&store, project, MR_STORE_CREATE, &err), err);
    write_class("a", 2);
    write_class("b", 2);
    scan();
    assert_int_equal(report.n_classes, 2);
    assert_int_equal(report.n_images, 4);
}

static void follows_links_to_files_and_classes_and_nothing_that_loops_or_hangs(void **state)
{
    char path[512], target[512];

    write_class("a", 2);
    write_class("b", 2);
    snprintf(target, sizeof target, "%s/elsewhere", home);
    assert_int_equal(mkdir(target, 0700), 0);
    snprintf(target, sizeof target, "%s/elsewhere/x.jpg", home);
    assert_int_equal(close(open(target, O_CREAT | O_WRONLY, 0600)), 0);
    path_of(path, "a/link.jpg");
    assert_int_equal(symlink(target, path), 0);
    path_of(path, "linked-class");
    assert_int_equal(symlink("../elsewhere", path), 0);
    path_of(path, "loop");
    assert_int_equal(symlink(".", path), 0);
    path_of(path, "up");
    assert_int_equal(symlink("..", path), 0);
    path_of(path, "a/loop");
    assert_int_equal(symlink("..", path), 0);
    path_of(path, "a/itself.jpg");
    assert_int_equal(symlink("itself.jpg", path), 0);
    path_of(path, "a/fifo.jpg");
    assert_int_equal(mkfifo(path, 0600), 0);
    scan();
    assert_int_equal(report.n_images, 6);
    assert_int_equal(report.n_classes, 3);
    assert_int_equal(report.n_copies, 1);
    find_row("a/link.jpg");
    find_row("linked-class/x.jpg");
}

static void takes_sides_from_folders(void **state)
{
    write_class("train/a", 5);
    write_class("train/b", 5);
    write_class("val/a", 2);
    write_class("test/b", 3);
    write_file("models/x/weights.bin", "not a side");
    scan();
    assert_int_equal(report.n_classes, 2);
    assert_int_equal(report.n_images, 15);
    for (int i = 0; i < table->n; i++) {
        const struct mr_image_row *row = &table->rows[i];

        assert_int_equal(row->side, row->path[0] == 'v'   ? MR_SIDE_VALID
                                    : row->path[1] == 'r' ? MR_SIDE_TRAIN
                                                          : MR_SIDE_TEST);
        assert_string_equal(table->classes[row->class_id],
                            strchr(row->path, '/')[1] == 'a' ? "a" : "b");
    }
}

static void knows_every_name_of_a_side(void **state)
{
    const char *const names[] = {"valid", "val", "validation", "Valid"};

    write_class("train/a", 3);
    write_class("train/b", 3);
    for (int i = 0; i < 4; i++) {
        char path[64];

        snprintf(path, sizeof path, "%s/a/x.jpg", names[i]);
        write_file(path, names[i]);
    }
    scan();
    for (int i = 0; i < 4; i++) {
        char path[64];

        snprintf(path, sizeof path, "%s/a/x.jpg", names[i]);
        assert_int_equal(find_row(path)->side, MR_SIDE_VALID);
    }
}

static void splits_the_train_folder_itself_when_nothing_is_for_validation(void **state)
{
    int n_valid = 0;

    write_class("train/a", 10);
    write_class("train/b", 10);
    write_class("test/a", 2);
    make_dir("valid/a");
    scan();
    for (int i = 0; i < table->n; i++)
        n_valid += table->rows[i].side == MR_SIDE_VALID;
    assert_int_equal(n_valid, 4);
    assert_int_equal(find_row("test/a/0.jpg")->side, MR_SIDE_TEST);
}

static void lets_classes_be_called_train_and_test(void **state)
{
    write_class("train", 3);
    write_class("car", 3);
    write_class("test", 3);
    scan();
    assert_int_equal(report.n_classes, 3);
    write_class("train/steam", 2); /* folders in one alone make no sides */
    scan();
    assert_int_equal(report.n_classes, 3);
    assert_int_equal(report.n_images, 11);
}

static void does_not_read_again_what_has_the_same_size_and_time(void **state)
{
    char path[512], hash[MR_SHA256_HEX];
    struct stat st;
    struct timespec times[2];

    write_class("a", 2);
    write_class("b", 2);
    scan();
    strcpy(hash, find_row("a/0.jpg")->hash);
    path_of(path, "a/0.jpg");
    assert_int_equal(stat(path, &st), 0);
    times[0] = st.st_atim;
    times[1] = st.st_mtim;
    write_file("a/0.jpg",
               "PIXELS OF a/0.jpg"); /* as many bytes, and its time put back: a lie nobody tells */
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    scan();
    assert_int_equal(report.n_new, 0);
    assert_string_equal(find_row("a/0.jpg")->hash, hash);
    times[1].tv_nsec ^= 1; /* now told truly */
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    scan();
    assert_int_equal(report.n_new, 1);
    assert_string_not_equal(find_row("a/0.jpg")->hash, hash);
}

static void reads_again_what_changed_its_size_but_not_its_time(void **state)
{
    char path[512];
    struct stat st;
    struct timespec times[2];

    write_class("a", 2);
    write_class("b", 2);
    scan();
    path_of(path, "a/0.jpg");
    assert_int_equal(stat(path, &st), 0);
    times[0] = st.st_atim;
    times[1] = st.st_mtim;
    assert_int_equal(truncate(path, st.st_size - 1), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    scan();
    assert_int_equal(report.n_new, 1);
}

static void keeps_the_row_of_a_renamed_file(void **state)
{
    int64_t id;
    enum mr_side side;

    write_class("a", 9);
    write_class("b", 9);
    scan();
    id = find_row("a/3.jpg")->id;
    side = find_row("a/3.jpg")->side;
    move("a/3.jpg", "a/renamed.jpg");
    scan();
    assert_int_equal(report.n_moved, 1);
    assert_int_equal(report.n_new + report.n_missing, 0);
    assert_int_equal(table->n, 18);
    assert_int_equal(find_row("a/renamed.jpg")->id, id);
    assert_int_equal(find_row("a/renamed.jpg")->side, side);
    assert_state("a/renamed.jpg", MR_IMAGE_OK);
}

static void asks_about_a_file_in_another_class_and_never_relabels(void **state)
{
    int64_t id;

    write_class("a", 4);
    write_class("b", 4);
    scan();
    id = find_row("a/1.jpg")->id;
    move("a/1.jpg", "b/was-a.jpg");
    scan();
    assert_int_equal(report.n_moved, 1);
    assert_int_equal(find_row("b/was-a.jpg")->id, id);
    assert_int_equal(find_row("b/was-a.jpg")->class_id, 0);
    assert_state("b/was-a.jpg", MR_IMAGE_MOVED_CLASS);
    scan(); /* and still, without being counted again */
    assert_int_equal(report.n_moved, 0);
    assert_state("b/was-a.jpg", MR_IMAGE_MOVED_CLASS);
    move("b/was-a.jpg", "a/back.jpg");
    scan();
    assert_state("a/back.jpg", MR_IMAGE_OK);
    assert_int_equal(find_row("a/back.jpg")->id, id);
}

static void marks_what_vanished_and_takes_it_back(void **state)
{
    int64_t id;

    write_class("a", 4);
    write_class("b", 4);
    scan();
    id = find_row("a/2.jpg")->id;
    erase("a/2.jpg");
    scan();
    assert_int_equal(report.n_missing, 1);
    assert_int_equal(report.n_images, 7);
    assert_state("a/2.jpg", MR_IMAGE_MISSING);
    scan();
    assert_int_equal(report.n_missing, 0);
    write_file("a/again.jpg", "pixels of a/2.jpg");
    scan();
    assert_int_equal(report.n_moved, 1);
    assert_int_equal(find_row("a/again.jpg")->id, id);
    assert_state("a/again.jpg", MR_IMAGE_OK);
}

static void makes_a_new_row_of_changed_content(void **state)
{
    int64_t old_id;
    const struct mr_image_row *row;

    write_class("a", 4);
    write_class("b", 4);
    scan();
    old_id = find_row("a/2.jpg")->id;
    write_file("a/2.jpg", "other pixels");
    scan();
    assert_int_equal(report.n_new, 1);
    assert_int_equal(report.n_missing, 1);
    assert_int_equal(mr_images_find(table, old_id)->state, MR_IMAGE_MISSING);
    row = find_row("a/2.jpg");
    assert_int_not_equal(row->id, old_id);
    assert_int_not_equal(row->side, MR_SIDE_NONE);
    write_file("a/2.jpg", "pixels of a/2.jpg"); /* put back: the first row has its file again */
    scan();
    assert_int_equal(report.n_new, 0);
    assert_int_equal(find_row("a/2.jpg")->id, old_id);
}

static void gives_a_copy_a_row_of_its_own_on_the_same_side(void **state)
{
    int64_t id;

    write_class("a", 10);
    write_class("b", 10);
    scan();
    id = find_row("a/9.jpg")->id;
    write_file("a/0-copy.jpg", "pixels of a/9.jpg"); /* sorts before the first */
    write_file("b/copy.jpg", "pixels of a/9.jpg");
    scan();
    assert_int_equal(report.n_copies, 2);
    assert_int_equal(report.n_new, 2);
    assert_int_equal(report.n_moved, 0);
    assert_int_equal(find_row("a/9.jpg")->id, id);
    assert_int_equal(find_row("a/0-copy.jpg")->side, find_row("a/9.jpg")->side);
    assert_int_equal(find_row("b/copy.jpg")->side, find_row("a/9.jpg")->side);
    assert_int_equal(find_row("b/copy.jpg")->class_id, 1);
    assert_state("b/copy.jpg", MR_IMAGE_OK);
}

static void tells_moved_copies_apart_by_class(void **state)
{
    int64_t in_a, in_b;

    write_class("a", 3);
    write_class("b", 3);
    write_file("b/x.jpg", "twin"); /* the older row, but the later path */
    scan();
    write_file("a/x.jpg", "twin");
    scan();
    in_a = find_row("a/x.jpg")->id;
    in_b = find_row("b/x.jpg")->id;
    move("a/x.jpg", "a/z.jpg");
    move("b/x.jpg", "b/y.jpg");
    scan();
    assert_int_equal(report.n_moved, 2);
    assert_int_equal(find_row("a/z.jpg")->id, in_a);
    assert_int_equal(find_row("b/y.jpg")->id, in_b);
    assert_state("a/z.jpg", MR_IMAGE_OK);
    assert_state("b/y.jpg", MR_IMAGE_OK);
}

static void lists_a_file_over_the_limit_as_unreadable_without_reading_it(void **state)
{
    char path[512];
    const struct mr_image_row *row;
    int64_t id;

    write_class("a", 3);
    write_class("b", 3);
    path_of(path, "a/huge.tif");
    assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(truncate(path, (off_t)33 << 20), 0); /* a hole: costs no disk */
    scan();
    row = find_row("a/huge.tif");
    id = row->id;
    assert_int_equal(row->state, MR_IMAGE_UNREADABLE);
    assert_non_null(strstr(row->reason, "huge.tif"));
    assert_non_null(strstr(row->reason, "limit"));
    scan();
    assert_int_equal(report.n_new + report.n_missing, 0);
    assert_int_equal(find_row("a/huge.tif")->id, id);
    assert_int_equal(truncate(path, 100), 0); /* mended: the same row, readable as far as known */
    scan();
    row = find_row("a/huge.tif");
    assert_int_equal(row->id, id);
    assert_int_equal(row->state, MR_IMAGE_OK);
    assert_string_equal(row->reason, "");
}

static void keeps_the_row_of_a_file_that_cannot_be_read_for_now(void **state)
{
    char path[512], hash[MR_SHA256_HEX];
    int64_t id;

    write_class("a", 3);
    write_class("b", 3);
    scan();
    id = find_row("a/1.jpg")->id;
    strcpy(hash, find_row("a/1.jpg")->hash);
    path_of(path, "a/1.jpg");
    assert_int_equal(truncate(path, (off_t)33 << 20), 0);
    scan();
    assert_int_equal(report.n_new + report.n_missing, 0);
    assert_int_equal(find_row("a/1.jpg")->id, id);
    assert_state("a/1.jpg", MR_IMAGE_UNREADABLE);
    assert_int_equal(truncate(path, (off_t)strlen("pixels of a/1.jpg")), 0);
    scan();
    assert_int_equal(find_row("a/1.jpg")->id, id);
    assert_string_equal(find_row("a/1.jpg")->hash, hash);
    assert_state("a/1.jpg", MR_IMAGE_OK);
}

static void reads_again_what_it_was_not_allowed_to_read(void **state)
{
    bool is_root = geteuid() == 0;
    char path[512];
    int64_t id;

    write_class("a", 3);
    write_class("b", 3);
    path_of(path, "a/1.jpg");
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(chmod(home, 0755), 0);
    assert_int_equal(chmod(data, 0755), 0);
    for (int c = 0; c < 2; c++) {
        char dir[512];

        path_of(dir, c ? "b" : "a");
        assert_int_equal(chmod(dir, 0755), 0);
    }
    if (is_root)
        assert_int_equal(seteuid(65534), 0);
    assert_int_equal(mr_scan(store, data, &options, &report, &err), MR_OK);
    if (is_root)
        assert_int_equal(seteuid(0), 0);
    assert_ok(mr_images_load(store, &table, &err), err);
    id = find_row("a/1.jpg")->id;
    assert_state("a/1.jpg", MR_IMAGE_UNREADABLE);
    assert_non_null(strstr(find_row("a/1.jpg")->reason, "Permission denied"));
    assert_int_equal(chmod(path, 0600), 0); /* which changes neither its size nor its time */
    scan();
    assert_int_equal(find_row("a/1.jpg")->id, id);
    assert_state("a/1.jpg", MR_IMAGE_OK);
    assert_int_equal(report.n_new + report.n_missing, 0);
}

static void leaves_the_verdict_of_the_decoder_on_unchanged_files(void **state)
{
    write_class("a", 3);
    write_class("b", 3);
    scan();
    assert_ok(mr_images_set_state(store, find_row("a/0.jpg")->id, MR_IMAGE_UNREADABLE, "cut off", 0,
                                  0, &err),
              err);
    scan();
    assert_state("a/0.jpg", MR_IMAGE_UNREADABLE);
    assert_string_equal(find_row("a/0.jpg")->reason, "cut off");
    assert_int_equal(report.n_images, 6);
}

static void keeps_sides_when_images_and_classes_are_added(void **state)
{
    enum mr_side before[40];
    int n_valid = 0;

    write_class("m", 20);
    write_class("z", 20);
    scan();
    for (int i = 0; i < 40; i++)
        before[i] = table->rows[i].side;
    write_class("a", 10); /* sorts first, but comes last: numbers of classes are for ever */
    write_class("m", 60);
    scan();
    assert_int_equal(table->n_classes, 3);
    assert_string_equal(table->classes[0], "m");
    assert_string_equal(table->classes[2], "a");
    for (int i = 0; i < 40; i++)
        assert_int_equal(table->rows[i].side, before[i]);
    for (int i = 0; i < table->n; i++)
        n_valid += table->rows[i].side == MR_SIDE_VALID;
    assert_int_equal(n_valid, 12 + 4 + 2);
}

static void keeps_groups_on_one_side_and_remembers_the_expression(void **state)
{
    char *value = NULL;

    write_class("a", 30);
    write_class("b", 30);
    options.group_re = "([^/]+)\\.jpg$";
    options.valid_fraction = .3;
    scan();
    for (int i = 0; i < 30; i++) {
        char a[32], b[32], name[16];

        snprintf(name, sizeof name, "%d", i);
        snprintf(a, sizeof a, "a/%d.jpg", i);
        snprintf(b, sizeof b, "b/%d.jpg", i);
        assert_string_equal(find_row(a)->group, name);
        assert_int_equal(find_row(a)->side, find_row(b)->side);
    }
    assert_ok(mr_store_get_meta(store, "group_re", &value, &err), err);
    assert_string_equal(value, "([^/]+)\\.jpg$");
    free(value);
    assert_ok(mr_store_get_meta(store, "split_seed", &value, &err), err);
    assert_string_equal(value, "42");
    free(value);
    assert_ok(mr_store_get_meta(store, "valid_fraction", &value, &err), err);
    assert_true(strtod(value, NULL) == .3);
    free(value);
    assert_ok(mr_store_get_meta(store, "data_dir", &value, &err), err);
    assert_string_equal(value, data);
    free(value);

    options.group_re = NULL; /* not given again: the project's */
    write_file("a/77.jpg", "new a");
    write_file("b/77.jpg", "new b");
    scan();
    assert_string_equal(find_row("a/77.jpg")->group, "77");
    assert_int_equal(find_row("a/77.jpg")->side, find_row("b/77.jpg")->side);
}

static void refuses_another_seed_or_group_expression(void **state)
{
    write_class("a", 4);
    write_class("b", 4);
    scan();
    options.split_seed = 43;
    assert_refused(MR_E_USAGE, "'43'");
    options.split_seed = 42;
    options.group_re = "(x)";
    assert_refused(MR_E_USAGE, "group expression '(x)'");
    options.group_re = "";
    scan();
}

static void is_not_bound_by_settings_under_which_no_image_was_split(void **state)
{
    write_class("a", 4);
    write_class("b", 4);
    assert_ok(mr_store_set_meta(store, "split_seed", "1", &err), err);
    assert_ok(mr_store_set_meta(store, "group_re", "(x)", &err), err);
    options.group_re = "(a|b)/";
    scan();
    assert_string_equal(find_row("a/0.jpg")->group, "a");
}

static void refuses_a_group_expression_that_is_malformed_or_matches_nothing(void **state)
{
    write_class("a", 4);
    write_class("b", 4);
    options.group_re = "(unclosed";
    assert_refused(MR_E_USAGE, "(unclosed");
    options.group_re = "patient-(\\d+)";
    assert_refused(MR_E_USAGE, "matches none of the 8 paths, such as 'a/0.jpg'");
    options.group_re = NULL; /* nothing was written, so nothing binds */
    options.split_seed = 7;
    scan();
}

static void refuses_what_is_no_data_folder(void **state)
{
    char there[256];

    strcpy(there, data);
    strcat(data, "/absent");
    assert_refused(MR_E_NOT_FOUND, "absent");
    strcpy(data, there);
    assert_refused(MR_E_USAGE, "no class folder");
    write_class("only", 3);
    assert_refused(MR_E_USAGE, "one class folder");
    write_file("file.jpg", "x");
    strcat(data, "/file.jpg");
    assert_refused(MR_E_USAGE, "not a folder");
    strcpy(data, there);
}

static void names_a_class_without_files(void **state)
{
    write_class("a", 3);
    write_class("b", 3);
    make_dir("empty-one");
    write_file("empty-one/.hidden", "x");
    assert_refused(MR_E_USAGE, "'empty-one' holds no files; fill it or remove it");
}

static void names_a_class_without_files_for_training(void **state)
{
    write_class("train/a", 3);
    write_class("train/b", 3);
    write_class("valid/c", 3);
    assert_refused(MR_E_USAGE, "'c' has no files in the train folder");
}

static void does_not_take_a_folder_it_may_not_read_for_missing_images(void **state)
{
    bool is_root = geteuid() == 0;
    char path[512];
    enum mr_status st;

    write_class("a", 3);
    write_class("b", 3);
    scan();
    path_of(path, "a");
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(chmod(home, 0755) | chmod(data, 0755), 0);
    if (is_root) /* who may read everything */
        assert_int_equal(seteuid(65534), 0);
    st = mr_scan(store, data, &options, &report, &err);
    if (is_root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(st, MR_E_IO);
    assert_non_null(strstr(err.message, "/a': Permission denied"));
    assert_int_equal(chmod(path, 0700), 0);
    scan();
    assert_int_equal(report.n_missing, 0);
}

static bool refuse_to_go_on(void *ctx, int64_t n_done, int64_t n_total)
{
    assert_int_equal(n_total, 8);
    return false;
}

static bool note_progress(void *ctx, int64_t n_done, int64_t n_total)
{
    int64_t *last = ctx;

    assert_true(n_done >= last[0] && n_done <= n_total);
    last[0] = n_done;
    last[1] = n_total;
    return true;
}

static void writes_nothing_when_cancelled_and_tells_progress_else(void **state)
{
    int64_t last[2] = {0, 0};

    write_class("a", 4);
    write_class("b", 4);
    options.progress = refuse_to_go_on;
    assert_refused(MR_E_CANCELLED, "cancelled");
    options.progress = note_progress;
    options.ctx = last;
    scan();
    assert_int_equal(last[0], 8);
    assert_int_equal(last[1], 8);
}

static void splits_the_reference_images_by_file_name(void **state)
{
    char path[512];
    int n[2][2] = {{0}};

    shared_or_skip(path, "data/kvasir-patches/polyp");
    *strrchr(path, '/') = '\0';
    options.group_re = "([^/]+)\\.jpg$";
    assert_ok(mr_scan(store, path, &options, &report, &err), err);
    assert_int_equal(report.n_images, 878);
    assert_int_equal(report.n_classes, 2);
    assert_ok(mr_images_load(store, &table, &err), err);
    for (int i = 0; i < table->n; i++)
        n[table->rows[i].class_id][table->rows[i].side]++;
    for (int c = 0; c < 2; c++) {
        assert_int_equal(n[c][MR_SIDE_VALID], 88);
        assert_int_equal(n[c][MR_SIDE_TRAIN], 351);
    }
    for (int i = 0; i < table->n; i++)
        for (int j = 0; j < i; j++)
            if (!strcmp(table->rows[i].group, table->rows[j].group))
                assert_int_equal(table->rows[i].side, table->rows[j].side);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(makes_a_class_of_each_folder_and_a_row_of_each_file),
        CASE(passes_over_what_is_hidden_or_not_in_a_class),
        CASE(passes_over_a_project_inside_the_data),
        CASE(follows_links_to_files_and_classes_and_nothing_that_loops_or_hangs),
        CASE(takes_sides_from_folders),
        CASE(knows_every_name_of_a_side),
        CASE(splits_the_train_folder_itself_when_nothing_is_for_validation),
        CASE(lets_classes_be_called_train_and_test),
        CASE(does_not_read_again_what_has_the_same_size_and_time),
        CASE(reads_again_what_changed_its_size_but_not_its_time),
        CASE(keeps_the_row_of_a_renamed_file),
        CASE(asks_about_a_file_in_another_class_and_never_relabels),
        CASE(marks_what_vanished_and_takes_it_back),
        CASE(makes_a_new_row_of_changed_content),
        CASE(gives_a_copy_a_row_of_its_own_on_the_same_side),
        CASE(tells_moved_copies_apart_by_class),
        CASE(lists_a_file_over_the_limit_as_unreadable_without_reading_it),
        CASE(keeps_the_row_of_a_file_that_cannot_be_read_for_now),
        CASE(reads_again_what_it_was_not_allowed_to_read),
        CASE(leaves_the_verdict_of_the_decoder_on_unchanged_files),
        CASE(keeps_sides_when_images_and_classes_are_added),
        CASE(keeps_groups_on_one_side_and_remembers_the_expression),
        CASE(refuses_another_seed_or_group_expression),
        CASE(is_not_bound_by_settings_under_which_no_image_was_split),
        CASE(refuses_a_group_expression_that_is_malformed_or_matches_nothing),
        CASE(refuses_what_is_no_data_folder),
        CASE(names_a_class_without_files),
        CASE(names_a_class_without_files_for_training),
        CASE(does_not_take_a_folder_it_may_not_read_for_missing_images),
        CASE(writes_nothing_when_cancelled_and_tells_progress_else),
        CASE(splits_the_reference_images_by_file_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
