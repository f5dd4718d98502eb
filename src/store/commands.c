/* SPDX-License-Identifier: MIT */
/* Commands to a live run: any terminal sends, the trainer takes them one by one, oldest first. */
#include <misread/store/runs.h>

#include <string.h>

#include <misread/base/clock.h>

#include "sql.h"

static const char *const kind_text[] = {
#define X(name, text) [MR_COMMAND_##name] = text,
    MR_COMMAND_LIST(X)
#undef X
};
#define N_KINDS ((int)(sizeof kind_text / sizeof *kind_text))

enum mr_status mr_command_send(struct mr_store *store, int run, enum mr_command_kind kind,
                               double value, struct mr_error *err)
{
    struct mr_sql sql =
        mr_sql_begin(store, "send a command to the run",
                     "INSERT INTO command (run, kind, value, sent_at) VALUES (?, ?, ?, ?)");

    mr_sql_int(&sql, run);
    mr_sql_text(&sql, kind_text[kind]);
    mr_sql_double(&sql, value);
    mr_sql_int(&sql, mr_clock_unix());
    mr_sql_row(&sql);
    return mr_sql_end(&sql, err);
}

/* The trainer asks between batches and mostly in vain: reading does not take the write lock. */
static enum mr_status has_waiting(struct mr_store *store, int run, bool *has, struct mr_error *err)
{
    struct mr_sql sql =
        mr_sql_begin(store, "read the commands",
                     "SELECT 1 FROM command WHERE run = ? AND taken_at IS NULL LIMIT 1");

    mr_sql_int(&sql, run);
    *has = mr_sql_row(&sql);
    return mr_sql_end(&sql, err);
}

static void read_command(struct mr_sql *sql, enum mr_command_kind *kind, double *value)
{
    char word[32];
    int k = 0;

    mr_sql_copy_text(sql, 0, word, sizeof word);
    while (k < N_KINDS && strcmp(kind_text[k], word) != 0)
        k++;
    if (k == N_KINDS)
        sql->rc = SQLITE_CORRUPT;
    else
        *kind = (enum mr_command_kind)k;
    *value = mr_sql_get_double(sql, 1);
}

enum mr_status mr_command_take(struct mr_store *store, int run, enum mr_command_kind *kind,
                               double *value, bool *found, struct mr_error *err)
{
    bool is_waiting = false;
    enum mr_status st = has_waiting(store, run, &is_waiting, err);
    enum mr_command_kind k = MR_COMMAND_PAUSE;
    struct mr_sql sql;
    bool is_taken;
    double v = 0;

    if (st)
        return st;
    if (!is_waiting) {
        *found = false;
        return MR_OK;
    }
    sql = mr_sql_begin(store, "take a command",
                       "UPDATE command SET taken_at = ?1 WHERE id ="
                       " (SELECT min(id) FROM command WHERE run = ?2 AND taken_at IS NULL)"
                       " RETURNING kind, value");
    mr_sql_int(&sql, mr_clock_unix());
    mr_sql_int(&sql, run);
    is_taken = mr_sql_row(&sql); /* false: another was quicker */
    if (is_taken)
        read_command(&sql, &k, &v);
    mr_sql_row(&sql); /* to the end: this commits */
    st = mr_sql_end(&sql, err);
    if (st)
        return st;
    if (is_taken) {
        *kind = k;
        *value = v;
    }
    *found = is_taken;
    return MR_OK;
}
