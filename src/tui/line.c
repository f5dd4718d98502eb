/* SPDX-License-Identifier: MIT */
/* Editing of one line of UTF-8, and how that looks. */
#include "line.h"

#include <string.h>

#include <misread/base/str.h>
#include <misread/term/term.h>

#include "ink.h"

/* UTF-8 of a character; returns the bytes. */
static size_t encode(int code, char out[4])
{
    unsigned c = (unsigned)code;

    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

static size_t before(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[--at] & 0xc0) == 0x80)
        ;
    return at;
}

size_t mr_line_behind(const char *text, size_t at)
{
    if (text[at])
        at++;
    while (((unsigned char)text[at] & 0xc0) == 0x80)
        at++;
    return at;
}

static void cut(struct mr_line *line, size_t from, size_t to)
{
    memmove(line->text + from, line->text + to, strlen(line->text + to) + 1);
    line->cursor = from;
}

static void insert(struct mr_line *line, int code)
{
    char bytes[4];
    size_t n = encode(code, bytes), len = strlen(line->text);

    if (len + n >= sizeof line->text)
        return;
    memmove(line->text + line->cursor + n, line->text + line->cursor, len - line->cursor + 1);
    memcpy(line->text + line->cursor, bytes, n);
    line->cursor += n;
}

bool mr_line_key(struct mr_line *line, const struct mr_key *key)
{
    switch (key->code) {
    case MR_KEY_LEFT:
        line->cursor = before(line->text, line->cursor);
        return true;
    case MR_KEY_RIGHT:
        line->cursor = mr_line_behind(line->text, line->cursor);
        return true;
    case MR_KEY_HOME:
    case MR_CTRL('a'):
        line->cursor = 0;
        return true;
    case MR_KEY_END:
    case MR_CTRL('e'):
        line->cursor = strlen(line->text);
        return true;
    case 127:
    case MR_CTRL('h'):
        cut(line, before(line->text, line->cursor), line->cursor);
        return true;
    case MR_KEY_DELETE:
        cut(line, line->cursor, mr_line_behind(line->text, line->cursor));
        return true;
    case MR_CTRL('u'):
        cut(line, 0, line->cursor);
        return true;
    default:
        if (key->code < 32 || (key->code >= 0x7f && key->code < 0xa0) || key->code > 0x10ffff)
            return false;
        insert(line, key->code);
        return true;
    }
}

void mr_line_draw(const struct mr_line *line, const struct mr_ink *ink, int row, int col)
{
    char head[sizeof line->text], safe[4 * sizeof line->text];
    int room, over;

    memcpy(head, line->text, line->cursor);
    head[line->cursor] = '\0';
    mr_safe_text(safe, sizeof safe, head, 0, MR_ELIDE_END);
    /* the end of what is before the cursor is what one wants to see */
    room = mr_ink_cols(ink) - col - 2;
    over = mr_text_cols(safe) - room;
    if (over > 0) {
        const char *s = safe;

        while (mr_text_cols(s) > room)
            s += mr_line_behind(s, 0);
        memmove(safe, s, strlen(s) + 1);
    }
    col += mr_ink_text(ink, row, col, MR_STYLE_NORMAL, safe);
    mr_safe_text(safe, sizeof safe, line->text + line->cursor, 0, MR_ELIDE_END);
    mr_ink_text(ink, row, col, MR_STYLE_NORMAL, safe);
    /* the cursor: the character it stands on, in reverse */
    safe[mr_line_behind(safe, 0)] = '\0';
    mr_ink_text(ink, row, col, MR_STYLE_SELECTED, *safe ? safe : " ");
}
