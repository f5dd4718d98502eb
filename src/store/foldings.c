/* SPDX-License-Identifier: MIT */
/* The table of cross-validations. */
#include <misread/store/foldings.h>

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/store/runs.h>

#include "answers.h"
#include "sql.h"

void mr_folding_finish(struct mr_folding *folding)
{
    free(folding->options);
    mr_predictions_destroy(folding->answers);
    memset(folding, 0, sizeof *folding);
}

enum mr_status mr_folding_add(struct mr_store *store, struct mr_folding *folding,
                              struct mr_error *err)
{
    int64_t at = folding->at ? folding->at : mr_clock_unix();
    struct mr_sql sql;
    enum mr_status st;

    if (!mr_answers_are_sound(folding->answers))
        return mr_fail(err, MR_E_FORMAT,
                       "cannot save a cross-validation: its ids do not ascend, or a label is none "
                       "of the %d classes",
                       folding->answers->n_classes);
    sql = mr_sql_begin(store, "save a cross-validation",
                       "INSERT INTO folding (at, run, n_folds, in_sample, options, n, n_classes,"
                       " ids, labels, losses, logits) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    mr_sql_int(&sql, at);
    mr_sql_int(&sql, folding->run);
    mr_sql_int(&sql, folding->n_folds);
    mr_sql_int(&sql, folding->in_sample);
    mr_sql_text(&sql, folding->options);
    mr_answers_bind(&sql, folding->answers);
    mr_sql_row(&sql);
    st = mr_sql_end(&sql, err);
    if (st)
        return st;
    folding->id = sqlite3_last_insert_rowid(store->db);
    folding->at = at;
    return MR_OK;
}

enum mr_status mr_folding_last(struct mr_store *store, int64_t *id, struct mr_error *err)
{
    struct mr_sql sql = mr_sql_begin(store, "look for a cross-validation",
                                     "SELECT coalesce(max(id), 0) FROM folding");
    int64_t last = mr_sql_row(&sql) ? mr_sql_get_int(&sql, 0) : 0;
    enum mr_status st = mr_sql_end(&sql, err);

    if (!st)
        *id = last;
    return st;
}

static void read_row(struct mr_sql *sql, struct mr_folding *folding)
{
    folding->id = mr_sql_get_int(sql, 0);
    folding->at = mr_sql_get_int(sql, 1);
    folding->run = mr_sql_get_int32(sql, 2);
    folding->n_folds = mr_sql_get_int32(sql, 3);
    folding->in_sample = mr_sql_get_int(sql, 4) != 0;
    folding->options = mr_sql_get_text(sql, 5);
    folding->answers->side = MR_SIDE_NONE;
    folding->answers->run = folding->run;
    mr_answers_read(sql, 6, folding->answers);
}

enum mr_status mr_folding_load(struct mr_store *store, int64_t id, struct mr_folding *folding,
                               struct mr_error *err)
{
    struct mr_folding found = {.answers = mr_xalloc(1, sizeof *found.answers)};
    struct mr_sql sql =
        mr_sql_begin(store, "read a cross-validation",
                     "SELECT id, at, run, n_folds, in_sample, options, n, n_classes, ids, labels,"
                     " losses, logits FROM folding WHERE id = ?1 OR ?1 = 0"
                     " ORDER BY id DESC LIMIT 1");
    bool is_there;
    enum mr_status st;

    mr_sql_int(&sql, id);
    is_there = mr_sql_row(&sql);
    if (is_there)
        read_row(&sql, &found);
    st = mr_sql_end(&sql, err);
    if (!st && !is_there)
        st = mr_fail(err, MR_E_NOT_FOUND, "there is no cross-validation in the project yet");
    if (st)
        mr_folding_finish(&found);
    else
        *folding = found;
    return st;
}
