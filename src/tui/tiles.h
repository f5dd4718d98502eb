/* SPDX-License-Identifier: MIT */
/* Pictures beside and below each other, with their captions: where they lie, and moving among
 * them. */
#ifndef MISREAD_TUI_TILES_H
#define MISREAD_TUI_TILES_H

#include <stdbool.h>

#include <misread/base/geometry.h>

#include "actions.h"

struct mr_explorer;
struct mr_ink;

struct mr_tiles {
    /* wanted */
    int captions;   /* rows of them below a picture */
    bool is_square; /* the pictures are; else somewhat wider than high */
    /* when last laid out */
    int top;             /* first row of tiles shown */
    int per_row, n_rows; /* that fit */
    int wide, high;      /* cells of a tile with its captions and the gap at its right */
};

/* As many beside each other as the explorer's size of pictures allows, then as large as they get,
 * in room; n of them, of which `chosen` is among those shown. */
void mr_tiles_lay(struct mr_tiles *tiles, const struct mr_explorer *explorer,
                  struct mr_size_cells room, int n, int chosen);
/* So that n square pictures fit into room at once, as large as they get. */
void mr_tiles_fit(struct mr_tiles *tiles, const struct mr_explorer *explorer,
                  struct mr_size_cells room, int n);
/* The tiles that are shown: *from to *to - 1 of n. */
void mr_tiles_shown(const struct mr_tiles *tiles, int n, int *from, int *to);
/* The picture of tile i; its captions are below. row: where the tiles begin. */
struct mr_rect_cells mr_tiles_rect(const struct mr_tiles *tiles, int row, int i);
/* The tile at a cell, rows counted from where the tiles begin; -1: none can be there. */
int mr_tiles_at(const struct mr_tiles *tiles, int row, int col);
/* Moves *chosen among n by a movement command; false if act is none. */
bool mr_tiles_move(const struct mr_tiles *tiles, enum mr_act act, int *chosen, int n);
/* Bars at both sides of the chosen picture. */
void mr_tiles_mark(const struct mr_ink *ink, struct mr_rect_cells rect);
/* The next larger (1) or smaller (-1) size of pictures. */
void mr_tiles_resize(struct mr_explorer *explorer, int by);

#endif
