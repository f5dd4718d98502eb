/* SPDX-License-Identifier: MIT */
/* The pool. Workers spin briefly before they sleep: kernels follow one another within microseconds.
 */
#include <misread/base/pool.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/thread.h>

/* Some 20 microseconds: longer than a gap between kernels, shorter than a waste. */
#define SPINS 4000

struct worker {
    struct mr_pool *pool; /* borrowed: outlives this */
    pthread_t id;
    int thread;
};

struct mr_pool {
    int n_threads;
    struct worker *workers; /* owned; [0] is the caller and has no thread */
    pthread_mutex_t mutex;
    pthread_cond_t start, done;
    atomic_uint generation; /* one up for every piece of work */
    atomic_int n_busy;
    bool stop;
    mr_pool_fn fn;
    void *ctx;
    int n_tasks;
};

static void run_share(const struct mr_pool *pool, int thread)
{
    int first = (int)((long)pool->n_tasks * thread / pool->n_threads);
    int last = (int)((long)pool->n_tasks * (thread + 1) / pool->n_threads);

    for (int task = first; task < last; task++)
        pool->fn(pool->ctx, task, thread);
}

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static unsigned wait_for_work(struct mr_pool *pool, unsigned seen)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&pool->generation, memory_order_acquire) != seen)
            return seen + 1;
        relax();
    }
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load(&pool->generation) == seen)
        pthread_cond_wait(&pool->start, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
    return seen + 1;
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    struct mr_pool *pool = worker->pool;
    unsigned seen = 0;

    mr_thread_yield_to_screen();
    for (;;) {
        seen = wait_for_work(pool, seen);
        if (pool->stop)
            return NULL;
        run_share(pool, worker->thread);
        if (atomic_fetch_sub(&pool->n_busy, 1) == 1) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->mutex);
        }
    }
}

static int start_workers(struct mr_pool *pool)
{
    sigset_t all, old;
    int failed = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (int i = 1; i < pool->n_threads && !failed; i++) {
        pool->workers[i] = (struct worker){.pool = pool, .thread = i};
        failed = pthread_create(&pool->workers[i].id, NULL, worker_main, &pool->workers[i]);
        if (failed)
            pool->n_threads = i; /* destroy joins the ones that run */
        else
            pthread_setname_np(pool->workers[i].id, "pool");
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return failed;
}

enum mr_status mr_pool_create(struct mr_pool **pool, int n_threads, struct mr_error *err)
{
    struct mr_pool *p = mr_xalloc(1, sizeof *p);
    int failed;

    if (n_threads <= 0)
        n_threads = mr_thread_n_cores();
    p->n_threads = n_threads;
    p->workers = mr_xalloc((size_t)p->n_threads, sizeof *p->workers);
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->start, NULL);
    pthread_cond_init(&p->done, NULL);
    failed = start_workers(p);
    if (failed) {
        mr_pool_destroy(p);
        return mr_fail(err, MR_E_NOMEM, "cannot start %d worker threads: %s", n_threads,
                       strerror(failed));
    }
    *pool = p;
    return MR_OK;
}

static void announce(struct mr_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add_explicit(&pool->generation, 1, memory_order_release);
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->mutex);
}

void mr_pool_destroy(struct mr_pool *pool)
{
    if (!pool)
        return;
    pool->stop = true;
    announce(pool);
    for (int i = 1; i < pool->n_threads; i++)
        pthread_join(pool->workers[i].id, NULL);
    pthread_cond_destroy(&pool->start);
    pthread_cond_destroy(&pool->done);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->workers);
    free(pool);
}

int mr_pool_n_threads(const struct mr_pool *pool)
{
    return pool ? pool->n_threads : 1;
}

static void wait_until_done(struct mr_pool *pool)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&pool->n_busy, memory_order_acquire) == 0)
            return;
        relax();
    }
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load(&pool->n_busy))
        pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

void mr_pool_run(struct mr_pool *pool, int n_tasks, mr_pool_fn fn, void *ctx)
{
    if (!pool || pool->n_threads == 1) {
        for (int task = 0; task < n_tasks; task++)
            fn(ctx, task, 0);
        return;
    }
    pool->fn = fn;
    pool->ctx = ctx;
    pool->n_tasks = n_tasks;
    atomic_store(&pool->n_busy, pool->n_threads - 1);
    announce(pool);
    run_share(pool, 0);
    wait_until_done(pool);
}
