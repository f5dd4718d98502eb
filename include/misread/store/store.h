/* SPDX-License-Identifier: MIT */
/*
 * The project database: the meeting point of training, screen and headless commands. SQLite in WAL mode.
 * One mr_store (one connection) per thread; short transactions; no read is left open between calls.
 * Nobody else in a process that holds a store may open and close project.db or the files beside it:
 * closing any descriptor of them drops the locks of all connections of the process (POSIX).
 */
#ifndef MISREAD_STORE_STORE_H
#define MISREAD_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>

struct mr_store;

enum mr_store_mode {
    MR_STORE_CREATE,  /* make folder (0700), database (0600) and schema if absent */
    MR_STORE_EXISTING /* MR_E_NOT_FOUND if there is no project */
};

/* project_dir is DATA/.misread or --project DIR. Migrates an older schema forward; refuses a newer one and a
 * network file system, each in a sentence that says what to do. A folder that cannot be written asks for --project. */
enum mr_status mr_store_open(struct mr_store **store, const char *project_dir,
                             enum mr_store_mode mode, struct mr_error *err) MR_NODISCARD;
void mr_store_close(struct mr_store *store);
const char *mr_store_project_dir(const struct mr_store *store);

/* Changes when any connection of any process has committed (PRAGMA data_version plus own changes). Cheap. */
int64_t mr_store_version(struct mr_store *store);

/* A setting of the project (data folder, group expression ...). get: *value owned (free), NULL if absent. */
enum mr_status mr_store_set_meta(struct mr_store *store, const char *key, const char *value,
                                 struct mr_error *err) MR_NODISCARD;
enum mr_status mr_store_get_meta(struct mr_store *store, const char *key, char **value,
                                 struct mr_error *err) MR_NODISCARD;

#endif
