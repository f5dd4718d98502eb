/* SPDX-License-Identifier: MIT */
/* 8-bit RGB pixels in memory. */
#ifndef MISREAD_IMAGE_IMAGE_H
#define MISREAD_IMAGE_IMAGE_H

#include <stdbool.h>

#include <misread/base/geometry.h>
#include <misread/base/status.h>

/* (h, w, 3), rows contiguous. */
struct mr_image {
    int w, h;
    unsigned char *rgb; /* owned */
};

/* Black pixels. MR_E_NOMEM or MR_E_LIMIT on failure. Free with mr_image_destroy. */
enum mr_status mr_image_create(struct mr_image **image, int w, int h,
                               struct mr_error *err) MR_NODISCARD;
void mr_image_destroy(struct mr_image *image);

/* Antialiased resize to exactly w x h: separable triangle filter whose support grows with the
 * reduction, as PIL's BILINEAR; most pixels are equal, none differs by more than a grey level. */
enum mr_status mr_image_resize(struct mr_image **out, const struct mr_image *image, int w, int h,
                               struct mr_error *err) MR_NODISCARD;
/* How a picture becomes a square: fastai's ResizeMethod. Cache files store the value. */
enum mr_square {
    MR_SQUARE_CROP,   /* the short side to size, then the middle */
    MR_SQUARE_SQUISH, /* both sides to size */
    MR_SQUARE_PAD,    /* the long side to size, in the middle, continued by reflection */
    MR_SQUARE_N
};

/* "crop" ... */
const char *mr_square_name(enum mr_square how);
/* False, and *how untouched, if there is no way of that name. */
bool mr_square_find(enum mr_square *how, const char *name);

/* Resized to size x size pixels. CROP is torchvision's Resize and CenterCrop; PAD's middle, if it
 * lies between two pixels, goes to the upper left. */
enum mr_status mr_image_resize_square(struct mr_image **out, const struct mr_image *image, int size,
                                      enum mr_square how, struct mr_error *err) MR_NODISCARD;
/* Where a part of a picture of that size lies in its square; what CROP cuts off is not in it, nor
 * are the reflections of PAD. w 0: all of it is cut off. */
struct mr_rect_share mr_square_part(enum mr_square how, struct mr_size_px whole,
                                    struct mr_rect_share part);
/* The largest size with the image's aspect that fits in box, at least 1 x 1. */
struct mr_size_px mr_image_fit(struct mr_size_px image, struct mr_size_px box);
/* Resized to fit into box and centred on a canvas of exactly box pixels filled with rgb (0xRRGGBB).
 */
enum mr_status mr_image_letterbox(struct mr_image **out, const struct mr_image *image,
                                  struct mr_size_px box, unsigned rgb,
                                  struct mr_error *err) MR_NODISCARD;

#endif
