/* SPDX-License-Identifier: MIT */
/*
 * The walk over a data folder. A folder that cannot be read fails the whole walk: what it holds
 * must not be taken for missing.
 */
#include "listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>

/* Links to folders are not followed, so only a folder mounted into itself gets this deep. */
#define MAX_DEPTH 64

static const struct {
    const char *name;
    enum mr_side side;
} side_names[] = {
    {"train", MR_SIDE_TRAIN},      {"valid", MR_SIDE_VALID}, {"val", MR_SIDE_VALID},
    {"validation", MR_SIDE_VALID}, {"test", MR_SIDE_TEST},
};

struct names {
    char **names; /* owned */
    int n, cap;
};

struct walk {
    struct mr_listing *listing;
    const char *root; /* the data folder, resolved */
    dev_t project_dev;
    ino_t project_ino;
    bool has_project;
    int n_cap, n_class_cap;
    /* of the folder being walked */
    int class_id;
    enum mr_side side;
};

static void names_add(struct names *names, const char *name)
{
    if (names->n == names->cap) {
        names->cap = names->cap ? 2 * names->cap : 16;
        names->names = mr_xrealloc(names->names, (size_t)names->cap, sizeof *names->names);
    }
    names->names[names->n++] = mr_xstrdup(name);
}

static void names_finish(struct names *names)
{
    for (int i = 0; i < names->n; i++)
        free(names->names[i]);
    free(names->names);
    *names = (struct names){0};
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Everything in a folder that is not hidden, sorted. */
static enum mr_status read_folder(struct names *names, const char *dir, struct mr_error *err)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    int why;

    if (!d)
        return mr_fail(err, errno == ENOENT ? MR_E_NOT_FOUND : MR_E_IO,
                       "cannot read the folder '%s': %s", dir, strerror(errno));
    while (errno = 0, (entry = readdir(d)))
        if (entry->d_name[0] != '.')
            names_add(names, entry->d_name);
    why = errno;
    closedir(d);
    if (why) {
        names_finish(names);
        return mr_fail(err, MR_E_IO, "cannot read the folder '%s': %s", dir, strerror(why));
    }
    if (names->n)
        qsort(names->names, (size_t)names->n, sizeof *names->names, compare_names);
    return MR_OK;
}

static bool is_project(const struct walk *walk, const struct stat *st)
{
    return walk->has_project && st->st_dev == walk->project_dev && st->st_ino == walk->project_ino;
}

/* Does path, resolved, hold the data folder (or is it the data folder)? */
static bool leads_back(const struct walk *walk, const char *path)
{
    char *resolved = realpath(path, NULL);
    size_t n = resolved ? strlen(resolved) : 0;
    bool is_back = resolved && !strncmp(resolved, walk->root, n) &&
                   (walk->root[n] == '/' || walk->root[n] == '\0' || n == 1);

    free(resolved);
    return is_back;
}

/* The folders in dir that may be classes or sides. */
static enum mr_status read_subfolders(const struct walk *walk, struct names *out, const char *dir,
                                      struct mr_error *err)
{
    struct names all = {0};
    enum mr_status status = read_folder(&all, dir, err);

    for (int i = 0; i < all.n; i++) {
        char *path = mr_path_join(dir, all.names[i]);
        struct stat st;

        if (!stat(path, &st) && S_ISDIR(st.st_mode) && !is_project(walk, &st) &&
            !leads_back(walk, path))
            names_add(out, all.names[i]);
        free(path);
    }
    names_finish(&all);
    return status;
}

static int find_class(const struct mr_listing *listing, const char *name)
{
    for (int i = 0; i < listing->n_classes; i++)
        if (!strcmp(listing->classes[i], name))
            return i;
    return -1;
}

static int find_or_add_class(struct walk *walk, const char *name)
{
    struct mr_listing *listing = walk->listing;
    int found = find_class(listing, name);

    if (found >= 0)
        return found;
    if (listing->n_classes == walk->n_class_cap) {
        walk->n_class_cap = walk->n_class_cap ? 2 * walk->n_class_cap : 16;
        listing->classes =
            mr_xrealloc(listing->classes, (size_t)walk->n_class_cap, sizeof *listing->classes);
    }
    listing->classes[listing->n_classes] = mr_xstrdup(name);
    return listing->n_classes++;
}

static void add_file(struct walk *walk, const char *path, const struct stat *st)
{
    struct mr_listing *listing = walk->listing;

    if (listing->n == walk->n_cap) {
        walk->n_cap = walk->n_cap ? 2 * walk->n_cap : 256;
        listing->files = mr_xrealloc(listing->files, (size_t)walk->n_cap, sizeof *listing->files);
    }
    listing->files[listing->n++] = (struct mr_listed_file){
        .path = mr_xstrdup(path),
        .class_id = walk->class_id,
        .side = walk->side,
        .n_bytes = st->st_size,
        .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
    };
}

static enum mr_status walk_folder(struct walk *walk, const char *relative, int depth,
                                  struct mr_error *err);

/* One name in a class folder. What is neither a file nor a folder (or has just vanished) is passed
 * over. */
static enum mr_status walk_name(struct walk *walk, const char *relative, int depth,
                                struct mr_error *err)
{
    char *path = mr_path_join(walk->root, relative);
    enum mr_status status = MR_OK;
    struct stat st;
    bool is_link;

    if (lstat(path, &st))
        goto out;
    is_link = S_ISLNK(st.st_mode);
    if (is_link && stat(path, &st))
        goto out;
    if (S_ISREG(st.st_mode))
        add_file(walk, relative, &st);
    else if (S_ISDIR(st.st_mode) && !is_link && !is_project(walk, &st))
        status = walk_folder(walk, relative, depth + 1, err);
out:
    free(path);
    return status;
}

static enum mr_status walk_folder(struct walk *walk, const char *relative, int depth,
                                  struct mr_error *err)
{
    char *dir = mr_path_join(walk->root, relative);
    struct names names = {0};
    enum mr_status status;

    if (depth > MAX_DEPTH) {
        status =
            mr_fail(err, MR_E_LIMIT, "cannot read the folder '%s': it is nested too deep", dir);
        goto out;
    }
    status = read_folder(&names, dir, err);
    for (int i = 0; i < names.n && !status; i++) {
        char *path = mr_path_join(relative, names.names[i]);

        status = walk_name(walk, path, depth, err);
        free(path);
    }
out:
    names_finish(&names);
    free(dir);
    return status;
}

/* The class folders in one place: the data folder itself ("") or one of its sides. */
static enum mr_status walk_classes(struct walk *walk, const char *relative, enum mr_side side,
                                   struct mr_error *err)
{
    char *dir = *relative ? mr_path_join(walk->root, relative) : mr_xstrdup(walk->root);
    struct names classes = {0};
    enum mr_status status = read_subfolders(walk, &classes, dir, err);

    for (int i = 0; i < classes.n && !status; i++) {
        char *path =
            *relative ? mr_path_join(relative, classes.names[i]) : mr_xstrdup(classes.names[i]);

        walk->class_id = find_or_add_class(walk, classes.names[i]);
        walk->side = side;
        status = walk_folder(walk, path, 0, err);
        free(path);
    }
    names_finish(&classes);
    free(dir);
    return status;
}

enum mr_side mr_listing_side_of(const char *word)
{
    for (size_t i = 0; i < sizeof side_names / sizeof *side_names; i++)
        if (!strcasecmp(word, side_names[i].name))
            return side_names[i].side;
    return MR_SIDE_NONE;
}

static bool has_subfolders(const struct walk *walk, const char *name)
{
    char *dir = mr_path_join(walk->root, name);
    struct names names = {0};
    bool has = !read_subfolders(walk, &names, dir, NULL) && names.n;

    names_finish(&names);
    free(dir);
    return has;
}

/*
 * Are the top folders sides? A class may well be called "train" (among cars and ships), so it takes
 * a train folder that holds folders, and beside it another such side, or nothing.
 */
static bool has_sides(const struct walk *walk, const struct names *top)
{
    bool has_train = false, has_other = false;

    for (int i = 0; i < top->n; i++) {
        enum mr_side side = mr_listing_side_of(top->names[i]);

        if (side == MR_SIDE_NONE || !has_subfolders(walk, top->names[i]))
            continue;
        if (side == MR_SIDE_TRAIN)
            has_train = true;
        else
            has_other = true;
    }
    return has_train && (has_other || top->n == 1);
}

/* Without a single file for validation nobody has split yet: the train folder is split like any
 * other. */
static void forget_sides_if_one(struct mr_listing *listing)
{
    for (int i = 0; i < listing->n; i++)
        if (listing->files[i].side == MR_SIDE_VALID)
            return;
    for (int i = 0; i < listing->n; i++)
        if (listing->files[i].side == MR_SIDE_TRAIN)
            listing->files[i].side = MR_SIDE_NONE;
}

static enum mr_status walk_all(struct walk *walk, struct mr_error *err)
{
    struct names top = {0};
    enum mr_status status = read_subfolders(walk, &top, walk->root, err);

    if (!status && !has_sides(walk, &top))
        status = walk_classes(walk, "", MR_SIDE_NONE, err);
    else
        for (int i = 0; i < top.n && !status; i++)
            if (mr_listing_side_of(top.names[i]) != MR_SIDE_NONE)
                status = walk_classes(walk, top.names[i], mr_listing_side_of(top.names[i]), err);
    names_finish(&top);
    forget_sides_if_one(walk->listing);
    return status;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct mr_listed_file *)a)->path,
                  ((const struct mr_listed_file *)b)->path);
}

/* Classes were numbered as they were met; number them by name. */
static void sort_all(struct mr_listing *listing)
{
    size_t n = (size_t)listing->n_classes;
    char **met = mr_xalloc(n, sizeof *met);
    int *by_name = mr_xalloc(n, sizeof *by_name);

    if (n) {
        memcpy(met, listing->classes, n * sizeof *met);
        qsort(listing->classes, n, sizeof *listing->classes, compare_names);
    }
    for (size_t i = 0; i < n; i++)
        by_name[i] = find_class(listing, met[i]);
    for (int i = 0; i < listing->n; i++)
        listing->files[i].class_id = by_name[listing->files[i].class_id];
    if (listing->n)
        qsort(listing->files, (size_t)listing->n, sizeof *listing->files, compare_files);
    free(met);
    free(by_name);
}

/* Every class needs files to learn from. */
enum mr_status mr_listing_check(const struct mr_listing *listing, const char *data_dir,
                                struct mr_error *err)
{
    enum mr_status status = MR_OK;
    int *n_files = mr_xalloc((size_t)listing->n_classes, sizeof *n_files);
    int *n_train = mr_xalloc((size_t)listing->n_classes, sizeof *n_train);

    for (int i = 0; i < listing->n; i++) {
        enum mr_side side = listing->files[i].side;

        n_files[listing->files[i].class_id]++;
        n_train[listing->files[i].class_id] += side == MR_SIDE_TRAIN || side == MR_SIDE_NONE;
    }
    for (int c = 0; c < listing->n_classes && !status; c++) {
        if (!n_files[c])
            status = mr_fail(
                err, MR_E_USAGE,
                "cannot use '%s': the class folder '%s' holds no files; fill it or remove it",
                data_dir, listing->classes[c]);
        else if (!n_train[c])
            status =
                mr_fail(err, MR_E_USAGE, "cannot use '%s': the class '%s' has no files to train on",
                        data_dir, listing->classes[c]);
    }
    if (!status && listing->n_classes < 2)
        status =
            mr_fail(err, MR_E_USAGE,
                    "cannot use '%s': it holds %s, and it takes at least two, a folder for each "
                    "class with its images in it",
                    data_dir, listing->n_classes ? "one class folder" : "no class folder");
    free(n_files);
    free(n_train);
    return status;
}

enum mr_status mr_listing_load(struct mr_listing *listing, const char *data_dir,
                               const char *project_dir, struct mr_error *err)
{
    struct walk walk = {.listing = listing};
    struct stat st;
    char *root = NULL;
    enum mr_status status;

    *listing = (struct mr_listing){0};
    if (stat(data_dir, &st) || !(root = realpath(data_dir, NULL)))
        return mr_fail(err, errno == ENOENT ? MR_E_NOT_FOUND : MR_E_IO,
                       "cannot read the folder '%s': %s", data_dir, strerror(errno));
    if (!S_ISDIR(st.st_mode)) {
        status =
            mr_fail(err, MR_E_USAGE, "cannot read the folder '%s': it is not a folder", data_dir);
        goto out;
    }
    walk.root = root;
    if (project_dir && !stat(project_dir, &st)) {
        walk.has_project = true;
        walk.project_dev = st.st_dev;
        walk.project_ino = st.st_ino;
    }
    status = walk_all(&walk, err);
    if (status)
        goto out;
    sort_all(listing);
    status = mr_listing_check(listing, data_dir, err);
out:
    if (status)
        mr_listing_finish(listing);
    free(root);
    return status;
}

void mr_listing_finish(struct mr_listing *listing)
{
    for (int i = 0; i < listing->n_classes; i++)
        free(listing->classes[i]);
    for (int i = 0; i < listing->n; i++)
        free(listing->files[i].path);
    free(listing->classes);
    free(listing->files);
    *listing = (struct mr_listing){0};
}
