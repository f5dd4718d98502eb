/* SPDX-License-Identifier: MIT */
#include "project.h"

#include <sys/wait.h>

#include <misread/store/runs.h>

#include "sql.h"

static void make_runs(const char *dir, int n)
{
    struct mr_store *store = open_store(dir);
    struct mr_error err;

    for (int i = 0; i < n; i++) {
        struct mr_run run = {.state = MR_RUN_TRAINING, .arch = "resnet18"};

        assert_ok(mr_run_create(store, &run, &err), err);
    }
    mr_store_close(store);
}

static void assert_next(struct mr_store *store, int run, enum mr_command_kind kind, double value)
{
    enum mr_command_kind k;
    struct mr_error err;
    bool found = false;
    double v;

    assert_ok(mr_command_take(store, run, &k, &v, &found, &err), err);
    assert_true(found);
    assert_int_equal(k, kind);
    assert_true(v == value);
}

static void assert_none(struct mr_store *store, int run)
{
    enum mr_command_kind k;
    struct mr_error err;
    bool found = true;
    double v;

    assert_ok(mr_command_take(store, run, &k, &v, &found, &err), err);
    assert_false(found);
}

static void gives_commands_once_and_in_order_across_connections(void **state)
{
    char *dir = make_folder();
    struct mr_store *a, *b;
    struct mr_error err;

    make_runs(dir, 2);
    a = open_store(dir);
    b = open_store(dir);
    assert_none(b, 1);
    assert_ok(mr_command_send(a, 1, MR_COMMAND_PAUSE, 0, &err), err);
    assert_ok(mr_command_send(a, 2, MR_COMMAND_STOP_NOW, 0, &err), err);
    assert_ok(mr_command_send(b, 1, MR_COMMAND_RATE, 0.1, &err), err);
    assert_ok(mr_command_send(a, 1, MR_COMMAND_CHECKPOINT, 0, &err), err);
    assert_next(b, 1, MR_COMMAND_PAUSE, 0);
    assert_next(a, 1, MR_COMMAND_RATE, 0.1);
    assert_ok(mr_command_send(a, 1, MR_COMMAND_CONTINUE, 0, &err), err);
    assert_next(b, 1, MR_COMMAND_CHECKPOINT, 0);
    assert_next(b, 1, MR_COMMAND_CONTINUE, 0);
    assert_none(a, 1);
    assert_none(b, 1);
    assert_next(a, 2, MR_COMMAND_STOP_NOW, 0);
    assert_none(a, 2);
    mr_store_close(a);
    mr_store_close(b);
    remove_folder(dir);
}

static void does_not_write_when_there_is_nothing_to_take(void **state)
{
    char *dir = make_folder();
    struct mr_store *store;
    int64_t version;

    make_runs(dir, 1);
    store = open_store(dir);
    version = mr_store_version(store);
    assert_none(store, 1);
    assert_true(mr_store_version(store) == version);
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_a_command_to_no_run(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_error err;

    assert_int_equal(mr_command_send(store, 1, MR_COMMAND_PAUSE, 0, &err), MR_E_STORE);
    assert_non_null(strstr(err.message, "send a command"));
    mr_store_close(store);
    remove_folder(dir);
}

static void gives_each_command_to_one_of_two_takers(void **state)
{
    enum { N = 60 };
    char *dir = make_folder();
    struct mr_store *store;
    struct mr_error err;
    pid_t pids[2];
    int n_taken = 0;

    make_runs(dir, 1);
    store = open_store(dir);
    for (int i = 0; i < N; i++)
        assert_ok(mr_command_send(store, 1, MR_COMMAND_RATE, i, &err), err);
    mr_store_close(store);
    for (int p = 0; p < 2; p++) {
        pids[p] = fork();
        if (!pids[p]) {
            enum mr_command_kind k;
            int n = 0, last = -1;
            bool found = true;
            double v;

            if (mr_store_open(&store, dir, MR_STORE_EXISTING, NULL))
                _exit(200);
            for (int i = 0; i < 2 * N; i++) {
                if (mr_command_take(store, 1, &k, &v, &found, NULL) || (found && (int)v <= last))
                    _exit(201);
                if (found)
                    last = (int)v;
                n += found;
            }
            mr_store_close(store);
            free(dir);
            _exit(n);
        }
    }
    for (int p = 0; p < 2; p++) {
        int status;

        assert_int_equal(waitpid(pids[p], &status, 0), pids[p]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= N);
        n_taken += WEXITSTATUS(status);
    }
    assert_int_equal(n_taken, N);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_commands_once_and_in_order_across_connections),
        cmocka_unit_test(does_not_write_when_there_is_nothing_to_take),
        cmocka_unit_test(refuses_a_command_to_no_run),
        cmocka_unit_test(gives_each_command_to_one_of_two_takers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
