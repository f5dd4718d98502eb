/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/base/alloc.h>
#include <misread/interp/confusion.h>
#include <misread/interp/learning.h>
#include <misread/store/learnings.h>

/* The curves of tests/reference/learning.py. */
struct known {
    int n_sizes, sizes[6], hard[6], n_seeds, n_valid;
    double gain, lo, hi, first, last; /* as printed there */
    enum mr_learning_verdict verdict;
};

static const struct known steep = {.n_sizes = 6,
                                   .sizes = {100, 200, 400, 600, 800, 1000},
                                   .hard = {4, 6, 9, 12, 15, 17},
                                   .n_seeds = 3,
                                   .n_valid = 200,
                                   .gain = .313366276,
                                   .lo = .270597518,
                                   .hi = .349929761,
                                   .first = .248333333,
                                   .last = .898333333,
                                   .verdict = MR_LEARNING_HELPS};
static const struct known flat = {.n_sizes = 3,
                                  .sizes = {50, 100, 200},
                                  .hard = {15, 16, 16},
                                  .n_seeds = 2,
                                  .n_valid = 5000,
                                  .gain = 0,
                                  .lo = -.000391875,
                                  .hi = .000391875,
                                  .first = .8002,
                                  .last = .8501,
                                  .verdict = MR_LEARNING_HARDLY};
static const struct known few = {.n_sizes = 2,
                                 .sizes = {60, 120},
                                 .hard = {14, 16},
                                 .n_seeds = 1,
                                 .n_valid = 40,
                                 .gain = .1,
                                 .lo = -.006271651,
                                 .hi = .196747841,
                                 .first = .775,
                                 .last = .875,
                                 .verdict = MR_LEARNING_OPEN};

static struct mr_learning make(const struct known *k)
{
    struct mr_learning l = {.n_sizes = k->n_sizes, .n_seeds = k->n_seeds, .n_valid = k->n_valid};
    unsigned char *at;

    l.sizes = mr_xalloc((size_t)k->n_sizes, sizeof *l.sizes);
    at = l.right = mr_xalloc((size_t)(k->n_sizes * k->n_seeds * k->n_valid), 1);
    for (int i = 0; i < k->n_sizes; i++) {
        l.sizes[i] = k->sizes[i];
        for (int s = 0; s < k->n_seeds; s++)
            for (int j = 0; j < k->n_valid; j++)
                *at++ = (j * 7 + s * 3) % 20 < k->hard[i] + (j + s) % 3;
    }
    return l;
}

static void the_last_gain_is_that_of_the_whole_table(void **state)
{
    const struct known *const all[] = {&steep, &flat, &few};

    for (int i = 0; i < 3; i++) {
        struct mr_learning l = make(all[i]);
        struct mr_learning_gain gain;

        assert_true(mr_learning_last_gain(&l, &gain));
        assert_int_equal(gain.n_to, l.sizes[l.n_sizes - 1]);
        assert_true(fabs(gain.gain - all[i]->gain) < 1e-8);
        assert_true(fabs(gain.lo - all[i]->lo) < 1e-8);
        assert_true(fabs(gain.hi - all[i]->hi) < 1e-8);
        assert_int_equal(gain.verdict, all[i]->verdict);
        mr_learning_finish(&l);
    }
}

static void a_point_is_the_mean_over_seeds_with_its_extremes_and_interval(void **state)
{
    struct mr_learning l = make(&steep);
    struct mr_learning_point points[6];
    double lo, hi;

    mr_learning_points(&l, points);
    assert_int_equal(points[3].n_train, 600);
    assert_true(fabs(points[0].accuracy - steep.first) < 1e-8);
    assert_true(fabs(points[5].accuracy - steep.last) < 1e-8);
    for (int i = 0; i < 6; i++) {
        assert_true(points[i].least <= points[i].accuracy && points[i].accuracy <= points[i].most);
        assert_true(points[i].least < points[i].most);
    }
    mr_wilson((int)lround(points[5].accuracy * 200), 200, &lo, &hi);
    assert_true(fabs(points[5].lo - lo) < 1e-12 && fabs(points[5].hi - hi) < 1e-12);
    mr_learning_finish(&l);
}

static void says_so_in_one_sentence(void **state)
{
    struct mr_learning l = make(&steep);
    char text[400];

    mr_learning_sentence(&l, text, sizeof text);
    assert_string_equal(text,
                        "from 500 to 1000 training images accuracy rose by 31.3 points (95 %: "
                        "+27.1 to +35.0): more images are likely to help, if less with each "
                        "doubling");
    mr_learning_finish(&l);
    l = make(&few);
    mr_learning_sentence(&l, text, sizeof text);
    assert_non_null(strstr(text, "the interval is too wide to tell"));
    mr_learning_finish(&l);
}

static void a_body_that_has_seen_the_images_gets_no_verdict(void **state)
{
    struct mr_learning l = make(&steep);
    struct mr_learning_gain gain;
    char text[400];

    l.in_sample = true;
    assert_true(mr_learning_last_gain(&l, &gain));
    assert_int_equal(gain.verdict, MR_LEARNING_IN_SAMPLE);
    mr_learning_sentence(&l, text, sizeof text);
    assert_non_null(strstr(text, "in-sample"));
    assert_null(strstr(text, "likely"));
    mr_learning_finish(&l);
}

/* All are right, before and after: of 20 images that is little to go by. */
static void no_difference_among_few_images_is_no_certainty(void **state)
{
    struct known k = {.n_sizes = 2, .sizes = {10, 20}, .hard = {20, 20}, .n_seeds = 3};
    struct mr_learning_gain gain;
    struct mr_learning l;

    k.n_valid = 20;
    l = make(&k);
    assert_true(mr_learning_last_gain(&l, &gain));
    assert_true(gain.hi > .05 && gain.lo < -.05);
    assert_int_equal(gain.verdict, MR_LEARNING_OPEN);
    mr_learning_finish(&l);
    k.n_valid = 2000;
    l = make(&k);
    assert_true(mr_learning_last_gain(&l, &gain));
    assert_int_equal(gain.verdict, MR_LEARNING_HARDLY);
    mr_learning_finish(&l);
}

/* Small classes give two images however small the share: sizes may be equal, and none a half. */
static void without_a_half_there_is_no_doubling(void **state)
{
    static const struct known no_half = {
        .n_sizes = 2, .sizes = {7, 12}, .hard = {9, 12}, .n_seeds = 1, .n_valid = 20};
    static const struct known equal = {
        .n_sizes = 3, .sizes = {6, 6, 12}, .hard = {9, 9, 12}, .n_seeds = 1, .n_valid = 20};
    struct mr_learning l = make(&no_half);
    struct mr_learning_gain gain;
    char text[400];

    assert_false(mr_learning_last_gain(&l, &gain));
    mr_learning_sentence(&l, text, sizeof text);
    assert_non_null(strstr(text, "no doubling"));
    mr_learning_finish(&l);
    l = make(&equal);
    assert_true(mr_learning_last_gain(&l, &gain));
    assert_true(isfinite(gain.gain) && gain.gain > 0);
    mr_learning_finish(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_gain_is_that_of_the_whole_table),
        cmocka_unit_test(a_point_is_the_mean_over_seeds_with_its_extremes_and_interval),
        cmocka_unit_test(says_so_in_one_sentence),
        cmocka_unit_test(a_body_that_has_seen_the_images_gets_no_verdict),
        cmocka_unit_test(no_difference_among_few_images_is_no_certainty),
        cmocka_unit_test(without_a_half_there_is_no_doubling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
