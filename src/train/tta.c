/* SPDX-License-Identifier: MIT */
#include "tta.h"

#include <float.h>
#include <math.h>

#include <misread/data/transform.h>
#include <misread/store/runs.h>

#define V1_ZOOM 1.35

static const struct {
    int n_views;
    double plain; /* share of the plain image */
} kinds[] = {
    [MR_TTA_NONE] = {0, 1},
    [MR_TTA_V1] = {8, .4},
    [MR_TTA_V2] = {4, .25},
};

int mr_tta_n_views(enum mr_tta_kind kind)
{
    return kinds[kind].n_views;
}

double mr_tta_share(enum mr_tta_kind kind, int view)
{
    return view ? (1 - kinds[kind].plain) / kinds[kind].n_views : kinds[kind].plain;
}

void mr_tta_augment(struct mr_augment *augment, enum mr_tta_kind kind, int view)
{
    int bits = view - 1; /* as fastai counts: left or right, top or bottom, mirrored or not */

    if (kind == MR_TTA_V1)
        augment->view = (struct mr_augment_view){.zoom = V1_ZOOM,
                                                 .focus_x = bits >> 1 & 1,
                                                 .focus_y = bits & 1,
                                                 .is_mirrored = bits >> 2 & 1};
}

void mr_tta_add(double *p, const float *logits, int n, int k, double share)
{
    for (int i = 0; i < n; i++, p += k, logits += k) {
        float most = logits[0];
        double sum = 0;

        for (int c = 1; c < k; c++)
            most = logits[c] > most ? logits[c] : most;
        for (int c = 0; c < k; c++)
            sum += exp((double)logits[c] - most);
        for (int c = 0; c < k; c++)
            p[c] += share * exp((double)logits[c] - most) / sum;
    }
}

/* Finite where every view was sure of the opposite. */
static double log_of(double p)
{
    return log(fmax(p, DBL_MIN));
}

void mr_tta_settle(struct mr_predictions *predictions, const double *p)
{
    int k = predictions->n_classes;

    for (int i = 0; i < predictions->n; i++, p += k) {
        for (int c = 0; c < k; c++)
            predictions->logits[i * k + c] = (float)log_of(p[c]);
        predictions->losses[i] = (float)-log_of(p[predictions->labels[i]]);
    }
}
