/* SPDX-License-Identifier: MIT */
/*
 * Drawing with a memory: passes everything on to the terminal's canvas and keeps the text of the
 * page, so that a screen can be saved as text. Where the terminal has no UTF-8 it falls back to
 * ASCII here.
 */
#ifndef MISREAD_TUI_INK_H
#define MISREAD_TUI_INK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/base/geometry.h>
#include <misread/term/term.h>

struct mr_image;
struct mr_str;

/* The text of the last frame. */
struct mr_page {
    int rows, cols;
    char (*cells)[16]; /* (rows, cols) owned; one base character with its marks each; "" behind a
                          wide one */
};

void mr_page_finish(struct mr_page *page);
/* The page without trailing blanks, a line each. */
void mr_page_write(const struct mr_page *page, struct mr_str *out);

/* A part of the screen; coordinates are its own and what does not fit is cut. */
struct mr_ink {
    struct mr_canvas canvas;
    struct mr_page *page; /* borrowed */
    bool is_utf8;
};

/* A new frame: the page is blank. */
struct mr_ink mr_ink_begin(struct mr_term *term, struct mr_page *page);
struct mr_ink mr_ink_sub(const struct mr_ink *ink, struct mr_rect_cells rect);
int mr_ink_rows(const struct mr_ink *ink);
int mr_ink_cols(const struct mr_ink *ink);

/* Safe text (mr_safe_text). Returns the columns it takes. */
int mr_ink_text(const struct mr_ink *ink, int row, int col, enum mr_style style, const char *text);
int mr_ink_textf(const struct mr_ink *ink, int row, int col, enum mr_style style, const char *fmt,
                 ...) MR_PRINTF(5, 6);
/* The same, ending at column `end` (exclusive). */
void mr_ink_right(const struct mr_ink *ink, int row, int end, enum mr_style style,
                  const char *text);
/* Shortened in the middle to at most cols columns. */
int mr_ink_short(const struct mr_ink *ink, int row, int col, int cols, enum mr_style style,
                 const char *text);
/* Over as many lines as it needs and rect has, broken behind blanks and slashes; the last line is
 * shortened. Returns the lines used. */
int mr_ink_wrapped(const struct mr_ink *ink, struct mr_rect_cells rect, enum mr_style style,
                   const char *text);
/* How many lines of cols columns it needs. */
int mr_ink_n_lines(const char *text, int cols);
void mr_ink_fill(const struct mr_ink *ink, struct mr_rect_cells rect, enum mr_style style);
/* A box with a title, or, if is_compact, only a line with the title; returns the inside. */
struct mr_ink mr_ink_frame(const struct mr_ink *ink, const char *title, bool has_focus,
                           bool is_compact);
void mr_ink_picture(const struct mr_ink *ink, struct mr_rect_cells rect, uint64_t version,
                    const struct mr_image *image, const char *caption);

/* The ASCII stand-in of text, as used without UTF-8. */
void mr_ink_ascii(const char *text, struct mr_str *out);

#endif
