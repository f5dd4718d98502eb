/* SPDX-License-Identifier: MIT */
/* Pixels to sixel (sixel.c; named so because the library owns <sixel.h>). Safe from several
 * threads. */
#ifndef MISREAD_TERM_SIXELS_H
#define MISREAD_TERM_SIXELS_H

#include <misread/base/status.h>

struct mr_image;
struct mr_str;

/* Appends the whole DCS of image to out, with at most n_colors (2..256) colours. */
enum mr_status mr_sixel_encode(struct mr_str *out, const struct mr_image *image, int n_colors,
                               struct mr_error *err) MR_NODISCARD;

#endif
