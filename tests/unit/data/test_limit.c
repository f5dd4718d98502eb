/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <stdbool.h>

#include <misread/base/rng.h>
#include <misread/data/limit.h>
#include <misread/store/images.h>

#define MAX 2000

static struct mr_image_row rows[MAX];
static char paths[MAX][24];
static int n_rows;

static void add_many(int class_id, enum mr_side side, int n)
{
    for (int i = 0; i < n; i++) {
        struct mr_image_row *row = &rows[n_rows];

        snprintf(paths[n_rows], sizeof paths[0], "%d/%04d.jpg", class_id, n_rows);
        *row = (struct mr_image_row){.class_id = class_id, .side = side, .path = paths[n_rows]};
        snprintf(row->hash, sizeof row->hash, "%016llx%048d",
                 (unsigned long long)mr_hash_mix((uint64_t)n_rows + 1), n_rows);
        n_rows++;
    }
}

/* Class 0: 800 + 200, class 1: 75 + 25, class 2: 4 + 1, class 3: 1; test images of each. */
static void fill(void)
{
    const int n_train[] = {800, 75, 4, 1}, n_valid[] = {200, 25, 1, 0};

    n_rows = 0;
    for (int c = 0; c < 4; c++) {
        add_many(c, MR_SIDE_TRAIN, n_train[c]);
        add_many(c, MR_SIDE_VALID, n_valid[c]);
        add_many(c, MR_SIDE_TEST, 3);
    }
}

static int count(int class_id, enum mr_side side)
{
    int n = 0;

    for (int i = 0; i < n_rows; i++)
        n += rows[i].class_id == class_id && rows[i].side == side;
    return n;
}

static void assert_kept(double limit, const int n_train[4], const int n_valid[4])
{
    fill();
    mr_limit_apply(rows, n_rows, 4, 42, limit);
    for (int c = 0; c < 4; c++) {
        assert_int_equal(count(c, MR_SIDE_TRAIN), n_train[c]);
        assert_int_equal(count(c, MR_SIDE_VALID), n_valid[c]);
        assert_int_equal(count(c, MR_SIDE_TEST), 0);
    }
}

static void keeps_so_many_of_each_class_in_the_proportion_of_its_sides(void **state)
{
    assert_kept(20, (int[]){16, 15, 4, 1}, (int[]){4, 5, 1, 0});
    assert_kept(200, (int[]){160, 75, 4, 1}, (int[]){40, 25, 1, 0});
    assert_kept(1e9, (int[]){800, 75, 4, 1}, (int[]){200, 25, 1, 0});
    /* one on each side although two are more than one */
    assert_kept(1, (int[]){1, 1, 1, 1}, (int[]){1, 1, 1, 0});
}

static void below_one_it_is_a_share(void **state)
{
    assert_kept(.1, (int[]){80, 7, 1, 1}, (int[]){20, 3, 1, 0});
    assert_kept(.001, (int[]){1, 1, 1, 1}, (int[]){1, 1, 1, 0});
}

static void zero_leaves_all_as_they_are(void **state)
{
    fill();
    mr_limit_apply(rows, n_rows, 4, 42, 0);
    assert_int_equal(count(0, MR_SIDE_TRAIN), 800);
    assert_int_equal(count(0, MR_SIDE_TEST), 3);
}

static void a_larger_limit_keeps_what_a_smaller_one_does(void **state)
{
    static bool was_kept[MAX];

    memset(was_kept, 0, sizeof was_kept);
    for (int limit = 1; limit < 120; limit++) {
        fill();
        mr_limit_apply(rows, n_rows, 4, 7, limit);
        for (int i = 0; i < n_rows; i++) {
            bool is_kept = rows[i].side != MR_SIDE_NONE;

            assert_true(is_kept || !was_kept[i]);
            was_kept[i] = is_kept;
        }
    }
}

static void does_not_depend_on_the_order_of_rows_but_on_the_seed(void **state)
{
    static struct mr_image_row turned[MAX], other[MAX];
    int n_differ = 0;

    fill();
    memcpy(other, rows, sizeof other);
    for (int i = 0; i < n_rows; i++)
        turned[i] = rows[n_rows - 1 - i];
    mr_limit_apply(rows, n_rows, 4, 42, 100);
    mr_limit_apply(turned, n_rows, 4, 42, 100);
    mr_limit_apply(other, n_rows, 4, 43, 100);
    for (int i = 0; i < n_rows; i++) {
        assert_int_equal(rows[i].side, turned[n_rows - 1 - i].side);
        n_differ += rows[i].side != other[i].side;
    }
    assert_true(n_differ > 50);
}

static void missing_images_neither_count_nor_stay(void **state)
{
    fill();
    for (int i = 0; i < 400; i++)
        rows[i].state = MR_IMAGE_MISSING;
    mr_limit_apply(rows, n_rows, 4, 42, .5);
    for (int i = 0; i < 400; i++)
        assert_int_equal(rows[i].side, MR_SIDE_NONE);
    assert_int_equal(count(0, MR_SIDE_TRAIN), 200);
    assert_int_equal(count(0, MR_SIDE_VALID), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_so_many_of_each_class_in_the_proportion_of_its_sides),
        cmocka_unit_test(below_one_it_is_a_share),
        cmocka_unit_test(zero_leaves_all_as_they_are),
        cmocka_unit_test(a_larger_limit_keeps_what_a_smaller_one_does),
        cmocka_unit_test(does_not_depend_on_the_order_of_rows_but_on_the_seed),
        cmocka_unit_test(missing_images_neither_count_nor_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
