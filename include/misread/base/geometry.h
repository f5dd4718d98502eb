/* SPDX-License-Identifier: MIT */
/* Sizes that must not be mixed: pixels, terminal cells, shares of a picture. */
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

/* A rectangle in shares of a picture's width and height; w 0: none. */
struct mr_rect_share {
    double x, y, w, h;
};

#endif
