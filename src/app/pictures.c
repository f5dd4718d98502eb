/* SPDX-License-Identifier: MIT */
/*
 * Pictures for the screen. The slots are shared under the monitor; the thread fills `fresh`, and
 * only the screen's own call replaces and frees what it was shown, so a borrowed picture stays
 * valid.
 */
#include "pictures.h"

#include <stdbool.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/base/thread.h>
#include <misread/image/decode.h>
#include <misread/image/image.h>
#include <misread/store/images.h>
#include <misread/store/store.h>

#include "place.h"
#include "session.h"

#define N_SLOTS 128
/* A picture that no frame has asked for in this time is not decoded any more. */
#define STALE_MS 1500

enum slot_state { SLOT_FREE, SLOT_WANTED, SLOT_WORKING, SLOT_READY, SLOT_FAILED };

struct slot {
    enum slot_state state;
    int64_t image;
    struct mr_size_px box;  /* asked for */
    struct mr_image *shown; /* owned; belongs to the screen's thread */
    struct mr_image *fresh; /* owned; decoded, not yet seen */
    struct mr_error why;    /* of SLOT_FAILED */
    int64_t asked_at;       /* ms; the newest is decoded first, the oldest evicted */
};

struct mr_pictures {
    struct mr_monitor *monitor;
    struct mr_thread *thread;
    struct mr_sandbox *sandbox;   /* borrowed: outlives this */
    struct mr_wake *wake;         /* borrowed: outlives this */
    const struct mr_place *place; /* borrowed: outlives this */
    bool stop;
    struct slot slots[N_SLOTS];
};

/* ---- the thread ---- */

struct worker {
    struct mr_store *store;
    struct mr_image_table *table;
};

/* The path of an image; reads the table anew when the image is not in it. Owned by the caller; NULL
 * if unknown. */
static char *find_path(struct worker *worker, const struct mr_place *place, int64_t image,
                       struct mr_error *err)
{
    const struct mr_image_row *row = worker->table ? mr_images_find(worker->table, image) : NULL;

    if (!row && !worker->store &&
        mr_store_open(&worker->store, place->project_dir, MR_STORE_EXISTING, err))
        return NULL;
    if (!row) {
        mr_images_destroy(worker->table);
        worker->table = NULL;
        if (mr_images_load(worker->store, &worker->table, err))
            return NULL;
        row = mr_images_find(worker->table, image);
    }
    if (!row) {
        (void)mr_fail(err, MR_E_NOT_FOUND, "image %lld is not in the project", (long long)image);
        return NULL;
    }
    return mr_path_join(place->data_dir, row->path);
}

static enum mr_status load_fitted(struct mr_image **out, struct mr_sandbox *sandbox,
                                  const char *path, struct mr_size_px box, struct mr_error *err)
{
    struct mr_image *whole;
    struct mr_size_px size;
    enum mr_status st = mr_image_load(&whole, sandbox, MR_SANDBOX_SCREEN, path, err);

    if (st)
        return st;
    size = mr_image_fit((struct mr_size_px){whole->w, whole->h}, box);
    if (size.w >= whole->w) {
        *out = whole; /* never enlarged here: the terminal layer scales */
        return MR_OK;
    }
    st = mr_image_resize(out, whole, size.w, size.h, err);
    mr_image_destroy(whole);
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

static void decode(struct mr_pictures *pictures, struct worker *worker, struct slot *slot)
{
    int64_t image = slot->image;
    struct mr_size_px box = slot->box;
    struct mr_image *fresh = NULL;
    struct mr_error err = {0};
    char *path;

    slot->state = SLOT_WORKING;
    mr_monitor_unlock(pictures->monitor);
    path = find_path(worker, pictures->place, image, &err);
    if (path && load_fitted(&fresh, pictures->sandbox, path, box, &err))
        fresh = NULL;
    free(path);
    mr_monitor_lock(pictures->monitor);
    mr_image_destroy(slot->fresh);
    slot->fresh = fresh;
    slot->why = err;
    slot->state = fresh ? SLOT_READY : SLOT_FAILED;
    mr_wake_raise(pictures->wake);
}

static void run(void *arg)
{
    struct mr_pictures *pictures = arg;
    struct worker worker = {0};

    mr_monitor_lock(pictures->monitor);
    while (!pictures->stop) {
        struct slot *slot = next_wanted(pictures);

        if (slot)
            decode(pictures, &worker, slot);
        else
            (void)mr_monitor_wait(pictures->monitor, -1);
    }
    mr_monitor_unlock(pictures->monitor);
    mr_images_destroy(worker.table);
    mr_store_close(worker.store);
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
    mr_monitor_destroy(pictures->monitor);
    free(pictures);
}

/* The image's slot, or the one longest not asked for, emptied. */
static struct slot *slot_for(struct mr_pictures *pictures, int64_t image)
{
    struct slot *oldest = NULL;

    for (int i = 0; i < N_SLOTS; i++) {
        struct slot *slot = &pictures->slots[i];

        if (slot->state != SLOT_FREE && slot->image == image)
            return slot;
        if (slot->state != SLOT_WORKING && (!oldest || slot->asked_at < oldest->asked_at))
            oldest = slot;
    }
    if (oldest)
        clear(oldest);
    return oldest;
}

static bool is_larger(struct mr_size_px a, struct mr_size_px b)
{
    return a.w > b.w || a.h > b.h;
}

const struct mr_image *mr_pictures_get(struct mr_pictures *pictures, int64_t image,
                                       struct mr_size_px box, const char **failed)
{
    const struct mr_image *shown = NULL;
    struct slot *slot;

    *failed = NULL;
    mr_monitor_lock(pictures->monitor);
    slot = slot_for(pictures, image);
    if (!slot) {
        mr_monitor_unlock(pictures->monitor);
        return NULL;
    }
    if (slot->fresh) {
        mr_image_destroy(slot->shown);
        slot->shown = slot->fresh;
        slot->fresh = NULL;
    }
    if (slot->state == SLOT_FREE || (slot->state == SLOT_READY && is_larger(box, slot->box))) {
        slot->image = image;
        slot->box = box;
        slot->state = SLOT_WANTED;
        mr_monitor_notify(pictures->monitor);
    } else if (slot->state == SLOT_WANTED) {
        mr_monitor_notify(pictures->monitor); /* it may have been passed over as stale */
    }
    slot->asked_at = mr_clock_ms();
    shown = slot->shown;
    if (slot->state == SLOT_FAILED)
        *failed = slot->why.message;
    mr_monitor_unlock(pictures->monitor);
    return shown;
}

void mr_pictures_retry(struct mr_pictures *pictures)
{
    mr_monitor_lock(pictures->monitor);
    for (int i = 0; i < N_SLOTS; i++)
        if (pictures->slots[i].state == SLOT_FAILED)
            clear(&pictures->slots[i]);
    mr_monitor_unlock(pictures->monitor);
}
