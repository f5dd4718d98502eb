/* SPDX-License-Identifier: MIT */
/* Thread and screen meet in one struct behind a lock; what was found is handed over whole. */
#include "looking.h"

#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/base/thread.h>
#include <misread/data/quality.h>
#include <misread/data/scan.h>
#include <misread/interp/flaws.h>
#include <misread/store/images.h>
#include <misread/store/quality.h>
#include <misread/store/store.h>
#include <misread/train/trainer.h>
#include <misread/tui/tui.h>

struct mr_looking {
    struct mr_trainer_place place;
    struct mr_thread *thread;   /* owned; NULL: none was started */
    struct mr_flaws *handed;    /* owned by the screen's side: what was last read */
    struct mr_monitor *monitor; /* owned; guards what follows */
    struct mr_tui_look shown;   /* but for its flaws */
    struct mr_flaws *found;     /* owned: not read yet; NULL none */
    bool is_cancelled;
    bool measures;      /* what the thread does; changed by itself while it runs */
    bool measures_next; /* asked for while it only read what was measured before */
};

struct mr_looking *mr_looking_create(const struct mr_trainer_place *place)
{
    struct mr_looking *looking = mr_xalloc(1, sizeof *looking);

    looking->place = *place;
    looking->monitor = mr_monitor_create();
    looking->shown.version = 1;
    return looking;
}

static void destroy_flaws(struct mr_flaws *flaws)
{
    if (flaws)
        mr_flaws_finish(flaws);
    free(flaws);
}

void mr_looking_destroy(struct mr_looking *looking)
{
    if (!looking)
        return;
    mr_looking_cancel(looking);
    mr_thread_join(looking->thread);
    mr_monitor_destroy(looking->monitor);
    destroy_flaws(looking->found);
    destroy_flaws(looking->handed);
    free(looking);
}

/* ---- the thread ---- */

/* Unlocks what was changed and tells the screen. */
static void publish(struct mr_looking *looking)
{
    looking->shown.version++;
    mr_monitor_unlock(looking->monitor);
    mr_wake_raise(looking->place.wake);
}

static bool show_progress(void *ctx, int64_t n_done, int64_t n_total)
{
    struct mr_looking *looking = ctx;
    bool goes_on;

    mr_monitor_lock(looking->monitor);
    looking->shown.n_done = n_done;
    looking->shown.n_total = n_total;
    goes_on = !looking->is_cancelled;
    publish(looking);
    return goes_on;
}

static enum mr_status measure(struct mr_looking *looking, struct mr_store *store,
                              struct mr_error *err)
{
    const char *data_dir = looking->place.data_dir;
    const struct mr_scan_options scan = {
        .is_survey = true, .test_fraction = -1, .progress = show_progress, .ctx = looking};
    const struct mr_quality_options options = {
        .data_dir = data_dir, .progress = show_progress, .ctx = looking};
    struct mr_image_table *images = NULL;
    struct mr_scan_report report;
    enum mr_status st = mr_scan(store, data_dir, &scan, &report, err);

    if (!st)
        st = mr_images_load(store, &images, err);
    if (!st)
        st = mr_quality_measure(store, images, looking->place.sandbox, &options, err);
    mr_images_destroy(images);
    return st;
}

static enum mr_status find(struct mr_store *store, struct mr_flaws *flaws, struct mr_error *err)
{
    struct mr_image_table *images = NULL;
    struct mr_quality *rows = NULL;
    int n = 0;
    enum mr_status st = mr_images_load(store, &images, err);

    if (!st)
        st = mr_qualities_load(store, &rows, &n, err);
    if (!st)
        mr_flaws_find(flaws, images, rows, n);
    free(rows);
    mr_images_destroy(images);
    return st;
}

/* Takes flaws (NULL: the old ones stay). Whether to measure now, as was asked for meanwhile. */
static bool show_end(struct mr_looking *looking, enum mr_status st, struct mr_flaws *flaws,
                     const struct mr_error *err)
{
    struct mr_tui_look *shown = &looking->shown;
    bool goes_on;

    mr_monitor_lock(looking->monitor);
    goes_on = looking->measures_next && !looking->is_cancelled;
    looking->measures |= goes_on;
    looking->measures_next = false;
    shown->state = goes_on                ? MR_TUI_LOOK_RUNS
                   : st == MR_OK          ? MR_TUI_LOOK_DONE
                   : st == MR_E_CANCELLED ? MR_TUI_LOOK_CANCELLED
                                          : MR_TUI_LOOK_FAILED;
    mr_str_copy(shown->message, sizeof shown->message, st ? err->message : "");
    if (flaws) {
        destroy_flaws(looking->found);
        looking->found = flaws;
    }
    publish(looking);
    return goes_on;
}

static bool look(struct mr_looking *looking)
{
    struct mr_flaws *flaws = mr_xalloc(1, sizeof *flaws);
    struct mr_store *store = NULL;
    struct mr_error err = {0}, why;
    enum mr_status st, found;

    st = mr_store_open(&store, looking->place.project_dir, MR_STORE_CREATE, &err);
    if (!st && looking->measures)
        st = measure(looking, store, &err);
    /* also after a cancellation: what is measured is shown */
    found = store ? find(store, flaws, &why) : st;
    if (!st && found) {
        st = found;
        err = why;
    }
    if (found) {
        destroy_flaws(flaws);
        flaws = NULL;
    }
    mr_store_close(store);
    return show_end(looking, st, flaws, &err);
}

static void run(void *arg)
{
    struct mr_looking *looking = arg;

    mr_thread_yield_to_screen();
    while (look(looking))
        ;
}

/* ---- the screen's side ---- */

enum mr_status mr_looking_start(struct mr_looking *looking, bool measures, struct mr_error *err)
{
    bool runs, waits;
    enum mr_status st;

    mr_monitor_lock(looking->monitor);
    runs = looking->shown.state == MR_TUI_LOOK_RUNS;
    waits = runs && measures && !looking->measures;
    if (waits) {
        looking->measures_next = true;
        looking->is_cancelled = false;
    }
    mr_monitor_unlock(looking->monitor);
    if (waits)
        return MR_OK;
    if (runs)
        return mr_fail(err, MR_E_BUSY, "the images are being looked at already");
    mr_thread_join(looking->thread); /* it has ended, or there was none */
    looking->thread = NULL;
    mr_monitor_lock(looking->monitor);
    looking->measures = measures;
    looking->is_cancelled = false;
    looking->shown.state = MR_TUI_LOOK_RUNS;
    looking->shown.n_done = looking->shown.n_total = 0;
    publish(looking);
    st = mr_thread_start(&looking->thread, "look", run, looking, err);
    if (st) {
        mr_monitor_lock(looking->monitor);
        looking->shown.state = MR_TUI_LOOK_NONE;
        publish(looking);
    }
    return st;
}

void mr_looking_cancel(struct mr_looking *looking)
{
    mr_monitor_lock(looking->monitor);
    looking->is_cancelled = true;
    mr_monitor_unlock(looking->monitor);
}

bool mr_looking_read(struct mr_looking *looking, struct mr_tui_look *look)
{
    bool is_new;

    mr_monitor_lock(looking->monitor);
    is_new = look->version != looking->shown.version;
    if (is_new) {
        if (looking->found) {
            destroy_flaws(looking->handed);
            looking->handed = looking->found;
            looking->found = NULL;
        }
        *look = looking->shown;
        look->flaws = looking->handed;
    }
    mr_monitor_unlock(looking->monitor);
    return is_new;
}
