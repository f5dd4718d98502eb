/* SPDX-License-Identifier: MIT */
/*
 * A convolution's windows as rows of a matrix, without im2col: the image rows that a block of
 * windows needs are copied once, with their padding, and every window is a few spans of them. One
 * by one windows need not even the copy.
 */
#ifndef MISREAD_KERNEL_WINDOWS_H
#define MISREAD_KERNEL_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/kernel/conv.h>

/* A grid of points over each of n images (h, w, c), each looking at a window. */
struct mr_windows {
    struct mr_conv_in in;
    int n, h, w, c;
    int grid_h, grid_w; /* points of one image */
    int step;           /* pixels between windows */
    int y0, x0;         /* where the first window begins; may be outside the image */
    int kh, kw;
};

/* The windows of `n` grid rows; all images' grid rows count in one sequence. */
struct mr_window_block {
    int first, n;
    const float *rows;  /* what the spans lie in: the images or the copy */
    size_t *at;         /* (n): where in `rows` the first window of a grid row begins */
    size_t point, span; /* floats from window to window, and between the kh spans of a window */
};

int mr_windows_grid_rows(const struct mr_windows *windows);
/* Floats that a block of at most n_rows grid rows borrows. */
size_t mr_windows_scratch(const struct mr_windows *windows, int n_rows);
struct mr_window_block mr_windows_block(const struct mr_windows *windows, int first, int n,
                                        float *scratch);

#endif
