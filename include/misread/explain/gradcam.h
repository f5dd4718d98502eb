/* SPDX-License-Identifier: MIT */
/*
 * Where in an image a network finds what speaks for a class: Grad-CAM (Selvaraju et al. 2017) on
 * the last activation of the body, as fastai v1 draws it over its top losses. Pure.
 */
#ifndef MISREAD_EXPLAIN_GRADCAM_H
#define MISREAD_EXPLAIN_GRADCAM_H

#include <misread/base/geometry.h>
#include <misread/base/status.h>

struct mr_image;
struct mr_model_evidence;

/*
 * heat (h, w) out, 0 to 1, for image i of the evidence: ReLU(sum over channels of w x), where w is
 * the mean of dx over the places, divided by its largest value. Returns that value; where nothing
 * speaks for the class it is 0, and so is all of heat.
 */
float mr_gradcam_map(float *heat, const struct mr_model_evidence *evidence, int i);

/* How much of the heat (h, w) lies in a part of the square that it is of, 0 to 1; cells that the
 * part cuts count by their area. Even heat: the part's own share of the area. NaN without any heat.
 */
double mr_gradcam_share(const float *heat, int h, int w, const struct mr_rect_share *part);

/* The picture under its heat (h, w): bilinear between the centres of the cells, coloured from black
 * over violet and red to yellow, half as strong as the picture. *out is as large as image. */
enum mr_status mr_gradcam_draw(struct mr_image **out, const struct mr_image *image,
                               const float *heat, int h, int w, struct mr_error *err) MR_NODISCARD;

#endif
