/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include <misread/kernel/dropout.h>

enum { N = 100001 };

static float *ones(void)
{
    float *x = malloc(N * sizeof *x);

    for (int i = 0; i < N; i++)
        x[i] = 1;
    return x;
}

static void drops_its_share_and_keeps_the_mean(void **state)
{
    static const double shares[] = {0, .25, .5, .9};
    float *x = ones(), *y = nan_floats(N);

    for (int k = 0; k < 4; k++) {
        double p = shares[k], dropped = 0;

        mr_dropout_apply(y, x, N, p, 12345, NULL);
        for (int i = 0; i < N; i++) {
            assert_true(y[i] == 0 || y[i] == (float)(1 / (1 - p)));
            dropped += y[i] == 0;
        }
        /* four standard deviations */
        assert_near(dropped / N, p, 4 * sqrt(p * (1 - p) / N));
    }
    free(x);
    free(y);
}

/* The share of places where two masks of one half agree is a half, too. */
static void draws_another_mask_for_another_key_and_another_place(void **state)
{
    static const uint64_t keys[][2] = {{7, 8}, {7, 7 + (UINT64_C(1) << 32)}, {7, 7}};
    float *x = ones(), *a = nan_floats(N), *b = nan_floats(N);

    for (int k = 0; k < 3; k++) {
        int shift = k == 2, equal = 0;

        mr_dropout_apply(a, x, N, .5, keys[k][0], NULL);
        mr_dropout_apply(b, x, N, .5, keys[k][1], NULL);
        for (int i = shift; i < N; i++)
            equal += (a[i - shift] == 0) == (b[i] == 0);
        assert_near((double)equal / N, .5, 2. / sqrt(N));
    }
    free(x);
    free(a);
    free(b);
}

static void is_the_same_for_any_number_of_threads_and_in_place(void **state)
{
    float *x = random_floats(N, 3), *alone = nan_floats(N);
    struct mr_pool *pool = make_pool(3);

    mr_dropout_apply(alone, x, N, .25, 99, NULL);
    mr_dropout_apply(x, x, N, .25, 99, pool);
    assert_memory_equal(x, alone, N * sizeof *x);
    free(x);
    free(alone);
    mr_pool_destroy(pool);
}

/* Worked out by an independent implementation in Python: the first places of two keys. A stored run
 * resumes only while these stay. */
static void keeps_its_masks_for_good(void **state)
{
    static const struct {
        uint64_t key;
        double p;
        const char *kept;
    } wanted[] = {
        {UINT64_C(0x0123456789abcdef), .5, "00011101110111001110110000110001"},
        {UINT64_C(0xfedcba9876543210), .25, "11101111011111110111010110001110"},
    };
    float *x = ones(), y[32];

    for (int k = 0; k < 2; k++) {
        mr_dropout_apply(y, x, 32, wanted[k].p, wanted[k].key, NULL);
        for (int i = 0; i < 32; i++)
            assert_int_equal(y[i] != 0, wanted[k].kept[i] == '1');
    }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_its_share_and_keeps_the_mean),
        cmocka_unit_test(draws_another_mask_for_another_key_and_another_place),
        cmocka_unit_test(is_the_same_for_any_number_of_threads_and_in_place),
        cmocka_unit_test(keeps_its_masks_for_good),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
