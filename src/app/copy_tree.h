/* SPDX-License-Identifier: MIT */
/* The data set as the readers left it: a folder of images per class, beside the original. */
#ifndef MISREAD_APP_COPY_TREE_H
#define MISREAD_APP_COPY_TREE_H

#include <stdbool.h>

#include <misread/base/status.h>

struct mr_exchange;

struct mr_copy_report {
    int n_copied, n_relabelled; /* the second are among the first */
    int n_excluded;             /* left out because a reader says so */
    int n_gone;                 /* left out because they are missing or cannot be read */
};

/*
 * Writes every image into to_dir, in the folder of the class that it has now; sides that are
 * folders stay. Each file is whole or absent, and holds what was reviewed: content that has changed
 * since is refused. A name that is taken gets a number. links: as a further name of the same file
 * rather than a copy, which needs the same disk. Refuses a to_dir that is not empty or lies in
 * data_dir (MR_E_USAGE). What was written before a failure stays.
 */
enum mr_status mr_copy_tree(const struct mr_exchange *exchange, const char *data_dir,
                            const char *to_dir, bool links, struct mr_copy_report *report,
                            struct mr_error *err) MR_NODISCARD;

#endif
