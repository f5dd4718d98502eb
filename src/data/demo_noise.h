/* SPDX-License-Identifier: MIT */
/* What all demo images are textured with: lattice noise, vessel trees, pits. Made once, then read
 * only. */
#ifndef MISREAD_DATA_DEMO_NOISE_H
#define MISREAD_DATA_DEMO_NOISE_H

#include <stdint.h>

#include <misread/base/status.h>

#include "demo_math.h"

#define MR_DEMO_LATTICE 32  /* cells a side, periodic; 32 KiB stay in the first cache */
#define MR_DEMO_VESSEL  512 /* texels a side, periodic */
#define MR_DEMO_PIT     256
#define MR_DEMO_VESSELS 3

struct mr_demo_noise {
    /* the directions of the gradients */
    unsigned char lattice[MR_DEMO_LATTICE * MR_DEMO_LATTICE * MR_DEMO_LATTICE];
    /* How much vessel there is, 0 .. 255: trunks with ever thinner branches. */
    unsigned char vessel[MR_DEMO_VESSELS][MR_DEMO_VESSEL * MR_DEMO_VESSEL];
    /* Distance to the nearest of scattered points, 0 .. 255: gland openings, granules. */
    unsigned char pit[MR_DEMO_PIT * MR_DEMO_PIT];
};

/* Free with free(). */
enum mr_status mr_demo_noise_create(struct mr_demo_noise **noise, uint64_t seed,
                                    struct mr_error *err) MR_NODISCARD;

/* Perlin's gradient noise in about [-1, 1] with one feature a unit. */
float mr_demo_noise_at(const struct mr_demo_noise *noise, struct v3 p);
/* Two octaves of it. */
float mr_demo_noise_rough(const struct mr_demo_noise *noise, struct v3 p);

/* Bilinear reading of a periodic texture with side texels, u and v in periods; in [0, 1]. */
float mr_demo_texel(const unsigned char *texture, int side, float u, float v);

#endif
