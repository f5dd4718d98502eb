/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/base/clock.h>
#include <misread/base/thread.h>
#include <misread/store/store.h>

#include "control.h"
#include "progress.h"

struct place {
    char *folder;
    struct mr_store *store;
    struct mr_progress progress;
};

static void set_up(struct place *place)
{
    struct mr_error err;

    memset(place, 0, sizeof *place);
    place->folder = make_folder();
    assert_ok(mr_store_open(&place->store, place->folder, MR_STORE_CREATE, &err), err);
    place->progress.store = place->store;
    place->progress.run = (struct mr_run){.arch = "resnet18",
                                          .state = MR_RUN_TRAINING,
                                          .n_epochs = 10,
                                          .n_train = 800,
                                          .n_valid = 200,
                                          .epoch = 1,
                                          .options = strdup("{}"),
                                          .message = strdup("")};
    assert_ok(mr_run_create(place->store, &place->progress.run, &err), err);
}

static void tear_down(struct place *place)
{
    mr_run_finish(&place->progress.run);
    mr_store_close(place->store);
    remove_folder(place->folder);
}

static int n_steps_stored(struct place *place)
{
    struct mr_step *steps = NULL;
    struct mr_error err;
    int n = 0;

    assert_ok(mr_steps_load(place->store, place->progress.run.id, 0, &steps, &n, &err), err);
    for (int i = 0; i < n; i++)
        assert_int_equal(steps[i].step, i);
    free(steps);
    return n;
}

static void writes_steps_in_batches_and_loses_none(void **state)
{
    struct place place;
    struct mr_progress *p = &place.progress;
    struct mr_error err;
    struct mr_run row;

    set_up(&place);
    assert_ok(mr_progress_phase(p, "train", 0, 25, &err), err);
    for (int i = 0; i < 25; i++) {
        struct mr_step step = {.step = i, .epoch = 1, .loss = i};

        p->written_at_ms = mr_clock_ms() + 1000000; /* time alone writes nothing */
        assert_ok(mr_progress_step(p, &step, i + 1, &err), err);
        if (i == 8)
            assert_int_equal(n_steps_stored(&place), 0);
        if (i == 9)
            assert_int_equal(n_steps_stored(&place), 10);
    }
    assert_ok(mr_progress_flush(p, &err), err);
    assert_int_equal(n_steps_stored(&place), 25);
    assert_ok(mr_run_load(place.store, p->run.id, &row, &err), err);
    assert_string_equal(row.phase, "train");
    assert_int_equal(row.n_done, 25);
    assert_int_equal(row.n_total, 25);
    mr_run_finish(&row);
    tear_down(&place);
}

static void writes_a_slow_step_at_once_and_wakes(void **state)
{
    struct place place;
    struct mr_progress *p = &place.progress;
    struct mr_wake *wake = mr_wake_create();
    struct mr_step step = {.step = 0, .epoch = 1};
    struct mr_error err;
    uint64_t count = 0;

    set_up(&place);
    p->wake = wake;
    p->written_at_ms = mr_clock_ms() - MR_PROGRESS_EVERY_MS;
    assert_ok(mr_progress_step(p, &step, 1, &err), err);
    assert_int_equal(n_steps_stored(&place), 1);
    assert_int_equal(read(mr_wake_fd(wake), &count, sizeof count), (int)sizeof count);
    tear_down(&place);
    mr_wake_destroy(wake);
}

static void tells_the_time_left_of_the_whole_run(void **state)
{
    struct mr_progress p = {.run = {.state = MR_RUN_TRAINING,
                                    .n_epochs = 10,
                                    .epoch = 3,
                                    .n_train = 800,
                                    .n_valid = 200,
                                    .n_done = 5,
                                    .n_total = 25,
                                    .phase = "train"},
                            .n_batches = 25};

    assert_int_equal(mr_progress_eta_ms(&p), -1);
    p.step_ms = 100;
    /* 20 steps and 7 epochs of 25; 8 validations of 200 images at a third of 100 ms / 32 each */
    assert_int_equal(mr_progress_eta_ms(&p), (20 + 7 * 25) * 100 + (int)(8 * 200 * 100. / 32 / 3));
    p.valid_image_ms = 2;
    p.checkpoint_ms = 500;
    assert_int_equal(mr_progress_eta_ms(&p), 19500 + 3200 + 8 * 500);
    snprintf(p.run.phase, sizeof p.run.phase, "valid");
    p.run.n_done = 150;
    p.run.n_total = 200;
    assert_int_equal(mr_progress_eta_ms(&p), 17500 + (7 * 200 + 50) * 2 + 4000);
    p.run.eta_ms = 12345; /* while it saves, the last estimate stands */
    snprintf(p.run.phase, sizeof p.run.phase, "checkpoint");
    assert_int_equal(mr_progress_eta_ms(&p), 12345);
    p.run.state = MR_RUN_DONE;
    assert_int_equal(mr_progress_eta_ms(&p), 0);
}

static void follows_the_recent_measurements(void **state)
{
    double mean = 0;

    mr_progress_measure(&mean, 800);
    assert_true(mean == 800);
    mr_progress_measure(&mean, 1600);
    assert_true(mean == 900);
}

static void send(struct place *place, enum mr_command_kind kind, double value)
{
    struct mr_error err;

    assert_ok(mr_command_send(place->store, place->progress.run.id, kind, value, &err), err);
}

static struct mr_control make_control(struct place *place, const atomic_bool *ask_stop)
{
    return (struct mr_control){.store = place->store,
                               .run = place->progress.run.id,
                               .ask_stop = ask_stop,
                               .version = -1,
                               .rate = 1};
}

static void takes_every_command_that_waits(void **state)
{
    struct place place;
    atomic_bool ask_stop = false;
    struct mr_control c;
    struct mr_error err;

    set_up(&place);
    c = make_control(&place, &ask_stop);
    send(&place, MR_COMMAND_PAUSE, 0);
    send(&place, MR_COMMAND_RATE, .5);
    send(&place, MR_COMMAND_RATE, .5);
    assert_ok(mr_control_poll(&c, &err), err);
    assert_true(c.is_paused);
    assert_true(c.want_checkpoint);
    assert_true(c.rate == .25);
    assert_int_equal(c.stop, MR_STOP_NONE);
    send(&place, MR_COMMAND_CONTINUE, 0);
    assert_ok(mr_control_poll(&c, &err), err);
    assert_false(c.is_paused);
    send(&place, MR_COMMAND_PAUSE, 0);
    send(&place, MR_COMMAND_STOP_AFTER_EPOCH, 0);
    assert_ok(mr_control_poll(&c, &err), err);
    assert_true(c.stop_after_epoch);
    assert_false(c.is_paused);
    send(&place, MR_COMMAND_STOP_NOW, 0);
    assert_ok(mr_control_poll(&c, &err), err);
    assert_int_equal(c.stop, MR_STOP_SAVED);
    tear_down(&place);
}

static void sees_commands_from_another_connection(void **state)
{
    struct place place;
    atomic_bool ask_stop = false;
    struct mr_store *other = NULL;
    struct mr_control c;
    struct mr_error err;

    set_up(&place);
    c = make_control(&place, &ask_stop);
    assert_ok(mr_control_poll(&c, &err), err);
    assert_ok(mr_store_open(&other, place.folder, MR_STORE_EXISTING, &err), err);
    assert_ok(mr_command_send(other, c.run, MR_COMMAND_CHECKPOINT, 0, &err), err);
    assert_ok(mr_control_poll(&c, &err), err);
    assert_true(c.want_checkpoint);
    mr_store_close(other);
    tear_down(&place);
}

static void ignores_a_rate_that_is_nonsense(void **state)
{
    static const double bad[] = {0, -1, INFINITY};
    struct place place;
    atomic_bool ask_stop = false;
    struct mr_control c;
    struct mr_error err;

    set_up(&place);
    c = make_control(&place, &ask_stop);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        send(&place, MR_COMMAND_RATE, bad[i]);
        assert_ok(mr_control_poll(&c, &err), err);
        assert_true(c.rate == 1);
    }
    assert_false(c.want_checkpoint);
    tear_down(&place);
}

static void hears_the_request_to_stop_and_drops_stale_commands(void **state)
{
    struct place place;
    atomic_bool ask_stop = false;
    struct mr_control c;
    struct mr_error err;

    set_up(&place);
    c = make_control(&place, &ask_stop);
    send(&place, MR_COMMAND_STOP_NOW, 0);
    send(&place, MR_COMMAND_PAUSE, 0);
    assert_ok(mr_control_drop(place.store, c.run, &err), err);
    assert_ok(mr_control_poll(&c, &err), err);
    assert_int_equal(c.stop, MR_STOP_NONE);
    assert_false(c.is_paused);
    atomic_store(&ask_stop, true);
    assert_ok(mr_control_poll(&c, &err), err);
    assert_int_equal(c.stop, MR_STOP_SAVED);
    tear_down(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_steps_in_batches_and_loses_none),
        cmocka_unit_test(writes_a_slow_step_at_once_and_wakes),
        cmocka_unit_test(tells_the_time_left_of_the_whole_run),
        cmocka_unit_test(follows_the_recent_measurements),
        cmocka_unit_test(takes_every_command_that_waits),
        cmocka_unit_test(sees_commands_from_another_connection),
        cmocka_unit_test(ignores_a_rate_that_is_nonsense),
        cmocka_unit_test(hears_the_request_to_stop_and_drops_stale_commands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
