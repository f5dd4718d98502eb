/* SPDX-License-Identifier: MIT */
/*
 * From cached bytes to what the network sees: augmentation in one bilinear sampling with reflection
 * padding, lighting in logit space, normalisation. The distributions and their order are those of
 * fastai v1's get_transforms. Two of its steps have no place here: its random crop (the cache holds
 * the square) and its averaging before a sampling that shrinks more than twice (source and result
 * are of one size).
 */
#ifndef MISREAD_DATA_TRANSFORM_H
#define MISREAD_DATA_TRANSFORM_H

#include <stdbool.h>

#include <misread/base/rng.h>
#include <misread/base/status.h>

/* A view of the picture that is given, not drawn. */
struct mr_augment_view {
    double zoom;             /* 0: there is none; zoom and flip are drawn */
    double focus_x, focus_y; /* 0 .. 1: left to right, top to bottom */
    bool is_mirrored;        /* left to right; with flip_vert on top of the symmetry drawn */
};

struct mr_augment {
    bool do_flip;          /* left to right, p .5 */
    bool flip_vert;        /* with do_flip: one of the eight symmetries of the square, uniformly;
                              without it nothing, as in get_transforms */
    double max_rotate_deg; /* U(-r, r) with p_affine */
    double max_zoom;       /* U(1, z) at a random focus with p_affine */
    double max_lighting;   /* brightness U(.5-l/2, .5+l/2) logit shift, contrast log-uniform (1-l,
                              1/(1-l)), each with p_lighting */
    double max_warp;       /* symmetric_warp: four magnitudes U(-w, w) with p_affine */
    double p_affine, p_lighting;
    struct mr_augment_view view; /* for test-time augmentation */
};

struct mr_augment_preset {
    const char *name;
    struct mr_augment augment;
};

#define MR_AUGMENT_N_PRESETS 3

/*
 * none: the picture as it is. default: get_transforms() itself. scope: for endoscopy, where no
 * direction is up: both flips, any rotation, zoom 1.05.
 */
extern const struct mr_augment_preset mr_augment_presets[MR_AUGMENT_N_PRESETS];

/* The preset of that name; NULL: there is none. */
const struct mr_augment *mr_augment_find(const char *name);
/* The preset "default". */
struct mr_augment mr_augment_default(void);
/* MR_E_USAGE with a sentence if a number is out of its range: rotation 0 to 360 degrees, zoom 1 to
 * 10, lighting 0 to .9, warp 0 to .3 (at (sqrt(3) - 1) / 2 a horizon enters the picture),
 * probabilities 0 to 1. */
enum mr_status mr_augment_check(const struct mr_augment *augment,
                                struct mr_error *err) MR_NODISCARD;

/* ImageNet's mean and standard deviation, the default normalisation. */
extern const float mr_imagenet_mean[3];
extern const float mr_imagenet_std[3];

/*
 * dst (size, size, 3) normalised floats from src (size, size, 3) bytes; size >= 2. augment must
 * pass mr_augment_check; NULL: plain, which is exactly (src / 255 - mean) / std, as is any image
 * for which nothing was drawn. Same rng, same result. Lighting is within .1 grey levels of its
 * formula.
 */
void mr_transform(float *dst, const unsigned char *src, int size, const struct mr_augment *augment,
                  struct mr_rng rng);

/* The same to be looked at: dst (size, size, 3) bytes, rounded in place of being normalised. */
void mr_transform_preview(unsigned char *dst, const unsigned char *src, int size,
                          const struct mr_augment *augment, struct mr_rng rng);

#endif
