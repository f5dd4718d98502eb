/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/csv.h>
#include <misread/base/str.h>

/* Each field with what ends it, up to the end of the text. */
struct cut {
    const char *field;
    char end;
};

static void expect_cuts(const char *text, char separator, const struct cut *cuts, int n)
{
    char copy[128], *at = copy, *field;

    snprintf(copy, sizeof copy, "%s", text);
    for (int i = 0; i < n; i++) {
        assert_int_equal(mr_csv_cut(&at, separator, &field), cuts[i].end);
        assert_string_equal(field, cuts[i].field);
    }
    assert_int_equal(*at, '\0');
}
#define EXPECT(text, separator, ...)                                \
    expect_cuts(text, separator, (const struct cut[]){__VA_ARGS__}, \
                (int)(sizeof(struct cut[]){__VA_ARGS__} / sizeof(struct cut)))

static void cuts_fields_and_lines(void **state)
{
    EXPECT("a,bc,,d", ',', {"a", ','}, {"bc", ','}, {"", ','}, {"d", '\0'});
    EXPECT("", ',', {"", '\0'});
    EXPECT("a,b\r\nc\nd\re", ',', {"a", ','}, {"b", '\n'}, {"c", '\n'}, {"d", '\n'}, {"e", '\0'});
}

static void takes_quotes_away(void **state)
{
    EXPECT("\"a,\"\"b\"\"\n\",c", ',', {"a,\"b\"\n", ','}, {"c", '\0'});
    EXPECT("\"\",\"x\"y", ',', {"", ','}, {"xy", '\0'});
    EXPECT("\"a\"\tb,c", '\t', {"\"a\"", '\t'}, {"b,c", '\0'});
}

static void says_that_a_quote_is_open(void **state)
{
    EXPECT("a,\"b,c\n", ',', {"a", ','}, {"b,c\n", '"'});
}

static void what_it_writes_it_reads_again(void **state)
{
    static const char *const fields[] = {"plain", "with, comma", "\"quoted\"", "two\nlines", ""};
    struct mr_str line = MR_STR_EMPTY;
    char *at, *field;

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        mr_str_add(&line, i ? "," : "");
        mr_csv_add(&line, fields[i]);
    }
    assert_string_equal(line.text, "plain,\"with, comma\",\"\"\"quoted\"\"\",\"two\nlines\",");
    at = line.text;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        mr_csv_cut(&at, ',', &field);
        assert_string_equal(field, fields[i]);
    }
    mr_str_finish(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_fields_and_lines),
        cmocka_unit_test(takes_quotes_away),
        cmocka_unit_test(says_that_a_quote_is_open),
        cmocka_unit_test(what_it_writes_it_reads_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
