/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/term/term.h>

#include "line.h"

static void press(struct mr_line *line, int code)
{
    mr_line_key(line, &(struct mr_key){.code = code});
}

static void type(struct mr_line *line, const char *ascii)
{
    for (; *ascii; ascii++)
        press(line, *ascii);
}

static void letters_go_where_the_cursor_is(void **state)
{
    struct mr_line line = {.cursor = 0};

    type(&line, "ac");
    press(&line, MR_KEY_LEFT);
    type(&line, "b");
    assert_string_equal(line.text, "abc");
    press(&line, MR_KEY_HOME);
    type(&line, "x");
    press(&line, MR_KEY_END);
    type(&line, "y");
    assert_string_equal(line.text, "xabcy");
}

static void characters_of_several_bytes_move_and_vanish_whole(void **state)
{
    struct mr_line line = {.cursor = 0};

    press(&line, 0xd6);    /* Ö */
    press(&line, 0x20ac);  /* € */
    press(&line, 0x1f600); /* outside the basic plane */
    assert_string_equal(line.text, "Ö€\xf0\x9f\x98\x80");
    press(&line, 127);
    assert_string_equal(line.text, "Ö€");
    press(&line, MR_KEY_LEFT);
    press(&line, MR_KEY_LEFT);
    assert_int_equal(line.cursor, 0);
    press(&line, MR_KEY_DELETE);
    assert_string_equal(line.text, "€");
    press(&line, MR_KEY_RIGHT);
    assert_int_equal(line.cursor, 3);
}

static void nothing_happens_at_the_ends(void **state)
{
    struct mr_line line = {.cursor = 0};

    press(&line, 127);
    press(&line, MR_KEY_DELETE);
    press(&line, MR_KEY_LEFT);
    press(&line, MR_KEY_RIGHT);
    assert_string_equal(line.text, "");
    assert_int_equal(line.cursor, 0);
}

static void what_does_not_fit_is_not_taken(void **state)
{
    struct mr_line line = {.cursor = 0};

    for (int i = 0; i < 1000; i++)
        press(&line, 0x20ac);
    assert_int_equal(strlen(line.text), 255);
    press(&line, 'a');
    assert_int_equal(strlen(line.text), 255);
}

static void other_keys_are_left_alone(void **state)
{
    struct mr_line line = {.cursor = 0};
    static const int keys[] = {27, '\r', '\t', MR_KEY_UP, MR_KEY_MOUSE, 0x85};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_false(mr_line_key(&line, &(struct mr_key){.code = keys[i]}));
    assert_string_equal(line.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_go_where_the_cursor_is),
        cmocka_unit_test(characters_of_several_bytes_move_and_vanish_whole),
        cmocka_unit_test(nothing_happens_at_the_ends),
        cmocka_unit_test(what_does_not_fit_is_not_taken),
        cmocka_unit_test(other_keys_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
