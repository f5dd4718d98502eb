/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <locale.h>

#include <misread/base/str.h>

static void grows_and_stays_terminated(void **state)
{
    struct mr_str str = MR_STR_EMPTY;
    char right[1300] = "";

    for (int i = 0; i < 200; i++) {
        mr_str_addf(&str, "%d,", i);
        sprintf(right + strlen(right), "%d,", i);
        assert_int_equal(str.n, strlen(str.text));
    }
    mr_str_add(&str, "end");
    mr_str_add_n(&str, "!xx", 1);
    strcat(right, "end!");
    assert_string_equal(str.text, right);
    mr_str_clear(&str);
    assert_string_equal(str.text, "");
    assert_int_equal(str.n, 0);
    mr_str_add(&str, "a");
    assert_string_equal(str.text, "a");
    mr_str_finish(&str);
    assert_null(str.text);
}

static void copies_and_says_if_it_had_to_cut(void **state)
{
    char out[5] = "xxxx";

    assert_true(mr_str_copy(out, sizeof out, "four"));
    assert_string_equal(out, "four");
    assert_false(mr_str_copy(out, sizeof out, "fives"));
    assert_string_equal(out, "five");
    assert_false(mr_str_copy(out, 1, "a"));
    assert_string_equal(out, "");
    assert_false(mr_str_copy(out, 0, ""));
}

static void makes_text_from_outside_safe(void **state)
{
    static const struct {
        const char *text, *right;
    } cases[] = {
        {"plain", "plain"},
        {"\x1b]52;c;x\x07"
         "a\nb",
         "]52;c;xab"}, /* C0 dropped */
        {"a\x7f"
         "b\xc2\x9b"
         "31mc",
         "ab31mc"}, /* DEL, C1 as UTF-8 */
        {"a\x9b"
         "c",
         "a\\x9Bc"},                                  /* C1 as a byte is no UTF-8 */
        {"\xff\xc0\xaf", "\\xFF\\xC0\\xAF"},          /* overlong */
        {"\xed\xa0\x80", "\\xED\\xA0\\x80"},          /* surrogate */
        {"\xf5\x80\x80\x80", "\\xF5\\x80\\x80\\x80"}, /* over U+10FFFF */
        {"ab\xe2\x82", "ab\\xE2\\x82"},               /* cut */
        {"\xe2\x80\xaegpj.exe", "gpj.exe"},           /* right-to-left override */
        {"a\xe2\x80\x8b\xef\xbb\xbf"
         "b",
         "ab"}, /* zero width space, byte-order mark */
        {"e\xcc\x81\xcc\x82\xcc\x83\xcc\x84x", "e\xcc\x81\xcc\x82x"}, /* two marks a base */
        {"\xc3\xa9\xe4\xb8\xad", "\xc3\xa9\xe4\xb8\xad"}, /* e acute, a wide character */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64];

        assert_int_equal(mr_safe_text(out, sizeof out, cases[i].text, 0, MR_ELIDE_END),
                         mr_text_cols(cases[i].right));
        assert_string_equal(out, cases[i].right);
    }
}

static void shortens_to_columns(void **state)
{
    static const struct {
        const char *text;
        int cols;
        enum mr_elide elide;
        const char *right;
    } cases[] = {
        {"abcdefghij", 10, MR_ELIDE_END, "abcdefghij"},
        {"abcdefghij", 9, MR_ELIDE_END, "abcdefgh…"},
        {"abcdefghij", 9, MR_ELIDE_MIDDLE, "abcd…ghij"},
        {"abcdefghij", 4, MR_ELIDE_MIDDLE, "ab…j"},
        {"abcdefghij", 1, MR_ELIDE_MIDDLE, "…"},
        {"中中中中", 5, MR_ELIDE_END, "中中…"},
        {"中中中中", 4, MR_ELIDE_END, "中…"}, /* half a character is not shown */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64];
        int cols = mr_safe_text(out, sizeof out, cases[i].text, cases[i].cols, cases[i].elide);

        assert_string_equal(out, cases[i].right);
        assert_true(cols <= cases[i].cols);
        assert_int_equal(cols, mr_text_cols(out));
    }
}

static void never_writes_behind_the_end(void **state)
{
    char out[8];

    memset(out, '#', sizeof out);
    mr_safe_text(out, 4, "ab中", 0, MR_ELIDE_END);
    assert_string_equal(out, "ab"); /* whole characters */
    assert_int_equal(out[4], '#');
    assert_int_equal(mr_safe_text(out, 0, "ab", 0, MR_ELIDE_END), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_stays_terminated),
        cmocka_unit_test(copies_and_says_if_it_had_to_cut),
        cmocka_unit_test(makes_text_from_outside_safe),
        cmocka_unit_test(shortens_to_columns),
        cmocka_unit_test(never_writes_behind_the_end),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
