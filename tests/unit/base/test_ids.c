/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <stdbool.h>

#include <misread/base/ids.h>

static void finds_each_and_nothing_between(void **state)
{
    int64_t ids[17];

    for (int n = 0; n <= 17; n++) {
        for (int i = 0; i < n; i++)
            ids[i] = INT64_C(3) * i - 20;
        for (int64_t id = -25; id < 40; id++) {
            bool is_there = id >= -20 && id < 3 * n - 20 && (id + 20) % 3 == 0;

            assert_int_equal(mr_ids_find(ids, n, id), is_there ? (id + 20) / 3 : -1);
        }
    }
    assert_int_equal(mr_ids_find(NULL, 0, 1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_and_nothing_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
