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
/* What holds once the options are compared with the project: what they leave open is its own. */
struct mr_settings {
    char *group_re;   /* owned; "" none */
    char *group_by;   /* owned; "" none, MR_GROUP_BY_SIMILARITY or FILE:COLUMN */
    char *split_file; /* owned; as given, or the project's; "" none */
    double test_fraction;
};
void mr_settings_finish(struct mr_settings *settings);

/* MR_E_USAGE if options has others than the n_images of the project were split with; store NULL:
 * there is no project yet. Another split file passes: it is its lines that must agree. */
enum mr_status mr_settings_check(struct mr_store *store, const char *data_dir, int n_images,
                                 const struct mr_scan_options *options,
                                 struct mr_settings *settings, struct mr_error *err) MR_NODISCARD;
enum mr_status mr_settings_save(struct mr_store *store, const char *data_dir,
                                const struct mr_settings *settings,
                                const struct mr_scan_options *options,
                                struct mr_error *err) MR_NODISCARD;

#endif
