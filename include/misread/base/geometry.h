/* SPDX-License-Identifier: MIT */
/* Sizes that must not be mixed: pixels and terminal cells. */
#ifndef MISREAD_BASE_GEOMETRY_H
#define MISREAD_BASE_GEOMETRY_H

struct mr_size_px {
    int w, h;
};

struct mr_size_cells {
    int cols, rows;
};

struct mr_rect_cells {
    int row, col, rows, cols;
};

#endif
