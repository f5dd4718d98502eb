/* SPDX-License-Identifier: MIT */
/* What one image's augmentation was drawn to be. Apart from the sampling so that the distributions
 * and the pixels can be tested, each without the other. */
#ifndef MISREAD_DATA_AUGMENT_H
#define MISREAD_DATA_AUGMENT_H

#include <stdbool.h>

#include <misread/data/transform.h>

/* In the order in which a point of the source is found from one of the result, last step first:
 * symmetry (rotation (zoom (warp (point)))). Points are (x, y) in -1 .. 1, y downwards. */
struct mr_augment_draw {
    bool mirror_x, mirror_y, transpose; /* the square's symmetries; the transposition comes first */
    double rotate_deg;
    double zoom;             /* 1: none */
    double focus_x, focus_y; /* 0 .. 1: left to right, top to bottom */
    double warp[4];          /* magnitudes m0 .. m3 of symmetric_warp, all 0: none */
    double brightness;       /* added to logits */
    double contrast;         /* then multiplies them */
};

/* A draw of nothing: the picture as it is. */
extern const struct mr_augment_draw mr_augment_nothing;

struct mr_augment_draw mr_augment_draw(const struct mr_augment *augment, struct mr_rng *rng);

/* The lighting alone of a value 0..1, in double precision: sigmoid(contrast * (logit(v) +
 * brightness)). */
double mr_augment_light(const struct mr_augment_draw *draw, double v);

/* dst (size, size, 3) bytes from src (size, size, 3): what mr_transform makes of a draw, before its
 * normalisation. */
void mr_transform_render(unsigned char *dst, const unsigned char *src, int size,
                         const struct mr_augment_draw *draw);

#endif
