/* SPDX-License-Identifier: MIT */
/* A part of every picture that nobody is to learn from: a position box, a name. */
#ifndef MISREAD_IMAGE_MASK_H
#define MISREAD_IMAGE_MASK_H

#include <stdbool.h>

#include <misread/base/status.h>
#include <misread/image/measure.h>

struct mr_image;

enum mr_mask_kind {
    MR_MASK_NONE,
    MR_MASK_AUTO, /* the position box, where mr_image_find_overlay sees one */
    MR_MASK_RECT
};

struct mr_mask {
    enum mr_mask_kind kind;
    struct mr_rect_share rect; /* of RECT */
};

/* From "" (none), "auto" or "X,Y,W,H" in shares of width and height, within 0 to 1. False, and
 * nothing is set, if it is none of them. */
bool mr_mask_read(struct mr_mask *mask, const char *text);
/* Would it leave (next to) nothing of a picture? */
bool mr_mask_hides_all(const struct mr_mask *mask);
/* Fills the part with the mean colour of the line of pixels around it, or of itself if it is all.
 * MR_E_NOMEM. */
enum mr_status mr_mask_apply(const struct mr_mask *mask, struct mr_image *image,
                             struct mr_error *err) MR_NODISCARD;

#endif
