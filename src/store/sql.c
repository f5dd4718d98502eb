/* SPDX-License-Identifier: MIT */
/* Statements, transactions and the sentences of their failures; the only file that reads SQLite's
 * codes. */
#include "sql.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/str.h>

/* What SQLite's primary codes mean for a person. NULL words: SQLite's own message. */
static const struct {
    int rc;
    enum mr_status status;
    const char *words;
} meanings[] = {
    {SQLITE_BUSY, MR_E_BUSY, "another process has kept the database locked for too long"},
    {SQLITE_FULL, MR_E_IO, "the disk is full"},
    {SQLITE_IOERR, MR_E_IO, "the disk failed"},
    {SQLITE_NOMEM, MR_E_NOMEM, "out of memory"},
    {SQLITE_READONLY, MR_E_IO,
     "it can only be read; give a folder that can be written with --project DIR"},
    {SQLITE_CANTOPEN, MR_E_IO, "the database cannot be opened"},
    {SQLITE_CORRUPT, MR_E_FORMAT, "the database is damaged"},
    {SQLITE_NOTADB, MR_E_FORMAT, "'project.db' in it is not a database"},
    {SQLITE_TOOBIG, MR_E_LIMIT, "it is more than the database takes in one piece (1 GB)"},
};

enum mr_status mr_sql_fail(struct mr_store *store, int rc, const char *what, struct mr_error *err)
{
    const char *words = sqlite3_errmsg(store->db);
    enum mr_status status = MR_E_STORE;
    int why = sqlite3_system_errno(store->db);

    if (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC)
        store->has_lost_sync = true;
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].rc == (rc & 0xff)) {
            words = meanings[i].words;
            status = meanings[i].status;
        }
    if ((rc & 0xff) == SQLITE_IOERR && why)
        return mr_fail(err, status, "cannot %s in the project '%s': %s (%s)", what, store->dir,
                       words, strerror(why));
    return mr_fail(err, status, "cannot %s in the project '%s': %s", what, store->dir, words);
}

struct mr_sql mr_sql_begin(struct mr_store *store, const char *what, const char *text)
{
    struct mr_sql sql = {.store = store, .what = what};

    sql.rc = sqlite3_prepare_v2(store->db, text, -1, &sql.stmt, NULL);
    return sql;
}

void mr_sql_int(struct mr_sql *sql, int64_t value)
{
    if (!sql->rc)
        sql->rc = sqlite3_bind_int64(sql->stmt, ++sql->n_bound, value);
}

void mr_sql_double(struct mr_sql *sql, double value)
{
    if (!sql->rc)
        sql->rc = sqlite3_bind_double(sql->stmt, ++sql->n_bound, value);
}

void mr_sql_text(struct mr_sql *sql, const char *text)
{
    if (!sql->rc)
        sql->rc = sqlite3_bind_text(sql->stmt, ++sql->n_bound, text ? text : "", -1, SQLITE_STATIC);
}

void mr_sql_blob(struct mr_sql *sql, const void *data, size_t n_bytes)
{
    /* A NULL pointer would be bound as NULL rather than as an empty blob. */
    if (!sql->rc)
        sql->rc = sqlite3_bind_blob64(sql->stmt, ++sql->n_bound, n_bytes ? data : "", n_bytes,
                                      SQLITE_STATIC);
}

bool mr_sql_row(struct mr_sql *sql)
{
    int rc;

    if (sql->rc)
        return false;
    rc = sqlite3_step(sql->stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        sql->rc = rc;
    return rc == SQLITE_ROW;
}

void mr_sql_again(struct mr_sql *sql)
{
    if (sql->rc)
        return;
    sql->rc = sqlite3_reset(sql->stmt);
    sql->n_bound = 0;
}

enum mr_status mr_sql_end(struct mr_sql *sql, struct mr_error *err)
{
    enum mr_status st = sql->rc ? mr_sql_fail(sql->store, sql->rc, sql->what, err) : MR_OK;

    sqlite3_finalize(sql->stmt);
    sql->stmt = NULL;
    return st;
}

int64_t mr_sql_get_int(struct mr_sql *sql, int column)
{
    return sqlite3_column_int64(sql->stmt, column);
}

int mr_sql_get_int32(struct mr_sql *sql, int column)
{
    int64_t value = sqlite3_column_int64(sql->stmt, column);

    return value > INT_MAX ? INT_MAX : value < INT_MIN ? INT_MIN : (int)value;
}

double mr_sql_get_double(struct mr_sql *sql, int column)
{
    if (sqlite3_column_type(sql->stmt, column) == SQLITE_NULL)
        return NAN;
    return sqlite3_column_double(sql->stmt, column);
}

/* Borrowed until the next step; "" for NULL, and for want of memory, which then sticks. */
static const char *borrow_text(struct mr_sql *sql, int column)
{
    bool is_null = sqlite3_column_type(sql->stmt, column) == SQLITE_NULL;
    const char *text = (const char *)sqlite3_column_text(sql->stmt, column);

    if (!text && !is_null)
        sql->rc = SQLITE_NOMEM;
    return text ? text : "";
}

char *mr_sql_get_text(struct mr_sql *sql, int column)
{
    char *text = strdup(borrow_text(sql, column));

    if (!text)
        sql->rc = SQLITE_NOMEM;
    return text;
}

void mr_sql_copy_text(struct mr_sql *sql, int column, char *out, size_t cap)
{
    mr_str_copy(out, cap, borrow_text(sql, column));
}

void *mr_sql_get_blob(struct mr_sql *sql, int column, size_t n_bytes)
{
    const void *data;
    void *copy;

    if (sql->rc)
        return NULL;
    if (sqlite3_column_type(sql->stmt, column) != SQLITE_BLOB) {
        sql->rc = SQLITE_CORRUPT;
        return NULL;
    }
    data = sqlite3_column_blob(sql->stmt, column);
    if (!data && sqlite3_errcode(sql->store->db) == SQLITE_NOMEM) {
        sql->rc = SQLITE_NOMEM;
        return NULL;
    }
    if ((size_t)sqlite3_column_bytes(sql->stmt, column) != n_bytes) {
        sql->rc = SQLITE_CORRUPT;
        return NULL;
    }
    copy = malloc(n_bytes ? n_bytes : 1);
    if (!copy)
        sql->rc = SQLITE_NOMEM;
    else if (n_bytes)
        memcpy(copy, data, n_bytes);
    return copy;
}

void *mr_sql_grow(struct mr_sql *sql, void *items, int n, int *cap, size_t size)
{
    int more = *cap ? *cap * 2 : 64;
    void *moved;

    if (n < *cap)
        return items;
    moved = *cap <= INT_MAX / 2 ? reallocarray(items, (size_t)more, size) : NULL;
    if (!moved)
        sql->rc = SQLITE_NOMEM;
    else
        *cap = more;
    return moved;
}

enum mr_status mr_sql_run(struct mr_store *store, const char *what, const char *text,
                          struct mr_error *err)
{
    int rc = sqlite3_exec(store->db, text, NULL, NULL, NULL);

    return rc ? mr_sql_fail(store, rc, what, err) : MR_OK;
}

enum mr_status mr_sql_tx_begin(struct mr_store *store, const char *what, struct mr_error *err)
{
    return mr_sql_run(store, what, "BEGIN IMMEDIATE", err);
}

enum mr_status mr_sql_tx_end(struct mr_store *store, enum mr_status st, const char *what,
                             struct mr_error *err)
{
    if (!st)
        st = mr_sql_run(store, what, "COMMIT", err);
    /* SQLite may have rolled back by itself already (full disk, failed disk). */
    if (st && !sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return st;
}
