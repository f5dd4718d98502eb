/* SPDX-License-Identifier: MIT */
/* Looks at the test images. */
#include <misread/store/looks.h>

#include <stdlib.h>

#include <misread/base/clock.h>

#include "sql.h"

enum mr_status mr_look_add(struct mr_store *store, struct mr_look *look, struct mr_error *err)
{
    struct mr_sql sql =
        mr_sql_begin(store, "save the look at the test images",
                     "INSERT INTO look (at, run, n, n_correct) VALUES (?, ?, ?, ?)");
    int64_t at = look->at ? look->at : mr_clock_unix();
    enum mr_status st;

    mr_sql_int(&sql, at);
    mr_sql_int(&sql, look->run);
    mr_sql_int(&sql, look->n);
    mr_sql_int(&sql, look->n_correct);
    mr_sql_row(&sql);
    st = mr_sql_end(&sql, err);
    if (st)
        return st;
    look->id = sqlite3_last_insert_rowid(store->db);
    look->at = at;
    return MR_OK;
}

enum mr_status mr_looks_load(struct mr_store *store, struct mr_look **looks, int *n,
                             struct mr_error *err)
{
    struct mr_sql sql = mr_sql_begin(store, "read the looks at the test images",
                                     "SELECT id, at, run, n, n_correct FROM look ORDER BY id");
    struct mr_look *found = NULL;
    int count = 0, cap = 0;
    enum mr_status st;

    while (mr_sql_row(&sql)) {
        struct mr_look *more = mr_sql_grow(&sql, found, count, &cap, sizeof *found);

        if (!more)
            break;
        found = more;
        found[count++] = (struct mr_look){
            .id = mr_sql_get_int(&sql, 0),
            .at = mr_sql_get_int(&sql, 1),
            .run = mr_sql_get_int32(&sql, 2),
            .n = mr_sql_get_int32(&sql, 3),
            .n_correct = mr_sql_get_int32(&sql, 4),
        };
    }
    st = mr_sql_end(&sql, err);
    if (st) {
        free(found);
        return st;
    }
    *looks = found;
    *n = count;
    return MR_OK;
}
