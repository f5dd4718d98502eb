/* SPDX-License-Identifier: MIT */
/* First fit by falling size: within a few percent of the best for networks of some hundred buffers.
 */
#include "plan.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>

int mr_plan_add(struct mr_plan *plan, size_t n)
{
    assert(plan->n_buffers < MR_PLAN_MAX);
    plan->buffers[plan->n_buffers] =
        (struct mr_plan_buffer){.n = (n + 15) / 16 * 16, .first = INT_MAX, .last = INT_MIN};
    return plan->n_buffers++;
}

void mr_plan_use(struct mr_plan *plan, int buffer, int step)
{
    struct mr_plan_buffer *b = &plan->buffers[buffer];

    assert(buffer >= 0 && buffer < plan->n_buffers);
    b->first = step < b->first ? step : b->first;
    b->last = step > b->last ? step : b->last;
}

static bool meet_in_time(const struct mr_plan_buffer *a, const struct mr_plan_buffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The lowest offset at which buffer i meets none of the placed ones. */
static size_t lowest_offset(const struct mr_plan *plan, int i, const bool *placed)
{
    const struct mr_plan_buffer *b = &plan->buffers[i];
    size_t offset = 0;
    bool moved;

    do {
        moved = false;
        for (int j = 0; j < plan->n_buffers; j++) {
            const struct mr_plan_buffer *p = &plan->buffers[j];

            if (!placed[j] || !meet_in_time(b, p) || offset >= p->offset + p->n ||
                p->offset >= offset + b->n)
                continue;
            offset = p->offset + p->n;
            moved = true;
        }
    } while (moved);
    return offset;
}

static int biggest_left(const struct mr_plan *plan, const bool *placed)
{
    int best = -1;

    for (int i = 0; i < plan->n_buffers; i++)
        if (!placed[i] && (best < 0 || plan->buffers[i].n > plan->buffers[best].n))
            best = i;
    return best;
}

size_t mr_plan_solve(struct mr_plan *plan)
{
    bool placed[MR_PLAN_MAX] = {false};
    size_t total = 0;

    for (int k = 0; k < plan->n_buffers; k++) {
        int i = biggest_left(plan, placed);
        struct mr_plan_buffer *b = &plan->buffers[i];

        placed[i] = true;
        if (b->last < b->first)
            continue; /* never used: stays at 0 and meets nobody */
        placed[i] = false;
        b->offset = lowest_offset(plan, i, placed);
        placed[i] = true;
        total = b->offset + b->n > total ? b->offset + b->n : total;
    }
    return total;
}
