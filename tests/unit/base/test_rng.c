/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/base/rng.h>

static void mixes_as_the_published_splitmix64(void **state)
{
    /* splitmix64 with seed 0: the finaliser of the first multiple of the golden gamma */
    assert_true(mr_hash_mix(UINT64_C(0x9e3779b97f4a7c15)) == UINT64_C(0xe220a8397b1dcdaf));
}

static void hashes_as_the_published_fnv1a(void **state)
{
    assert_true(mr_hash_fnv("", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(mr_hash_fnv("a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
}

static void gives_the_same_stream_for_the_same_key(void **state)
{
    struct mr_rng a = mr_rng_make(1, 2, 3, 4), b = mr_rng_make(1, 2, 3, 4);
    struct mr_rng c = mr_rng_make(1, 2, 4, 3);

    assert_true(mr_rng_next(&a) == mr_rng_next(&b));
    assert_true(mr_rng_next(&a) != mr_rng_next(&c));
}

static void shuffles_every_item_once(void **state)
{
    int items[50], seen[50] = {0};
    struct mr_rng rng = mr_rng_make(7, 0, 0, 0);

    for (int i = 0; i < 50; i++)
        items[i] = i;
    mr_rng_shuffle(&rng, items, 50);
    for (int i = 0; i < 50; i++)
        seen[items[i]]++;
    for (int i = 0; i < 50; i++)
        assert_int_equal(seen[i], 1);
}

static void has_the_moments_it_says(void **state)
{
    struct mr_rng rng = mr_rng_make(3, 1, 1, 1);
    double mean = 0, square = 0, u = 0;

    for (int i = 0; i < 20000; i++) {
        double z = mr_rng_normal(&rng);

        mean += z / 20000;
        square += z * z / 20000;
        u += mr_rng_uniform(&rng) / 20000;
    }
    assert_true(mean > -.03 && mean < .03); /* 4 standard errors: .028 */
    assert_true(square > .95 && square < 1.05);
    assert_true(u > .49 && u < .51);
}

/* Mean a / (a + b), variance a b / ((a + b)^2 (a + b + 1)); 5 standard errors of 20000 draws. */
static void draws_beta_with_its_mean_and_variance(void **state)
{
    static const double shapes[][2] = {{.4, .4}, {1, 1}, {2, 5}, {.05, .05}, {8, .7}, {1e-3, 1e-3}};

    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        double a = shapes[k][0], b = shapes[k][1], mean = 0, square = 0, variance;
        struct mr_rng rng = mr_rng_make(5, k, 0, 0);

        for (int i = 0; i < 20000; i++) {
            double x = mr_rng_beta(&rng, a, b);

            assert_true(x >= 0 && x <= 1);
            mean += x / 20000;
            square += x * x / 20000;
        }
        variance = a * b / ((a + b) * (a + b) * (a + b + 1));
        assert_true(fabs(mean - a / (a + b)) < 5 * sqrt(variance / 20000));
        /* a variance of numbers in [0, 1] is one of their squares' too: at most 1/4 each */
        assert_true(fabs(square - mean * mean - variance) < 5 * .5 / sqrt(20000));
    }
}

/* Beta(1, 1) is uniform, and P(Beta(.5, .5) < x) = 2 / pi asin(sqrt(x)). */
static void draws_beta_with_its_distribution(void **state)
{
    struct mr_rng rng = mr_rng_make(6, 0, 0, 0);
    int below[2][3] = {{0}};

    for (int i = 0; i < 20000; i++)
        for (int k = 0; k < 2; k++) {
            double x = mr_rng_beta(&rng, k ? .5 : 1, k ? .5 : 1);

            for (int j = 0; j < 3; j++)
                below[k][j] += x < .05 + .2 * j;
        }
    for (int j = 0; j < 3; j++) {
        double x = .05 + .2 * j;

        assert_true(fabs(below[0][j] / 20000. - x) < .018); /* 5 standard errors */
        assert_true(fabs(below[1][j] / 20000. - 2 / 3.14159265358979 * asin(sqrt(x))) < .018);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixes_as_the_published_splitmix64),
        cmocka_unit_test(hashes_as_the_published_fnv1a),
        cmocka_unit_test(gives_the_same_stream_for_the_same_key),
        cmocka_unit_test(shuffles_every_item_once),
        cmocka_unit_test(has_the_moments_it_says),
        cmocka_unit_test(draws_beta_with_its_mean_and_variance),
        cmocka_unit_test(draws_beta_with_its_distribution),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
