/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/pool.h>
#include <misread/data/cache.h>
#include <misread/data/loader.h>
#include <misread/data/transform.h>

#define SIZE  8
#define PIXEL (SIZE * SIZE * 3)

/* A cache of this suite's own: image i + 100 has pixels that only it has. */
struct mr_cache {
    int n;
    unsigned char pixels[64][PIXEL];
};

int mr_cache_size_px(const struct mr_cache *cache)
{
    return SIZE;
}

const unsigned char *mr_cache_pixels(const struct mr_cache *cache, int64_t image)
{
    return image >= 100 && image < 100 + cache->n ? cache->pixels[image - 100] : NULL;
}

static int n_expected;
static int64_t expected[64];

void mr_cache_expect(const struct mr_cache *cache, int64_t image)
{
    expected[n_expected++ % 64] = image;
}

static struct mr_cache cache;
static struct mr_sample samples[64];

static void set_images(int n)
{
    cache.n = n;
    for (int i = 0; i < n; i++) {
        samples[i] = (struct mr_sample){.image = 100 + i, .label = i % 3};
        for (int k = 0; k < PIXEL; k++)
            cache.pixels[i][k] = (unsigned char)mr_hash_mix((uint64_t)(i * PIXEL + k));
    }
}

static struct mr_loader *make_loader(int n, int batch, bool is_shuffled,
                                     const struct mr_augment *augment, uint64_t seed)
{
    struct mr_loader_options options = {
        .samples = samples,
        .n = n,
        .batch = batch,
        .augment = augment,
        .seed = seed,
        .is_shuffled = is_shuffled,
    };
    struct mr_loader *loader = NULL;
    struct mr_error err;

    set_images(n);
    assert_ok(mr_loader_create(&loader, &cache, &options, &err), err);
    return loader;
}

/* The whole epoch, one batch after another: x (n, PIXEL), labels and indices (n). */
static void load_epoch(struct mr_loader *loader, int epoch, float *x, int *labels, int *indices,
                       struct mr_pool *pool)
{
    int at = 0;

    for (int i = 0; i < mr_loader_n_batches(loader); i++)
        at += mr_loader_fill(loader, epoch, i, x + at * PIXEL, labels + at, indices + at, pool);
    assert_int_equal(at, mr_loader_n_samples(loader));
}

static void makes_batches_as_even_as_possible(void **state)
{
    const int cases[][3] = {{10, 4, 3}, {12, 4, 3}, {1, 4, 1}, {50, 7, 8}, {3, 1, 3}, {0, 4, 0}};
    static float x[64 * PIXEL];
    int labels[64];

    for (int k = 0; k < 6; k++) {
        struct mr_loader *loader = make_loader(cases[k][0], cases[k][1], false, NULL, 1);
        int least = 64, most = 0;

        assert_int_equal(mr_loader_n_batches(loader), cases[k][2]);
        for (int i = 0; i < cases[k][2]; i++) {
            int n = mr_loader_fill(loader, 0, i, x, labels, NULL, NULL);

            least = n < least ? n : least;
            most = n > most ? n : most;
        }
        assert_true(most <= cases[k][1]);
        assert_true(cases[k][0] == 0 || most - least <= 1);
        mr_loader_destroy(loader);
    }
}

static void covers_each_sample_once_in_an_epoch_with_its_label_and_pixels(void **state)
{
    struct mr_loader *loader = make_loader(50, 7, true, NULL, 3);
    static float x[50 * PIXEL], plain[PIXEL];
    int labels[50], indices[50], seen[50] = {0};

    load_epoch(loader, 4, x, labels, indices, NULL);
    for (int i = 0; i < 50; i++) {
        int s = indices[i];

        seen[s]++;
        assert_int_equal(labels[i], s % 3);
        mr_transform(plain, cache.pixels[s], SIZE, NULL, mr_rng_make(0, 0, 0, 0));
        assert_memory_equal(x + i * PIXEL, plain, sizeof plain);
    }
    for (int i = 0; i < 50; i++)
        assert_int_equal(seen[i], 1);
    mr_loader_destroy(loader);
}

static void keeps_the_order_of_samples_when_not_shuffled(void **state)
{
    struct mr_loader *loader = make_loader(20, 6, false, NULL, 3);
    static float x[20 * PIXEL];
    int labels[20], indices[20];

    for (int epoch = 0; epoch < 2; epoch++) {
        load_epoch(loader, epoch, x, labels, indices, NULL);
        for (int i = 0; i < 20; i++)
            assert_int_equal(indices[i], i);
    }
    mr_loader_destroy(loader);
}

static void has_another_order_for_another_epoch_or_seed(void **state)
{
    struct mr_loader *a = make_loader(40, 8, true, NULL, 3), *b = make_loader(40, 8, true, NULL, 4);
    static float x[40 * PIXEL];
    int labels[40], first[40], second[40], other[40];

    load_epoch(a, 0, x, labels, first, NULL);
    load_epoch(a, 1, x, labels, second, NULL);
    load_epoch(b, 0, x, labels, other, NULL);
    assert_memory_not_equal(first, second, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
    mr_loader_destroy(a);
    mr_loader_destroy(b);
}

static void depends_on_seed_and_epoch_and_not_on_what_ran_before(void **state)
{
    const struct mr_augment augment = mr_augment_default();
    struct mr_loader *whole = make_loader(30, 8, true, &augment, 9);
    struct mr_loader *resumed = make_loader(30, 8, true, &augment, 9);
    static float x[30 * PIXEL], y[30 * PIXEL];
    int labels[30], indices[30], labels_again[30], indices_again[30];

    for (int epoch = 0; epoch < 3; epoch++)
        load_epoch(whole, epoch, x, labels, indices, NULL);
    load_epoch(whole, 0, y, labels_again, indices_again, NULL); /* out of turn */
    load_epoch(whole, 2, x, labels, indices, NULL);
    load_epoch(resumed, 2, y, labels_again, indices_again, NULL);
    assert_memory_equal(indices, indices_again, sizeof indices);
    assert_memory_equal(labels, labels_again, sizeof labels);
    assert_memory_equal(x, y, sizeof x);
    mr_loader_destroy(whole);
    mr_loader_destroy(resumed);
}

static void augments_by_seed_epoch_and_image_wherever_it_falls(void **state)
{
    const struct mr_augment augment = mr_augment_default();
    struct mr_loader *shuffled = make_loader(12, 5, true, &augment, 9);
    struct mr_loader *in_order = make_loader(12, 3, false, &augment, 9);
    static float x[12 * PIXEL], y[12 * PIXEL], z[12 * PIXEL];
    int labels[12], indices[12], in_turn[12];

    load_epoch(shuffled, 1, x, labels, indices, NULL);
    load_epoch(in_order, 1, y, labels, in_turn, NULL);
    load_epoch(in_order, 2, z, labels, in_turn, NULL);
    for (int i = 0; i < 12; i++)
        assert_memory_equal(x + i * PIXEL, y + indices[i] * PIXEL, PIXEL * sizeof *x);
    for (int i = 0; i < 12; i++)
        assert_memory_not_equal(y + i * PIXEL, z + i * PIXEL, PIXEL * sizeof *y);
    mr_loader_destroy(shuffled);
    mr_loader_destroy(in_order);
}

static void augments_every_image_of_an_epoch_in_its_own_way(void **state)
{
    const struct mr_augment augment = mr_augment_default();
    struct mr_loader *loader = make_loader(10, 10, false, &augment, 9);
    static float x[10 * PIXEL];
    int labels[10], indices[10];

    for (int i = 1; i < 10; i++)
        memcpy(cache.pixels[i], cache.pixels[0], PIXEL);
    load_epoch(loader, 0, x, labels, indices, NULL);
    for (int i = 1; i < 10; i++)
        assert_memory_not_equal(x, x + i * PIXEL, PIXEL * sizeof *x);
    mr_loader_destroy(loader);
}

static void fills_the_same_with_any_number_of_threads(void **state)
{
    const struct mr_augment augment = mr_augment_default();
    struct mr_loader *loader = make_loader(21, 21, true, &augment, 2);
    static float x[21 * PIXEL], y[21 * PIXEL];
    int labels[21], indices[21];
    struct mr_pool *pool = NULL;
    struct mr_error err;

    assert_ok(mr_pool_create(&pool, 3, &err), err);
    load_epoch(loader, 0, x, labels, indices, NULL);
    load_epoch(loader, 0, y, labels, indices, pool);
    assert_memory_equal(x, y, sizeof x);
    mr_pool_destroy(pool);
    mr_loader_destroy(loader);
}

static void has_the_next_batch_fetched_until_the_epoch_ends(void **state)
{
    struct mr_loader *loader = make_loader(10, 4, true, NULL, 5);
    static float x[4 * PIXEL];
    int labels[4], indices[4], n;

    for (int index = 0; index < 3; index++) {
        int64_t hoped_for[64];
        int n_hoped_for = index ? n_expected : 0;

        memcpy(hoped_for, expected, sizeof hoped_for);
        n_expected = 0;
        n = mr_loader_fill(loader, 1, index, x, labels, indices, NULL);
        assert_true(index == 0 || n == n_hoped_for);
        for (int i = 0; i < n_hoped_for; i++)
            assert_int_equal(hoped_for[i], samples[indices[i]].image);
    }
    assert_int_equal(n_expected, 0);
    mr_loader_destroy(loader);
}

static void tells_how_long_batches_were_waited_for(void **state)
{
    struct mr_loader *loader = make_loader(60, 60, false, NULL, 5);
    static float x[60 * PIXEL];
    int labels[60];
    double after_one;

    assert_true(mr_loader_wait_ms(loader) == 0);
    mr_loader_fill(loader, 0, 0, x, labels, NULL, NULL);
    after_one = mr_loader_wait_ms(loader);
    assert_true(after_one > 0 && after_one < 5000);
    for (int i = 0; i < 20; i++)
        mr_loader_fill(loader, 0, 0, x, labels, NULL, NULL);
    assert_true(mr_loader_wait_ms(loader) > after_one);
    mr_loader_destroy(loader);
}

static void copies_its_samples(void **state)
{
    struct mr_loader *loader = make_loader(4, 2, false, NULL, 1);

    memset(samples, 0, sizeof samples);
    assert_int_equal(mr_loader_samples(loader)[3].image, 103);
    mr_loader_destroy(loader);
}

static void refuses_a_sample_that_has_no_pixels(void **state)
{
    const struct mr_sample missing = {.image = 7, .label = 0};
    struct mr_loader_options options = {.samples = &missing, .n = 1, .batch = 1};
    struct mr_loader *loader = NULL;
    struct mr_error err;

    set_images(2);
    assert_int_equal(mr_loader_create(&loader, &cache, &options, &err), MR_E_NOT_FOUND);
    assert_non_null(strstr(err.message, "image 7"));
    assert_null(loader);
}

static void balances_classes_and_shows_what_comes_again_anew(void **state)
{
    struct mr_augment augment = mr_augment_default();
    struct mr_loader_options options = {.samples = samples,
                                        .n = 40,
                                        .batch = 8,
                                        .augment = &augment,
                                        .seed = 3,
                                        .is_shuffled = 1,
                                        .is_balanced = 1};
    static float x[40 * PIXEL];
    struct mr_loader *loader = NULL;
    struct mr_error err;
    int labels[40], indices[40], n_rare = 0;

    set_images(40);
    for (int i = 0; i < 40; i++)
        samples[i].label = i < 2;
    assert_ok(mr_loader_create(&loader, &cache, &options, &err), err);
    assert_int_equal(mr_loader_n_batches(loader), 5);
    load_epoch(loader, 1, x, labels, indices, NULL);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(labels[i], indices[i] < 2);
        n_rare += labels[i];
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(x + i * PIXEL, x + j * PIXEL, PIXEL * sizeof *x);
    }
    assert_int_equal(n_rare, 20);
    mr_loader_destroy(loader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_batches_as_even_as_possible),
        cmocka_unit_test(covers_each_sample_once_in_an_epoch_with_its_label_and_pixels),
        cmocka_unit_test(keeps_the_order_of_samples_when_not_shuffled),
        cmocka_unit_test(has_another_order_for_another_epoch_or_seed),
        cmocka_unit_test(depends_on_seed_and_epoch_and_not_on_what_ran_before),
        cmocka_unit_test(augments_by_seed_epoch_and_image_wherever_it_falls),
        cmocka_unit_test(augments_every_image_of_an_epoch_in_its_own_way),
        cmocka_unit_test(fills_the_same_with_any_number_of_threads),
        cmocka_unit_test(has_the_next_batch_fetched_until_the_epoch_ends),
        cmocka_unit_test(tells_how_long_batches_were_waited_for),
        cmocka_unit_test(copies_its_samples),
        cmocka_unit_test(refuses_a_sample_that_has_no_pixels),
        cmocka_unit_test(balances_classes_and_shows_what_comes_again_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
