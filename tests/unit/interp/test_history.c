/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/interp/history.h>

static void counts_what_was_right_and_then_wrong(void **state)
{
    static const struct mr_history_point points[] = {{1, 2, 1}, {2, 0, 1},  {3, 1, 1}, {4, 2, 1},
                                                     {5, 0, 1}, {6, -1, 1}, {7, 1, 1}};

    assert_int_equal(mr_history_n_forgotten(points, 7, 0), 2); /* over what is not known */
    assert_int_equal(mr_history_n_forgotten(points, 7, 2), 2);
    assert_int_equal(mr_history_n_forgotten(points, 6, 0), 1);
    assert_int_equal(mr_history_n_forgotten(points, 7, 5), 0);
    assert_int_equal(mr_history_n_forgotten(points, 0, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_what_was_right_and_then_wrong)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
