/* SPDX-License-Identifier: MIT */
#include "project.h"

#include <misread/store/quality.h>

static struct mr_error err;

static struct mr_quality make_row(int64_t image)
{
    struct mr_quality row = {.image = image,
                             .look = UINT64_C(0xfedcba9876543210) + (uint64_t)image,
                             .dark = .25 + (double)image,
                             .light = .5,
                             .entropy = 6.5,
                             .sharpness = .75,
                             .detail = .125,
                             .is_grey = image == 2};

    snprintf(row.pixels, sizeof row.pixels, "%064d", (int)image);
    memset(row.thumb, (int)image, sizeof row.thumb);
    if (image == 3)
        row.overlay_x = .25, row.overlay_y = .5, row.overlay_w = .125, row.overlay_h = .0625;
    return row;
}

static void keeps_every_measure_by_image(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_quality rows[3] = {make_row(3), make_row(1), make_row(2)}, *found = NULL;
    int n = -1;

    add_images(store, 4);
    assert_ok(mr_qualities_add(store, rows, 3, &err), err);
    assert_ok(mr_qualities_load(store, &found, &n, &err), err);
    assert_int_equal(n, 3);
    for (int i = 0; i < 3; i++) {
        struct mr_quality expected = make_row(i + 1);

        assert_int_equal(found[i].image, expected.image);
        assert_string_equal(found[i].pixels, expected.pixels);
        assert_true(found[i].look == expected.look);
        assert_memory_equal(found[i].thumb, expected.thumb, sizeof expected.thumb);
        assert_memory_equal(&found[i].dark, &expected.dark, 5 * sizeof(double));
        assert_int_equal(found[i].is_grey, expected.is_grey);
        assert_memory_equal(&found[i].overlay_x, &expected.overlay_x, 4 * sizeof(double));
    }
    assert_ptr_equal(mr_qualities_find(found, n, 2), &found[1]);
    assert_null(mr_qualities_find(found, n, 4));
    assert_null(mr_qualities_find(NULL, 0, 4));
    free(found);
    mr_store_close(store);
    remove_folder(dir);
}

static void a_row_that_is_there_stays(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_quality row = make_row(1), *found = NULL;
    int n = -1;

    add_images(store, 1);
    assert_ok(mr_qualities_add(store, &row, 1, &err), err);
    row.dark = 9;
    assert_ok(mr_qualities_add(store, &row, 1, &err), err);
    assert_ok(mr_qualities_load(store, &found, &n, &err), err);
    assert_int_equal(n, 1);
    assert_true(found[0].dark == 1.25);
    free(found);
    row.image = 7;
    assert_int_equal(mr_qualities_add(store, &row, 1, &err), MR_E_STORE);
    mr_store_close(store);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_every_measure_by_image),
        cmocka_unit_test(a_row_that_is_there_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
