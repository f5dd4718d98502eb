/* SPDX-License-Identifier: MIT */
/* Folds are drawn one after the other by the rule of the split: of what is left over n folds, one
 * n-th validates. What was drawn before counts as set aside; the last fold is what remains. */
#include <misread/data/fold.h>

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/data/split.h>
#include <misread/store/images.h>

static bool takes_part(const struct mr_image_row *row)
{
    return row->side == MR_SIDE_TRAIN || row->side == MR_SIDE_VALID;
}

/* Draws one fold of n_left. rows: in an earlier fold MR_SIDE_TEST. Afterwards in this one
 * MR_SIDE_VALID, in a later one MR_SIDE_TRAIN. */
static void draw(struct mr_image_row *rows, int n, int n_classes, int n_left, uint64_t seed)
{
    const struct mr_split_options options = {.seed = seed, .valid_fraction = 1. / n_left};

    for (int i = 0; i < n; i++)
        if (rows[i].side != MR_SIDE_TEST)
            rows[i].side = n_left > 1 ? MR_SIDE_NONE : MR_SIDE_VALID;
    if (n_left > 1)
        mr_split_assign(rows, n, n_classes, &options);
}

static void set_aside(struct mr_image_row *rows, int n)
{
    for (int i = 0; i < n; i++)
        if (rows[i].side == MR_SIDE_VALID)
            rows[i].side = MR_SIDE_TEST;
}

void mr_fold_hold_out(struct mr_image_row *rows, int n, int n_classes, const struct mr_fold *fold)
{
    struct mr_image_row *part = mr_xalloc((size_t)n + 1, sizeof *part); /* borrows what rows own */
    int n_part = 0;

    assert(fold->n >= 2 && fold->index >= 0 && fold->index < fold->n);
    for (int i = 0; i < n; i++)
        if (takes_part(&rows[i])) {
            part[n_part] = rows[i];
            part[n_part++].side = MR_SIDE_NONE;
        }
    for (int f = 0; f <= fold->index; f++) {
        set_aside(part, n_part);
        draw(part, n_part, n_classes, fold->n - f, fold->seed);
    }
    for (int i = 0, j = 0; i < n; i++)
        if (takes_part(&rows[i]))
            rows[i].side = part[j++].side == MR_SIDE_VALID ? MR_SIDE_VALID : MR_SIDE_TRAIN;
    free(part);
}
