/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>
#include <signal.h>
#include <sys/wait.h>

#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/base/rng.h>
#include <misread/data/loader.h>
#include <misread/nn/model.h>
#include <misread/nn/weights.h>
#include <misread/nn/weights_file.h>
#include <misread/store/runs.h>
#include <misread/train/evaluate.h>
#include <misread/train/trainer.h>

#include "checkpoint.h"
#include "updater.h"

#define N_TRAIN   5
#define N_CLASSES 3

/* Everything a checkpoint is made of, filled with numbers that depend on a seed. */
struct bench {
    char *folder, path[128];
    struct mr_model *model;
    struct mr_updater updater;
    float *average;
    struct mr_predictions *train;
    struct mr_train_options options;
    struct mr_checkpoint checkpoint;
};

static char *const class_names[] = {"a", "b\xff\x1b[2J", "c\"\\"};

static void fill(float *x, size_t n, uint64_t seed)
{
    struct mr_rng rng = mr_rng_make(seed, n, 0, 0);

    for (size_t i = 0; i < n; i++)
        x[i] = (float)mr_rng_between(&rng, .1, 1); /* running variances must be positive */
}

static void fill_all(struct bench *b, uint64_t seed)
{
    fill(mr_model_params(b->model), mr_model_n_params(b->model), seed);
    fill(b->updater.m, b->updater.n_params, seed + 1);
    if (b->updater.v)
        fill(b->updater.v, b->updater.n_params, seed + 2);
    fill(b->average, mr_model_n_params(b->model), seed + 5);
    fill(b->train->logits, N_TRAIN * N_CLASSES, seed + 3);
    fill(b->train->losses, N_TRAIN, seed + 4);
}

static void set_up(struct bench *b, enum mr_optimizer_kind kind)
{
    static const struct mr_sample samples[N_TRAIN] = {{1, 0}, {2, 1}, {3, 2}, {4, 0}, {9, 1}};
    struct mr_model_options model = {MR_ARCH_RESNET18, N_CLASSES, 2, 32, 32, true};
    struct mr_updater_options updating = mr_updater_options_default();
    struct mr_error err;

    memset(b, 0, sizeof *b);
    b->folder = make_folder();
    snprintf(b->path, sizeof b->path, "%s/last.safetensors", b->folder);
    assert_ok(mr_model_create(&b->model, &model, NULL, &err), err);
    updating.kind = kind;
    assert_ok(mr_updater_init(&b->updater, b->model, &updating, &err), err);
    b->average = malloc(mr_model_n_params(b->model) * sizeof *b->average);
    b->train = mr_evaluate_room(samples, N_TRAIN, N_CLASSES);
    b->options = mr_train_defaults();
    b->checkpoint = (struct mr_checkpoint){
        .model = b->model,
        .updater = &b->updater,
        .average = b->average,
        .train = b->train,
        .options = &b->options,
        .classes = class_names,
        .n_classes = N_CLASSES,
        .samples_hash = "abc",
        .at = {.epoch = 2,
               .step_in_epoch = 3,
               .step = 17,
               .n_batches = 7,
               .rate = 1. / 3,
               .best_accuracy = 2. / 3,
               .best_epoch = 1,
               .n_threads = 2,
               .epoch_ms = 12345},
    };
    fill_all(b, 1);
}

static void tear_down(struct bench *b)
{
    mr_updater_finish(&b->updater);
    free(b->average);
    mr_predictions_destroy(b->train);
    mr_model_destroy(b->model);
    remove_folder(b->folder);
}

static void assert_holds(const float *x, size_t n, uint64_t seed)
{
    struct mr_rng rng = mr_rng_make(seed, n, 0, 0);

    for (size_t i = 0; i < n; i++)
        if (x[i] != (float)mr_rng_between(&rng, .1, 1))
            fail_msg("number %zu of %zu differs", i, n);
}

static void assert_restored(struct bench *b, uint64_t seed)
{
    assert_holds(mr_model_params(b->model), mr_model_n_params(b->model), seed);
    assert_holds(b->average, mr_model_n_params(b->model), seed + 5);
    assert_holds(b->updater.m, b->updater.n_params, seed + 1);
    if (b->updater.v)
        assert_holds(b->updater.v, b->updater.n_params, seed + 2);
}

static void comes_back_bit_for_bit(void **state)
{
    static const enum mr_optimizer_kind kinds[] = {MR_OPTIMIZER_ADAMW, MR_OPTIMIZER_SGD};

    for (int k = 0; k < 2; k++) {
        struct bench b;
        struct mr_position at;
        struct mr_error err;

        set_up(&b, kinds[k]);
        at = b.checkpoint.at;
        assert_ok(mr_checkpoint_save(&b.checkpoint, b.path, &err), err);
        fill_all(&b, 100);
        memset(&b.checkpoint.at, 0, sizeof at);
        assert_ok(mr_checkpoint_load(&b.checkpoint, b.path, &err), err);
        assert_restored(&b, 1);
        assert_holds(b.train->logits, N_TRAIN * N_CLASSES, 4);
        assert_holds(b.train->losses, N_TRAIN, 5);
        assert_int_equal(b.checkpoint.at.epoch, 2);
        assert_int_equal(b.checkpoint.at.step_in_epoch, 3);
        assert_int_equal(b.checkpoint.at.step, 17);
        assert_int_equal(b.checkpoint.at.n_batches, 7);
        assert_true(b.checkpoint.at.rate == 1. / 3);
        assert_true(b.checkpoint.at.best_accuracy == 2. / 3);
        assert_int_equal(b.checkpoint.at.best_epoch, 1);
        assert_int_equal(b.checkpoint.at.n_threads, 2);
        assert_int_equal((int)b.checkpoint.at.epoch_ms, 12345);
        tear_down(&b);
    }
}

static void is_a_function_of_the_run_at_the_end_of_an_epoch(void **state)
{
    struct bench b;
    struct mr_error err;
    unsigned char *first = NULL, *second = NULL;
    size_t n_first, n_second;

    set_up(&b, MR_OPTIMIZER_SGD);
    b.checkpoint.at.step_in_epoch = 0;
    b.checkpoint.at.step = 14;
    assert_ok(mr_checkpoint_save(&b.checkpoint, b.path, &err), err);
    assert_ok(mr_file_read(b.path, (size_t)1 << 30, &first, &n_first, &err), err);
    /* neither the time nor the last epoch's answers may show */
    b.checkpoint.at.epoch_ms = 99;
    fill(b.train->logits, N_TRAIN * N_CLASSES, 77);
    assert_ok(mr_checkpoint_save(&b.checkpoint, b.path, &err), err);
    assert_ok(mr_file_read(b.path, (size_t)1 << 30, &second, &n_second, &err), err);
    assert_int_equal(n_first, n_second);
    assert_memory_equal(first, second, n_first);
    assert_ok(mr_checkpoint_load(&b.checkpoint, b.path, &err), err);
    assert_int_equal((int)b.checkpoint.at.epoch_ms, 0);
    free(first);
    free(second);
    tear_down(&b);
}

static void assert_refused(struct bench *b, const char *why)
{
    struct mr_position at = b->checkpoint.at;
    float m = b->updater.m[0];
    struct mr_error err = {.message = ""};

    assert_int_not_equal(mr_checkpoint_load(&b->checkpoint, b->path, &err), MR_OK);
    if (!strstr(err.message, why))
        fail_msg("'%s' does not say '%s'", err.message, why);
    assert_memory_equal(&b->checkpoint.at, &at, sizeof at);
    assert_true(b->updater.m[0] == m);
}

static void refuses_another_runs_checkpoint(void **state)
{
    static char *const other_classes[] = {"a", "b", "d"};
    struct bench b;
    struct mr_error err;

    set_up(&b, MR_OPTIMIZER_SGD);
    assert_ok(mr_checkpoint_save(&b.checkpoint, b.path, &err), err);
    b.checkpoint.samples_hash = "abd";
    assert_refused(&b, "another list of images");
    b.checkpoint.samples_hash = "abc";
    b.options.seed++;
    assert_refused(&b, "another seed");
    b.options.seed--;
    b.options.arch = MR_ARCH_RESNET34;
    assert_refused(&b, "another network");
    b.options.arch = MR_ARCH_RESNET18;
    b.options.size_px = 64;
    assert_refused(&b, "another size");
    b.options.size_px = mr_train_defaults().size_px;
    b.checkpoint.classes = other_classes;
    assert_refused(&b, "classes differ");
    b.checkpoint.classes = class_names;
    assert_ok(mr_checkpoint_load(&b.checkpoint, b.path, &err), err);
    /* the weights alone are not enough to go on from */
    assert_ok(mr_checkpoint_save_best(&b.checkpoint, b.path, &err), err);
    assert_refused(&b, "does not say where the run was");
    tear_down(&b);
}

static void write_bytes(const char *path, const unsigned char *data, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void refuses_a_damaged_file(void **state)
{
    static const double cuts[] = {0, .0001, .3, .999999};
    struct bench b;
    struct mr_error err;
    unsigned char *data = NULL, *digit;
    size_t n;

    set_up(&b, MR_OPTIMIZER_SGD);
    assert_ok(mr_checkpoint_save(&b.checkpoint, b.path, &err), err);
    assert_ok(mr_file_read(b.path, (size_t)1 << 30, &data, &n, &err), err);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        write_bytes(b.path, data, (size_t)(cuts[i] * (double)n));
        assert_refused(&b, "");
    }
    /* one bit of the lowest mantissa byte somewhere: still a fine number, but not the one saved */
    for (int i = 1; i < 8; i++) {
        size_t at = n / 8 * (size_t)i / 4 * 4;

        data[at] ^= 1;
        write_bytes(b.path, data, n);
        assert_refused(&b, "damaged");
        data[at] ^= 1;
    }
    /* a digit of the position: batches done so far */
    digit = memmem(data, n, "\\\"best_epoch\\\":1", 16);
    assert_non_null(digit);
    digit[15] = '2';
    write_bytes(b.path, data, n);
    assert_refused(&b, "damaged");
    digit[15] = '1';
    write_bytes(b.path, data, n);
    assert_ok(mr_checkpoint_load(&b.checkpoint, b.path, &err), err);
    free(data);
    tear_down(&b);
}

static void never_replaces_a_good_file_by_one_that_is_not_finite(void **state)
{
    struct bench b;
    struct mr_error err;

    set_up(&b, MR_OPTIMIZER_SGD);
    assert_ok(mr_checkpoint_save(&b.checkpoint, b.path, &err), err);
    mr_model_params(b.model)[mr_model_n_params(b.model) / 2] = NAN;
    assert_int_equal(mr_checkpoint_save(&b.checkpoint, b.path, &err), MR_E_NUMERIC);
    fill_all(&b, 100);
    assert_ok(mr_checkpoint_load(&b.checkpoint, b.path, &err), err);
    assert_restored(&b, 1);
    tear_down(&b);
}

static void keeps_for_best_what_a_reader_needs(void **state)
{
    struct mr_weights_file *file = NULL;
    struct bench b;
    struct mr_error err;

    set_up(&b, MR_OPTIMIZER_ADAMW);
    assert_ok(mr_checkpoint_save_best(&b.checkpoint, b.path, &err), err);
    assert_ok(mr_weights_file_open(&file, NULL, b.path, &err), err);
    assert_string_equal(mr_weights_file_text(file, "arch"), "resnet18");
    assert_string_equal(mr_weights_file_text(file, "size_px"), "128");
    assert_string_equal(mr_weights_file_text(file, "mean"), "[0.485,0.456,0.406]");
    assert_string_equal(mr_weights_file_text(file, "std"), "[0.229,0.224,0.225]");
    assert_string_equal(mr_weights_file_text(file, "epoch"), "2");
    /* a name from outside must neither break the file nor reach a terminal */
    assert_null(strchr(mr_weights_file_text(file, "classes"), '\x1b'));
    assert_non_null(strstr(mr_weights_file_text(file, "classes"), "\"c\\\"\\\\\""));
    mr_weights_file_close(file);
    fill_all(&b, 100);
    assert_ok(mr_weights_load(b.model, b.path, NULL, &err), err);
    assert_holds(mr_model_params(b.model), mr_model_n_params(b.model), 1);
    tear_down(&b);
}

/* Saves until it is killed: number after number, each whole. */
static void save_for_ever(struct bench *b)
{
    struct mr_error err;

    for (int k = 1;; k++) {
        b->checkpoint.at.best_epoch = k;
        fill_all(b, (uint64_t)k * 10);
        if (mr_checkpoint_save(&b->checkpoint, b->path, &err))
            _exit(1);
    }
}

static void is_whole_or_absent_when_killed_while_saving(void **state)
{
    struct mr_rng rng = mr_rng_make(5, 5, 5, 5);
    struct bench b;
    struct mr_error err;
    int last = 0, n_seen = 0;

    set_up(&b, MR_OPTIMIZER_SGD);
    for (int round = 0; round < 16; round++) {
        int status;
        pid_t pid = fork();

        if (pid == 0)
            save_for_ever(&b);
        assert_true(pid > 0);
        while (!round && !mr_path_exists(b.path)) /* so that there is one to lose */
            mr_clock_sleep_ms(10);
        mr_clock_sleep_ms(20 + (int)mr_rng_below(&rng, 1200));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        if (!mr_path_exists(b.path)) {
            assert_int_equal(n_seen, 0); /* once there, never gone */
            continue;
        }
        assert_ok(mr_checkpoint_load(&b.checkpoint, b.path, &err), err);
        last = b.checkpoint.at.best_epoch;
        assert_true(last >= 1);
        assert_restored(&b, (uint64_t)last * 10);
        n_seen++;
    }
    assert_true(n_seen > 0);
    tear_down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_bit_for_bit),
        cmocka_unit_test(is_a_function_of_the_run_at_the_end_of_an_epoch),
        cmocka_unit_test(refuses_another_runs_checkpoint),
        cmocka_unit_test(refuses_a_damaged_file),
        cmocka_unit_test(never_replaces_a_good_file_by_one_that_is_not_finite),
        cmocka_unit_test(keeps_for_best_what_a_reader_needs),
        cmocka_unit_test(is_whole_or_absent_when_killed_while_saving),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
