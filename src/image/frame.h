/* SPDX-License-Identifier: MIT */
/* Which pixels are picture, and which are the black around it, as an endoscope's window has. */
#ifndef MISREAD_IMAGE_FRAME_H
#define MISREAD_IMAGE_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/base/status.h>

struct mr_image;

struct mr_box_px {
    int x, y, w, h;
};

struct mr_frame {
    int w, h;
    unsigned char *map;   /* (h, w) owned: MR_FRAME_PICTURE or another mark */
    size_t n;             /* picture's pixels, at least 1 */
    struct mr_box_px box; /* around them */
};

#define MR_FRAME_PICTURE 3

/*
 * The frame is what is nearly black (no channel above 24) and hangs together with the border of the
 * image, by sides. What it leaves over is the picture, but for pieces of less than an eighth of the
 * image: text and other overlays on the black. If nothing is left, all is picture. Finish it after
 * success.
 */
enum mr_status mr_frame_init(struct mr_frame *frame, const struct mr_image *image,
                             struct mr_error *err) MR_NODISCARD;
void mr_frame_finish(struct mr_frame *frame);
bool mr_frame_is_picture(const struct mr_frame *frame, int x, int y);

/*
 * Marks all pixels of a (h, w) map that hang together with `first`, by sides, and bear the same
 * mark. Returns how many; *box (not NULL) is around them. queue (h * w) is scratch.
 */
size_t mr_frame_flood(unsigned char *map, int w, int h, size_t first, unsigned char mark,
                      size_t *queue, struct mr_box_px *box);

#endif
