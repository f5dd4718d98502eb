/* SPDX-License-Identifier: MIT */
/* Classes and images: loaded whole, saved in one transaction that touches only what differs. */
#include <misread/store/images.h>

#include <stdlib.h>
#include <string.h>

#include <misread/base/str.h>

#include "sql.h"

const char *mr_side_text(enum mr_side side)
{
    static const char *const texts[] = {"train", "valid", "test", "none"};

    return texts[side];
}

/* The numbers are kept in files. */
_Static_assert(MR_SIDE_TRAIN == 0 && MR_SIDE_VALID == 1 && MR_SIDE_TEST == 2 && MR_SIDE_NONE == 3,
               "sides are stored by number");
_Static_assert(MR_IMAGE_OK == 0 && MR_IMAGE_UNREADABLE == 1 && MR_IMAGE_MISSING == 2 &&
                   MR_IMAGE_MOVED_CLASS == 3,
               "states are stored by number");

static enum mr_status load_classes(struct mr_store *store, struct mr_image_table *t,
                                   struct mr_error *err)
{
    struct mr_sql sql =
        mr_sql_begin(store, "read the classes", "SELECT id, name FROM class ORDER BY id");
    enum mr_status st;
    int cap = 0;

    while (mr_sql_row(&sql)) {
        char **more = mr_sql_grow(&sql, t->classes, t->n_classes, &cap, sizeof *t->classes);

        if (!more)
            break;
        t->classes = more;
        if (mr_sql_get_int(&sql, 0) != t->n_classes)
            sql.rc = SQLITE_CORRUPT; /* ids are indices: there are no gaps */
        t->classes[t->n_classes] = mr_sql_get_text(&sql, 1);
        t->n_classes++;
    }
    st = mr_sql_end(&sql, err);
    return st;
}

static void read_row(struct mr_sql *sql, struct mr_image_row *row, int n_classes)
{
    *row = (struct mr_image_row){
        .id = mr_sql_get_int(sql, 0),
        .path = mr_sql_get_text(sql, 2),
        .group = mr_sql_get_text(sql, 3),
        .reason = mr_sql_get_text(sql, 4),
        .class_id = mr_sql_get_int32(sql, 5),
        .side = (enum mr_side)mr_sql_get_int32(sql, 6),
        .state = (enum mr_image_state)mr_sql_get_int32(sql, 7),
        .w = mr_sql_get_int32(sql, 8),
        .h = mr_sql_get_int32(sql, 9),
        .n_bytes = mr_sql_get_int(sql, 10),
        .mtime_ns = mr_sql_get_int(sql, 11),
    };
    mr_sql_copy_text(sql, 1, row->hash, sizeof row->hash);
    if (row->class_id < -1 || row->class_id >= n_classes || row->side < 0 ||
        row->side > MR_SIDE_NONE || row->state < 0 || row->state > MR_IMAGE_MOVED_CLASS)
        sql->rc = SQLITE_CORRUPT;
}

static enum mr_status load_rows(struct mr_store *store, struct mr_image_table *t,
                                struct mr_error *err)
{
    struct mr_sql sql =
        mr_sql_begin(store, "read the images",
                     "SELECT id, hash, path, group_name, reason, ifnull(class, -1), side, state,"
                     " width_px, height_px, n_bytes, mtime_ns FROM image ORDER BY id");
    int cap = 0;

    while (mr_sql_row(&sql)) {
        struct mr_image_row *more = mr_sql_grow(&sql, t->rows, t->n, &cap, sizeof *t->rows);

        if (!more)
            break;
        t->rows = more;
        read_row(&sql, &t->rows[t->n++], t->n_classes);
    }
    return mr_sql_end(&sql, err);
}

enum mr_status mr_images_load(struct mr_store *store, struct mr_image_table **table,
                              struct mr_error *err)
{
    static const char what[] = "read the images";
    struct mr_image_table *t = calloc(1, sizeof *t);
    enum mr_status st;

    if (!t)
        return mr_fail(err, MR_E_NOMEM, "no memory for the images of '%s'", store->dir);
    st = mr_sql_run(store, what, "BEGIN", err); /* classes and images of one moment */
    if (!st) {
        st = load_classes(store, t, err);
        if (!st)
            st = load_rows(store, t, err);
        st = mr_sql_tx_end(store, st, what, err);
    }
    if (st)
        mr_images_destroy(t);
    else
        *table = t;
    return st;
}

void mr_images_destroy(struct mr_image_table *table)
{
    if (!table)
        return;
    for (int i = 0; i < table->n_classes; i++)
        free(table->classes[i]);
    for (int i = 0; i < table->n; i++) {
        free(table->rows[i].path);
        free(table->rows[i].group);
        free(table->rows[i].reason);
    }
    free(table->classes);
    free(table->rows);
    free(table);
}

static int compare_rows(const void *a, const void *b)
{
    const struct mr_image_row *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

const struct mr_image_row *mr_images_find(const struct mr_image_table *table, int64_t id)
{
    struct mr_image_row key = {.id = id};

    if (!table->n)
        return NULL;
    return bsearch(&key, table->rows, (size_t)table->n, sizeof key, compare_rows);
}

int mr_images_n_split(const struct mr_image_table *table)
{
    int n = 0;

    for (int i = 0; i < table->n; i++)
        n += table->rows[i].side != MR_SIDE_NONE;
    return n;
}

/* What follows "'.../path': " in the sentence; NULL if it does not name path. */
static const char *behind_path(const char *sentence, const char *path)
{
    size_t n = strlen(path);

    for (const char *at = sentence; n && (at = strstr(at, path)); at++)
        if (!strncmp(at + n, "': ", 3))
            return at + n + 3;
    return NULL;
}

const char *mr_images_reason(const struct mr_image_table *table, const struct mr_image_row *row)
{
    const char *reason = behind_path(row->reason, row->path);

    for (int i = 0; i < table->n && !reason; i++)
        if (!strcmp(table->rows[i].hash, row->hash))
            reason = behind_path(row->reason, table->rows[i].path);
    return reason ? reason : row->reason;
}

/* Classes are only appended. Another process may have appended others at the same places meanwhile.
 */
static enum mr_status save_classes(struct mr_store *store, const struct mr_image_table *table,
                                   struct mr_error *err)
{
    struct mr_image_table stored = {0};
    enum mr_status st = load_classes(store, &stored, err);

    for (int i = 0; i < table->n_classes && !st; i++) {
        struct mr_sql sql;

        if (i < stored.n_classes) {
            if (strcmp(stored.classes[i], table->classes[i]) != 0)
                st = mr_fail(err, MR_E_BUSY,
                             "cannot save the classes in the project '%s': class %d is '%s' there, "
                             "not '%s'; scan again",
                             store->dir, i, stored.classes[i], table->classes[i]);
            continue;
        }
        sql = mr_sql_begin(store, "save a class", "INSERT INTO class (id, name) VALUES (?, ?)");
        mr_sql_int(&sql, i);
        mr_sql_text(&sql, table->classes[i]);
        mr_sql_row(&sql);
        st = mr_sql_end(&sql, err);
    }
    for (int i = 0; i < stored.n_classes; i++)
        free(stored.classes[i]);
    free(stored.classes);
    return st;
}

/* The three statements that save rows, prepared once for all of them. */
struct row_writer {
    struct mr_sql find, insert, update;
};

static struct row_writer begin_rows(struct mr_store *store)
{
    static const char what[] = "save the images";

    /* In all of them the values of a row come in the same order; an unchanged row is not written.
     */
    return (struct row_writer){
        .find = mr_sql_begin(store, what, "SELECT id FROM image WHERE hash = ? AND path = ?"),
        .insert = mr_sql_begin(
            store, what,
            "INSERT INTO image (hash, path, group_name, reason, class, side, state, width_px,"
            " height_px, n_bytes, mtime_ns)"
            " VALUES (?, ?, ?, ?, nullif(?, -1), ?, ?, ?, ?, ?, ?)"),
        .update = mr_sql_begin(
            store, what,
            "UPDATE image SET (hash, path, group_name, reason, class, side, state, width_px,"
            " height_px, n_bytes, mtime_ns)"
            " = (?1, ?2, ?3, ?4, nullif(?5, -1), ?6, ?7, ?8, ?9, ?10, ?11)"
            " WHERE id = ?12 AND (hash, path, group_name, reason, class, side, state, width_px,"
            " height_px, n_bytes, mtime_ns)"
            " IS NOT (?1, ?2, ?3, ?4, nullif(?5, -1), ?6, ?7, ?8, ?9, ?10, ?11)"),
    };
}

static enum mr_status end_rows(struct row_writer *w, struct mr_error *err)
{
    struct mr_error e[3];
    enum mr_status st[3] = {mr_sql_end(&w->find, &e[0]), mr_sql_end(&w->insert, &e[1]),
                            mr_sql_end(&w->update, &e[2])};

    for (int i = 0; i < 3; i++)
        if (st[i]) {
            if (err)
                *err = e[i];
            return st[i];
        }
    return MR_OK;
}

static void bind_row(struct mr_sql *sql, const struct mr_image_row *row)
{
    mr_sql_text(sql, row->hash);
    mr_sql_text(sql, row->path);
    mr_sql_text(sql, row->group);
    mr_sql_text(sql, row->reason);
    mr_sql_int(sql, row->class_id);
    mr_sql_int(sql, row->side);
    mr_sql_int(sql, row->state);
    mr_sql_int(sql, row->w);
    mr_sql_int(sql, row->h);
    mr_sql_int(sql, row->n_bytes);
    mr_sql_int(sql, row->mtime_ns);
}

/* Writes one row and returns its id, 0 on failure. A row that another process inserted after this
 * one's scan is met again by content and path, and taken over. */
static int64_t write_row(struct mr_store *store, struct row_writer *w,
                         const struct mr_image_row *row)
{
    int64_t id = row->id;

    if (!id) {
        mr_sql_again(&w->find);
        mr_sql_text(&w->find, row->hash);
        mr_sql_text(&w->find, row->path);
        if (mr_sql_row(&w->find))
            id = mr_sql_get_int(&w->find, 0);
    }
    if (!id) {
        mr_sql_again(&w->insert);
        bind_row(&w->insert, row);
        mr_sql_row(&w->insert);
        return w->insert.rc ? 0 : sqlite3_last_insert_rowid(store->db);
    }
    mr_sql_again(&w->update);
    bind_row(&w->update, row);
    mr_sql_int(&w->update, id);
    mr_sql_row(&w->update);
    return w->update.rc ? 0 : id;
}

static enum mr_status save_rows(struct mr_store *store, const struct mr_image_table *table,
                                int64_t *ids, struct mr_error *err)
{
    struct row_writer w = begin_rows(store);

    for (int i = 0; i < table->n; i++) {
        ids[i] = write_row(store, &w, &table->rows[i]);
        if (!ids[i])
            break;
    }
    return end_rows(&w, err);
}

/* Only after the commit do rows get their ids; then they are in the order of ids again. */
static void adopt_ids(struct mr_image_table *table, const int64_t *ids)
{
    bool is_sorted = true;

    for (int i = 0; i < table->n; i++) {
        table->rows[i].id = ids[i];
        is_sorted = is_sorted && (i == 0 || ids[i - 1] < ids[i]);
    }
    if (!is_sorted)
        qsort(table->rows, (size_t)table->n, sizeof *table->rows, compare_rows);
}

enum mr_status mr_images_save(struct mr_store *store, struct mr_image_table *table,
                              struct mr_error *err)
{
    static const char what[] = "save the images";
    int64_t *ids = calloc((size_t)table->n + 1, sizeof *ids);
    enum mr_status st;

    if (!ids)
        return mr_fail(err, MR_E_NOMEM, "no memory to save %d images", table->n);
    st = mr_sql_tx_begin(store, what, err);
    if (!st) {
        st = save_classes(store, table, err);
        if (!st)
            st = save_rows(store, table, ids, err);
        st = mr_sql_tx_end(store, st, what, err);
    }
    if (!st)
        adopt_ids(table, ids);
    free(ids);
    return st;
}

static enum mr_status set_states(struct mr_store *store, const struct mr_image_row *rows, int n,
                                 const char *what, struct mr_error *err)
{
    struct mr_sql sql = mr_sql_begin(store, what,
                                     "UPDATE image SET state = ?, reason = ?, width_px = ?,"
                                     " height_px = ? WHERE id = ?");
    int64_t missing = 0;
    enum mr_status st;

    for (int i = 0; i < n && !sql.rc && !missing; i++) {
        mr_sql_again(&sql);
        mr_sql_int(&sql, rows[i].state);
        mr_sql_text(&sql, rows[i].reason);
        mr_sql_int(&sql, rows[i].w);
        mr_sql_int(&sql, rows[i].h);
        mr_sql_int(&sql, rows[i].id);
        mr_sql_row(&sql);
        if (!sql.rc && sqlite3_changes(store->db) == 0)
            missing = rows[i].id;
    }
    st = mr_sql_end(&sql, err);
    if (!st && missing)
        st = mr_fail(err, MR_E_NOT_FOUND, "there is no image %lld in the project '%s'",
                     (long long)missing, store->dir);
    return st;
}

enum mr_status mr_images_set_states(struct mr_store *store, const struct mr_image_row *rows, int n,
                                    struct mr_error *err)
{
    static const char what[] = "save the state of the images";
    enum mr_status st;

    if (!n)
        return MR_OK;
    st = mr_sql_tx_begin(store, what, err);
    if (st)
        return st;
    return mr_sql_tx_end(store, set_states(store, rows, n, what, err), what, err);
}
