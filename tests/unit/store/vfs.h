/* SPDX-License-Identifier: MIT */
/*
 * A SQLite VFS that stands before the real one, writes down what reaches the disk in which order,
 * fails on demand, and can leave fsync out. After SQLite's own crash tests
 * (sqlite.org/testing.html).
 */
#ifndef MISREAD_TESTS_STORE_VFS_H
#define MISREAD_TESTS_STORE_VFS_H

#include "support.h"

#include <stdatomic.h>
#include <stdbool.h>

#include <sqlite3.h>

/* READ can fail but is not written down. */
enum shim_op { SHIM_WRITE, SHIM_SYNC, SHIM_TRUNCATE, SHIM_ACK, SHIM_READ };
enum shim_kind { SHIM_DB, SHIM_WAL, SHIM_N_KINDS, SHIM_OTHER = SHIM_N_KINDS };

struct shim_event {
    enum shim_op op;
    enum shim_kind kind;
    sqlite3_int64 offset; /* TRUNCATE: the new size; ACK: which */
    int n;
    unsigned char *data; /* owned; of WRITE */
};

struct shim_file {
    sqlite3_file base;
    enum shim_kind kind;
    sqlite3_file *real; /* lies behind this struct */
};

static struct {
    sqlite3_vfs vfs, *real;
    atomic_flag lock;
    bool is_logging, is_syncless;
    struct shim_event *events; /* owned */
    int n, cap;
    /* the fail_at-th matching call from now fails with fail_rc; is_stuck: and all later ones */
    enum shim_op fail_op;
    enum shim_kind fail_kind;
    int fail_at, fail_rc;
    bool is_stuck;
} shim = {.lock = ATOMIC_FLAG_INIT};

static void shim_lock(void)
{
    while (atomic_flag_test_and_set(&shim.lock))
        ;
}

static void shim_unlock(void)
{
    atomic_flag_clear(&shim.lock);
}

static void shim_add(enum shim_op op, enum shim_kind kind, sqlite3_int64 offset, const void *data,
                     int n)
{
    struct shim_event *e;

    shim_lock();
    if (shim.is_logging) {
        if (shim.n == shim.cap) {
            shim.cap = shim.cap ? shim.cap * 2 : 1024;
            shim.events = realloc(shim.events, (size_t)shim.cap * sizeof *shim.events);
        }
        e = &shim.events[shim.n++];
        *e = (struct shim_event){.op = op, .kind = kind, .offset = offset, .n = n};
        if (n) {
            e->data = malloc((size_t)n);
            memcpy(e->data, data, (size_t)n);
        }
    }
    shim_unlock();
}

/* The code with which this call is to fail, or SQLITE_OK. */
static int shim_fault(enum shim_op op, enum shim_kind kind)
{
    int rc = SQLITE_OK;

    shim_lock();
    if (shim.fail_at > 0 && shim.fail_op == op && shim.fail_kind == kind && --shim.fail_at == 0) {
        rc = shim.fail_rc;
        if (shim.is_stuck)
            shim.fail_at = 1;
    }
    shim_unlock();
    return rc;
}

#define SHIM_REAL(file)            (((struct shim_file *)(file))->real)
#define SHIM_KIND(file)            (((struct shim_file *)(file))->kind)
#define SHIM_PASS(file, call, ...) (SHIM_REAL(file)->pMethods->call(SHIM_REAL(file), ##__VA_ARGS__))

static int shim_close(sqlite3_file *f)
{
    return SHIM_REAL(f)->pMethods ? SHIM_PASS(f, xClose) : SQLITE_OK;
}

static int shim_read(sqlite3_file *f, void *data, int n, sqlite3_int64 offset)
{
    int rc = shim_fault(SHIM_READ, SHIM_KIND(f));

    return rc ? rc : SHIM_PASS(f, xRead, data, n, offset);
}

static int shim_write(sqlite3_file *f, const void *data, int n, sqlite3_int64 offset)
{
    int rc = shim_fault(SHIM_WRITE, SHIM_KIND(f));

    if (!rc)
        rc = SHIM_PASS(f, xWrite, data, n, offset);
    if (!rc)
        shim_add(SHIM_WRITE, SHIM_KIND(f), offset, data, n);
    return rc;
}

static int shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int rc = SHIM_PASS(f, xTruncate, size);

    if (!rc)
        shim_add(SHIM_TRUNCATE, SHIM_KIND(f), size, NULL, 0);
    return rc;
}

static int shim_sync(sqlite3_file *f, int flags)
{
    int rc = shim_fault(SHIM_SYNC, SHIM_KIND(f));

    if (!rc && !shim.is_syncless)
        rc = SHIM_PASS(f, xSync, flags);
    if (!rc)
        shim_add(SHIM_SYNC, SHIM_KIND(f), 0, NULL, 0);
    return rc;
}

static int shim_file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return SHIM_PASS(f, xFileSize, size);
}

static int shim_take_lock(sqlite3_file *f, int level)
{
    return SHIM_PASS(f, xLock, level);
}

static int shim_drop_lock(sqlite3_file *f, int level)
{
    return SHIM_PASS(f, xUnlock, level);
}

static int shim_check_lock(sqlite3_file *f, int *is_reserved)
{
    return SHIM_PASS(f, xCheckReservedLock, is_reserved);
}

static int shim_control(sqlite3_file *f, int op, void *arg)
{
    return SHIM_PASS(f, xFileControl, op, arg);
}

static int shim_sector_size(sqlite3_file *f)
{
    return SHIM_PASS(f, xSectorSize);
}

static int shim_characteristics(sqlite3_file *f)
{
    return SHIM_PASS(f, xDeviceCharacteristics);
}

static int shim_shm_map(sqlite3_file *f, int page, int n, int extend, void volatile **p)
{
    return SHIM_PASS(f, xShmMap, page, n, extend, p);
}

static int shim_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return SHIM_PASS(f, xShmLock, offset, n, flags);
}

static void shim_shm_barrier(sqlite3_file *f)
{
    SHIM_PASS(f, xShmBarrier);
}

static int shim_shm_unmap(sqlite3_file *f, int is_deleted)
{
    return SHIM_PASS(f, xShmUnmap, is_deleted);
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    static const sqlite3_io_methods methods = {
        .iVersion = 2,
        .xClose = shim_close,
        .xRead = shim_read,
        .xWrite = shim_write,
        .xTruncate = shim_truncate,
        .xSync = shim_sync,
        .xFileSize = shim_file_size,
        .xLock = shim_take_lock,
        .xUnlock = shim_drop_lock,
        .xCheckReservedLock = shim_check_lock,
        .xFileControl = shim_control,
        .xSectorSize = shim_sector_size,
        .xDeviceCharacteristics = shim_characteristics,
        .xShmMap = shim_shm_map,
        .xShmLock = shim_shm_lock,
        .xShmBarrier = shim_shm_barrier,
        .xShmUnmap = shim_shm_unmap,
    };
    struct shim_file *f = (struct shim_file *)file;
    int rc;

    f->real = (sqlite3_file *)(f + 1);
    f->kind = flags & SQLITE_OPEN_MAIN_DB ? SHIM_DB
              : flags & SQLITE_OPEN_WAL   ? SHIM_WAL
                                          : SHIM_OTHER;
    rc = shim.real->xOpen(shim.real, name, f->real, flags, out);
    f->base.pMethods = f->real->pMethods ? &methods : NULL;
    return rc;
}

/* Every connection opened from now on goes through the shim. */
static void shim_install(void)
{
    shim.real = sqlite3_vfs_find(NULL);
    shim.vfs = *shim.real;
    shim.vfs.zName = "shim";
    shim.vfs.pNext = NULL;
    shim.vfs.szOsFile = (int)sizeof(struct shim_file) + shim.real->szOsFile;
    shim.vfs.xOpen = shim_open;
    assert_int_equal(sqlite3_vfs_register(&shim.vfs, 1), SQLITE_OK);
}

/* Forgets the log and the faults. */
static void shim_reset(void)
{
    for (int i = 0; i < shim.n; i++)
        free(shim.events[i].data);
    free(shim.events);
    shim.events = NULL;
    shim.n = shim.cap = 0;
    shim.is_logging = shim.is_syncless = shim.is_stuck = false;
    shim.fail_at = 0;
}

/* Lets the at-th such call from now (1: the next) fail with rc. */
static void shim_fail(enum shim_op op, enum shim_kind kind, int at, int rc, bool is_stuck)
{
    shim.fail_op = op;
    shim.fail_kind = kind;
    shim.fail_rc = rc;
    shim.is_stuck = is_stuck;
    shim.fail_at = at;
}

#endif
