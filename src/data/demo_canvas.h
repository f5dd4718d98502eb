/* SPDX-License-Identifier: MIT */
/* What a demo image is drawn on, and the three steps after its scene: paint, camera, overlay. */
#ifndef MISREAD_DATA_DEMO_CANVAS_H
#define MISREAD_DATA_DEMO_CANVAS_H

#include <misread/base/rng.h>
#include <misread/base/status.h>

#include "demo_scene.h"

struct mr_image;

#define MR_DEMO_MAX_W 720
#define MR_DEMO_MAX_H 576
#define MR_DEMO_GRID  136 /* rays in a row; the paint between them is finer than the shapes */

enum mr_demo_shape { MR_DEMO_OCTAGON, MR_DEMO_CIRCLE, MR_DEMO_ROUNDED };

/* What is known of a pixel before light falls on it. */
struct mr_demo_point {
    struct mr_demo_hit hit;
    struct v3 at;      /* in the noise of the scene */
    float step;        /* scene units a pixel */
    float fine, grain; /* noise of a tenth and of a twentieth of a unit */
    struct v3 colour;
    float relief; /* of the fine surface, scene units */
    bool seen;
};

/* The window through which the scene is seen; black around. */
struct mr_demo_view {
    float x, y, w, h; /* pixels of the image */
    enum mr_demo_shape shape;
    float cut; /* of the short side: how much of the corners is lost */
};

struct mr_demo_canvas {
    int w, h;
    struct mr_demo_view view;
    float *rgb;   /* (h, w, 3), linear light; owned */
    float *spare; /* (h, w, 3); owned */
    int grid_w, grid_h;
    struct mr_demo_hit *hits;      /* (grid_h, grid_w); owned */
    struct mr_demo_point *rows[3]; /* of w points each: above, here, below; owned */
};

enum mr_status mr_demo_canvas_create(struct mr_demo_canvas **canvas,
                                     struct mr_error *err) MR_NODISCARD;
void mr_demo_canvas_destroy(struct mr_demo_canvas *canvas);
/* Draws size and view, the same way for all classes. */
void mr_demo_canvas_frame(struct mr_demo_canvas *canvas, struct mr_rng *rng);
/* How much of the pixel lies in the view, 0 .. 1. */
float mr_demo_view_cover(const struct mr_demo_view *view, float x, float y);

/* The scene in linear light. */
void mr_demo_paint(struct mr_demo_canvas *canvas, const struct mr_demo_scene *scene,
                   struct mr_rng *rng);
/* Foam on some of the images, in linear light. */
void mr_demo_bubbles(struct mr_demo_canvas *canvas, struct mr_rng *rng);
/* What lens, sensor and processor make of it: exposure, colour, blur, noise, sharpening. */
void mr_demo_expose(struct mr_demo_canvas *canvas, struct mr_image *image, struct mr_rng *rng);
/* Frame, text, position box (in any case if it is wanted). */
void mr_demo_overlay(const struct mr_demo_canvas *canvas, struct mr_image *image, bool wants_box,
                     struct mr_rng *rng);
/* Does mr_demo_overlay draw a position box by itself with this stream? */
bool mr_demo_overlay_has_box(struct mr_rng rng);

#endif
