/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/pool.h>
#include <misread/kernel/peak.h>

/* Anything from an emulator under a sanitizer to 256 cores of the next decade. */
static void is_a_speed_that_a_machine_can_have(void **state)
{
    struct mr_pool *pool = NULL;
    struct mr_error err;
    double one = mr_peak_gflops(NULL), two;

    assert_ok(mr_pool_create(&pool, 2, &err), err);
    two = mr_peak_gflops(pool);
    assert_true(one > .001 && one < 1e6);
    assert_true(two > .001 && two < 1e6);
    mr_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_a_speed_that_a_machine_can_have),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
