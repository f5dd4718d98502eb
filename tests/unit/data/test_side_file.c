/* SPDX-License-Identifier: MIT */
#include "project.h"

#include "listing.h"
#include "side_file.h"

static char split[300];

/* Two classes of four in the data folder, and a split file beside it. */
static int set_up_split(void **state)
{
    set_up(state);
    snprintf(split, sizeof split, "%s/split.tsv", home);
    write_class("a", 4);
    write_class("b", 4);
    return 0;
}

static void write_split(const char *text)
{
    struct mr_file_part part = {text, strlen(text)};

    assert_ok(mr_file_write(split, 0600, &part, 1, &err), err);
}

static enum mr_status apply(struct mr_listing *listing)
{
    assert_ok(mr_listing_load(listing, data, NULL, &err), err);
    err.message[0] = '\0';
    return mr_side_file_apply(listing, data, split, &err);
}

/* sides: a letter for each of a/0.jpg ... b/3.jpg */
static void assert_sides(const char *text, const char *sides)
{
    struct mr_listing listing;

    write_split(text);
    assert_ok(apply(&listing), err);
    assert_int_equal(listing.n, 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal("tvs"[listing.files[i].side], sides[i]);
    mr_listing_finish(&listing);
}

static void assert_wrong(const char *text, const char *sentence)
{
    struct mr_listing listing;

    write_split(text);
    assert_int_equal(apply(&listing), MR_E_USAGE);
    if (!strstr(err.message, sentence))
        fail_msg("'%s' is not in: %s", sentence, err.message);
    assert_non_null(strstr(err.message, split));
    mr_listing_finish(&listing);
}

#define REST_OF_TABS "test\t5\ta/3.jpg\ntrain\t1\tb/0.jpg\ntrain\t6\tb/1.jpg\nVal\t7\tb/2.jpg\n"

static void reads_sides_before_paths_and_paths_before_sides(void **state)
{
    assert_sides("# split\tgroup\tfile; 80/20 by group\n"
                 "train\t0\ta/0.jpg\nval\t0\ta/1.jpg\ntrain\t2\ta/2.jpg\n" REST_OF_TABS
                 "valid\t8\tb/3.jpg",
                 "tvtsttvv");
    assert_sides("path,class,side\r\n\r\na/0.jpg,a,train\r\n\"a/1.jpg\",a,validation\r\n"
                 "a/2.jpg,a,\"train\"\r\na/3.jpg,a,test\r\nb/0.jpg,\"b, or \"\"B\"\"\",train\r\n"
                 "b/1.jpg,,train\r\nb/2.jpg,,valid\r\nb/3.jpg,,valid\r\n",
                 "tvtsttvv");
}

static void takes_commas_and_quotes_in_paths_where_they_are_quoted(void **state)
{
    move("a/0.jpg", "a/0, \"x\".jpg");
    assert_sides("\"a/0, \"\"x\"\".jpg\",train\na/1.jpg,valid\n"
                 "train\t2\ta/2.jpg\n" REST_OF_TABS "valid\t8\tb/3.jpg",
                 "tvtsttvv");
}

static void says_how_many_files_are_not_named_and_how_many_names_are_not_there(void **state)
{
    assert_wrong("train\t0\ta/0.jpg\nval\t0\ta/1.jpg\n" REST_OF_TABS,
                 "2 of its 8 files are not named there, such as 'a/2.jpg'");
    assert_wrong("train\t0\ta/0.jpg\nval\t0\ta/1.jpg\ntrain\t0\ta/2.jpg\ntrain\t0\ta/9.jpg\n"
                 "val\t8\tb/3.jpg\n" REST_OF_TABS,
                 "1 of the 9 names there are no files of it, such as 'a/9.jpg'");
    assert_wrong("val\tx/a/0.jpg\ntrain\tx/a/1.jpg\n",
                 "8 of its 8 files are not named there, such as 'a/0.jpg', and 2 of the 2 names "
                 "there are no files of it, such as 'x/a/0.jpg'");
}

static void refuses_what_it_cannot_read_or_train_on(void **state)
{
    struct mr_listing listing;

    assert_wrong("a/0.jpg,train\na/1.jpg,trian\n", "line 2 does not begin or end with a side");
    assert_wrong("a/0.jpg,train\ntrain\n", "line 2 does not begin or end with a side");
    assert_wrong("a/0.jpg,train\na/0.jpg,valid\n", "names 'a/0.jpg' twice");
    assert_wrong("train\t0\ta/0.jpg\ntrain\t0\ta/1.jpg\ntrain\t0\ta/2.jpg\ntrain\t0\ta/3.jpg\n"
                 "train\tb/0.jpg\ntrain\tb/1.jpg\ntest\tb/2.jpg\ntest\tb/3.jpg\n",
                 "no image would be left to validate with");
    unlink(split);
    assert_int_equal(apply(&listing), MR_E_IO);
    assert_non_null(strstr(err.message, split));
    mr_listing_finish(&listing);
}

static void refuses_a_class_without_a_file_to_train_on(void **state)
{
    struct mr_listing listing;

    write_split("val\ta/0.jpg\nval\ta/1.jpg\ntest\ta/2.jpg\nval\ta/3.jpg\n"
                "train\tb/0.jpg\ntrain\tb/1.jpg\nval\tb/2.jpg\nval\tb/3.jpg\n");
    assert_int_equal(apply(&listing), MR_E_USAGE);
    assert_non_null(strstr(err.message, "'a' has no files to train on"));
    mr_listing_finish(&listing);
}

#define WHOLE                                                      \
    "train\ta/0.jpg\nval\ta/1.jpg\ntest\ta/2.jpg\ntest\ta/3.jpg\n" \
    "train\tb/0.jpg\ntrain\tb/1.jpg\nval\tb/2.jpg\nval\tb/3.jpg\n"

static void the_scan_gives_the_sides_of_the_file_and_keeps_them_without_it(void **state)
{
    char *kept = NULL;

    write_split(WHOLE);
    options.split_file = split;
    scan();
    assert_int_equal(find_row("a/1.jpg")->side, MR_SIDE_VALID);
    assert_int_equal(find_row("a/3.jpg")->side, MR_SIDE_TEST);
    assert_ok(mr_store_get_meta(store, "split_file", &kept, &err), err);
    assert_string_equal(kept, split);
    free(kept);
    unlink(split);
    options.split_file = NULL;
    move("a/1.jpg", "a/renamed.jpg");
    scan();
    assert_int_equal(find_row("a/renamed.jpg")->side, MR_SIDE_VALID);
    assert_int_equal(find_row("b/0.jpg")->side, MR_SIDE_TRAIN);
}

static void a_file_is_stronger_than_folders(void **state)
{
    move("a", "old");
    move("b", "older");
    write_class("train/a", 2);
    write_class("valid/a", 2);
    write_class("train/b", 2);
    write_class("valid/b", 2);
    write_split(
        "val,train/a/0.jpg\ntest,train/a/1.jpg\ntrain,valid/a/0.jpg\ntrain,valid/a/1.jpg\n"
        "val,train/b/0.jpg\ntest,train/b/1.jpg\ntrain,valid/b/0.jpg\ntrain,valid/b/1.jpg\n");
    options.split_file = split;
    scan();
    assert_int_equal(find_row("train/a/0.jpg")->side, MR_SIDE_VALID);
    options.split_file = NULL;
    scan();
    assert_int_equal(find_row("train/a/0.jpg")->side, MR_SIDE_VALID);
    assert_int_equal(find_row("valid/b/1.jpg")->side, MR_SIDE_TRAIN);
}

static void a_new_image_needs_its_line(void **state)
{
    write_split(WHOLE);
    options.split_file = split;
    scan();
    write_file("b/new.jpg", "new");
    assert_refused(MR_E_USAGE, "1 of its 9 files are not named there, such as 'b/new.jpg'");
    options.split_file = NULL;
    assert_refused(MR_E_USAGE, "1 new files are not named there, such as 'b/new.jpg'");
    write_split(WHOLE "val\tb/new.jpg");
    options.split_file = split;
    scan();
    assert_int_equal(find_row("b/new.jpg")->side, MR_SIDE_VALID);
}

static void another_split_than_the_projects_is_refused(void **state)
{
    write_split(WHOLE);
    options.split_file = split;
    scan();
    write_split("val\ta/0.jpg\ntrain\ta/1.jpg\ntest\ta/2.jpg\ntest\ta/3.jpg\n"
                "train\tb/0.jpg\ntrain\tb/1.jpg\nval\tb/2.jpg\nval\tb/3.jpg\n");
    assert_refused(MR_E_USAGE, "the project has 2 images on another side, such as 'a/0.jpg'");
    options.split_file = "";
    assert_refused(MR_E_USAGE, "the split file ''");
}

static void a_project_split_by_chance_takes_no_file(void **state)
{
    scan();
    write_split(WHOLE);
    options.split_file = split;
    assert_refused(MR_E_USAGE, "the project was split without one");
}

/* The format and the names of the reference splits; their data is not looked at. */
static void reads_the_reference_splits(void **state)
{
    struct mr_listing listing = {0};

    shared_or_skip(split, "reference/split_brain-mri.tsv");
    assert_int_equal(mr_side_file_apply(&listing, data, split, &err), MR_E_USAGE);
    assert_non_null(
        strstr(err.message, "2838 of the 2838 names there are no files of it, such as 'glioma-"));
}

#define SPLIT_CASE(f) cmocka_unit_test_setup_teardown(f, set_up_split, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPLIT_CASE(reads_sides_before_paths_and_paths_before_sides),
        SPLIT_CASE(takes_commas_and_quotes_in_paths_where_they_are_quoted),
        SPLIT_CASE(says_how_many_files_are_not_named_and_how_many_names_are_not_there),
        SPLIT_CASE(refuses_what_it_cannot_read_or_train_on),
        SPLIT_CASE(refuses_a_class_without_a_file_to_train_on),
        SPLIT_CASE(the_scan_gives_the_sides_of_the_file_and_keeps_them_without_it),
        SPLIT_CASE(a_file_is_stronger_than_folders),
        SPLIT_CASE(a_new_image_needs_its_line),
        SPLIT_CASE(another_split_than_the_projects_is_refused),
        SPLIT_CASE(a_project_split_by_chance_takes_no_file),
        SPLIT_CASE(reads_the_reference_splits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
