/* SPDX-License-Identifier: MIT */
#include "project.h"

#include <misread/store/looks.h>
#include <misread/store/runs.h>

#include "sql.h"

static void counts_every_look_and_forgets_none(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_run run = {.arch = "resnet18"};
    struct mr_look look = {.run = 1, .n = 40, .n_correct = 30}, *looks = NULL;
    struct mr_error err;
    int n = -1;

    assert_ok(mr_looks_load(store, &looks, &n, &err), err);
    assert_int_equal(n, 0);
    free(looks);
    assert_ok(mr_run_create(store, &run, &err), err);
    assert_ok(mr_look_add(store, &look, &err), err);
    assert_true(look.at > 0);
    look = (struct mr_look){.run = 1, .n = 40, .n_correct = 31, .at = 77};
    assert_ok(mr_look_add(store, &look, &err), err);
    assert_int_equal(look.id, 2);
    assert_int_not_equal(sqlite3_exec(store->db, "DELETE FROM look", NULL, NULL, NULL), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(store->db, "UPDATE look SET at = 1", NULL, NULL, NULL),
                         SQLITE_OK);
    assert_ok(mr_looks_load(store, &looks, &n, &err), err);
    assert_int_equal(n, 2);
    assert_int_equal(looks[0].n_correct, 30);
    assert_int_equal(looks[1].n_correct, 31);
    assert_int_equal(looks[1].at, 77);
    free(looks);
    look.run = 9;
    assert_int_not_equal(mr_look_add(store, &look, &err), MR_OK);
    mr_store_close(store);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_every_look_and_forgets_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
