/* SPDX-License-Identifier: MIT */
/* Drawing with a memory, boxes, and ASCII where there is nothing else. */
#include "ink.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>

void mr_page_finish(struct mr_page *page)
{
    free(page->cells);
    *page = (struct mr_page){0};
}

static void page_reset(struct mr_page *page, struct mr_size_cells size)
{
    if (page->rows != size.rows || page->cols != size.cols) {
        mr_page_finish(page);
        page->rows = size.rows;
        page->cols = size.cols;
        page->cells = mr_xalloc((size_t)size.rows * (size_t)size.cols + 1, sizeof *page->cells);
    }
    for (int i = 0; i < size.rows * size.cols; i++)
        strcpy(page->cells[i], " ");
}

void mr_page_write(const struct mr_page *page, struct mr_str *out)
{
    for (int row = 0; row < page->rows; row++) {
        size_t n = out->n;

        for (int col = 0; col < page->cols; col++)
            mr_str_add(out, page->cells[row * page->cols + col]);
        while (out->n > n && out->text[out->n - 1] == ' ')
            out->text[--out->n] = '\0';
        mr_str_add(out, "\n");
    }
}

struct mr_ink mr_ink_begin(struct mr_term *term, struct mr_page *page)
{
    struct mr_ink ink = {.canvas = mr_term_begin(term), .page = page};

    ink.is_utf8 = mr_term_get_caps(term)->is_utf8;
    page_reset(page, mr_term_size(term));
    return ink;
}

struct mr_ink mr_ink_sub(const struct mr_ink *ink, struct mr_rect_cells rect)
{
    struct mr_ink sub = *ink;

    sub.canvas = mr_canvas_sub(&ink->canvas, rect);
    return sub;
}

int mr_ink_rows(const struct mr_ink *ink)
{
    return ink->canvas.rect.rows;
}

int mr_ink_cols(const struct mr_ink *ink)
{
    return ink->canvas.rect.cols;
}

/* ---- ASCII ---- */

/* One stand-in for each character that the screens use; all of one column. */
static const struct {
    const char *glyph, *ascii;
} stand_ins[] = {
    {"─", "-"}, {"│", "|"}, {"┌", "+"},  {"┐", "+"},  {"└", "+"}, {"┘", "+"}, {"┤", "|"},
    {"├", "|"}, {"┴", "+"}, {"┼", "+"},  {"╴", "-"},  {"·", "."}, {"…", "~"}, {"→", ">"},
    {"←", "<"}, {"↑", "^"}, {"↓", "v"},  {"±", "~"},  {"×", "x"}, {"≈", "~"}, {"≠", "!"},
    {"⚑", "F"}, {"▢", "b"}, {"✎", "R"},  {"¶", "n"},  {"●", "o"}, {"▶", ">"}, {"◀", "<"},
    {"▾", "v"}, {"▴", "^"}, {"▲", "^"},  {"▌", "|"},  {"▐", "|"}, {"▕", "["}, {"▏", "]"},
    {"▎", "|"}, {"▍", "|"}, {"▋", "#"},  {"▊", "#"},  {"▉", "#"}, {"█", "#"}, {"▇", "#"},
    {"░", "."}, {"▒", ":"}, {"“", "\""}, {"”", "\""}, {"–", "-"},
};

/* The length of the character at s; safe text is valid UTF-8. */
static size_t char_bytes(const char *s)
{
    size_t n = 1;

    while (((unsigned char)s[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* Braille patterns are U+2800 + 8 bits: full ones look denser. */
static const char *braille_ascii(const char *s)
{
    int bits = ((unsigned char)s[1] & 0x3) << 6 | ((unsigned char)s[2] & 0x3f);
    int n = __builtin_popcount((unsigned)bits);

    return n > 4 ? "#" : n > 2 ? "*" : (bits & 0x3f) == 0 || (bits & 0x09) == 0 ? "." : "'";
}

void mr_ink_ascii(const char *text, struct mr_str *out)
{
    for (const char *s = text; *s; s += char_bytes(s)) {
        size_t n = char_bytes(s);
        const char *ascii = "?";

        if (n == 1) {
            mr_str_add_n(out, s, 1);
            continue;
        }
        if (n == 3 && memcmp(s, "\xe2\xa0", 2) >= 0 && memcmp(s, "\xe2\xa3", 2) <= 0)
            ascii = braille_ascii(s);
        for (size_t i = 0; i < sizeof stand_ins / sizeof *stand_ins; i++)
            if (strlen(stand_ins[i].glyph) == n && !memcmp(stand_ins[i].glyph, s, n))
                ascii = stand_ins[i].ascii;
        mr_str_add(out, ascii);
    }
}

/* ---- text ---- */

/* Keeps what the canvas is about to draw, cut as the canvas cuts it. */
static void remember(const struct mr_ink *ink, int row, int col, const char *text)
{
    struct mr_rect_cells rect = ink->canvas.rect;
    struct mr_page *page = ink->page;
    int at = -1;

    if (row < 0 || row >= rect.rows || rect.row + row < 0 || rect.row + row >= page->rows)
        return;
    for (const char *s = text; *s; s += char_bytes(s)) {
        char one[8] = "";
        size_t n = char_bytes(s);
        int cols;

        memcpy(one, s, n < sizeof one ? n : 0);
        cols = mr_text_cols(one);
        if (cols == 0) {
            if (at >= 0 && strlen(page->cells[at]) + n < sizeof *page->cells)
                strcat(page->cells[at], one);
            continue;
        }
        at = -1;
        if (col >= 0 && col + cols <= rect.cols && rect.col + col + cols <= page->cols) {
            at = (rect.row + row) * page->cols + rect.col + col;
            strcpy(page->cells[at], one);
            if (cols == 2)
                strcpy(page->cells[at + 1], "");
        }
        col += cols;
    }
}

int mr_ink_text(const struct mr_ink *ink, int row, int col, enum mr_style style, const char *text)
{
    struct mr_str ascii = MR_STR_EMPTY;
    int cols;

    if (!ink->is_utf8) {
        mr_ink_ascii(text, &ascii);
        text = ascii.text ? ascii.text : "";
    }
    remember(ink, row, col, text);
    mr_canvas_text(&ink->canvas, row, col, style, text);
    cols = mr_text_cols(text);
    mr_str_finish(&ascii);
    return cols;
}

int mr_ink_textf(const struct mr_ink *ink, int row, int col, enum mr_style style, const char *fmt,
                 ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return mr_ink_text(ink, row, col, style, text);
}

void mr_ink_right(const struct mr_ink *ink, int row, int end, enum mr_style style, const char *text)
{
    mr_ink_text(ink, row, end - mr_text_cols(text), style, text);
}

int mr_ink_short(const struct mr_ink *ink, int row, int col, int cols, enum mr_style style,
                 const char *text)
{
    char cut[1024];

    if (cols <= 0)
        return 0;
    mr_safe_text(cut, sizeof cut, text, cols, MR_ELIDE_MIDDLE);
    return mr_ink_text(ink, row, col, style, cut);
}

/* Bytes of text that make a line of cols columns: up to a blank or slash in its second half, else
 * as many as fit. */
static size_t line_bytes(const char *text, int cols)
{
    size_t at = 0, n, best = 0;
    int used = 0;

    for (; text[at]; at += n) {
        char one[8] = "";

        n = char_bytes(text + at);
        memcpy(one, text + at, n < sizeof one ? n : 0);
        used += mr_text_cols(one);
        if (used > cols)
            return best ? best : at ? at : n;
        if (used > cols / 2 && (text[at] == ' ' || text[at] == '/'))
            best = at + n;
    }
    return at;
}

int mr_ink_n_lines(const char *text, int cols)
{
    int n = 0;

    for (; *text; text += line_bytes(text, cols))
        n++;
    return n;
}

int mr_ink_wrapped(const struct mr_ink *ink, struct mr_rect_cells rect, enum mr_style style,
                   const char *text)
{
    int used = 0;

    while (*text && used < rect.rows) {
        size_t n = line_bytes(text, rect.cols);
        char *line = mr_xasprintf("%.*s", (int)n, text);

        if (used == rect.rows - 1)
            mr_ink_short(ink, rect.row + used, rect.col, rect.cols, style, text);
        else
            mr_ink_text(ink, rect.row + used, rect.col, style, line);
        free(line);
        text += n;
        used++;
    }
    return used;
}

void mr_ink_fill(const struct mr_ink *ink, struct mr_rect_cells rect, enum mr_style style)
{
    char blank[1024];

    mr_canvas_fill(&ink->canvas, rect, style);
    memset(blank, ' ', sizeof blank);
    blank[rect.cols < 0 ? 0 : rect.cols < 1023 ? rect.cols : 1023] = '\0';
    for (int row = 0; row < rect.rows; row++)
        remember(ink, rect.row + row, rect.col, blank);
}

static void draw_rule(const struct mr_ink *ink, int row, int from, int to, enum mr_style style)
{
    for (int col = from; col < to; col++)
        mr_ink_text(ink, row, col, style, "─");
}

static void draw_title(const struct mr_ink *ink, int col, const char *title, bool has_focus)
{
    int room = mr_ink_cols(ink) - col - 3;
    char cut[256];

    if (!*title || room < 3)
        return;
    mr_safe_text(cut, sizeof cut, title, room, MR_ELIDE_END);
    mr_ink_textf(ink, 0, col, has_focus ? MR_STYLE_TITLE : MR_STYLE_NORMAL, " %s ", cut);
}

struct mr_ink mr_ink_frame(const struct mr_ink *ink, const char *title, bool has_focus,
                           bool is_compact)
{
    int rows = mr_ink_rows(ink), cols = mr_ink_cols(ink);
    enum mr_style style = has_focus ? MR_STYLE_BORDER_FOCUS : MR_STYLE_BORDER;

    draw_rule(ink, 0, 0, cols, style);
    draw_title(ink, 1, title, has_focus);
    if (is_compact)
        return mr_ink_sub(ink, (struct mr_rect_cells){1, 0, rows - 1, cols});
    draw_rule(ink, rows - 1, 1, cols - 1, style);
    for (int row = 1; row < rows - 1; row++) {
        mr_ink_text(ink, row, 0, style, "│");
        mr_ink_text(ink, row, cols - 1, style, "│");
    }
    mr_ink_text(ink, 0, 0, style, "┌");
    mr_ink_text(ink, 0, cols - 1, style, "┐");
    mr_ink_text(ink, rows - 1, 0, style, "└");
    mr_ink_text(ink, rows - 1, cols - 1, style, "┘");
    return mr_ink_sub(ink, (struct mr_rect_cells){1, 1, rows - 2, cols - 2});
}

void mr_ink_picture(const struct mr_ink *ink, struct mr_rect_cells rect, uint64_t version,
                    const struct mr_image *image, const char *caption)
{
    mr_canvas_picture(&ink->canvas, rect, version, image, caption);
}
