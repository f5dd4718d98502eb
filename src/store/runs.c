/* SPDX-License-Identifier: MIT */
/* Runs and their locks. A run is live as long as its trainer holds the lock, whatever its state
 * says. */
#include <misread/store/runs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/base/str.h>

#include "folder.h"
#include "sql.h"

/* Whoever asks whether a run is live holds its lock for an instant; a trainer waits that out. */
#define LOCK_PATIENCE_MS 500

static const char *const state_text[] = {
#define X(name, text) [MR_RUN_##name] = text,
    MR_RUN_STATE_LIST(X)
#undef X
};
#define N_STATES ((int)(sizeof state_text / sizeof *state_text))

const char *mr_run_state_text(enum mr_run_state state)
{
    return state_text[state];
}

/* -1 if the word is unknown. */
static int find_state(const char *text)
{
    for (int i = 0; i < N_STATES; i++)
        if (strcmp(state_text[i], text) == 0)
            return i;
    return -1;
}

static bool says_live(enum mr_run_state state)
{
    return state == MR_RUN_STARTING || state == MR_RUN_TRAINING || state == MR_RUN_PAUSED;
}

void mr_run_finish(struct mr_run *run)
{
    free(run->options);
    free(run->message);
    run->options = NULL;
    run->message = NULL;
}

char *mr_run_path(struct mr_store *store, int id, const char *name)
{
    char *relative = mr_xasprintf("runs/%d/%s", id, name);
    char *path = mr_path_join(store->dir, relative);

    free(relative);
    return path;
}

static enum mr_status make_run_folder(struct mr_store *store, int id, struct mr_error *err)
{
    char *path = mr_run_path(store, id, "");
    enum mr_status st = MR_OK;

    if (mr_folder_make(path))
        st = mr_fail(err, MR_E_IO, "cannot make the folder '%s': %s", path, strerror(errno));
    free(path);
    return st;
}

static enum mr_status insert_run(struct mr_store *store, const struct mr_run *run,
                                 int64_t created_at, struct mr_error *err)
{
    struct mr_sql sql = mr_sql_begin(
        store, "add a run",
        "INSERT INTO run (created_at, ended_at, state, arch, size_px, batch, n_epochs, n_classes,"
        " seed, lr, options, message, phase, n_done, n_total, epoch, eta_ms, checkpoint_at,"
        " n_train, n_valid, n_relabelled, n_excluded)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

    mr_sql_int(&sql, created_at);
    mr_sql_int(&sql, run->ended_at);
    mr_sql_text(&sql, state_text[run->state]);
    mr_sql_text(&sql, run->arch);
    mr_sql_int(&sql, run->size_px);
    mr_sql_int(&sql, run->batch);
    mr_sql_int(&sql, run->n_epochs);
    mr_sql_int(&sql, run->n_classes);
    mr_sql_int(&sql, run->seed);
    mr_sql_double(&sql, run->lr);
    mr_sql_text(&sql, run->options);
    mr_sql_text(&sql, run->message);
    mr_sql_text(&sql, run->phase);
    mr_sql_int(&sql, run->n_done);
    mr_sql_int(&sql, run->n_total);
    mr_sql_int(&sql, run->epoch);
    mr_sql_int(&sql, run->eta_ms);
    mr_sql_int(&sql, run->checkpoint_at);
    mr_sql_int(&sql, run->n_train);
    mr_sql_int(&sql, run->n_valid);
    mr_sql_int(&sql, run->n_relabelled);
    mr_sql_int(&sql, run->n_excluded);
    mr_sql_row(&sql);
    return mr_sql_end(&sql, err);
}

enum mr_status mr_run_create(struct mr_store *store, struct mr_run *run, struct mr_error *err)
{
    static const char what[] = "add a run";
    int64_t created_at = run->created_at ? run->created_at : mr_clock_unix();
    enum mr_status st = mr_sql_tx_begin(store, what, err);
    int id = 0;

    if (st)
        return st;
    st = insert_run(store, run, created_at, err);
    if (!st) {
        id = (int)sqlite3_last_insert_rowid(store->db);
        st = make_run_folder(store, id, err);
    }
    st = mr_sql_tx_end(store, st, what, err);
    if (!st) {
        run->id = id;
        run->created_at = created_at;
    }
    return st;
}

static enum mr_status fail_no_run(const struct mr_store *store, int id, struct mr_error *err)
{
    if (!id)
        return mr_fail(err, MR_E_NOT_FOUND, "there is no run yet in the project '%s'", store->dir);
    return mr_fail(err, MR_E_NOT_FOUND, "there is no run %d in the project '%s'", id, store->dir);
}

enum mr_status mr_run_update(struct mr_store *store, const struct mr_run *run, struct mr_error *err)
{
    struct mr_sql sql = mr_sql_begin(
        store, "save the progress of a run",
        "UPDATE run SET ended_at = ?, state = ?, message = ?, phase = ?, n_done = ?, n_total = ?,"
        " epoch = ?, eta_ms = ?, checkpoint_at = ?, n_train = ?, n_valid = ?,"
        " n_relabelled = ?, n_excluded = ?, n_classes = ?, lr = ?, options = ?"
        " WHERE id = ?");
    enum mr_status st;

    mr_sql_int(&sql, run->ended_at);
    mr_sql_text(&sql, state_text[run->state]);
    mr_sql_text(&sql, run->message);
    mr_sql_text(&sql, run->phase);
    mr_sql_int(&sql, run->n_done);
    mr_sql_int(&sql, run->n_total);
    mr_sql_int(&sql, run->epoch);
    mr_sql_int(&sql, run->eta_ms);
    mr_sql_int(&sql, run->checkpoint_at);
    mr_sql_int(&sql, run->n_train);
    mr_sql_int(&sql, run->n_valid);
    mr_sql_int(&sql, run->n_relabelled);
    mr_sql_int(&sql, run->n_excluded);
    mr_sql_int(&sql, run->n_classes);
    mr_sql_double(&sql, run->lr);
    mr_sql_text(&sql, run->options);
    mr_sql_int(&sql, run->id);
    mr_sql_row(&sql);
    st = mr_sql_end(&sql, err);
    if (!st && sqlite3_changes(store->db) == 0)
        st = fail_no_run(store, run->id, err);
    return st;
}

/* The columns in the order in which read_run takes them. */
#define RUN_COLUMNS                                                                                \
    "SELECT id, created_at, ended_at, state, arch, size_px, batch, n_epochs, n_classes, seed, lr," \
    " options, message, phase, n_done, n_total, epoch, eta_ms, checkpoint_at, n_train, n_valid,"   \
    " n_relabelled, n_excluded FROM run "

static void read_run(struct mr_sql *sql, struct mr_run *run)
{
    char word[32];
    int state;

    *run = (struct mr_run){
        .id = mr_sql_get_int32(sql, 0),
        .created_at = mr_sql_get_int(sql, 1),
        .ended_at = mr_sql_get_int(sql, 2),
        .size_px = mr_sql_get_int32(sql, 5),
        .batch = mr_sql_get_int32(sql, 6),
        .n_epochs = mr_sql_get_int32(sql, 7),
        .n_classes = mr_sql_get_int32(sql, 8),
        .seed = mr_sql_get_int(sql, 9),
        .lr = mr_sql_get_double(sql, 10),
        .options = mr_sql_get_text(sql, 11),
        .message = mr_sql_get_text(sql, 12),
        .n_done = mr_sql_get_int(sql, 14),
        .n_total = mr_sql_get_int(sql, 15),
        .epoch = mr_sql_get_int32(sql, 16),
        .eta_ms = mr_sql_get_int(sql, 17),
        .checkpoint_at = mr_sql_get_int(sql, 18),
        .n_train = mr_sql_get_int32(sql, 19),
        .n_valid = mr_sql_get_int32(sql, 20),
        .n_relabelled = mr_sql_get_int32(sql, 21),
        .n_excluded = mr_sql_get_int32(sql, 22),
    };
    mr_sql_copy_text(sql, 3, word, sizeof word);
    mr_sql_copy_text(sql, 4, run->arch, sizeof run->arch);
    mr_sql_copy_text(sql, 13, run->phase, sizeof run->phase);
    state = find_state(word);
    if (state < 0)
        sql->rc = SQLITE_CORRUPT;
    else
        run->state = (enum mr_run_state)state;
}

/* A run that says it is live without a trainer behind it was interrupted. */
static void derive_state(struct mr_store *store, struct mr_run *run)
{
    if (says_live(run->state) && !mr_run_is_live(store, run->id))
        run->state = MR_RUN_INTERRUPTED;
}

/* The run that is meant where none is named; 0: there is none. */
static enum mr_status choose_run(struct mr_store *store, int *chosen, struct mr_error *err)
{
    struct mr_sql sql =
        mr_sql_begin(store, "choose a run",
                     "SELECT id, state, EXISTS (SELECT 1 FROM epoch WHERE epoch.run = run.id)"
                     " FROM run ORDER BY id DESC");
    int live = 0, with_epoch = 0, last = 0;
    enum mr_status st;

    while (!live && mr_sql_row(&sql)) {
        int id = mr_sql_get_int32(&sql, 0);
        char word[32];

        mr_sql_copy_text(&sql, 1, word, sizeof word);
        if (says_live((enum mr_run_state)find_state(word)) && mr_run_is_live(store, id))
            live = id;
        if (!with_epoch && mr_sql_get_int(&sql, 2))
            with_epoch = id;
        if (!last)
            last = id;
    }
    st = mr_sql_end(&sql, err);
    if (!st)
        *chosen = live ? live : with_epoch ? with_epoch : last;
    return st;
}

static enum mr_status load_stored(struct mr_store *store, int id, struct mr_run *run,
                                  struct mr_error *err)
{
    struct mr_sql sql = mr_sql_begin(store, "read a run", RUN_COLUMNS "WHERE id = ?");
    struct mr_run found = {0};
    enum mr_status st;

    mr_sql_int(&sql, id);
    if (mr_sql_row(&sql))
        read_run(&sql, &found);
    st = mr_sql_end(&sql, err);
    if (!st && !found.id)
        st = fail_no_run(store, id, err);
    if (st)
        mr_run_finish(&found);
    else
        *run = found;
    return st;
}

enum mr_status mr_run_load(struct mr_store *store, int id, struct mr_run *run, struct mr_error *err)
{
    struct mr_run found;
    enum mr_status st = id ? MR_OK : choose_run(store, &id, err);

    if (!st)
        st = load_stored(store, id, &found, err);
    if (st)
        return st;
    derive_state(store, &found);
    /* It may have ended, and said so, between the look at the table and the look at the lock. */
    if (found.state == MR_RUN_INTERRUPTED) {
        mr_run_finish(&found);
        st = load_stored(store, found.id, &found, err);
        if (st)
            return st;
        derive_state(store, &found);
    }
    *run = found;
    return MR_OK;
}

enum mr_status mr_runs_load(struct mr_store *store, struct mr_run **runs, int *n,
                            struct mr_error *err)
{
    struct mr_sql sql = mr_sql_begin(store, "read the runs", RUN_COLUMNS "ORDER BY id");
    struct mr_run *found = NULL;
    int count = 0, cap = 0;
    enum mr_status st;

    while (mr_sql_row(&sql)) {
        struct mr_run *more = mr_sql_grow(&sql, found, count, &cap, sizeof *found);

        if (!more)
            break;
        found = more;
        read_run(&sql, &found[count++]);
    }
    st = mr_sql_end(&sql, err);
    for (int i = 0; i < count && !st; i++) {
        derive_state(store, &found[i]);
        if (found[i].state == MR_RUN_INTERRUPTED) {
            mr_run_finish(&found[i]);
            st = mr_run_load(store, found[i].id, &found[i], err);
        }
    }
    if (st) {
        mr_runs_destroy(found, count);
        return st;
    }
    *runs = found;
    *n = count;
    return MR_OK;
}

void mr_runs_destroy(struct mr_run *runs, int n)
{
    for (int i = 0; i < n; i++)
        mr_run_finish(&runs[i]);
    free(runs);
}

struct mr_run_lock {
    int fd;
};

/* Who holds it, for the sentence; nothing depends on it. */
static void write_owner(int fd)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());

    if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)n, 0) != n)
        return;
}

static long read_owner(int fd)
{
    char text[32] = "";

    if (pread(fd, text, sizeof text - 1, 0) <= 0)
        return 0;
    return strtol(text, NULL, 10);
}

enum mr_status mr_run_lock_take(struct mr_run_lock **lock, struct mr_store *store, int id,
                                struct mr_error *err)
{
    char *path = mr_run_path(store, id, "lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    enum mr_status st = MR_OK;

    if (fd < 0 && errno == ENOENT)
        st = fail_no_run(store, id, err);
    else if (fd < 0 || fchmod(fd, 0600))
        st = mr_fail(err, MR_E_IO, "cannot open the lock '%s': %s", path, strerror(errno));
    else if (mr_folder_lock(fd, LOCK_PATIENCE_MS))
        st = errno == EWOULDBLOCK
                 ? mr_fail(err, MR_E_BUSY,
                           "run %d of '%s' is in use: process %ld is training it; 'misread DATA' "
                           "shows it",
                           id, store->dir, read_owner(fd))
                 : mr_fail(err, MR_E_IO, "cannot lock '%s': %s", path, strerror(errno));
    free(path);
    if (st) {
        if (fd >= 0)
            close(fd);
        return st;
    }
    write_owner(fd);
    *lock = mr_xalloc(1, sizeof **lock);
    (*lock)->fd = fd;
    return MR_OK;
}

void mr_run_lock_release(struct mr_run_lock *lock)
{
    if (!lock)
        return;
    /* The file stays: removing it would let two trainers lock two files of the same name. */
    close(lock->fd);
    free(lock);
}

bool mr_run_is_live(struct mr_store *store, int id)
{
    char *path = mr_run_path(store, id, "lock");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_live;

    free(path);
    if (fd < 0)
        return false;
    is_live = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
    close(fd);
    return is_live;
}
