/* SPDX-License-Identifier: MIT */
/*
 * A session with the store in which the n-th read, write, sync or allocation of SQLite fails, for
 * every n until it passes: it says so in a sentence, leaks nothing (under the sanitizers), leaves
 * no half transaction, and keeps what was acknowledged. After SQLite's own I/O-error and
 * out-of-memory loops.
 */
#include "project.h"
#include "vfs.h"

#include <misread/store/runs.h>

static int n_acked; /* decisions, over all sessions of a case */

static enum mr_status decide_numbered(struct mr_store *store, struct mr_error *err)
{
    struct mr_decision d = {.image = 1 + n_acked % 5, .kind = MR_DECISION_NOTE, .reader = "ann"};
    enum mr_status st;

    snprintf(d.note, sizeof d.note, "note %d", n_acked);
    st = mr_decision_add(store, &d, err);
    if (!st)
        n_acked++;
    return st;
}

static enum mr_status look_at_images(struct mr_store *store, struct mr_error *err)
{
    const struct mr_image_row second = {.id = 2, .w = n_acked};
    struct mr_image_table *images = NULL;
    enum mr_status st = mr_images_load(store, &images, err);

    if (!st) {
        assert_int_equal(images->n, 5);
        images->rows[0].w++;
        st = mr_images_save(store, images, err);
    }
    mr_images_destroy(images);
    return st ? st : mr_images_set_states(store, &second, 1, err);
}

static enum mr_status train(struct mr_store *store, struct mr_error *err)
{
    int64_t ids[] = {1, 2};
    int labels[] = {0, 1};
    float losses[] = {1, 2}, logits[2 * 600] = {3};
    struct mr_predictions p = {
        .n = 2, .n_classes = 600, .ids = ids, .labels = labels, .logits = logits, .losses = losses};
    struct mr_predictions *back = NULL;
    struct mr_step step = {.step = n_acked, .epoch = 1}, *steps = NULL;
    struct mr_epoch epoch = {.epoch = 1};
    enum mr_status st = mr_steps_add(store, 1, &step, 1, err);
    int n;

    if (!st)
        st = mr_epoch_add(store, 1, &epoch, &p, &p, err);
    if (!st)
        st = mr_steps_load(store, 1, 0, &steps, &n, err);
    if (!st)
        st = mr_predictions_load(store, 1, 0, MR_SIDE_VALID, &back, err);
    free(steps);
    mr_predictions_destroy(back);
    return st;
}

static enum mr_status send_and_take(struct mr_store *store, struct mr_error *err)
{
    enum mr_status st = mr_command_send(store, 1, MR_COMMAND_PAUSE, 0, err);
    enum mr_command_kind kind;
    bool found;
    double value;

    return st ? st : mr_command_take(store, 1, &kind, &value, &found, err);
}

static enum mr_status look_at_decisions(struct mr_store *store, struct mr_error *err)
{
    struct mr_decision *all = NULL;
    struct mr_run *runs = NULL;
    int n = 0, n_runs = 0;
    enum mr_status st = mr_decisions_load(store, &all, &n, err);

    if (!st)
        st = mr_runs_load(store, &runs, &n_runs, err);
    mr_runs_destroy(runs, n_runs);
    free(all);
    return st;
}

/* Opens, does a little of everything, closes. */
static enum mr_status hold_session(const char *dir, struct mr_error *err)
{
    struct mr_store *store = NULL;
    enum mr_status st = mr_store_open(&store, dir, MR_STORE_EXISTING, err);

    if (!st)
        st = look_at_images(store, err);
    if (!st)
        st = decide_numbered(store, err);
    if (!st)
        st = train(store, err);
    if (!st)
        st = send_and_take(store, err);
    if (!st)
        st = decide_numbered(store, err);
    if (!st)
        st = look_at_decisions(store, err);
    mr_store_close(store);
    return st;
}

/* With a sound disk again, every acknowledged decision is there, and nothing but at most the one
 * refused at a moment when it had reached the disk already. */
static void check_project(const char *dir)
{
    struct mr_store *store = open_store(dir);
    struct mr_decision *all;
    struct mr_error err;
    int n;

    assert_ok(mr_decisions_load(store, &all, &n, &err), err);
    assert_int_equal(n, n_acked);
    for (int i = 0; i < n; i++) {
        char note[32];

        snprintf(note, sizeof note, "note %d", i);
        assert_string_equal(all[i].note, note);
    }
    free(all);
    mr_store_close(store);
}

static char *make_project(void)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_run run = {.state = MR_RUN_DONE, .arch = "resnet18"};
    struct mr_error err;

    n_acked = 0;
    add_images(store, 5);
    assert_ok(mr_run_create(store, &run, &err), err);
    mr_store_close(store);
    return dir;
}

static void survives_every_fault_of_the_disk(void **state)
{
    static const struct {
        enum shim_op op;
        enum shim_kind kind;
        int rc;
        int n_least; /* a session has at least so many such calls, or this test looks at nothing */
    } cases[] = {
        {SHIM_WRITE, SHIM_WAL, SQLITE_FULL, 20},
        {SHIM_WRITE, SHIM_WAL, SQLITE_IOERR_WRITE, 20},
        {SHIM_SYNC, SHIM_WAL, SQLITE_IOERR_FSYNC, 3},
        {SHIM_WRITE, SHIM_DB, SQLITE_IOERR_WRITE, 5},
        {SHIM_SYNC, SHIM_DB, SQLITE_IOERR_FSYNC, 1},
        {SHIM_READ, SHIM_DB, SQLITE_IOERR_READ, 10},
    };

    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        char *dir = make_project();
        int at = 0, n_failed = 0;
        bool was_reached = true;

        while (was_reached) {
            struct mr_error err = {0};
            enum mr_status st;

            shim_fail(cases[c].op, cases[c].kind, ++at, cases[c].rc, false);
            st = hold_session(dir, &err);
            was_reached = shim.fail_at == 0;
            shim_reset();
            if (st) {
                assert_int_equal(err.status, st);
                assert_non_null(strstr(err.message, "cannot"));
                n_failed++;
            } else if (!was_reached) {
                assert_true(at > cases[c].n_least);
            }
            check_project(dir);
        }
        print_message("fault %d: %d calls, %d sessions failed\n", (int)c, at - 1, n_failed);
        remove_folder(dir);
    }
}

/* SQLite's allocator, with one call that fails. */
static sqlite3_mem_methods real_memory;
static int n_until_none; /* 0: never */

static bool is_to_fail(void)
{
    return n_until_none > 0 && --n_until_none == 0;
}

static void *failing_malloc(int n)
{
    return is_to_fail() ? NULL : real_memory.xMalloc(n);
}

static void *failing_realloc(void *p, int n)
{
    return is_to_fail() ? NULL : real_memory.xRealloc(p, n);
}

static void survives_every_fault_of_memory(void **state)
{
    char *dir = make_project();
    int stride = getenv("MISREAD_EVERY_FAULT") ? 1 : 5, at = 0, n_tried = 0, n_failed = 0;
    bool was_reached = true;

    shim.is_syncless = true;
    while (was_reached) {
        struct mr_error err = {0};
        enum mr_status st;

        at += stride;
        n_until_none = at;
        st = hold_session(dir, &err);
        was_reached = n_until_none == 0;
        n_until_none = 0;
        if (st) {
            assert_int_equal(err.status, st);
            assert_true(strstr(err.message, "cannot") || strstr(err.message, "no memory"));
            n_failed++;
        }
        if (++n_tried % 8 == 0 || !was_reached)
            check_project(dir);
    }
    print_message("%d allocations, %d of %d sessions failed\n", at, n_failed, n_tried);
    assert_true(n_failed > 100);
    shim_reset();
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_every_fault_of_the_disk),
        cmocka_unit_test(survives_every_fault_of_memory),
    };
    sqlite3_mem_methods failing;

    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
    failing = real_memory;
    failing.xMalloc = failing_malloc;
    failing.xRealloc = failing_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
    sqlite3_initialize();
    shim_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
