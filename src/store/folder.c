/* SPDX-License-Identifier: MIT */
/* Private folders, made durable one by one: a decision is no safer than the folders that lead to
 * it. */
#include "folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>

#define POLL_MS 5

/* The folder that path lies in; owned. */
static char *parent_of(const char *path)
{
    size_t n = strlen(path);
    char *parent;

    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    parent = mr_xalloc(n + 2, 1);
    memcpy(parent, n ? path : ".", n ? n : 1);
    return parent;
}

int mr_folder_make(const char *path)
{
    char *parent;
    int failed;

    if (mr_path_is_dir(path))
        return 0;
    parent = parent_of(path);
    failed = mr_folder_make(parent);
    if (!failed && mkdir(path, 0700)) {
        /* Another process may have been quicker. */
        failed = errno == EEXIST && mr_path_is_dir(path) ? 0 : -1;
    } else if (!failed) {
        failed = chmod(path, 0700); /* the umask may have taken from it */
        if (!failed)
            failed = mr_dir_sync(parent);
    }
    free(parent);
    return failed;
}

int mr_folder_lock(int fd, int ms)
{
    for (int waited = 0;; waited += POLL_MS) {
        if (!flock(fd, LOCK_EX | LOCK_NB))
            return 0;
        if ((errno != EWOULDBLOCK && errno != EINTR) || waited >= ms)
            return -1;
        mr_clock_sleep_ms(POLL_MS);
    }
}
