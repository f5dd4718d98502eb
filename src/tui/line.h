/* SPDX-License-Identifier: MIT */
/* Editing of one line of UTF-8: a note, a search, letters in a picker. */
#ifndef MISREAD_TUI_LINE_H
#define MISREAD_TUI_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct mr_ink;
struct mr_key;

struct mr_line {
    char text[256];
    size_t cursor; /* byte */
};

/* True if the key was one of editing. What does not fit is not taken. */
bool mr_line_key(struct mr_line *line, const struct mr_key *key);
/* From col to the end of the row, the cursor in reverse; what is too long loses its beginning. */
void mr_line_draw(const struct mr_line *line, const struct mr_ink *ink, int row, int col);
/* The byte behind the character at `at`. */
size_t mr_line_behind(const char *text, size_t at);

#endif
