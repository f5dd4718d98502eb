/* SPDX-License-Identifier: MIT */
#include "lab.h"

#include <math.h>
#include <signal.h>
#include <sys/wait.h>

#include <misread/kernel/choices.h>
#include <misread/kernel/kernels.h>
#include <misread/nn/weights_file.h>

static struct mr_sandbox *sandbox;

static void assert_goes_on_exactly(struct mr_train_options o)
{
    struct lab lab;
    struct mr_trainer *trainer = NULL;
    struct mr_error err;
    int straight, run, n_stops = 0;

    lab_open(&lab, sandbox);
    o.n_epochs = 3;
    straight = lab_train(&lab, &o);
    run = lab_start(&lab, &trainer, &o);
    for (int n = 1; n <= 11; n += 2) {
        lab_wait_for_steps(&lab, run, n);
        mr_trainer_ask_stop(trainer);
        lab_finish(trainer);
        if (lab_state(&lab, run) == MR_RUN_DONE)
            break;
        assert_int_equal(lab_state(&lab, run), MR_RUN_STOPPED);
        n_stops++;
        assert_ok(mr_trainer_resume(&trainer, &lab.place, run, &err), err);
        if (n == 11)
            lab_finish(trainer);
    }
    assert_true(n_stops >= 2);
    assert_int_equal(lab_state(&lab, run), MR_RUN_DONE);
    assert_true(lab_files_equal(&lab, straight, run, "last.safetensors"));
    assert_true(lab_files_equal(&lab, straight, run, "best.safetensors"));
    lab_close(&lab);
}

static void goes_on_exactly_when_asked_to_stop_mid_epoch(void **state)
{
    assert_goes_on_exactly(lab_options());
}

static void goes_on_exactly_with_mixtures_weights_and_balance(void **state)
{
    struct mr_train_options o = lab_options();

    o.smoothing = .1;
    o.mixup = .4;
    o.class_weights = MR_CLASS_WEIGHTS_BALANCED;
    o.sampling = MR_SAMPLING_BALANCED;
    assert_goes_on_exactly(o);
}

static void replace_file(struct lab *lab, int run, const char *name, const void *data, size_t n)
{
    char *path = mr_run_path(lab->store, run, name);
    struct mr_file_part part = {data, n};
    struct mr_error err;

    assert_ok(mr_file_write(path, 0600, &part, 1, &err), err);
    free(path);
}

static struct mr_train_options long_options(void)
{
    struct mr_train_options o = lab_options();

    o.n_epochs = 6;
    return o;
}

/* What this program does when it is run with --train: one run, in a process that can be killed. */
static int train_as_child(const char *data, const char *project, int run)
{
    struct mr_sandbox_options options = lab_sandbox_options(2);
    struct mr_train_options o = long_options();
    struct mr_trainer *trainer = NULL;
    struct mr_trainer_place place = {.data_dir = data, .project_dir = project};
    struct mr_error err;

    if (mr_sandbox_create(&place.sandbox, &options, &err))
        return 1;
    if (run ? mr_trainer_resume(&trainer, &place, run, &err)
            : mr_trainer_start(&trainer, &place, &o, &run, &err))
        return 1;
    return mr_trainer_join(trainer, &err) != MR_OK;
}

static pid_t start_child(struct lab *lab, int run)
{
    char number[16];
    pid_t pid;

    snprintf(number, sizeof number, "%d", run);
    pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", "test", "--train", lab->data, lab->project, number, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

static void kill_child(pid_t pid)
{
    int status;

    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status)); /* it was still at it */
}

static bool is_mid_epoch(struct lab *lab, int run)
{
    struct mr_weights_file *file = NULL;
    char *path = mr_run_path(lab->store, run, "last.safetensors");
    struct mr_error err;
    bool is;

    assert_ok(mr_weights_file_open(&file, NULL, path, &err), err);
    is = !strstr(mr_weights_file_text(file, "position"), "\"step_in_epoch\":0");
    mr_weights_file_close(file);
    free(path);
    return is;
}

static int64_t checkpoint_at(struct lab *lab, int run)
{
    struct mr_run row = lab_run(lab, run);
    int64_t at = row.checkpoint_at;

    mr_run_finish(&row);
    return at;
}

/* Lets a child train to step n, save, do a little more, and die. Returns whether it saved
 * mid-epoch. */
static bool train_and_kill(struct lab *lab, int run, int resumed, int n)
{
    pid_t pid = start_child(lab, resumed);
    int64_t before, began = mr_clock_ms();

    if (!resumed)
        while (!mr_run_is_live(lab->store, run) && mr_clock_ms() - began < LAB_PATIENCE_MS)
            mr_clock_sleep_ms(5);
    lab_wait_for_steps(lab, run, n);
    lab_wait_for_state(lab, run, MR_RUN_TRAINING);
    before = checkpoint_at(lab, run);
    lab_send(lab, run, MR_COMMAND_CHECKPOINT, 0);
    while (checkpoint_at(lab, run) <= before && mr_clock_ms() - began < LAB_PATIENCE_MS)
        mr_clock_sleep_ms(5);
    mr_clock_sleep_ms(150);
    kill_child(pid);
    assert_int_equal(lab_state(lab, run), MR_RUN_INTERRUPTED);
    return is_mid_epoch(lab, run);
}

static void assert_same_story(struct lab *lab, int run_a, int run_b)
{
    struct mr_step *a = NULL, *b = NULL;
    struct mr_predictions *p = NULL, *q = NULL;
    struct mr_error err;
    int n = lab_steps(lab, run_a, &a);

    assert_int_equal(lab_steps(lab, run_b, &b), n);
    for (int i = 0; i < n; i++)
        assert_true(a[i].loss == b[i].loss && a[i].lr == b[i].lr && a[i].epoch == b[i].epoch);
    assert_int_equal(lab_n_epochs(lab, run_b), lab_n_epochs(lab, run_a));
    for (int epoch = 1; epoch <= lab_n_epochs(lab, run_a); epoch++)
        for (int side = MR_SIDE_TRAIN; side <= MR_SIDE_VALID; side++) {
            assert_ok(mr_predictions_load(lab->store, run_a, epoch, side, &p, &err), err);
            assert_ok(mr_predictions_load(lab->store, run_b, epoch, side, &q, &err), err);
            assert_int_equal(p->n, q->n);
            assert_memory_equal(p->logits, q->logits, (size_t)p->n * 2 * sizeof *p->logits);
            assert_memory_equal(p->losses, q->losses, (size_t)p->n * sizeof *p->losses);
            mr_predictions_destroy(p);
            mr_predictions_destroy(q);
        }
    free(a);
    free(b);
}

static void ends_with_the_same_bits_however_often_it_was_killed(void **state)
{
    static const int kill_at[] = {2, 7, 14};
    struct lab lab;
    struct mr_train_options o = long_options();
    struct mr_trainer *trainer = NULL;
    struct mr_error err;
    int straight, run, n_mid_epoch = 0;

    lab_open(&lab, sandbox);
    straight = lab_train(&lab, &o);
    run = straight + 1;
    for (int i = 0; i < 3; i++)
        n_mid_epoch += train_and_kill(&lab, run, i ? run : 0, kill_at[i]);
    assert_true(n_mid_epoch > 0);
    replace_file(&lab, run, "last.safetensors.tmp.1", "x", 1); /* of a death while saving */
    assert_ok(mr_trainer_resume(&trainer, &lab.place, run, &err), err);
    lab_finish(trainer);
    assert_int_equal(lab_state(&lab, run), MR_RUN_DONE);
    assert_false(lab_has_file(&lab, run, "last.safetensors.tmp.1"));
    assert_true(lab_files_equal(&lab, straight, run, "last.safetensors"));
    assert_true(lab_files_equal(&lab, straight, run, "best.safetensors"));
    assert_same_story(&lab, straight, run);
    lab_close(&lab);
}

static void refuses_to_resume_what_cannot_go_on(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_trainer *trainer = NULL;
    struct mr_error err;
    int run;

    lab_open(&lab, sandbox);
    assert_int_equal(mr_trainer_resume(&trainer, &lab.place, 7, &err), MR_E_NOT_FOUND);
    o.n_epochs = 1;
    run = lab_train(&lab, &o);
    assert_int_equal(mr_trainer_resume(&trainer, &lab.place, run, &err), MR_E_USAGE);
    assert_non_null(strstr(err.message, "done"));
    o.batch = 0;
    assert_int_equal(mr_trainer_start(&trainer, &lab.place, &o, &run, &err), MR_E_USAGE);
    o = lab_options();
    lab.place.data_dir = "/tmp/misread-no-such-folder";
    assert_int_equal(mr_trainer_start(&trainer, &lab.place, &o, &run, &err), MR_E_NOT_FOUND);
    assert_null(trainer);
    lab_close(&lab);
}

/* A measurement of this machine after which one pass of the first layer is direct. */
static void write_choices(const char *path, enum mr_conv_pass pass)
{
    struct mr_conv_choice choice = {.machine = mr_machine_here(mr_kernels_best()->isa, 2),
                                    .shape = {8, 8, 8, 64, 64, 3, 3, 1, 1},
                                    .pass = pass,
                                    .algorithm = MR_CONV_DIRECT};
    struct mr_conv_choices choices = {.n = 0};
    struct mr_error err;

    mr_conv_choices_set(&choices, &choice);
    choice.machine.n_threads = 3; /* of no meaning here */
    choice.algorithm = MR_CONV_WINOGRAD;
    mr_conv_choices_set(&choices, &choice);
    assert_ok(mr_conv_choices_save(&choices, path, &err), err);
    mr_conv_choices_finish(&choices);
}

static void keeps_its_algorithms_when_the_machine_is_measured_again(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_trainer *trainer = NULL;
    struct mr_error err;
    int plain, straight, run, other;
    char *path;

    lab_open(&lab, sandbox);
    path = mr_path_join(lab.root, "kernels");
    o.n_epochs = 2;
    lab.place.choices_path = path; /* nothing was measured yet */
    plain = lab_train(&lab, &o);
    assert_false(lab_has_file(&lab, plain, "kernels"));
    write_choices(path, MR_CONV_FORWARD);
    straight = lab_train(&lab, &o);
    run = lab_start(&lab, &trainer, &o);
    lab_wait_for_steps(&lab, run, 2);
    mr_trainer_ask_stop(trainer);
    lab_finish(trainer);
    assert_int_equal(lab_state(&lab, run), MR_RUN_STOPPED);
    write_choices(path, MR_CONV_BACKWARD_DATA);
    other = lab_train(&lab, &o);
    assert_ok(mr_trainer_resume(&trainer, &lab.place, run, &err), err);
    lab_finish(trainer);
    assert_true(lab_files_equal(&lab, straight, run, "last.safetensors"));
    assert_true(lab_files_equal(&lab, straight, run, "kernels"));
    assert_false(lab_files_equal(&lab, straight, plain, "last.safetensors"));
    assert_false(lab_files_equal(&lab, straight, other, "last.safetensors"));
    free(path);
    lab_close(&lab);
}

/* Stops in the first epoch with a checkpoint. */
static int stopped_run(struct lab *lab)
{
    struct mr_train_options o = lab_options();
    struct mr_trainer *trainer = NULL;
    int run;

    o.n_epochs = 100;
    run = lab_start(lab, &trainer, &o);
    lab_wait_for_steps(lab, run, 1);
    mr_trainer_ask_stop(trainer);
    lab_finish(trainer);
    assert_int_equal(lab_state(lab, run), MR_RUN_STOPPED);
    assert_true(lab_has_file(lab, run, "last.safetensors"));
    return run;
}

static void assert_resume_fails(struct lab *lab, int run, const char *why)
{
    struct mr_trainer *trainer = NULL;
    struct mr_error err;
    struct mr_run row;

    assert_ok(mr_trainer_resume(&trainer, &lab->place, run, &err), err);
    assert_int_not_equal(mr_trainer_join(trainer, &err), MR_OK);
    row = lab_run(lab, run);
    assert_int_equal(row.state, MR_RUN_FAILED);
    assert_string_equal(row.message, err.message);
    if (!strstr(err.message, why))
        fail_msg("'%s' does not say '%s'", err.message, why);
    mr_run_finish(&row);
}

static void fails_to_resume_in_a_sentence_and_starts_nothing_over(void **state)
{
    struct lab lab;
    unsigned char *good, *list;
    size_t n_good, n_list;
    int run;

    lab_open(&lab, sandbox);
    run = stopped_run(&lab);
    good = lab_read(&lab, run, "last.safetensors", &n_good);
    list = lab_read(&lab, run, "samples.txt", &n_list);
    replace_file(&lab, run, "last.safetensors", good, n_good / 2);
    assert_resume_fails(&lab, run, "last.safetensors");
    replace_file(&lab, run, "last.safetensors", good, n_good);
    assert_int_equal(list[n_list - 2], '1'); /* the last image's label */
    list[n_list - 2] = '0';
    replace_file(&lab, run, "samples.txt", list, n_list);
    assert_resume_fails(&lab, run, "another list of images");
    list[n_list - 2] = '1';
    list[0] = 'M';
    replace_file(&lab, run, "samples.txt", list, n_list);
    assert_resume_fails(&lab, run, "damaged");
    free(good);
    free(list);
    lab_close(&lab);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_exactly_when_asked_to_stop_mid_epoch),
        cmocka_unit_test(goes_on_exactly_with_mixtures_weights_and_balance),
        cmocka_unit_test(ends_with_the_same_bits_however_often_it_was_killed),
        cmocka_unit_test(keeps_its_algorithms_when_the_machine_is_measured_again),
        cmocka_unit_test(refuses_to_resume_what_cannot_go_on),
        cmocka_unit_test(fails_to_resume_in_a_sentence_and_starts_nothing_over),
    };

    if (argc == 5 && !strcmp(argv[1], "--train"))
        return train_as_child(argv[2], argv[3], atoi(argv[4]));
    lab_main(sandbox, tests);
}
