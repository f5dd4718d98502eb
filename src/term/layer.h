/* SPDX-License-Identifier: MIT */
/*
 * The pictures of a frame and what of them is on the screen already. Cells are curses'; the layer
 * keeps a map of which cells a picture owns in this frame, decides what must be sent, and writes
 * the bytes.
 *
 * On the screen a picture lies over guard cells (U+00A0 in curses' eyes): curses writes there only
 * when something else comes to stand there, and that is just when the picture must give way.
 */
#ifndef MISREAD_TERM_LAYER_H
#define MISREAD_TERM_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "encoder.h"

struct mr_image;
struct mr_layer;
struct mr_str;

struct mr_layer *mr_layer_create(struct mr_encoder *encoder /* borrowed */);
void mr_layer_destroy(struct mr_layer *layer);

/* A new frame on a screen of this size. */
void mr_layer_begin(struct mr_layer *layer, struct mr_size_cells size);
/* Text or blanks came to stand in these cells (on the screen): no picture owns them any more. */
void mr_layer_cover(struct mr_layer *layer, struct mr_rect_cells rect);

/* What stands in the place of a picture in this frame. */
enum mr_layer_reply {
    MR_LAYER_PICTURE, /* it is there, will be sent, or an older one stays until it is ready */
    MR_LAYER_WAITING, /* nothing is there yet */
    MR_LAYER_FAILED   /* it cannot be encoded: the place is not taken */
};
/* Takes the place: the caller fills it with guards. image is copied if it will be encoded. */
enum mr_layer_reply mr_layer_place(struct mr_layer *layer, struct mr_rect_cells rect,
                                   const struct mr_encoding_key *key, struct mr_size_px cell,
                                   const struct mr_image *image);

/* The caption written into the place of the picture placed last is part of it. */
void mr_layer_claim(struct mr_layer *layer);

/*
 * Behind the cells' bytes of this frame, which curses wrote (did_write: any): appends what blanks
 * pictures that are gone and draws those that are new, whole and ready. Starts encoding one that is
 * not.
 */
void mr_layer_end(struct mr_layer *layer, struct mr_str *out, bool scroll_risk);
/* Nothing is on the screen any more: it was cleared, resized, left. */
void mr_layer_forget(struct mr_layer *layer);
/* A picture of the last frame is not drawn yet and will be. */
bool mr_layer_is_waiting(const struct mr_layer *layer);

#endif
