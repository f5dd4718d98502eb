/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/base/rng.h>
#include <misread/interp/flaws.h>
#include <misread/interp/ranking.h>
#include <misread/store/images.h>
#include <misread/store/quality.h>
#include <misread/store/runs.h>

#define N 60

static struct mr_image_row rows[N];
static struct mr_quality qualities[N];
static struct mr_image_table table;
static struct mr_flaws flaws;

/* Images 1 .. N, of which none looks like another and nothing is wrong with any. */
static int set_up(void **state)
{
    table = (struct mr_image_table){.rows = rows, .n = N, .n_classes = 2};
    for (int i = 0; i < N; i++) {
        struct mr_rng rng = mr_rng_make(5, 0, (uint64_t)i, 0);

        rows[i] = (struct mr_image_row){.id = i + 1,
                                        .class_id = i % 2,
                                        .side = i % 5 ? MR_SIDE_TRAIN : MR_SIDE_VALID,
                                        .w = 400 + i % 7,
                                        .h = 300};
        qualities[i] = (struct mr_quality){.image = i + 1,
                                           .look = mr_rng_next(&rng),
                                           .dark = .8,
                                           .light = .2,
                                           .entropy = 7,
                                           .sharpness = .5,
                                           .detail = .2 + .001 * i};
        snprintf(qualities[i].pixels, sizeof qualities[i].pixels, "%064d", i);
        for (int j = 0; j < MR_QUALITY_THUMB_BYTES; j++)
            qualities[i].thumb[j] = (unsigned char)mr_rng_below(&rng, 256);
    }
    return 0;
}

static int tear_down(void **state)
{
    mr_flaws_finish(&flaws);
    return 0;
}

/* Image b becomes a near duplicate of image a, counted from 0. */
static void make_alike(int a, int b)
{
    qualities[b].look = qualities[a].look ^ 5;
    memcpy(qualities[b].thumb, qualities[a].thumb, sizeof qualities[b].thumb);
}

static void find(void)
{
    mr_flaws_finish(&flaws);
    mr_flaws_find(&flaws, &table, qualities, N);
}

static int count(enum mr_flaw_kind kind)
{
    return flaws.first[kind + 1] - flaws.first[kind];
}

static void assert_only(enum mr_flaw_kind kind, int64_t image)
{
    assert_int_equal(flaws.n, 1);
    assert_int_equal(count(kind), 1);
    assert_int_equal(flaws.found[0].image, image);
}

static void finds_nothing_where_nothing_is_wrong(void **state)
{
    find();
    assert_int_equal(flaws.n, 0);
    assert_int_equal(flaws.n_measured, N);
}

static void has_the_thresholds_of_cleanvision(void **state)
{
    static const struct {
        enum mr_flaw_kind kind;
        size_t offset;
        double good, bad;
    } cases[] = {
        {MR_FLAW_DARK, offsetof(struct mr_quality, dark), .3201, .3199},
        {MR_FLAW_LIGHT, offsetof(struct mr_quality, light), .9499, .9501},
        {MR_FLAW_LOW_INFORMATION, offsetof(struct mr_quality, entropy), 3.01, 2.99},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double *value = (double *)((char *)&qualities[7] + cases[i].offset), kept = *value;

        *value = cases[i].good;
        find();
        assert_int_equal(flaws.n, 0);
        *value = cases[i].bad;
        find();
        assert_only(cases[i].kind, 8);
        *value = kept;
    }
    rows[7].w = 301;
    rows[7].h = 860;
    find();
    assert_int_equal(count(MR_FLAW_ODD_ASPECT), 0);
    rows[7].h = 861;
    find();
    assert_int_equal(count(MR_FLAW_ODD_ASPECT), 1);
    assert_int_equal(count(MR_FLAW_ODD_SIZE), 1);
}

static void blurred_is_far_below_the_own_class(void **state)
{
    for (int i = 0; i < N; i += 2)
        qualities[i].detail *= .05; /* of a smooth class */
    find();
    assert_int_equal(flaws.n, 0);
    qualities[9].detail = .02; /* usual there, not here */
    find();
    assert_only(MR_FLAW_BLURRED, 10);
    assert_true(fabs(flaws.found[0].percentile - 1. / 30) < 1e-9);
}

static void lists_the_worst_first_with_its_place_in_its_class(void **state)
{
    qualities[4].dark = .3;
    qualities[5].dark = .2;
    qualities[6].dark = .25;
    find();
    assert_int_equal(count(MR_FLAW_DARK), 3);
    assert_int_equal(flaws.found[0].image, 6);
    assert_int_equal(flaws.found[1].image, 7);
    assert_int_equal(flaws.found[2].image, 5);
    assert_true(fabs(flaws.found[2].percentile - 2. / 30) < 1e-9);
}

static void grey_is_odd_only_among_coloured(void **state)
{
    qualities[3].is_grey = true;
    find();
    assert_only(MR_FLAW_GREY, 4);
    for (int i = 0; i < N; i++)
        qualities[i].is_grey = true;
    find();
    assert_int_equal(flaws.n, 0);
}

static void tells_exact_from_near_duplicates(void **state)
{
    memcpy(qualities[8].pixels, qualities[2].pixels, sizeof qualities[2].pixels);
    make_alike(2, 8);
    qualities[8].look = qualities[2].look;
    make_alike(12, 16);
    make_alike(16, 18); /* a chain */
    find();
    assert_int_equal(count(MR_FLAW_EXACT), 2);
    assert_int_equal(flaws.found[flaws.first[MR_FLAW_EXACT] + 1].image, 9);
    assert_int_equal(count(MR_FLAW_NEAR), 3);
    assert_int_equal(flaws.found[flaws.first[MR_FLAW_NEAR] + 2].cluster, 12);
    assert_int_equal(flaws.n_clusters, 2);
}

static void an_exact_copy_of_a_near_duplicate_is_in_its_cluster(void **state)
{
    make_alike(2, 8);
    memcpy(qualities[20].pixels, qualities[8].pixels, sizeof qualities[8].pixels);
    find();
    assert_int_equal(count(MR_FLAW_EXACT), 2);
    assert_int_equal(count(MR_FLAW_NEAR), 3);
    assert_int_equal(flaws.n_clusters, 1);
}

static void counts_the_pairs_that_cross_the_split(void **state)
{
    make_alike(1, 3); /* both of training */
    make_alike(6, 10);
    make_alike(6, 8);
    make_alike(6, 20); /* 6, 8 train; 10, 20 validate */
    find();
    assert_int_equal(flaws.n_crossing, 4);
    assert_int_equal(count(MR_FLAW_CROSSING), 4);
    assert_int_equal(count(MR_FLAW_CONFLICTING), 0);
    rows[8].class_id = 1;
    rows[10].state = MR_IMAGE_MISSING;
    find();
    assert_int_equal(flaws.n_crossing, 2);
    assert_int_equal(count(MR_FLAW_CONFLICTING), 3);
}

static void pictures_that_say_little_are_alike_only_if_exact(void **state)
{
    qualities[2].entropy = qualities[8].entropy = 1;
    make_alike(2, 8);
    find();
    assert_int_equal(count(MR_FLAW_NEAR), 0);
    memcpy(qualities[8].pixels, qualities[2].pixels, sizeof qualities[2].pixels);
    find();
    assert_int_equal(count(MR_FLAW_EXACT), 2);
}

static void counts_what_is_not_measured_or_cannot_be_read(void **state)
{
    rows[N - 1].state = MR_IMAGE_UNREADABLE;
    rows[N - 2].state = MR_IMAGE_MISSING;
    mr_flaws_find(&flaws, &table, qualities, N - 10);
    assert_int_equal(flaws.n_measured, N - 10);
    assert_int_equal(flaws.n_unreadable, 1);
    assert_int_equal(flaws.n_unmeasured, 8);
    mr_flaws_finish(&flaws);
    mr_flaws_find(&flaws, &table, NULL, 0);
    assert_int_equal(flaws.n, 0);
}

static void tells_accuracy_with_a_position_box_from_without(void **state)
{
    int64_t ids[] = {1, 2, 3, 4, 900};
    int labels[] = {0, 0, 1, 1, 1};
    float logits[] = {1, 0, 0, 1, 0, 1, 0, 1, 0, 1}, losses[5] = {0};
    const struct mr_predictions predictions = {
        .n = 5, .n_classes = 2, .ids = ids, .labels = labels, .logits = logits, .losses = losses};
    struct mr_box_effect effect;

    qualities[1].overlay_w = qualities[2].overlay_w = .2; /* images 2, wrong, and 3, right */
    effect = mr_flaws_box_effect(&predictions, qualities, N);
    assert_int_equal(effect.n_with, 2);
    assert_int_equal(effect.n_correct_with, 1);
    assert_int_equal(effect.n_without, 2);
    assert_int_equal(effect.n_correct_without, 2);
}

/* Images 1, 6, 11, ... validate, the others train. */
static void tells_accuracy_on_what_has_its_like_in_training(void **state)
{
    const int64_t ids[] = {1, 6, 11, 16, 21};
    const int predicted[] = {0, 0, 1, 1, 1}, labels[] = {0, 0, 0, 1, 0};
    const struct mr_guesses guesses = {.n = 5, .n_classes = 2, .ids = ids, .predicted = predicted};
    struct mr_kin_effect effect;

    make_alike(50, 40);                                              /* both validate */
    make_alike(20, 2);                                               /* 21, read wrongly */
    make_alike(15, 3);                                               /* 16, rightly */
    memcpy(qualities[0].pixels, qualities[7].pixels, MR_SHA256_HEX); /* 1, rightly */
    find();
    effect = mr_flaws_kin_effect(&guesses, labels, &flaws);
    assert_int_equal(effect.n, 5);
    assert_int_equal(effect.n_correct, 3);
    assert_int_equal(effect.n_kin, 3);
    assert_int_equal(effect.n_correct_kin, 2);
    mr_flaws_finish(&flaws);
    flaws = (struct mr_flaws){0};
    assert_int_equal(mr_flaws_kin_effect(&guesses, labels, &flaws).n_kin, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(finds_nothing_where_nothing_is_wrong),
        CASE(has_the_thresholds_of_cleanvision),
        CASE(blurred_is_far_below_the_own_class),
        CASE(lists_the_worst_first_with_its_place_in_its_class),
        CASE(grey_is_odd_only_among_coloured),
        CASE(tells_exact_from_near_duplicates),
        CASE(an_exact_copy_of_a_near_duplicate_is_in_its_cluster),
        CASE(counts_the_pairs_that_cross_the_split),
        CASE(pictures_that_say_little_are_alike_only_if_exact),
        CASE(counts_what_is_not_measured_or_cannot_be_read),
        CASE(tells_accuracy_with_a_position_box_from_without),
        CASE(tells_accuracy_on_what_has_its_like_in_training),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
