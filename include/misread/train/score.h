/* SPDX-License-Identifier: MIT */
/* What a run's best weights say of the images that were set aside for testing, or of those that it
 * was validated with. */
#ifndef MISREAD_TRAIN_SCORE_H
#define MISREAD_TRAIN_SCORE_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/store/images.h>

struct mr_predictions;
struct mr_sandbox;
struct mr_store;

/* Test-time augmentation: the mean of what is said of several views of an image (tta.h). */
enum mr_tta_kind {
    MR_TTA_NONE,
    MR_TTA_V1, /* .4 plain, .6 of 8: four corners, mirrored and not, at zoom 1.35, and whatever else
                  the run was trained with */
    MR_TTA_V2  /* .25 plain, .75 of 4 as the run was trained */
};

struct mr_score {
    struct mr_store *store;     /* borrowed */
    const char *data_dir;       /* borrowed */
    struct mr_sandbox *sandbox; /* borrowed */
    int run;                    /* 0: as mr_run_load chooses */
    enum mr_side side;          /* TEST or VALID */
    enum mr_tta_kind tta;
    const char *mask; /* in place of the run's: what is covered of the pictures; NULL: the run's */
    /* Called now and then with images done, in each view anew; returning false cancels
     * (MR_E_CANCELLED). May be NULL.
     */
    bool (*progress)(void *ctx, int64_t n_done, int64_t n_total);
    void *ctx;
};

/*
 * Scans the data folder as the run did, decodes the images of the side, and evaluates them with the
 * run's best.safetensors. Test images have the labels that the run goes by (reviewed or original),
 * validation images those it was validated with. *predictions has the run, the side, and the ids of
 * the images by ascending id; nothing of it is stored. With test-time augmentation the logits are
 * logarithms of the averaged probabilities, and the losses come from them. A look at the test
 * images is recorded before it is handed over: an answer that nobody counted must not be seen.
 * Destroy with mr_predictions_destroy.
 *
 * MR_E_NOT_FOUND if the run has no best weights or the project no readable image of the side;
 * MR_E_USAGE if the run was trained or validated with one of the test images, or does not know its
 * class; MR_E_USAGE too if v2's views would all be the plain image, without augmentation.
 */
enum mr_status mr_score_run(const struct mr_score *score, struct mr_predictions **predictions,
                            struct mr_error *err) MR_NODISCARD;

#endif
