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
    struct mr_settings settings = {0};

    assert_ok(mr_settings_check(NULL, data, 0, &options, &settings, &err), err);
    assert_string_equal(settings.group_re, "");
    mr_settings_finish(&settings);
    settings = (struct mr_settings){.group_re = (char *)"(x)", .split_file = (char *)""};
    assert_ok(mr_settings_save(store, data, &settings, &options, &err), err);
    assert_ok(mr_settings_check(store, data, 8, &options, &settings, &err), err);
    assert_string_equal(settings.group_re, "(x)");
    mr_settings_finish(&settings);
    options.group_re = "(y)";
    assert_int_equal(mr_settings_check(store, data, 8, &options, &settings, &err), MR_E_USAGE);
    assert_ok(mr_settings_check(store, data, 0, &options, &settings, &err), err);
    assert_string_equal(settings.group_re, "(y)");
    mr_settings_finish(&settings);
}

static void the_test_share_is_the_projects_unless_it_is_asked_for(void **state)
{
    write_class("a", 30);
    write_class("b", 30);
    options.test_fraction = 1.0 / 3;
    scan();
    scan();
    options.test_fraction = .3;
    assert_refused(MR_E_USAGE, "test share '0.3'");
    options.test_fraction = 0;
    assert_refused(MR_E_USAGE, "test share '0'");
    options.test_fraction = -1;
    write_class("c", 30);
    scan();
    for (int i = 0, n = 0; i < table->n; i++) {
        n += table->rows[i].side == MR_SIDE_TEST;
        if (i == table->n - 1)
            assert_int_equal(n, 30);
    }
}

static void a_project_of_before_test_shares_has_none(void **state)
{
    struct mr_settings settings = {0};

    assert_ok(mr_store_set_meta(store, "valid_fraction", "0.2", &err), err);
    options.test_fraction = -1;
    assert_ok(mr_settings_check(store, data, 8, &options, &settings, &err), err);
    assert_true(settings.test_fraction == 0);
    mr_settings_finish(&settings);
    options.test_fraction = .1;
    assert_int_equal(mr_settings_check(store, data, 8, &options, &settings, &err), MR_E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(gives_what_the_project_was_split_with_and_nothing_before),
        CASE(takes_the_given_group_expression_or_the_projects),
        CASE(the_test_share_is_the_projects_unless_it_is_asked_for),
        CASE(a_project_of_before_test_shares_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
