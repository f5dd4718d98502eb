/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/explain/neighbours.h>

/* Directions at 0, 90, 45 and 180 degrees, nothing, and the first again, longer. */
static const float rows[] = {1, 0, 0, 1, 1, 1, -1, 0, 0, 0, 3, 0};
static const int labels[] = {0, 0, 0, 0, 0, 1};
static const struct mr_crowd crowd = {rows, labels, 6, 2};
static const float east[] = {2, 0};

static void finds_the_nearest_of_a_class_first(void **state)
{
    struct mr_neighbour found[3];

    assert_int_equal(mr_neighbours_find(found, 3, &crowd, east, 0, -1), 3);
    assert_int_equal(found[0].row, 0);
    assert_true(found[0].cosine == 1);
    assert_int_equal(found[1].row, 2);
    assert_true(found[1].cosine > .7071f && found[1].cosine < .7072f);
    assert_int_equal(found[2].row, 1); /* before the zeros: of equal ones the first */
    assert_true(found[2].cosine == 0);
}

static void keeps_to_the_class_and_leaves_one_out(void **state)
{
    struct mr_neighbour found[6];

    assert_int_equal(mr_neighbours_find(found, 6, &crowd, east, 1, -1), 1);
    assert_int_equal(found[0].row, 5);
    assert_int_equal(mr_neighbours_find(found, 6, &crowd, east, 1, 5), 0);
    assert_int_equal(mr_neighbours_find(found, 6, &crowd, east, 0, 0), 4);
    assert_int_equal(found[0].row, 2);
    assert_int_equal(found[3].row, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_nearest_of_a_class_first),
        cmocka_unit_test(keeps_to_the_class_and_leaves_one_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
