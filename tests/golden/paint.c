/* SPDX-License-Identifier: MIT */
#include "paint.h"

#include <math.h>
#include <stdlib.h>

#include <misread/base/rng.h>
#include <misread/image/image.h>

struct mr_image *stage_paint(int64_t id)
{
    struct mr_rng rng = mr_rng_make(9, (uint64_t)id, 0, 0);
    double cx = mr_rng_between(&rng, 0.35, 0.65), cy = mr_rng_between(&rng, 0.3, 0.7);
    double tint = mr_rng_between(&rng, 0.5, 1), folds = mr_rng_between(&rng, 6, 14);
    struct mr_image *image = NULL;

    if (mr_image_create(&image, 360, 288, NULL))
        abort();
    for (int y = 0; y < image->h; y++) {
        for (int x = 0; x < image->w; x++) {
            double u = (double)x / image->w - cx, v = (double)y / image->h - cy;
            double r = sqrt(u * u + v * v), wave = 0.5 + 0.5 * sin(folds * r * 6 + 3 * u);
            double light = fmax(0.05, 1 - 1.4 * r) * (0.75 + 0.25 * wave);
            unsigned char *p = image->rgb + ((size_t)y * (size_t)image->w + (size_t)x) * 3;

            p[0] = (unsigned char)(235 * light);
            p[1] = (unsigned char)(140 * light * tint);
            p[2] = (unsigned char)(110 * light * tint * (0.7 + 0.3 * wave));
        }
    }
    return image;
}
