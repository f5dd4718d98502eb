/* SPDX-License-Identifier: MIT */
/* Covers a rectangle of a picture. */
#include <misread/image/mask.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <misread/image/image.h>

#include "frame.h"

/* A found box is covered with a margin of so much of the image: its rim, which JPEG has smeared. */
#define MARGIN .012

bool mr_mask_read(struct mr_mask *mask, const char *text)
{
    struct mr_rect_share r;
    char more;

    if (!*text || !strcmp(text, "auto")) {
        *mask = (struct mr_mask){.kind = *text ? MR_MASK_AUTO : MR_MASK_NONE};
        return true;
    }
    if (sscanf(text, "%lf,%lf,%lf,%lf%c", &r.x, &r.y, &r.w, &r.h, &more) != 4 ||
        !(r.x >= 0 && r.y >= 0 && r.w > 0 && r.h > 0 && r.x + r.w <= 1 + 1e-9 &&
          r.y + r.h <= 1 + 1e-9))
        return false;
    *mask = (struct mr_mask){.kind = MR_MASK_RECT, .rect = r};
    return true;
}

bool mr_mask_hides_all(const struct mr_mask *mask)
{
    return mask->kind == MR_MASK_RECT && mask->rect.w >= .99 && mask->rect.h >= .99;
}

static int within(double share, int n)
{
    int at = (int)lround(share * n);

    return at < 0 ? 0 : at > n ? n : at;
}

static struct mr_box_px box_of(const struct mr_rect_share *r, double margin,
                               const struct mr_image *image)
{
    struct mr_box_px box = {within(r->x - margin, image->w), within(r->y - margin, image->h), 0, 0};

    box.w = within(r->x + r->w + margin, image->w) - box.x;
    box.h = within(r->y + r->h + margin, image->h) - box.y;
    return box;
}

static bool is_in(const struct mr_box_px *box, int x, int y)
{
    return x >= box->x && y >= box->y && x < box->x + box->w && y < box->y + box->h;
}

/* Of what is in `of` and not in `but` (NULL: all). Returns how many pixels that are. */
static long mean_of(const struct mr_image *image, const struct mr_box_px *of,
                    const struct mr_box_px *but, unsigned char mean[3])
{
    double sum[3] = {0};
    long n = 0;

    for (int y = of->y; y < of->y + of->h; y++)
        for (int x = of->x; x < of->x + of->w; x++) {
            const unsigned char *p = image->rgb + 3 * ((size_t)y * (size_t)image->w + (size_t)x);

            if (but && is_in(but, x, y))
                continue;
            for (int c = 0; c < 3; c++)
                sum[c] += p[c];
            n++;
        }
    for (int c = 0; c < 3 && n; c++)
        mean[c] = (unsigned char)lround(sum[c] / (double)n);
    return n;
}

static void fill(struct mr_image *image, const struct mr_box_px *box)
{
    struct mr_box_px around = {box->x - (box->x > 0), box->y - (box->y > 0), 0, 0};
    unsigned char mean[3] = {0};

    around.w = box->x + box->w + (box->x + box->w < image->w) - around.x;
    around.h = box->y + box->h + (box->y + box->h < image->h) - around.y;
    if (!mean_of(image, &around, box, mean))
        mean_of(image, box, NULL, mean);
    for (int y = box->y; y < box->y + box->h; y++)
        for (int x = box->x; x < box->x + box->w; x++)
            memcpy(image->rgb + 3 * ((size_t)y * (size_t)image->w + (size_t)x), mean, 3);
}

enum mr_status mr_mask_apply(const struct mr_mask *mask, struct mr_image *image,
                             struct mr_error *err)
{
    struct mr_rect_share rect = mask->rect;
    struct mr_box_px box;
    enum mr_status st = MR_OK;

    if (mask->kind == MR_MASK_NONE)
        return MR_OK;
    if (mask->kind == MR_MASK_AUTO)
        st = mr_image_find_overlay(&rect, image, err);
    if (st || !(rect.w > 0))
        return st;
    box = box_of(&rect, mask->kind == MR_MASK_AUTO ? MARGIN : 0, image);
    fill(image, &box);
    return MR_OK;
}
