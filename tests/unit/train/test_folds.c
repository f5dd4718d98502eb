/* SPDX-License-Identifier: MIT */
#include "lab.h"

#include <misread/base/pool.h>
#include <misread/base/str.h>
#include <misread/interp/suspects.h>
#include <misread/nn/model.h>
#include <misread/nn/weights.h>
#include <misread/store/foldings.h>
#include <misread/store/images.h>
#include <misread/store/review.h>
#include <misread/train/evaluate.h>
#include <misread/train/folds.h>
#include <misread/train/series.h>

#define N_IMAGES (2 * LAB_N_PER_CLASS)

static struct mr_sandbox *sandbox;

static struct mr_train_options options_of_folds(void)
{
    struct mr_train_options o = lab_options();

    o.n_epochs = 4;
    o.n_threads = 1;
    return o;
}

static struct mr_folding fold(struct lab *lab, const struct mr_train_options *o, int n_folds)
{
    const struct mr_folds folds = {.place = &lab->place, .options = o, .n_folds = n_folds};
    struct mr_folding folding;
    struct mr_error err;

    assert_ok(mr_folds_run(&folds, &folding, &err), err);
    return folding;
}

static bool is_current(struct lab *lab, const struct mr_folding *folding)
{
    struct mr_error err;
    bool is = false;

    assert_ok(mr_folds_are_current(lab->store, folding, &is, &err), err);
    return is;
}

static void says_what_every_image_is_and_leaves_no_run_behind(void **state)
{
    struct mr_train_options o = options_of_folds();
    struct mr_folding folding;
    struct mr_run run = {0};
    struct lab lab;

    lab_open(&lab, sandbox);
    folding = fold(&lab, &o, 3);
    assert_int_equal(folding.n_folds, 3);
    assert_int_equal(folding.run, 0);
    assert_false(folding.in_sample);
    assert_int_equal(folding.answers->n, N_IMAGES);
    for (int i = 0; i < N_IMAGES; i++)
        assert_int_equal(folding.answers->ids[i], i + 1);
    assert_true(mr_evaluate_n_correct(folding.answers) > N_IMAGES * 3 / 4);
    assert_int_equal(mr_run_load(lab.store, 0, &run, NULL), MR_E_NOT_FOUND);
    mr_folding_finish(&folding);
    lab_close(&lab);
}

static void the_same_again_is_the_same_to_the_bit(void **state)
{
    struct mr_train_options o = options_of_folds();
    struct mr_folding a, b;
    struct lab lab;

    o.n_epochs = 2;
    lab_open(&lab, sandbox);
    a = fold(&lab, &o, 2);
    b = fold(&lab, &o, 2);
    assert_memory_equal(a.answers->logits, b.answers->logits,
                        2 * N_IMAGES * sizeof *a.answers->logits);
    mr_folding_finish(&a);
    mr_folding_finish(&b);
    lab_close(&lab);
}

/* A warm picture among the cold ones: a network that had seen it could have learned it by heart. */
static void a_wrong_label_is_the_first_suspect(void **state)
{
    struct mr_train_options o = options_of_folds();
    struct mr_image_table *table;
    struct mr_suspect *suspects;
    struct mr_folding folding;
    struct mr_error err;
    struct lab lab;
    char path[256];

    o.n_epochs = 8;
    lab_open(&lab, sandbox);
    snprintf(path, sizeof path, "%s/cold/wrong.jpg", lab.data);
    lab_write_image(path, 0, 99);
    folding = fold(&lab, &o, 3);
    assert_int_equal(mr_suspects_of(folding.answers, MR_SUSPECT_SELF, &suspects), N_IMAGES + 1);
    assert_ok(mr_images_load(lab.store, &table, &err), err);
    assert_string_equal(mr_images_find(table, suspects[0].image)->path, "cold/wrong.jpg");
    assert_int_equal(suspects[0].suggested, 1);
    free(suspects);
    mr_images_destroy(table);
    mr_folding_finish(&folding);
    lab_close(&lab);
}

/* The same body under another head. */
static void save_with_another_head(const char *from, const char *to)
{
    const struct mr_model_options options = {.arch = MR_ARCH_RESNET18,
                                             .n_classes = 2,
                                             .max_batch = 1,
                                             .h = 32,
                                             .w = 32,
                                             .head = MR_HEAD_CONCAT};
    struct mr_model *model = NULL;
    struct mr_pool *pool = NULL;
    struct mr_error err;

    assert_ok(mr_pool_create(&pool, 1, &err), err);
    assert_ok(mr_model_create(&model, &options, pool, &err), err);
    assert_ok(mr_weights_start(model, NULL, from, NULL, NULL, &err), err);
    mr_model_init_head(model, 99);
    assert_ok(mr_weights_save(model, to, NULL, 0, NULL, 0, &err), err);
    mr_model_destroy(model);
    mr_pool_destroy(pool);
}

static void weights_of_a_run_are_in_sample_and_its_head_is_not_taken(void **state)
{
    struct mr_train_options o = options_of_folds();
    struct mr_folding own, other;
    struct lab lab;
    char *best, *samples, path[256];
    int run;

    lab_open(&lab, sandbox);
    o.head = MR_HEAD_OF_FASTAI;
    run = lab_train(&lab, &o);
    best = mr_run_path(lab.store, run, "best.safetensors");
    snprintf(path, sizeof path, "%s/other.safetensors", lab.root);
    save_with_another_head(best, path);
    o.n_epochs = 1;
    mr_str_copy(o.weights, sizeof o.weights, best);
    own = fold(&lab, &o, 2);
    mr_str_copy(o.weights, sizeof o.weights, path);
    other = fold(&lab, &o, 2);
    assert_true(own.in_sample);
    assert_int_equal(own.run, run);
    assert_false(other.in_sample); /* this one says no more where it is from */
    assert_memory_equal(own.answers->logits, other.answers->logits,
                        2 * N_IMAGES * sizeof *own.answers->logits);
    mr_folding_finish(&own);
    mr_folding_finish(&other);
    assert_int_equal(rename(best, path), 0);
    own = fold(&lab, &o, 2);
    assert_true(own.in_sample);
    mr_folding_finish(&own);
    assert_int_equal(rename(path, best), 0); /* where it was, but nobody knows what of */
    mr_str_copy(o.weights, sizeof o.weights, best);
    samples = mr_run_path(lab.store, run, "samples.txt");
    assert_int_equal(remove(samples), 0);
    own = fold(&lab, &o, 2);
    assert_true(own.in_sample);
    mr_folding_finish(&own);
    free(samples);
    free(best);
    lab_close(&lab);
}

static void is_current_until_a_label_changes_or_an_image_comes(void **state)
{
    struct mr_train_options o = options_of_folds();
    struct mr_decision d = {.image = 3, .kind = MR_DECISION_RELABEL, .to_class = 1, .reader = "a"};
    struct mr_folding folding, again;
    struct mr_error err;
    struct lab lab;
    char path[256];

    o.n_epochs = 1;
    lab_open(&lab, sandbox);
    folding = fold(&lab, &o, 2);
    assert_ok(mr_folding_add(lab.store, &folding, &err), err);
    assert_true(is_current(&lab, &folding));
    assert_ok(mr_decision_add(lab.store, &d, &err), err);
    assert_false(is_current(&lab, &folding));
    d = (struct mr_decision){.kind = MR_DECISION_UNDO, .target = d.id, .reader = "a"};
    assert_ok(mr_decision_add(lab.store, &d, &err), err);
    assert_true(is_current(&lab, &folding));
    d = (struct mr_decision){.image = 3, .kind = MR_DECISION_EXCLUDE, .to_class = 1, .reader = "a"};
    assert_ok(mr_decision_add(lab.store, &d, &err), err);
    assert_false(is_current(&lab, &folding));
    d = (struct mr_decision){.kind = MR_DECISION_UNDO, .target = d.id, .reader = "a"};
    assert_ok(mr_decision_add(lab.store, &d, &err), err);
    snprintf(path, sizeof path, "%s/cold/new.jpg", lab.data);
    lab_write_image(path, 1, 98);
    again = fold(&lab, &o, 2);
    assert_int_equal(again.answers->n, N_IMAGES + 1);
    assert_false(is_current(&lab, &folding));
    assert_true(is_current(&lab, &again));
    mr_folding_finish(&folding);
    mr_folding_finish(&again);
    lab_close(&lab);
}

static bool say_no_in_the_second_fold(void *ctx, const struct mr_series_progress *progress)
{
    int *last = ctx;

    assert_in_range(progress->index, *last, *last + 1);
    *last = progress->index;
    return progress->index < 2;
}

static void is_cancelled_between_any_two_steps(void **state)
{
    struct mr_train_options o = options_of_folds();
    int fold_seen = 1;
    struct mr_folds folds = {
        .options = &o, .n_folds = 3, .progress = say_no_in_the_second_fold, .ctx = &fold_seen};
    struct mr_folding folding;
    struct mr_error err;
    struct lab lab;

    o.n_epochs = 1;
    lab_open(&lab, sandbox);
    folds.place = &lab.place;
    assert_int_equal(mr_folds_run(&folds, &folding, &err), MR_E_CANCELLED);
    assert_int_equal(fold_seen, 2);
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_every_image_is_and_leaves_no_run_behind),
        cmocka_unit_test(the_same_again_is_the_same_to_the_bit),
        cmocka_unit_test(a_wrong_label_is_the_first_suspect),
        cmocka_unit_test(weights_of_a_run_are_in_sample_and_its_head_is_not_taken),
        cmocka_unit_test(is_current_until_a_label_changes_or_an_image_comes),
        cmocka_unit_test(is_cancelled_between_any_two_steps),
    };

    lab_main(sandbox, tests);
}
