/* SPDX-License-Identifier: MIT */
#include "project.h"

#include <misread/store/learnings.h>
#include <misread/store/runs.h>

#include "sql.h"

static int make_run(struct mr_store *store)
{
    struct mr_run run = {.state = MR_RUN_DONE, .arch = "resnet18", .n_classes = 2};
    struct mr_error err;

    assert_ok(mr_run_create(store, &run, &err), err);
    return run.id;
}

static struct mr_learning make(int run)
{
    struct mr_learning l = {.run = run, .n_sizes = 3, .n_seeds = 2, .n_valid = 4, .at = 77};

    l.sizes = mr_xalloc(3, sizeof *l.sizes);
    l.right = mr_xalloc(24, 1);
    for (int i = 0; i < 3; i++)
        l.sizes[i] = 10 * (i + 1);
    for (int i = 0; i < 24; i++)
        l.right[i] = i % 3 == 0;
    return l;
}

static void comes_back_as_it_was_and_the_last_one_of_a_run(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_learning a, b, found;
    struct mr_error err;
    int64_t last = -1;
    int one = make_run(store), two = make_run(store);

    assert_ok(mr_learning_last(store, one, &last, &err), err);
    assert_int_equal(last, 0);
    assert_int_equal(mr_learning_load(store, 1, &found, &err), MR_E_NOT_FOUND);
    a = make(one);
    b = make(one);
    b.at = 0;
    b.in_sample = true;
    assert_ok(mr_learning_add(store, &a, &err), err);
    assert_ok(mr_learning_add(store, &b, &err), err);
    assert_true(b.at > 77);
    assert_ok(mr_learning_last(store, one, &last, &err), err);
    assert_int_equal(last, b.id);
    assert_ok(mr_learning_last(store, two, &last, &err), err);
    assert_int_equal(last, 0);
    assert_ok(mr_learning_load(store, a.id, &found, &err), err);
    assert_int_equal(found.run, one);
    assert_int_equal(found.at, 77);
    assert_false(found.in_sample);
    assert_int_equal(found.n_sizes, 3);
    assert_int_equal(found.n_seeds, 2);
    assert_int_equal(found.n_valid, 4);
    assert_memory_equal(found.sizes, a.sizes, 3 * sizeof *a.sizes);
    assert_memory_equal(found.right, a.right, 24);
    mr_learning_finish(&found);
    assert_ok(mr_learning_load(store, b.id, &found, &err), err);
    assert_true(found.in_sample);
    mr_learning_finish(&found);
    mr_learning_finish(&a);
    mr_learning_finish(&b);
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_what_cannot_be(void **state)
{
    static const char *const damage[] = {
        "UPDATE learning SET n_valid = 5",
        "UPDATE learning SET n_sizes = 6, n_seeds = 1",
        "UPDATE learning SET n_seeds = 2147483647, n_valid = 2147483647",
        "UPDATE learning SET answers = CAST(zeroblob(23) || x'02' AS BLOB)",
        "UPDATE learning SET sizes = x'140000000A0000001E000000'",
    };
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_learning l = make(make_run(store)), found;
    struct mr_error err;

    l.right[5] = 2;
    assert_int_equal(mr_learning_add(store, &l, &err), MR_E_FORMAT);
    l.right[5] = 1;
    l.sizes[2] = 19;
    assert_int_equal(mr_learning_add(store, &l, &err), MR_E_FORMAT);
    l.sizes[2] = 20;
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        assert_ok(mr_learning_add(store, &l, &err), err);
        assert_int_equal(sqlite3_exec(store->db, damage[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(mr_learning_load(store, l.id, &found, &err), MR_E_FORMAT);
        assert_int_equal(sqlite3_exec(store->db, "DELETE FROM learning", NULL, NULL, NULL),
                         SQLITE_OK);
    }
    l.run = 99; /* no such run */
    assert_int_not_equal(mr_learning_add(store, &l, &err), MR_OK);
    mr_learning_finish(&l);
    mr_store_close(store);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was_and_the_last_one_of_a_run),
        cmocka_unit_test(refuses_what_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
