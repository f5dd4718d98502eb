/* SPDX-License-Identifier: MIT */
/* The table of actions, searched and put into words. */
#include "actions.h"

#include <stdio.h>
#include <string.h>

#include <misread/base/str.h>
#include <misread/term/term.h>
#include <misread/tui/tui.h>

#define K(...)      \
    {               \
        __VA_ARGS__ \
    }
static const struct mr_action actions[] = {
#define X(id, screens, effect, keys, footer, name, what) \
    {MR_ACT_##id, screens, effect, keys, footer, name, what},
    MR_ACT_LIST(X)
#undef X
};
#undef K

static const char *const screen_names[MR_N_SCREENS] = {
    [MR_SCREEN_TRAIN] = "Train",       [MR_SCREEN_MATRIX] = "Confusion",
    [MR_SCREEN_GRID] = "Images",       [MR_SCREEN_IMAGE] = "Image",
    [MR_SCREEN_REVIEW] = "Review",     [MR_SCREEN_DATA] = "Data",
    [MR_SCREEN_RATE] = "LR",           [MR_SCREEN_RUNS] = "Runs",
    [MR_SCREEN_VARIANTS] = "Variants", [MR_SCREEN_BATCH] = "Batch",
};

const struct mr_action *mr_actions_all(int *n)
{
    *n = (int)(sizeof actions / sizeof *actions);
    return actions;
}

static bool has_key(const struct mr_action *command, int key)
{
    for (int i = 0; i < 4 && command->keys[i]; i++)
        if (command->keys[i] == key)
            return true;
    return false;
}

const struct mr_action *mr_actions_find(enum mr_screen_id screen, int key)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (actions[i].screens & (1U << screen) && has_key(&actions[i], key))
            return &actions[i];
    return NULL;
}

void mr_actions_key_text(int key, char *out, size_t cap)
{
    static const struct {
        int key;
        const char *text;
    } names[] = {
        {'\r', "Enter"},
        {'\t', "Tab"},
        {27, "Esc"},
        {127, "Backspace"},
        {' ', "Space"},
        {MR_KEY_UP, "Up"},
        {MR_KEY_DOWN, "Down"},
        {MR_KEY_LEFT, "Left"},
        {MR_KEY_RIGHT, "Right"},
        {MR_KEY_HOME, "Home"},
        {MR_KEY_END, "End"},
        {MR_KEY_PAGE_UP, "PgUp"},
        {MR_KEY_PAGE_DOWN, "PgDn"},
        {MR_KEY_SHIFT_TAB, "Shift-Tab"},
        {MR_KEY_F1, "F1"},
        {MR_KEY_GG, "gg"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].key == key) {
            mr_str_copy(out, cap, names[i].text);
            return;
        }
    }
    if (key < 32)
        snprintf(out, cap, "^%c", key + 'a' - 1);
    else
        snprintf(out, cap, "%c", key);
}

void mr_actions_keys_text(const struct mr_action *command, char *out, size_t cap)
{
    struct mr_str text = MR_STR_EMPTY;

    for (int i = 0; i < 4 && command->keys[i]; i++) {
        char key[16];

        /* ^h is what some terminals send for Backspace; not worth telling */
        if (command->keys[i] == 8)
            continue;
        mr_actions_key_text(command->keys[i], key, sizeof key);
        mr_str_addf(&text, "%s%s", i ? " " : "", key);
    }
    mr_str_copy(out, cap, text.text ? text.text : "");
    mr_str_finish(&text);
}

const char *mr_actions_screen_text(enum mr_screen_id screen)
{
    return screen_names[screen];
}
