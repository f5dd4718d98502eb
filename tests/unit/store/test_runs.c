/* SPDX-License-Identifier: MIT */
#include "project.h"

#include <math.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <misread/store/runs.h>

#include "sql.h"

static struct mr_run make_run(struct mr_store *store, enum mr_run_state state)
{
    struct mr_run run = {.state = state, .arch = "resnet18", .n_epochs = 3, .n_classes = 3};
    struct mr_error err;

    assert_ok(mr_run_create(store, &run, &err), err);
    return run;
}

static enum mr_run_state state_of(struct mr_store *store, int id)
{
    struct mr_run run;
    struct mr_error err;

    assert_ok(mr_run_load(store, id, &run, &err), err);
    mr_run_finish(&run);
    return run.state;
}

static void names_its_states(void **state)
{
    assert_string_equal(mr_run_state_text(MR_RUN_STARTING), "starting");
    assert_string_equal(mr_run_state_text(MR_RUN_INTERRUPTED), "interrupted");
}

static void gives_back_every_field(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_run run = {
        .created_at = 1700000000,
        .ended_at = 1700000099,
        .state = MR_RUN_FAILED,
        .arch = "resnet34",
        .size_px = 224,
        .batch = 32,
        .n_epochs = 30,
        .n_classes = 8,
        .seed = INT64_C(0x7edcba9876543210),
        .lr = 0.1, /* has no finite binary form: must come back bit for bit */
        .options = (char *)"{\"a\": \"it's\"}",
        .message = (char *)"no memory",
        .phase = "cache",
        .n_done = INT64_C(6000000000),
        .n_total = INT64_C(7000000000),
        .epoch = 4,
        .eta_ms = -1,
        .checkpoint_at = 1700000050,
        .n_train = 800,
        .n_valid = 200,
        .n_relabelled = 31,
        .n_excluded = 7,
    };
    struct mr_run back;
    struct mr_error err;

    assert_ok(mr_run_create(store, &run, &err), err);
    assert_int_equal(run.id, 1);
    assert_ok(mr_run_load(store, 1, &back, &err), err);
    assert_int_equal(back.id, 1);
    assert_int_equal(back.created_at, 1700000000);
    assert_int_equal(back.ended_at, 1700000099);
    assert_int_equal(back.state, MR_RUN_FAILED);
    assert_string_equal(back.arch, "resnet34");
    assert_int_equal(back.size_px, 224);
    assert_int_equal(back.batch, 32);
    assert_int_equal(back.n_epochs, 30);
    assert_int_equal(back.n_classes, 8);
    assert_true(back.seed == run.seed);
    assert_true(back.lr == 0.1);
    assert_string_equal(back.options, run.options);
    assert_string_equal(back.message, "no memory");
    assert_string_equal(back.phase, "cache");
    assert_true(back.n_done == run.n_done);
    assert_true(back.n_total == run.n_total);
    assert_int_equal(back.epoch, 4);
    assert_int_equal(back.eta_ms, -1);
    assert_int_equal(back.checkpoint_at, 1700000050);
    assert_int_equal(back.n_train, 800);
    assert_int_equal(back.n_valid, 200);
    assert_int_equal(back.n_relabelled, 31);
    assert_int_equal(back.n_excluded, 7);
    mr_run_finish(&back);
    mr_store_close(store);
    remove_folder(dir);
}

static void saves_progress(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_run run = make_run(store, MR_RUN_STARTING), back;
    struct mr_error err;

    run.state = MR_RUN_STOPPED;
    run.message = (char *)"asked to";
    strcpy(run.phase, "valid");
    run.ended_at = 11;
    run.n_done = 12;
    run.n_total = 13;
    run.epoch = 14;
    run.eta_ms = 15;
    run.checkpoint_at = 16;
    run.n_train = 17;
    run.n_valid = 18;
    run.n_relabelled = 19;
    run.n_excluded = 20;
    assert_ok(mr_run_update(store, &run, &err), err);
    assert_ok(mr_run_load(store, run.id, &back, &err), err);
    assert_int_equal(back.state, MR_RUN_STOPPED);
    assert_string_equal(back.message, "asked to");
    assert_string_equal(back.phase, "valid");
    assert_int_equal(back.ended_at, 11);
    assert_int_equal(back.n_done, 12);
    assert_int_equal(back.n_total, 13);
    assert_int_equal(back.epoch, 14);
    assert_int_equal(back.eta_ms, 15);
    assert_int_equal(back.checkpoint_at, 16);
    assert_int_equal(back.n_train, 17);
    assert_int_equal(back.n_valid, 18);
    assert_int_equal(back.n_relabelled, 19);
    assert_int_equal(back.n_excluded, 20);
    mr_run_finish(&back);
    run.id = 44;
    assert_int_equal(mr_run_update(store, &run, &err), MR_E_NOT_FOUND);
    mr_store_close(store);
    remove_folder(dir);
}

static void finds_runs_by_number_and_the_last(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_run *runs, run;
    struct mr_error err;
    struct stat st;
    char *path;
    int n;

    assert_int_equal(mr_run_load(store, 0, &run, &err), MR_E_NOT_FOUND);
    make_run(store, MR_RUN_DONE);
    make_run(store, MR_RUN_FAILED);
    assert_int_equal(state_of(store, 1), MR_RUN_DONE);
    assert_int_equal(state_of(store, 0), MR_RUN_FAILED);
    assert_int_equal(mr_run_load(store, 3, &run, &err), MR_E_NOT_FOUND);
    assert_non_null(strstr(err.message, "run 3"));
    assert_ok(mr_runs_load(store, &runs, &n, &err), err);
    assert_int_equal(n, 2);
    assert_int_equal(runs[0].id, 1);
    assert_int_equal(runs[1].state, MR_RUN_FAILED);
    assert_true(runs[1].created_at > 0);
    mr_runs_destroy(runs, n);

    path = mr_run_path(store, 2, "best.safetensors");
    assert_int_equal(strncmp(path, dir, strlen(dir)), 0);
    assert_string_equal(path + strlen(dir), "/runs/2/best.safetensors");
    *strrchr(path, '/') = '\0';
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    free(path);
    mr_store_close(store);
    remove_folder(dir);
}

static void means_a_run_with_something_to_show_where_none_is_named(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    const struct mr_epoch epoch = {.epoch = 1, .n_correct = 1, .n_valid = 2};
    struct mr_run_lock *lock;
    struct mr_run run;
    struct mr_error err;

    make_run(store, MR_RUN_TRAINING);
    make_run(store, MR_RUN_DONE);
    make_run(store, MR_RUN_STOPPED);
    make_run(store, MR_RUN_FAILED);
    assert_ok(mr_run_load(store, 0, &run, &err), err);
    assert_int_equal(run.id, 4); /* none has anything: the last */
    mr_run_finish(&run);
    assert_ok(mr_epoch_add(store, 2, &epoch, NULL, NULL, &err), err);
    assert_ok(mr_run_load(store, 0, &run, &err), err);
    assert_int_equal(run.id, 2);
    mr_run_finish(&run);
    assert_ok(mr_run_lock_take(&lock, store, 1, &err), err);
    assert_ok(mr_run_load(store, 0, &run, &err), err);
    assert_int_equal(run.id, 1); /* resumed: it is what is going on */
    mr_run_finish(&run);
    mr_run_lock_release(lock);
    mr_store_close(store);
    remove_folder(dir);
}

static void leaves_no_run_without_its_folder(void **state)
{
    char *dir = make_folder(), path[128];
    struct mr_store *store = open_store(dir);
    struct mr_run run = {.state = MR_RUN_STARTING, .arch = "resnet18"}, back;
    struct mr_error err;
    FILE *f;

    snprintf(path, sizeof path, "%s/runs", dir);
    f = fopen(path, "w"); /* a file where the folder should be */
    fclose(f);
    assert_int_equal(mr_run_create(store, &run, &err), MR_E_IO);
    assert_int_equal(run.id, 0);
    assert_int_equal(mr_run_load(store, 0, &back, &err), MR_E_NOT_FOUND);
    unlink(path);
    assert_ok(mr_run_create(store, &run, &err), err);
    mr_store_close(store);
    remove_folder(dir);
}

static void is_live_as_long_as_its_lock_is_held(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_run run = make_run(store, MR_RUN_TRAINING);
    struct mr_run_lock *lock = NULL, *second = NULL;
    struct mr_error err;

    assert_false(mr_run_is_live(store, run.id));
    assert_ok(mr_run_lock_take(&lock, store, run.id, &err), err);
    assert_true(mr_run_is_live(store, run.id)); /* in the same process too */
    assert_true(mr_run_is_live(store, run.id)); /* and asking does not take it */
    assert_int_equal(state_of(store, run.id), MR_RUN_TRAINING);
    assert_int_equal(mr_run_lock_take(&second, store, run.id, &err), MR_E_BUSY);
    assert_null(second);
    assert_non_null(strstr(err.message, "run 1"));
    mr_run_lock_release(lock);
    assert_false(mr_run_is_live(store, run.id));
    assert_ok(mr_run_lock_take(&lock, store, run.id, &err), err);
    mr_run_lock_release(lock);
    mr_run_lock_release(NULL);
    assert_int_equal(mr_run_lock_take(&lock, store, 9, &err), MR_E_NOT_FOUND);
    mr_store_close(store);
    remove_folder(dir);
}

static void is_interrupted_if_it_says_live_and_is_not(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_run *runs;
    struct mr_error err;
    int n;

    for (int s = MR_RUN_STARTING; s <= MR_RUN_INTERRUPTED; s++)
        make_run(store, (enum mr_run_state)s);
    assert_ok(mr_runs_load(store, &runs, &n, &err), err);
    for (int i = 0; i < n; i++) {
        bool says_live = i <= MR_RUN_PAUSED;

        assert_int_equal(runs[i].state, says_live ? MR_RUN_INTERRUPTED : (enum mr_run_state)i);
        assert_int_equal(state_of(store, i + 1), runs[i].state);
    }
    mr_runs_destroy(runs, n);
    mr_store_close(store);
    remove_folder(dir);
}

static void is_free_after_its_trainer_was_killed(void **state)
{
    char *dir = make_folder(), ready;
    struct mr_store *store = open_store(dir);
    struct mr_run run = make_run(store, MR_RUN_TRAINING);
    struct mr_run_lock *lock;
    struct mr_error err;
    int ends[2], status;
    pid_t pid;

    mr_store_close(store); /* no connection is carried across a fork */
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (!pid) {
        store = open_store(dir);
        if (mr_run_lock_take(&lock, store, run.id, NULL) || write(ends[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    store = open_store(dir);
    assert_int_equal(read(ends[0], &ready, 1), 1);
    assert_true(mr_run_is_live(store, run.id));
    assert_int_equal(state_of(store, run.id), MR_RUN_TRAINING);
    assert_int_equal(mr_run_lock_take(&lock, store, run.id, &err), MR_E_BUSY);
    assert_int_equal(strtol(strstr(err.message, "process ") + 8, NULL, 10), pid);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_false(mr_run_is_live(store, run.id));
    assert_int_equal(state_of(store, run.id), MR_RUN_INTERRUPTED);
    assert_ok(mr_run_lock_take(&lock, store, run.id, &err), err);
    mr_run_lock_release(lock);
    close(ends[0]);
    close(ends[1]);
    mr_store_close(store);
    remove_folder(dir);
}

static void takes_the_lock_while_others_look(void **state)
{
    /* Looking holds the lock for an instant; a trainer must not take that for another trainer. */
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_run run = make_run(store, MR_RUN_TRAINING);
    struct mr_run_lock *lock;
    struct mr_error err;
    pid_t pid = fork();
    int status;

    if (!pid) {
        while (getppid() != 1)             /* not for ever if the suite itself is killed */
            mr_run_is_live(store, run.id); /* touches the lock file only */
        _exit(0);
    }
    for (int i = 0; i < 300; i++) {
        assert_ok(mr_run_lock_take(&lock, store, run.id, &err), err);
        mr_run_lock_release(lock);
    }
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    mr_store_close(store);
    remove_folder(dir);
}

static void does_not_take_another_watcher_for_a_trainer(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_run run = make_run(store, MR_RUN_TRAINING);
    struct mr_run_lock *lock;
    struct mr_error err;
    int status, n_live = 0;
    pid_t pid;

    assert_ok(mr_run_lock_take(&lock, store, run.id, &err), err); /* so that there is a lock */
    mr_run_lock_release(lock);
    pid = fork();
    if (!pid) {
        while (getppid() != 1)
            mr_run_is_live(store, run.id);
        _exit(0);
    }
    for (int i = 0; i < 20000; i++)
        n_live += mr_run_is_live(store, run.id);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(n_live, 0);
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_a_state_that_it_does_not_know(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_run back;
    struct mr_error err;

    make_run(store, MR_RUN_DONE);
    sqlite3_exec(store->db, "UPDATE run SET state = 'flying'", NULL, NULL, NULL);
    assert_int_equal(mr_run_load(store, 1, &back, &err), MR_E_FORMAT);
    mr_store_close(store);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_its_states),
        cmocka_unit_test(gives_back_every_field),
        cmocka_unit_test(saves_progress),
        cmocka_unit_test(finds_runs_by_number_and_the_last),
        cmocka_unit_test(means_a_run_with_something_to_show_where_none_is_named),
        cmocka_unit_test(leaves_no_run_without_its_folder),
        cmocka_unit_test(is_live_as_long_as_its_lock_is_held),
        cmocka_unit_test(is_interrupted_if_it_says_live_and_is_not),
        cmocka_unit_test(is_free_after_its_trainer_was_killed),
        cmocka_unit_test(takes_the_lock_while_others_look),
        cmocka_unit_test(does_not_take_another_watcher_for_a_trainer),
        cmocka_unit_test(refuses_a_state_that_it_does_not_know),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
