/* SPDX-License-Identifier: MIT */
/* Growing strings, and the one door through which text from outside reaches a terminal. */
#ifndef MISREAD_BASE_STR_H
#define MISREAD_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/base/status.h>

/* A growing, always terminated string. Start with MR_STR_EMPTY; text may be NULL until the first
 * add. */
struct mr_str {
    char *text; /* owned */
    size_t n;
    size_t cap;
};
#define MR_STR_EMPTY \
    {                \
        0            \
    }

void mr_str_add(struct mr_str *str, const char *text);
void mr_str_add_n(struct mr_str *str, const char *text, size_t n);
void mr_str_addf(struct mr_str *str, const char *fmt, ...) MR_PRINTF(2, 3);
void mr_str_clear(struct mr_str *str);
void mr_str_finish(struct mr_str *str);

/* How a name too long for its place is shortened: keep both ends, or only the beginning. */
enum mr_elide { MR_ELIDE_MIDDLE, MR_ELIDE_END };

/*
 * Makes bytes from outside (file names, labels, notes) safe to show: strict UTF-8, bad bytes as
 * "\xNN", control, bidirectional and zero-width characters dropped, at most two combining marks a
 * base, shortened with an ellipsis to max_cols columns (0: not shortened). Writes at most cap bytes
 * with the terminator; returns the columns used.
 */
int mr_safe_text(char *out, size_t cap, const char *text, int max_cols, enum mr_elide elide);

/* Columns of a terminal that text takes; text must be safe already. */
int mr_text_cols(const char *text);

/* Copies with a terminator, cutting at cap. Returns false if it was cut. */
bool mr_str_copy(char *out, size_t cap, const char *text);

#endif
