/* SPDX-License-Identifier: MIT */
#include "lab.h"

#include <math.h>

#include <misread/train/schedule.h>

static struct mr_sandbox *sandbox;

static void stops_after_the_epoch_when_told(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_trainer *trainer = NULL;
    int run, n;

    lab_open(&lab, sandbox);
    o.n_epochs = 500;
    run = lab_start(&lab, &trainer, &o);
    lab_wait_for_steps(&lab, run, 1);
    lab_send(&lab, run, MR_COMMAND_STOP_AFTER_EPOCH, 0);
    lab_finish(trainer);
    assert_int_equal(lab_state(&lab, run), MR_RUN_STOPPED);
    n = lab_n_epochs(&lab, run);
    assert_true(n >= 1 && n < 500);
    assert_int_equal(lab_steps(&lab, run, NULL), 4 * n); /* no step of another epoch */
    assert_true(lab_has_file(&lab, run, "last.safetensors"));
    lab_close(&lab);
}

static void stops_now_without_a_checkpoint_and_can_be_resumed(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_trainer *trainer = NULL;
    struct mr_error err;
    int run;

    lab_open(&lab, sandbox);
    o.n_epochs = 2;
    run = lab_start(&lab, &trainer, &o);
    lab_send(&lab, run, MR_COMMAND_STOP_NOW, 0); /* in the scan, or soon after */
    lab_finish(trainer);
    assert_int_equal(lab_state(&lab, run), MR_RUN_STOPPED);
    assert_int_equal(lab_n_epochs(&lab, run), 0);
    assert_false(lab_has_file(&lab, run, "last.safetensors"));
    assert_ok(mr_trainer_resume(&trainer, &lab.place, run, &err), err);
    lab_finish(trainer);
    assert_int_equal(lab_state(&lab, run), MR_RUN_DONE);
    assert_int_equal(lab_n_epochs(&lab, run), 2);
    lab_close(&lab);
}

static void pauses_saves_while_paused_and_continues(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_trainer *trainer = NULL;
    int run, n;

    lab_open(&lab, sandbox);
    o.n_epochs = 500;
    run = lab_start(&lab, &trainer, &o);
    lab_wait_for_steps(&lab, run, 1);
    lab_send(&lab, run, MR_COMMAND_PAUSE, 0);
    lab_wait_for_state(&lab, run, MR_RUN_PAUSED);
    n = lab_steps(&lab, run, NULL);
    mr_clock_sleep_ms(500);
    assert_int_equal(lab_steps(&lab, run, NULL), n);
    assert_true(mr_trainer_is_running(trainer));
    if (lab_has_file(&lab, run, "last.safetensors")) { /* of an epoch's end: away with it */
        char *path = mr_run_path(lab.store, run, "last.safetensors");

        unlink(path);
        free(path);
    }
    lab_send(&lab, run, MR_COMMAND_CHECKPOINT, 0);
    lab_wait_for_file(&lab, run, "last.safetensors");
    assert_int_equal(lab_state(&lab, run), MR_RUN_PAUSED);
    assert_int_equal(lab_steps(&lab, run, NULL), n);
    lab_send(&lab, run, MR_COMMAND_CONTINUE, 0);
    lab_wait_for_state(&lab, run, MR_RUN_TRAINING);
    lab_wait_for_steps(&lab, run, n + 1);
    lab_send(&lab, run, MR_COMMAND_PAUSE, 0);
    lab_wait_for_state(&lab, run, MR_RUN_PAUSED);
    lab_send(&lab, run, MR_COMMAND_STOP_NOW, 0);
    lab_finish(trainer);
    assert_int_equal(lab_state(&lab, run), MR_RUN_STOPPED);
    lab_close(&lab);
}

/* The last step's rate over the scheduled one. */
static double last_factor(struct lab *lab, int run, int n_epochs)
{
    struct mr_schedule schedule =
        mr_schedule_make(MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_WHOLE, 4 * n_epochs, lab_options().lr);
    struct mr_step *steps = NULL;
    int n = lab_steps(lab, run, &steps);
    double lr, momentum, factor;

    mr_schedule_at(&schedule, n - 1, &lr, &momentum);
    factor = steps[n - 1].lr / lr;
    free(steps);
    return factor;
}

static void changes_the_rate_and_remembers_it_after_a_resume(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_trainer *trainer = NULL;
    struct mr_error err;
    int64_t began = mr_clock_ms();
    int run, n;

    lab_open(&lab, sandbox);
    o.n_epochs = 500;
    run = lab_start(&lab, &trainer, &o);
    lab_wait_for_steps(&lab, run, 1);
    lab_send(&lab, run, MR_COMMAND_RATE, .5);
    while (fabs(last_factor(&lab, run, 500) - .5) > 1e-9) {
        assert_true(mr_clock_ms() - began < LAB_PATIENCE_MS);
        mr_clock_sleep_ms(10);
    }
    mr_trainer_ask_stop(trainer);
    lab_finish(trainer);
    assert_int_equal(lab_state(&lab, run), MR_RUN_STOPPED);
    n = lab_steps(&lab, run, NULL);
    lab_send(&lab, run, MR_COMMAND_STOP_NOW, 0); /* stale: nobody is there to hear it */
    assert_ok(mr_trainer_resume(&trainer, &lab.place, run, &err), err);
    lab_wait_for_steps(&lab, run, n + 1);
    lab_send(&lab, run, MR_COMMAND_RATE, .5);
    while (fabs(last_factor(&lab, run, 500) - .25) > 1e-9) {
        assert_true(fabs(last_factor(&lab, run, 500) - .5) < 1e-9 ||
                    fabs(last_factor(&lab, run, 500) - .25) < 1e-9);
        assert_true(mr_clock_ms() - began < LAB_PATIENCE_MS);
        mr_clock_sleep_ms(10);
    }
    lab_send(&lab, run, MR_COMMAND_STOP_NOW, 0);
    lab_finish(trainer);
    lab_close(&lab);
}

static void leaves_a_run_to_one_trainer(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_trainer *trainer = NULL, *second = NULL;
    struct mr_error err;
    int run;

    lab_open(&lab, sandbox);
    o.n_epochs = 500;
    run = lab_start(&lab, &trainer, &o);
    lab_wait_for_steps(&lab, run, 1);
    assert_int_equal(mr_trainer_resume(&second, &lab.place, run, &err), MR_E_BUSY);
    assert_null(second);
    assert_true(mr_trainer_is_running(trainer));
    lab_send(&lab, run, MR_COMMAND_STOP_NOW, 0);
    lab_finish(trainer);
    assert_int_equal(lab_state(&lab, run), MR_RUN_STOPPED);
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_after_the_epoch_when_told),
        cmocka_unit_test(stops_now_without_a_checkpoint_and_can_be_resumed),
        cmocka_unit_test(pauses_saves_while_paused_and_continues),
        cmocka_unit_test(changes_the_rate_and_remembers_it_after_a_resume),
        cmocka_unit_test(leaves_a_run_to_one_trainer),
    };

    lab_main(sandbox, tests);
}
