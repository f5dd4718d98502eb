/* SPDX-License-Identifier: MIT */
/* The table of learning curves. */
#include <misread/store/learnings.h>

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>

#include "sql.h"

void mr_learning_finish(struct mr_learning *learning)
{
    free(learning->sizes);
    free(learning->right);
    memset(learning, 0, sizeof *learning);
}

/* Bytes of the answers; SIZE_MAX, which no blob has, if there cannot be so many. */
static size_t n_answers(const struct mr_learning *l)
{
    size_t n;

    if (l->n_sizes < 1 || l->n_seeds < 1 || l->n_valid < 1 ||
        !mr_size_mul((size_t)l->n_sizes, (size_t)l->n_seeds, &n) ||
        !mr_size_mul(n, (size_t)l->n_valid, &n))
        return SIZE_MAX;
    return n;
}

/* What everybody who reads it relies on. */
static bool is_sound(const struct mr_learning *l)
{
    if (n_answers(l) == SIZE_MAX)
        return false;
    for (int i = 0; i < l->n_sizes; i++)
        if (l->sizes[i] < 1 || (i > 0 && l->sizes[i] < l->sizes[i - 1]))
            return false;
    for (size_t i = 0; i < n_answers(l); i++)
        if (l->right[i] > 1)
            return false;
    return true;
}

enum mr_status mr_learning_add(struct mr_store *store, struct mr_learning *learning,
                               struct mr_error *err)
{
    int64_t at = learning->at ? learning->at : mr_clock_unix();
    struct mr_sql sql;
    enum mr_status st;

    if (!is_sound(learning))
        return mr_fail(err, MR_E_FORMAT,
                       "cannot save a learning curve: its sizes fall, or an answer is "
                       "neither right nor wrong");
    sql = mr_sql_begin(store, "save a learning curve",
                       "INSERT INTO learning (at, run, in_sample, n_sizes, n_seeds, n_valid, sizes,"
                       " answers) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    mr_sql_int(&sql, at);
    mr_sql_int(&sql, learning->run);
    mr_sql_int(&sql, learning->in_sample);
    mr_sql_int(&sql, learning->n_sizes);
    mr_sql_int(&sql, learning->n_seeds);
    mr_sql_int(&sql, learning->n_valid);
    mr_sql_blob(&sql, learning->sizes, (size_t)learning->n_sizes * sizeof *learning->sizes);
    mr_sql_blob(&sql, learning->right, n_answers(learning));
    mr_sql_row(&sql);
    st = mr_sql_end(&sql, err);
    if (st)
        return st;
    learning->id = sqlite3_last_insert_rowid(store->db);
    learning->at = at;
    return MR_OK;
}

enum mr_status mr_learning_last(struct mr_store *store, int run, int64_t *id, struct mr_error *err)
{
    struct mr_sql sql = mr_sql_begin(store, "look for a learning curve",
                                     "SELECT coalesce(max(id), 0) FROM learning WHERE run = ?");
    int64_t last;
    enum mr_status st;

    mr_sql_int(&sql, run);
    last = mr_sql_row(&sql) ? mr_sql_get_int(&sql, 0) : 0;
    st = mr_sql_end(&sql, err);
    if (!st)
        *id = last;
    return st;
}

static void read_row(struct mr_sql *sql, struct mr_learning *l)
{
    l->id = mr_sql_get_int(sql, 0);
    l->at = mr_sql_get_int(sql, 1);
    l->run = mr_sql_get_int32(sql, 2);
    l->in_sample = mr_sql_get_int(sql, 3) != 0;
    l->n_sizes = mr_sql_get_int32(sql, 4);
    l->n_seeds = mr_sql_get_int32(sql, 5);
    l->n_valid = mr_sql_get_int32(sql, 6);
    l->sizes = mr_sql_get_blob(sql, 7, (size_t)l->n_sizes * sizeof *l->sizes);
    l->right = mr_sql_get_blob(sql, 8, n_answers(l));
}

enum mr_status mr_learning_load(struct mr_store *store, int64_t id, struct mr_learning *learning,
                                struct mr_error *err)
{
    struct mr_learning found = {0};
    struct mr_sql sql =
        mr_sql_begin(store, "read a learning curve",
                     "SELECT id, at, run, in_sample, n_sizes, n_seeds, n_valid, sizes, answers"
                     " FROM learning WHERE id = ?");
    bool is_there;
    enum mr_status st;

    mr_sql_int(&sql, id);
    is_there = mr_sql_row(&sql);
    if (is_there)
        read_row(&sql, &found);
    st = mr_sql_end(&sql, err);
    if (!st && !is_there)
        st = mr_fail(err, MR_E_NOT_FOUND, "there is no learning curve of that number");
    if (!st && !is_sound(&found))
        st = mr_fail(err, MR_E_FORMAT, "learning curve %lld in the project is damaged",
                     (long long)id);
    if (st)
        mr_learning_finish(&found);
    else
        *learning = found;
    return st;
}
