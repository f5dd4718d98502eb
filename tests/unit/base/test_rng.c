/* SPDX-License-Identifier: MIT */
#include "support.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixes_as_the_published_splitmix64),
        cmocka_unit_test(hashes_as_the_published_fnv1a),
        cmocka_unit_test(gives_the_same_stream_for_the_same_key),
        cmocka_unit_test(shuffles_every_item_once),
        cmocka_unit_test(has_the_moments_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
