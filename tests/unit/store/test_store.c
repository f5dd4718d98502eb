/* SPDX-License-Identifier: MIT */
/* fsync and statfs stand here before libc's, to see which folders are synced and to play a network.
 */
#include "project.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <misread/base/file.h>

#include "sql.h"

static ino_t synced[256];
static int n_synced;
static unsigned long pretended_type; /* of the file system; 0: the true one */

int fsync(int fd)
{
    struct stat st;

    if (!fstat(fd, &st) && n_synced < 256)
        synced[n_synced++] = st.st_ino;
    return (int)syscall(SYS_fsync, fd);
}

int statfs(const char *path, struct statfs *fs)
{
    int failed = (int)syscall(SYS_statfs, path, fs);

    if (!failed && pretended_type)
        fs->f_type = (__typeof__(fs->f_type))pretended_type;
    return failed;
}

static int was_synced(const char *path)
{
    struct stat st;
    int n = 0;

    assert_int_equal(stat(path, &st), 0);
    for (int i = 0; i < n_synced; i++)
        n += synced[i] == st.st_ino;
    return n;
}

static int mode_of(const char *dir, const char *name)
{
    char path[256];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void makes_private_files_whatever_the_umask(void **state)
{
    static const int masks[] = {0, 022, 0777};

    for (int i = 0; i < 3; i++) {
        char *base = make_folder();
        mode_t old = umask((mode_t)masks[i]);
        char dir[128];
        struct mr_store *store;
        struct mr_error err;

        snprintf(dir, sizeof dir, "%s/data/.misread", base);
        store = open_store(dir);
        assert_ok(mr_store_set_meta(store, "a", "b", &err), err);
        umask(old);
        assert_int_equal(mode_of(base, "data"), 0700);
        assert_int_equal(mode_of(dir, "."), 0700);
        assert_int_equal(mode_of(dir, "project.db"), 0600);
        assert_int_equal(mode_of(dir, "project.db-wal"), 0600);
        assert_int_equal(mode_of(dir, "project.db-shm"), 0600);
        mr_store_close(store);
        remove_folder(base);
    }
}

static void closes_a_database_that_was_open_to_others(void **state)
{
    char *dir = make_folder(), path[128];

    mr_store_close(open_store(dir));
    snprintf(path, sizeof path, "%s/project.db", dir);
    assert_int_equal(chmod(path, 0644), 0);
    mr_store_close(open_store(dir));
    assert_int_equal(mode_of(dir, "project.db"), 0600);
    remove_folder(dir);
}

static void enters_new_folders_durably_in_their_parents(void **state)
{
    char *base = make_folder(), path[128];

    snprintf(path, sizeof path, "%s/data/.misread", base);
    n_synced = 0;
    mr_store_close(open_store(path));
    assert_true(was_synced(path)); /* holds project.db */
    snprintf(path, sizeof path, "%s/data", base);
    assert_true(was_synced(path));
    assert_true(was_synced(base));
    remove_folder(base);
}

static void finds_no_project_where_there_is_none(void **state)
{
    char *dir = make_folder(), path[128];
    struct mr_store *store = NULL;
    struct mr_error err;

    snprintf(path, sizeof path, "%s/none", dir);
    assert_int_equal(mr_store_open(&store, path, MR_STORE_EXISTING, &err), MR_E_NOT_FOUND);
    assert_non_null(strstr(err.message, path));
    assert_int_equal(access(path, F_OK), -1); /* nothing was made */
    assert_int_equal(mr_store_open(&store, dir, MR_STORE_EXISTING, &err), MR_E_NOT_FOUND);
    assert_int_equal(mr_store_open(&store, "", MR_STORE_CREATE, &err), MR_E_USAGE);
    assert_null(store);
    remove_folder(dir);
}

static void refuses_a_network_file_system(void **state)
{
    char *dir = make_folder(), path[128];
    struct mr_store *store = NULL;
    struct mr_error err;

    snprintf(path, sizeof path, "%s/not/yet/there", dir);
    pretended_type = 0x6969; /* NFS */
    assert_int_equal(mr_store_open(&store, path, MR_STORE_CREATE, &err), MR_E_UNSUPPORTED);
    pretended_type = 0;
    assert_null(store);
    assert_non_null(strstr(err.message, "local disk with --project DIR"));
    snprintf(path, sizeof path, "%s/not", dir);
    assert_int_equal(access(path, F_OK), -1); /* asked before anything was made */
    remove_folder(dir);
}

/* Opens in a child without root's powers; the sentence comes back. */
static enum mr_status open_as_nobody(const char *dir, enum mr_store_mode mode, char *message,
                                     size_t cap)
{
    int ends[2], status;
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (!pid) {
        struct mr_store *store;
        struct mr_error err = {0};
        enum mr_status st;

        if (geteuid() == 0 && setresuid(65534, 65534, 65534))
            _exit(100);
        st = mr_store_open(&store, dir, mode, &err);
        if (write(ends[1], err.message, strlen(err.message)) < 0)
            _exit(101);
        _exit((int)st);
    }
    close(ends[1]);
    n = read(ends[0], message, cap - 1);
    message[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return (enum mr_status)WEXITSTATUS(status);
}

static void asks_for_another_folder_where_it_cannot_write(void **state)
{
    char *base = make_folder(), *dir = mr_path_join(base, ".misread"), message[512];

    assert_int_equal(chmod(base, 0555), 0);
    assert_int_equal(open_as_nobody(dir, MR_STORE_CREATE, message, sizeof message), MR_E_IO);
    assert_non_null(strstr(message, "--project DIR"));
    assert_non_null(strstr(message, dir));
    assert_int_equal(chmod(base, 0755), 0);

    mr_store_close(open_store(dir));
    assert_int_equal(chmod(dir, 0555), 0);
    assert_int_equal(open_as_nobody(dir, MR_STORE_EXISTING, message, sizeof message), MR_E_IO);
    assert_non_null(strstr(message, "--project DIR"));
    assert_int_equal(chmod(dir, 0755), 0);
    free(dir);
    remove_folder(base);
}

static void says_what_is_wrong_with_a_damaged_database(void **state)
{
    char *dir = make_folder(), path[128];
    struct mr_store *store = NULL;
    struct mr_error err;
    FILE *f;

    snprintf(path, sizeof path, "%s/project.db", dir);
    f = fopen(path, "w");
    for (int i = 0; i < 500; i++)
        fputs("this is no database ", f);
    fclose(f);
    assert_int_equal(mr_store_open(&store, dir, MR_STORE_EXISTING, &err), MR_E_FORMAT);
    assert_non_null(strstr(err.message, "is not a database"));
    assert_non_null(strstr(err.message, dir));
    assert_null(store);
    remove_folder(dir);
}

static void keeps_settings(void **state)
{
    char *dir = make_folder(), *value = NULL;
    struct mr_store *store = open_store(dir);
    struct mr_error err;

    assert_ok(mr_store_get_meta(store, "data", &value, &err), err);
    assert_null(value);
    assert_ok(mr_store_set_meta(store, "data", "/a", &err), err);
    assert_ok(mr_store_set_meta(store, "data", "/b'; DROP TABLE meta; --", &err), err);
    mr_store_close(store);
    store = open_store(dir);
    assert_string_equal(mr_store_project_dir(store), dir);
    assert_ok(mr_store_get_meta(store, "data", &value, &err), err);
    assert_string_equal(value, "/b'; DROP TABLE meta; --");
    free(value);
    assert_ok(mr_store_set_meta(store, "data", NULL, &err), err);
    assert_ok(mr_store_get_meta(store, "data", &value, &err), err);
    assert_null(value);
    mr_store_close(store);
    remove_folder(dir);
}

static void changes_its_version_with_every_commit_of_anybody(void **state)
{
    char *dir = make_folder();
    struct mr_store *a = open_store(dir), *b = open_store(dir);
    struct mr_error err;
    int64_t va = mr_store_version(a), vb = mr_store_version(b);

    assert_true(mr_store_version(a) == va);
    assert_ok(mr_store_set_meta(a, "k", "1", &err), err);
    assert_true(mr_store_version(a) > va); /* own */
    assert_true(mr_store_version(b) > vb); /* another's */
    va = mr_store_version(a);
    vb = mr_store_version(b);
    assert_true(mr_store_version(a) == va);
    assert_true(mr_store_version(b) == vb);
    assert_ok(mr_store_set_meta(b, "k", "2", &err), err);
    assert_true(mr_store_version(a) > va);
    mr_store_close(a);
    mr_store_close(b);
    remove_folder(dir);
}

static void leaves_no_read_open(void **state)
{
    /* A reader that lingered would keep the log from being emptied. */
    char *dir = make_folder(), *value;
    struct mr_store *a = open_store(dir), *b = open_store(dir);
    struct mr_image_table *images;
    struct mr_decision *decisions;
    struct mr_error err;
    int n, n_log = -1, n_done = -1;

    add_images(b, 3);
    mr_store_version(a);
    assert_ok(mr_store_get_meta(a, "k", &value, &err), err);
    assert_ok(mr_images_load(a, &images, &err), err);
    assert_ok(mr_decisions_load(a, &decisions, &n, &err), err);
    assert_ok(mr_store_set_meta(b, "k", "1", &err), err);
    assert_int_equal(
        sqlite3_wal_checkpoint_v2(b->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &n_log, &n_done),
        SQLITE_OK);
    assert_int_equal(n_log, 0);
    free(decisions);
    mr_images_destroy(images);
    mr_store_close(a);
    mr_store_close(b);
    remove_folder(dir);
}

static void lets_many_make_the_same_project_at_once(void **state)
{
    enum { N = 6 };
    char *dir = make_folder();
    pid_t pids[N];

    for (int i = 0; i < N; i++) {
        pids[i] = fork();
        if (!pids[i]) {
            struct mr_store *store;
            enum mr_status st = mr_store_open(&store, dir, MR_STORE_CREATE, NULL);

            free(dir);
            if (st || mr_store_set_meta(store, "k", "v", NULL))
                _exit(1);
            mr_store_close(store);
            _exit(0);
        }
    }
    for (int i = 0; i < N; i++) {
        int status;

        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_private_files_whatever_the_umask),
        cmocka_unit_test(closes_a_database_that_was_open_to_others),
        cmocka_unit_test(enters_new_folders_durably_in_their_parents),
        cmocka_unit_test(finds_no_project_where_there_is_none),
        cmocka_unit_test(refuses_a_network_file_system),
        cmocka_unit_test(asks_for_another_folder_where_it_cannot_write),
        cmocka_unit_test(says_what_is_wrong_with_a_damaged_database),
        cmocka_unit_test(keeps_settings),
        cmocka_unit_test(changes_its_version_with_every_commit_of_anybody),
        cmocka_unit_test(leaves_no_read_open),
        cmocka_unit_test(lets_many_make_the_same_project_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
