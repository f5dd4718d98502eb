/* SPDX-License-Identifier: MIT */
/* How demo images are flawed on purpose. */
#ifndef MISREAD_DATA_DEMO_SPOIL_H
#define MISREAD_DATA_DEMO_SPOIL_H

#include <stddef.h>

#include <misread/base/status.h>

#include "demo_plan.h"

struct mr_image;
struct mr_rng;

/* Replaces the image, or its JPEG quality, by a flawed one. */
enum mr_status mr_demo_spoil(struct mr_image **image, int *quality, enum mr_demo_flaw flaw,
                             struct mr_rng *rng, struct mr_error *err) MR_NODISCARD;
/* Puts a comment into a JPEG file: other bytes, the same pixels. *data is moved. */
void mr_demo_comment(unsigned char **data, size_t *n);

#endif
