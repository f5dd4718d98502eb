/* SPDX-License-Identifier: MIT */
/* Comma-separated values, as RFC 4180 has them. */
#ifndef MISREAD_BASE_CSV_H
#define MISREAD_BASE_CSV_H

struct mr_str;

/*
 * Ends the field that begins at *at and takes its quotes away (where the separator is a comma), in
 * place. *field is its text, *at what follows. Returns what ended it: the separator, '\n' for any
 * end of a line, '\0' for the end of the text, '"' if a quote was left open.
 */
char mr_csv_cut(char **at, char separator, char **field);

/* Adds a field, in quotes if it must be. */
void mr_csv_add(struct mr_str *str, const char *field);

#endif
