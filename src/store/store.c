/* SPDX-License-Identifier: MIT */
/*
 * Opening the project database safely: private folder and files, WAL on a local disk, tables up to
 * date. Also its version, which tells a screen that something has changed, and its settings.
 */
#include <misread/store/store.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>

#include "folder.h"
#include "schema.h"
#include "sql.h"

#define ELSEWHERE "give a folder that can be written with --project DIR"

/* NORMAL: a commit survives the death of the program. Decisions raise their connection to FULL.
 * Pages of 8 KiB (for new databases) halve the number of pages that a blob of predictions is cut
 * into. */
static const char settings[] = "PRAGMA page_size = 8192;"
                               "PRAGMA foreign_keys = ON;"
                               "PRAGMA synchronous = NORMAL;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA journal_size_limit = 67108864;";

/* The file system is asked of the part of the path that exists. */
static bool is_on_network(const char *dir)
{
    char *part = mr_xstrdup(dir);
    bool is_network;

    while (!mr_path_exists(part)) {
        char *slash = strrchr(part, '/');

        if (!slash || slash == part) {
            strcpy(part, slash ? "/" : ".");
            break;
        }
        *slash = '\0';
    }
    is_network = mr_path_is_network(part);
    free(part);
    return is_network;
}

static enum mr_status check_folder(const struct mr_store *store, enum mr_store_mode mode,
                                   struct mr_error *err)
{
    if (mode == MR_STORE_EXISTING && access(store->path, F_OK) && errno == EACCES)
        return mr_fail(err, MR_E_IO, "cannot open the project '%s': %s", store->dir,
                       strerror(errno));
    if (mode == MR_STORE_EXISTING && !mr_path_exists(store->path))
        return mr_fail(err, MR_E_NOT_FOUND,
                       "cannot open the project '%s': there is none (no file 'project.db' in it)",
                       store->dir);
    if (is_on_network(store->dir))
        return mr_fail(err, MR_E_UNSUPPORTED,
                       "cannot keep the project in '%s': it is on a network file system, where the "
                       "database is not safe; give a folder on a local disk with --project DIR",
                       store->dir);
    if (mode == MR_STORE_CREATE && mr_folder_make(store->dir))
        return mr_fail(err, MR_E_IO, "cannot make the project folder '%s': %s; " ELSEWHERE,
                       store->dir, strerror(errno));
    if (access(store->dir, R_OK | W_OK | X_OK))
        return mr_fail(err, MR_E_IO, "cannot write in the project folder '%s': %s; " ELSEWHERE,
                       store->dir, strerror(errno));
    return MR_OK;
}

/*
 * The file is made before SQLite sees it, so that it (and the WAL beside it, which takes its mode)
 * is never open to others. mknod rather than open: closing a descriptor of the database would drop
 * the locks of every other connection in this process (POSIX).
 */
static enum mr_status make_file(const struct mr_store *store, struct mr_error *err)
{
    struct stat st;

    if (!mknod(store->path, S_IFREG | 0600, 0)) {
        if (chmod(store->path, 0600) || mr_dir_sync(store->dir))
            return mr_fail(err, MR_E_IO, "cannot make '%s': %s", store->path, strerror(errno));
    } else if (errno != EEXIST) {
        return mr_fail(err, MR_E_IO, "cannot make '%s': %s; " ELSEWHERE, store->path,
                       strerror(errno));
    }
    /* A database that was copied here may be open to others; who does not own it cannot mend that.
     */
    if (!stat(store->path, &st) && (st.st_mode & 077) && chmod(store->path, 0600))
        return MR_OK;
    return MR_OK;
}

static enum mr_status connect(struct mr_store *store, struct mr_error *err)
{
    static const char what[] = "open the database";
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc;

    if (access(store->path, R_OK | W_OK))
        return mr_fail(err, MR_E_IO, "cannot write to '%s': %s; " ELSEWHERE, store->path,
                       strerror(errno));
    rc = sqlite3_open_v2(store->path, &store->db, flags, NULL);
    if (!store->db)
        return mr_fail(err, MR_E_NOMEM, "no memory to open '%s'", store->path);
    if (rc)
        return mr_sql_fail(store, rc, what, err);
    sqlite3_busy_timeout(store->db, MR_STORE_BUSY_MS);
    return mr_sql_run(store, what, settings, err);
}

static enum mr_status switch_to_wal(struct mr_store *store, struct mr_error *err)
{
    struct mr_sql sql = mr_sql_begin(store, "switch the database to a write-ahead log",
                                     "PRAGMA journal_mode = WAL");
    char mode[16] = "";
    enum mr_status st;

    if (mr_sql_row(&sql))
        mr_sql_copy_text(&sql, 0, mode, sizeof mode);
    st = mr_sql_end(&sql, err);
    if (!st && strcmp(mode, "wal") != 0)
        st = mr_fail(err, MR_E_UNSUPPORTED,
                     "cannot keep the project in '%s': its file system cannot share memory between "
                     "processes; give a folder on a local disk with --project DIR",
                     store->dir);
    return st;
}

/* One process at a time makes or migrates: the switch to WAL does not wait politely by itself. */
static enum mr_status prepare_tables(struct mr_store *store, struct mr_error *err)
{
    int fd = open(store->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum mr_status st;

    if (fd < 0 || mr_folder_lock(fd, MR_STORE_BUSY_MS)) {
        st = mr_fail(err, MR_E_BUSY, "cannot lock the project folder '%s': %s", store->dir,
                     strerror(errno));
    } else {
        st = switch_to_wal(store, err);
        if (!st)
            st = mr_schema_migrate(store, &mr_schema_current, err);
    }
    if (fd >= 0)
        close(fd);
    return st;
}

enum mr_status mr_store_open(struct mr_store **store, const char *project_dir,
                             enum mr_store_mode mode, struct mr_error *err)
{
    struct mr_store *s;
    enum mr_status st;

    if (!*project_dir)
        return mr_fail(err, MR_E_USAGE, "the project folder has no name; " ELSEWHERE);
    s = mr_xalloc(1, sizeof *s);
    s->dir = mr_xstrdup(project_dir);
    s->path = mr_path_join(project_dir, "project.db");
    st = check_folder(s, mode, err);
    if (!st)
        st = make_file(s, err);
    if (!st)
        st = connect(s, err);
    if (!st)
        st = prepare_tables(s, err);
    if (st)
        mr_store_close(s);
    else
        *store = s;
    return st;
}

void mr_store_close(struct mr_store *store)
{
    if (!store)
        return;
    sqlite3_finalize(store->version_query);
    sqlite3_close(store->db);
    free(store->dir);
    free(store->path);
    free(store);
}

const char *mr_store_project_dir(const struct mr_store *store)
{
    return store->dir;
}

int64_t mr_store_version(struct mr_store *store)
{
    int64_t others = store->data_version, own = sqlite3_total_changes64(store->db);

    if (!store->version_query)
        sqlite3_prepare_v3(store->db, "PRAGMA data_version", -1, SQLITE_PREPARE_PERSISTENT,
                           &store->version_query, NULL);
    /* A failure is not told: the version stays, and the next reader learns what is wrong. */
    if (sqlite3_step(store->version_query) == SQLITE_ROW)
        others = sqlite3_column_int64(store->version_query, 0);
    sqlite3_reset(store->version_query);
    if (others != store->data_version || own != store->n_changes)
        store->version++;
    store->data_version = others;
    store->n_changes = own;
    return store->version;
}

enum mr_status mr_store_set_meta(struct mr_store *store, const char *key, const char *value,
                                 struct mr_error *err)
{
    struct mr_sql sql =
        mr_sql_begin(store, "save a setting",
                     value ? "INSERT INTO meta (key, value) VALUES (?, ?)"
                             " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
                           : "DELETE FROM meta WHERE key = ?");

    mr_sql_text(&sql, key);
    if (value)
        mr_sql_text(&sql, value);
    mr_sql_row(&sql);
    return mr_sql_end(&sql, err);
}

enum mr_status mr_store_get_meta(struct mr_store *store, const char *key, char **value,
                                 struct mr_error *err)
{
    struct mr_sql sql =
        mr_sql_begin(store, "read a setting", "SELECT value FROM meta WHERE key = ?");
    char *found = NULL;
    enum mr_status st;

    mr_sql_text(&sql, key);
    if (mr_sql_row(&sql))
        found = mr_sql_get_text(&sql, 0);
    st = mr_sql_end(&sql, err);
    if (st)
        free(found);
    else
        *value = found;
    return st;
}
