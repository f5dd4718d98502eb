/* SPDX-License-Identifier: MIT */
#include "lab.h"

#include <dirent.h>
#include <math.h>
#include <sys/stat.h>

#include <misread/nn/weights_file.h>
#include <misread/train/schedule.h>

#include "stage.h"

static struct mr_sandbox *sandbox;

static void trains_everything_at_one_rate_from_scratch(void **state)
{
    struct mr_train_options o = mr_train_defaults();
    struct mr_stage stages[MR_MAX_STAGES];

    o.n_epochs = 5;
    o.lr = .25;
    assert_int_equal(mr_stages_plan(stages, &o), 1);
    assert_int_equal(stages[0].n_epochs, 5);
    assert_int_equal(stages[0].body, MR_BODY_TRAINED);
    for (int i = 0; i < MR_N_GROUP; i++)
        assert_true(stages[0].lr[i] == .25);
    assert_int_equal(mr_stage_head(&o), MR_HEAD_PLAIN);
}

static void trains_the_head_first_and_then_everything_from_weights(void **state)
{
    struct mr_train_options o = mr_train_defaults();
    struct mr_stage stages[MR_MAX_STAGES];

    snprintf(o.weights, sizeof o.weights, "body.safetensors");
    o.n_epochs = 4;
    o.n_whole = 3;
    o.whole_lr = (struct mr_rates){1e-6, 1e-4};
    assert_int_equal(mr_stages_plan(stages, &o), 2);
    assert_int_equal(stages[0].body, MR_BODY_FIXED);
    assert_true(stages[0].lr[MR_GROUP_HEAD] == o.lr);
    assert_int_equal(stages[1].first_epoch, 4);
    assert_int_equal(stages[1].n_epochs, 3);
    assert_int_equal(stages[1].body, MR_BODY_TRAINED);
    assert_true(fabs(stages[1].lr[MR_GROUP_LATE] - 1e-5) < 1e-11);
    assert_int_equal(mr_stage_of(stages, 2, 3), 0);
    assert_int_equal(mr_stage_of(stages, 2, 4), 1);
    assert_int_equal(mr_stage_of(stages, 2, 7), 1);
    assert_int_equal(mr_stage_head(&o), MR_HEAD_CONCAT);
    o.freeze = MR_FREEZE_NORM;
    mr_stages_plan(stages, &o);
    assert_int_equal(stages[0].body, MR_BODY_NORM);
    assert_true(stages[0].lr[MR_GROUP_EARLY] == o.lr / 10);
    o.n_epochs = 0;
    assert_int_equal(mr_stages_plan(stages, &o), 1);
    assert_int_equal(stages[0].body, MR_BODY_TRAINED);
}

/* Whatever stands before it, and if nothing does. */
static void trains_everything_by_the_schedule_of_the_second_stage(void **state)
{
    struct mr_train_options o = mr_train_defaults();
    struct mr_schedule wanted = mr_schedule_make(MR_SCHEDULE_FINE_TUNE, MR_STAGE_WHOLE, 30, 1e-2);

    snprintf(o.weights, sizeof o.weights, "body.safetensors");
    o.schedule = MR_SCHEDULE_FINE_TUNE;
    o.lr = 1e-2;
    o.n_whole = 3;
    for (o.n_epochs = 0; o.n_epochs < 2; o.n_epochs++) {
        struct mr_stage stages[MR_MAX_STAGES];
        int n = mr_stages_plan(stages, &o);
        struct mr_schedule s = mr_stage_schedule(&stages[n - 1], &o, 10);

        assert_true(s.n_steps == 30 && s.lr_max == wanted.lr_max && s.lr_max == 5e-3);
        assert_true(s.pct_start == wanted.pct_start && s.div == wanted.div);
        assert_true(stages[n - 1].lr[MR_GROUP_EARLY] == wanted.lr_low);
    }
}

static void counts_the_rest_of_an_epoch_as_a_step(void **state)
{
    static const struct {
        int accumulate, n_batches, n_steps;
    } wanted[] = {{1, 7, 7}, {3, 7, 3}, {3, 6, 2}, {7, 7, 1}, {8, 7, 1}};

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct mr_train_options o = mr_train_defaults();

        o.accumulate = wanted[i].accumulate;
        assert_int_equal(mr_stage_n_steps(&o, wanted[i].n_batches), wanted[i].n_steps);
    }
}

static void is_stale_after_so_many_epochs_of_its_own_without_a_better_one(void **state)
{
    static const struct {
        int first, epoch, best, patience;
        bool is_stale;
    } wanted[] = {
        {0, 9, 1, 0, false}, /* not asked for */
        {0, 5, 3, 3, false}, {0, 6, 3, 3, true},  {0, 7, 3, 3, true},
        {4, 4, 1, 2, false}, {4, 5, 1, 2, false}, /* what came before the stage does not count */
        {4, 6, 1, 2, true},  {4, 6, 5, 2, false}, {8, 4, 1, 2, false},
    };

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct mr_stage last = {.first_epoch = wanted[i].first};

        if (mr_stage_is_stale(&last, wanted[i].epoch, wanted[i].best, wanted[i].patience) !=
            wanted[i].is_stale)
            fail_msg("case %zu", i);
    }
}

/* A run from scratch, whose weights others start from; then its options with those. */
static struct mr_train_options with_weights(struct lab *lab)
{
    struct mr_train_options o = lab_options();
    char *path;

    o.n_epochs = 1;
    path = mr_run_path(lab->store, lab_train(lab, &o), "last.safetensors");
    snprintf(o.weights, sizeof o.weights, "%s", path);
    free(path);
    o.n_epochs = 2;
    return o;
}

static bool same_tensor(struct lab *lab, int run, const char *weights, const char *name)
{
    struct mr_weights_file *a = NULL, *b = NULL;
    char *path = mr_run_path(lab->store, run, "last.safetensors");
    float *x = NULL, *y = NULL;
    struct mr_error err;
    size_t n, n_other;
    bool is_same;

    assert_ok(mr_weights_file_open(&a, NULL, path, &err), err);
    assert_ok(mr_weights_file_open(&b, NULL, weights, &err), err);
    assert_ok(mr_weights_file_floats(a, name, &x, &n, &err), err);
    assert_ok(mr_weights_file_floats(b, name, &y, &n_other, &err), err);
    assert_int_equal(n, n_other);
    is_same = !memcmp(x, y, n * sizeof *x);
    free(x);
    free(y);
    free(path);
    mr_weights_file_close(a);
    mr_weights_file_close(b);
    return is_same;
}

static void leaves_of_the_body_what_is_frozen_as_it_was(void **state)
{
    static const struct {
        enum mr_freeze_kind freeze;
        bool conv, norm, running; /* the same as before? */
    } cases[] = {
        {MR_FREEZE_FIXED, true, true, true},
        {MR_FREEZE_NORM, true, false, false},
        {MR_FREEZE_NONE, false, false, false},
    };
    struct lab lab;
    struct mr_train_options o;

    lab_open(&lab, sandbox);
    o = with_weights(&lab);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int run;

        o.freeze = cases[i].freeze;
        run = lab_train(&lab, &o);
        assert_int_equal(same_tensor(&lab, run, o.weights, "layer4.1.conv2.weight"), cases[i].conv);
        assert_int_equal(same_tensor(&lab, run, o.weights, "bn1.weight"), cases[i].norm);
        assert_int_equal(same_tensor(&lab, run, o.weights, "layer2.0.bn1.running_mean"),
                         cases[i].running);
    }
    lab_close(&lab);
}

static void goes_on_exactly_on_either_side_of_the_change(void **state)
{
    struct lab lab;
    struct mr_train_options o;
    struct mr_trainer *trainer = NULL;
    struct mr_error err;
    int straight, run, n_stops = 0;

    lab_open(&lab, sandbox);
    o = with_weights(&lab);
    o.n_whole = 2;
    o.n_views = 3;
    o.mixup = .4; /* of features, then of pixels */
    straight = lab_train(&lab, &o);
    assert_int_equal(lab_n_epochs(&lab, straight), 4);
    run = lab_start(&lab, &trainer, &o);
    for (int n = 1; n <= 13; n += 3) {
        lab_wait_for_steps(&lab, run, n);
        mr_trainer_ask_stop(trainer);
        lab_finish(trainer);
        trainer = NULL;
        if (lab_state(&lab, run) == MR_RUN_DONE)
            break;
        n_stops++;
        assert_ok(mr_trainer_resume(&trainer, &lab.place, run, &err), err);
    }
    lab_finish(trainer);
    assert_true(n_stops >= 2);
    assert_int_equal(lab_state(&lab, run), MR_RUN_DONE);
    assert_false(same_tensor(&lab, run, o.weights, "conv1.weight"));
    assert_true(lab_files_equal(&lab, straight, run, "last.safetensors"));
    assert_true(lab_files_equal(&lab, straight, run, "best.safetensors"));
    lab_close(&lab);
}

static void finds_its_rate_once_if_asked_to(void **state)
{
    struct lab lab;
    struct mr_train_options o, found;
    struct mr_trainer *trainer = NULL;
    struct mr_error err;
    struct mr_run row;
    int straight, run;

    lab_open(&lab, sandbox);
    o = with_weights(&lab);
    o.lr = 0;
    straight = lab_train(&lab, &o);
    row = lab_run(&lab, straight);
    assert_ok(mr_train_options_from_json(&found, row.options, &err), err);
    assert_true(found.lr > 1e-6 && found.lr < 1 && row.lr == found.lr);
    mr_run_finish(&row);
    run = lab_start(&lab, &trainer, &o);
    lab_wait_for_steps(&lab, run, 2);
    mr_trainer_ask_stop(trainer);
    lab_finish(trainer);
    if (lab_state(&lab, run) != MR_RUN_DONE) {
        assert_ok(mr_trainer_resume(&trainer, &lab.place, run, &err), err);
        lab_finish(trainer);
    }
    assert_true(lab_files_equal(&lab, straight, run, "last.safetensors"));
    o.lr = found.lr; /* given by hand it is the same */
    assert_true(lab_files_equal(&lab, straight, lab_train(&lab, &o), "last.safetensors"));
    lab_close(&lab);
}

/* 4 batches of an epoch in steps of 3 and 1. */
static void follows_the_schedule_by_steps_of_several_batches(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_schedule schedule;
    struct mr_step *steps;
    double lr, momentum;
    int run;

    lab_open(&lab, sandbox);
    o.n_epochs = 2;
    o.accumulate = 3;
    run = lab_train(&lab, &o);
    assert_int_equal(lab_steps(&lab, run, &steps), 4);
    schedule = mr_schedule_make(o.schedule, MR_STAGE_FROZEN, 4, o.lr);
    for (int i = 0; i < 4; i++) {
        mr_schedule_at(&schedule, i, &lr, &momentum);
        assert_true(steps[i].lr == lr && steps[i].momentum == momentum);
    }
    free(steps);
    lab_close(&lab);
}

/* With hardly a rate only the running statistics of the head move, and those soon settle. */
static void ends_early_as_done_and_says_so(void **state)
{
    struct lab lab;
    struct mr_train_options o;
    struct mr_epoch *epochs = NULL;
    struct mr_error err;
    struct mr_run row;
    char wanted[64];
    int run, n = 0, best = 0;

    lab_open(&lab, sandbox);
    o = with_weights(&lab);
    o.n_epochs = 40;
    o.lr = 1e-12;
    o.patience = 2;
    run = lab_train(&lab, &o);
    row = lab_run(&lab, run);
    assert_int_equal(row.state, MR_RUN_DONE);
    assert_ok(mr_epochs_load(lab.store, run, &epochs, &n, &err), err);
    for (int i = 1; i < n; i++)
        if (epochs[i].n_correct > epochs[best].n_correct)
            best = i;
    assert_true(n < 40);
    assert_int_equal(n, best + 1 + o.patience);
    snprintf(wanted, sizeof wanted, "ended after epoch %d of 40", n);
    assert_non_null(strstr(row.message, wanted));
    snprintf(wanted, sizeof wanted, "which epoch %d had", best + 1);
    assert_non_null(strstr(row.message, wanted));
    free(epochs);
    mr_run_finish(&row);
    lab_close(&lab);
}

/* True unless the run ended before it came to n steps. */
static bool came_to_step(struct lab *lab, const struct mr_trainer *trainer, int run, int n)
{
    while (mr_trainer_is_running(trainer) && lab_steps(lab, run, NULL) < n)
        mr_clock_sleep_ms(1);
    return lab_steps(lab, run, NULL) >= n;
}

/* Stopped where a validation begins (2 steps are an epoch), too: then the model has the average's
 * place. */
static void goes_on_exactly_with_clipping_accumulation_average_and_patience(void **state)
{
    struct lab lab;
    struct mr_train_options o;
    struct mr_trainer *trainer = NULL;
    struct mr_error err;
    struct mr_run rows[2];
    int straight, run, n_stops = 0;

    lab_open(&lab, sandbox);
    o = with_weights(&lab);
    o.n_whole = 6;
    o.clip = .5;
    o.accumulate = 3;
    o.ema = .8;
    o.patience = 3;
    straight = lab_train(&lab, &o);
    run = lab_start(&lab, &trainer, &o);
    for (int n = 1; came_to_step(&lab, trainer, run, n); n++) {
        mr_trainer_ask_stop(trainer);
        lab_finish(trainer);
        trainer = NULL;
        if (lab_state(&lab, run) == MR_RUN_DONE)
            break;
        n_stops++;
        assert_ok(mr_trainer_resume(&trainer, &lab.place, run, &err), err);
    }
    lab_finish(trainer);
    assert_true(n_stops >= 4);
    rows[0] = lab_run(&lab, straight);
    rows[1] = lab_run(&lab, run);
    assert_int_equal(rows[1].state, MR_RUN_DONE);
    assert_string_equal(rows[0].message, rows[1].message);
    assert_int_equal(lab_n_epochs(&lab, straight), lab_n_epochs(&lab, run));
    assert_true(lab_files_equal(&lab, straight, run, "last.safetensors"));
    assert_true(lab_files_equal(&lab, straight, run, "best.safetensors"));
    mr_run_finish(&rows[0]);
    mr_run_finish(&rows[1]);
    lab_close(&lab);
}

/* The files of features, all in one text with their times of change, and the last one's path. */
static void list_features(struct lab *lab, char *text, size_t cap, char *last, size_t last_cap)
{
    char folder[160];
    struct dirent *entry;
    DIR *dir;

    snprintf(folder, sizeof folder, "%s/cache", lab->project);
    dir = opendir(folder);
    assert_non_null(dir);
    *text = '\0';
    while ((entry = readdir(dir))) {
        struct stat info;
        size_t n = strlen(text);

        if (strncmp(entry->d_name, "features-", 9) != 0)
            continue;
        snprintf(last, last_cap, "%s/%s", folder, entry->d_name);
        assert_int_equal(stat(last, &info), 0);
        snprintf(text + n, cap - n, "%s %lld.%ld\n", entry->d_name, (long long)info.st_mtim.tv_sec,
                 info.st_mtim.tv_nsec);
    }
    closedir(dir);
}

static void flip_a_bit_in(const char *path)
{
    FILE *file = fopen(path, "r+b");
    int byte;

    assert_non_null(file);
    fseek(file, -1000, SEEK_END);
    byte = fgetc(file);
    fseek(file, -1, SEEK_CUR);
    fputc(byte ^ 4, file);
    assert_int_equal(fclose(file), 0);
}

static void keeps_features_and_computes_damaged_ones_again(void **state)
{
    struct lab lab;
    struct mr_train_options o;
    char before[1024], after[1024], path[512];
    int first, second, third;

    lab_open(&lab, sandbox);
    o = with_weights(&lab);
    first = lab_train(&lab, &o);
    list_features(&lab, before, sizeof before, path, sizeof path);
    assert_true(*before);
    second = lab_train(&lab, &o);
    list_features(&lab, after, sizeof after, path, sizeof path);
    assert_string_equal(before, after); /* nothing was written */
    assert_true(lab_files_equal(&lab, first, second, "last.safetensors"));
    flip_a_bit_in(path);
    third = lab_train(&lab, &o);
    assert_true(lab_files_equal(&lab, first, third, "last.safetensors"));
    list_features(&lab, after, sizeof after, path, sizeof path);
    assert_string_not_equal(before, after);
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trains_everything_at_one_rate_from_scratch),
        cmocka_unit_test(trains_the_head_first_and_then_everything_from_weights),
        cmocka_unit_test(trains_everything_by_the_schedule_of_the_second_stage),
        cmocka_unit_test(leaves_of_the_body_what_is_frozen_as_it_was),
        cmocka_unit_test(counts_the_rest_of_an_epoch_as_a_step),
        cmocka_unit_test(is_stale_after_so_many_epochs_of_its_own_without_a_better_one),
        cmocka_unit_test(follows_the_schedule_by_steps_of_several_batches),
        cmocka_unit_test(ends_early_as_done_and_says_so),
        cmocka_unit_test(goes_on_exactly_with_clipping_accumulation_average_and_patience),
        cmocka_unit_test(goes_on_exactly_on_either_side_of_the_change),
        cmocka_unit_test(finds_its_rate_once_if_asked_to),
        cmocka_unit_test(keeps_features_and_computes_damaged_ones_again),
    };

    lab_main(sandbox, tests);
}
