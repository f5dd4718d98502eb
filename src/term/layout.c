/* SPDX-License-Identifier: MIT */
/* Geometry of pictures; every rule was broken by some terminal when it was left out. */
#include "layout.h"

#include <stddef.h>

static int min(int a, int b)
{
    return a < b ? a : b;
}

static int max(int a, int b)
{
    return a > b ? a : b;
}

struct mr_rect_cells mr_layout_intersect(struct mr_rect_cells a, struct mr_rect_cells b)
{
    int row = max(a.row, b.row), col = max(a.col, b.col);

    return (struct mr_rect_cells){
        .row = row,
        .col = col,
        .rows = max(0, min(a.row + a.rows, b.row + b.rows) - row),
        .cols = max(0, min(a.col + a.cols, b.col + b.cols) - col),
    };
}

const char *mr_layout_obstacle(const struct mr_term_caps *caps)
{
    if (caps->graphics == MR_GRAPHICS_SIXEL)
        return NULL;
    if (caps->graphics == MR_GRAPHICS_HALF && caps->is_utf8 && caps->n_colors >= 256)
        return NULL;
    if (!caps->is_utf8)
        return "no image: not UTF-8";
    if (caps->n_colors < 256)
        return caps->n_colors ? "no image: 16 colours" : "no image: no colours";
    return "no image: switched off";
}

/* Pixels that fit, and the cells they cover, centred in rect. */
static void place_pixels(struct mr_layout *layout, const struct mr_term_caps *caps,
                         struct mr_rect_cells rect)
{
    struct mr_size_px cell = caps->cell, px;

    px.w = min(rect.cols * cell.w, caps->max_picture.w);
    px.h = min(rect.rows * cell.h, caps->max_picture.h);
    px.h -= px.h % 6;
    layout->px = px;
    layout->rect.cols = (px.w + cell.w - 1) / cell.w;
    layout->rect.rows = (px.h + cell.h - 1) / cell.h;
    layout->rect.col = rect.col + (rect.cols - layout->rect.cols) / 2;
    layout->rect.row = rect.row + (rect.rows - layout->rect.rows) / 2;
}

bool mr_layout_place(struct mr_layout *layout, const struct mr_term_caps *caps,
                     struct mr_size_cells size, struct mr_rect_cells rect)
{
    const struct mr_rect_cells allowed = {0, 0, size.rows - 1, size.cols};

    rect = mr_layout_intersect(rect, allowed);
    if (rect.cols < MR_LAYOUT_MIN_COLS || rect.rows < MR_LAYOUT_MIN_ROWS)
        return false;
    *layout = (struct mr_layout){.rect = rect};
    if (caps->graphics == MR_GRAPHICS_SIXEL)
        place_pixels(layout, caps, rect);
    return true;
}
