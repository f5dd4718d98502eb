/* SPDX-License-Identifier: MIT */
/*
 * Pictures for the screen. The slots are shared under the monitor; the thread fills `fresh`, and
 * only the screen's own call replaces and frees what it was shown, so a borrowed picture stays
 * valid.
 */
#include "pictures.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/thread.h>
#include <misread/image/decode.h>
#include <misread/image/image.h>
#include <misread/train/options.h>
#include <misread/tui/tui.h>

#include "paths.h"
#include "session.h"
#include "sights.h"

#define N_SLOTS (MR_TUI_MAX_PICTURES + 8)
/* Of pictures kept at a time. */
#define MAX_BYTES ((size_t)256 << 20)
/* A picture that no frame has asked for in this time is not decoded any more. */
#define STALE_MS 1500

enum slot_state { SLOT_FREE, SLOT_WANTED, SLOT_WORKING, SLOT_READY, SLOT_FAILED };

/* What a picture is of. */
struct subject {
    bool is_sight; /* as a network is shown it; else the whole file */
    int run, plan; /* whose network */
    struct mr_tui_sight sight;
};

struct slot {
    enum slot_state state;
    struct subject of;
    struct mr_size_px box;  /* asked for */
    struct mr_image *shown; /* owned; belongs to the screen's thread */
    struct mr_image *fresh; /* owned; decoded, not yet seen */
    struct mr_error why;    /* of SLOT_FAILED */
    uint64_t version;       /* of the picture that came last */
    int64_t asked_at;       /* ms; the newest is decoded first, the oldest evicted */
};

/* The batch asked for last. */
struct deal {
    enum slot_state state;
    int run, plan, index;
    struct mr_tui_batch shown, fresh; /* their items are owned, as pictures are in slots */
    bool has_fresh;
    struct mr_error why; /* of SLOT_FAILED */
};

struct mr_pictures {
    struct mr_monitor *monitor;
    struct mr_thread *thread;
    struct mr_sandbox *sandbox;   /* borrowed: outlives this */
    struct mr_wake *wake;         /* borrowed: outlives this */
    const struct mr_place *place; /* borrowed: outlives this */
    bool stop;
    struct slot slots[N_SLOTS];
    uint64_t n_made; /* pictures */
    struct deal deal;
    struct mr_train_options options; /* of run 0 */
    int plan;                        /* their number; 0: none were given */
};

/* ---- the thread ---- */

/* What only the thread uses. */
struct worker {
    struct mr_pictures *pictures;
    struct mr_paths paths;
    struct mr_sights *sights;
};

/* Takes whole; never enlarged here: the terminal layer scales. */
static enum mr_status fit(struct mr_image **out, struct mr_image *whole, struct mr_size_px box,
                          struct mr_error *err)
{
    struct mr_size_px size = mr_image_fit((struct mr_size_px){whole->w, whole->h}, box);
    enum mr_status st;

    if (size.w >= whole->w) {
        *out = whole;
        return MR_OK;
    }
    st = mr_image_resize(out, whole, size.w, size.h, err);
    mr_image_destroy(whole);
    return st;
}

/* options: of run 0. */
static enum mr_status load(struct mr_image **whole, struct worker *worker, const struct subject *of,
                           const struct mr_train_options *options, struct mr_error *err)
{
    const struct mr_sights_of whose = {of->run, of->plan, options};
    char *path = mr_paths_find(&worker->paths, of->sight.image, err);
    enum mr_status st;

    if (!path)
        return MR_E_NOT_FOUND;
    st = of->is_sight
             ? mr_sights_draw(worker->sights, &whose, path, &of->sight, whole, err)
             : mr_image_load(whole, worker->pictures->sandbox, MR_SANDBOX_SCREEN, path, err);
    free(path);
    return st;
}

/* The newest picture that is still wanted; NULL if none. */
static struct slot *next_wanted(struct mr_pictures *pictures)
{
    struct slot *best = NULL;
    int64_t now = mr_clock_ms();

    for (int i = 0; i < N_SLOTS; i++) {
        struct slot *slot = &pictures->slots[i];

        if (slot->state != SLOT_WANTED || now - slot->asked_at > STALE_MS)
            continue;
        if (!best || slot->asked_at > best->asked_at)
            best = slot;
    }
    return best;
}

static void decode(struct worker *worker, struct slot *slot)
{
    struct mr_pictures *pictures = worker->pictures;
    const struct mr_train_options options = pictures->options;
    struct subject of = slot->of;
    struct mr_size_px box = slot->box;
    struct mr_image *whole = NULL, *fresh = NULL;
    struct mr_error err = {0};

    slot->state = SLOT_WORKING;
    mr_monitor_unlock(pictures->monitor);
    if (load(&whole, worker, &of, &options, &err) || fit(&fresh, whole, box, &err))
        fresh = NULL;
    mr_monitor_lock(pictures->monitor);
    mr_image_destroy(slot->fresh);
    slot->fresh = fresh;
    slot->why = err;
    slot->version = ++pictures->n_made;
    slot->state = fresh ? SLOT_READY : SLOT_FAILED;
    mr_wake_raise(pictures->wake);
}

static void forget_batch(struct mr_tui_batch *batch)
{
    free((void *)batch->items);
    *batch = (struct mr_tui_batch){.n = 0};
}

/* Another batch may be asked for meanwhile: then this one is for nothing. */
static void deal(struct worker *worker)
{
    struct mr_pictures *pictures = worker->pictures;
    struct deal *d = &pictures->deal;
    const struct mr_train_options options = pictures->options;
    const struct mr_sights_of whose = {d->run, d->plan, &options};
    struct mr_tui_batch dealt;
    struct mr_error err = {0};
    int index = d->index;

    d->state = SLOT_WORKING;
    mr_monitor_unlock(pictures->monitor);
    if (mr_sights_deal(worker->sights, &whose, index, &dealt, &err))
        dealt.is_ready = false;
    mr_monitor_lock(pictures->monitor);
    if (d->state != SLOT_WORKING) {
        forget_batch(&dealt);
        return;
    }
    d->fresh = dealt;
    d->has_fresh = true;
    d->why = err;
    d->state = dealt.is_ready ? SLOT_READY : SLOT_FAILED;
    mr_wake_raise(pictures->wake);
}

static void run(void *arg)
{
    struct mr_pictures *pictures = arg;
    struct worker worker = {.pictures = pictures, .paths.place = pictures->place};

    worker.sights = mr_sights_create(pictures->place, pictures->sandbox);
    mr_monitor_lock(pictures->monitor);
    while (!pictures->stop) {
        struct slot *slot = next_wanted(pictures);

        if (pictures->deal.state == SLOT_WANTED)
            deal(&worker);
        else if (slot)
            decode(&worker, slot);
        else
            (void)mr_monitor_wait(pictures->monitor, -1);
    }
    mr_monitor_unlock(pictures->monitor);
    mr_sights_destroy(worker.sights);
    mr_paths_finish(&worker.paths);
}

/* ---- the screen's side ---- */

enum mr_status mr_pictures_start(struct mr_pictures **pictures, const struct mr_session *session,
                                 const struct mr_place *place, struct mr_error *err)
{
    struct mr_pictures *p = mr_xalloc(1, sizeof *p);
    enum mr_status st;

    p->monitor = mr_monitor_create();
    p->sandbox = session->sandbox;
    p->wake = session->wake;
    p->place = place;
    st = mr_thread_start(&p->thread, "pictures", run, p, err);
    if (st) {
        mr_monitor_destroy(p->monitor);
        free(p);
        return st;
    }
    *pictures = p;
    return MR_OK;
}

static void clear(struct slot *slot)
{
    mr_image_destroy(slot->shown);
    mr_image_destroy(slot->fresh);
    *slot = (struct slot){0};
}

void mr_pictures_stop(struct mr_pictures *pictures)
{
    if (!pictures)
        return;
    mr_monitor_lock(pictures->monitor);
    pictures->stop = true;
    mr_monitor_notify(pictures->monitor);
    mr_monitor_unlock(pictures->monitor);
    mr_thread_join(pictures->thread);
    for (int i = 0; i < N_SLOTS; i++)
        clear(&pictures->slots[i]);
    forget_batch(&pictures->deal.shown);
    forget_batch(&pictures->deal.fresh);
    mr_monitor_destroy(pictures->monitor);
    free(pictures);
}

static bool is_same(const struct subject *a, const struct subject *b)
{
    return a->is_sight == b->is_sight && a->run == b->run && a->plan == b->plan &&
           a->sight.image == b->sight.image && a->sight.look == b->sight.look &&
           a->sight.repeat == b->sight.repeat;
}

/* The subject's slot, or the one longest not asked for, emptied. */
static struct slot *slot_for(struct mr_pictures *pictures, const struct subject *of)
{
    struct slot *oldest = NULL;

    for (int i = 0; i < N_SLOTS; i++) {
        struct slot *slot = &pictures->slots[i];

        if (slot->state != SLOT_FREE && is_same(&slot->of, of))
            return slot;
        if (slot->state != SLOT_WORKING && (!oldest || slot->asked_at < oldest->asked_at))
            oldest = slot;
    }
    if (oldest)
        clear(oldest);
    return oldest;
}

static size_t n_bytes_of(const struct mr_image *image)
{
    return image ? 3 * (size_t)image->w * (size_t)image->h : 0;
}

/* Zoomed pictures are large: those longest not asked for go until the others fit. */
static void make_room(struct mr_pictures *pictures, const struct slot *keep)
{
    for (;;) {
        struct slot *oldest = NULL;
        size_t n_bytes = 0;

        for (int i = 0; i < N_SLOTS; i++) {
            struct slot *slot = &pictures->slots[i];

            n_bytes += n_bytes_of(slot->shown) + n_bytes_of(slot->fresh);
            if (slot != keep && slot->state != SLOT_WORKING && slot->state != SLOT_FREE &&
                (!oldest || slot->asked_at < oldest->asked_at))
                oldest = slot;
        }
        if (n_bytes <= MAX_BYTES || !oldest)
            return;
        clear(oldest);
    }
}

static bool is_larger(struct mr_size_px a, struct mr_size_px b)
{
    return a.w > b.w || a.h > b.h;
}

static const struct mr_image *get(struct mr_pictures *pictures, const struct subject *of,
                                  struct mr_size_px box, uint64_t *version, const char **failed)
{
    const struct mr_image *shown = NULL;
    struct slot *slot;

    *failed = NULL;
    mr_monitor_lock(pictures->monitor);
    slot = slot_for(pictures, of);
    if (!slot) {
        mr_monitor_unlock(pictures->monitor);
        return NULL;
    }
    if (slot->fresh) {
        mr_image_destroy(slot->shown);
        slot->shown = slot->fresh;
        slot->fresh = NULL;
        make_room(pictures, slot);
    }
    if (slot->state == SLOT_FREE || (slot->state == SLOT_READY && is_larger(box, slot->box))) {
        slot->of = *of;
        slot->box = box;
        slot->state = SLOT_WANTED;
        mr_monitor_notify(pictures->monitor);
    } else if (slot->state == SLOT_WANTED) {
        mr_monitor_notify(pictures->monitor); /* it may have been passed over as stale */
    }
    slot->asked_at = mr_clock_ms();
    shown = slot->shown;
    *version = slot->version;
    if (slot->state == SLOT_FAILED)
        *failed = slot->why.message;
    mr_monitor_unlock(pictures->monitor);
    return shown;
}

const struct mr_image *mr_pictures_get(struct mr_pictures *pictures, int64_t image,
                                       struct mr_size_px box, const char **failed)
{
    const struct subject of = {.sight.image = image};
    uint64_t version;

    return get(pictures, &of, box, &version, failed);
}

/* ---- what a network is shown ---- */

void mr_pictures_plan(struct mr_pictures *pictures, const struct mr_train_options *options)
{
    mr_monitor_lock(pictures->monitor);
    /* all bytes, padding too: at worst the same is taken for something new */
    if (memcmp(&pictures->options, options, sizeof *options) != 0) {
        memcpy(&pictures->options, options, sizeof *options);
        pictures->plan++;
    }
    mr_monitor_unlock(pictures->monitor);
}

/* The plan changes in the screen's thread alone. */
static int plan_of(const struct mr_pictures *pictures, int run_id)
{
    return run_id ? 0 : pictures->plan;
}

const struct mr_image *mr_pictures_sight(struct mr_pictures *pictures, int run_id,
                                         const struct mr_tui_sight *sight, struct mr_size_px box,
                                         uint64_t *version, const char **failed)
{
    const struct subject of = {
        .is_sight = true, .run = run_id, .plan = plan_of(pictures, run_id), .sight = *sight};

    return get(pictures, &of, box, version, failed);
}

void mr_pictures_batch(struct mr_pictures *pictures, int run_id, int index,
                       struct mr_tui_batch *batch)
{
    struct deal *d = &pictures->deal;
    int plan = plan_of(pictures, run_id);

    mr_monitor_lock(pictures->monitor);
    if (d->state == SLOT_FREE || d->run != run_id || d->plan != plan || d->index != index) {
        forget_batch(&d->shown);
        forget_batch(&d->fresh);
        *d = (struct deal){.state = SLOT_WANTED, .run = run_id, .plan = plan, .index = index};
        mr_monitor_notify(pictures->monitor);
    }
    if (d->has_fresh) {
        forget_batch(&d->shown);
        d->shown = d->fresh;
        d->fresh = (struct mr_tui_batch){.n = 0};
        d->has_fresh = false;
    }
    *batch = d->shown;
    batch->failed = d->state == SLOT_FAILED ? d->why.message : NULL;
    mr_monitor_unlock(pictures->monitor);
}

void mr_pictures_retry(struct mr_pictures *pictures)
{
    mr_monitor_lock(pictures->monitor);
    for (int i = 0; i < N_SLOTS; i++)
        if (pictures->slots[i].state == SLOT_FAILED)
            clear(&pictures->slots[i]);
    pictures->deal.state = SLOT_FREE;
    mr_monitor_unlock(pictures->monitor);
}
