/* SPDX-License-Identifier: MIT */
/*
 * From cached bytes to what the network sees: augmentation in one bilinear sampling with reflection
 * padding, lighting in logit space, normalisation. The distributions are fastai v1's
 * get_transforms.
 */
#ifndef MISREAD_DATA_TRANSFORM_H
#define MISREAD_DATA_TRANSFORM_H

#include <stdbool.h>

#include <misread/base/rng.h>

struct mr_augment {
    bool flip_h, flip_v;   /* p .5; both: one of the eight symmetries of the square, uniformly */
    double max_rotate_deg; /* U(-r, r) with p_affine */
    double max_zoom;       /* U(1, z) at a random focus with p_affine */
    double max_lighting;   /* brightness U(.5-l/2, .5+l/2) logit shift, contrast log-uniform (1-l,
                              1/(1-l)) */
    double p_affine, p_lighting;
};

/* flip_h, 10 degrees, zoom 1.1, lighting .2, p .75. */
struct mr_augment mr_augment_default(void);

/* ImageNet's mean and standard deviation, the default normalisation. */
extern const float mr_imagenet_mean[3];
extern const float mr_imagenet_std[3];

/*
 * dst (size, size, 3) normalised floats from src (size, size, 3) bytes; size >= 2. augment NULL:
 * plain, which is exactly (src / 255 - mean) / std. Same rng, same result. Lighting is within .1
 * grey levels of its formula.
 */
void mr_transform(float *dst, const unsigned char *src, int size, const struct mr_augment *augment,
                  struct mr_rng rng);

#endif
