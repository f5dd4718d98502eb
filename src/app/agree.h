/* SPDX-License-Identifier: MIT */
/* Options that are good each and do not go together: what was asked for and would not be done. */
#ifndef MISREAD_APP_AGREE_H
#define MISREAD_APP_AGREE_H

#include <misread/base/status.h>

struct mr_args;
struct mr_place;
struct mr_train_options;

/* Would each option that was given change something in a run with these options (weights already a
 * file)? MR_E_USAGE with a sentence that names the first that would not. */
enum mr_status mr_agree_check(const struct mr_args *args, const struct mr_train_options *options,
                              const struct mr_place *place, struct mr_error *err) MR_NODISCARD;

/* MR_E_USAGE if an option was given that a resumed run, which has its own, would not heed. */
enum mr_status mr_agree_resume(const struct mr_args *args, struct mr_error *err) MR_NODISCARD;

#endif
