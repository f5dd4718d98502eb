/* SPDX-License-Identifier: MIT */
/* Flooding from the border, then throwing away small pieces. */
#include "frame.h"

#include <stdlib.h>

#include <misread/image/image.h>

#define NEARLY_BLACK 24
#define LEAST_PIECE  8 /* of the image's area, one part in so many */

enum { OPEN, DARK, FRAME, PICTURE = MR_FRAME_PICTURE, SCRAP };

static void widen(struct mr_box_px *box, int x, int y)
{
    int right = box->x + box->w, bottom = box->y + box->h;

    box->x = x < box->x ? x : box->x;
    box->y = y < box->y ? y : box->y;
    box->w = (x >= right ? x + 1 : right) - box->x;
    box->h = (y >= bottom ? y + 1 : bottom) - box->y;
}

size_t mr_frame_flood(unsigned char *map, int w, int h, size_t first, unsigned char mark,
                      size_t *queue, struct mr_box_px *box)
{
    static const int steps[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
    unsigned char kind = map[first];
    size_t n = 1;

    *box = (struct mr_box_px){(int)(first % (size_t)w), (int)(first / (size_t)w), 1, 1};
    queue[0] = first;
    map[first] = mark;
    for (size_t head = 0; head < n; head++) {
        int x = (int)(queue[head] % (size_t)w), y = (int)(queue[head] / (size_t)w);

        widen(box, x, y);
        for (int i = 0; i < 4; i++) {
            int to_x = x + steps[i][0], to_y = y + steps[i][1];
            size_t to = (size_t)to_y * (size_t)w + (size_t)to_x;

            if (to_x < 0 || to_y < 0 || to_x >= w || to_y >= h || map[to] != kind)
                continue;
            map[to] = mark;
            queue[n++] = to;
        }
    }
    return n;
}

static void mark_dark(struct mr_frame *frame, const struct mr_image *image)
{
    const unsigned char *p = image->rgb;

    for (size_t i = 0, n = (size_t)image->w * (size_t)image->h; i < n; i++, p += 3)
        frame->map[i] =
            p[0] <= NEARLY_BLACK && p[1] <= NEARLY_BLACK && p[2] <= NEARLY_BLACK ? DARK : OPEN;
}

static void flood_dark(struct mr_frame *frame, size_t at, size_t *queue)
{
    struct mr_box_px ignored;

    if (frame->map[at] == DARK)
        mr_frame_flood(frame->map, frame->w, frame->h, at, FRAME, queue, &ignored);
}

static void flood_border(struct mr_frame *frame, size_t *queue)
{
    size_t w = (size_t)frame->w, h = (size_t)frame->h;

    for (size_t x = 0; x < w; x++) {
        flood_dark(frame, x, queue);
        flood_dark(frame, (h - 1) * w + x, queue);
    }
    for (size_t y = 0; y < h; y++) {
        flood_dark(frame, y * w, queue);
        flood_dark(frame, y * w + w - 1, queue);
    }
}

static void join(struct mr_box_px *box, const struct mr_box_px *piece)
{
    if (!box->w)
        *box = *piece;
    widen(box, piece->x, piece->y);
    widen(box, piece->x + piece->w - 1, piece->y + piece->h - 1);
}

/* Whatever is not frame becomes picture or scrap, piece by piece. */
static void keep_pieces(struct mr_frame *frame, size_t *queue)
{
    size_t n_all = (size_t)frame->w * (size_t)frame->h, n;
    struct mr_box_px piece;

    for (size_t i = 0; i < n_all; i++)
        if (frame->map[i] == DARK)
            frame->map[i] = OPEN;
    for (size_t i = 0; i < n_all; i++) {
        if (frame->map[i] != OPEN)
            continue;
        n = mr_frame_flood(frame->map, frame->w, frame->h, i, PICTURE, queue, &piece);
        if (n * LEAST_PIECE < n_all) {
            mr_frame_flood(frame->map, frame->w, frame->h, i, SCRAP, queue, &piece);
        } else {
            frame->n += n;
            join(&frame->box, &piece);
        }
    }
}

static void take_all(struct mr_frame *frame)
{
    frame->n = (size_t)frame->w * (size_t)frame->h;
    frame->box = (struct mr_box_px){0, 0, frame->w, frame->h};
    for (size_t i = 0; i < frame->n; i++)
        frame->map[i] = PICTURE;
}

enum mr_status mr_frame_init(struct mr_frame *frame, const struct mr_image *image,
                             struct mr_error *err)
{
    size_t n = (size_t)image->w * (size_t)image->h;
    size_t *queue = malloc(n * sizeof *queue);

    *frame = (struct mr_frame){.w = image->w, .h = image->h, .map = malloc(n)};
    if (!queue || !frame->map) {
        free(queue);
        mr_frame_finish(frame);
        return mr_fail(err, MR_E_NOMEM, "no memory to look at %d x %d pixels", image->w, image->h);
    }
    mark_dark(frame, image);
    flood_border(frame, queue);
    keep_pieces(frame, queue);
    if (!frame->n)
        take_all(frame);
    free(queue);
    return MR_OK;
}

void mr_frame_finish(struct mr_frame *frame)
{
    free(frame->map);
    frame->map = NULL;
}

bool mr_frame_is_picture(const struct mr_frame *frame, int x, int y)
{
    return frame->map[(size_t)y * (size_t)frame->w + (size_t)x] == PICTURE;
}
