/* SPDX-License-Identifier: MIT */
#include "project.h"

#include <fcntl.h>
#include <time.h>

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
    char reason[] = "cut off";
    struct mr_image_row verdict = {.state = MR_IMAGE_UNREADABLE, .reason = reason};

    write_class("a", 3);
    write_class("b", 3);
    scan();
    verdict.id = find_row("a/0.jpg")->id;
    assert_ok(mr_images_set_states(store, &verdict, 1, &err), err);
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

static void refuses_another_seed_share_or_group_expression(void **state)
{
    write_class("a", 4);
    write_class("b", 4);
    scan();
    options.split_seed = 43;
    assert_refused(MR_E_USAGE, "'43'");
    options.split_seed = 42;
    options.valid_fraction = .3;
    assert_refused(MR_E_USAGE, "validation share '0.3': the project was split with '0.2'");
    options.valid_fraction = .2;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        CASE(refuses_another_seed_share_or_group_expression),
        CASE(is_not_bound_by_settings_under_which_no_image_was_split),
        CASE(refuses_a_group_expression_that_is_malformed_or_matches_nothing),
        CASE(writes_nothing_when_cancelled_and_tells_progress_else),
        CASE(splits_the_reference_images_by_file_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
