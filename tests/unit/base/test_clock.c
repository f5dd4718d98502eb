/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/clock.h>

static void tells_the_same_time_in_both_units(void **state)
{
    int64_t before_ms = mr_clock_ms(), us = mr_clock_us(), after_ms = mr_clock_ms();

    assert_true(before_ms <= us / 1000 && us / 1000 <= after_ms);
}

static void goes_on_while_one_sleeps(void **state)
{
    int64_t began = mr_clock_us();

    mr_clock_sleep_ms(3);
    assert_true(mr_clock_us() - began >= 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_same_time_in_both_units),
        cmocka_unit_test(goes_on_while_one_sleeps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
