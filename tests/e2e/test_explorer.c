/* SPDX-License-Identifier: MIT */
/*
 * The program itself, in a terminal of its own, on a small demo data set: what a user does, and
 * what must survive a kill and a hang-up. MISREAD_PROGRAM names the program.
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
    const char *const train[] = {getenv("MISREAD_PROGRAM"),
                                 "train",
                                 place->data,
                                 "--size",
                                 "32",
                                 "--batch",
                                 "16",
                                 "--epochs",
                                 epochs,
                                 NULL};
    const char *const explore[] = {getenv("MISREAD_PROGRAM"), place->data, NULL};
    struct vt *vt = vt_start(!strcmp(command, "train") ? train : explore, env, 36, 120, &sixel);

    assert_true(vt_pump_until(vt, "2 Confusion", LONG_MS) >= 0); /* the store is there before it */
    return vt;
}

/* With nothing in training. */
static void leave(struct vt *vt)
{
    vt_keys(vt, "Q");
    assert_int_equal(vt_wait_exit(vt, LONG_MS), 0);
    vt_stop(vt);
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
    leave(vt);
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
    leave(vt);
}

static void a_rate_that_was_searched_for_starts_a_run(void **state)
{
    struct place *place = *state;
    struct vt *vt = start(place, "train", "1");

    assert_true(vt_pump_until(vt, "img/s", LONG_MS) >= 0);
    vt_keys(vt, "6s");
    assert_true(vt_pump_until(vt, "is training here", LONG_MS) >= 0);
    wait_for_state(place, vt, MR_RUN_DONE);
    for (int i = 0; i < 50 && vt_find(vt, "valley", NULL) < 0; i++) {
        vt_keys(vt, "s"); /* refused until the trainer's thread has ended too */
        vt_pump_until(vt, "valley", 5000);
    }
    assert_true(vt_find(vt, "valley", NULL) >= 0);
    vt_keys(vt, "<Enter>");
    assert_true(vt_pump_until(vt, "--lr RATE", LONG_MS) >= 0);
    vt_keys(vt, "<Enter>");
    assert_true(vt_pump_until(vt, "starting a run", LONG_MS) >= 0);
    vt_keys(vt, "Q");
    if (vt_pump_until(vt, "background", 2000) >= 0)
        vt_keys(vt, "s"); /* stop now */
    assert_int_equal(vt_wait_exit(vt, LONG_MS), 0);
    assert_int_not_equal(state_of(place, 2), MR_RUN_FAILED);
    vt_stop(vt);
}

/* Before there is a run as the start sheet would have it, afterwards as the run had it. */
static void shows_what_the_network_sees_before_and_after_a_run(void **state)
{
    struct place *place = *state;
    struct vt *vt = start(place, "explore", NULL);

    vt_keys(vt, "5M");
    assert_true(vt_pump_until(vt, "images measured", LONG_MS) >= 0);
    vt_keys(vt, "<Tab>v");
    assert_true(vt_pump_until(vt, "128 px crop · augment default · flips", LONG_MS) >= 0);
    assert_true(vt_pump_until(vt, "░", LONG_MS) >= 0);
    vt_keys(vt, "w");
    assert_true(vt_pump_until(vt, "no image is set aside for training", LONG_MS) >= 0);
    leave(vt);

    vt = start(place, "train", "1");
    wait_for_state(place, vt, MR_RUN_DONE);
    vt_keys(vt, "5w");
    assert_true(vt_pump_until(vt, "batch 1 of 5 in epoch 1", LONG_MS) >= 0);
    assert_true(vt_pump_until(vt, "32 px crop · augment default", LONG_MS) >= 0);
    assert_true(vt_pump_until(vt, "░", LONG_MS) >= 0);
    vt_keys(vt, "<Enter>");
    assert_true(vt_pump_until(vt, "as it is", LONG_MS) >= 0);
    leave(vt);
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
    leave(vt);
}

/* ---- a sitting ---- */

/* Leaves the two classes that readers confuse most, so that every error is of their pair. */
static void keep_the_pair(const struct place *place)
{
    static const char *const others[] = {
        "dyed-lifted-polyps", "dyed-resection-margins", "normal-cecum", "normal-pylorus", "polyps",
        "ulcerative-colitis"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char *folder = mr_path_join(place->data, others[i]);

        remove_folder(folder); /* frees it */
    }
}

/* A command on the data, with arguments up to NULL; it ends well. */
static void run_quietly(const struct place *place, const char *command, const char *const *more)
{
    const char *argv[16] = {getenv("MISREAD_PROGRAM"), command, place->data};
    const char *const env[] = {place->home, "MISREAD_READER=ada", "MISREAD_FRONT_SOCKET", NULL};
    struct vt *vt;

    for (int i = 3; *more; i++)
        argv[i] = *more++;
    vt = vt_start(argv, env, 36, 120, NULL);
    assert_int_equal(vt_wait_exit(vt, LONG_MS), 0);
    vt_stop(vt);
}

/* Worst pair, worst image, both heat maps, a relabel that is taken back and made again. */
static void relabel_the_worst_image(const struct place *place)
{
    struct vt *vt = start(place, "train", "1");
    struct mr_decision decision;

    wait_for_state(place, vt, MR_RUN_DONE);
    vt_keys(vt, "2");
    assert_true(vt_pump_until(vt, "recall", LONG_MS) >= 0);
    vt_keys(vt, "m<Enter>");
    assert_true(vt_pump_until(vt, "by loss", LONG_MS) >= 0);
    vt_keys(vt, "<Enter>vvv");
    assert_true(vt_pump_until(vt, "why esophagitis", LONG_MS) >= 0);
    assert_true(vt_pump_until(vt, "why normal-z-line", LONG_MS) >= 0);
    assert_true(vt_pump_until(vt, "epoch 1", LONG_MS) >=
                0); /* of the weights: the maps are there */
    vt_keys(vt, "r<Tab><Enter>");
    assert_true(vt_pump_until(vt, "saved", LONG_MS) >= 0);
    assert_true(vt_pump_until(vt, "✎", LONG_MS) >= 0);
    vt_keys(vt, "u");
    assert_true(vt_pump_until_gone(vt, "✎", LONG_MS));
    vt_keys(vt, "r<Tab><Enter>");
    assert_true(vt_pump_until(vt, "✎", LONG_MS) >= 0);
    leave(vt);
    assert_int_equal(count_decisions(place, &decision), 3);
    assert_int_equal(decision.kind, MR_DECISION_RELABEL);
}

static void a_sitting_ends_with_better_labels_elsewhere(void **state)
{
    struct place *place = *state;
    char *file = mr_path_join(place->data, "tasks.json");
    char *fresh = mr_path_join(place->data, "fresh");
    const char *const out[] = {"--export", "label-studio", "--out", file, NULL};
    const char *const in[] = {"--import", file, "--project", fresh, NULL};
    const char *const train[] = {"--project", fresh,      "--size", "32",         "--batch",
                                 "16",        "--epochs", "1",      "--headless", NULL};
    const char *const env[] = {place->home, "MISREAD_READER=ada", "MISREAD_FRONT_SOCKET", NULL};
    const char *const explore[] = {getenv("MISREAD_PROGRAM"), place->data, "--project", fresh,
                                   NULL};
    struct vt *vt;

    keep_the_pair(place);
    relabel_the_worst_image(place);
    run_quietly(place, "review", out);
    run_quietly(place, "train", train); /* before */
    run_quietly(place, "review", in);
    run_quietly(place, "train", train); /* after */

    vt = vt_start(explore, env, 36, 120, &sixel);
    assert_true(vt_pump_until(vt, "7 Runs", LONG_MS) >= 0);
    vt_keys(vt, "7");
    assert_true(vt_pump_until(vt, "reviewed, 1", LONG_MS) >= 0);
    vt_keys(vt, "gg<Space><Down><Space>d");
    assert_true(vt_pump_until(vt, "run 1 → run 2", LONG_MS) >= 0);
    assert_true(vt_pump_until(vt, "1 label changed by readers", LONG_MS) >= 0);
    leave(vt);
    free(fresh);
    free(file);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(keeps_a_relabel_through_a_kill_and_shows_it_again),
        CASE(trains_on_through_a_hang_up_and_is_attached_to_again),
        CASE(gives_the_prompt_back_and_trains_in_the_background),
        CASE(shows_a_killed_run_as_interrupted_and_resumes_it),
        CASE(a_rate_that_was_searched_for_starts_a_run),
        CASE(shows_what_the_network_sees_before_and_after_a_run),
        CASE(a_sitting_ends_with_better_labels_elsewhere),
        CASE(finishes_the_batch_and_exits_0_on_sigterm),
        CASE(stops_the_front_alone_on_ctrl_z),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
