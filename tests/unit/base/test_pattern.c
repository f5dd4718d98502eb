/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/clock.h>
#include <misread/base/pattern.h>

static void finds_anywhere_and_gives_the_group(void **state)
{
    static const struct {
        const char *expression, *text, *group; /* group NULL: no match */
    } cases[] = {
        {"b+", "abbc", "bb"},          {"b", "ac", NULL},
        {"(\\d+)_", "img 12_3", "12"}, {"^a(b)?c", "ac", ""}, /* the group took no part */
        {"(a)(b)", "ab", "a"},         {"^/?([^/]+)/", "polyp/1.jpg", "polyp"},
        {"é", "cafés", "é"},           {"^.$", "é", "é"}, /* a character, not a byte */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_pattern *pattern;
        struct mr_error err;
        char out[16] = "untouched";
        bool found;

        assert_ok(mr_pattern_create(&pattern, cases[i].expression, &err), err);
        found = mr_pattern_find(pattern, cases[i].text, out, sizeof out);
        assert_int_equal(found, cases[i].group != NULL);
        assert_string_equal(out, cases[i].group ? cases[i].group : "untouched");
        assert_int_equal(mr_pattern_find(pattern, cases[i].text, NULL, 0), found);
        mr_pattern_destroy(pattern);
    }
}

static void cuts_the_group_at_the_room_it_has(void **state)
{
    struct mr_pattern *pattern;
    struct mr_error err;
    char out[5] = "####";

    assert_ok(mr_pattern_create(&pattern, "(.*)", &err), err);
    assert_true(mr_pattern_find(pattern, "abcdef", out, 4));
    assert_string_equal(out, "abc");
    mr_pattern_destroy(pattern);
}

static void says_where_an_expression_is_wrong(void **state)
{
    struct mr_pattern *pattern = NULL;
    struct mr_error err;

    assert_int_equal(mr_pattern_create(&pattern, "ab(c", &err), MR_E_USAGE);
    assert_null(pattern);
    assert_non_null(strstr(err.message, "'ab(c'"));
    assert_non_null(strstr(err.message, "position 5"));
    mr_pattern_destroy(NULL);
}

static void gives_up_on_a_catastrophe(void **state)
{
    struct mr_pattern *pattern;
    struct mr_error err;
    int64_t start = mr_clock_ms();

    assert_ok(mr_pattern_create(&pattern, "^(a+)+(b|\\1c)$", &err), err);
    assert_false(
        mr_pattern_find(pattern, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaad", NULL, 0));
    assert_true(mr_clock_ms() - start < 5000); /* it would take years */
    mr_pattern_destroy(pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_anywhere_and_gives_the_group),
        cmocka_unit_test(cuts_the_group_at_the_room_it_has),
        cmocka_unit_test(says_where_an_expression_is_wrong),
        cmocka_unit_test(gives_up_on_a_catastrophe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
