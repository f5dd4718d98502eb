/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <stdbool.h>

#include <misread/base/rng.h>

#include "plan.h"

static bool overlap(const struct mr_plan_buffer *a, const struct mr_plan_buffer *b)
{
    return a->offset < b->offset + b->n && b->offset < a->offset + a->n;
}

static void shares_memory_between_buffers_that_never_meet(void **state)
{
    static struct mr_plan plan;
    int a, b, c;

    plan = (struct mr_plan){.n_buffers = 0};
    a = mr_plan_add(&plan, 100);
    b = mr_plan_add(&plan, 100);
    c = mr_plan_add(&plan, 100);
    mr_plan_use(&plan, a, 0);
    mr_plan_use(&plan, a, 1);
    mr_plan_use(&plan, b, 1);
    mr_plan_use(&plan, b, 2);
    mr_plan_use(&plan, c, 2);
    assert_int_equal(mr_plan_solve(&plan), 2 * 112); /* 100 rounded up to a multiple of 16, twice */
    assert_true(plan.buffers[a].offset == plan.buffers[c].offset);
    assert_false(overlap(&plan.buffers[a], &plan.buffers[b]));
    assert_false(overlap(&plan.buffers[c], &plan.buffers[b]));
}

static void keeps_buffers_apart_that_meet(void **state)
{
    static struct mr_plan plan;
    struct mr_rng rng = mr_rng_make(1, 2, 3, 4);

    for (int round = 0; round < 200; round++) {
        size_t total, sum = 0;

        plan = (struct mr_plan){.n_buffers = 0};
        for (int i = 0; i < 40; i++) {
            int id = mr_plan_add(&plan, mr_rng_below(&rng, 500) + 1);
            int first = (int)mr_rng_below(&rng, 30);

            mr_plan_use(&plan, id, first);
            mr_plan_use(&plan, id, first + (int)mr_rng_below(&rng, 8));
            sum += plan.buffers[id].n;
        }
        total = mr_plan_solve(&plan);
        assert_true(total < sum); /* something is shared */
        for (int i = 0; i < 40; i++) {
            const struct mr_plan_buffer *a = &plan.buffers[i];

            assert_true(a->offset + a->n <= total && a->offset % 16 == 0);
            for (int j = 0; j < i; j++) {
                const struct mr_plan_buffer *b = &plan.buffers[j];

                if (a->first <= b->last && b->first <= a->last)
                    assert_false(overlap(a, b));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_memory_between_buffers_that_never_meet),
        cmocka_unit_test(keeps_buffers_apart_that_meet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
