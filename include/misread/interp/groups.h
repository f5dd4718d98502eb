/* SPDX-License-Identifier: MIT */
/* How well the images of each group (a patient, a video) were read. Pure. */
#ifndef MISREAD_INTERP_GROUPS_H
#define MISREAD_INTERP_GROUPS_H

struct mr_image_table;
struct mr_predictions;

struct mr_group_score {
    const char *name; /* borrowed from the table */
    int n, n_correct; /* images of the group among the predictions; n >= 1 */
};

/* The groups among the predictions, the smallest share of correct ones first (ties: more images,
 * then by name). Images without a group are left out. *scores owned (free), names by images.
 * Returns how many. */
int mr_groups_of(const struct mr_predictions *predictions, const struct mr_image_table *images,
                 struct mr_group_score **scores);

#endif
