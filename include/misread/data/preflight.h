/* SPDX-License-Identifier: MIT */
/* Whether a run can be started at all, before a trace of it is left. */
#ifndef MISREAD_DATA_PREFLIGHT_H
#define MISREAD_DATA_PREFLIGHT_H

#include <misread/base/status.h>

struct mr_sandbox;
struct mr_scan_options;
struct mr_store;

/* The classes that a run would have, in its order. */
struct mr_class_names {
    char **names; /* owned */
    int n;
};
void mr_class_names_finish(struct mr_class_names *classes);

/*
 * Fails where mr_scan would, in its sentences. Where no image is stored yet (store NULL: there is
 * no project), also if the split would leave nothing to validate with, or if none of the images of
 * a side can be read. Quick: a few images are decoded. Of a side without a readable one among its
 * first 64 nothing is said: the run will find out, with progress and a way to stop it. classes may
 * be NULL.
 */
enum mr_status mr_preflight_check(struct mr_store *store, const char *data_dir,
                                  const struct mr_scan_options *options, struct mr_sandbox *sandbox,
                                  struct mr_class_names *classes,
                                  struct mr_error *err) MR_NODISCARD;

#endif
