/* SPDX-License-Identifier: MIT */
/*
 * The worker pool: persistent threads that split one piece of work at a time. Tasks are assigned to
 * threads by number, never by timing, so results do not depend on timing.
 */
#ifndef MISREAD_BASE_POOL_H
#define MISREAD_BASE_POOL_H

#include <misread/base/status.h>

struct mr_pool;

/* task in 0 .. n_tasks-1; thread in 0 .. mr_pool_n_threads-1, for per-thread scratch. */
typedef void (*mr_pool_fn)(void *ctx, int task, int thread);

/* n_threads <= 0: one per core. The caller of mr_pool_run works too, as thread 0. */
enum mr_status mr_pool_create(struct mr_pool **pool, int n_threads,
                              struct mr_error *err) MR_NODISCARD;
void mr_pool_destroy(struct mr_pool *pool);
/* 1 for NULL. */
int mr_pool_n_threads(const struct mr_pool *pool);
/* Runs fn for every task and returns when all are done; thread t takes the t-th contiguous share.
 * pool NULL: all in the calling thread. One caller at a time. */
void mr_pool_run(struct mr_pool *pool, int n_tasks, mr_pool_fn fn, void *ctx);

#endif
