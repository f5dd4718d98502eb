/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/clock.h>
#include <misread/base/rng.h>
#include <misread/image/alike.h>
#include <misread/image/measure.h>

#define N_MOST 100000

static struct mr_rng rng;
static unsigned char (*thumbs)[MR_THUMB_BYTES];
static struct mr_likeness *items;
static int *cluster, *exact;
static char (*pixels)[MR_SHA256_HEX];

static int set_up(void **state)
{
    rng = mr_rng_make(7, 0, 0, 0);
    thumbs = calloc(N_MOST, sizeof *thumbs);
    items = calloc(N_MOST, sizeof *items);
    cluster = calloc(N_MOST, sizeof *cluster);
    exact = calloc(N_MOST, sizeof *exact);
    pixels = calloc(N_MOST, sizeof *pixels);
    for (int i = 0; i < N_MOST; i++)
        snprintf(pixels[i], sizeof pixels[i], "%064d", i);
    return 0;
}

static int tear_down(void **state)
{
    free(thumbs);
    free(items);
    free(cluster);
    free(exact);
    free(pixels);
    return 0;
}

static void make_random(int i)
{
    items[i] = (struct mr_likeness){mr_rng_next(&rng), thumbs[i], pixels[i], false};
    for (int j = 0; j < MR_THUMB_BYTES; j++)
        thumbs[i][j] = (unsigned char)mr_rng_below(&rng, 200);
}

/* Item i as item `of`, with n_bits of its hash turned over, and brighter by one level. */
static void make_like(int i, int of, int n_bits)
{
    items[i] = (struct mr_likeness){items[of].look, thumbs[i], pixels[i], false};
    while (__builtin_popcountll(items[i].look ^ items[of].look) < n_bits)
        items[i].look ^= UINT64_C(1) << mr_rng_below(&rng, 64);
    for (int j = 0; j < MR_THUMB_BYTES; j++)
        thumbs[i][j] = (unsigned char)(thumbs[of][j] + 1);
}

static void finds_every_pair_of_up_to_eleven_bits_and_none_beyond(void **state)
{
    for (int n_bits = 0; n_bits <= 14; n_bits++) {
        for (int i = 0; i < 200; i += 2) {
            make_random(i);
            make_like(i + 1, i, n_bits);
        }
        mr_alike_cluster(cluster, exact, items, 200);
        for (int i = 0; i < 200; i += 2) {
            assert_int_equal(cluster[i], i);
            assert_int_equal(cluster[i + 1], n_bits <= MR_ALIKE_BITS ? i : i + 1);
        }
    }
}

static void another_thumbnail_is_another_picture(void **state)
{
    make_random(0);
    make_random(1);
    items[1].look = items[0].look;
    mr_alike_cluster(cluster, exact, items, 2);
    assert_int_equal(cluster[1], 1);
    assert_false(mr_alike_is(&items[0], &items[1]));
}

static void flat_pictures_are_like_none(void **state)
{
    make_random(0);
    memset(thumbs[0], 128, sizeof thumbs[0]);
    make_like(1, 0, 0);
    mr_alike_cluster(cluster, exact, items, 2);
    assert_int_equal(cluster[1], 1);
}

static void pictures_that_say_little_are_alike_only_if_exact(void **state)
{
    make_random(0);
    for (int i = 1; i < 4; i++)
        make_like(i, 0, 0);
    items[1].says_little = items[2].says_little = true;
    items[2].pixels = items[0].pixels;
    mr_alike_cluster(cluster, exact, items, 4);
    assert_int_equal(cluster[1], 1);
    assert_int_equal(cluster[2], 0);
    assert_int_equal(exact[2], 0);
    assert_int_equal(cluster[3], 0);
    assert_int_equal(exact[3], 3);
}

static void a_chain_is_one_cluster(void **state)
{
    make_random(0);
    for (int i = 1; i < 40; i++)
        make_like(i, i - 1, 8);
    mr_alike_cluster(cluster, exact, items, 40);
    for (int i = 0; i < 40; i++)
        assert_int_equal(cluster[i], 0);
}

/* Hashes with a part of their bits the same, as pictures of one organ have. */
static void a_hundred_thousand_take_seconds(void **state)
{
    int64_t before;

    for (int i = 0; i < N_MOST; i++) {
        make_random(i);
        items[i].look = items[i].look & UINT64_C(0x0fffff0fffff3ff3);
        if (i % 100 == 1)
            make_like(i, i - 1, 4);
    }
    before = mr_clock_ms();
    mr_alike_cluster(cluster, exact, items, N_MOST);
    printf("100,000 pictures: %lld ms\n", (long long)(mr_clock_ms() - before));
    assert_true(mr_clock_ms() - before < 30000);
    for (int i = 1; i < N_MOST; i += 100)
        assert_int_equal(cluster[i], i - 1);
}

static void a_hundred_thousand_frames_of_one_film_too(void **state)
{
    int64_t before;

    make_random(0);
    for (int i = 1; i < N_MOST; i++)
        make_like(i, 0, 2);
    before = mr_clock_ms();
    mr_alike_cluster(cluster, exact, items, N_MOST);
    printf("100,000 of one film: %lld ms\n", (long long)(mr_clock_ms() - before));
    assert_int_equal(cluster[N_MOST - 1], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_pair_of_up_to_eleven_bits_and_none_beyond),
        cmocka_unit_test(another_thumbnail_is_another_picture),
        cmocka_unit_test(flat_pictures_are_like_none),
        cmocka_unit_test(pictures_that_say_little_are_alike_only_if_exact),
        cmocka_unit_test(a_chain_is_one_cluster),
        cmocka_unit_test(a_hundred_thousand_take_seconds),
        cmocka_unit_test(a_hundred_thousand_frames_of_one_film_too),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
