/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <stdbool.h>

#include <misread/base/str.h>
#include <misread/term/term.h>
#include <misread/tui/tui.h>

#include "actions.h"

static const struct mr_action *all;
static int n_all;

static int setup(void **state)
{
    all = mr_actions_all(&n_all);
    return n_all == MR_N_ACTS - 1 ? 0 : -1;
}

static bool share_a_key(const struct mr_action *a, const struct mr_action *b, int *key)
{
    for (int i = 0; i < 4 && a->keys[i]; i++)
        for (int j = 0; j < 4 && b->keys[j]; j++)
            if (a->keys[i] == b->keys[j]) {
                *key = a->keys[i];
                return true;
            }
    return false;
}

static void no_key_has_two_meanings_on_one_screen(void **state)
{
    for (int i = 0; i < n_all; i++) {
        for (int j = i + 1; j < n_all; j++) {
            int key;

            if (all[i].screens & all[j].screens && share_a_key(&all[i], &all[j], &key))
                fail_msg("key %d is both '%s' and '%s'", key, all[i].name, all[j].name);
        }
    }
}

static void a_key_that_changes_something_is_harmless_nowhere(void **state)
{
    for (int i = 0; i < n_all; i++) {
        for (int j = 0; j < n_all; j++) {
            int key;

            if (all[i].effect != MR_HARMLESS && all[j].effect == MR_HARMLESS &&
                share_a_key(&all[i], &all[j], &key))
                fail_msg("key %d changes something as '%s' and nothing as '%s'", key, all[i].name,
                         all[j].name);
        }
    }
}

static void digits_choose_screens_and_nothing_else(void **state)
{
    for (int i = 0; i < n_all; i++)
        for (int k = 0; k < 4 && all[i].keys[k]; k++)
            if (all[i].keys[k] >= '1' && all[i].keys[k] <= '9')
                assert_memory_equal(all[i].name, "screen ", 7);
            else if (all[i].keys[k] == '0') /* the whole image, as + and - are nearer and farther */
                assert_int_equal(all[i].effect, MR_HARMLESS);
}

static void everything_that_decides_or_sends_says_so(void **state)
{
    static const enum mr_act changing[] = {
        MR_ACT_PAUSE,      MR_ACT_STOP_AFTER_EPOCH,
        MR_ACT_STOP_NOW,   MR_ACT_START,
        MR_ACT_SLOWER,     MR_ACT_FASTER,
        MR_ACT_CHECKPOINT, MR_ACT_RELABEL,
        MR_ACT_FLAG,       MR_ACT_AMBIGUOUS,
        MR_ACT_EXCLUDE,    MR_ACT_NOTE,
        MR_ACT_LABELLING,  MR_ACT_UNDO,
        MR_ACT_REDO,       MR_ACT_STOP_SEARCH,
        MR_ACT_BOX,        MR_ACT_ADJUDICATE,
        MR_ACT_STOP_LOOK,
    };

    for (int i = 0; i < n_all; i++) {
        bool is_changing = false;

        for (size_t j = 0; j < sizeof changing / sizeof *changing; j++)
            is_changing |= changing[j] == all[i].act;
        assert_int_equal(all[i].effect != MR_HARMLESS, is_changing);
    }
}

static void finds_a_key_where_it_works_and_only_there(void **state)
{
    assert_int_equal(mr_actions_find(MR_SCREEN_TRAIN, 'p')->act, MR_ACT_PAUSE);
    assert_null(mr_actions_find(MR_SCREEN_GRID, 'p'));
    assert_int_equal(mr_actions_find(MR_SCREEN_GRID, MR_KEY_LEFT)->act, MR_ACT_LEFT);
    assert_int_equal(mr_actions_find(MR_SCREEN_IMAGE, MR_KEY_LEFT)->act, MR_ACT_PREVIOUS);
    assert_int_equal(mr_actions_find(MR_SCREEN_IMAGE, MR_CTRL('c'))->act, MR_ACT_LEAVE);
    assert_null(mr_actions_find(MR_SCREEN_TRAIN, 'B'));
    assert_int_equal(mr_actions_find(MR_SCREEN_RATE, '\r')->act, MR_ACT_TAKE_RATE);
    assert_null(mr_actions_find(MR_SCREEN_RATE, 'f')); /* there is no image to flag */
}

static void every_screen_can_be_left_and_has_help(void **state)
{
    static const int keys[] = {'q', 'Q', MR_CTRL('c'), '?', ':', 27,  '1',
                               '2', '3', '4',          '5', '6', '7', 'u'};

    for (int s = 0; s < MR_N_SCREENS; s++)
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            assert_non_null(mr_actions_find((enum mr_screen_id)s, keys[i]));
}

static void names_keys_as_people_do(void **state)
{
    static const struct {
        int key;
        const char *text;
    } keys[] = {
        {'p', "p"}, {'\r', "Enter"}, {MR_CTRL('l'), "^l"}, {MR_KEY_GG, "gg"}, {'\t', "Tab"}};
    char text[16];

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        mr_actions_key_text(keys[i].key, text, sizeof text);
        assert_string_equal(text, keys[i].text);
    }
}

/* Beside keys of 15 columns in a help box on 80 columns. */
static void every_explanation_fits_a_small_screen(void **state)
{
    for (int i = 0; i < n_all; i++) {
        char keys[64];

        assert_true(mr_text_cols(all[i].what) <= 57);
        mr_actions_keys_text(&all[i], keys, sizeof keys);
        assert_in_range(mr_text_cols(keys), 1, 15);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_key_has_two_meanings_on_one_screen),
        cmocka_unit_test(a_key_that_changes_something_is_harmless_nowhere),
        cmocka_unit_test(digits_choose_screens_and_nothing_else),
        cmocka_unit_test(everything_that_decides_or_sends_says_so),
        cmocka_unit_test(finds_a_key_where_it_works_and_only_there),
        cmocka_unit_test(every_screen_can_be_left_and_has_help),
        cmocka_unit_test(names_keys_as_people_do),
        cmocka_unit_test(every_explanation_fits_a_small_screen),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
