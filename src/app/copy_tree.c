/* SPDX-License-Identifier: MIT */
/* The cleaned folder tree. */
#include "copy_tree.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/hash.h>
#include <misread/base/str.h>
#include <misread/store/images.h>

#include "exchange.h"

#define MOST_BYTES (64U << 20) /* twice what is ever decoded */

/* ---- where to ---- */

static bool is_empty(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool is_so = true;

    while (dir && is_so && (entry = readdir(dir)))
        is_so = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (dir)
        closedir(dir);
    return is_so;
}

/* Where the deepest folder on the way to path is that is there already. */
static enum mr_status resolve(const char *path, char real[PATH_MAX], struct mr_error *err)
{
    char *part = mr_xasprintf("%s%s", *path == '/' ? "" : "./", path);
    enum mr_status st = MR_OK;

    while (!st && !realpath(part, real)) {
        char *slash = strrchr(part, '/');

        if (errno != ENOENT)
            st = mr_fail(err, MR_E_IO, "cannot copy to '%s': %s", path, strerror(errno));
        else if (strcmp(slash, "/..") == 0) /* it would lead elsewhere once the folder is made */
            st = mr_fail(err, MR_E_USAGE,
                         "cannot copy to '%s': '..' follows a folder that is not there", path);
        else
            slash[slash == part] = '\0';
    }
    free(part);
    return st;
}

/* Makes the target, unless it would lie in the data folder. */
static enum mr_status make_target(const char *data_dir, const char *to_dir, struct mr_error *err)
{
    char parent[PATH_MAX], data[PATH_MAX];
    enum mr_status st = resolve(to_dir, parent, err);
    size_t n;

    if (st)
        return st;
    if (!realpath(data_dir, data))
        return mr_fail(err, MR_E_IO, "cannot copy from '%s': %s", data_dir, strerror(errno));
    n = strlen(data);
    if (strncmp(parent, data, n) == 0 && (!parent[n] || parent[n] == '/'))
        return mr_fail(err, MR_E_USAGE,
                       "cannot copy to '%s': it lies in the data folder, which is never changed",
                       to_dir);
    st = mr_dir_make(to_dir, 0777, err);
    if (!st && !is_empty(to_dir))
        st = mr_fail(err, MR_E_USAGE, "cannot copy to '%s': it is not empty; give a new folder",
                     to_dir);
    return st;
}

/* A class as the name of a folder. */
static char *folder_name(const char *class_name)
{
    char *name = mr_xstrdup(class_name);

    for (char *p = name; *p; p++)
        if (*p == '/')
            *p = '_';
    if (name[0] == '.')
        name[0] = '_';
    return name;
}

/*
 * "train/a/b/1.png" of class a becomes "train/z/b/1.png" in class z. Where a class is not a folder
 * of the path, the name alone goes into the class's folder.
 */
static char *new_path(const struct mr_exchange *exchange, const struct mr_image_row *row,
                      int class_id)
{
    const char *slash = strchr(row->path, '/'), *rest = mr_path_base(row->path);
    char *folder = folder_name(exchange->images->classes[class_id]), *path;
    const char *old = row->class_id >= 0 ? exchange->images->classes[row->class_id] : "";
    char name[MR_EXCHANGE_NAME_BYTES];
    size_t n_old = strlen(old), n_side = 0;

    if (slash && n_old && (strncmp(row->path, old, n_old) != 0 || row->path[n_old] != '/') &&
        strncmp(slash + 1, old, n_old) == 0 && slash[1 + n_old] == '/')
        n_side = (size_t)(slash + 1 - row->path);
    if (n_old && strncmp(row->path + n_side, old, n_old) == 0 && row->path[n_side + n_old] == '/')
        rest = row->path + n_side + n_old + 1;
    if (exchange->is_anonymous) {
        mr_exchange_path(exchange, row, name);
        rest = name;
    }
    path = mr_xasprintf("%.*s%s/%s", (int)n_side, row->path, folder, rest);
    free(folder);
    return path;
}

/* The path in to_dir, with a number before its ending if the name is taken. Owned. */
static char *free_path(const char *to_dir, const char *path)
{
    char *free_one = mr_path_join(to_dir, path);
    const char *dot = strrchr(mr_path_base(path), '.');
    int stem = dot && dot != mr_path_base(path) ? (int)(dot - path) : (int)strlen(path);

    for (int i = 2; mr_path_exists(free_one); i++) {
        free(free_one);
        free_one = mr_xasprintf("%s/%.*s-%d%s", to_dir, stem, path, i, path + stem);
    }
    return free_one;
}

/* ---- one file ---- */

static enum mr_status link_file(const char *from, const char *to, struct mr_error *err)
{
    if (link(from, to) == 0)
        return MR_OK;
    return mr_fail(
        err, MR_E_IO, "cannot link '%s' as '%s': %s%s", from, to, strerror(errno),
        errno == EXDEV || errno == EPERM || errno == EMLINK ? "; without --link it is copied" : "");
}

static enum mr_status copy_file(const struct mr_image_row *row, const char *from, const char *to,
                                bool links, struct mr_error *err)
{
    unsigned char *data = NULL;
    char hash[MR_SHA256_HEX];
    struct mr_file_part part;
    size_t n = 0;
    enum mr_status st = mr_file_read(from, MOST_BYTES, &data, &n, err);

    if (st)
        return st;
    mr_hash_sha256(data, n, hash);
    part = (struct mr_file_part){data, n};
    if (strcmp(hash, row->hash) != 0)
        st = mr_fail(err, MR_E_USAGE,
                     "cannot copy '%s': it has changed since it was reviewed; train or open the "
                     "project to scan it again",
                     from);
    else
        st = links ? link_file(from, to, err) : mr_file_write(to, 0644, &part, 1, err);
    free(data);
    return st;
}

static enum mr_status place_image(const struct mr_exchange *exchange,
                                  const struct mr_image_row *row, int class_id,
                                  const char *data_dir, const char *to_dir, bool links,
                                  struct mr_error *err)
{
    char *path = new_path(exchange, row, class_id), *to = free_path(to_dir, path);
    char *from = mr_path_join(data_dir, row->path), *folder = mr_xstrdup(to);
    enum mr_status st;

    *strrchr(folder, '/') = '\0';
    st = mr_dir_make(folder, 0777, err);
    if (!st)
        st = copy_file(row, from, to, links, err);
    free(path);
    free(to);
    free(from);
    free(folder);
    return st;
}

enum mr_status mr_copy_tree(const struct mr_exchange *exchange, const char *data_dir,
                            const char *to_dir, bool links, struct mr_copy_report *report,
                            struct mr_error *err)
{
    struct mr_copy_report done = {0};
    enum mr_status st = make_target(data_dir, to_dir, err);

    for (int i = 0; i < exchange->images->n && !st; i++) {
        const struct mr_image_row *row = &exchange->images->rows[i];
        int n_about;
        const struct mr_decision *about = mr_exchange_about(exchange, row->id, &n_about);
        struct mr_review_state state = mr_review_state_of(about, n_about, row->id);
        int class_id = state.label >= 0 ? state.label : row->class_id;

        if (row->state == MR_IMAGE_UNREADABLE || row->state == MR_IMAGE_MISSING || class_id < 0) {
            done.n_gone++;
        } else if (state.is_excluded) {
            done.n_excluded++;
        } else {
            st = place_image(exchange, row, class_id, data_dir, to_dir, links, err);
            done.n_copied += st == MR_OK;
            done.n_relabelled += st == MR_OK && class_id != row->class_id;
        }
    }
    if (!st)
        *report = done;
    return st;
}
