/* SPDX-License-Identifier: MIT */
/* Paths into groups. */
#include "grouping.h"

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/csv.h>
#include <misread/base/file.h>
#include <misread/base/pattern.h>

#include <misread/data/scan.h>

#define GROUP_BYTES 4096
#define MAX_BYTES   ((size_t)256 << 20)

struct mr_grouping_line {
    const char *path, *group; /* in the file's text */
};

enum mr_status mr_grouping_init(struct mr_grouping *grouping, const char *expression,
                                struct mr_error *err)
{
    *grouping = (struct mr_grouping){.by = expression};
    if (!*expression)
        return MR_OK;
    grouping->group = mr_xalloc(GROUP_BYTES, 1);
    return mr_pattern_create(&grouping->pattern, expression, err);
}

/* --- a column of a file --- */

static int compare_lines(const void *a, const void *b)
{
    return strcmp(((const struct mr_grouping_line *)a)->path,
                  ((const struct mr_grouping_line *)b)->path);
}

/* Ends the line at text; returns the next one, NULL after the last. */
static char *cut_line(char *text)
{
    char *end = text + strcspn(text, "\n"), *next = *end ? end + 1 : NULL;

    *end = '\0';
    if (end > text && end[-1] == '\r')
        end[-1] = '\0';
    return next && *next ? next : NULL;
}

/* The number of the field with that name; -1 if there is none. */
static int find_field(const char *line, const char *name)
{
    char *copy = mr_xstrdup(line), *at = copy, *field, end;
    int found = -1, i = 0;

    do {
        end = mr_csv_cut(&at, ',', &field);
        if (!strcmp(field, name))
            found = i;
        i++;
    } while (end == ',' && found < 0);
    free(copy);
    return found;
}

static struct mr_grouping_line read_line(char *line, int path, int group)
{
    struct mr_grouping_line read = {"", ""};

    char *field, end;
    int i = 0;

    do {
        end = mr_csv_cut(&line, ',', &field);
        read.path = i == path ? field : read.path;
        read.group = i == group ? field : read.group;
        i++;
    } while (end == ',');
    return read;
}

static enum mr_status read_lines(struct mr_grouping *grouping, const char *file, const char *name,
                                 struct mr_error *err)
{
    char *line = grouping->text, *next = cut_line(line);
    int path = find_field(line, "path"), group = find_field(line, name), n = 0;

    if (path < 0 || group < 0)
        return mr_fail(err, MR_E_USAGE,
                       "cannot group the images by '%s': the first line of '%s' names no column "
                       "'%s'",
                       grouping->by, file, path < 0 ? "path" : name);
    for (const char *at = next; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        n++;
    grouping->lines = mr_xalloc((size_t)n + 1, sizeof *grouping->lines);
    for (line = next; line; line = next) {
        next = cut_line(line);
        grouping->lines[grouping->n_lines++] = read_line(line, path, group);
    }
    qsort(grouping->lines, (size_t)grouping->n_lines, sizeof *grouping->lines, compare_lines);
    return MR_OK;
}

enum mr_status mr_grouping_init_column(struct mr_grouping *grouping, const char *column,
                                       struct mr_error *err)
{
    const char *colon = strrchr(column, ':');
    unsigned char *data = NULL;
    char *file;
    size_t n;
    enum mr_status st;

    *grouping = (struct mr_grouping){.by = column};
    if (!colon)
        return mr_fail(err, MR_E_USAGE,
                       "cannot group the images by '%s': it takes similarity, or FILE:COLUMN of a "
                       "CSV file",
                       column);
    file = mr_xasprintf("%.*s", (int)(colon - column), column);
    st = mr_file_read(file, MAX_BYTES, &data, &n, err);
    grouping->text = (char *)data;
    if (!st)
        st = read_lines(grouping, file, colon + 1, err);
    free(file);
    return st;
}

/* --- both --- */

enum mr_status mr_grouping_init_by(struct mr_grouping *grouping, const char *expression,
                                   const char *by, bool is_given, struct mr_error *err)
{
    enum mr_status st;

    if (*expression || !*by || !strcmp(by, MR_GROUP_BY_SIMILARITY))
        return mr_grouping_init(grouping, expression, err);
    st = mr_grouping_init_column(grouping, by, err);
    if (!st || is_given)
        return st;
    mr_grouping_finish(grouping);
    return mr_grouping_init(grouping, "", err);
}

void mr_grouping_finish(struct mr_grouping *grouping)
{
    mr_pattern_destroy(grouping->pattern);
    free(grouping->group);
    free(grouping->example);
    free(grouping->lines);
    free(grouping->text);
    *grouping = (struct mr_grouping){0};
}

bool mr_grouping_is_open(const struct mr_grouping *grouping)
{
    return grouping->pattern || grouping->lines;
}

/* NULL: none. */
static const char *find_group(struct mr_grouping *grouping, const char *path)
{
    const struct mr_grouping_line key = {.path = path}, *line;

    if (grouping->pattern)
        return mr_pattern_find(grouping->pattern, path, grouping->group, GROUP_BYTES)
                   ? grouping->group
                   : NULL;
    line = bsearch(&key, grouping->lines, (size_t)grouping->n_lines, sizeof key, compare_lines);
    return line ? line->group : NULL;
}

const char *mr_grouping_of(struct mr_grouping *grouping, const char *path)
{
    const char *group;

    if (!mr_grouping_is_open(grouping))
        return "";
    if (!grouping->n_paths++)
        grouping->example = mr_xstrdup(path);
    group = find_group(grouping, path);
    grouping->n_matches += group != NULL;
    return group ? group : "";
}

enum mr_status mr_grouping_check(const struct mr_grouping *grouping, struct mr_error *err)
{
    if (grouping->n_matches || !grouping->n_paths)
        return MR_OK;
    return mr_fail(err, MR_E_USAGE,
                   "cannot group the images by '%s': it matches none of the %d paths, such as '%s'",
                   grouping->by, grouping->n_paths, grouping->example);
}
