/* SPDX-License-Identifier: MIT */
#include "project.h"

#include <misread/store/foldings.h>
#include <misread/store/runs.h>

#include "sql.h"

static struct mr_folding make_folding(int n)
{
    struct mr_folding f = {.run = 3, .n_folds = 5, .in_sample = true, .at = 77};
    struct mr_predictions *p = mr_xalloc(1, sizeof *p);
    size_t count = (size_t)n;

    p->n = n;
    p->n_classes = 2;
    p->ids = mr_xalloc(count + 1, sizeof *p->ids);
    p->labels = mr_xalloc(count + 1, sizeof *p->labels);
    p->losses = mr_xalloc(count + 1, sizeof *p->losses);
    p->logits = mr_xalloc(2 * count + 1, sizeof *p->logits);
    for (int i = 0; i < n; i++) {
        p->ids[i] = 10 * i + 1;
        p->labels[i] = i % 2;
        p->losses[i] = (float)i / 8;
        p->logits[2 * i] = (float)-i;
        p->logits[2 * i + 1] = (float)i / 3;
    }
    f.answers = p;
    f.options = mr_xstrdup("{}");
    return f;
}

static void comes_back_as_it_was_and_the_last_one_by_default(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_folding first = make_folding(4), second = make_folding(0), found;
    struct mr_error err;
    int64_t last = -1;

    assert_int_equal(mr_folding_load(store, 0, &found, &err), MR_E_NOT_FOUND);
    assert_ok(mr_folding_last(store, &last, &err), err);
    assert_int_equal(last, 0);
    second.at = 0;
    second.in_sample = false;
    assert_ok(mr_folding_add(store, &first, &err), err);
    assert_ok(mr_folding_add(store, &second, &err), err);
    assert_true(second.id > first.id);
    assert_true(second.at > 77);
    assert_ok(mr_folding_load(store, first.id, &found, &err), err);
    assert_int_equal(found.at, 77);
    assert_int_equal(found.run, 3);
    assert_int_equal(found.n_folds, 5);
    assert_true(found.in_sample);
    assert_string_equal(found.options, "{}");
    assert_int_equal(found.answers->n, 4);
    assert_int_equal(found.answers->n_classes, 2);
    assert_int_equal(found.answers->side, MR_SIDE_NONE);
    assert_memory_equal(found.answers->ids, first.answers->ids, 4 * sizeof(int64_t));
    assert_memory_equal(found.answers->labels, first.answers->labels, 4 * sizeof(int));
    assert_memory_equal(found.answers->losses, first.answers->losses, 4 * sizeof(float));
    assert_memory_equal(found.answers->logits, first.answers->logits, 8 * sizeof(float));
    mr_folding_finish(&found);
    assert_ok(mr_folding_load(store, 0, &found, &err), err);
    assert_int_equal(found.id, second.id);
    assert_ok(mr_folding_last(store, &last, &err), err);
    assert_int_equal(last, second.id);
    assert_false(found.in_sample);
    mr_folding_finish(&found);
    mr_folding_finish(&first);
    mr_folding_finish(&second);
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_answers_that_cannot_be(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_folding f = make_folding(4), found;
    struct mr_error err;

    f.answers->labels[1] = 2;
    assert_int_equal(mr_folding_add(store, &f, &err), MR_E_FORMAT);
    f.answers->labels[1] = 1;
    f.answers->ids[2] = f.answers->ids[1];
    assert_int_equal(mr_folding_add(store, &f, &err), MR_E_FORMAT);
    f.answers->ids[2]++;
    assert_ok(mr_folding_add(store, &f, &err), err);
    assert_int_equal(sqlite3_exec(store->db, "UPDATE folding SET n = 5", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(mr_folding_load(store, 0, &found, &err), MR_E_FORMAT);
    mr_folding_finish(&f);
    mr_store_close(store);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was_and_the_last_one_by_default),
        cmocka_unit_test(refuses_answers_that_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
