/* SPDX-License-Identifier: MIT */
/* How one image is looked at: plainly or at what speaks for a class, how near, and where. Kept from
 * image to image. */
#ifndef MISREAD_TUI_LOOKING_H
#define MISREAD_TUI_LOOKING_H

#include <stdbool.h>

#include <misread/base/geometry.h>

#include "actions.h"

struct mr_explorer;
struct mr_gallery_item;
struct mr_ink;

enum mr_looking_view { MR_LOOK_PLAIN, MR_LOOK_PREDICTED, MR_LOOK_ACTUAL, MR_LOOK_BOTH, MR_N_LOOKS };

struct mr_looking {
    enum mr_looking_view view;
    int level;   /* of zoom; 0: the whole image */
    double x, y; /* the middle of what is seen, from the image's own: -.5 to .5 */
};

/* The part of a picture of w x h that is seen in a box. */
struct mr_looking_part {
    int x, y, w, h;
};

/* How many times nearer than the whole. */
double mr_looking_zoom(const struct mr_looking *looking);
/* Zooms, moves over a zoomed image, or changes the view; false if act is none of these. An image
 * that is read right has one heat map only. */
bool mr_looking_act(struct mr_looking *looking, enum mr_act act, bool is_right);
struct mr_looking_part mr_looking_part_of(const struct mr_looking *looking,
                                          struct mr_size_px picture, struct mr_size_px box);

/* The image, or its heat maps, in rect. */
void mr_looking_draw(struct mr_explorer *explorer, const struct mr_ink *ink,
                     struct mr_rect_cells rect, const struct mr_gallery_item *item);

/* The training images most like it, side by side over all of ink. */
void mr_looking_draw_near(struct mr_explorer *explorer, const struct mr_ink *ink,
                          const struct mr_gallery_item *item);
/* Rows that they take of so many; 0: they are not shown. */
int mr_looking_near_rows(const struct mr_looking *looking, int rows);

#endif
