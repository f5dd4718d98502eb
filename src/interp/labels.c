/* SPDX-License-Identifier: MIT */
/* Labels then and now. Decisions are few and images many, so that the decisions are sorted. */
#include <misread/interp/labels.h>

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/store/images.h>
#include <misread/store/review.h>

void mr_labels_original(int *labels, const int64_t *ids, int n, const struct mr_image_table *images)
{
    int row = 0;

    for (int i = 0; i < n; i++) {
        while (row < images->n && images->rows[row].id < ids[i])
            row++;
        labels[i] =
            row < images->n && images->rows[row].id == ids[i] ? images->rows[row].class_id : -1;
    }
}

static int by_image(const void *left, const void *right)
{
    const struct mr_decision *a = left, *b = right;

    if (a->image != b->image)
        return a->image < b->image ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

int mr_labels_reviewed(int *labels, const int64_t *ids, int n, const struct mr_image_table *images,
                       const struct mr_decision *decisions, int n_decisions)
{
    struct mr_decision *sorted = mr_xalloc((size_t)n_decisions + 1, sizeof *sorted);
    int first = 0, n_changed = 0;

    if (n_decisions)
        memcpy(sorted, decisions, (size_t)n_decisions * sizeof *sorted);
    qsort(sorted, (size_t)n_decisions, sizeof *sorted, by_image);
    mr_labels_original(labels, ids, n, images);
    for (int i = 0; i < n; i++) {
        struct mr_review_state state;
        int end;

        while (first < n_decisions && sorted[first].image < ids[i])
            first++;
        for (end = first; end < n_decisions && sorted[end].image == ids[i];)
            end++;
        state = mr_review_state_of(sorted + first, end - first, ids[i]);
        if (state.is_excluded) {
            labels[i] = -1;
        } else if (state.label >= 0 && state.label != labels[i]) {
            labels[i] = state.label;
            n_changed++;
        }
        first = end;
    }
    free(sorted);
    return n_changed;
}
