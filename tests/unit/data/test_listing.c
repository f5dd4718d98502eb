/* SPDX-License-Identifier: MIT */
/* What a scan finds in a folder; through mr_scan, as everybody meets it. */
#include "project.h"

#include <fcntl.h>

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
    assert_refused(MR_E_USAGE, "'c' has no files to train on");
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
        CASE(refuses_what_is_no_data_folder),
        CASE(names_a_class_without_files),
        CASE(names_a_class_without_files_for_training),
        CASE(does_not_take_a_folder_it_may_not_read_for_missing_images),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
