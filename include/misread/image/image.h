/* SPDX-License-Identifier: MIT */
/* 8-bit RGB pixels in memory. */
#ifndef MISREAD_IMAGE_IMAGE_H
#define MISREAD_IMAGE_IMAGE_H

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
 * reduction, as PIL's BILINEAR; within one grey level of it. */
enum mr_status mr_image_resize(struct mr_image **out, const struct mr_image *image, int w, int h,
                               struct mr_error *err) MR_NODISCARD;
/* Resize so that the short side is size, then the centre size x size crop (fastai's crop). */
enum mr_status mr_image_resize_crop(struct mr_image **out, const struct mr_image *image, int size,
                                    struct mr_error *err) MR_NODISCARD;
/* The largest size with the image's aspect that fits in box, at least 1 x 1. */
struct mr_size_px mr_image_fit(struct mr_size_px image, struct mr_size_px box);
/* Resized to fit into box and centred on a canvas of exactly box pixels filled with rgb (0xRRGGBB).
 */
enum mr_status mr_image_letterbox(struct mr_image **out, const struct mr_image *image,
                                  struct mr_size_px box, unsigned rgb,
                                  struct mr_error *err) MR_NODISCARD;

#endif
