/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/base/pool.h>

#include "average.h"

#define N 70001 /* more than one part */

static void forgets_what_was_before_the_first_step(void **state)
{
    float average = 1000, w = 3;

    assert_true(mr_average_share(.9, 0) == 1);
    mr_average_add(&average, &w, 1, mr_average_share(.9, 0), NULL);
    assert_true(average == 3);
}

/* The definition: weights d^(n - i) over the steps so far, made to sum to 1. */
static void weighs_each_step_by_its_age(void **state)
{
    static const float w[] = {4, -2, 7, 1, .5f};
    float average = 99;

    for (int n = 0; n < 5; n++) {
        double sum = 0, weight = 0;

        mr_average_add(&average, &w[n], 1, mr_average_share(.75, n), NULL);
        for (int i = 0; i <= n; i++) {
            sum += pow(.75, n - i) * (double)w[i];
            weight += pow(.75, n - i);
        }
        assert_true(fabs(average - sum / weight) < 1e-5);
    }
}

static void comes_to_one_less_the_decay(void **state)
{
    assert_true(fabs(mr_average_share(.99, 100000) - .01) < 1e-15);
    assert_true(fabs(mr_average_share(.5, 1) - 1. / 1.5) < 1e-15);
}

static void leaves_what_does_not_change_to_the_bit_and_reaches_the_end(void **state)
{
    float *average = malloc(N * sizeof *average), *w = malloc(N * sizeof *w);
    struct mr_pool *pool = NULL;
    struct mr_error err;

    assert_ok(mr_pool_create(&pool, 2, &err), err);
    for (int i = 0; i < N; i++)
        average[i] = w[i] = 1 / (1 + (float)i);
    w[N - 1] = 5;
    average[N - 1] = 1;
    mr_average_add(average, w, N, .25, pool);
    assert_memory_equal(average, w, (N - 1) * sizeof *w);
    assert_true(average[N - 1] == 2);
    mr_pool_destroy(pool);
    free(average);
    free(w);
}

static void exchanges_places(void **state)
{
    float a[] = {1, 2, 3}, b[] = {4, 5, 6};

    mr_average_swap(a, b, 3);
    assert_true(a[0] == 4 && a[2] == 6 && b[0] == 1 && b[2] == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forgets_what_was_before_the_first_step),
        cmocka_unit_test(weighs_each_step_by_its_age),
        cmocka_unit_test(comes_to_one_less_the_decay),
        cmocka_unit_test(leaves_what_does_not_change_to_the_bit_and_reaches_the_end),
        cmocka_unit_test(exchanges_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
