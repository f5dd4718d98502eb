/* SPDX-License-Identifier: MIT */
/* Which images the demo data set holds: their classes, their folders, what is planted among them.
 */
#ifndef MISREAD_DATA_DEMO_PLAN_H
#define MISREAD_DATA_DEMO_PLAN_H

#include <stdint.h>

#include "demo_scene.h"

/* One up when images come out differently: their names change with it, old sets are not mixed with
 * new. */
#define MR_DEMO_DRAWING 1

enum mr_demo_planted { MR_DEMO_NONE, MR_DEMO_AMBIGUOUS, MR_DEMO_MISLABELLED, MR_DEMO_N_PLANTED };

/* What is wrong with the picture itself. */
enum mr_demo_flaw {
    MR_DEMO_SOUND,
    MR_DEMO_COPY,         /* the same file */
    MR_DEMO_SAME_PIXELS,  /* another file of the same pixels */
    MR_DEMO_RECOMPRESSED, /* the next three: near duplicates */
    MR_DEMO_SHIFTED,
    MR_DEMO_BRIGHTENED,
    MR_DEMO_BLURRED,
    MR_DEMO_DARKENED,
    MR_DEMO_BOXED, /* a position box; more often in one class than in others */
    MR_DEMO_N_FLAWS
};

struct mr_demo_item {
    int folder, truth; /* classes: where the file lies, what it shows */
    enum mr_demo_planted planted;
    float stage;   /* for mr_demo_scene_init */
    uint32_t name; /* of the file, in hexadecimal; tells nothing */
    enum mr_demo_flaw flaw;
    int source; /* of a duplicate: the item it is one of; else its own index */
};

struct mr_demo_plan {
    uint64_t seed;
    int n;                      /* a multiple of the number of classes; these are sound */
    int n_all;                  /* with the flawed ones behind them: one in twenty, none of few */
    struct mr_demo_item *items; /* owned (n_all) */
};

extern const char *const mr_demo_folders[MR_DEMO_N_CLASSES];
/* As in truth.csv. */
extern const char *const mr_demo_planted_names[MR_DEMO_N_PLANTED];
extern const char *const mr_demo_flaw_names[MR_DEMO_N_FLAWS];

/* The class that is hard to tell from this one, -1 for none. */
int mr_demo_partner(int label);

/* Plans about n_images images. Every class has the same number of images and every folder the same
 * number of files, but for the flawed ones that come on top. Free with mr_demo_plan_finish. */
void mr_demo_plan_init(struct mr_demo_plan *plan, uint64_t seed, int n_images);
void mr_demo_plan_finish(struct mr_demo_plan *plan);

#endif
