/* SPDX-License-Identifier: MIT */
/* Paths into groups. */
#include "grouping.h"

#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/pattern.h>

#define GROUP_BYTES 4096

enum mr_status mr_grouping_init(struct mr_grouping *grouping, const char *expression,
                                struct mr_error *err)
{
    *grouping = (struct mr_grouping){.expression = expression};
    if (!*expression)
        return MR_OK;
    grouping->group = mr_xalloc(GROUP_BYTES, 1);
    return mr_pattern_create(&grouping->pattern, expression, err);
}

void mr_grouping_finish(struct mr_grouping *grouping)
{
    mr_pattern_destroy(grouping->pattern);
    free(grouping->group);
    free(grouping->example);
    *grouping = (struct mr_grouping){0};
}

const char *mr_grouping_of(struct mr_grouping *grouping, const char *path)
{
    if (!grouping->pattern)
        return "";
    if (!grouping->n_paths++)
        grouping->example = mr_xstrdup(path);
    if (!mr_pattern_find(grouping->pattern, path, grouping->group, GROUP_BYTES))
        return "";
    grouping->n_matches++;
    return grouping->group;
}

enum mr_status mr_grouping_check(const struct mr_grouping *grouping, struct mr_error *err)
{
    if (grouping->n_matches || !grouping->n_paths)
        return MR_OK;
    return mr_fail(err, MR_E_USAGE,
                   "cannot group the images by '%s': it matches none of the %d paths, such as '%s'",
                   grouping->expression, grouping->n_paths, grouping->example);
}
