/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/rng.h>
#include <misread/data/fold.h>
#include <misread/store/images.h>

#define MAX 700

static struct mr_image_row rows[MAX];
static char groups[MAX][16];
static int n_rows;

static void add(int class_id, const char *group, enum mr_side side)
{
    struct mr_image_row *row = &rows[n_rows];

    snprintf(groups[n_rows], sizeof groups[0], "%s", group);
    *row = (struct mr_image_row){.class_id = class_id, .side = side, .group = groups[n_rows]};
    snprintf(row->hash, sizeof row->hash, "%016llx%048d",
             (unsigned long long)mr_hash_mix((uint64_t)n_rows + 1), n_rows);
    n_rows++;
}

/* 300, 120 and 40 images of three classes, a fifth of them validating. */
static void add_three_classes(void)
{
    static const int counts[] = {300, 120, 40};

    n_rows = 0;
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < counts[c]; i++)
            add(c, "", i % 5 ? MR_SIDE_TRAIN : MR_SIDE_VALID);
}

/* Which fold every row is in; -1 none. Fails if one is in two. */
static void find_folds(int *folds, int n_folds, uint64_t seed)
{
    struct mr_image_row held[MAX];

    for (int i = 0; i < n_rows; i++)
        folds[i] = -1;
    for (int f = 0; f < n_folds; f++) {
        memcpy(held, rows, sizeof held);
        mr_fold_hold_out(held, n_rows, 3, &(struct mr_fold){f, n_folds, seed});
        for (int i = 0; i < n_rows; i++) {
            if (held[i].side != MR_SIDE_VALID)
                continue;
            assert_int_equal(folds[i], -1);
            folds[i] = f;
        }
    }
}

static void every_image_is_held_out_once_and_classes_are_even(void **state)
{
    static const int least[] = {60, 24, 8};
    int folds[MAX], count[5][3] = {0};

    add_three_classes();
    find_folds(folds, 5, 7);
    for (int i = 0; i < n_rows; i++) {
        assert_in_range(folds[i], 0, 4);
        count[folds[i]][rows[i].class_id]++;
    }
    for (int f = 0; f < 5; f++)
        for (int c = 0; c < 3; c++)
            assert_int_equal(count[f][c], least[c]);
}

static void what_is_not_held_out_is_trained_on_whatever_it_was(void **state)
{
    add_three_classes();
    mr_fold_hold_out(rows, n_rows, 3, &(struct mr_fold){1, 4, 7});
    for (int i = 0; i < n_rows; i++)
        assert_true(rows[i].side == MR_SIDE_TRAIN || rows[i].side == MR_SIDE_VALID);
}

static void test_images_and_those_without_a_side_take_no_part(void **state)
{
    int folds[MAX];

    add_three_classes();
    rows[0].side = rows[301].side = MR_SIDE_TEST;
    rows[1].side = MR_SIDE_NONE;
    find_folds(folds, 3, 7);
    assert_int_equal(folds[0], -1);
    assert_int_equal(folds[1], -1);
    assert_int_equal(folds[301], -1);
    mr_fold_hold_out(rows, n_rows, 3, &(struct mr_fold){0, 3, 7});
    assert_int_equal(rows[0].side, MR_SIDE_TEST);
    assert_int_equal(rows[1].side, MR_SIDE_NONE);
}

static void groups_and_copies_are_in_one_fold(void **state)
{
    char group[16];
    int folds[MAX], of_group[60];

    n_rows = 0;
    memset(of_group, -1, sizeof of_group);
    for (int i = 0; i < 600; i++) {
        snprintf(group, sizeof group, "g%d", i % 60);
        add(i % 3, group, i % 60 < 12 ? MR_SIDE_VALID : MR_SIDE_TRAIN);
    }
    add(0, "", MR_SIDE_TRAIN);
    add(0, "", MR_SIDE_TRAIN);
    memcpy(rows[601].hash, rows[600].hash, sizeof rows[0].hash);
    find_folds(folds, 5, 1);
    for (int i = 0; i < 600; i++) {
        assert_true(of_group[i % 60] < 0 || of_group[i % 60] == folds[i]);
        of_group[i % 60] = folds[i];
    }
    assert_int_equal(folds[600], folds[601]);
}

static void another_seed_draws_other_folds_and_the_same_the_same(void **state)
{
    int a[MAX], b[MAX], c[MAX], n_moved = 0;

    add_three_classes();
    find_folds(a, 5, 1);
    find_folds(b, 5, 1);
    find_folds(c, 5, 2);
    for (int i = 0; i < n_rows; i++) {
        assert_int_equal(a[i], b[i]);
        n_moved += a[i] != c[i];
    }
    assert_true(n_moved > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_image_is_held_out_once_and_classes_are_even),
        cmocka_unit_test(what_is_not_held_out_is_trained_on_whatever_it_was),
        cmocka_unit_test(test_images_and_those_without_a_side_take_no_part),
        cmocka_unit_test(groups_and_copies_are_in_one_fold),
        cmocka_unit_test(another_seed_draws_other_folds_and_the_same_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
