/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <locale.h>

#include <misread/base/str.h>

#include "names.h"

static char *kvasir[] = {
    "dyed-lifted-polyps", "dyed-resection-margins", "esophagitis", "normal-cecum",
    "normal-pylorus",     "normal-z-line",          "polyps",      "ulcerative-colitis",
};

static struct mr_names make_names(void)
{
    struct mr_names names;

    mr_names_init(&names, kvasir, 8);
    return names;
}

static void shortens_by_words_that_say_nothing(void **state)
{
    static const struct {
        int class_id, cols;
        const char *text;
    } cases[] = {
        {5, 20, "normal-z-line"}, {5, 12, "z-line"}, {5, 6, "z-line"}, {5, 5, "z-lin"},
        {0, 17, "lifted-polyps"}, {0, 12, "lifted"}, {0, 4, "lift"},   {1, 12, "resection"},
        {7, 10, "ulcerative"},    {7, 6, "ulcera"},  {6, 6, "polyps"}, {2, 7, "esophag"},
    };
    struct mr_names names = make_names();
    char text[64];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mr_names_short(&names, cases[i].class_id, cases[i].cols, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
    mr_names_finish(&names);
}

static void short_names_still_tell_classes_apart(void **state)
{
    struct mr_names names = make_names();

    for (int cols = 4; cols <= 24; cols++) {
        char text[8][64];

        for (int i = 0; i < 8; i++) {
            mr_names_short(&names, i, cols, text[i], sizeof text[i]);
            assert_true(mr_text_cols(text[i]) <= cols);
            for (int j = 0; j < i; j++)
                assert_string_not_equal(text[i], text[j]);
        }
    }
    mr_names_finish(&names);
}

static void keeps_a_first_word_that_tells_classes_apart(void **state)
{
    char *classes[] = {"grade-a", "stage-a", "grade-b"};
    struct mr_names names;
    char grade[64], stage[64];

    /* without it, grade-a would be the same as stage-a without it */
    mr_names_init(&names, classes, 3);
    mr_names_short(&names, 0, 6, grade, sizeof grade);
    mr_names_short(&names, 1, 6, stage, sizeof stage);
    assert_memory_equal(grade, "grade", 5);
    assert_memory_equal(stage, "stage", 5);
    mr_names_finish(&names);
}

static void two_names_share_what_there_is(void **state)
{
    struct mr_names names = make_names();
    char a[64], b[64];

    mr_names_pair(&names, 1, 6, 23, a, b, sizeof a); /* polyps leaves 17 */
    assert_string_equal(a, "resection-margins");
    assert_string_equal(b, "polyps");
    mr_names_pair(&names, 6, 1, 28, a, b, sizeof a);
    assert_string_equal(a, "polyps");
    assert_string_equal(b, "dyed-resection-margins");
    mr_names_finish(&names);
}

static void completes_what_is_the_name_of_one_class(void **state)
{
    struct mr_names names = make_names();

    assert_int_equal(mr_names_complete(&names, "eso"), 2);
    assert_int_equal(mr_names_complete(&names, "Z-LINE"), 5);
    assert_int_equal(mr_names_complete(&names, "dyed"), -1);  /* two begin so */
    assert_int_equal(mr_names_complete(&names, "polyps"), 6); /* a whole name wins */
    assert_int_equal(mr_names_complete(&names, "xyz"), -1);
    assert_int_equal(mr_names_complete(&names, ""), -1);
    mr_names_finish(&names);
}

static void names_from_outside_are_made_safe(void **state)
{
    char *classes[] = {"\033[2Jboom", "\xff\xfe", ""};
    struct mr_names names;

    mr_names_init(&names, classes, 3);
    assert_null(strchr(mr_names_full(&names, 0), '\033'));
    assert_string_equal(mr_names_full(&names, 1), "\\xFF\\xFE");
    assert_string_equal(mr_names_full(&names, 2), "(no name)");
    assert_string_equal(mr_names_full(&names, 3), "(unknown)");
    assert_string_equal(mr_names_full(&names, -1), "(unknown)");
    mr_names_finish(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shortens_by_words_that_say_nothing),
        cmocka_unit_test(short_names_still_tell_classes_apart),
        cmocka_unit_test(keeps_a_first_word_that_tells_classes_apart),
        cmocka_unit_test(two_names_share_what_there_is),
        cmocka_unit_test(completes_what_is_the_name_of_one_class),
        cmocka_unit_test(names_from_outside_are_made_safe),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
