/* SPDX-License-Identifier: MIT */
#include "support.h"

#include "desk.h"

/* One's own decisions are numbered 1, 2 ...; undone as the store resolves it. */
#define MINE(number, k, t, gone)                                                        \
    {                                                                                   \
        .id = number, .image = 7, .kind = MR_DECISION_##k, .target = t, .undone = gone, \
        .reader = "me"                                                                  \
    }

static void undo_takes_the_last_that_stands(void **state)
{
    const struct mr_decision decisions[] = {MINE(1, FLAG, 0, false), MINE(2, RELABEL, 0, true),
                                            MINE(3, UNDO, 2, false)};

    assert_int_equal(mr_desk_find_undo(decisions, 3, "me"), 0);
    assert_int_equal(mr_desk_find_redo(decisions, 3, "me"), 1);
}

static void redo_ends_with_a_new_decision(void **state)
{
    const struct mr_decision decisions[] = {MINE(1, FLAG, 0, true), MINE(2, UNDO, 1, false),
                                            MINE(3, NOTE, 0, false)};

    assert_int_equal(mr_desk_find_redo(decisions, 3, "me"), -1);
    assert_int_equal(mr_desk_find_undo(decisions, 3, "me"), 2);
}

static void redo_goes_forward_in_the_order_of_the_undos(void **state)
{
    /* a and b made, b and a undone, a redone: next is b */
    const struct mr_decision decisions[] = {MINE(1, FLAG, 0, false), MINE(2, EXCLUDE, 0, true),
                                            MINE(3, UNDO, 2, false), MINE(4, UNDO, 1, false),
                                            MINE(5, REDO, 1, false)};

    const struct mr_decision before[] = {MINE(1, FLAG, 0, true), MINE(2, EXCLUDE, 0, true),
                                         MINE(3, UNDO, 2, false), MINE(4, UNDO, 1, false)};

    assert_int_equal(mr_desk_find_redo(before, 4, "me"), 0);
    assert_int_equal(mr_desk_find_redo(decisions, 5, "me"), 1);
    assert_int_equal(mr_desk_find_undo(decisions, 5, "me"), 0);
}

static void others_decisions_are_left_alone(void **state)
{
    struct mr_decision decisions[] = {MINE(1, FLAG, 0, false), MINE(2, RELABEL, 0, false)};

    strcpy(decisions[1].reader, "you");
    assert_int_equal(mr_desk_find_undo(decisions, 2, "me"), 0);
    assert_int_equal(mr_desk_find_undo(decisions, 2, "you"), 1);
    assert_int_equal(mr_desk_find_undo(decisions, 2, "nobody"), -1);
    assert_int_equal(mr_desk_find_redo(decisions, 2, "me"), -1);
}

static void marks_are_shown_in_one_order_with_a_dot_while_pending(void **state)
{
    struct mr_marks marks = {.state = {.is_flagged = true, .label = 3, .is_excluded = true}};
    char text[64];

    mr_desk_marks_text(&marks, text, sizeof text);
    assert_string_equal(text, "⚑✎×");
    marks = (struct mr_marks){.state = {.label = -1, .is_ambiguous = true}, .is_pending = true};
    mr_desk_marks_text(&marks, text, sizeof text);
    assert_string_equal(text, "≈·");
    marks = (struct mr_marks){.state = {.label = -1}};
    mr_desk_marks_text(&marks, text, sizeof text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undo_takes_the_last_that_stands),
        cmocka_unit_test(redo_ends_with_a_new_decision),
        cmocka_unit_test(redo_goes_forward_in_the_order_of_the_undos),
        cmocka_unit_test(others_decisions_are_left_alone),
        cmocka_unit_test(marks_are_shown_in_one_order_with_a_dot_while_pending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
