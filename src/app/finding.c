/* SPDX-License-Identifier: MIT */
/* The search's thread and the screen meet in one struct behind a lock; the wake says that it
 * changed. */
#include "finding.h"

#include <stdio.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/base/thread.h>
#include <misread/train/curve.h>
#include <misread/train/options.h>
#include <misread/train/search.h>
#include <misread/train/trainer.h>
#include <misread/tui/tui.h>

_Static_assert(MR_CURVE_MAX <= MR_TUI_MAX_POINTS, "a curve does not fit the screen's");

struct mr_finding {
    struct mr_trainer_place place;
    struct mr_train_options options; /* the thread's while it runs */
    struct mr_thread *thread;        /* owned; NULL: none was started */
    struct mr_monitor *monitor;      /* owned; guards what follows */
    struct mr_tui_search shown;
    bool is_cancelled;
};

struct mr_finding *mr_finding_create(const struct mr_trainer_place *place)
{
    struct mr_finding *finding = mr_xalloc(1, sizeof *finding);

    finding->place = *place;
    finding->monitor = mr_monitor_create();
    finding->shown.version = 1;
    return finding;
}

void mr_finding_destroy(struct mr_finding *finding)
{
    if (!finding)
        return;
    mr_finding_cancel(finding);
    mr_thread_join(finding->thread);
    mr_monitor_destroy(finding->monitor);
    free(finding);
}

/* ---- the thread ---- */

/* Unlocks what was changed and tells the screen. */
static void publish(struct mr_finding *finding)
{
    finding->shown.version++;
    mr_monitor_unlock(finding->monitor);
    mr_wake_raise(finding->place.wake);
}

static void show_curve(struct mr_tui_search *shown, const struct mr_curve *curve)
{
    shown->n = curve->n;
    for (int i = 0; i < curve->n; i++)
        shown->points[i] = (struct mr_tui_curve_point){.lr = curve->points[i].lr,
                                                       .loss = curve->points[i].loss,
                                                       .smoothed = curve->points[i].smoothed};
}

static bool show_progress(void *ctx, const char *phase, int64_t n_done, int64_t n_total,
                          const struct mr_curve *curve)
{
    struct mr_finding *finding = ctx;
    bool goes_on;

    mr_monitor_lock(finding->monitor);
    mr_str_copy(finding->shown.phase, sizeof finding->shown.phase, phase);
    finding->shown.n_done = n_done;
    finding->shown.n_total = n_total;
    if (curve)
        show_curve(&finding->shown, curve);
    goes_on = !finding->is_cancelled;
    publish(finding);
    return goes_on;
}

/* Those of fastai v2, which the command `lr-find` prints too. */
static void show_suggestions(struct mr_tui_search *shown, const struct mr_curve *curve)
{
    for (int i = MR_CURVE_VALLEY; i <= MR_CURVE_SLIDE; i++) {
        enum mr_curve_suggestion kind = (enum mr_curve_suggestion)i;

        shown->suggestions[shown->n_suggestions++] =
            (struct mr_tui_suggestion){.name = mr_curve_suggestion_text(kind),
                                       .meaning = mr_curve_suggestion_meaning(kind),
                                       .lr = mr_curve_suggest(curve, kind)};
    }
}

static void show_end(struct mr_finding *finding, enum mr_status st, const struct mr_curve *curve,
                     const struct mr_error *err)
{
    struct mr_tui_search *shown = &finding->shown;

    mr_monitor_lock(finding->monitor);
    if (st == MR_OK) {
        shown->state = MR_TUI_SEARCH_DONE;
        show_curve(shown, curve);
        show_suggestions(shown, curve);
    } else if (st == MR_E_CANCELLED) {
        shown->state = MR_TUI_SEARCH_CANCELLED;
    } else {
        shown->state = MR_TUI_SEARCH_FAILED;
        mr_str_copy(shown->message, sizeof shown->message, err->message);
    }
    publish(finding);
}

static void run(void *arg)
{
    struct mr_finding *finding = arg;
    struct mr_search search = {.place = &finding->place,
                               .options = &finding->options,
                               .n_steps = MR_CURVE_N,
                               .progress = show_progress,
                               .ctx = finding};
    struct mr_curve *curve = mr_xalloc(1, sizeof *curve);
    struct mr_error err = {0};

    mr_thread_yield_to_screen();
    show_end(finding, mr_search_run(&search, curve, &err), curve, &err);
    free(curve);
}

/* ---- the screen's side ---- */

bool mr_finding_is_running(struct mr_finding *finding)
{
    bool runs;

    mr_monitor_lock(finding->monitor);
    runs = finding->shown.state == MR_TUI_SEARCH_RUNS;
    mr_monitor_unlock(finding->monitor);
    return runs;
}

/* From the first step's rate to the one behind the last. */
static void empty(struct mr_tui_search *shown, const char *about)
{
    struct mr_curve bounds;
    int version = shown->version;

    *shown = (struct mr_tui_search){.version = version, .state = MR_TUI_SEARCH_RUNS};
    mr_str_copy(shown->about, sizeof shown->about, about);
    mr_str_copy(shown->phase, sizeof shown->phase, "starting");
    mr_curve_init(&bounds, MR_CURVE_N);
    shown->lr_lo = mr_curve_lr(&bounds);
    bounds.n = MR_CURVE_N;
    shown->lr_hi = mr_curve_lr(&bounds);
}

enum mr_status mr_finding_start(struct mr_finding *finding, const struct mr_train_options *options,
                                const char *about, struct mr_error *err)
{
    enum mr_status st;

    if (mr_finding_is_running(finding))
        return mr_fail(err, MR_E_BUSY, "a search for a learning rate runs already");
    mr_thread_join(finding->thread); /* it has ended, or there was none */
    finding->thread = NULL;
    finding->options = *options;
    mr_monitor_lock(finding->monitor);
    finding->is_cancelled = false;
    empty(&finding->shown, about);
    publish(finding);
    st = mr_thread_start(&finding->thread, "lr-find", run, finding, err);
    if (st) {
        mr_monitor_lock(finding->monitor);
        finding->shown.state = MR_TUI_SEARCH_NONE;
        publish(finding);
    }
    return st;
}

void mr_finding_cancel(struct mr_finding *finding)
{
    mr_monitor_lock(finding->monitor);
    finding->is_cancelled = true;
    mr_monitor_unlock(finding->monitor);
}

bool mr_finding_read(struct mr_finding *finding, struct mr_tui_search *search)
{
    bool is_new;

    mr_monitor_lock(finding->monitor);
    is_new = search->version != finding->shown.version;
    if (is_new)
        *search = finding->shown;
    mr_monitor_unlock(finding->monitor);
    return is_new;
}
