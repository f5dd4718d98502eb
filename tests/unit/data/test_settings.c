/* SPDX-License-Identifier: MIT */
#include "project.h"

#include <misread/data/settings.h>

static void gives_what_the_project_was_split_with_and_nothing_before(void **state)
{
    uint64_t seed = 7;
    double fraction = .5;

    assert_ok(mr_settings_load(store, &seed, &fraction, &err), err);
    assert_int_equal(seed, 7);
    assert_true(fraction == .5);
    options.valid_fraction = .3;
    write_class("a", 4);
    write_class("b", 4);
    scan();
    assert_ok(mr_settings_load(store, &seed, &fraction, &err), err);
    assert_int_equal(seed, 42);
    assert_true(fraction == .3);
}

static void takes_the_given_group_expression_or_the_projects(void **state)
{
    char *group_re = NULL;

    assert_ok(mr_settings_check(NULL, data, 0, &options, &group_re, &err), err);
    assert_string_equal(group_re, "");
    free(group_re);
    assert_ok(mr_settings_save(store, data, "(x)", &options, &err), err);
    assert_ok(mr_settings_check(store, data, 8, &options, &group_re, &err), err);
    assert_string_equal(group_re, "(x)");
    free(group_re);
    options.group_re = "(y)";
    assert_int_equal(mr_settings_check(store, data, 8, &options, &group_re, &err), MR_E_USAGE);
    assert_ok(mr_settings_check(store, data, 0, &options, &group_re, &err), err);
    assert_string_equal(group_re, "(y)");
    free(group_re);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(gives_what_the_project_was_split_with_and_nothing_before),
        CASE(takes_the_given_group_expression_or_the_projects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
