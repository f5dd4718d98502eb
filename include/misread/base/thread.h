/* SPDX-License-Identifier: MIT */
/* Threads, monitors and wake-ups. The only room that knows pthreads. */
#ifndef MISREAD_BASE_THREAD_H
#define MISREAD_BASE_THREAD_H

#include <stdbool.h>

#include <misread/base/status.h>

struct mr_thread;
/* All signals are blocked in the new thread: the screen thread alone takes them. */
enum mr_status mr_thread_start(struct mr_thread **thread, const char *name, void (*run)(void *arg),
                               void *arg, struct mr_error *err) MR_NODISCARD;
/* Waits for the end and frees. Accepts NULL. */
void mr_thread_join(struct mr_thread *thread);
/* Lowers the calling thread's priority so that keys win over training. */
void mr_thread_yield_to_screen(void);

/* How many processors this process may run on; at least 1. */
int mr_thread_n_cores(void);

/* A mutex with one condition. */
struct mr_monitor;
struct mr_monitor *mr_monitor_create(void);
void mr_monitor_destroy(struct mr_monitor *monitor);
void mr_monitor_lock(struct mr_monitor *monitor);
void mr_monitor_unlock(struct mr_monitor *monitor);
/* Releases, waits for a notify, locks again. ms < 0: for ever. False on time-out. */
bool mr_monitor_wait(struct mr_monitor *monitor, int ms);
void mr_monitor_notify(struct mr_monitor *monitor); /* wakes all waiters */

/* A wake-up that poll() can see (eventfd). Safe from any thread and from signal handlers. */
struct mr_wake;
struct mr_wake *mr_wake_create(void);
void mr_wake_destroy(struct mr_wake *wake);
int mr_wake_fd(const struct mr_wake *wake);
void mr_wake_raise(struct mr_wake *wake); /* accepts NULL */
void mr_wake_clear(struct mr_wake *wake);

#endif
