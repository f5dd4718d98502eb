/* SPDX-License-Identifier: MIT */
/* Why a run's network says what it says of an image: its kept weights, looked into. */
#ifndef MISREAD_APP_WHY_H
#define MISREAD_APP_WHY_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/geometry.h>
#include <misread/base/status.h>

struct mr_image;
struct mr_kept_facts;
struct mr_place;
struct mr_session;
struct mr_why;

/* How many images most like one are found, of a class. */
#define MR_WHY_N_NEAR 3

struct mr_why_near {
    int n;
    struct {
        int64_t image;
        float cosine;
    } found[MR_WHY_N_NEAR]; /* the nearest first */
};

/* session and place are borrowed and outlive it. Nothing is read yet. One thread. */
struct mr_why *mr_why_create(const struct mr_session *session, const struct mr_place *place);
void mr_why_destroy(struct mr_why *why); /* accepts NULL */

/* Reads the weights that the run has kept, if others were read last or these have been replaced
 * since. The functions below are of them. */
enum mr_status mr_why_turn_to(struct mr_why *why, int run, struct mr_error *err) MR_NODISCARD;
const struct mr_kept_facts *mr_why_facts(const struct mr_why *why);

/* *logits (n_classes), borrowed until the next call. */
enum mr_status mr_why_look(struct mr_why *why, int64_t image, const float **logits,
                           struct mr_error *err) MR_NODISCARD;

/* Where in the image the network finds what speaks for a class. */
struct mr_why_heat {
    float *cells; /* (h, w) owned: 0 to 1, see <misread/explain/gradcam.h> */
    int h, w;
    float most; /* 0: nowhere */
    /* The position box, or the rectangle that the run covers, where it lies in the square that the
     * network sees; w 0: there is none. And how much of the heat is in it; NaN: there is no heat.
     */
    struct mr_rect_share box;
    double box_share;
    struct mr_image *picture; /* owned: that square under its heat */
};
enum mr_status mr_why_heat(struct mr_why *why, int64_t image, int class_id,
                           struct mr_why_heat *heat, struct mr_error *err) MR_NODISCARD;
/* The same without the picture. */
enum mr_status mr_why_map(struct mr_why *why, int64_t image, int class_id, struct mr_why_heat *heat,
                          struct mr_error *err) MR_NODISCARD;
void mr_why_heat_finish(struct mr_why_heat *heat);

/* The training images of a class that look most like the image, itself left out. progress is called
 * while the run's training images are looked at for the first time; false cancels
 * (MR_E_CANCELLED). */
enum mr_status mr_why_near(struct mr_why *why, int64_t image, int class_id,
                           bool (*progress)(void *ctx, int64_t n_done, int64_t n_total), void *ctx,
                           struct mr_why_near *near, struct mr_error *err) MR_NODISCARD;

#endif
