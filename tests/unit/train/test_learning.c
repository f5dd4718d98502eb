/* SPDX-License-Identifier: MIT */
#include "lab.h"

#include <math.h>

#include <misread/base/str.h>
#include <misread/store/images.h>
#include <misread/store/learnings.h>
#include <misread/store/review.h>
#include <misread/train/learning.h>
#include <misread/train/series.h>

static struct mr_sandbox *sandbox;

/* A run, and the options of heads on the body that it kept. */
static struct mr_train_options heads_on_a_run(struct lab *lab, int *run)
{
    struct mr_train_options o = lab_options();
    char *best;

    o.n_threads = 1;
    *run = lab_train(lab, &o);
    best = mr_run_path(lab->store, *run, "best.safetensors");
    mr_str_copy(o.weights, sizeof o.weights, best);
    o.freeze = MR_FREEZE_FIXED;
    o.n_epochs = 3;
    free(best);
    return o;
}

static struct mr_learning_plan plan_of(struct lab *lab, const struct mr_train_options *o)
{
    static const double shares[] = {.25, .5, 1};

    return (struct mr_learning_plan){
        .place = &lab->place, .options = o, .shares = shares, .n_shares = 3, .n_seeds = 2};
}

static void asks_heads_of_every_size_about_the_same_images(void **state)
{
    struct mr_learning a, b;
    struct mr_learning_plan plan;
    struct mr_train_options o;
    struct mr_run last = {0};
    struct mr_error err;
    struct lab lab;
    int run, n_right = 0;

    lab_open(&lab, sandbox);
    o = heads_on_a_run(&lab, &run);
    plan = plan_of(&lab, &o);
    assert_ok(mr_learning_run(&plan, &a, &err), err);
    assert_int_equal(a.n_sizes, 3);
    assert_int_equal(a.n_seeds, 2);
    assert_int_equal(a.sizes[2] + a.n_valid, 2 * LAB_N_PER_CLASS);
    assert_int_equal(a.sizes[0], 2 * lround(a.sizes[2] / 2 * .25)); /* two classes alike */
    assert_int_equal(a.sizes[1], 2 * lround(a.sizes[2] / 2 * .5));
    for (int i = 0; i < a.n_valid; i++)
        n_right += a.right[4 * a.n_valid + i]; /* the first seed's head on all images */
    assert_true(n_right > a.n_valid * 3 / 4);
    assert_ok(mr_run_load(lab.store, 0, &last, &err), err);
    assert_int_equal(last.id, run); /* none was added */
    mr_run_finish(&last);
    assert_ok(mr_learning_run(&plan, &b, &err), err);
    assert_memory_equal(a.right, b.right, (size_t)(6 * a.n_valid));
    mr_learning_finish(&a);
    mr_learning_finish(&b);
    lab_close(&lab);
}

/* At next to no learning rate a head stays what it was; one out of the file would know the images.
 */
static void every_seed_begins_with_a_head_of_its_own(void **state)
{
    struct mr_learning_plan plan;
    struct mr_train_options o;
    struct mr_learning l;
    struct mr_error err;
    struct lab lab;
    int run;

    lab_open(&lab, sandbox);
    o = heads_on_a_run(&lab, &run);
    o.n_epochs = 1;
    o.lr = 1e-9;
    plan = plan_of(&lab, &o);
    plan.shares++;
    plan.n_shares = 2;
    assert_ok(mr_learning_run(&plan, &l, &err), err);
    assert_memory_not_equal(l.right, l.right + l.n_valid, (size_t)l.n_valid);
    mr_learning_finish(&l);
    lab_close(&lab);
}

static void says_whether_the_body_had_seen_the_images(void **state)
{
    struct mr_learning_plan plan;
    struct mr_learning own, other;
    struct mr_train_options o;
    struct mr_error err;
    struct lab lab, elsewhere;
    char copy[256];
    int run;

    lab_open(&lab, sandbox);
    lab_open(&elsewhere, sandbox);
    o = heads_on_a_run(&lab, &run);
    o.n_epochs = 1;
    plan = plan_of(&lab, &o);
    plan.n_seeds = 1;
    assert_ok(mr_learning_run(&plan, &own, &err), err);
    assert_true(own.in_sample);
    snprintf(copy, sizeof copy, "%s/body.safetensors", elsewhere.root);
    assert_int_equal(rename(o.weights, copy), 0);
    mr_str_copy(o.weights, sizeof o.weights, copy);
    plan.place = &elsewhere.place; /* no run of that project made it */
    assert_ok(mr_learning_run(&plan, &other, &err), err);
    assert_false(other.in_sample);
    mr_learning_finish(&own);
    mr_learning_finish(&other);
    lab_close(&lab);
    lab_close(&elsewhere);
}

static bool say_no_to_the_third(void *ctx, const struct mr_series_progress *progress)
{
    int *last = ctx;

    assert_in_range(progress->index, *last, *last + 1);
    assert_int_equal(progress->n, 6);
    *last = progress->index;
    return progress->index < 3;
}

static void is_cancelled_between_any_two_steps(void **state)
{
    struct mr_learning_plan plan;
    struct mr_learning learning;
    struct mr_train_options o;
    struct mr_error err;
    struct lab lab;
    int run, seen = 1;

    lab_open(&lab, sandbox);
    o = heads_on_a_run(&lab, &run);
    plan = plan_of(&lab, &o);
    plan.progress = say_no_to_the_third;
    plan.ctx = &seen;
    assert_int_equal(mr_learning_run(&plan, &learning, &err), MR_E_CANCELLED);
    assert_string_equal(err.message, "the learning curve was cancelled");
    assert_int_equal(seen, 3);
    lab_close(&lab);
}

/* A reader who finds, after the first head, that all labels are the wrong way round. */
static bool swap_the_labels(void *ctx, const struct mr_series_progress *progress)
{
    struct mr_store *store = ctx;
    struct mr_image_table *images = NULL;
    struct mr_error err;

    assert_ok(mr_images_load(store, &images, &err), err);
    for (int i = 0; progress->index == 2 && i < images->n; i++) {
        struct mr_decision d = {.image = images->rows[i].id,
                                .kind = MR_DECISION_RELABEL,
                                .to_class = 1 - images->rows[i].class_id,
                                .reader = "a"};

        assert_ok(mr_decision_add(store, &d, &err), err);
    }
    mr_images_destroy(images);
    return true;
}

static void does_not_mix_answers_by_labels_that_changed(void **state)
{
    struct mr_learning learning = {0};
    struct mr_learning_plan plan;
    struct mr_train_options o;
    struct mr_error err;
    struct lab lab;
    int run;

    lab_open(&lab, sandbox);
    o = heads_on_a_run(&lab, &run);
    plan = plan_of(&lab, &o);
    plan.progress = swap_the_labels;
    plan.ctx = lab.store;
    assert_int_equal(mr_learning_run(&plan, &learning, &err), MR_E_BUSY);
    assert_non_null(strstr(err.message, "changed meanwhile"));
    assert_null(learning.right);
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_heads_of_every_size_about_the_same_images),
        cmocka_unit_test(every_seed_begins_with_a_head_of_its_own),
        cmocka_unit_test(says_whether_the_body_had_seen_the_images),
        cmocka_unit_test(is_cancelled_between_any_two_steps),
        cmocka_unit_test(does_not_mix_answers_by_labels_that_changed),
    };

    lab_main(sandbox, tests);
}
