/* SPDX-License-Identifier: MIT */
/*
 * The transforms of Winograd's convolution F(4x4, 3x3) (Lavin and Gray 2015), channels last: tiles
 * of 4 x 4 outputs, each seen through 6 x 6 inputs.
 *
 * A transformed block is (36, n, c): for each of the 36 frequencies one matrix, a tile a row.
 */
#ifndef MISREAD_KERNEL_TILES_H
#define MISREAD_KERNEL_TILES_H

#include <stddef.h>

#include <misread/kernel/conv.h>

#define MR_FREQUENCIES 36

/* The tiles of a batch of images (n, h, w, c), row by row; a block is tiles first .. first+n-1. */
struct mr_tiling {
    int h, w, c;
    int tiles_y, tiles_x; /* of one image */
};

struct mr_tiling mr_tiling_make(int h, int w, int c);

struct mr_tile_block {
    size_t first;
    int n;
    float *values;      /* (36, n, c) */
    size_t n_frequency; /* floats between the frequencies; at least n * c */
};

/* B^T x B: values out from the 6 x 6 windows around the block's tiles; zero outside the image. */
void mr_tiles_see(const struct mr_tile_block *block, const struct mr_tiling *tiling,
                  const struct mr_conv_in *in);
/* A dy A^T: values out from the 4 x 4 gradients of the block's tiles. */
void mr_tiles_spread(const struct mr_tile_block *block, const struct mr_tiling *tiling,
                     const float *dy);
/* A^T m A: outputs of the block's tiles from values, written as `out` says. */
void mr_tiles_write(const struct mr_tile_block *block, const struct mr_tiling *tiling,
                    const struct mr_conv_out *out);

/* Transformed weights: 36 matrices (c_in, c_out), n_frequency floats apart. */
struct mr_tile_kernel {
    float *values;
    size_t n_frequency;
    int c_in, c_out;
};

/* G w G^T for input channels first .. last-1: w (3, 3, c_in, c_out), times scale (c_out) unless
 * that is NULL, into right sides packed for mr_product. */
void mr_tiles_see_kernel(const struct mr_tile_kernel *kernel, const float *w, const float *scale,
                         int first, int last);
/* G^T u G for input channels first .. last-1 of the sum of n_sums such u, not packed, n_sum floats
 * apart: dw (3, 3, c_in, c_out) out. */
void mr_tiles_write_kernel(float *dw, const struct mr_tile_kernel *u, int n_sums, size_t n_sum,
                           int first, int last);

#endif
