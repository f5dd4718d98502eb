/* SPDX-License-Identifier: MIT */
/* Jobs are taken from a counter, so a slow one holds nobody up; their results must not depend on
 * who did them. */
#include "gang.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/thread.h>

#define WATCH_MS 100

struct work {
    const struct mr_gang *gang;
    struct mr_monitor *monitor; /* owned; guards n_done and n_working */
    atomic_int next;            /* the job to be taken next; n_jobs and more: none is left */
    int n_done;
    int n_working; /* threads that have not ended */
};

static void work_main(void *arg)
{
    struct work *work = arg;
    int job;

    mr_thread_yield_to_screen();
    while ((job = atomic_fetch_add(&work->next, 1)) < work->gang->n_jobs) {
        work->gang->job(work->gang->ctx, job);
        mr_monitor_lock(work->monitor);
        work->n_done++;
        mr_monitor_unlock(work->monitor);
    }
    mr_monitor_lock(work->monitor);
    work->n_working--;
    mr_monitor_notify(work->monitor);
    mr_monitor_unlock(work->monitor);
}

static int n_threads_wanted(const struct mr_gang *gang)
{
    int n = gang->n_threads > 0 ? gang->n_threads : mr_thread_n_cores();

    if (n > gang->n_jobs)
        n = gang->n_jobs;
    return n > 0 ? n : 1;
}

/* Starts as many threads as it can; fails only if there is none. */
static enum mr_status start(struct work *work, struct mr_thread **threads, int n_wanted,
                            struct mr_error *err)
{
    int n = 0;

    for (int i = 0; i < n_wanted; i++) {
        mr_monitor_lock(work->monitor);
        work->n_working++;
        mr_monitor_unlock(work->monitor);
        if (mr_thread_start(&threads[i], work->gang->name, work_main, work, err)) {
            mr_monitor_lock(work->monitor);
            work->n_working--;
            mr_monitor_unlock(work->monitor);
            break;
        }
        n++;
    }
    return n ? MR_OK : MR_E_NOMEM;
}

/* Waits a moment. False when all threads have ended. */
static bool wait_a_moment(struct work *work, int *n_done)
{
    bool is_working;

    mr_monitor_lock(work->monitor);
    if (work->n_working)
        mr_monitor_wait(work->monitor, WATCH_MS);
    is_working = work->n_working > 0;
    *n_done = work->n_done;
    mr_monitor_unlock(work->monitor);
    return is_working;
}

/* Calls the rest off if the caller does not want to go on. */
static enum mr_status look_on(struct work *work, int n_done)
{
    const struct mr_gang *gang = work->gang;

    if (!gang->watch || gang->watch(gang->ctx, n_done))
        return MR_OK;
    atomic_store(&work->next, gang->n_jobs);
    return MR_E_CANCELLED;
}

enum mr_status mr_gang_run(const struct mr_gang *gang, struct mr_error *err)
{
    int n_wanted = n_threads_wanted(gang), n_done = 0;
    struct work work = {.gang = gang};
    struct mr_thread **threads;
    enum mr_status st;
    bool is_working;

    if (!gang->n_jobs)
        return MR_OK;
    work.monitor = mr_monitor_create();
    threads = mr_xalloc((size_t)n_wanted, sizeof *threads);
    st = start(&work, threads, n_wanted, err);
    is_working = !st;
    if (is_working)
        st = look_on(&work, n_done);
    while (is_working) {
        is_working = wait_a_moment(&work, &n_done);
        if (!st)
            st = look_on(&work, n_done);
    }
    for (int i = 0; i < n_wanted; i++)
        mr_thread_join(threads[i]);
    /* Called off after the last job was done: there is nothing left to cancel, but the caller asked
     * for it. */
    mr_monitor_destroy(work.monitor);
    free(threads);
    return st;
}
