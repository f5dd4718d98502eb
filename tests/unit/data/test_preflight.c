/* SPDX-License-Identifier: MIT */
#include "project.h"

#include <misread/base/sandbox.h>
#include <misread/data/preflight.h>
#include <misread/image/decode.h>

static struct mr_sandbox *sandbox;

static void write_picture(const char *name)
{
    static const char pixels[] = "P6 2 2 255\n............";

    write_file(name, pixels);
}

static void write_pictures(const char *class, int n)
{
    for (int i = 0; i < n; i++) {
        char name[64];

        snprintf(name, sizeof name, "%s/%d.ppm", class, i);
        write_picture(name);
    }
}

static enum mr_status check(void)
{
    err.message[0] = '\0';
    return mr_preflight_check(NULL, data, &options, sandbox, NULL, &err);
}

static void assert_grounded(enum mr_status status, const char *text)
{
    assert_int_equal(check(), status);
    if (!strstr(err.message, text))
        fail_msg("'%s' is not in: %s", text, err.message);
}

static void passes_what_can_be_trained_on_although_some_cannot_be_read(void **state)
{
    write_class("a", 8); /* text */
    write_pictures("b", 8);
    assert_ok(check(), err);
    options.group_re = "/(\\d)";
    assert_ok(check(), err);
}

static void refuses_what_mr_scan_would(void **state)
{
    write_pictures("a", 4);
    assert_grounded(MR_E_USAGE, "one class folder");
    write_pictures("b", 4);
    options.group_re = "(";
    assert_grounded(MR_E_USAGE, "regular expression '('");
    options.group_re = "patient";
    assert_grounded(MR_E_USAGE, "matches none of the 8 paths");
}

static void refuses_settings_other_than_the_projects(void **state)
{
    write_pictures("a", 4);
    write_pictures("b", 4);
    scan();
    assert_ok(mr_preflight_check(store, data, &options, sandbox, NULL, &err), err);
    options.split_seed++;
    assert_int_equal(mr_preflight_check(store, data, &options, sandbox, NULL, &err), MR_E_USAGE);
}

static void refuses_a_split_that_leaves_nothing_to_validate_with(void **state)
{
    write_pictures("a", 1);
    write_pictures("b", 1);
    assert_grounded(MR_E_USAGE, "no class has two");
    write_pictures("a", 4);
    write_pictures("b", 4);
    assert_ok(check(), err);
    options.group_re = "ppm";
    assert_grounded(MR_E_USAGE, "too many are of one group");
}

static void refuses_a_side_of_which_nothing_can_be_read(void **state)
{
    write_class("train/a", 3);
    write_class("train/b", 3);
    write_pictures("valid/a", 1);
    write_pictures("valid/b", 1);
    assert_grounded(MR_E_FORMAT, "of 6 images to train on 0 can be read, and it takes 2; cannot");
    write_pictures("train/a", 3);
    assert_ok(check(), err);
    write_file("valid/a/0.ppm", "no picture");
    write_file("valid/b/0.ppm", "no picture");
    assert_grounded(MR_E_FORMAT, "of 2 images to validate with 0 can be read");
}

static void refuses_a_split_file_that_does_not_fit(void **state)
{
    char split[300];
    FILE *f;

    snprintf(split, sizeof split, "%s/split.csv", home);
    f = fopen(split, "w");
    assert_true(fputs("a/0.ppm,train\na/1.ppm,train\nb/0.ppm,train\nb/1.ppm,valid\n", f) > 0);
    fclose(f);
    write_pictures("a", 2);
    write_pictures("b", 3);
    options.split_file = split;
    assert_grounded(MR_E_USAGE, "1 of its 5 files are not named there, such as 'b/2.ppm'");
    erase("b/2.ppm");
    assert_ok(check(), err);
    options.split_file = NULL;
    scan();
    options.split_file = split;
    assert_int_equal(mr_preflight_check(store, data, &options, sandbox, NULL, &err), MR_E_USAGE);
}

static void leaves_many_unreadable_images_to_the_run(void **state)
{
    write_class("a", 200);
    write_class("b", 200);
    assert_ok(check(), err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(passes_what_can_be_trained_on_although_some_cannot_be_read),
        CASE(refuses_what_mr_scan_would),
        CASE(refuses_settings_other_than_the_projects),
        CASE(refuses_a_split_that_leaves_nothing_to_validate_with),
        CASE(refuses_a_side_of_which_nothing_can_be_read),
        CASE(refuses_a_split_file_that_does_not_fit),
        CASE(leaves_many_unreadable_images_to_the_run),
    };
    struct mr_sandbox_options sandbox_options = mr_image_sandbox_options(1);
    int failed;

    sandbox_options.in_process = true; /* what decodes does not matter here; valgrind can look on */
    if (mr_sandbox_create(&sandbox, &sandbox_options, NULL))
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    mr_sandbox_destroy(sandbox);
    return failed;
}
