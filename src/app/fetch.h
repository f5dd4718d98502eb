/* SPDX-License-Identifier: MIT */
/* One file from the web to the disk, going on where an earlier attempt ended. */
#ifndef MISREAD_APP_FETCH_H
#define MISREAD_APP_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/base/status.h>

struct mr_fetch {
    const char *url;
    const char *path; /* of the part that is there so far; made if absent */
    size_t max_bytes;
    /* Called several times a second with the bytes so far and in all (0: unknown); false stops. */
    bool (*go_on)(void *ctx, double n, double n_all);
    void *ctx;
};

/*
 * Appends to fetch->path what is missing of the URL (http, https). MR_OK: all of it is there and on
 * the disk; whether it is the right file is the caller's to check. MR_E_BUSY if another process is
 * at it, MR_E_CANCELLED if stopped, MR_E_IO with the reason, MR_E_UNSUPPORTED in a build without
 * libcurl. What had come stays, for the next attempt.
 */
enum mr_status mr_fetch_file(const struct mr_fetch *fetch, struct mr_error *err) MR_NODISCARD;

#endif
