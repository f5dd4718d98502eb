/* SPDX-License-Identifier: MIT */
/*
 * The slots are shared under the monitor, as in pictures.c: the thread fills `fresh`, and only the
 * screen's own call replaces and frees what it was shown. An answer is of the weights that there
 * were; now and then a slot that is still asked for is looked at again, and answered anew if others
 * have taken their place.
 */
#include "reasons.h"

#include <stdbool.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/thread.h>
#include <misread/image/image.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>
#include <misread/train/kept.h>
#include <misread/tui/tui.h>

#include "place.h"
#include "session.h"
#include "why.h"

#define N_SLOTS 64
/* What no frame has asked for in this time is not worked out any more: longer than a batch takes,
 * since there is a frame after each. */
#define STALE_MS 10000
/* So often the weights are looked at again. */
#define CHECK_MS 2000

_Static_assert(MR_WHY_N_NEAR == MR_TUI_N_NEAR, "as many are found as are shown");

enum wish { WISH_HEAT, WISH_NEAR };
enum slot_state { SLOT_FREE, SLOT_WANTED, SLOT_WORKING, SLOT_ANSWERED };

struct slot {
    enum slot_state state;
    enum wish wish;
    int run, class_id;
    int64_t image;
    int64_t asked_at, answered_at; /* ms */
    uint64_t stamp;                /* of the weights of the answer; 0: there is none */
    int epoch;                     /* and theirs */
    int h, w;                      /* cells of the heat map */
    struct mr_image *shown;        /* owned; belongs to the screen's thread */
    struct mr_image *fresh;        /* owned; not yet seen */
    double box_heat, box_area;     /* of WISH_HEAT */
    struct mr_why_near near;
    int64_t n_done, n_total;
    struct mr_error failed; /* status MR_OK: it has not */
    struct mr_error told;   /* the same, as the screen's thread was told */
};

struct mr_reasons {
    struct mr_monitor *monitor;
    struct mr_thread *thread;
    const struct mr_session *session; /* borrowed: outlives this */
    const struct mr_place *place;     /* borrowed: outlives this */
    bool stop;
    struct slot slots[N_SLOTS];
};

/* ---- the thread ---- */

static bool is_stale(const struct slot *slot)
{
    return mr_clock_ms() - slot->asked_at > STALE_MS;
}

/* Heat maps before neighbours, which may take minutes once; then the newest. */
static bool is_before(const struct slot *a, const struct slot *b)
{
    if (a->wish != b->wish)
        return a->wish < b->wish;
    return a->asked_at > b->asked_at;
}

/* NULL: nothing is. */
static struct slot *next_wanted(struct mr_reasons *reasons)
{
    struct slot *best = NULL;

    for (int i = 0; i < N_SLOTS; i++) {
        struct slot *slot = &reasons->slots[i];

        if (slot->state == SLOT_WANTED && !is_stale(slot) && (!best || is_before(slot, best)))
            best = slot;
    }
    return best;
}

/* While a slot is worked on, its wish does not change. */
struct task {
    struct mr_reasons *reasons;
    struct slot *slot;
};

/* Goes on as long as somebody waits for it and nothing that is quicker is wanted. */
static bool tell(void *ctx, int64_t n_done, int64_t n_total)
{
    struct task *task = ctx;
    struct slot *next;
    bool goes_on;

    mr_monitor_lock(task->reasons->monitor);
    task->slot->n_done = n_done;
    task->slot->n_total = n_total;
    next = next_wanted(task->reasons);
    goes_on = !task->reasons->stop && !is_stale(task->slot) && !(next && next->wish == WISH_HEAT);
    mr_monitor_unlock(task->reasons->monitor);
    mr_wake_raise(task->reasons->session->wake);
    return goes_on;
}

/* The weights of a run that trains are replaced every epoch: looking at all its training images
 * would be for nothing. */
static enum mr_status check_ended(const struct mr_place *place, int run, struct mr_error *err)
{
    struct mr_store *store = NULL;
    enum mr_status st = mr_store_open(&store, place->project_dir, MR_STORE_EXISTING, err);

    if (!st && mr_run_is_live(store, run))
        st = mr_fail(err, MR_E_BUSY, "images like it: when run %d has ended", run);
    mr_store_close(store);
    return st;
}

static enum mr_status find_near(struct task *task, struct mr_why *why, struct slot *made,
                                struct mr_error *err)
{
    enum mr_status st = check_ended(task->reasons->place, made->run, err);

    return st ? st : mr_why_near(why, made->image, made->class_id, tell, task, &made->near, err);
}

static enum mr_status draw_heat(struct mr_why *why, struct slot *made, struct mr_error *err)
{
    struct mr_why_heat heat = {0};
    enum mr_status st = mr_why_heat(why, made->image, made->class_id, &heat, err);

    if (st)
        return st;
    made->h = heat.h;
    made->w = heat.w;
    made->fresh = heat.picture;
    made->box_heat = heat.box_share;
    made->box_area = heat.box.w * heat.box.h;
    heat.picture = NULL;
    mr_why_heat_finish(&heat);
    return MR_OK;
}

/* Into `made`, a copy of the slot; nothing is done if its answer is of the weights that there are.
 */
static enum mr_status answer(struct task *task, struct mr_why *why, struct slot *made)
{
    enum mr_status st = mr_why_turn_to(why, made->run, &made->failed);

    if (st || made->stamp == mr_why_facts(why)->stamp)
        return st;
    st = made->wish == WISH_HEAT ? draw_heat(why, made, &made->failed)
                                 : find_near(task, why, made, &made->failed);
    if (st)
        return st;
    made->stamp = mr_why_facts(why)->stamp;
    made->epoch = mr_why_facts(why)->epoch;
    return MR_OK;
}

static void work(struct mr_reasons *reasons, struct mr_why *why, struct slot *slot)
{
    struct task task = {reasons, slot};
    struct slot made = *slot;
    enum mr_status st;

    made.fresh = NULL;
    made.failed = (struct mr_error){0};
    slot->state = SLOT_WORKING;
    mr_monitor_unlock(reasons->monitor);
    st = answer(&task, why, &made);
    mr_monitor_lock(reasons->monitor);
    if (made.fresh) {
        mr_image_destroy(slot->fresh);
        slot->fresh = made.fresh;
    }
    slot->near = made.near;
    slot->box_heat = made.box_heat;
    slot->box_area = made.box_area;
    slot->stamp = made.stamp;
    slot->epoch = made.epoch;
    slot->h = made.h;
    slot->w = made.w;
    if (st != MR_E_CANCELLED) {
        slot->failed = made.failed;
        slot->failed.status = st;
    }
    slot->state = st == MR_E_CANCELLED ? SLOT_WANTED : SLOT_ANSWERED;
    slot->answered_at = mr_clock_ms();
    mr_wake_raise(reasons->session->wake);
}

static void run(void *arg)
{
    struct mr_reasons *reasons = arg;
    struct mr_why *why = mr_why_create(reasons->session, reasons->place);

    mr_thread_yield_to_screen();
    mr_monitor_lock(reasons->monitor);
    while (!reasons->stop) {
        struct slot *slot = next_wanted(reasons);

        if (slot)
            work(reasons, why, slot);
        else
            (void)mr_monitor_wait(reasons->monitor, -1);
    }
    mr_monitor_unlock(reasons->monitor);
    mr_why_destroy(why);
}

/* ---- the screen's side ---- */

enum mr_status mr_reasons_start(struct mr_reasons **reasons, const struct mr_session *session,
                                const struct mr_place *place, struct mr_error *err)
{
    struct mr_reasons *r = mr_xalloc(1, sizeof *r);
    enum mr_status st;

    r->monitor = mr_monitor_create();
    r->session = session;
    r->place = place;
    st = mr_thread_start(&r->thread, "reasons", run, r, err);
    if (st) {
        mr_monitor_destroy(r->monitor);
        free(r);
        return st;
    }
    *reasons = r;
    return MR_OK;
}

static void clear(struct slot *slot)
{
    mr_image_destroy(slot->shown);
    mr_image_destroy(slot->fresh);
    *slot = (struct slot){0};
}

void mr_reasons_stop(struct mr_reasons *reasons)
{
    if (!reasons)
        return;
    mr_monitor_lock(reasons->monitor);
    reasons->stop = true;
    mr_monitor_notify(reasons->monitor);
    mr_monitor_unlock(reasons->monitor);
    mr_thread_join(reasons->thread);
    for (int i = 0; i < N_SLOTS; i++)
        clear(&reasons->slots[i]);
    mr_monitor_destroy(reasons->monitor);
    free(reasons);
}

static bool is_about(const struct slot *a, const struct slot *b)
{
    return a->state != SLOT_FREE && a->wish == b->wish && a->run == b->run &&
           a->image == b->image && a->class_id == b->class_id;
}

/* The wish's slot, or the one longest not asked for, emptied. One is worked on at most. */
static struct slot *slot_for(struct mr_reasons *reasons, const struct slot *wish)
{
    struct slot *oldest = NULL;

    for (int i = 0; i < N_SLOTS; i++) {
        struct slot *slot = &reasons->slots[i];

        if (is_about(slot, wish))
            return slot;
        if (slot->state != SLOT_WORKING && (!oldest || slot->asked_at < oldest->asked_at))
            oldest = slot;
    }
    clear(oldest);
    *oldest = *wish;
    oldest->state = SLOT_WANTED;
    return oldest;
}

/* Locked afterwards. */
static struct slot *ask(struct mr_reasons *reasons, const struct slot *wish)
{
    struct slot *slot;

    mr_monitor_lock(reasons->monitor);
    slot = slot_for(reasons, wish);
    slot->asked_at = mr_clock_ms();
    if (slot->state == SLOT_ANSWERED && slot->asked_at - slot->answered_at > CHECK_MS)
        slot->state = SLOT_WANTED;
    if (slot->state == SLOT_WANTED)
        mr_monitor_notify(reasons->monitor);
    return slot;
}

/* Locked. A text that stays when the other thread fails anew. */
static const char *tell_failure(struct slot *slot)
{
    slot->told = slot->failed;
    return slot->told.status ? slot->told.message : NULL;
}

void mr_reasons_heat(struct mr_reasons *reasons, int run, int64_t image, int class_id,
                     struct mr_tui_heat *heat)
{
    const struct slot wish = {.wish = WISH_HEAT, .run = run, .image = image, .class_id = class_id};
    struct slot *slot = ask(reasons, &wish);

    if (slot->fresh) {
        mr_image_destroy(slot->shown);
        slot->shown = slot->fresh;
        slot->fresh = NULL;
    }
    *heat = (struct mr_tui_heat){.picture = slot->shown,
                                 .epoch = slot->epoch,
                                 .h = slot->h,
                                 .w = slot->w,
                                 .box_heat = slot->box_heat,
                                 .box_area = slot->box_area,
                                 .failed = tell_failure(slot)};
    mr_monitor_unlock(reasons->monitor);
}

void mr_reasons_near(struct mr_reasons *reasons, int run, int64_t image, int class_id,
                     struct mr_tui_near *near)
{
    const struct slot wish = {.wish = WISH_NEAR, .run = run, .image = image, .class_id = class_id};
    struct slot *slot = ask(reasons, &wish);

    *near = (struct mr_tui_near){.is_ready = slot->stamp != 0,
                                 .n = slot->near.n,
                                 .n_done = slot->n_done,
                                 .n_total = slot->n_total,
                                 .failed = tell_failure(slot)};
    for (int i = 0; i < near->n; i++) {
        near->found[i].image = slot->near.found[i].image;
        near->found[i].cosine = slot->near.found[i].cosine;
    }
    mr_monitor_unlock(reasons->monitor);
}
