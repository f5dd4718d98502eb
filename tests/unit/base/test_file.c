/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>

#include <misread/base/file.h>

/* Every fsync of the program is seen here: the test binary's definition wins over the C library's.
 */
static int n_file_syncs, n_folder_syncs;
static bool fails_to_sync;

int fsync(int fd)
{
    struct stat st;

    if (fails_to_sync)
        return -1;
    if (!fstat(fd, &st))
        *(S_ISDIR(st.st_mode) ? &n_folder_syncs : &n_file_syncs) += 1;
    return fdatasync(fd);
}

static char *dir;
static char path[256];

static int make_path(void **state)
{
    dir = make_folder();
    snprintf(path, sizeof path, "%s/file", dir);
    return 0;
}

static int remove_path(void **state)
{
    remove_folder(dir);
    return 0;
}

static void write_text(const char *text, int mode)
{
    const struct mr_file_part part = {text, strlen(text)};
    struct mr_error err;

    assert_ok(mr_file_write(path, mode, &part, 1, &err), err);
}

static void expect_text(const char *text)
{
    unsigned char *data = NULL;
    struct mr_error err;
    size_t n;

    assert_ok(mr_file_read(path, 100, &data, &n, &err), err);
    assert_int_equal(n, strlen(text));
    assert_string_equal((const char *)data, text); /* it has its zero, too */
    free(data);
}

static int count_entries(void)
{
    DIR *d = opendir(dir);
    int n = -2; /* . and .. */

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void reads_back_what_it_wrote(void **state)
{
    const struct mr_file_part parts[3] = {{"ab", 2}, {"", 0}, {"c\0d", 3}};
    unsigned char *data = NULL;
    struct mr_error err;
    struct stat st;
    size_t n;

    assert_ok(mr_file_write(path, 0600, parts, 3, &err), err);
    assert_ok(mr_file_read(path, 5, &data, &n, &err), err);
    assert_int_equal(n, 5);
    assert_memory_equal(data, "abc\0d", 6);
    free(data);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    write_text("", 0600);
    expect_text("");
}

static void syncs_the_file_and_its_folder(void **state)
{
    n_file_syncs = n_folder_syncs = 0;
    write_text("x", 0600);
    assert_int_equal(n_file_syncs, 1);
    assert_int_equal(n_folder_syncs, 1);
}

static void replaces_whole_and_leaves_nothing_behind(void **state)
{
    write_text("a long first version", 0600);
    write_text("second", 0600);
    expect_text("second");
    assert_int_equal(count_entries(), 1);
}

static void leaves_the_old_file_if_writing_fails(void **state)
{
    const struct mr_file_part part = {"new", 3};
    struct mr_error err;
    int st;

    write_text("old", 0600);
    fails_to_sync = true;
    st = mr_file_write(path, 0600, &part, 1, &err);
    fails_to_sync = false;
    assert_int_equal(st, MR_E_IO);
    assert_non_null(strstr(err.message, "/file"));
    expect_text("old");
    assert_int_equal(count_entries(), 1);
    snprintf(path, sizeof path, "%s/no/such/folder", dir);
    assert_int_equal(mr_file_write(path, 0600, &part, 1, &err), MR_E_IO);
}

static void refuses_what_is_no_file_or_too_big(void **state)
{
    unsigned char *data = NULL;
    struct mr_error err;
    size_t n = 7;

    write_text("12345", 0600);
    assert_int_equal(mr_file_read(path, 4, &data, &n, &err), MR_E_LIMIT);
    assert_int_equal(mr_file_read(dir, 4, &data, &n, &err), MR_E_UNSUPPORTED);
    snprintf(path, sizeof path, "%s/fifo", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(mr_file_read(path, 4, &data, &n, &err), MR_E_UNSUPPORTED); /* at once */
    assert_int_equal(mr_file_read("/dev/zero", 4, &data, &n, &err), MR_E_UNSUPPORTED);
    snprintf(path, sizeof path, "%s/absent", dir);
    assert_int_equal(mr_file_read(path, 4, &data, &n, &err), MR_E_IO);
    assert_null(data);
    assert_int_equal(n, 7);
}

static void makes_folders_with_their_parents(void **state)
{
    struct mr_error err;
    char *deep = mr_path_join(dir, "a/b/c");

    assert_ok(mr_dir_make(deep, 0700, &err), err);
    assert_true(mr_path_is_dir(deep));
    assert_ok(mr_dir_make(deep, 0700, &err), err);
    free(deep);
    write_text("", 0600);
    assert_true(mr_path_exists(path));
    assert_false(mr_path_is_dir(path));
    assert_int_equal(mr_dir_make(path, 0700, &err), MR_E_IO);
    deep = mr_path_join(path, "below");
    assert_int_equal(mr_dir_make(deep, 0700, &err), MR_E_IO);
    assert_false(mr_path_exists(deep));
    free(deep);
}

static void joins_and_splits_paths(void **state)
{
    char *a = mr_path_join("x", "y"), *b = mr_path_join("x/", "y"), *c = mr_path_join("", "y");

    assert_string_equal(a, "x/y");
    assert_string_equal(b, "x/y");
    assert_string_equal(c, "/y");
    assert_string_equal(mr_path_base(a), "y");
    assert_string_equal(mr_path_base("y"), "y");
    assert_string_equal(mr_path_base("x/"), "");
    assert_false(mr_path_is_network("/proc"));
    free(a);
    free(b);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_back_what_it_wrote, make_path, remove_path),
        cmocka_unit_test_setup_teardown(syncs_the_file_and_its_folder, make_path, remove_path),
        cmocka_unit_test_setup_teardown(replaces_whole_and_leaves_nothing_behind, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(leaves_the_old_file_if_writing_fails, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(refuses_what_is_no_file_or_too_big, make_path, remove_path),
        cmocka_unit_test_setup_teardown(makes_folders_with_their_parents, make_path, remove_path),
        cmocka_unit_test(joins_and_splits_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
