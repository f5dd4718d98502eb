/* SPDX-License-Identifier: MIT */
/* What was measured of the images' pixels, one row an image: written once, since an image is its
 * content. */
#ifndef MISREAD_STORE_QUALITY_H
#define MISREAD_STORE_QUALITY_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/hash.h>
#include <misread/base/status.h>

struct mr_store;

#define MR_QUALITY_THUMB_BYTES 256

/* As <misread/image/measure.h> says. */
struct mr_quality {
    int64_t image;
    char pixels[MR_SHA256_HEX];
    uint64_t look;
    unsigned char thumb[MR_QUALITY_THUMB_BYTES];
    double dark, light, entropy, sharpness, detail;
    bool is_grey;
    /* of a position box, shares of the picture; w 0: none */
    double overlay_x, overlay_y, overlay_w, overlay_h;
};

/* Adds n rows in one transaction; a row that another process has added meanwhile stays.
 * MR_E_STORE if there is no such image. */
enum mr_status mr_qualities_add(struct mr_store *store, const struct mr_quality *rows, int n,
                                struct mr_error *err) MR_NODISCARD;
/* All rows by image; *rows owned (free). */
enum mr_status mr_qualities_load(struct mr_store *store, struct mr_quality **rows, int *n,
                                 struct mr_error *err) MR_NODISCARD;
/* The row of an image among n by ascending image; NULL if absent. */
const struct mr_quality *mr_qualities_find(const struct mr_quality *rows, int n, int64_t image);

#endif
