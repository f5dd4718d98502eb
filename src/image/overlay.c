/* SPDX-License-Identifier: MIT */
/* The box in which a magnetic position finder draws the scope: the one thing in a picture of the
 * body that is green. */
#include <misread/image/measure.h>

#include <stdlib.h>

#include <misread/image/image.h>

#include "frame.h"

#define SIDE_PX   256 /* looked for at this size: noise is gone, and it costs little */
#define LEAST     30  /* of the green channel: below is black */
#define AREA      .01 /* of the image at least */
#define MOST      .25
#define FILLED    .6 /* of its box: it is a rectangle */
#define DOMINANCE 9  /* green times 8 is above another channel times this */

enum { OTHER, GREEN, SEEN };

static bool is_green(const unsigned char p[3])
{
    return p[1] >= LEAST && p[1] * 8 > p[0] * DOMINANCE && p[1] * 8 > p[2] * DOMINANCE;
}

static bool is_in_corner(const struct mr_box_px *box, int w, int h)
{
    return 2 * box->x + box->w < w && 2 * box->y + box->h > h;
}

static bool is_position_box(const struct mr_box_px *box, size_t n_green, int w, int h)
{
    double area = (double)box->w * box->h, share = area / ((double)w * h);

    return is_in_corner(box, w, h) && share >= AREA && share <= MOST &&
           (double)n_green >= FILLED * area;
}

static void find(struct mr_rect_share *overlay, const struct mr_image *image, unsigned char *map,
                 size_t *queue)
{
    size_t n = (size_t)image->w * (size_t)image->h, most = 0;

    for (size_t i = 0; i < n; i++)
        map[i] = is_green(image->rgb + 3 * i) ? GREEN : OTHER;
    for (size_t i = 0; i < n; i++) {
        struct mr_box_px box;
        size_t n_green;

        if (map[i] != GREEN)
            continue;
        n_green = mr_frame_flood(map, image->w, image->h, i, SEEN, queue, &box);
        if (n_green <= most || !is_position_box(&box, n_green, image->w, image->h))
            continue;
        most = n_green;
        *overlay = (struct mr_rect_share){(double)box.x / image->w, (double)box.y / image->h,
                                          (double)box.w / image->w, (double)box.h / image->h};
    }
}

enum mr_status mr_image_find_overlay(struct mr_rect_share *overlay, const struct mr_image *image,
                                     struct mr_error *err)
{
    struct mr_size_px size = {image->w, image->h}, box = {SIDE_PX, SIDE_PX};
    struct mr_rect_share found = {0};
    struct mr_image *small = NULL;
    unsigned char *map = NULL;
    size_t *queue = NULL;
    enum mr_status st;

    if (size.w > SIDE_PX || size.h > SIDE_PX)
        size = mr_image_fit(size, box);
    st = mr_image_resize(&small, image, size.w, size.h, err);
    if (st)
        return st;
    map = malloc((size_t)size.w * (size_t)size.h);
    queue = malloc((size_t)size.w * (size_t)size.h * sizeof *queue);
    if (map && queue) {
        find(&found, small, map, queue);
        *overlay = found;
    } else {
        st = mr_fail(err, MR_E_NOMEM, "no memory to look at %d x %d pixels", size.w, size.h);
    }
    free(queue);
    free(map);
    mr_image_destroy(small);
    return st;
}
