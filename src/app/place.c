/* SPDX-License-Identifier: MIT */
/* Where a project is. */
#include "place.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>

char *mr_place_state(const char *name)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");

    if (state && *state)
        return mr_xasprintf("%s/misread/%s", state, name);
    return mr_xasprintf("%s/.local/state/misread/%s", home ? home : "", name);
}

enum mr_status mr_place_state_make(struct mr_error *err)
{
    char *folder = mr_place_state("");
    enum mr_status st;

    folder[strlen(folder) - 1] = '\0'; /* the slash */
    st = mr_dir_make(folder, 0700, err);
    free(folder);
    return st;
}

/* Two lines: the data folder and the project folder. */
static enum mr_status find_last(struct mr_place *place, struct mr_error *err)
{
    char *path = mr_place_state("last");
    unsigned char *text = NULL;
    char *newline;
    size_t n;
    enum mr_status st = mr_file_read(path, 1 << 16, &text, &n, NULL);

    free(path);
    newline = text ? strchr((char *)text, '\n') : NULL;
    if (st || !newline || !strchr(newline + 1, '\n')) {
        free(text);
        return mr_fail(
            err, MR_E_USAGE,
            "no data folder given and none remembered: try 'misread DATA' or 'misread demo'");
    }
    *newline = '\0';
    *strchr(newline + 1, '\n') = '\0';
    place->data_dir = mr_xstrdup((char *)text);
    place->project_dir = mr_xstrdup(newline + 1);
    free(text);
    return MR_OK;
}

enum mr_status mr_place_find(struct mr_place *place, const char *data, const char *project,
                             struct mr_error *err)
{
    struct mr_place found = {0};
    char absolute[PATH_MAX];
    enum mr_status st = MR_OK;

    if (!data) {
        st = find_last(&found, err);
        data = found.data_dir;
    }
    if (!st && !realpath(data, absolute))
        st = mr_fail(err, MR_E_IO, "cannot open the data folder '%s': %s", data, strerror(errno));
    else if (!st && !mr_path_is_dir(absolute))
        st = mr_fail(err, MR_E_IO, "cannot open the data folder '%s': it is a file", data);
    if (st) {
        mr_place_finish(&found);
        return st;
    }
    free(found.data_dir);
    found.data_dir = mr_xstrdup(absolute);
    if (project) {
        free(found.project_dir);
        found.project_dir = mr_xstrdup(project);
    } else if (!found.project_dir) {
        found.project_dir = mr_path_join(absolute, ".misread");
    }
    found.name = mr_xstrdup(mr_path_base(absolute));
    *place = found;
    return MR_OK;
}

void mr_place_finish(struct mr_place *place)
{
    free(place->data_dir);
    free(place->project_dir);
    free(place->name);
    *place = (struct mr_place){0};
}

void mr_place_remember(const struct mr_place *place)
{
    char *path = mr_place_state("last");
    char absolute[PATH_MAX];
    const char *project = realpath(place->project_dir, absolute) ? absolute : place->project_dir;
    char *text = mr_xasprintf("%s\n%s\n", place->data_dir, project);
    struct mr_file_part part = {text, strlen(text)};
    enum mr_status st = mr_place_state_make(NULL);

    if (!st)
        st = mr_file_write(path, 0600, &part, 1, NULL);
    (void)st; /* a convenience only */
    free(text);
    free(path);
}

const char *mr_place_reader(const char *reader)
{
    struct passwd *user;

    if (reader && *reader)
        return reader;
    user = getpwuid(getuid());
    return user && user->pw_name ? user->pw_name : "reader";
}
