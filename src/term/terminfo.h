/* SPDX-License-Identifier: MIT */
/*
 * Starting curses on a terminfo entry without the capabilities that scroll, insert, delete or
 * erase: curses scrolls with them whatever idlok() says, and a picture that scrolls or is erased is
 * lost.
 */
#ifndef MISREAD_TERM_TERMINFO_H
#define MISREAD_TERM_TERMINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "curses.h"

/* Marks the capabilities as absent in a compiled entry (both formats of term(5)); false if it is
 * not one. */
bool mr_terminfo_hide(unsigned char *entry, size_t n);

/*
 * newterm(term) writing to out, with $TERMINFO pointing at the patched entry while it runs.
 * *is_patched is false if the entry was not found as a file: curses may then scroll pictures away.
 * NULL if curses does not know term.
 */
SCREEN *mr_terminfo_start(const char *term, FILE *out, FILE *in, bool *is_patched);

/* $TERM is known and can move the cursor; *colors gets its number of colours. */
enum mr_terminfo_answer { MR_TERMINFO_FINE, MR_TERMINFO_UNKNOWN, MR_TERMINFO_CANNOT_MOVE };
enum mr_terminfo_answer mr_terminfo_ask(const char *term, int *colors);

#endif
