/* SPDX-License-Identifier: MIT */
/* Where a picture goes: cells and pixels. Pure. */
#ifndef MISREAD_TERM_LAYOUT_H
#define MISREAD_TERM_LAYOUT_H

#include <stdbool.h>

#include <misread/term/term.h>

/* Below this a caption says more than a picture. */
#define MR_LAYOUT_MIN_COLS 8
#define MR_LAYOUT_MIN_ROWS 4

struct mr_layout {
    struct mr_rect_cells rect; /* the cells it covers, on the screen */
    struct mr_size_px px;      /* its size; 0 x 0 with half blocks */
};

struct mr_rect_cells mr_layout_intersect(struct mr_rect_cells a, struct mr_rect_cells b);

/* Why caps cannot draw pictures, NULL if they can. */
const char *mr_layout_obstacle(const struct mr_term_caps *caps);

/*
 * Places a picture in rect (of a screen of size): never on the last row, whose sixels scroll the
 * screen; height rounded down to a multiple of 6, which is how high a row of sixels is; at most
 * caps->max_picture; centred in whole cells. False if what is left is too small.
 */
bool mr_layout_place(struct mr_layout *layout, const struct mr_term_caps *caps,
                     struct mr_size_cells size, struct mr_rect_cells rect);

#endif
