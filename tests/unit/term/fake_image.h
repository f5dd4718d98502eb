/* SPDX-License-Identifier: MIT */
/* Stand-ins for the few functions of the image room that term calls, so that its suites depend on
 * no other room. Weak: where the library has the real ones they may take their place. */
#ifndef MISREAD_TESTS_TERM_FAKE_IMAGE_H
#define MISREAD_TESTS_TERM_FAKE_IMAGE_H

#include <stdlib.h>
#include <string.h>

#include <misread/image/image.h>

#define WEAK __attribute__((weak))

WEAK enum mr_status mr_image_create(struct mr_image **image, int w, int h, struct mr_error *err)
{
    struct mr_image *made = calloc(1, sizeof *made);

    made->w = w;
    made->h = h;
    made->rgb = calloc((size_t)w * (size_t)h, 3);
    *image = made;
    return MR_OK;
}

WEAK void mr_image_destroy(struct mr_image *image)
{
    if (image)
        free(image->rgb);
    free(image);
}

WEAK enum mr_status mr_image_letterbox(struct mr_image **out, const struct mr_image *image,
                                       struct mr_size_px box, unsigned rgb, struct mr_error *err)
{
    double sx = (double)box.w / image->w, sy = (double)box.h / image->h, scale = sx < sy ? sx : sy;
    int w = (int)(image->w * scale), h = (int)(image->h * scale);
    int x0 = (box.w - w) / 2, y0 = (box.h - h) / 2;
    enum mr_status st = mr_image_create(out, box.w, box.h, err);

    for (int y = 0; st == MR_OK && y < h; y++) {
        for (int x = 0; x < w; x++)
            memcpy((*out)->rgb + ((y + y0) * box.w + x + x0) * 3,
                   image->rgb + (y * image->h / h * image->w + x * image->w / w) * 3, 3);
    }
    return st;
}

#endif
