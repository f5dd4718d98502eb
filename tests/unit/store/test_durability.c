/* SPDX-License-Identifier: MIT */
/* A decision that was acknowledged is on the disk: seen in the order of writes and syncs, and
 * proved by rebuilding what a power cut would have left at every moment. */
#include "project.h"
#include "vfs.h"

#include <misread/base/clock.h>
#include <misread/base/rng.h>
#include <misread/store/runs.h>

#include "sql.h"

/* Has the log from `from` on a frame in the WAL and behind the last one a sync? */
static bool is_written(int from)
{
    for (int i = from; i < shim.n; i++)
        if (shim.events[i].op == SHIM_WRITE && shim.events[i].kind == SHIM_WAL)
            return true;
    return false;
}

static bool is_synced(int from)
{
    for (int i = shim.n - 1; i >= from; i--)
        if (shim.events[i].kind == SHIM_WAL && shim.events[i].op == SHIM_WRITE)
            return false;
        else if (shim.events[i].kind == SHIM_WAL && shim.events[i].op == SHIM_SYNC)
            return true;
    return false;
}

static void syncs_the_frame_of_every_decision_before_it_returns(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);

    add_images(store, 10);
    shim.is_logging = true;
    for (int i = 0; i < 50; i++) {
        int from = shim.n;

        decide(store, relabel(1 + i % 10, i % 3, "ann"));
        assert_true(is_written(from));
        assert_true(is_synced(from));
    }
    shim_reset();
    mr_store_close(store);
    remove_folder(dir);
}

static void does_not_sync_metrics_one_by_one(void **state)
{
    /* Also shows that the case above can tell: the same look at a NORMAL commit finds no sync. */
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_run run = {.state = MR_RUN_TRAINING, .arch = "resnet18"};
    struct mr_step step = {.epoch = 1};
    struct mr_error err;
    int from;

    assert_ok(mr_run_create(store, &run, &err), err);
    shim.is_logging = true;
    from = shim.n;
    assert_ok(mr_steps_add(store, run.id, &step, 1, &err), err);
    assert_true(is_written(from));
    assert_false(is_synced(from));
    shim_reset();
    mr_store_close(store);
    remove_folder(dir);
}

/* Waits for one answer of the reviewer. */
static void wait_for_answer(struct mr_reviewer *reviewer, int64_t *ticket, struct mr_decision *d,
                            struct mr_error *err)
{
    for (int i = 0; i < 20000; i++) {
        if (mr_reviewer_poll(reviewer, ticket, d, err))
            return;
        mr_clock_sleep_ms(1);
    }
    fail_msg("the reviewer did not answer");
}

static void syncs_before_the_reviewer_answers(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_reviewer *reviewer;
    struct mr_error err;

    add_images(store, 3);
    assert_ok(mr_reviewer_start(&reviewer, dir, NULL, &err), err);
    shim.is_logging = true;
    for (int i = 0; i < 20; i++) {
        struct mr_decision d = relabel(1, i % 3, "ann");
        int from = shim.n;
        int64_t ticket;

        mr_reviewer_submit(reviewer, &d);
        wait_for_answer(reviewer, &ticket, &d, &err);
        assert_int_equal(err.status, MR_OK);
        assert_true(is_written(from));
        assert_true(is_synced(from));
    }
    shim.is_logging = false;
    mr_reviewer_stop(reviewer);
    shim_reset();
    mr_store_close(store);
    remove_folder(dir);
}

/* --- what a power cut leaves ------------------------------------------------------------------ */

/* A file in memory: what is surely on the disk, and the operations since, each of which may be
 * lost. */
struct disk_file {
    unsigned char *bytes;
    size_t n, cap;
};

struct disk {
    struct disk_file synced[SHIM_N_KINDS];
    int *unsynced; /* indices of events */
    int n_unsynced;
};

static void resize(struct disk_file *f, size_t n)
{
    if (n > f->cap) {
        f->cap = n * 2;
        f->bytes = realloc(f->bytes, f->cap);
    }
    if (n > f->n)
        memset(f->bytes + f->n, 0, n - f->n);
    f->n = n;
}

/* Of a torn write only the first sectors arrive. */
static void apply(struct disk_file *f, const struct shim_event *e, int n_bytes)
{
    if (e->op == SHIM_TRUNCATE) {
        resize(f, (size_t)e->offset);
    } else {
        if ((size_t)e->offset + (size_t)n_bytes > f->n)
            resize(f, (size_t)e->offset + (size_t)n_bytes);
        memcpy(f->bytes + e->offset, e->data, (size_t)n_bytes);
    }
}

static void sync_file(struct disk *disk, enum shim_kind kind)
{
    int n = 0;

    for (int i = 0; i < disk->n_unsynced; i++) {
        const struct shim_event *e = &shim.events[disk->unsynced[i]];

        if (e->kind == kind)
            apply(&disk->synced[kind], e, e->n);
        else
            disk->unsynced[n++] = disk->unsynced[i];
    }
    disk->n_unsynced = n;
}

static void save_file(const char *dir, const char *name, const struct disk_file *f)
{
    char path[256];
    FILE *out;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(f->bytes, 1, f->n, out), f->n);
    fclose(out);
}

/* What happened to the writes that were not synced: 0 lost, 1 all arrived, 2 the last is torn, else
 * chance decides for each. Written into dir. */
static void save_state(const struct disk *disk, const char *dir, int fate, struct mr_rng *rng)
{
    static const char *const names[] = {"project.db", "project.db-wal"};
    struct disk_file files[SHIM_N_KINDS] = {0};
    char path[256];

    for (int k = 0; k < SHIM_N_KINDS; k++) {
        resize(&files[k], disk->synced[k].n);
        if (disk->synced[k].n)
            memcpy(files[k].bytes, disk->synced[k].bytes, disk->synced[k].n);
    }
    for (int i = 0; i < disk->n_unsynced && fate; i++) {
        const struct shim_event *e = &shim.events[disk->unsynced[i]];
        int n = e->n;

        if (fate == 2 && i == disk->n_unsynced - 1)
            n /= 2;
        if (fate > 2 && mr_rng_below(rng, 2))
            continue;
        if (fate > 2 && n > 512 && mr_rng_below(rng, 2))
            n = 512 * (int)mr_rng_below(rng, (uint64_t)n / 512);
        apply(&files[e->kind], e, n);
    }
    for (int k = 0; k < SHIM_N_KINDS; k++) {
        save_file(dir, names[k], &files[k]);
        free(files[k].bytes);
    }
    snprintf(path, sizeof path, "%s/project.db-shm", dir);
    unlink(path);
}

/* Opens what was left and looks for the first n_acked decisions, in order and whole. */
static void check_state(const char *dir, int n_acked, int at, int fate)
{
    struct mr_store *store;
    struct mr_decision *decisions;
    struct mr_error err;
    int n = 0;

    if (mr_store_open(&store, dir, MR_STORE_EXISTING, &err) ||
        mr_decisions_load(store, &decisions, &n, &err))
        fail_msg("cut at event %d, fate %d: %s", at, fate, err.message);
    if (n < n_acked)
        fail_msg("cut at event %d, fate %d: %d of %d decisions left", at, fate, n, n_acked);
    for (int i = 0; i < n; i++) {
        char note[32];

        snprintf(note, sizeof note, "note %d", i);
        assert_string_equal(decisions[i].note, note);
        assert_int_equal(decisions[i].id, i + 1);
    }
    free(decisions);
    mr_store_close(store);
}

/* Decisions on one connection, unsynced metrics on another, and a log short enough to start over
 * often. */
static void record(const char *dir, int n_decisions, int *from)
{
    struct mr_store *store, *trainer;
    struct mr_run run = {.state = MR_RUN_TRAINING, .arch = "resnet18"};
    struct mr_error err;

    shim.is_logging = true;
    store = open_store(dir);
    trainer = open_store(dir);
    add_images(store, 5);
    assert_ok(mr_run_create(store, &run, &err), err);
    sqlite3_wal_autocheckpoint(store->db, 12);
    decide(store, (struct mr_decision){.image = 1, .kind = MR_DECISION_NOTE, .note = "note 0"});
    *from = shim.n;
    shim_add(SHIM_ACK, SHIM_OTHER, 0, NULL, 0);
    for (int i = 1; i < n_decisions; i++) {
        struct mr_decision d = {.image = 1 + i % 5, .kind = MR_DECISION_NOTE};
        struct mr_step step = {.step = i, .epoch = 1};

        snprintf(d.note, sizeof d.note, "note %d", i);
        assert_ok(mr_steps_add(trainer, run.id, &step, 1, &err), err);
        decide(store, d);
        shim_add(SHIM_ACK, SHIM_OTHER, i, NULL, 0);
    }
    shim.is_logging = false; /* what closing does is another story */
    mr_store_close(trainer);
    mr_store_close(store);
}

static void keeps_what_was_acknowledged_whatever_a_power_cut_leaves(void **state)
{
    enum { N_DECISIONS = 60, N_FATES = 6 };
    char *dir = make_folder(), *left = make_folder();
    struct mr_rng rng = mr_rng_make(11, 0, 0, 0);
    struct disk disk = {0};
    int from, n_acked = 0, n_states = 0;

    record(dir, N_DECISIONS, &from);
    shim.is_syncless = true; /* what is looked at below need not last */
    disk.unsynced = calloc((size_t)shim.n, sizeof *disk.unsynced);
    for (int i = 0; i < shim.n; i++) {
        const struct shim_event *e = &shim.events[i];

        if (e->op == SHIM_ACK)
            n_acked++;
        else if (e->op == SHIM_SYNC && e->kind < SHIM_N_KINDS)
            sync_file(&disk, e->kind);
        else if (e->kind < SHIM_N_KINDS)
            disk.unsynced[disk.n_unsynced++] = i;
        for (int fate = 0; i >= from && fate < N_FATES; fate++, n_states++) {
            save_state(&disk, left, fate, &rng);
            check_state(left, n_acked, i, fate);
        }
    }
    assert_int_equal(n_acked, N_DECISIONS);
    print_message("%d states after a power cut\n", n_states);
    for (int k = 0; k < SHIM_N_KINDS; k++)
        free(disk.synced[k].bytes);
    free(disk.unsynced);
    shim_reset();
    remove_folder(dir);
    remove_folder(left);
}

/* --- a disk that fails ------------------------------------------------------------------------ */

static int count_decisions(const char *dir)
{
    struct mr_store *store = open_store(dir);
    struct mr_decision *decisions;
    struct mr_error err;
    int n;

    assert_ok(mr_decisions_load(store, &decisions, &n, &err), err);
    for (int i = 0; i < n; i++)
        assert_int_equal(decisions[i].id, i + 1);
    free(decisions);
    mr_store_close(store);
    return n;
}

static void refuses_a_decision_that_the_disk_does_not_take(void **state)
{
    static const struct {
        int rc;
        const char *words;
    } cases[] = {{SQLITE_FULL, "the disk is full"}, {SQLITE_IOERR_WRITE, "the disk failed"}};

    for (int c = 0; c < 2; c++) {
        char *dir = make_folder();
        struct mr_store *store = open_store(dir);
        struct mr_decision d = relabel(2, 1, "ann");
        struct mr_error err = {0};

        add_images(store, 3);
        decide(store, relabel(1, 1, "ann"));
        for (int at = 1; at <= 2; at++) {
            shim_fail(SHIM_WRITE, SHIM_WAL, at, cases[c].rc, true);
            assert_int_equal(mr_decision_add(store, &d, &err), MR_E_IO);
            assert_non_null(strstr(err.message, cases[c].words));
            assert_non_null(strstr(err.message, dir));
            assert_int_equal(d.id, 0);
            shim_reset();
            assert_int_equal(count_decisions(dir),
                             at); /* the earlier ones, on another connection */
            decide(store, d);     /* and there is room again */
        }
        mr_store_close(store);
        assert_int_equal(count_decisions(dir), 3);
        remove_folder(dir);
    }
}

static void takes_no_decision_after_a_sync_that_failed(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_decision d = relabel(2, 1, "ann");
    struct mr_error err = {0};

    add_images(store, 3);
    decide(store, relabel(1, 1, "ann"));
    shim_fail(SHIM_SYNC, SHIM_WAL, 1, SQLITE_IOERR_FSYNC, false);
    assert_int_equal(mr_decision_add(store, &d, &err), MR_E_IO);
    assert_int_equal(d.id, 0);
    assert_int_equal(mr_decision_add(store, &d, &err), MR_E_IO);
    assert_non_null(strstr(err.message, "failed to confirm"));
    mr_store_close(store);
    assert_int_equal(count_decisions(dir), 1);
    store = open_store(dir);
    decide(store, d);
    mr_store_close(store);
    assert_int_equal(count_decisions(dir), 2);
    remove_folder(dir);
}

static void answers_with_the_failure_and_goes_on(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_reviewer *reviewer;
    struct mr_decision d;
    struct mr_error err;
    int64_t ticket;

    add_images(store, 3);
    assert_ok(mr_reviewer_start(&reviewer, dir, NULL, &err), err);
    for (int i = 1; i <= 3; i++) {
        struct mr_decision next = relabel(i, 1, "ann");

        if (i == 2)
            shim_fail(SHIM_WRITE, SHIM_WAL, 1, SQLITE_FULL, false);
        mr_reviewer_submit(reviewer, &next);
        wait_for_answer(reviewer, &ticket, &d, &err);
        assert_int_equal(ticket, i);
        assert_int_equal(d.image, i);
        assert_int_equal(err.status, i == 2 ? MR_E_IO : MR_OK);
        assert_int_equal(d.id != 0, i != 2);
    }
    mr_reviewer_stop(reviewer);
    shim_reset();
    mr_store_close(store);
    assert_int_equal(count_decisions(dir), 2);
    remove_folder(dir);
}

/* A case that failed leaves no fault to the next. */
static int forget(void **state)
{
    shim_reset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(syncs_the_frame_of_every_decision_before_it_returns, forget),
        cmocka_unit_test_setup(does_not_sync_metrics_one_by_one, forget),
        cmocka_unit_test_setup(syncs_before_the_reviewer_answers, forget),
        cmocka_unit_test_setup(keeps_what_was_acknowledged_whatever_a_power_cut_leaves, forget),
        cmocka_unit_test_setup(refuses_a_decision_that_the_disk_does_not_take, forget),
        cmocka_unit_test_setup(takes_no_decision_after_a_sync_that_failed, forget),
        cmocka_unit_test_setup(answers_with_the_failure_and_goes_on, forget),
    };

    shim_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
