/* SPDX-License-Identifier: MIT */
/* The demo data set: procedural endoscopy-like JPEGs with planted ambiguity and planted wrong
 * labels. */
#ifndef MISREAD_DATA_DEMO_H
#define MISREAD_DATA_DEMO_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>

struct mr_demo_options {
    uint64_t seed;
    int n_images;                                                 /* about; 1600 */
    bool (*progress)(void *ctx, int64_t n_done, int64_t n_total); /* may be NULL; false cancels */
    void *ctx;
};

/* Makes dir with a folder per class (Kvasir's eight names) and truth.csv
 * (path,label,true_label,planted; then what is wrong with the picture itself, which file it is a
 * duplicate of, and whether it has a position box: flaw,of,box). One image in twenty comes on top
 * of n_images, flawed on purpose; none of fewer than 200. Deterministic by seed. Fine, and nothing
 * is done, if a complete set of the same options is there. */
enum mr_status mr_demo_make(const char *dir, const struct mr_demo_options *options,
                            struct mr_error *err) MR_NODISCARD;

#endif
