/* SPDX-License-Identifier: MIT */
/* Ids in ascending order: the images of predictions, features and guesses. */
#ifndef MISREAD_BASE_IDS_H
#define MISREAD_BASE_IDS_H

#include <stdint.h>

/* Which of n strictly ascending ids is this one; -1 if none is. ids may be NULL where n is 0. */
int mr_ids_find(const int64_t *ids, int n, int64_t id);
/* Puts them into ascending order. */
void mr_ids_sort(int64_t *ids, int n);

#endif
