/* SPDX-License-Identifier: MIT */
/* What one image's augmentation was drawn to be. Apart from the sampling so that the distributions
 * can be tested. */
#ifndef MISREAD_DATA_AUGMENT_H
#define MISREAD_DATA_AUGMENT_H

#include <stdbool.h>

#include <misread/data/transform.h>

struct mr_augment_draw {
    bool mirror_x, mirror_y, transpose; /* the square's symmetries; the transposition comes last */
    double rotate_deg;
    double zoom;             /* 1: none */
    double focus_x, focus_y; /* 0 .. 1: left to right, top to bottom */
    double brightness;       /* added to logits */
    double contrast;         /* then multiplies them */
};

struct mr_augment_draw mr_augment_draw(const struct mr_augment *augment, struct mr_rng *rng);

/* The lighting alone of a value 0..1, in double precision: sigmoid(contrast * (logit(v) +
 * brightness)). */
double mr_augment_light(const struct mr_augment_draw *draw, double v);

#endif
