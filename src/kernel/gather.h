/* SPDX-License-Identifier: MIT */
/*
 * im2col as a view: a grid of points, each looking at a window of a channels-last image. Rows of
 * the matrix are the points (all images in one sequence), columns the window's (kh, kw, c) values,
 * zero outside the image. A block of rows is built where a product needs it, so it is read from
 * cache.
 */
#ifndef MISREAD_KERNEL_GATHER_H
#define MISREAD_KERNEL_GATHER_H

#include <stdbool.h>
#include <stddef.h>

struct gather {
    const float *src; /* (n, h, w, c) */
    int n, h, w, c;
    int grid_h, grid_w; /* points of one image */
    int step;           /* pixels between windows */
    int y0, x0;         /* where the first window begins; may be outside the image */
    int kh, kw;
};

size_t mr_gather_rows(const struct gather *gather);
int mr_gather_cols(const struct gather *gather);
/* Is the matrix src itself (1x1, step 1, no offset)? */
bool mr_gather_is_plain(const struct gather *gather);
/* Rows first .. first+n_rows-1, columns col_begin .. col_end-1 into dst (n_rows, col_end -
 * col_begin). */
void mr_gather_fill(const struct gather *gather, float *dst, size_t first, int n_rows,
                    int col_begin, int col_end);

#endif
