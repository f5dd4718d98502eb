/* SPDX-License-Identifier: MIT */
/* Reading a split file, and matching it with the files that there are. */
#include "side_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/csv.h>
#include <misread/base/file.h>
#include <misread/store/images.h>

#include "listing.h"

#define MAX_BYTES ((size_t)1 << 28)

struct named {
    const char *path; /* borrowed from the text */
    enum mr_side side;
};

struct side_file {
    const char *data_dir, *path; /* for sentences */
    char *text;                  /* owned; cut up into fields */
    struct named *names;         /* owned (n), by path */
    int n;
};

/* --- reading --- */

/* The side and the path that a line names. False if it names none. */
static bool read_line(char *line, struct named *named)
{
    char separator = strchr(line, '\t') ? '\t' : ',';
    char *first = line, *last;

    while (mr_csv_cut(&line, separator, &last) == separator)
        ;
    *named = (struct named){.path = last, .side = mr_listing_side_of(first)};
    if (named->side == MR_SIDE_NONE)
        *named = (struct named){.path = first, .side = mr_listing_side_of(last)};
    return first != last && named->side != MR_SIDE_NONE;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const struct named *)left)->path, ((const struct named *)right)->path);
}

static enum mr_status read_lines(struct side_file *file, struct mr_error *err)
{
    char *next = file->text;
    bool may_be_header = true;

    for (int number = 1; next; number++) {
        char *line = next, *end = line + strcspn(line, "\n");
        struct named named;

        next = *end ? end + 1 : NULL;
        *end = '\0';
        if (end > line && end[-1] == '\r')
            end[-1] = '\0';
        if (!*line || *line == '#')
            continue;
        if (read_line(line, &named))
            file->names[file->n++] = named;
        else if (!may_be_header)
            return mr_fail(err, MR_E_USAGE,
                           "cannot read the split file '%s': line %d does not begin or end with a "
                           "side (train, valid or test)",
                           file->path, number);
        may_be_header = false;
    }
    return MR_OK;
}

static enum mr_status check_unique(const struct side_file *file, struct mr_error *err)
{
    for (int i = 1; i < file->n; i++)
        if (!compare_names(&file->names[i - 1], &file->names[i]))
            return mr_fail(err, MR_E_USAGE, "cannot read the split file '%s': it names '%s' twice",
                           file->path, file->names[i].path);
    return MR_OK;
}

static enum mr_status load(struct side_file *file, struct mr_error *err)
{
    unsigned char *data = NULL;
    size_t n = 0, n_lines = 1;
    enum mr_status st = mr_file_read(file->path, MAX_BYTES, &data, &n, err);

    if (st)
        return st;
    file->text = (char *)data;
    for (size_t i = 0; i < n; i++)
        n_lines += data[i] == '\n';
    file->names = mr_xalloc(n_lines, sizeof *file->names);
    st = read_lines(file, err);
    if (st)
        return st;
    qsort(file->names, (size_t)file->n, sizeof *file->names, compare_names);
    return check_unique(file, err);
}

/* --- matching --- */

/* How many there are of a kind, and the first of them. */
struct count {
    int n;
    const char *example;
};

static void count(struct count *count, const char *example)
{
    if (!count->n++)
        count->example = example;
}

/* Both lists are in the order of paths. */
static enum mr_status match(const struct side_file *file, struct mr_listing *listing,
                            struct mr_error *err)
{
    struct count unnamed = {0, ""}, absent = {0, ""};
    int i = 0, j = 0;

    while (i < listing->n || j < file->n) {
        int order = i == listing->n ? 1
                    : j == file->n  ? -1
                                    : strcmp(listing->files[i].path, file->names[j].path);

        if (order == 0)
            listing->files[i].side = file->names[j].side;
        if (order < 0)
            count(&unnamed, listing->files[i].path);
        if (order > 0)
            count(&absent, file->names[j].path);
        i += order <= 0;
        j += order >= 0;
    }
    if (unnamed.n && absent.n)
        return mr_fail(err, MR_E_USAGE,
                       "cannot split '%s' by '%s': %d of its %d files are not named there, such as "
                       "'%s', and %d of the %d names there are no files of it, such as '%s'",
                       file->data_dir, file->path, unnamed.n, listing->n, unnamed.example, absent.n,
                       file->n, absent.example);
    if (unnamed.n)
        return mr_fail(err, MR_E_USAGE,
                       "cannot split '%s' by '%s': %d of its %d files are not named there, such as "
                       "'%s'",
                       file->data_dir, file->path, unnamed.n, listing->n, unnamed.example);
    if (absent.n)
        return mr_fail(err, MR_E_USAGE,
                       "cannot split '%s' by '%s': %d of the %d names there are no files of it, "
                       "such as '%s'",
                       file->data_dir, file->path, absent.n, file->n, absent.example);
    return MR_OK;
}

static enum mr_status check_valid(const struct side_file *file, struct mr_error *err)
{
    for (int i = 0; i < file->n; i++)
        if (file->names[i].side == MR_SIDE_VALID)
            return MR_OK;
    return mr_fail(err, MR_E_USAGE,
                   "cannot split '%s' by '%s': no image would be left to validate with, since it "
                   "names none for that",
                   file->data_dir, file->path);
}

enum mr_status mr_side_file_apply(struct mr_listing *listing, const char *data_dir,
                                  const char *path, struct mr_error *err)
{
    struct side_file file = {.data_dir = data_dir, .path = path};
    enum mr_status st = load(&file, err);

    if (!st)
        st = match(&file, listing, err);
    if (!st)
        st = mr_listing_check(listing, data_dir, err);
    if (!st)
        st = check_valid(&file, err);
    free(file.names);
    free(file.text);
    return st;
}

static int compare_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct mr_listed_file *)file)->path);
}

enum mr_status mr_side_file_agree(const struct mr_listing *listing,
                                  const struct mr_image_table *table, const char *data_dir,
                                  const char *path, struct mr_error *err)
{
    struct count other = {0, ""};

    for (int i = 0; i < table->n; i++) {
        const struct mr_image_row *row = &table->rows[i];
        const struct mr_listed_file *file =
            bsearch(row->path, listing->files, (size_t)listing->n, sizeof *file, compare_path);

        if (file && row->state != MR_IMAGE_MISSING && row->side != MR_SIDE_NONE &&
            row->side != file->side)
            count(&other, row->path);
    }
    if (!other.n)
        return MR_OK;
    return mr_fail(err, MR_E_USAGE,
                   "cannot split '%s' by '%s': the project has %d images on another side, such as "
                   "'%s'; use the split it was made with, or start a new project with --project",
                   data_dir, path, other.n, other.example);
}
