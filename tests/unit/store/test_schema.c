/* SPDX-License-Identifier: MIT */
#include "project.h"

#include "schema.h"
#include "sql.h"

#define FIRST_STEP                                  \
    "CREATE TABLE a (x); INSERT INTO a VALUES (1);" \
    "PRAGMA application_id = 1297237058; PRAGMA user_version = 1;"

static const char *const small_steps[] = {
    (FIRST_STEP),
    "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1; PRAGMA user_version = 2;",
    "CREATE TABLE b AS SELECT x + y AS z FROM a; PRAGMA user_version = 3;",
};

/* A connection to a database of our own making, in memory. */
static struct mr_store bare_store(void)
{
    struct mr_store store = {.dir = (char *)"memory"};

    assert_int_equal(sqlite3_open(":memory:", &store.db), SQLITE_OK);
    return store;
}

static int number(sqlite3 *db, const char *text)
{
    sqlite3_stmt *stmt;
    int value = -1;

    if (sqlite3_prepare_v2(db, text, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        value = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static void brings_any_older_version_forward(void **state)
{
    for (int first = 0; first <= 3; first++) {
        struct mr_schema old = {small_steps, first}, new = {small_steps, 3};
        struct mr_store store = bare_store();
        struct mr_error err;

        assert_ok(mr_schema_migrate(&store, &old, &err), err);
        assert_int_equal(number(store.db, "PRAGMA user_version"), first);
        assert_ok(mr_schema_migrate(&store, &new, &err), err);
        assert_int_equal(number(store.db, "PRAGMA user_version"), 3);
        assert_int_equal(number(store.db, "SELECT z FROM b"), 3);
        assert_ok(mr_schema_migrate(&store, &new, &err), err); /* nothing left to do */
        sqlite3_close(store.db);
    }
}

static void leaves_the_old_tables_when_a_step_fails(void **state)
{
    static const char *const broken_steps[] = {
        (FIRST_STEP), "ALTER TABLE a ADD COLUMN y; PRAGMA user_version = 2;",
        "INSERT INTO nowhere VALUES (1); PRAGMA user_version = 3;"};
    struct mr_schema old = {small_steps, 1}, new = {broken_steps, 3};
    struct mr_store store = bare_store();
    struct mr_error err;

    assert_ok(mr_schema_migrate(&store, &old, &err), err);
    assert_int_equal(mr_schema_migrate(&store, &new, &err), MR_E_STORE);
    assert_non_null(strstr(err.message, "bring the tables up to date"));
    assert_int_equal(number(store.db, "PRAGMA user_version"), 1);
    assert_int_equal(number(store.db, "SELECT count(*) FROM pragma_table_info('a')"), 1);
    sqlite3_close(store.db);
}

static void notices_a_step_that_forgets_its_version(void **state)
{
    static const char *const forgetful[] = {"CREATE TABLE a (x);"};
    struct mr_schema schema = {forgetful, 1};
    struct mr_store store = bare_store();
    struct mr_error err;

    assert_int_equal(mr_schema_migrate(&store, &schema, &err), MR_E_STORE);
    assert_int_equal(number(store.db, "SELECT count(*) FROM sqlite_schema"), 0);
    sqlite3_close(store.db);
}

/* Runs SQL on the database of a project that nobody has open. */
static void tamper(const char *dir, const char *text)
{
    char path[128];
    sqlite3 *db;

    snprintf(path, sizeof path, "%s/project.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void makes_a_project_of_an_empty_database(void **state)
{
    char *dir = make_folder();
    struct mr_store *store;
    struct mr_error err;

    tamper(dir, "PRAGMA user_version = 0; VACUUM;");
    assert_ok(mr_store_open(&store, dir, MR_STORE_EXISTING, &err), err);
    add_images(store, 2);
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_a_newer_project_and_leaves_it_alone(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_error err;

    mr_store_close(store);
    tamper(dir, "PRAGMA user_version = 99");
    assert_int_equal(mr_store_open(&store, dir, MR_STORE_CREATE, &err), MR_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "newer misread"));
    assert_non_null(strstr(err.message, "99"));
    tamper(dir, "PRAGMA user_version = 3");
    assert_ok(mr_store_open(&store, dir, MR_STORE_EXISTING, &err), err);
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_the_database_of_another_program(void **state)
{
    char *dir = make_folder();
    struct mr_store *store;
    struct mr_error err;

    tamper(dir, "CREATE TABLE letters (a)");
    assert_int_equal(mr_store_open(&store, dir, MR_STORE_CREATE, &err), MR_E_FORMAT);
    assert_non_null(strstr(err.message, "another program"));
    remove_folder(dir);
}

static void holds_its_own_rules(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    sqlite3 *db = store->db;

    assert_int_equal(number(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(number(db, "PRAGMA page_size"), 8192);
    assert_int_equal(number(db, "PRAGMA synchronous"), 1); /* NORMAL */
    assert_true(number(db, "PRAGMA busy_timeout") >= 1000);
    assert_int_equal(number(db, "PRAGMA application_id"), MR_SCHEMA_APPLICATION_ID);
    add_images(store, 2);
    decide(store, relabel(1, 1, "ann"));
    assert_int_equal(number(db, "PRAGMA synchronous"), 2); /* FULL */
    assert_int_not_equal(sqlite3_exec(db, "DELETE FROM image", NULL, NULL, NULL), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(db, "DELETE FROM review", NULL, NULL, NULL), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(db, "UPDATE review SET to_class = 2", NULL, NULL, NULL),
                         SQLITE_OK);
    assert_int_equal(number(db, "SELECT to_class FROM review"), 1);
    mr_store_close(store);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brings_any_older_version_forward),
        cmocka_unit_test(leaves_the_old_tables_when_a_step_fails),
        cmocka_unit_test(notices_a_step_that_forgets_its_version),
        cmocka_unit_test(makes_a_project_of_an_empty_database),
        cmocka_unit_test(refuses_a_newer_project_and_leaves_it_alone),
        cmocka_unit_test(refuses_the_database_of_another_program),
        cmocka_unit_test(holds_its_own_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
