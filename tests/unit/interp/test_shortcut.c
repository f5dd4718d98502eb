/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/interp/shortcut.h>
#include <misread/store/quality.h>
#include <misread/store/runs.h>

#define N 12

static int64_t ids[N];
static int labels[N];
static float plain_logits[2 * N], covered_logits[2 * N], losses[N];
static struct mr_quality rows[N];
static const struct mr_predictions plain = {
    .n = N, .n_classes = 2, .ids = ids, .labels = labels, .logits = plain_logits, .losses = losses};
static const struct mr_predictions covered = {.n = N,
                                              .n_classes = 2,
                                              .ids = ids,
                                              .labels = labels,
                                              .logits = covered_logits,
                                              .losses = losses};
static struct mr_shortcut s;

static void say(float *logits, int i, int class_id)
{
    logits[2 * i] = class_id == 0;
    logits[2 * i + 1] = class_id == 1;
}

/* Images 10, 20, ...: every third is of class 1, the first eight have a box, all are read rightly
 * both times. */
static int set_up(void **state)
{
    for (int i = 0; i < N; i++) {
        ids[i] = 10 * (i + 1);
        labels[i] = i % 3 == 2;
        say(plain_logits, i, labels[i]);
        say(covered_logits, i, labels[i]);
        rows[i] = (struct mr_quality){.image = ids[i], .overlay_w = i < 8 ? .2 : 0};
    }
    return 0;
}

static int tear_down(void **state)
{
    mr_shortcut_finish(&s);
    return 0;
}

static void read_twice(void)
{
    mr_shortcut_finish(&s);
    s = mr_shortcut_of(&plain, &covered, rows, N);
}

static void where_nothing_changes_nothing_is_said(void **state)
{
    read_twice();
    assert_int_equal(s.verdict, MR_SHORTCUT_NOTHING);
    assert_int_equal(s.groups[MR_SHORTCUT_ALL].n_changed, 0);
    assert_true(s.groups[MR_SHORTCUT_ALL].mcnemar.p == 1);
}

static void counts_images_with_the_box_apart_and_by_class(void **state)
{
    say(plain_logits, 0, 1);   /* with a box: wrong, then right */
    say(covered_logits, 4, 1); /* with: right, then wrong */
    say(plain_logits, 11, 0);  /* without: wrong both times */
    say(covered_logits, 11, 0);
    read_twice();
    assert_int_equal(s.groups[MR_SHORTCUT_ALL].n, N);
    assert_int_equal(s.groups[MR_SHORTCUT_WITH].n, 8);
    assert_int_equal(s.groups[MR_SHORTCUT_WITHOUT].n, 4);
    assert_int_equal(s.groups[MR_SHORTCUT_ALL].n_right, N - 2);
    assert_int_equal(s.groups[MR_SHORTCUT_WITH].n_right, 7);
    assert_int_equal(s.groups[MR_SHORTCUT_WITH].n_right_covered, 7);
    assert_int_equal(s.groups[MR_SHORTCUT_WITH].n_changed, 2);
    assert_int_equal(s.groups[MR_SHORTCUT_WITHOUT].n_right_covered, 3);
    assert_int_equal(s.groups[MR_SHORTCUT_WITHOUT].n_changed, 0);
    assert_int_equal(s.groups[MR_SHORTCUT_WITH].mcnemar.n_broken, 1);
    assert_int_equal(s.groups[MR_SHORTCUT_WITH].mcnemar.n_fixed, 1);
    assert_int_equal(s.n_of[0], 8);
    assert_int_equal(s.n_of[1], 4);
    assert_int_equal(s.n_with[0], 6);
    assert_int_equal(s.n_with[1], 2);
}

/* Six of six the same way: p 2 / 64. Five: 2 / 32. */
static void what_chance_does_not_explain_is_leaning(void **state)
{
    for (int i = 0; i < 5; i++)
        say(covered_logits, i, !labels[i]);
    read_twice();
    assert_int_equal(s.verdict, MR_SHORTCUT_NO_SIGN);
    say(covered_logits, 5, !labels[5]);
    read_twice();
    assert_true(fabs(s.groups[MR_SHORTCUT_ALL].mcnemar.p - 2. / 64) < 1e-12);
    assert_int_equal(s.verdict, MR_SHORTCUT_LEANS);
}

static void a_part_that_misleads_is_told_from_one_that_helps(void **state)
{
    for (int i = 0; i < 6; i++)
        say(plain_logits, i, !labels[i]);
    read_twice();
    assert_int_equal(s.verdict, MR_SHORTCUT_MISLED);
}

static void an_image_that_was_not_measured_has_no_box(void **state)
{
    s = mr_shortcut_of(&plain, &covered, rows + 1, N - 1);
    assert_int_equal(s.groups[MR_SHORTCUT_WITH].n, 7);
    assert_int_equal(s.groups[MR_SHORTCUT_WITHOUT].n, 5);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(where_nothing_changes_nothing_is_said),
        CASE(counts_images_with_the_box_apart_and_by_class),
        CASE(what_chance_does_not_explain_is_leaning),
        CASE(a_part_that_misleads_is_told_from_one_that_helps),
        CASE(an_image_that_was_not_measured_has_no_box),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
