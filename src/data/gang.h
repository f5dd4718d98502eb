/* SPDX-License-Identifier: MIT */
/* Many independent jobs on a few threads of their own, while the calling thread looks on and may
 * call it off. */
#ifndef MISREAD_DATA_GANG_H
#define MISREAD_DATA_GANG_H

#include <stdbool.h>

#include <misread/base/status.h>

struct mr_gang {
    const char *name; /* of the threads */
    int n_threads;    /* <= 0: one per core */
    int n_jobs;
    /* Does job 0 .. n_jobs-1; from any of the threads, each job once. */
    void (*job)(void *ctx, int job);
    /* From the calling thread: at the start, some ten times a second, and when all is done. False:
     * start no further jobs. */
    bool (*watch)(void *ctx, int n_done);
    void *ctx;
};

/* Returns when no job runs any more: MR_OK if all were done, MR_E_CANCELLED if watch said so (err
 * untouched), MR_E_NOMEM if no thread could be started. */
enum mr_status mr_gang_run(const struct mr_gang *gang, struct mr_error *err) MR_NODISCARD;

#endif
