/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <poll.h>
#include <signal.h>

#include <misread/base/clock.h>
#include <misread/base/thread.h>

struct shared {
    struct mr_monitor *monitor;
    struct mr_wake *wake;
    int n, go;
    bool blocks_signals;
};

static void count(void *arg)
{
    struct shared *shared = arg;

    for (int i = 0; i < 20000; i++) {
        mr_monitor_lock(shared->monitor);
        shared->n++;
        mr_monitor_unlock(shared->monitor);
    }
}

static void keeps_threads_apart(void **state)
{
    struct shared shared = {.monitor = mr_monitor_create()};
    struct mr_thread *threads[4];
    struct mr_error err;

    for (int i = 0; i < 4; i++)
        assert_ok(mr_thread_start(&threads[i], "count", count, &shared, &err), err);
    for (int i = 0; i < 4; i++)
        mr_thread_join(threads[i]);
    assert_int_equal(shared.n, 80000);
    mr_monitor_destroy(shared.monitor);
    mr_monitor_destroy(NULL);
    mr_thread_join(NULL);
}

static void wait_for_go(void *arg)
{
    struct shared *shared = arg;
    sigset_t set;

    mr_monitor_lock(shared->monitor);
    sigemptyset(&set);
    sigprocmask(SIG_BLOCK, NULL, &set); /* on Linux the mask of the calling thread */
    shared->blocks_signals = sigismember(&set, SIGINT) && sigismember(&set, SIGWINCH);
    while (!shared->go)
        mr_monitor_wait(shared->monitor, -1);
    shared->n++;
    mr_monitor_unlock(shared->monitor);
}

static void wakes_all_that_wait(void **state)
{
    struct shared shared = {.monitor = mr_monitor_create()};
    struct mr_thread *threads[3];
    struct mr_error err;
    sigset_t set;

    for (int i = 0; i < 3; i++)
        assert_ok(mr_thread_start(&threads[i], "wait", wait_for_go, &shared, &err), err);
    mr_clock_sleep_ms(20);
    mr_monitor_lock(shared.monitor);
    assert_int_equal(shared.n, 0);
    shared.go = 1;
    mr_monitor_notify(shared.monitor);
    mr_monitor_unlock(shared.monitor);
    for (int i = 0; i < 3; i++)
        mr_thread_join(threads[i]);
    assert_int_equal(shared.n, 3);
    assert_true(shared.blocks_signals); /* the screen thread alone takes them */
    sigprocmask(SIG_BLOCK, NULL, &set);
    assert_false(sigismember(&set, SIGINT)); /* which this one still does */
    mr_monitor_destroy(shared.monitor);
}

static void gives_up_waiting_after_its_time(void **state)
{
    struct mr_monitor *monitor = mr_monitor_create();
    int64_t start = mr_clock_ms();

    mr_monitor_lock(monitor);
    while (mr_monitor_wait(monitor, 30)) /* a spurious wake-up is allowed */
        ;
    mr_monitor_unlock(monitor);
    assert_true(mr_clock_ms() - start >= 29);
    mr_monitor_destroy(monitor);
}

static bool is_raised(const struct mr_wake *wake)
{
    struct pollfd item = {.fd = mr_wake_fd(wake), .events = POLLIN};

    return poll(&item, 1, 0) == 1;
}

static void raise_it(void *arg)
{
    mr_wake_raise(((struct shared *)arg)->wake);
}

static void wakes_a_poll_from_another_thread(void **state)
{
    struct shared shared = {.wake = mr_wake_create()};
    struct mr_thread *thread;
    struct mr_error err;

    assert_false(is_raised(shared.wake));
    mr_wake_clear(shared.wake); /* nothing pending: must not block */
    assert_ok(mr_thread_start(&thread, "raise", raise_it, &shared, &err), err);
    mr_thread_join(thread);
    assert_true(is_raised(shared.wake));
    mr_wake_raise(shared.wake);
    mr_wake_clear(shared.wake); /* clears both */
    assert_false(is_raised(shared.wake));
    mr_wake_destroy(shared.wake);
    mr_wake_raise(NULL);
    mr_wake_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_threads_apart),
        cmocka_unit_test(wakes_all_that_wait),
        cmocka_unit_test(gives_up_waiting_after_its_time),
        cmocka_unit_test(wakes_a_poll_from_another_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
