/* SPDX-License-Identifier: MIT */
/* Accuracy by group: one image of a patient who is read wrongly says little, all of them a lot. */
#include <misread/interp/groups.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/interp/ranking.h>
#include <misread/store/images.h>
#include <misread/store/runs.h>

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct mr_group_score *)left)->name,
                  ((const struct mr_group_score *)right)->name);
}

static int worst_first(const void *left, const void *right)
{
    const struct mr_group_score *a = left, *b = right;
    /* a share against a share, without a division */
    int64_t of_a = (int64_t)a->n_correct * b->n, of_b = (int64_t)b->n_correct * a->n;

    if (of_a != of_b)
        return of_a < of_b ? -1 : 1;
    if (a->n != b->n)
        return a->n > b->n ? -1 : 1;
    return by_name(a, b);
}

/* Adds up neighbours of one name. Returns how many names there are. */
static int merge(struct mr_group_score *scores, int n)
{
    int n_merged = 0;

    for (int i = 0; i < n; i++) {
        struct mr_group_score *last = n_merged ? &scores[n_merged - 1] : NULL;

        if (last && !strcmp(last->name, scores[i].name)) {
            last->n += scores[i].n;
            last->n_correct += scores[i].n_correct;
        } else {
            scores[n_merged++] = scores[i];
        }
    }
    return n_merged;
}

int mr_groups_of(const struct mr_predictions *predictions, const struct mr_image_table *images,
                 struct mr_group_score **scores)
{
    struct mr_group_score *found = mr_xalloc((size_t)predictions->n + 1, sizeof *found);
    int n = 0;

    for (int i = 0; i < predictions->n; i++) {
        const struct mr_image_row *row = mr_images_find(images, predictions->ids[i]);
        struct mr_ranked read = mr_ranked_of(predictions, i);

        if (row && *row->group)
            found[n++] = (struct mr_group_score){
                .name = row->group, .n = 1, .n_correct = read.actual == read.predicted};
    }
    qsort(found, (size_t)n, sizeof *found, by_name);
    n = merge(found, n);
    qsort(found, (size_t)n, sizeof *found, worst_first);
    *scores = found;
    return n;
}
