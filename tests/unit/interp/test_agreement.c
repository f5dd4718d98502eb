/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/base/alloc.h>
#include <misread/interp/agreement.h>
#include <misread/store/images.h>
#include <misread/store/review.h>

#define EPSILON 1e-8 /* nine digits are stored; all is a few dozen additions */

static void assert_near(double actual, double expected)
{
    if (!(fabs(actual - expected) < EPSILON))
        fail_msg("%.10f is not %.10f", actual, expected);
}

static void assert_agreement(const int *a, const int *b, int n, int k, const double expected[5])
{
    struct mr_agreement g = mr_agreement_of(a, b, n, k);

    assert_near(g.observed, expected[0]);
    assert_near(g.expected, expected[1]);
    assert_near(g.kappa, expected[2]);
    assert_near(g.lo, expected[3]);
    assert_near(g.hi, expected[4]);
}

/* Printed by tests/reference/agreement.py. */
static void agrees_with_exact_fractions(void **state)
{
    const int odd_a[] = {0, 1, 0, 1, 0, 1, 2}, odd_b[] = {1, 0, 1, 0, 1, 0, 2};
    int a[60], b[60];

    for (int i = 0; i < 50; i++) {
        a[i] = i >= 25;
        b[i] = i < 25 ? i >= 20 : i >= 35;
    }
    assert_agreement(a, b, 50, 2, (double[]){.7, .5, .4, .151092289, .648907711});
    for (int i = 0; i < 60; i++) {
        a[i] = (i * i + 3 * i / 2) % 3;
        b[i] = (i * i + 3 * i / 2 + (i % 4 == 1)) % 3;
    }
    assert_agreement(a, b, 60, 3, (double[]){.75, .347222222, .617021277, .461125857, .772916696});
    assert_agreement(odd_a, odd_b, 7, 3, (double[]){.142857143, .387755102, -.4, -1, .362121108});
}

static void says_nothing_where_there_is_nothing_to_say(void **state)
{
    const int same[] = {1, 1, 1}, both[] = {0, 1, 1};
    struct mr_agreement g = mr_agreement_of(NULL, NULL, 0, 3);

    assert_int_equal(g.n, 0);
    assert_true(isnan(g.observed) && isnan(g.kappa));
    g = mr_agreement_of(same, same, 3, 2);
    assert_true(g.observed == 1 && isnan(g.kappa));
    g = mr_agreement_of(both, both, 3, 2);
    assert_true(fabs(g.kappa - 1) < 1e-12 && g.hi <= 1);
}

/* Four images of the classes 0, 1, 1 and none. */
static struct mr_image_table *make_images(void)
{
    static const int classes[] = {0, 1, 1, -1};
    struct mr_image_table *t = mr_xalloc(1, sizeof *t);

    t->n = 4;
    t->n_classes = 3;
    t->rows = mr_xalloc(4, sizeof *t->rows);
    for (int i = 0; i < 4; i++) {
        t->rows[i].id = 10 * (i + 1);
        t->rows[i].class_id = classes[i];
    }
    return t;
}

static void assert_words(const struct mr_word *words, int n, const char *expected)
{
    char text[128] = "";

    for (int i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%lld:%d ",
                 (long long)words[i].image, words[i].label);
    assert_string_equal(text, expected);
}

static void counts_only_the_classes_that_a_reader_gave(void **state)
{
    const struct mr_decision all[] = {
        {.id = 1, .image = 10, .kind = MR_DECISION_RELABEL, .to_class = 1, .reader = "ann"},
        {.id = 2, .image = 10, .kind = MR_DECISION_FLAG, .to_class = 1, .reader = "ann"},
        {.id = 3, .image = 20, .kind = MR_DECISION_FLAG, .to_class = 1, .reader = "ann"},
        {.id = 4, .image = 30, .kind = MR_DECISION_RELABEL, .to_class = 2, .reader = "bob"},
        {.id = 5,
         .image = 30,
         .kind = MR_DECISION_RELABEL,
         .to_class = 0,
         .reader = "ann",
         .undone = true},
        {.id = 6, .image = 30, .kind = MR_DECISION_UNDO, .target = 5, .reader = "ann"},
        {.id = 7, .image = 40, .kind = MR_DECISION_FLAG, .to_class = 1, .reader = "ann"},
        {.id = 8, .image = 10, .kind = MR_DECISION_RELABEL, .to_class = 2, .reader = "ann"},
        {.id = 9, .image = 99, .kind = MR_DECISION_RELABEL, .to_class = 2, .reader = "ann"},
    };
    struct mr_image_table *images = make_images();
    struct mr_word *words = NULL;
    int n = mr_words_of(all, 9, images, "ann", &words);

    assert_words(words, n, "10:2 "); /* of 20 he said nothing but that it is flagged */
    free(words);
    n = mr_words_of(all, 9, images, "bob", &words);
    assert_words(words, n, "30:2 ");
    free(words);
    n = mr_words_of(all, 9, images, NULL, &words);
    assert_words(words, n, "10:0 20:1 30:1 ");
    free(words);
    free(images->rows);
    free(images);
}

static void pairs_what_both_have_labelled_and_keeps_the_differences(void **state)
{
    const struct mr_word a[] = {{1, 0}, {3, 1}, {5, 2}, {8, 0}}, b[] = {{3, 1}, {4, 1}, {5, 0}};
    struct mr_pairing p = mr_pairing_of(a, 4, b, 3);

    assert_int_equal(p.n, 2);
    assert_int_equal(p.images[1], 5);
    assert_int_equal(p.a[1], 2);
    assert_int_equal(p.b[1], 0);
    mr_pairing_keep_different(&p);
    assert_int_equal(p.n, 1);
    assert_int_equal(p.images[0], 5);
    mr_pairing_finish(&p);
    p = mr_pairing_of(a, 4, b, 0);
    assert_int_equal(p.n, 0);
    mr_pairing_finish(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_exact_fractions),
        cmocka_unit_test(says_nothing_where_there_is_nothing_to_say),
        cmocka_unit_test(counts_only_the_classes_that_a_reader_gave),
        cmocka_unit_test(pairs_what_both_have_labelled_and_keeps_the_differences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
