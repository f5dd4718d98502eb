/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <stdatomic.h>
#include <stdbool.h>

#include <misread/base/clock.h>
#include <misread/base/pool.h>

struct work {
    int n_tasks;
    int *threads;     /* which thread ran the task */
    atomic_int *runs; /* how often it ran */
};

static void note(void *ctx, int task, int thread)
{
    struct work *work = ctx;

    work->threads[task] = thread;
    atomic_fetch_add(&work->runs[task], 1);
}

static void check_run(struct mr_pool *pool, int n_tasks)
{
    struct work work = {.n_tasks = n_tasks};
    int n_threads = mr_pool_n_threads(pool);

    work.threads = calloc((size_t)n_tasks + 1, sizeof *work.threads);
    work.runs = calloc((size_t)n_tasks + 1, sizeof *work.runs);
    mr_pool_run(pool, n_tasks, note, &work);
    for (int i = 0; i < n_tasks; i++) {
        assert_int_equal(work.runs[i], 1);
        /* by number, never by timing: thread t takes the t-th contiguous share */
        assert_true(i >= (long)n_tasks * work.threads[i] / n_threads);
        assert_true(i < (long)n_tasks * (work.threads[i] + 1) / n_threads);
    }
    free(work.threads);
    free(work.runs);
}

static void runs_every_task_once_in_its_own_thread(void **state)
{
    for (int n_threads = 1; n_threads <= 5; n_threads += 2) {
        struct mr_pool *pool = NULL;
        struct mr_error err;

        assert_ok(mr_pool_create(&pool, n_threads, &err), err);
        assert_int_equal(mr_pool_n_threads(pool), n_threads);
        for (int n_tasks = 0; n_tasks < 40; n_tasks++)
            check_run(pool, n_tasks);
        mr_pool_destroy(pool);
    }
}

static void works_without_a_pool(void **state)
{
    assert_int_equal(mr_pool_n_threads(NULL), 1);
    check_run(NULL, 7);
    mr_pool_destroy(NULL);
}

static void survives_thousands_of_short_pieces(void **state)
{
    struct mr_pool *pool = NULL;
    struct mr_error err;

    assert_ok(mr_pool_create(&pool, 3, &err), err);
    for (int i = 0; i < 2000; i++) {
        check_run(pool, 1 + i % 5);
        if (i % 400 == 0)
            mr_clock_sleep_ms(3); /* the workers fall asleep in between */
    }
    mr_pool_destroy(pool);
}

static void sleep_a_little(void *ctx, int task, int thread)
{
    mr_clock_sleep_ms(task == 1 ? 60 : 0);
    atomic_fetch_add((atomic_int *)ctx, 1);
}

static void returns_only_when_the_slowest_task_is_done(void **state)
{
    struct mr_pool *pool = NULL;
    struct mr_error err;
    atomic_int n = 0;

    assert_ok(mr_pool_create(&pool, 2, &err), err);
    mr_pool_run(pool, 2, sleep_a_little, &n);
    assert_int_equal(atomic_load(&n), 2);
    mr_pool_destroy(pool);
}

static void has_a_thread_per_core_by_default(void **state)
{
    struct mr_pool *pool = NULL;
    struct mr_error err;

    assert_ok(mr_pool_create(&pool, 0, &err), err);
    assert_int_equal(mr_pool_n_threads(pool), sysconf(_SC_NPROCESSORS_ONLN));
    mr_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_every_task_once_in_its_own_thread),
        cmocka_unit_test(works_without_a_pool),
        cmocka_unit_test(survives_thousands_of_short_pieces),
        cmocka_unit_test(returns_only_when_the_slowest_task_is_done),
        cmocka_unit_test(has_a_thread_per_core_by_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
