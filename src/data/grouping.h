/* SPDX-License-Identifier: MIT */
/* Groups of images by what an expression finds in their paths. */
#ifndef MISREAD_DATA_GROUPING_H
#define MISREAD_DATA_GROUPING_H

#include <misread/base/status.h>

struct mr_pattern;

struct mr_grouping {
    const char *expression;     /* borrowed */
    struct mr_pattern *pattern; /* owned; NULL: nothing is grouped */
    char *group;                /* owned: the last one found */
    char *example;              /* owned: the first path that was asked about */
    int n_paths, n_matches;
};

/* expression "": no groups. MR_E_USAGE if it is malformed. Finish it in any case. */
enum mr_status mr_grouping_init(struct mr_grouping *grouping, const char *expression,
                                struct mr_error *err) MR_NODISCARD;
void mr_grouping_finish(struct mr_grouping *grouping);
/* The group of path, "" if it has none; borrowed until the next call. */
const char *mr_grouping_of(struct mr_grouping *grouping, const char *path);
/* After all paths: an expression that matched none would leave every group torn, in silence.
 * MR_E_USAGE. */
enum mr_status mr_grouping_check(const struct mr_grouping *grouping,
                                 struct mr_error *err) MR_NODISCARD;

#endif
