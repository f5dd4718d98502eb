/* SPDX-License-Identifier: MIT */
#include "project.h"

#include <math.h>

#include <misread/base/clock.h>
#include <misread/base/rng.h>
#include <misread/store/runs.h>

#include "sql.h"

static struct mr_store *open_with_run(const char *dir)
{
    struct mr_store *store = open_store(dir);
    struct mr_run run = {.state = MR_RUN_TRAINING, .arch = "resnet18"};
    struct mr_error err;

    assert_ok(mr_run_create(store, &run, &err), err);
    return store;
}

static struct mr_predictions *make_predictions(int n, int n_classes, uint64_t seed)
{
    struct mr_predictions *p = mr_xalloc(1, sizeof *p);
    struct mr_rng rng = mr_rng_make(seed, 1, 2, 3);

    p->n = n;
    p->n_classes = n_classes;
    p->ids = mr_xalloc((size_t)n + 1, sizeof *p->ids);
    p->labels = mr_xalloc((size_t)n + 1, sizeof *p->labels);
    p->losses = mr_xalloc((size_t)n + 1, sizeof *p->losses);
    p->logits = mr_xalloc((size_t)n * (size_t)n_classes + 1, sizeof *p->logits);
    for (int i = 0; i < n; i++) {
        p->ids[i] = INT64_C(5000000000) + 3 * i;
        p->labels[i] = i % n_classes;
        p->losses[i] = (float)mr_rng_normal(&rng);
    }
    for (int i = 0; i < n * n_classes; i++)
        p->logits[i] = (float)mr_rng_normal(&rng);
    return p;
}

static void assert_same(const struct mr_predictions *a, const struct mr_predictions *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_classes, b->n_classes);
    assert_memory_equal(a->ids, b->ids, (size_t)a->n * sizeof *a->ids);
    assert_memory_equal(a->labels, b->labels, (size_t)a->n * sizeof *a->labels);
    assert_memory_equal(a->losses, b->losses, (size_t)a->n * sizeof *a->losses);
    assert_memory_equal(a->logits, b->logits,
                        (size_t)a->n * (size_t)a->n_classes * sizeof *a->logits);
}

static void gives_back_steps_from_any_number_on(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_run(dir);
    struct mr_step steps[100], *back;
    struct mr_error err;
    int n;

    for (int i = 0; i < 100; i++)
        steps[i] = (struct mr_step){i, 1 + i / 50, i * .1, i * .2, i * .3, i * .4};
    steps[7].loss = NAN;
    steps[8].loss = INFINITY;
    assert_ok(mr_steps_add(store, 1, steps, 100, &err), err);
    assert_ok(mr_steps_load(store, 1, 0, &back, &n, &err), err);
    assert_int_equal(n, 100);
    for (int i = 0; i < n; i++) {
        assert_int_equal(back[i].step, i);
        assert_int_equal(back[i].epoch, 1 + i / 50);
        assert_true(i == 7 ? isnan(back[i].loss) : back[i].loss == steps[i].loss);
        assert_true(back[i].lr == i * .2 && back[i].momentum == i * .3);
        assert_true(back[i].images_per_s == i * .4);
    }
    free(back);
    assert_ok(mr_steps_load(store, 1, 98, &back, &n, &err), err);
    assert_int_equal(n, 2);
    assert_int_equal(back[0].step, 98);
    free(back);
    assert_ok(mr_steps_load(store, 1, 100, &back, &n, &err), err);
    assert_int_equal(n, 0);
    free(back);
    mr_store_close(store);
    remove_folder(dir);
}

static void replaces_steps_after_a_resume(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_run(dir);
    struct mr_step steps[4] = {{0, 1, 1.}, {1, 1, 2.}, {2, 1, 3.}, {3, 1, 4.}}, *back;
    struct mr_step again[2] = {{2, 1, 30.}, {3, 1, 40.}};
    struct mr_error err;
    int n;

    assert_ok(mr_steps_add(store, 1, steps, 4, &err), err);
    assert_ok(mr_steps_add(store, 1, again, 2, &err), err);
    assert_ok(mr_steps_load(store, 1, 0, &back, &n, &err), err);
    assert_int_equal(n, 4);
    assert_true(back[1].loss == 2. && back[2].loss == 30. && back[3].loss == 40.);
    free(back);
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_steps_of_a_run_that_is_not_there(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_run(dir);
    struct mr_step steps[2] = {{0}, {1}}, *back;
    struct mr_error err;
    int n;

    assert_int_equal(mr_steps_add(store, 2, steps, 2, &err), MR_E_STORE);
    assert_non_null(strstr(err.message, "save the steps"));
    assert_ok(mr_steps_add(store, 1, steps, 2, &err), err); /* no transaction was left open */
    assert_ok(mr_steps_load(store, 2, 0, &back, &n, &err), err);
    assert_int_equal(n, 0);
    free(back);
    mr_store_close(store);
    remove_folder(dir);
}

static void gives_back_epochs_in_order(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_run(dir);
    struct mr_epoch in[3] = {
        {2, .1, .2, 30, 40, 1.5}, {1, .3, NAN, 20, 40, 2.5}, {2, .4, .5, 31, 41, 3.5}};
    struct mr_epoch *back;
    struct mr_error err;
    int n;

    for (int i = 0; i < 3; i++) /* the third replaces the first */
        assert_ok(mr_epoch_add(store, 1, &in[i], NULL, NULL, &err), err);
    assert_ok(mr_epochs_load(store, 1, &back, &n, &err), err);
    assert_int_equal(n, 2);
    assert_int_equal(back[0].epoch, 1);
    assert_true(back[0].train_loss == .3 && isnan(back[0].valid_loss) && back[0].seconds == 2.5);
    assert_int_equal(back[1].epoch, 2);
    assert_true(back[1].train_loss == .4 && back[1].valid_loss == .5);
    assert_int_equal(back[1].n_correct, 31);
    assert_int_equal(back[1].n_valid, 41);
    free(back);
    mr_store_close(store);
    remove_folder(dir);
}

static void gives_back_predictions_bit_for_bit(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_run(dir);
    struct mr_predictions *valid = make_predictions(257, 5, 1), *train = make_predictions(31, 5, 2);
    struct mr_predictions *back;
    struct mr_epoch epoch = {.epoch = 3};
    struct mr_error err;
    uint32_t odd = 0x7fc12345; /* a NaN with a payload */

    memcpy(&valid->logits[4], &odd, 4);
    valid->logits[5] = -0.0f;
    valid->losses[6] = INFINITY;
    assert_ok(mr_epoch_add(store, 1, &epoch, valid, train, &err), err);
    mr_store_close(store);
    store = open_store(dir);
    assert_ok(mr_predictions_load(store, 1, 3, MR_SIDE_VALID, &back, &err), err);
    assert_same(valid, back);
    assert_int_equal(back->run, 1);
    assert_int_equal(back->epoch, 3);
    assert_int_equal(back->side, MR_SIDE_VALID);
    mr_predictions_destroy(back);
    assert_ok(mr_predictions_load(store, 1, 0, MR_SIDE_TRAIN, &back, &err), err);
    assert_same(train, back);
    assert_int_equal(back->side, MR_SIDE_TRAIN);
    mr_predictions_destroy(back);
    mr_predictions_destroy(valid);
    mr_predictions_destroy(train);
    mr_predictions_destroy(NULL);
    mr_store_close(store);
    remove_folder(dir);
}

static void takes_a_side_without_images(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_run(dir);
    struct mr_predictions none = {.n_classes = 3}, *back;
    struct mr_epoch epoch = {.epoch = 1};
    struct mr_error err;

    assert_ok(mr_epoch_add(store, 1, &epoch, &none, NULL, &err), err);
    assert_ok(mr_predictions_load(store, 1, 1, MR_SIDE_VALID, &back, &err), err);
    assert_int_equal(back->n, 0);
    assert_int_equal(back->n_classes, 3);
    mr_predictions_destroy(back);
    mr_store_close(store);
    remove_folder(dir);
}

static void finds_the_epoch_asked_for_or_the_last(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_run(dir);
    struct mr_predictions *p, *back = NULL;
    struct mr_error err;

    assert_int_equal(mr_predictions_load(store, 1, 0, MR_SIDE_VALID, &back, &err), MR_E_NOT_FOUND);
    for (int e = 1; e <= 11; e++) {
        struct mr_epoch epoch = {.epoch = e};

        p = make_predictions(e, 2, 9);
        assert_ok(mr_epoch_add(store, 1, &epoch, p, e == 4 ? p : NULL, &err), err);
        mr_predictions_destroy(p);
    }
    assert_ok(mr_predictions_load(store, 1, 0, MR_SIDE_VALID, &back, &err), err);
    assert_int_equal(back->epoch, 11);
    assert_int_equal(back->n, 11);
    mr_predictions_destroy(back);
    assert_ok(mr_predictions_load(store, 1, 7, MR_SIDE_VALID, &back, &err), err);
    assert_int_equal(back->n, 7);
    mr_predictions_destroy(back);
    assert_ok(mr_predictions_load(store, 1, 0, MR_SIDE_TRAIN, &back, &err), err);
    assert_int_equal(back->epoch, 4);
    mr_predictions_destroy(back);
    back = NULL;
    assert_int_equal(mr_predictions_load(store, 1, 12, MR_SIDE_VALID, &back, &err), MR_E_NOT_FOUND);
    assert_int_equal(mr_predictions_load(store, 2, 0, MR_SIDE_VALID, &back, &err), MR_E_NOT_FOUND);
    assert_null(back);
    mr_store_close(store);
    remove_folder(dir);
}

static void replaces_both_sides_of_an_epoch_trained_again(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_run(dir);
    struct mr_predictions *a = make_predictions(9, 2, 1), *b = make_predictions(9, 2, 2), *back;
    struct mr_epoch epoch = {.epoch = 1};
    struct mr_error err;

    assert_ok(mr_epoch_add(store, 1, &epoch, a, a, &err), err);
    assert_ok(mr_epoch_add(store, 1, &epoch, b, NULL, &err), err);
    assert_ok(mr_predictions_load(store, 1, 1, MR_SIDE_VALID, &back, &err), err);
    assert_same(b, back);
    mr_predictions_destroy(back);
    assert_int_equal(mr_predictions_load(store, 1, 1, MR_SIDE_TRAIN, &back, &err), MR_E_NOT_FOUND);
    mr_predictions_destroy(a);
    mr_predictions_destroy(b);
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_predictions_that_interp_could_not_search(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_run(dir);
    struct mr_predictions *p = make_predictions(5, 3, 1);
    struct mr_epoch epoch = {.epoch = 1}, *epochs;
    struct mr_error err;
    int n;

    p->ids[3] = p->ids[2];
    assert_int_equal(mr_epoch_add(store, 1, &epoch, p, NULL, &err), MR_E_FORMAT);
    p->ids[3]++;
    p->labels[4] = 3;
    assert_int_equal(mr_epoch_add(store, 1, &epoch, p, NULL, &err), MR_E_FORMAT);
    assert_ok(mr_epochs_load(store, 1, &epochs, &n, &err), err);
    assert_int_equal(n, 0); /* nor was the epoch itself kept */
    free(epochs);
    p->labels[4] = 2;
    assert_ok(mr_epoch_add(store, 1, &epoch, p, NULL, &err), err);
    mr_predictions_destroy(p);
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_blobs_that_do_not_fit_their_counts(void **state)
{
    static const char *const damages[] = {
        "UPDATE prediction SET ids = substr(ids, 1, length(ids) - 1)",
        "UPDATE prediction SET labels = substr(labels, 1, length(labels) - 4)",
        "UPDATE prediction SET losses = zeroblob(length(losses) + 4)",
        "UPDATE prediction SET logits = substr(logits, 1, length(logits) - 1)",
        "UPDATE prediction SET logits = x''",
        "UPDATE prediction SET n = n + 1",
        "UPDATE prediction SET n_classes = n_classes + 1",
        "UPDATE prediction SET n = 4294967296 * 1024, n_classes = 4294967296",
        "UPDATE prediction SET labels = randomblob(length(labels))",
        "UPDATE prediction SET ids = zeroblob(length(ids))",
    };

    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        char *dir = make_folder();
        struct mr_store *store = open_with_run(dir);
        struct mr_predictions *p = make_predictions(40, 3, 1), *back = NULL;
        struct mr_epoch epoch = {.epoch = 1};
        struct mr_error err;

        assert_ok(mr_epoch_add(store, 1, &epoch, p, NULL, &err), err);
        assert_int_equal(sqlite3_exec(store->db, damages[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(mr_predictions_load(store, 1, 1, MR_SIDE_VALID, &back, &err), MR_E_FORMAT);
        assert_non_null(strstr(err.message, "damaged"));
        assert_null(back);
        mr_predictions_destroy(p);
        mr_store_close(store);
        remove_folder(dir);
    }
}

static void loads_a_hundred_thousand_predictions(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_run(dir);
    struct mr_predictions *p = make_predictions(100000, 20, 1), *back;
    struct mr_epoch epoch = {.epoch = 1};
    struct mr_error err;
    int64_t start = mr_clock_ms(), saved, opened;

    assert_ok(mr_epoch_add(store, 1, &epoch, p, NULL, &err), err);
    saved = mr_clock_ms();
    mr_store_close(store);
    store = open_store(dir);
    opened = mr_clock_ms();
    assert_ok(mr_predictions_load(store, 1, 0, MR_SIDE_VALID, &back, &err), err);
    print_message("100,000 x 20 predictions: saved in %d ms, loaded in %d ms\n",
                  (int)(saved - start), (int)(mr_clock_ms() - opened));
    assert_same(p, back);
    mr_predictions_destroy(p);
    mr_predictions_destroy(back);
    mr_store_close(store);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_steps_from_any_number_on),
        cmocka_unit_test(replaces_steps_after_a_resume),
        cmocka_unit_test(refuses_steps_of_a_run_that_is_not_there),
        cmocka_unit_test(gives_back_epochs_in_order),
        cmocka_unit_test(gives_back_predictions_bit_for_bit),
        cmocka_unit_test(takes_a_side_without_images),
        cmocka_unit_test(finds_the_epoch_asked_for_or_the_last),
        cmocka_unit_test(replaces_both_sides_of_an_epoch_trained_again),
        cmocka_unit_test(refuses_predictions_that_interp_could_not_search),
        cmocka_unit_test(refuses_blobs_that_do_not_fit_their_counts),
        cmocka_unit_test(loads_a_hundred_thousand_predictions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
