/* SPDX-License-Identifier: MIT */
/*
 * The program itself, in a terminal of its own, on a small demo data set: what a user does, and what must
 * survive a kill and a hang-up. MISREAD_PROGRAM names the program.
 */
#include "support.h"

#include <signal.h>

#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/data/demo.h>
#include <misread/store/review.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>

#include "vt/vt.h"

/* Generous: the machine may be busy; nothing here is about speed. */
#define LONG_MS 240000

static const struct vt_options sixel = {.sixel = true};

struct place {
    char *data;
    char *project;
    char home[300];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    struct mr_demo_options options = {.n_images = 96};
    struct mr_error err;

    place->data = make_folder();
    place->project = mr_path_join(place->data, ".misread");
    snprintf(place->home, sizeof place->home, "XDG_STATE_HOME=%s/.state", place->data);
    assert_ok(mr_demo_make(place->data, &options, &err), err);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;

    free(place->project);
    remove_folder(place->data);
    free(place);
    return 0;
}

static struct vt *start(const struct place *place, const char *command, const char *epochs)
{
    const char *const env[] = {place->home, "MISREAD_READER=ada", "MISREAD_FRONT_SOCKET", NULL};
    const char *const train[] = {getenv("MISREAD_PROGRAM"), "train",  place->data, "--size", "32",
                                 "--batch", "16", "--epochs", epochs, NULL};
    const char *const explore[] = {getenv("MISREAD_PROGRAM"), place->data, NULL};
    struct vt *vt = vt_start(!strcmp(command, "train") ? train : explore, env, 36, 120, &sixel);

    assert_true(vt_pump_until(vt, "2 Confusion", LONG_MS) >= 0); /* the store is there before it */
    return vt;
}

static struct mr_store *open_store(const struct place *place)
{
    struct mr_store *store;
    struct mr_error err;

    assert_ok(mr_store_open(&store, place->project, MR_STORE_EXISTING, &err), err);
    return store;
}

static enum mr_run_state state_of(const struct place *place, int id)
{
    struct mr_store *store = open_store(place);
    struct mr_run run;
    struct mr_error err;
    enum mr_run_state state;

    assert_ok(mr_run_load(store, id, &run, &err), err);
    state = run.state;
    mr_run_finish(&run);
    mr_store_close(store);
    return state;
}

/* Waits until run 1 is in this state. */
static void wait_for_state(const struct place *place, struct vt *vt, enum mr_run_state state)
{
    int64_t until = mr_clock_ms() + LONG_MS;

    while (state_of(place, 1) != state && mr_clock_ms() < until) {
        if (vt)
            vt_pump(vt, 200);
        else
            mr_clock_sleep_ms(200);
    }
    assert_int_equal(state_of(place, 1), state);
}

static int count_decisions(const struct place *place, struct mr_decision *last)
{
    struct mr_store *store = open_store(place);
    struct mr_decision *decisions;
    struct mr_error err;
    int n;

    assert_ok(mr_decisions_load(store, &decisions, &n, &err), err);
    if (n)
        *last = decisions[n - 1];
    free(decisions);
    mr_store_close(store);
    return n;
}

/* The program proper: the front's child. */
static int program_of(struct vt *vt)
{
    char path[64];
    FILE *file;
    int pid = -1;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", vt_pid(vt), vt_pid(vt));
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    return pid;
}

static void keeps_a_relabel_through_a_kill_and_shows_it_again(void **state)
{
    struct place *place = *state;
    struct vt *vt = start(place, "train", "1");
    struct mr_decision decision;

    wait_for_state(place, vt, MR_RUN_DONE);
    vt_keys(vt, "2");
    assert_true(vt_pump_until(vt, "recall", LONG_MS) >= 0);
    vt_keys(vt, "m<Enter>");
    assert_true(vt_pump_until(vt, "by loss", LONG_MS) >= 0);
    assert_true(vt_pump_until_pictures(vt, 1, LONG_MS));
    vt_keys(vt, "r");
    assert_true(vt_pump_until(vt, "relabel ", LONG_MS) >= 0);
    vt_keys(vt, "<Tab><Enter>"); /* the model's guess, which in a cell of errors is another class */
    assert_true(vt_pump_until(vt, "saved", LONG_MS) >= 0);
    /* "saved" is on the screen: from here on nothing may lose it */
    kill(program_of(vt), SIGKILL);
    assert_int_equal(WEXITSTATUS(vt_wait_exit(vt, LONG_MS)), 128 + SIGKILL);
    assert_true(vt_is_restored(vt));
    vt_stop(vt);

    assert_int_equal(count_decisions(place, &decision), 1);
    assert_int_equal(decision.kind, MR_DECISION_RELABEL);
    assert_int_not_equal(decision.from_class, decision.to_class);
    assert_string_equal(decision.reader, "ada");

    vt = start(place, "explore", NULL);
    vt_keys(vt, "2");
    assert_true(vt_pump_until(vt, "recall", LONG_MS) >= 0);
    vt_keys(vt, "m<Enter>");
    assert_true(vt_pump_until(vt, "✎", LONG_MS) >= 0);
    vt_keys(vt, "u");
    assert_true(vt_pump_until(vt, "saved", LONG_MS) >= 0);
    vt_keys(vt, "Q");
    assert_int_equal(vt_wait_exit(vt, LONG_MS), 0);
    assert_true(vt_is_restored(vt));
    vt_stop(vt);
    assert_int_equal(count_decisions(place, &decision), 2);
    assert_int_equal(decision.kind, MR_DECISION_UNDO);
}

static void trains_on_through_a_hang_up_and_is_attached_to_again(void **state)
{
    struct place *place = *state;
    struct vt *vt = start(place, "train", "6");
    int status;

    wait_for_state(place, vt, MR_RUN_TRAINING);
    assert_true(vt_pump_until(vt, "img/s", LONG_MS) >= 0);
    vt_hang_up(vt);
    status = vt_wait_exit(vt, LONG_MS);
    assert_true(WIFEXITED(status) || WIFSIGNALED(status));
    vt_stop(vt);
    assert_int_equal(state_of(place, 1), MR_RUN_TRAINING); /* its lock is still held */

    vt = start(place, "explore", NULL);
    assert_true(vt_pump_until(vt, "training", LONG_MS) >= 0);
    wait_for_state(place, vt, MR_RUN_DONE);
    assert_true(vt_pump_until(vt, "done", LONG_MS) >= 0);
    vt_keys(vt, "Q");
    assert_int_equal(vt_wait_exit(vt, LONG_MS), 0);
    vt_stop(vt);
}

static void gives_the_prompt_back_and_trains_in_the_background(void **state)
{
    struct place *place = *state;
    struct vt *vt = start(place, "train", "4");

    assert_true(vt_pump_until(vt, "img/s", LONG_MS) >= 0);
    vt_keys(vt, "Q");
    assert_true(vt_pump_until(vt, "background", LONG_MS) >= 0);
    vt_keys(vt, "<Enter>"); /* the default */
    assert_int_equal(vt_wait_exit(vt, LONG_MS), 0);
    assert_true(vt_is_restored(vt));
    assert_true(vt_find(vt, "attaches", NULL) >= 0);
    vt_stop(vt);
    assert_int_equal(state_of(place, 1), MR_RUN_TRAINING);
    wait_for_state(place, NULL, MR_RUN_DONE);
}

static void shows_a_killed_run_as_interrupted_and_resumes_it(void **state)
{
    struct place *place = *state;
    struct vt *vt = start(place, "train", "3");

    assert_true(vt_pump_until(vt, "img/s", LONG_MS) >= 0);
    kill(program_of(vt), SIGKILL);
    vt_wait_exit(vt, LONG_MS);
    vt_stop(vt);
    assert_int_equal(state_of(place, 1), MR_RUN_INTERRUPTED);

    vt = start(place, "explore", NULL);
    assert_true(vt_pump_until(vt, "interrupted", LONG_MS) >= 0);
    vt_keys(vt, "S");
    assert_true(vt_pump_until(vt, "resume", LONG_MS) >= 0);
    vt_keys(vt, "<Enter>");
    wait_for_state(place, vt, MR_RUN_DONE);
    assert_true(vt_pump_until(vt, "done", LONG_MS) >= 0);
    vt_keys(vt, "Q");
    assert_int_equal(vt_wait_exit(vt, LONG_MS), 0);
    vt_stop(vt);
}

static void finishes_the_batch_and_exits_0_on_sigterm(void **state)
{
    struct place *place = *state;
    struct vt *vt = start(place, "train", "50");

    assert_true(vt_pump_until(vt, "img/s", LONG_MS) >= 0);
    vt_kill(vt, SIGTERM);
    assert_int_equal(vt_wait_exit(vt, LONG_MS), 0);
    assert_true(vt_is_restored(vt));
    vt_stop(vt);
    assert_int_equal(state_of(place, 1), MR_RUN_STOPPED);
}

static void stops_the_front_alone_on_ctrl_z(void **state)
{
    struct place *place = *state;
    struct vt *vt = start(place, "train", "3");

    assert_true(vt_pump_until(vt, "img/s", LONG_MS) >= 0);
    vt_keys(vt, "<C-z>");
    assert_true(vt_wait_stopped(vt, LONG_MS));
    assert_false(vt_modes(vt).alternate_screen);
    wait_for_state(place, NULL, MR_RUN_DONE); /* training has gone on */
    vt_kill(vt, SIGCONT);
    assert_true(vt_pump_until(vt, "done", LONG_MS) >= 0);
    assert_true(vt_modes(vt).alternate_screen);
    vt_keys(vt, "Q");
    assert_int_equal(vt_wait_exit(vt, LONG_MS), 0);
    vt_stop(vt);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(keeps_a_relabel_through_a_kill_and_shows_it_again),
        CASE(trains_on_through_a_hang_up_and_is_attached_to_again),
        CASE(gives_the_prompt_back_and_trains_in_the_background),
        CASE(shows_a_killed_run_as_interrupted_and_resumes_it),
        CASE(finishes_the_batch_and_exits_0_on_sigterm),
        CASE(stops_the_front_alone_on_ctrl_z),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
