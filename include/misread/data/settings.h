/* SPDX-License-Identifier: MIT */
/* What a project's images were split with: kept in the store, and binding once an image is there.
 */
#ifndef MISREAD_DATA_SETTINGS_H
#define MISREAD_DATA_SETTINGS_H

#include <stdint.h>

#include <misread/base/status.h>

struct mr_scan_options;
struct mr_store;

/* The project's own; a value that it does not have stays as it was. */
enum mr_status mr_settings_load(struct mr_store *store, uint64_t *split_seed,
                                double *valid_fraction, struct mr_error *err) MR_NODISCARD;
/* MR_E_USAGE if options has others than the n_images of the project were split with; store NULL:
 * there is no project yet. *group_re: the expression that holds, "" for none; owned by the caller.
 */
enum mr_status mr_settings_check(struct mr_store *store, const char *data_dir, int n_images,
                                 const struct mr_scan_options *options, char **group_re,
                                 struct mr_error *err) MR_NODISCARD;
enum mr_status mr_settings_save(struct mr_store *store, const char *data_dir, const char *group_re,
                                const struct mr_scan_options *options,
                                struct mr_error *err) MR_NODISCARD;

#endif
