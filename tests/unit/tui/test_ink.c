/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <locale.h>

#include "ink.h"

static void text_is_broken_behind_blanks_and_slashes(void **state)
{
    static const struct {
        const char *text;
        int cols, n_lines;
    } cases[] = {
        {"", 10, 0},
        {"a.jpg", 10, 1},
        {"0123456789", 10, 1},
        {"01234567890", 10, 2},
        {"esophagitis/ae71db30.jpg", 21, 2},
        {"012345/012345/012345", 10, 3}, /* not 2: names stay whole */
        {"a/0123456789", 10, 2},         /* a slash in the first half is not worth a line */
        {"äöüäöüäöüä", 10, 1},           /* columns, not bytes */
        {"漢字漢字漢字", 5, 3},          /* two columns each: no half of one */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(mr_ink_n_lines(cases[i].text, cases[i].cols), cases[i].n_lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_broken_behind_blanks_and_slashes),
    };

    setlocale(LC_ALL, "C.UTF-8"); /* how wide a character is */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
