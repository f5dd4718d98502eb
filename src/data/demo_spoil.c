/* SPDX-License-Identifier: MIT */
/* Flaws: what happens to pictures on their way into a data set, on purpose here. */
#include "demo_spoil.h"

#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/rng.h>
#include <misread/image/image.h>

#include "demo_math.h"

static void scale_levels(struct mr_image *image, double gain)
{
    size_t n = (size_t)image->w * (size_t)image->h * 3;

    for (size_t i = 0; i < n; i++)
        image->rgb[i] = (unsigned char)clampf((float)(image->rgb[i] * gain + .5), 0, 255);
}

/* Blurred as a scope in motion or out of focus: shrunk and drawn large again. */
static enum mr_status blur(struct mr_image **image, int by, struct mr_error *err)
{
    struct mr_image *small = NULL, *large = NULL;
    enum mr_status st = mr_image_resize(&small, *image, (*image)->w / by, (*image)->h / by, err);

    if (!st)
        st = mr_image_resize(&large, small, (*image)->w, (*image)->h, err);
    mr_image_destroy(small);
    if (st)
        return st;
    mr_image_destroy(*image);
    *image = large;
    return MR_OK;
}

/* A cut that begins elsewhere: what lies left and above is lost. */
static enum mr_status shift(struct mr_image **image, int dx, int dy, struct mr_error *err)
{
    struct mr_image *cut = NULL;
    enum mr_status st = mr_image_create(&cut, (*image)->w - dx, (*image)->h - dy, err);

    if (st)
        return st;
    for (int y = 0; y < cut->h; y++)
        memcpy(cut->rgb + 3 * (size_t)y * (size_t)cut->w,
               (*image)->rgb + 3 * ((size_t)(y + dy) * (size_t)(*image)->w + (size_t)dx),
               3 * (size_t)cut->w);
    mr_image_destroy(*image);
    *image = cut;
    return MR_OK;
}

enum mr_status mr_demo_spoil(struct mr_image **image, int *quality, enum mr_demo_flaw flaw,
                             struct mr_rng *rng, struct mr_error *err)
{
    int w = (*image)->w, h = (*image)->h;
    double share = mr_rng_uniform(rng), other = mr_rng_uniform(rng);

    switch (flaw) {
    case MR_DEMO_RECOMPRESSED:
        *quality = 25 + (int)(25 * share);
        return MR_OK;
    case MR_DEMO_SHIFTED:
        return shift(image, 1 + (int)(.03 * share * w), 1 + (int)(.03 * other * h), err);
    case MR_DEMO_BRIGHTENED:
        scale_levels(*image, other < .5 ? .75 + .15 * share : 1.1 + .15 * share);
        return MR_OK;
    case MR_DEMO_BLURRED:
        return blur(image, 14 + (int)(10 * share), err);
    case MR_DEMO_DARKENED:
        scale_levels(*image, .12 + .12 * share);
        return MR_OK;
    default:
        return MR_OK;
    }
}

void mr_demo_comment(unsigned char **data, size_t *n)
{
    static const unsigned char comment[] = {0xff, 0xfe, 0, 8, 'c', 'o', 'p', 'i', 'e', 'd'};
    const size_t soi = 2; /* bytes of the marker that begins the file */

    *data = mr_xrealloc(*data, *n + sizeof comment, 1);
    memmove(*data + soi + sizeof comment, *data + soi, *n - soi);
    memcpy(*data + soi, comment, sizeof comment);
    *n += sizeof comment;
}
