/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/rng.h>
#include <misread/data/split.h>
#include <misread/store/images.h>

#define MAX 2000

/* Rows with hashes and groups of their own storage; nothing to free. */
static struct mr_image_row rows[MAX];
static char groups[MAX][16];
static int n_rows;

static void clear(void)
{
    n_rows = 0;
}

static struct mr_image_row *add(int class_id, int content)
{
    struct mr_image_row *row = &rows[n_rows];

    *row =
        (struct mr_image_row){.class_id = class_id, .side = MR_SIDE_NONE, .group = groups[n_rows]};
    groups[n_rows][0] = '\0';
    snprintf(row->hash, sizeof row->hash, "%016llx%048d",
             (unsigned long long)mr_hash_mix((uint64_t)content + 1), content);
    n_rows++;
    return row;
}

static void add_in_group(int class_id, int content, int group)
{
    struct mr_image_row *row = add(class_id, content);

    snprintf(row->group, sizeof groups[0], "g%d", group);
}

static void add_many(int class_id, int n)
{
    for (int i = 0; i < n; i++)
        add(class_id, class_id * 100000 + n_rows);
}

static void assign(struct mr_image_row *some, int n, int n_classes, uint64_t seed,
                   double valid_fraction)
{
    const struct mr_split_options options = {.seed = seed, .valid_fraction = valid_fraction};

    mr_split_assign(some, n, n_classes, &options);
}

static void assign_with_test(int n_classes, double valid_fraction, double test_fraction)
{
    const struct mr_split_options options = {
        .seed = 42, .valid_fraction = valid_fraction, .test_fraction = test_fraction};

    mr_split_assign(rows, n_rows, n_classes, &options);
}

static int count(int class_id, enum mr_side side)
{
    int n = 0;

    for (int i = 0; i < n_rows; i++)
        n += rows[i].class_id == class_id && rows[i].side == side;
    return n;
}

static void assert_groups_whole(void)
{
    for (int i = 0; i < n_rows; i++)
        for (int j = 0; j < i; j++)
            if (*rows[i].group && !strcmp(rows[i].group, rows[j].group))
                assert_int_equal(rows[i].side, rows[j].side);
}

static void takes_the_fraction_of_each_class_rounded(void **state)
{
    const int n[] = {100, 7, 13, 401, 2, 3, 1};
    const int valid[] = {20, 1, 3, 80, 1, 1, 0};

    clear();
    for (int c = 0; c < 7; c++)
        add_many(c, n[c]);
    assign(rows, n_rows, 7, 42, .2);
    for (int c = 0; c < 7; c++) {
        assert_int_equal(count(c, MR_SIDE_VALID), valid[c]);
        assert_int_equal(count(c, MR_SIDE_TRAIN), n[c] - valid[c]);
    }
}

static void leaves_one_on_each_side_of_a_class_of_two_whatever_the_fraction(void **state)
{
    const double fractions[] = {0, .01, .5, .99, 1};

    for (int k = 0; k < 5; k++) {
        clear();
        add_many(0, 2);
        add_many(1, 30);
        assign(rows, n_rows, 2, 5, fractions[k]);
        for (int c = 0; c < 2; c++) {
            assert_true(count(c, MR_SIDE_TRAIN) >= 1);
            assert_true(count(c, MR_SIDE_VALID) >= 1);
        }
    }
}

static void keeps_groups_whole_also_across_classes(void **state)
{
    clear();
    for (int i = 0; i < 200; i++) { /* a crop of each class from one picture */
        add_in_group(0, 2 * i, i);
        add_in_group(1, 2 * i + 1, i);
    }
    assign(rows, n_rows, 2, 42, .2);
    assert_groups_whole();
    assert_int_equal(count(0, MR_SIDE_VALID), 40);
    assert_int_equal(count(1, MR_SIDE_VALID), 40);
}

static void comes_near_the_fraction_with_groups_of_any_size(void **state)
{
    clear();
    for (int i = 0; i < 900; i++)
        add_in_group(i % 3, i, (int)(mr_hash_mix((uint64_t)i) % 150));
    assign(rows, n_rows, 3, 42, .2);
    assert_groups_whole();
    for (int c = 0; c < 3; c++)
        assert_in_range(count(c, MR_SIDE_VALID), 55, 65);
}

static void gives_a_class_of_two_large_groups_one_on_each_side(void **state)
{
    clear();
    for (int i = 0; i < 8; i++)
        add_in_group(0, i,
                     i / 4); /* either overshoots the target of 2 by as much as it fell short */
    add_many(1, 10);
    assign(rows, n_rows, 2, 42, .2);
    assert_groups_whole();
    assert_int_equal(count(0, MR_SIDE_VALID), 4);
}

static void keeps_a_class_of_one_group_in_training(void **state)
{
    clear();
    for (int i = 0; i < 6; i++)
        add_in_group(0, i, 1);
    add_many(1, 10);
    assign(rows, n_rows, 2, 42, .5);
    assert_int_equal(count(0, MR_SIDE_TRAIN), 6);
}

static void keeps_copies_together_also_where_groups_differ(void **state)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        clear();
        add_many(0, 20);
        add_in_group(0, 500, 1);
        add_in_group(0, 501, 1);
        add_in_group(0, 501, 2); /* the copy joins the groups */
        add_in_group(0, 502, 2);
        add_many(1, 10);
        assign(rows, n_rows, 2, seed, .3);
        for (int i = 21; i < 24; i++)
            assert_int_equal(rows[i].side, rows[20].side);
    }
}

static void moves_nothing_when_images_are_added(void **state)
{
    enum mr_side before[300];

    clear();
    add_many(0, 150);
    add_many(1, 150);
    assign(rows, n_rows, 2, 42, .2);
    for (int i = 0; i < 300; i++)
        before[i] = rows[i].side;
    add_many(0, 100);
    add_many(1, 3);
    assign(rows, n_rows, 2, 42, .2);
    for (int i = 0; i < 300; i++)
        assert_int_equal(rows[i].side, before[i]);
    assert_int_equal(count(0, MR_SIDE_VALID), 50);
    assert_int_equal(count(1, MR_SIDE_VALID), 31);
    assert_int_equal(count(0, MR_SIDE_NONE), 0);
}

static void sends_new_members_after_their_group(void **state)
{
    clear();
    for (int i = 0; i < 40; i++)
        add_in_group(0, i, i);
    add_many(1, 10);
    assign(rows, n_rows, 2, 42, .25);
    for (int i = 0; i < 40; i++)
        add_in_group(0, 1000 + i, i);
    assign(rows, n_rows, 2, 42, .25);
    assert_groups_whole();
}

static void sends_new_members_after_their_group_past_the_target(void **state)
{
    clear();
    for (int i = 0; i < 10; i++)
        add_in_group(0, i, i);
    for (int i = 0; i < 10; i++)
        rows[i].side = i < 5 ? MR_SIDE_VALID : MR_SIDE_TRAIN; /* more than the fraction already */
    add_in_group(0, 100, 2);
    add_in_group(0, 101, 7);
    assign(rows, n_rows, 1, 42, .2);
    assert_int_equal(rows[10].side, MR_SIDE_VALID);
    assert_int_equal(rows[11].side, MR_SIDE_TRAIN);
}

/* A project split anew after a few images came differs little: what counts is the hash, not the
 * number. */
static void differs_little_when_split_anew_with_more_images(void **state)
{
    enum mr_side before[400];
    int n_changed = 0;

    clear();
    add_many(0, 400);
    assign(rows, n_rows, 1, 42, .2);
    for (int i = 0; i < 400; i++) {
        before[i] = rows[i].side;
        rows[i].side = MR_SIDE_NONE;
    }
    add_many(0, 10);
    assign(rows, n_rows, 1, 42, .2);
    for (int i = 0; i < 400; i++)
        n_changed += rows[i].side != before[i];
    assert_true(n_changed <= 12); /* at most one for each that was added, and 2 by rounding */
}

static void does_not_depend_on_the_order_of_rows(void **state)
{
    static struct mr_image_row turned[MAX];
    static char kept[MAX][16];

    clear();
    for (int i = 0; i < 300; i++)
        add_in_group(i % 2, i, i % 90);
    for (int i = 0; i < 50; i++)
        add(1, i); /* copies of grouped ones, and of the other class */
    memcpy(kept, groups, sizeof kept);
    for (int i = 0; i < n_rows; i++) {
        turned[i] = rows[n_rows - 1 - i];
        turned[i].group = kept[n_rows - 1 - i];
    }
    assign(rows, n_rows, 2, 8, .2);
    assign(turned, n_rows, 2, 8, .2);
    for (int i = 0; i < n_rows; i++)
        assert_int_equal(rows[i].side, turned[n_rows - 1 - i].side);
}

static void differs_with_the_seed(void **state)
{
    enum mr_side first[100];
    int n_changed = 0;

    clear();
    add_many(0, 100);
    assign(rows, n_rows, 1, 1, .5);
    for (int i = 0; i < 100; i++) {
        first[i] = rows[i].side;
        rows[i].side = MR_SIDE_NONE;
    }
    assign(rows, n_rows, 1, 2, .5);
    for (int i = 0; i < 100; i++)
        n_changed += rows[i].side != first[i];
    assert_in_range(n_changed, 25, 75);
}

static void leaves_test_images_alone_and_does_not_count_them_or_missing_ones(void **state)
{
    clear();
    add_many(0, 100);
    for (int i = 0; i < 30; i++)
        rows[i].side = MR_SIDE_TEST;
    for (int i = 30; i < 50; i++) {
        rows[i].side = MR_SIDE_VALID;
        rows[i].state = MR_IMAGE_MISSING;
    }
    assign(rows, n_rows, 1, 1, .2);
    for (int i = 0; i < 30; i++)
        assert_int_equal(rows[i].side, MR_SIDE_TEST);
    assert_int_equal(count(0, MR_SIDE_VALID), 20 + 10);
    assert_int_equal(count(0, MR_SIDE_TRAIN), 40);
}

static void sets_the_test_share_aside_and_validates_with_a_share_of_the_rest(void **state)
{
    const int n[] = {100, 40, 4, 3, 2, 1};
    const int test[] = {10, 4, 1, 1, 0, 0}, valid[] = {18, 7, 1, 1, 1, 0};

    clear();
    for (int c = 0; c < 6; c++)
        add_many(c, n[c]);
    assign_with_test(6, .2, .1);
    for (int c = 0; c < 6; c++) {
        assert_int_equal(count(c, MR_SIDE_TEST), test[c]);
        assert_int_equal(count(c, MR_SIDE_VALID), valid[c]);
        assert_int_equal(count(c, MR_SIDE_TRAIN), n[c] - test[c] - valid[c]);
    }
}

static void keeps_groups_and_copies_of_test_images_out_of_the_other_sides(void **state)
{
    clear();
    for (int i = 0; i < 300; i++)
        add_in_group(i % 2, i, i % 60);
    assign_with_test(2, .2, .2);
    assert_groups_whole();
    assert_in_range(count(0, MR_SIDE_TEST), 25, 35);
    for (int i = 0; i < 60; i++) /* new members, and copies that stand alone */
        add_in_group(0, 5000 + i, i);
    for (int i = 0; i < 300; i++)
        add(i % 2, i);
    assign_with_test(2, .2, 0);
    assert_groups_whole();
    for (int i = 0; i < 300; i++)
        assert_int_equal(rows[360 + i].side, rows[i].side);
}

static void moves_no_test_image_when_images_are_added(void **state)
{
    enum mr_side before[200];

    clear();
    add_many(0, 200);
    assign_with_test(1, .2, .1);
    for (int i = 0; i < 200; i++)
        before[i] = rows[i].side;
    add_many(0, 100);
    assign_with_test(1, .2, .1);
    for (int i = 0; i < 200; i++)
        assert_int_equal(rows[i].side, before[i]);
    assert_int_equal(count(0, MR_SIDE_TEST), 30);
    assert_int_equal(count(0, MR_SIDE_VALID), 54);
}

static void counts_the_images_of_a_test_folder_towards_the_test_share(void **state)
{
    clear();
    add_many(0, 100);
    for (int i = 0; i < 6; i++)
        rows[i].side = MR_SIDE_TEST;
    assign_with_test(1, .2, .1);
    assert_int_equal(count(0, MR_SIDE_TEST), 10);
}

static void survives_rows_of_no_known_class_and_no_rows(void **state)
{
    assign(NULL, 0, 0, 1, .2);
    clear();
    add_many(0, 10);
    rows[3].class_id = -1;
    assign(rows, n_rows, 1, 1, .2);
    assert_int_not_equal(rows[3].side, MR_SIDE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_fraction_of_each_class_rounded),
        cmocka_unit_test(leaves_one_on_each_side_of_a_class_of_two_whatever_the_fraction),
        cmocka_unit_test(keeps_groups_whole_also_across_classes),
        cmocka_unit_test(comes_near_the_fraction_with_groups_of_any_size),
        cmocka_unit_test(gives_a_class_of_two_large_groups_one_on_each_side),
        cmocka_unit_test(keeps_a_class_of_one_group_in_training),
        cmocka_unit_test(keeps_copies_together_also_where_groups_differ),
        cmocka_unit_test(moves_nothing_when_images_are_added),
        cmocka_unit_test(sends_new_members_after_their_group),
        cmocka_unit_test(sends_new_members_after_their_group_past_the_target),
        cmocka_unit_test(differs_little_when_split_anew_with_more_images),
        cmocka_unit_test(does_not_depend_on_the_order_of_rows),
        cmocka_unit_test(differs_with_the_seed),
        cmocka_unit_test(leaves_test_images_alone_and_does_not_count_them_or_missing_ones),
        cmocka_unit_test(sets_the_test_share_aside_and_validates_with_a_share_of_the_rest),
        cmocka_unit_test(keeps_groups_and_copies_of_test_images_out_of_the_other_sides),
        cmocka_unit_test(moves_no_test_image_when_images_are_added),
        cmocka_unit_test(counts_the_images_of_a_test_folder_towards_the_test_share),
        cmocka_unit_test(survives_rows_of_no_known_class_and_no_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
