/* SPDX-License-Identifier: MIT */
/* Class names, safe to show, and short forms of them that still tell the classes apart. */
#ifndef MISREAD_TUI_NAMES_H
#define MISREAD_TUI_NAMES_H

#include <stddef.h>

struct mr_names {
    char **full; /* owned */
    int n;
};

/* Copies and makes safe. Free with mr_names_finish. */
void mr_names_init(struct mr_names *names, char *const *classes, int n);
void mr_names_finish(struct mr_names *names);
/* The full name; "class 9" for an index that has none. The text lives until the next call with
 * such an index or mr_names_finish. */
const char *mr_names_full(const struct mr_names *names, int class_id);
/*
 * At most max_cols columns: the full name; else without its first word if other classes share it
 * and the rest is unique; else without last words as long as it stays unique; else cut.
 */
void mr_names_short(const struct mr_names *names, int class_id, int max_cols, char *out,
                    size_t cap);
/* Two names that share max_cols columns: what the one does not need the other gets. */
void mr_names_pair(const struct mr_names *names, int a, int b, int max_cols, char *out_a,
                   char *out_b, size_t cap);
/* The index of the class whose name begins with or contains text, ignoring case; -1 if none or
 * several (a whole name and a unique beginning win). */
int mr_names_complete(const struct mr_names *names, const char *text);

#endif
