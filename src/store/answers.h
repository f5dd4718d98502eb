/* SPDX-License-Identifier: MIT */
/*
 * Columns that hold what a network said of images: n, n_classes, ids, labels, losses, logits, in
 * this order (metrics.c). What comes back is checked against the counts beside it before anybody
 * indexes with it.
 */
#ifndef MISREAD_STORE_ANSWERS_H
#define MISREAD_STORE_ANSWERS_H

#include <stdbool.h>

struct mr_predictions;
struct mr_sql;

/* Do ids ascend strictly, and is every label one of the classes? */
bool mr_answers_are_sound(const struct mr_predictions *answers);
/* Binds the six, borrowed until the statement is done. They must be sound. */
void mr_answers_bind(struct mr_sql *sql, const struct mr_predictions *answers);
/* Reads the six from `column` on; what does not fit ends the statement as damage. */
void mr_answers_read(struct mr_sql *sql, int column, struct mr_predictions *answers);

#endif
