/* SPDX-License-Identifier: MIT */
/*
 * The shapes of the demo images: the free space inside a bowel, a stomach or a gullet as a signed
 * distance, with what grows on its wall. A scene says where everything is; demo_shade.c paints it.
 */
#ifndef MISREAD_DATA_DEMO_SCENE_H
#define MISREAD_DATA_DEMO_SCENE_H

#include <stdbool.h>

#include <misread/base/rng.h>

#include "demo_math.h"

struct mr_demo_noise;

/* The folders in their order. The dyed ones and the two of the gullet are the planted pairs. */
#define MR_DEMO_CLASSES(X)                   \
    X(DYED_LIFTED, "dyed-lifted-polyps")     \
    X(DYED_MARGIN, "dyed-resection-margins") \
    X(ESOPHAGITIS, "esophagitis")            \
    X(CECUM, "normal-cecum")                 \
    X(PYLORUS, "normal-pylorus")             \
    X(Z_LINE, "normal-z-line")               \
    X(POLYPS, "polyps")                      \
    X(COLITIS, "ulcerative-colitis")

enum mr_demo_class {
#define X(name, folder) MR_DEMO_##name,
    MR_DEMO_CLASSES(X)
#undef X
        MR_DEMO_N_CLASSES
};

struct mr_demo_camera {
    struct v3 eye, right, up, ahead;
    float spread; /* radians off the axis at distance 1, half the short side, from the middle */
};

#define MR_DEMO_FOLDS 16

/* A crescent of wall that stands into the bowel. */
struct mr_demo_fold {
    float z, height, width, tilt;
    float cx, cy,
        extent; /* where around the wall it stands, and how far: -1 all around, 1 nowhere */
};

/* Something that stands on the wall: a dome, or a head on a stalk. */
struct mr_demo_mass {
    struct v3 base, axis, a, b;
    float radius, flatness; /* of the head, half width and height over width */
    float lift;             /* of the middle of the head over the wall */
    float stalk;            /* radius, 0 without */
    float lumps, join;
    int n_lobes; /* smaller spheres that make a berry of the head */
    struct v3 lobes[5];
    float lobe_radius;
};

/* What lies at the end of the bowel or the stomach, in a frame whose axis leaves through the wall.
 */
struct mr_demo_end {
    struct v3 at, axis, a, b;
    float phase, curl;
    float radius;       /* of the orifice or the ring */
    float thick;        /* of the ring */
    float ridge, width; /* height and width of the folds around */
    int n_ridges;
};

struct mr_demo_gullet {
    float close_at, close_over, left; /* where it narrows, over which length, to which radius */
    int n_folds;
    float fold, phase, twist;
    float line, jag, tongues; /* where the mucosa changes, how ragged, how long its tongues */
    float seed;
};

#define MR_DEMO_STREAKS 6

/* A red erosion that runs from the line towards the mouth. */
struct mr_demo_streak {
    float angle, width, length, wander, strength, slough;
};

struct mr_demo_scene {
    enum mr_demo_class label;
    float stage; /* 0 .. 1 between the classes of a planted pair: bump to crater, clean to eroded */
    const struct mr_demo_noise *noise; /* borrowed: outlives this */
    float (*wall)(const struct mr_demo_scene *scene, struct v3 p);
    struct mr_demo_camera camera;
    struct v3 shift; /* into the noise, so that no two walls are alike */
    float bend_x, bend_y, lumps, lobes;
    float end_z; /* where a bowel is closed; far away if it is not */
    float fold_gap;
    struct mr_demo_fold folds[MR_DEMO_FOLDS];
    struct mr_demo_end end;
    struct mr_demo_gullet gullet;
    int n_streaks;
    struct mr_demo_streak streaks[MR_DEMO_STREAKS];
    int n_masses;
    struct mr_demo_mass masses[3];
    bool has_lesion; /* masses[0] is the dyed cushion then */
    float dent, dent_radius;
};

struct mr_demo_hit {
    struct v3 p, n;
    float t;             /* from the eye */
    float mass;          /* 1 on a polyp, 0 on the wall */
    float hollow;        /* 1 in the open, 0 in the deepest crease */
    float broad, medium; /* mottling, about -1 .. 1 */
    float behind;        /* behind the line of a gullet */
};

/* Draws a scene of the class. stage: see above; ignored outside the pairs. */
void mr_demo_scene_init(struct mr_demo_scene *scene, enum mr_demo_class label, float stage,
                        const struct mr_demo_noise *noise, struct mr_rng *rng);
/* The unit vector from the eye through the image point (x, y), in half short sides from the middle.
 */
struct v3 mr_demo_scene_ray(const struct mr_demo_scene *scene, float x, float y);
/* How far all rays within spread radians of this one can go without meeting anything. */
float mr_demo_scene_approach(const struct mr_demo_scene *scene, struct v3 ray, float spread);
/* What the ray meets that starts at distance from. */
struct mr_demo_hit mr_demo_scene_cast(const struct mr_demo_scene *scene, struct v3 ray, float from);

/* The three kinds of wall: positive inside, in demo_wall.c. */
float mr_demo_wall_bowel(const struct mr_demo_scene *scene, struct v3 p);
float mr_demo_wall_antrum(const struct mr_demo_scene *scene, struct v3 p);
float mr_demo_wall_gullet(const struct mr_demo_scene *scene, struct v3 p);
/* How far p lies behind (> 0) the line at which the gullet's mucosa changes. */
float mr_demo_wall_behind_line(const struct mr_demo_scene *scene, struct v3 p);

#endif
