/* SPDX-License-Identifier: MIT */
/* Text, blanks, boxes and pictures, clipped to a rectangle of the screen. */
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "layout.h"
#include "state.h"

#define MAX_COLS   1024
#define MAX_JOINED 4 /* characters in a cell: one and its marks */

struct mr_canvas mr_canvas_sub(const struct mr_canvas *canvas, struct mr_rect_cells rect)
{
    rect.row += canvas->rect.row;
    rect.col += canvas->rect.col;
    return (struct mr_canvas){canvas->term, mr_layout_intersect(rect, canvas->rect)};
}

/* ---- text ---- */

/* One character; returns its bytes. Bad bytes are shown as '?': text should have been made safe
 * before. */
static int decode(const unsigned char *s, wchar_t *c)
{
    int n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;

    if (n == 1) {
        *c = s[0] < 0x20 || s[0] == 0x7f ? ' ' : s[0];
        return 1;
    }
    *c = n ? s[0] & (0xff >> (n + 1)) : '?';
    for (int i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            *c = '?';
            return 1;
        }
        *c = (wchar_t)((uint32_t)*c << 6 | (s[i] & 0x3f));
    }
    return n ? n : 1;
}

/* What a terminal without UTF-8 shows instead. */
static const struct {
    wchar_t from;
    char to;
} plain_characters[] = {
    {L'\u00b7', '.'},  {L'\u00d7', 'x'},  {L'\u00b1', '~'}, {L'\u2013', '-'}, {L'\u2014', '-'},
    {L'\u2018', '\''}, {L'\u2019', '\''}, {L'\u201c', '"'}, {L'\u201d', '"'}, {L'\u2022', '*'},
    {L'\u2026', '~'},  {L'\u2190', '<'},  {L'\u2191', '^'}, {L'\u2192', '>'}, {L'\u2193', 'v'},
    {L'\u2248', '~'},  {L'\u2260', '!'},  {L'\u2264', '<'}, {L'\u2265', '>'}, {L'\u25b2', '^'},
    {L'\u25b6', '>'},  {L'\u25bc', 'v'},  {L'\u25be', 'v'}, {L'\u25c0', '<'}, {L'\u25cb', 'o'},
    {L'\u25cf', 'o'},  {L'\u2691', 'F'},  {L'\u270e', 'R'}, {L'\u2713', 'v'}, {L'\u2717', 'x'},
};

static wchar_t plain(wchar_t c)
{
    if (c < 0x80)
        return c;
    for (size_t i = 0; i < sizeof plain_characters / sizeof *plain_characters; i++) {
        if (plain_characters[i].from == c)
            return (unsigned char)plain_characters[i].to;
    }
    if (c >= 0x2500 && c < 0x2580) /* lines */
        return c == 0x2500 || c == 0x2501 ? '-' : c == 0x2502 || c == 0x2503 ? '|' : '+';
    if (c >= 0x2580 && c < 0x25a0) /* blocks */
        return '#';
    if (c >= 0x2800 && c < 0x2900) /* braille: dots of a curve */
        return c == 0x2800 ? ' ' : '*';
    return '?';
}

static int columns_of(wchar_t c)
{
    int w = wcwidth(c);

    return w < 0 ? (c >= 0x80 ? 1 : 0) : w;
}

/* A run of cells being put together. */
struct run {
    cchar_t cells[MAX_COLS];
    wchar_t text[MAX_JOINED + 1];
    attr_t attrs;
    int pair;
    int n, n_joined;
};

static void end_cell(struct run *run)
{
    if (!run->n_joined || run->n == MAX_COLS)
        return;
    run->text[run->n_joined] = 0;
    setcchar(&run->cells[run->n++], run->text, run->attrs, 0, &run->pair);
    run->n_joined = 0;
}

static void add_character(struct run *run, wchar_t c)
{
    end_cell(run);
    run->text[0] = c;
    run->n_joined = 1;
}

static void add_mark(struct run *run, wchar_t c)
{
    if (run->n_joined && run->n_joined < MAX_JOINED)
        run->text[run->n_joined++] = c;
}

/* Where a run is on the screen and how far it may go, in columns of the canvas. */
struct span {
    int row, col, end;
};

static void put_run(const struct mr_canvas *canvas, struct run *run, const struct span *span)
{
    int row = canvas->rect.row + span->row, col = canvas->rect.col + span->col;

    end_cell(run);
    if (span->end <= span->col)
        return;
    mvadd_wchnstr(row, col, run->cells, run->n);
    mr_layer_cover(canvas->term->layer, (struct mr_rect_cells){row, col, 1, span->end - span->col});
}

static void style_run(struct run *run, const struct mr_term *term, enum mr_style style)
{
    run->n = run->n_joined = 0;
    run->attrs = term->attrs[style];
    run->pair = term->pairs[style];
}

int mr_canvas_text(const struct mr_canvas *canvas, int row, int col, enum mr_style style,
                   const char *text)
{
    static struct run run; /* 28 KiB: too much for a stack, and there is one screen */
    const unsigned char *s = (const unsigned char *)text;
    struct span span = {row, col < 0 ? 0 : col, col < 0 ? 0 : col};
    int at = col;

    if (row < 0 || row >= canvas->rect.rows || col >= canvas->rect.cols)
        return 0;
    style_run(&run, canvas->term, style);
    while (*s) {
        wchar_t c;
        int w;

        s += decode(s, &c);
        c = canvas->term->caps.is_utf8 ? c : plain(c);
        w = columns_of(c);
        if (w == 0) {
            add_mark(&run, c);
            continue;
        }
        if (at + w > canvas->rect.cols)
            break;
        if (at >= 0) {
            add_character(&run, c);
            span.end = at + w;
        } else if (at + w > 0) { /* the right half of a wide one */
            add_character(&run, L' ');
            span.end = at + w;
        }
        at += w;
    }
    put_run(canvas, &run, &span);
    return span.end - span.col;
}

int mr_canvas_textf(const struct mr_canvas *canvas, int row, int col, enum mr_style style,
                    const char *fmt, ...)
{
    char text[4 * MAX_COLS];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return mr_canvas_text(canvas, row, col, style, text);
}

/* ---- areas ---- */

/* rect is on the screen and within it. */
static void fill_cells(struct mr_term *term, struct mr_rect_cells rect, enum mr_style style,
                       const wchar_t *character)
{
    cchar_t cell;

    setcchar(&cell, character, term->attrs[style], 0, &term->pairs[style]);
    for (int row = rect.row; rect.cols > 0 && row < rect.row + rect.rows; row++)
        mvhline_set(row, rect.col, &cell, rect.cols);
}

void mr_canvas_fill(const struct mr_canvas *canvas, struct mr_rect_cells rect, enum mr_style style)
{
    struct mr_rect_cells area = mr_canvas_sub(canvas, rect).rect;

    fill_cells(canvas->term, area, style, L" ");
    mr_layer_cover(canvas->term->layer, area);
}

static const struct {
    const char *across, *down, *corners[4]; /* top left, top right, bottom left, bottom right */
} lines[] = {
    {"-", "|", {"+", "+", "+", "+"}},
    {"\u2500", "\u2502", {"\u250c", "\u2510", "\u2514", "\u2518"}},
};

static void draw_border(const struct mr_canvas *canvas, enum mr_style style)
{
    int set = canvas->term->caps.is_utf8, right = canvas->rect.cols - 1,
        bottom = canvas->rect.rows - 1;

    for (int col = 1; col < right; col++) {
        mr_canvas_text(canvas, 0, col, style, lines[set].across);
        mr_canvas_text(canvas, bottom, col, style, lines[set].across);
    }
    for (int row = 1; row < bottom; row++) {
        mr_canvas_text(canvas, row, 0, style, lines[set].down);
        mr_canvas_text(canvas, row, right, style, lines[set].down);
    }
    for (int i = 0; i < 4; i++)
        mr_canvas_text(canvas, i < 2 ? 0 : bottom, i % 2 ? right : 0, style, lines[set].corners[i]);
}

struct mr_canvas mr_canvas_box(const struct mr_canvas *canvas, const char *title, bool has_focus)
{
    int cols = canvas->rect.cols, rows = canvas->rect.rows;

    if (cols < 2 || rows < 2)
        return mr_canvas_sub(canvas, (struct mr_rect_cells){0});
    draw_border(canvas, has_focus ? MR_STYLE_BORDER_FOCUS : MR_STYLE_BORDER);
    if (title && *title && cols >= 6) {
        struct mr_canvas top = mr_canvas_sub(canvas, (struct mr_rect_cells){0, 1, 1, cols - 3});
        int n = mr_canvas_text(&top, 0, 1, has_focus ? MR_STYLE_TITLE : MR_STYLE_NORMAL, title);

        mr_canvas_text(&top, 0, 0, MR_STYLE_NORMAL, " ");
        mr_canvas_text(&top, 0, 1 + n, MR_STYLE_NORMAL, " ");
    }
    return mr_canvas_sub(canvas, (struct mr_rect_cells){1, 1, rows - 2, cols - 2});
}

/* ---- pictures ---- */

/* The middle of rect (on the screen), as much as fits. */
static void put_centred(struct mr_term *term, struct mr_rect_cells rect, int line, const char *text)
{
    const struct mr_canvas place = {term, rect};
    int cols = mr_text_cols(text);

    mr_canvas_text(&place, line, cols < rect.cols ? (rect.cols - cols) / 2 : 0, MR_STYLE_DIM, text);
}

static void put_caption(struct mr_term *term, struct mr_rect_cells rect, const char *caption,
                        const char *reason)
{
    int middle = (rect.rows - 1) / 2;
    bool has_caption = caption && *caption;

    if (rect.rows <= 0)
        return;
    if (has_caption)
        put_centred(term, rect, middle, caption);
    if (reason && (!has_caption || middle + 1 < rect.rows))
        put_centred(term, rect, has_caption ? middle + 1 : middle, reason);
}

/* Blank to the eye and not a blank to curses, which will therefore write there when the picture
 * goes. */
static void put_guards(struct mr_term *term, struct mr_rect_cells rect)
{
    if (term->caps.is_utf8)
        fill_cells(term, rect, MR_STYLE_NORMAL, L"\u00a0");
    else
        fill_cells(term, rect, MR_STYLE_BOLD, L" ");
}

static struct mr_encoding_key encoding_key(const struct mr_term_caps *caps,
                                           const struct mr_layout *layout, uint64_t version)
{
    bool is_sixel = caps->graphics == MR_GRAPHICS_SIXEL;

    return (struct mr_encoding_key){
        .version = version,
        .mode = caps->graphics,
        .px = layout->px,
        .cells = is_sixel ? (struct mr_size_cells){0, 0}
                          : (struct mr_size_cells){layout->rect.cols, layout->rect.rows},
        .n_colors = !is_sixel                 ? caps->n_colors
                    : caps->n_registers < 256 ? caps->n_registers
                                              : 256,
    };
}

void mr_canvas_picture(const struct mr_canvas *canvas, struct mr_rect_cells rect, uint64_t version,
                       const struct mr_image *image, const char *caption)
{
    struct mr_term *term = canvas->term;
    struct mr_rect_cells area = mr_canvas_sub(canvas, rect).rect;
    const char *obstacle = mr_layout_obstacle(&term->caps);
    struct mr_layout layout;
    struct mr_encoding_key key;
    enum mr_layer_reply reply;

    fill_cells(term, area, MR_STYLE_NORMAL, L" ");
    mr_layer_cover(term->layer, area);
    if (obstacle || !mr_layout_place(&layout, &term->caps, term->size, area)) {
        put_caption(term, area, caption, obstacle);
        return;
    }
    key = encoding_key(&term->caps, &layout, version);
    reply = mr_layer_place(term->layer, layout.rect, &key, term->caps.cell, image);
    if (reply == MR_LAYER_FAILED) {
        put_caption(term, area, caption, "no image: it cannot be encoded");
        return;
    }
    put_guards(term, layout.rect);
    if (reply == MR_LAYER_WAITING) {
        put_caption(term, layout.rect, caption, NULL);
        mr_layer_claim(term->layer);
    }
}
