/* SPDX-License-Identifier: MIT */
/*
 * The sequences of xterm, rxvt, screen, tmux and the Linux console, which agree on nearly
 * everything; curses' own key reader is not used because it cannot tell a late reply from typing. A
 * modifier makes no difference.
 */
#include "input.h"

#include <string.h>

#define DOUBLE_CLICK_MS 300

/* What the front of the buffer is. */
enum piece {
    PIECE_UNFINISHED,
    PIECE_NOTHING, /* taken, and no key */
    PIECE_KEY
};

void mr_input_feed(struct mr_input *input, const void *bytes, size_t n, int64_t now_ms)
{
    size_t room = mr_input_room(input);

    n = n < room ? n : room;
    memcpy(input->bytes + input->n, bytes, n);
    input->n += n;
    input->fed_ms = now_ms;
}

size_t mr_input_room(const struct mr_input *input)
{
    return sizeof input->bytes - input->n;
}

static void drop(struct mr_input *input, size_t n)
{
    input->n -= n;
    memmove(input->bytes, input->bytes + n, input->n);
}

/* ---- characters ---- */

/* Length by the first byte; 0 if no character begins with it. */
static size_t utf8_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first < 0xe0)
        return 2;
    if (first >= 0xe0 && first < 0xf0)
        return 3;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

static enum piece take_character(struct mr_input *input, struct mr_key *key)
{
    size_t n = utf8_length(input->bytes[0]);
    int c = n > 1 ? input->bytes[0] & (0xff >> (n + 1)) : input->bytes[0];

    for (size_t i = 1; i < n; i++) {
        if (i == input->n)
            return PIECE_UNFINISHED;
        if ((input->bytes[i] & 0xc0) != 0x80) {
            n = 0;
            break;
        }
        c = c << 6 | (input->bytes[i] & 0x3f);
    }
    drop(input, n ? n : 1);
    /* Bad bytes, NUL, overlong forms and surrogates are no keys. */
    if (!n || c == 0 || c > 0x10ffff || (n == 3 && c < 0x800) || (n == 4 && c < 0x10000) ||
        (c >= 0xd800 && c < 0xe000))
        return PIECE_NOTHING;
    key->code = c == 8 && input->backspace_is_8 ? 127 : c;
    return PIECE_KEY;
}

/* ---- keys that are sequences ---- */

static const struct {
    char final;
    int code;
} final_keys[] = {
    {'A', MR_KEY_UP},   {'B', MR_KEY_DOWN}, {'C', MR_KEY_RIGHT},     {'D', MR_KEY_LEFT},
    {'H', MR_KEY_HOME}, {'F', MR_KEY_END},  {'Z', MR_KEY_SHIFT_TAB}, {'P', MR_KEY_F1},
    {'M', '\r'}, /* the keypad's Enter, behind ESC O only */
};

static const struct {
    int number; /* ESC [ number ~ */
    int code;
} tilde_keys[] = {
    {1, MR_KEY_HOME},   {7, MR_KEY_HOME},    {4, MR_KEY_END},       {8, MR_KEY_END},
    {3, MR_KEY_DELETE}, {5, MR_KEY_PAGE_UP}, {6, MR_KEY_PAGE_DOWN}, {11, MR_KEY_F1},
};

static const struct {
    char final; /* ESC [ 1 ; 2 final */
    int code;
} shifted_keys[] = {
    {'A', MR_KEY_SHIFT_UP},
    {'B', MR_KEY_SHIFT_DOWN},
    {'C', MR_KEY_SHIFT_RIGHT},
    {'D', MR_KEY_SHIFT_LEFT},
};

static int find_final(char final, bool is_shifted)
{
    for (size_t i = 0; is_shifted && i < sizeof shifted_keys / sizeof *shifted_keys; i++) {
        if (shifted_keys[i].final == final)
            return shifted_keys[i].code;
    }
    for (size_t i = 0; i < sizeof final_keys / sizeof *final_keys; i++) {
        if (final_keys[i].final == final)
            return final_keys[i].code;
    }
    return MR_KEY_NONE;
}

static int find_tilde(int number)
{
    for (size_t i = 0; i < sizeof tilde_keys / sizeof *tilde_keys; i++) {
        if (tilde_keys[i].number == number)
            return tilde_keys[i].code;
    }
    return MR_KEY_NONE;
}

static int parse_number(const unsigned char **s)
{
    int value = 0;

    for (; **s >= '0' && **s <= '9'; (*s)++)
        value = value < 100000 ? value * 10 + (**s - '0') : value;
    return value;
}

static int next_number(const unsigned char **s)
{
    *s += **s == ';';
    return parse_number(s);
}

/* ESC [ < button ; column ; row M or m. Only presses of the left button and the wheel mean
 * something. */
static bool read_mouse(struct mr_input *input, const unsigned char *s, char final,
                       struct mr_key *key)
{
    int button = parse_number(&s), col = next_number(&s) - 1, row = next_number(&s) - 1;

    button &= ~(4 | 8 | 16); /* shift, alt, control */
    if (final != 'M' || (button != 0 && button != 64 && button != 65) || row < 0 || col < 0)
        return false;
    *key = (struct mr_key){.code = MR_KEY_MOUSE, .row = row, .col = col};
    if (button >= 64) {
        key->mouse = button == 64 ? MR_MOUSE_WHEEL_UP : MR_MOUSE_WHEEL_DOWN;
        return true;
    }
    key->mouse = input->press_ms && input->fed_ms - input->press_ms <= DOUBLE_CLICK_MS &&
                         row == input->press_row && col == input->press_col
                     ? MR_MOUSE_DOUBLE
                     : MR_MOUSE_CLICK;
    /* A third click begins anew. */
    input->press_ms = key->mouse == MR_MOUSE_DOUBLE ? 0 : input->fed_ms;
    input->press_row = row;
    input->press_col = col;
    return true;
}

/* "1;2" before the final byte: with the shift key, and no other. */
static bool is_shifted(const unsigned char *s)
{
    return parse_number(&s) == 1 && next_number(&s) == 2;
}

/* A whole control sequence of n bytes, not a reply. */
static bool read_csi(struct mr_input *input, size_t n, struct mr_key *key)
{
    const unsigned char *s = input->bytes + 2;
    char final = (char)input->bytes[n - 1];

    if (*s == '<')
        return read_mouse(input, s + 1, final, key);
    if (*s == '[') /* the Linux console's F1 .. F5 */
        key->code = final == 'A' ? MR_KEY_F1 : MR_KEY_NONE;
    else if (final == '~')
        key->code = find_tilde(parse_number(&s));
    else
        key->code = final == 'M' ? MR_KEY_NONE : find_final(final, is_shifted(s));
    return key->code != MR_KEY_NONE;
}

/* The length of the control sequence at the front; 0 unfinished. A byte that cannot be in one ends
 * it. */
static size_t csi_length(const struct mr_input *input)
{
    size_t i = 2;

    if (i < input->n && input->bytes[i] == '[') /* the Linux console's: one byte more */
        return input->n > 3 ? 4 : 0;
    while (i < input->n && input->bytes[i] >= 0x20 && input->bytes[i] <= 0x3f)
        i++;
    if (i == input->n)
        return 0;
    return input->bytes[i] < 0x20 ? i : i + 1;
}

static enum piece take_csi(struct mr_input *input, struct mr_key *key)
{
    size_t n = csi_length(input);
    bool is_key;

    if (n == 0)
        return PIECE_UNFINISHED;
    if (mr_probe_take(&input->probe, (const char *)input->bytes, n)) {
        input->n_replies++;
        drop(input, n);
        return PIECE_NOTHING;
    }
    is_key = read_csi(input, n, key);
    drop(input, n);
    return is_key ? PIECE_KEY : PIECE_NOTHING;
}

static enum piece take_ss3(struct mr_input *input, struct mr_key *key)
{
    if (input->n < 3)
        return PIECE_UNFINISHED;
    key->code = find_final((char)input->bytes[2], false);
    drop(input, 3);
    return key->code != MR_KEY_NONE ? PIECE_KEY : PIECE_NOTHING;
}

/* Strings (DCS, OSC, APC, PM) end with ESC \ or BEL. */
static enum piece take_string(struct mr_input *input)
{
    for (size_t i = 2; i < input->n; i++) {
        bool ends = input->bytes[i] == 7 || (input->bytes[i] == '\\' && input->bytes[i - 1] == 27);

        if (!ends)
            continue;
        if (mr_probe_take(&input->probe, (const char *)input->bytes, i + 1))
            input->n_replies++;
        drop(input, i + 1);
        return PIECE_NOTHING;
    }
    return PIECE_UNFINISHED;
}

static enum piece take_escape(struct mr_input *input, struct mr_key *key)
{
    if (input->n < 2)
        return PIECE_UNFINISHED;
    switch (input->bytes[1]) {
    case '[':
        return take_csi(input, key);
    case 'O':
        return take_ss3(input, key);
    case 'P':
    case ']':
    case '_':
    case '^':
        return take_string(input);
    default: /* Escape, and then a key of its own */
        key->code = 27;
        drop(input, 1);
        return PIECE_KEY;
    }
}

/* Only a reply (or the mouse) begins so: it was not typed, and its end will come or never mattered.
 */
static bool is_machine_made(const struct mr_input *input)
{
    return (input->n >= 3 && input->bytes[1] == '[' &&
            (input->bytes[2] == '?' || input->bytes[2] == '<')) ||
           (input->n >= 4 && input->bytes[1] == 'P' && input->bytes[2] == '>');
}

int mr_input_wait_ms(const struct mr_input *input, int64_t now_ms)
{
    int patience = MR_INPUT_ESCAPE_MS;
    int64_t left;

    if (!input->n)
        return -1;
    if (now_ms < input->patient_until_ms)
        patience = MR_INPUT_PATIENT_MS;
    if (is_machine_made(input))
        patience = 1000;
    left = input->fed_ms + patience - now_ms;
    return left > 0 ? (int)left : 0;
}

/* Nothing more came: what looked like a beginning was the key itself. */
static bool give_up(struct mr_input *input, struct mr_key *key)
{
    if (input->bytes[0] == 27 && !is_machine_made(input)) {
        key->code = 27;
        drop(input, 1);
        return true;
    }
    input->n = 0;
    return false;
}

static bool parse_next(struct mr_input *input, struct mr_key *key, int64_t now_ms)
{
    while (input->n) {
        enum piece piece;

        *key = (struct mr_key){0};
        piece = input->bytes[0] == 27 ? take_escape(input, key) : take_character(input, key);
        if (piece == PIECE_KEY)
            return true;
        if (piece == PIECE_NOTHING)
            continue;
        if (mr_input_room(input) == 0) { /* an endless string */
            input->n = 0;
            return false;
        }
        if (mr_input_wait_ms(input, now_ms) > 0)
            return false;
        if (give_up(input, key))
            return true;
    }
    return false;
}

bool mr_input_next(struct mr_input *input, struct mr_key *key, int64_t now_ms)
{
    if (!input->n_queued)
        return parse_next(input, key, now_ms);
    *key = input->queue[0];
    input->n_queued--;
    memmove(input->queue, input->queue + 1, (size_t)input->n_queued * sizeof *input->queue);
    return true;
}

void mr_input_take_replies(struct mr_input *input, int64_t now_ms)
{
    while (input->n_queued < MR_INPUT_QUEUE &&
           parse_next(input, &input->queue[input->n_queued], now_ms))
        input->n_queued++;
}
