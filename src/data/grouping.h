/* SPDX-License-Identifier: MIT */
/* Groups of images by their paths: by what an expression finds in them, or by a table of them. */
#ifndef MISREAD_DATA_GROUPING_H
#define MISREAD_DATA_GROUPING_H

#include <stdbool.h>

#include <misread/base/status.h>

struct mr_pattern;

struct mr_grouping_line;

struct mr_grouping {
    const char *by;                 /* borrowed: the expression, or FILE:COLUMN */
    struct mr_pattern *pattern;     /* owned; NULL without an expression */
    char *group;                    /* owned: the last one found */
    char *text;                     /* owned: the file */
    struct mr_grouping_line *lines; /* owned (n_lines), by path; NULL without a file */
    int n_lines;
    char *example; /* owned: the first path that was asked about */
    int n_paths, n_matches;
};

/* expression "": no groups. MR_E_USAGE if it is malformed. Finish it in any case. */
enum mr_status mr_grouping_init(struct mr_grouping *grouping, const char *expression,
                                struct mr_error *err) MR_NODISCARD;
/* column "FILE:COLUMN": the column of that name in a CSV file with a first line of names and a
 * column "path", relative to the data folder. MR_E_USAGE if it has not, MR_E_IO if it cannot be
 * read. Finish it in any case. */
enum mr_status mr_grouping_init_column(struct mr_grouping *grouping, const char *column,
                                       struct mr_error *err) MR_NODISCARD;
/* By an expression, or by a column; nothing is grouped by "" and by similarity. A file that is gone
 * is refused only if it is given now: else nothing is grouped. Finish it in any case. */
enum mr_status mr_grouping_init_by(struct mr_grouping *grouping, const char *expression,
                                   const char *by, bool is_given,
                                   struct mr_error *err) MR_NODISCARD;
void mr_grouping_finish(struct mr_grouping *grouping);
/* Does it group anything at all? */
bool mr_grouping_is_open(const struct mr_grouping *grouping);
/* The group of path, "" if it has none; borrowed until the next call. */
const char *mr_grouping_of(struct mr_grouping *grouping, const char *path);
/* After all paths: what matched none would leave every group torn, in silence.
 * MR_E_USAGE. */
enum mr_status mr_grouping_check(const struct mr_grouping *grouping,
                                 struct mr_error *err) MR_NODISCARD;

#endif
