/* SPDX-License-Identifier: MIT */
/* `report --compare`: two runs on the same validation images, by both kinds of labels. */
#ifndef MISREAD_APP_RUN_COMPARE_H
#define MISREAD_APP_RUN_COMPARE_H

#include <stdbool.h>

#include <misread/base/status.h>

struct mr_store;

/* runs: "A,B", before and after. Their last epochs, as text or one JSON object on stdout. */
enum mr_status mr_run_compare_print(struct mr_store *store, const char *runs, bool is_json,
                                    struct mr_error *err) MR_NODISCARD;

#endif
