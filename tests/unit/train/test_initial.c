/* SPDX-License-Identifier: MIT */
/* What a run starts from: another run's weights, at any size. */
#include "lab.h"

#include <stdatomic.h>

#include <misread/base/pool.h>
#include <misread/nn/model.h>
#include <misread/nn/weights.h>
#include <misread/train/evaluate.h>

#include "training.h"

static struct mr_sandbox *sandbox;
static struct lab lab;
static struct mr_train_options parent_options;
static int parent;

/* One run of a few epochs, from scratch, that all cases start from. */
static int setup(void **state)
{
    lab_open(&lab, sandbox);
    parent_options = lab_options();
    parent = lab_train(&lab, &parent_options);
    return 0;
}

static int teardown(void **state)
{
    lab_close(&lab);
    return 0;
}

static void from_parent(struct mr_train_options *o)
{
    char *path = mr_run_path(lab.store, parent, "best.safetensors");

    *o = lab_options();
    o->from_run = parent;
    snprintf(o->weights, sizeof o->weights, "%s", path);
    free(path);
}

/* All that a run prepares, in memory alone. */
struct start {
    struct mr_training training;
    atomic_bool never;
};

static bool goes_on(void *ctx, const struct mr_run *run)
{
    return true;
}

static struct start *start_create(const struct mr_train_options *options)
{
    struct start *start = calloc(1, sizeof *start);
    struct mr_training *s = &start->training;
    struct mr_error err;

    s->options = *options;
    assert_ok(mr_trainer_settle(&lab.place, &s->options, &err), err);
    s->data_dir = lab.data;
    s->sandbox = sandbox;
    s->control = (struct mr_control){
        .store = lab.store, .ask_stop = &start->never, .version = -1, .rate = 1};
    s->progress = (struct mr_progress){.store = lab.store, .listen = goes_on};
    assert_ok(mr_training_prepare(s, &err), err);
    return start;
}

static void start_destroy(struct start *start)
{
    mr_training_finish(&start->training);
    mr_run_finish(&start->training.progress.run);
    free(start);
}

/* The weights of the parent's file in a network like the one that starts. */
static bool has_weights_of_parent(struct mr_training *s)
{
    struct mr_model_options options = *mr_model_get_options(s->model);
    struct mr_model *model = NULL;
    struct mr_error err;
    bool is_equal;

    assert_ok(mr_model_create(&model, &options, s->pool, &err), err);
    assert_ok(mr_weights_load(model, s->options.weights, NULL, &err), err);
    assert_int_equal(mr_model_n_params(model), mr_model_n_params(s->model));
    is_equal = !memcmp(mr_model_params(model), mr_model_params(s->model),
                       mr_model_n_params(model) * sizeof(float));
    mr_model_destroy(model);
    return is_equal;
}

static struct mr_predictions *answers_of(struct mr_training *s)
{
    struct mr_evaluation evaluation = {.model = s->model, .loader = s->valid_feed.loader};
    struct mr_predictions *found = NULL;
    struct mr_error err;

    assert_ok(mr_evaluate(&evaluation, &found, &err), err);
    return found;
}

static int best_epoch(void)
{
    struct mr_epoch *epochs = NULL;
    struct mr_error err;
    int n = 0, at = 0, epoch;

    assert_ok(mr_epochs_load(lab.store, parent, &epochs, &n, &err), err);
    for (int i = 1; i < n; i++)
        if (epochs[i].n_correct > epochs[at].n_correct)
            at = i;
    epoch = epochs[at].epoch;
    free(epochs);
    return epoch;
}

static void begins_with_the_weights_of_the_run_to_the_bit_at_another_size(void **state)
{
    static const int sizes[] = {32, 48, 65};
    struct mr_train_options o;

    from_parent(&o);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct start *start;

        o.size_px = sizes[i];
        start = start_create(&o);
        assert_int_equal(start->training.options.head, MR_HEAD_OF_TORCHVISION);
        assert_true(has_weights_of_parent(&start->training));
        start_destroy(start);
    }
}

static void answers_as_the_run_did_at_its_size(void **state)
{
    struct mr_train_options o;
    struct mr_predictions *then = NULL, *now;
    struct mr_error err;
    struct start *start;

    from_parent(&o);
    start = start_create(&o);
    now = answers_of(&start->training);
    assert_ok(mr_predictions_load(lab.store, parent, best_epoch(), MR_SIDE_VALID, &then, &err),
              err);
    assert_int_equal(then->n, now->n);
    assert_memory_equal(then->logits, now->logits,
                        (size_t)now->n * (size_t)now->n_classes * sizeof *now->logits);
    mr_predictions_destroy(then);
    mr_predictions_destroy(now);
    start_destroy(start);
}

/* Named as a file it is no less a run's. */
static void takes_the_head_of_a_run_on_the_same_classes_that_is_named_as_a_file(void **state)
{
    struct mr_train_options o;
    struct start *start;

    from_parent(&o);
    o.from_run = 0;
    start = start_create(&o);
    assert_true(has_weights_of_parent(&start->training));
    start_destroy(start);
    o.head = MR_HEAD_OF_FASTAI; /* asked for: a new one */
    start = start_create(&o);
    assert_int_equal(mr_model_get_options(start->training.model)->head, MR_HEAD_CONCAT);
    start_destroy(start);
}

static void is_recorded_with_what_it_started_from(void **state)
{
    struct mr_train_options o, recorded;
    struct mr_error err;
    struct mr_run row;
    int run, again;

    from_parent(&o);
    o.size_px = 48;
    o.n_epochs = 1;
    o.n_whole = 1;
    run = lab_train(&lab, &o);
    row = lab_run(&lab, run);
    assert_int_equal(row.state, MR_RUN_DONE);
    assert_ok(mr_train_options_from_json(&recorded, row.options, &err), err);
    assert_int_equal(recorded.from_run, parent);
    assert_int_equal(recorded.head, MR_HEAD_OF_TORCHVISION);
    assert_int_equal(recorded.size_px, 48);
    assert_string_equal(recorded.weights, o.weights);
    again = lab_train(&lab, &recorded);
    assert_true(lab_files_equal(&lab, run, again, "last.safetensors"));
    mr_run_finish(&row);
}

static void refused(const struct mr_train_options *o, const char *word)
{
    struct mr_trainer *trainer = NULL;
    struct mr_run *runs = NULL;
    struct mr_error err = {0};
    int run, n_before, n_after;

    assert_ok(mr_runs_load(lab.store, &runs, &n_before, &err), err);
    mr_runs_destroy(runs, n_before);
    assert_int_not_equal(mr_trainer_start(&trainer, &lab.place, o, &run, &err), MR_OK);
    if (!strstr(err.message, word))
        fail_msg("'%s' is not in: %s", word, err.message);
    assert_ok(mr_runs_load(lab.store, &runs, &n_after, &err), err);
    mr_runs_destroy(runs, n_after);
    assert_int_equal(n_before, n_after);
}

static void refuses_another_head_and_another_network(void **state)
{
    struct mr_train_options o;

    from_parent(&o);
    o.head = MR_HEAD_OF_FASTAI;
    refused(&o, "another head than its own, which is torchvision's");
    from_parent(&o);
    o.arch = MR_ARCH_RESNET34;
    refused(&o, "cannot start resnet34 from");
}

/* Last: the data set is another one from here on. */
static void refuses_other_classes_and_as_a_file_takes_the_body_alone(void **state)
{
    struct mr_train_options o;
    struct mr_error err;
    struct start *start;
    char path[256];

    snprintf(path, sizeof path, "%s/hot", lab.data);
    assert_ok(mr_dir_make(path, 0700, &err), err);
    for (int i = 0; i < 8; i++) {
        snprintf(path, sizeof path, "%s/hot/%02d.jpg", lab.data, i);
        lab_write_image(path, 0, 100 + i);
    }
    from_parent(&o);
    refused(&o, "it does not know the class 'hot'");
    o.from_run = 0;
    start = start_create(&o);
    assert_int_equal(mr_model_get_options(start->training.model)->head, MR_HEAD_CONCAT);
    start_destroy(start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_the_weights_of_the_run_to_the_bit_at_another_size),
        cmocka_unit_test(answers_as_the_run_did_at_its_size),
        cmocka_unit_test(takes_the_head_of_a_run_on_the_same_classes_that_is_named_as_a_file),
        cmocka_unit_test(is_recorded_with_what_it_started_from),
        cmocka_unit_test(refuses_another_head_and_another_network),
        cmocka_unit_test(refuses_other_classes_and_as_a_file_takes_the_body_alone),
    };

    lab_main_with(sandbox, tests, setup, teardown);
}
