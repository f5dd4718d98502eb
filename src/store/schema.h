/* SPDX-License-Identifier: MIT */
/* The tables of project.db and how older ones become the present ones. */
#ifndef MISREAD_STORE_SCHEMA_H
#define MISREAD_STORE_SCHEMA_H

#include <misread/base/status.h>

struct mr_store;

/* PRAGMA application_id of a project: "MRDB". */
#define MR_SCHEMA_APPLICATION_ID 0x4d524442

/* SQL that brings a database from version i to i + 1 is steps[i]; it ends by setting user_version.
 */
struct mr_schema {
    const char *const *steps;
    int n_steps;
};

extern const struct mr_schema mr_schema_current;

/* Applies the missing steps in one transaction. Refuses a newer database, and one that is not a
 * project. */
enum mr_status mr_schema_migrate(struct mr_store *store, const struct mr_schema *schema,
                                 struct mr_error *err) MR_NODISCARD;

#endif
