/* SPDX-License-Identifier: MIT */
/* What images are, by the folder they lay in and by what readers decided. Pure. */
#ifndef MISREAD_INTERP_LABELS_H
#define MISREAD_INTERP_LABELS_H

#include <stdint.h>

struct mr_decision;
struct mr_image_table;

/* The labels of n images (ids ascending) by the folders; -1 where none is known. */
void mr_labels_original(int *labels, const int64_t *ids, int n,
                        const struct mr_image_table *images);
/*
 * The same after review: a relabel that stands and is not disputed counts, an excluded image has
 * none (-1). decisions in the order of their ids, undone resolved. Returns how many images have
 * another label than by the folders, exclusions not among them.
 */
int mr_labels_reviewed(int *labels, const int64_t *ids, int n, const struct mr_image_table *images,
                       const struct mr_decision *decisions, int n_decisions);

#endif
