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

/* "path" need not be the first column; quotes and CRLF are as RFC 4180 has them. */
static void groups_by_a_column_of_a_file(void **state)
{
    static const char text[] = "id,path,patient\r\n1,\"a/1,2.png\",p \"\"7\r\n2,b/3.png,\"p 8\"\n";
    char *dir = make_folder(), by[300], file[256];
    struct mr_error err;
    struct mr_grouping grouping;
    FILE *f;

    snprintf(file, sizeof file, "%s/table.csv", dir);
    f = fopen(file, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    snprintf(by, sizeof by, "%s:patient", file);
    assert_ok(mr_grouping_init_column(&grouping, by, &err), err);
    assert_string_equal(mr_grouping_of(&grouping, "b/3.png"), "p 8");
    assert_string_equal(mr_grouping_of(&grouping, "a/1,2.png"), "p \"\"7");
    assert_string_equal(mr_grouping_of(&grouping, "c/3.png"), "");
    assert_ok(mr_grouping_check(&grouping, &err), err);
    mr_grouping_finish(&grouping);
    snprintf(by, sizeof by, "%s:doctor", file);
    assert_int_equal(mr_grouping_init_column(&grouping, by, &err), MR_E_USAGE);
    assert_non_null(strstr(err.message, "'doctor'"));
    mr_grouping_finish(&grouping);
    assert_int_equal(mr_grouping_init_column(&grouping, "nothing.csv", &err), MR_E_USAGE);
    mr_grouping_finish(&grouping);
    assert_int_equal(mr_grouping_init_column(&grouping, "nothing.csv:a", &err), MR_E_IO);
    mr_grouping_finish(&grouping);
    assert_ok(mr_grouping_init_by(&grouping, "", "nothing.csv:a", false, &err), err);
    assert_false(mr_grouping_is_open(&grouping));
    mr_grouping_finish(&grouping);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_by_a_column_of_a_file),
        cmocka_unit_test(groups_by_group_1_or_else_by_the_whole_match),
        cmocka_unit_test(refuses_what_is_malformed_or_matches_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
