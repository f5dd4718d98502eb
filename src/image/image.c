/* SPDX-License-Identifier: MIT */
/* Pixels in memory. */
#include <misread/image/image.h>

#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/image/decode.h>

enum mr_status mr_image_create(struct mr_image **image, int w, int h, struct mr_error *err)
{
    struct mr_image *made;
    size_t n;

    if (w < 1 || h < 1 || !mr_size_mul((size_t)w, (size_t)h, &n) || n > MR_IMAGE_MAX_PIXELS)
        return mr_fail(err, MR_E_LIMIT, "cannot make an image of %d x %d pixels", w, h);
    made = mr_xalloc(1, sizeof *made);
    made->w = w;
    made->h = h;
    made->rgb = calloc(n, 3);
    if (!made->rgb) {
        free(made);
        return mr_fail(err, MR_E_NOMEM, "no memory for an image of %d x %d pixels", w, h);
    }
    *image = made;
    return MR_OK;
}

void mr_image_destroy(struct mr_image *image)
{
    if (!image)
        return;
    free(image->rgb);
    free(image);
}
