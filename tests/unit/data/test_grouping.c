/* SPDX-License-Identifier: MIT */
#include "grouping.h"

#include "support.h"

static void groups_by_group_1_or_else_by_the_whole_match(void **state)
{
    struct mr_grouping g;
    struct mr_error err;

    assert_ok(mr_grouping_init(&g, "patient-(\\d+)", &err), err);
    assert_string_equal(mr_grouping_of(&g, "a/patient-12.jpg"), "12");
    assert_string_equal(mr_grouping_of(&g, "a/other.jpg"), "");
    assert_int_equal(g.n_paths, 2);
    assert_int_equal(g.n_matches, 1);
    assert_ok(mr_grouping_check(&g, &err), err);
    mr_grouping_finish(&g);
    assert_ok(mr_grouping_init(&g, "patient-\\d+", &err), err);
    assert_string_equal(mr_grouping_of(&g, "a/patient-12.jpg"), "patient-12");
    mr_grouping_finish(&g);
}

static void refuses_what_is_malformed_or_matches_nothing(void **state)
{
    struct mr_grouping g;
    struct mr_error err;

    assert_int_equal(mr_grouping_init(&g, "(", &err), MR_E_USAGE);
    mr_grouping_finish(&g);
    assert_ok(mr_grouping_init(&g, "x", &err), err);
    assert_string_equal(mr_grouping_of(&g, "a/0.jpg"), "");
    assert_int_equal(mr_grouping_check(&g, &err), MR_E_USAGE);
    assert_non_null(strstr(err.message, "none of the 1 paths, such as 'a/0.jpg'"));
    mr_grouping_finish(&g);
    assert_ok(mr_grouping_init(&g, "", &err), err);
    assert_string_equal(mr_grouping_of(&g, "a/0.jpg"), "");
    assert_ok(mr_grouping_check(&g, &err), err); /* none is asked for */
    mr_grouping_finish(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_by_group_1_or_else_by_the_whole_match),
        cmocka_unit_test(refuses_what_is_malformed_or_matches_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
