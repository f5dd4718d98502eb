/* SPDX-License-Identifier: MIT */
/*
 * SQL with little ceremony: statements whose errors stick until the end, transactions, and
 * sentences for what went wrong. Values are bound in order, never pasted into the text.
 */
#ifndef MISREAD_STORE_SQL_H
#define MISREAD_STORE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include <misread/base/status.h>

#define MR_STORE_BUSY_MS 10000

struct mr_store {
    sqlite3 *db;                 /* owned */
    char *dir;                   /* owned: the project folder as it was given */
    char *path;                  /* owned: its database */
    sqlite3_stmt *version_query; /* owned; prepared at the first mr_store_version */
    int64_t version, data_version, n_changes;
    bool is_full;       /* synchronous=FULL since the first decision on this connection */
    bool has_lost_sync; /* an fsync failed: what the page cache holds may never reach the disk */
};

/* One statement: begin, bind in order, step, end. After a failure every call is harmless and
 * mr_sql_end tells. `what` completes the sentence "cannot ... in the project". */
struct mr_sql {
    struct mr_store *store; /* borrowed */
    sqlite3_stmt *stmt;     /* owned */
    const char *what;       /* borrowed */
    int n_bound;
    int rc; /* SQLITE_OK until something fails */
};

struct mr_sql mr_sql_begin(struct mr_store *store, const char *what, const char *text);
void mr_sql_int(struct mr_sql *sql, int64_t value);
void mr_sql_double(struct mr_sql *sql, double value); /* NaN becomes NULL */
/* Text and blobs are borrowed until the next mr_sql_again or mr_sql_end. NULL text is bound as "".
 */
void mr_sql_text(struct mr_sql *sql, const char *text);
void mr_sql_blob(struct mr_sql *sql, const void *data, size_t n_bytes);
/* Steps. True if there is a row to be read. */
bool mr_sql_row(struct mr_sql *sql);
/* Ready to bind and step once more. */
void mr_sql_again(struct mr_sql *sql);
/* Finalises and says what failed first. */
enum mr_status mr_sql_end(struct mr_sql *sql, struct mr_error *err) MR_NODISCARD;

/* Columns of the current row, counted from 0. */
int64_t mr_sql_get_int(struct mr_sql *sql, int column);
int mr_sql_get_int32(struct mr_sql *sql, int column);     /* clamped to the range of int */
double mr_sql_get_double(struct mr_sql *sql, int column); /* NULL becomes NaN */
char *mr_sql_get_text(struct mr_sql *sql, int column);    /* owned; NULL only if memory ran out */
void mr_sql_copy_text(struct mr_sql *sql, int column, char *out, size_t cap);
/* A copy of the blob, owned (free), if it has exactly n_bytes; else NULL and the sentence is about
 * damage. */
void *mr_sql_get_blob(struct mr_sql *sql, int column, size_t n_bytes);

/* Room for item n: the array, moved perhaps, or NULL if memory ran out (the old one is still
 * there). */
void *mr_sql_grow(struct mr_sql *sql, void *items, int n, int *cap, size_t size);

/* Statements without values. */
enum mr_status mr_sql_run(struct mr_store *store, const char *what, const char *text,
                          struct mr_error *err) MR_NODISCARD;

/* A write transaction. end commits if st is MR_OK, else rolls back; returns st or what the commit
 * gave. */
enum mr_status mr_sql_tx_begin(struct mr_store *store, const char *what,
                               struct mr_error *err) MR_NODISCARD;
enum mr_status mr_sql_tx_end(struct mr_store *store, enum mr_status st, const char *what,
                             struct mr_error *err) MR_NODISCARD;

/* The sentence for SQLite's last error on this connection. */
enum mr_status mr_sql_fail(struct mr_store *store, int rc, const char *what, struct mr_error *err);

#endif
