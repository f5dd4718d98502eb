/* SPDX-License-Identifier: MIT */
/* The review thread: it alone waits for the disk, so that the screen never does. */
#include <misread/store/review.h>

#include <assert.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/thread.h>
#include <misread/store/store.h>

struct item {
    struct item *next;
    int64_t ticket;
    struct mr_decision decision;
    struct mr_error err;
};

struct list {
    struct item *first, **end;
};

struct mr_reviewer {
    struct mr_store *store;     /* owned; the thread's own connection */
    struct mr_wake *wake;       /* borrowed: outlives this; may be NULL */
    struct mr_thread *thread;   /* owned */
    struct mr_monitor *monitor; /* owned; guards what follows */
    struct list waiting, answered;
    int64_t n_tickets;
    int n_pending;
    bool is_ending;
};

static void list_add(struct list *list, struct item *item)
{
    item->next = NULL;
    *list->end = item;
    list->end = &item->next;
}

/* NULL if it is empty. */
static struct item *list_take(struct list *list)
{
    struct item *item = list->first;

    if (item) {
        list->first = item->next;
        if (!list->first)
            list->end = &list->first;
    }
    return item;
}

/* The next decision to commit; NULL when there is none and none will come. */
static struct item *wait_for_item(struct mr_reviewer *reviewer)
{
    struct item *item;

    mr_monitor_lock(reviewer->monitor);
    while (!(item = list_take(&reviewer->waiting)) && !reviewer->is_ending)
        mr_monitor_wait(reviewer->monitor, -1);
    mr_monitor_unlock(reviewer->monitor);
    return item;
}

static void run_reviewer(void *arg)
{
    struct mr_reviewer *reviewer = arg;
    struct item *item;

    while ((item = wait_for_item(reviewer))) {
        item->err.status = mr_decision_add(reviewer->store, &item->decision, &item->err);
        mr_monitor_lock(reviewer->monitor);
        list_add(&reviewer->answered, item);
        reviewer->n_pending--;
        mr_monitor_notify(reviewer->monitor);
        mr_monitor_unlock(reviewer->monitor);
        mr_wake_raise(reviewer->wake);
    }
}

enum mr_status mr_reviewer_start(struct mr_reviewer **reviewer, const char *project_dir,
                                 struct mr_wake *wake, struct mr_error *err)
{
    struct mr_reviewer *r = mr_xalloc(1, sizeof *r);
    enum mr_status st;

    r->wake = wake;
    r->waiting.end = &r->waiting.first;
    r->answered.end = &r->answered.first;
    r->monitor = mr_monitor_create();
    st = mr_store_open(&r->store, project_dir, MR_STORE_EXISTING, err);
    if (!st)
        st = mr_thread_start(&r->thread, "review", run_reviewer, r, err);
    if (st)
        mr_reviewer_stop(r);
    else
        *reviewer = r;
    return st;
}

int64_t mr_reviewer_submit(struct mr_reviewer *reviewer, const struct mr_decision *decision)
{
    struct item *item = mr_xalloc(1, sizeof *item);
    int64_t ticket;

    item->decision = *decision;
    mr_monitor_lock(reviewer->monitor);
    assert(!reviewer->is_ending);
    ticket = item->ticket = ++reviewer->n_tickets;
    list_add(&reviewer->waiting, item);
    reviewer->n_pending++;
    mr_monitor_notify(reviewer->monitor);
    mr_monitor_unlock(reviewer->monitor);
    return ticket;
}

bool mr_reviewer_poll(struct mr_reviewer *reviewer, int64_t *ticket, struct mr_decision *decision,
                      struct mr_error *err)
{
    struct item *item;

    mr_monitor_lock(reviewer->monitor);
    item = list_take(&reviewer->answered);
    mr_monitor_unlock(reviewer->monitor);
    if (!item)
        return false;
    *ticket = item->ticket;
    *decision = item->decision;
    *err = item->err;
    free(item);
    return true;
}

int mr_reviewer_n_pending(struct mr_reviewer *reviewer)
{
    int n;

    mr_monitor_lock(reviewer->monitor);
    n = reviewer->n_pending;
    mr_monitor_unlock(reviewer->monitor);
    return n;
}

void mr_reviewer_drain(struct mr_reviewer *reviewer)
{
    mr_monitor_lock(reviewer->monitor);
    while (reviewer->n_pending)
        (void)mr_monitor_wait(reviewer->monitor, -1);
    mr_monitor_unlock(reviewer->monitor);
}

void mr_reviewer_stop(struct mr_reviewer *reviewer)
{
    struct item *item;

    if (!reviewer)
        return;
    mr_monitor_lock(reviewer->monitor);
    reviewer->is_ending = true;
    mr_monitor_notify(reviewer->monitor);
    mr_monitor_unlock(reviewer->monitor);
    mr_thread_join(reviewer->thread);
    while ((item = list_take(&reviewer->answered)))
        free(item);
    mr_store_close(reviewer->store);
    mr_monitor_destroy(reviewer->monitor);
    free(reviewer);
}
