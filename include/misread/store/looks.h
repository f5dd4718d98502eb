/* SPDX-License-Identifier: MIT */
/* When the test images were looked at. Append-only: a test set that is looked at often, and decided
 * by, is no test set any more, so nobody may forget a look. */
#ifndef MISREAD_STORE_LOOKS_H
#define MISREAD_STORE_LOOKS_H

#include <stdint.h>

#include <misread/base/status.h>

struct mr_store;

struct mr_look {
    int64_t id; /* set by the store, ascending */
    int64_t at; /* unix seconds, set by the store if 0 */
    int run;
    int n, n_correct;
};

/* id and at are set. */
enum mr_status mr_look_add(struct mr_store *store, struct mr_look *look,
                           struct mr_error *err) MR_NODISCARD;
/* All looks of the project, oldest first; *looks owned (free). */
enum mr_status mr_looks_load(struct mr_store *store, struct mr_look **looks, int *n,
                             struct mr_error *err) MR_NODISCARD;

#endif
