/* SPDX-License-Identifier: MIT */
/* Pixels to JPEG, for the demo data set and exports. */
#ifndef MISREAD_IMAGE_ENCODE_H
#define MISREAD_IMAGE_ENCODE_H

#include <stddef.h>

#include <misread/base/status.h>

struct mr_image;

/* Baseline JPEG, 4:2:0. quality 1..100. *data owned by the caller (free). MR_E_UNSUPPORTED in a
 * build without libjpeg-turbo. */
enum mr_status mr_image_encode_jpeg(const struct mr_image *image, int quality, unsigned char **data,
                                    size_t *n, struct mr_error *err) MR_NODISCARD;

#endif
