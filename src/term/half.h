/* SPDX-License-Identifier: MIT */
/* Pictures of half blocks: every cell is two pixels, the upper as foreground of U+2580, the lower
 * as background. */
#ifndef MISREAD_TERM_HALF_H
#define MISREAD_TERM_HALF_H

#include <misread/base/geometry.h>

struct mr_image;
struct mr_str;

/*
 * Appends cells.rows lines, each of cells.cols cells with SGR colours and ended by SGR 0 and '\n'
 * (which whoever sends it replaces by moving the cursor). image is fitted to cells of cell pixels,
 * centred on black, and area-averaged. n_colors: 256 or 1 << 24.
 */
void mr_half_encode(struct mr_str *out, const struct mr_image *image, struct mr_size_cells cells,
                    struct mr_size_px cell, int n_colors);

#endif
