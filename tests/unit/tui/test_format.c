/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include "format.h"

static void shares_have_no_leading_nought(void **state)
{
    assert_string_equal(mr_format_share(0.864, 3).text, ".864");
    assert_string_equal(mr_format_share(0.02, 2).text, ".02");
    assert_string_equal(mr_format_share(0, 2).text, ".00");
    assert_string_equal(mr_format_share(1, 2).text, "1.0");
    assert_string_equal(mr_format_share(0.999, 2).text, "1.0");
    assert_string_equal(mr_format_share(1, 3).text, "1.00");
    assert_string_equal(mr_format_share((double)NAN, 2).text, "-");
}

static void a_small_probability_is_not_nought(void **state)
{
    assert_string_equal(mr_format_p(0.004).text, "<.01");
    assert_string_equal(mr_format_p(0.005).text, ".01");
    assert_string_equal(mr_format_p(0).text, ".00");
}

static void intervals_are_low_then_high(void **state)
{
    assert_string_equal(mr_format_interval(0.838, 0.886, 3).text, "[.838 .886]");
    assert_string_equal(mr_format_interval(0.95, 1, 2).text, "[.95 1.0]");
}

static void counts_are_grouped_in_thousands(void **state)
{
    assert_string_equal(mr_format_count(0).text, "0");
    assert_string_equal(mr_format_count(800).text, "800");
    assert_string_equal(mr_format_count(7200).text, "7,200");
    assert_string_equal(mr_format_count(1234567).text, "1,234,567");
    assert_string_equal(mr_format_count(-1200).text, "-1,200");
}

static void durations_are_minutes_and_seconds(void **state)
{
    assert_string_equal(mr_format_duration(108).text, "1:48");
    assert_string_equal(mr_format_duration(59.6).text, "1:00");
    assert_string_equal(mr_format_duration(3723).text, "1:02:03");
    assert_string_equal(mr_format_duration(-1).text, "-");
    assert_string_equal(mr_format_duration((double)NAN).text, "-");
}

static void losses_have_four_figures(void **state)
{
    assert_string_equal(mr_format_loss(0.7859).text, ".7859");
    assert_string_equal(mr_format_loss(4.8217).text, "4.822");
    assert_string_equal(mr_format_loss(12.345).text, "12.35");
    assert_string_equal(mr_format_loss(1234).text, "1234");
    assert_string_equal(mr_format_loss((double)NAN).text, "nan");
    assert_string_equal(mr_format_loss((double)INFINITY).text, "inf");
}

static void bytes_and_rates_are_short(void **state)
{
    assert_string_equal(mr_format_bytes(512).text, "512 B");
    assert_string_equal(mr_format_bytes(383499).text, "383 kB");
    assert_string_equal(mr_format_bytes(1234567).text, "1.2 MB");
    assert_string_equal(mr_format_rate(0.0021).text, "2.1e-03");
}

static void bars_grow_by_eighths_and_show_what_is_there(void **state)
{
    assert_string_equal(mr_format_bar(1, 4).text, "████");
    assert_string_equal(mr_format_bar(0.5, 4).text, "██");
    assert_string_equal(mr_format_bar(0.28125, 4).text, "█▏"); /* 9 of 32 eighths */
    assert_string_equal(mr_format_bar(0.0001, 4).text, "▏");
    assert_string_equal(mr_format_bar(0, 4).text, "");
    assert_string_equal(mr_format_bar(2, 4).text, "████");
    assert_string_equal(mr_format_bar((double)NAN, 4).text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_have_no_leading_nought),
        cmocka_unit_test(a_small_probability_is_not_nought),
        cmocka_unit_test(intervals_are_low_then_high),
        cmocka_unit_test(counts_are_grouped_in_thousands),
        cmocka_unit_test(durations_are_minutes_and_seconds),
        cmocka_unit_test(losses_have_four_figures),
        cmocka_unit_test(bytes_and_rates_are_short),
        cmocka_unit_test(bars_grow_by_eighths_and_show_what_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
