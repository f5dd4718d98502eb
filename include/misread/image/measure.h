/* SPDX-License-Identifier: MIT */
/*
 * What can be said of a picture without knowing what it shows: how dark, how sharp, what it looks
 * like from afar, and whether a position box covers a corner. The measures are those of cleanvision
 * (its issue_managers/image_property.py), which see the black frame of an endoscope as part of the
 * picture; here it is left out. Pure.
 */
#ifndef MISREAD_IMAGE_MEASURE_H
#define MISREAD_IMAGE_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/geometry.h>
#include <misread/base/hash.h>
#include <misread/base/status.h>

struct mr_image;

/* Of a look from afar: bytes of its thumbnail. */
#define MR_THUMB_SIDE  16
#define MR_THUMB_BYTES (MR_THUMB_SIDE * MR_THUMB_SIDE)

#define MR_LEAST_ENTROPY 3 /* bits; cleanvision's: below, a picture says little */

struct mr_measures {
    char pixels[MR_SHA256_HEX]; /* SHA-256 of size and all pixels: equal for exact duplicates */
    uint64_t look;              /* perceptual hash: 8 x 8 DCT coefficients of 32 x 32 grey levels,
                                 * each against their median; bit 63 is the mean */
    unsigned char thumb[MR_THUMB_BYTES]; /* grey levels */
    /* sqrt(.241 R2 + .691 G2 + .068 B2) / 255 of the picture's pixels: */
    double dark;      /* 99th percentile: below .32 is dark */
    double light;     /* 5th percentile: above .95 is light */
    double entropy;   /* of the grey levels, bits: below 3 says little */
    double sharpness; /* 0 .. 1: below .29 is blurred, they say. At most 64 px a side, edges and
                       * spread of grey levels; smooth pictures and dark rims lower it too */
    double detail;    /* not cleanvision's: mean size of the Laplacian at 256 px a side, over the
                       * deviation of the grey levels. To be compared within a class */
    bool is_grey;     /* the same in all channels, give or take 2 levels */
    struct mr_rect_share overlay; /* a green box in the lower left corner */
};

/*
 * Measures an image. The frame (src/image/frame.h) does not count for brightness, entropy and
 * sharpness; look and thumb are of the box around the picture, the frame in it filled with the
 * picture's mean. Images of more than 1024 px a side are first shrunk to that, but for their
 * hash. MR_E_NOMEM.
 */
enum mr_status mr_image_measure(struct mr_measures *measures, const struct mr_image *image,
                                struct mr_error *err) MR_NODISCARD;

/* The green box in the lower left corner with the scope's position, in shares of the image; w 0 if
 * there is none. MR_E_NOMEM. */
enum mr_status mr_image_find_overlay(struct mr_rect_share *overlay, const struct mr_image *image,
                                     struct mr_error *err) MR_NODISCARD;

#endif
