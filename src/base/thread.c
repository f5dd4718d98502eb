/* SPDX-License-Identifier: MIT */
/* Threads over pthreads; the wake-up is an eventfd. */
#include <misread/base/thread.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <misread/base/alloc.h>

struct mr_thread {
    pthread_t id;
    void (*run)(void *arg);
    void *arg;
};

static void *thread_main(void *arg)
{
    struct mr_thread *thread = arg;

    thread->run(thread->arg);
    return NULL;
}

enum mr_status mr_thread_start(struct mr_thread **thread, const char *name, void (*run)(void *arg),
                               void *arg, struct mr_error *err)
{
    struct mr_thread *t = mr_xalloc(1, sizeof *t);
    sigset_t all, old;
    int failed;

    t->run = run;
    t->arg = arg;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    failed = pthread_create(&t->id, NULL, thread_main, t);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed) {
        free(t);
        return mr_fail(err, MR_E_NOMEM, "cannot start the thread '%s': %s", name, strerror(failed));
    }
    pthread_setname_np(t->id, name);
    *thread = t;
    return MR_OK;
}

void mr_thread_join(struct mr_thread *thread)
{
    if (!thread)
        return;
    pthread_join(thread->id, NULL);
    free(thread);
}

int mr_thread_n_cores(void)
{
    cpu_set_t set;
    long n =
        sched_getaffinity(0, sizeof set, &set) ? sysconf(_SC_NPROCESSORS_ONLN) : CPU_COUNT(&set);

    return n > 0 ? (int)n : 1;
}

void mr_thread_yield_to_screen(void)
{
    /* On Linux the nice value belongs to the thread. Failure costs only responsiveness. */
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10);
}

struct mr_monitor {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
};

struct mr_monitor *mr_monitor_create(void)
{
    struct mr_monitor *m = mr_xalloc(1, sizeof *m);
    pthread_condattr_t attr;

    pthread_mutex_init(&m->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&m->cond, &attr);
    pthread_condattr_destroy(&attr);
    return m;
}

void mr_monitor_destroy(struct mr_monitor *monitor)
{
    if (!monitor)
        return;
    pthread_cond_destroy(&monitor->cond);
    pthread_mutex_destroy(&monitor->mutex);
    free(monitor);
}

void mr_monitor_lock(struct mr_monitor *monitor)
{
    pthread_mutex_lock(&monitor->mutex);
}

void mr_monitor_unlock(struct mr_monitor *monitor)
{
    pthread_mutex_unlock(&monitor->mutex);
}

bool mr_monitor_wait(struct mr_monitor *monitor, int ms)
{
    struct timespec t;

    if (ms < 0)
        return pthread_cond_wait(&monitor->cond, &monitor->mutex) == 0;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return pthread_cond_timedwait(&monitor->cond, &monitor->mutex, &t) != ETIMEDOUT;
}

void mr_monitor_notify(struct mr_monitor *monitor)
{
    pthread_cond_broadcast(&monitor->cond);
}

struct mr_wake {
    int fd;
};

struct mr_wake *mr_wake_create(void)
{
    struct mr_wake *wake = mr_xalloc(1, sizeof *wake);

    wake->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return wake;
}

void mr_wake_destroy(struct mr_wake *wake)
{
    if (!wake)
        return;
    if (wake->fd >= 0)
        close(wake->fd);
    free(wake);
}

int mr_wake_fd(const struct mr_wake *wake)
{
    return wake->fd;
}

void mr_wake_raise(struct mr_wake *wake)
{
    const uint64_t one = 1;

    /* Only a full counter can fail here, and then the wake-up is pending already. */
    if (wake && write(wake->fd, &one, sizeof one) < 0)
        return;
}

void mr_wake_clear(struct mr_wake *wake)
{
    uint64_t count;

    if (read(wake->fd, &count, sizeof count) < 0)
        return; /* nothing was pending */
}
