/* SPDX-License-Identifier: MIT */
#include "cache_lab.h"

#include <misread/data/quality.h>
#include <misread/store/quality.h>

static struct mr_quality_options how = {.n_threads = 2};
static struct mr_quality *rows;
static int n_rows;

static enum mr_status measure(void)
{
    how.data_dir = home;
    return mr_quality_measure(store, table, sandbox, &how, &err);
}

static void load(void)
{
    free(rows);
    rows = NULL;
    assert_ok(mr_qualities_load(store, &rows, &n_rows, &err), err);
}

static void measures_each_image_once(void **state)
{
    add_images(1, 5);
    assert_ok(measure(), err);
    load();
    assert_int_equal(n_rows, 5);
    assert_int_equal(table->rows[0].w, SIZE);
    for (int i = 1; i <= 5; i++)
        erase(i); /* nobody looks at them again */
    assert_ok(measure(), err);
    assert_int_equal(table->rows[0].state, MR_IMAGE_OK);
    write_image(6);
    add_row(6);
    save_rows();
    assert_ok(measure(), err);
    load();
    assert_int_equal(n_rows, 6);
}

static void copies_share_a_measurement(void **state)
{
    add_images(1, 2);
    memcpy(table->rows[1].hash, table->rows[0].hash, sizeof table->rows[0].hash);
    save_rows();
    erase(2); /* the first of them is read */
    assert_ok(measure(), err);
    load();
    assert_int_equal(n_rows, 2);
    assert_string_equal(rows[0].pixels, rows[1].pixels);
}

static void says_what_cannot_be_read_and_goes_on(void **state)
{
    add_images(1, 3);
    write_garbage(2);
    assert_ok(measure(), err);
    load();
    assert_int_equal(n_rows, 2);
    assert_int_equal(table->rows[1].state, MR_IMAGE_UNREADABLE);
    assert_non_null(strstr(table->rows[1].reason, "2.ppm"));
    write_image(2);
    assert_ok(measure(), err);
    load();
    assert_int_equal(n_rows, 3);
    assert_int_equal(table->rows[1].state, MR_IMAGE_OK);
}

static bool stop_at_once(void *ctx, int64_t n_done, int64_t n_total)
{
    return n_done < 3;
}

static void keeps_what_is_done_when_it_is_interrupted(void **state)
{
    add_images(1, 40);
    how.progress = stop_at_once;
    assert_int_equal(measure(), MR_E_CANCELLED);
    how.progress = NULL;
    load();
    assert_true(n_rows >= 3);
    assert_ok(measure(), err);
    load();
    assert_int_equal(n_rows, 40);
}

static int free_rows(void **state)
{
    free(rows);
    rows = NULL;
    return tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(measures_each_image_once, set_up, free_rows),
        cmocka_unit_test_setup_teardown(copies_share_a_measurement, set_up, free_rows),
        cmocka_unit_test_setup_teardown(says_what_cannot_be_read_and_goes_on, set_up, free_rows),
        cmocka_unit_test_setup_teardown(keeps_what_is_done_when_it_is_interrupted, set_up,
                                        free_rows),
    };

    return cmocka_run_group_tests(tests, open_sandbox, close_sandbox);
}
