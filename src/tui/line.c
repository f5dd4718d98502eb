/* SPDX-License-Identifier: MIT */
/* One line of text above the footer. */
#include <string.h>

#include <misread/base/str.h>

#include "explorer.h"
#include "overlay.h"

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

static size_t behind(const char *text, size_t at)
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
        line->cursor = behind(line->text, line->cursor);
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
        cut(line, line->cursor, behind(line->text, line->cursor));
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

/* ---- as an overlay ---- */

struct line_overlay {
    struct mr_overlay overlay;
    struct mr_line line;
    void (*done)(struct mr_explorer *explorer, const char *text);
};

static void draw(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    struct line_overlay *self = (struct line_overlay *)overlay;
    char head[sizeof self->line.text], safe[1024];
    int col = 1, room, over;

    mr_ink_fill(ink, (struct mr_rect_cells){0, 0, 1, mr_ink_cols(ink)}, MR_STYLE_NORMAL);
    col += mr_ink_textf(ink, 0, col, MR_STYLE_KEY, "%s: ", overlay->title);
    memcpy(head, self->line.text, self->line.cursor);
    head[self->line.cursor] = '\0';
    mr_safe_text(safe, sizeof safe, head, 0, MR_ELIDE_END);
    /* the end of what is before the cursor is what one wants to see */
    room = mr_ink_cols(ink) - col - 2;
    over = mr_text_cols(safe) - room;
    head[0] = '\0';
    if (over > 0) {
        const char *s = safe;

        while (mr_text_cols(s) > room)
            s += behind(s, 0);
        memmove(safe, s, strlen(s) + 1);
    }
    col += mr_ink_text(ink, 0, col, MR_STYLE_NORMAL, safe);
    mr_safe_text(safe, sizeof safe, self->line.text + self->line.cursor, 0, MR_ELIDE_END);
    mr_ink_text(ink, 0, col, MR_STYLE_NORMAL, safe);
    /* the cursor: the character it stands on, in reverse */
    safe[behind(safe, 0)] = '\0';
    mr_ink_text(ink, 0, col, MR_STYLE_SELECTED, *safe ? safe : " ");
}

static enum mr_overlay_reply key(struct mr_overlay *overlay, const struct mr_key *pressed)
{
    struct line_overlay *self = (struct line_overlay *)overlay;

    if (pressed->code == 27 || pressed->code == MR_CTRL('c'))
        return MR_OVERLAY_CLOSES;
    if (pressed->code == '\r') {
        self->done(overlay->explorer, self->line.text);
        return MR_OVERLAY_CLOSES;
    }
    mr_line_key(&self->line, pressed);
    return MR_OVERLAY_STAYS;
}

static const struct mr_overlay_ops ops = {
    .size = sizeof(struct line_overlay),
    .is_line = true,
    .draw = draw,
    .key = key,
};

void mr_line_open(struct mr_explorer *explorer, const char *prompt, const char *text,
                  void (*done)(struct mr_explorer *explorer, const char *text))
{
    struct line_overlay *self = (struct line_overlay *)mr_overlay_create(explorer, &ops, prompt);

    mr_str_copy(self->line.text, sizeof self->line.text, text);
    self->line.cursor = strlen(self->line.text);
    self->done = done;
}
