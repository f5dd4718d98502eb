/* SPDX-License-Identifier: MIT */
/* The explorer: opened, brought up to date, moved about in. */
#include "explorer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/clock.h>
#include <misread/base/str.h>
#include <misread/store/store.h>

#include "overlay.h"
#include "pane.h"

#define MESSAGE_MS   6000
#define COMPLAINT_MS 15000

enum mr_status mr_explorer_init(struct mr_explorer *explorer, const struct mr_tui_options *options,
                                struct mr_error *err)
{
    enum mr_status st;

    *explorer = (struct mr_explorer){
        .options = options, .term = options->term, .picture_size = 2, .review_kind = -1};
    explorer->now_ms = mr_clock_ms();
    st = mr_store_open(&explorer->store, options->project_dir, MR_STORE_CREATE, err);
    if (st)
        return st;
    st = mr_reviewer_start(&explorer->reviewer, options->project_dir, options->wake, err);
    if (st) {
        mr_store_close(explorer->store);
        return st;
    }
    mr_facts_init(&explorer->facts, explorer->store, options->run);
    mr_desk_init(&explorer->desk, explorer->reviewer, options->reader);
    mr_gallery_init(&explorer->gallery);
    mr_screens_create(explorer);
    explorer->is_dirty = true;
    return MR_OK;
}

void mr_explorer_finish(struct mr_explorer *explorer)
{
    mr_reviewer_stop(explorer->reviewer);
    mr_overlay_destroy(explorer->overlay);
    mr_screens_destroy(explorer);
    mr_gallery_finish(&explorer->gallery);
    mr_variants_finish(&explorer->variants);
    mr_doubts_finish(&explorer->doubts);
    mr_reading_finish(&explorer->reading);
    mr_desk_finish(&explorer->desk);
    mr_facts_finish(&explorer->facts);
    mr_runs_finish(&explorer->runs);
    mr_page_finish(&explorer->page);
    mr_store_close(explorer->store);
}

/* ---- messages ---- */

static void say(struct mr_explorer *explorer, enum mr_style style, int64_t for_ms, const char *fmt,
                va_list ap)
{
    char text[sizeof explorer->message.text];

    vsnprintf(text, sizeof text, fmt, ap);
    mr_safe_text(explorer->message.text, sizeof explorer->message.text, text, 0, MR_ELIDE_END);
    explorer->message.style = style;
    explorer->message.since_ms = explorer->now_ms;
    explorer->message.for_ms = for_ms;
    explorer->message.stays = false;
    explorer->is_dirty = true;
}

void mr_explorer_say(struct mr_explorer *explorer, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(explorer, MR_STYLE_MESSAGE, MESSAGE_MS, fmt, ap);
    va_end(ap);
}

void mr_explorer_complain(struct mr_explorer *explorer, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(explorer, MR_STYLE_ERROR, COMPLAINT_MS, fmt, ap);
    va_end(ap);
}

/* What failed in passing never hides that a decision was not saved. */
static void grumble(struct mr_explorer *explorer, const struct mr_error *err)
{
    if (explorer->message.for_ms && explorer->message.style == MR_STYLE_ERROR)
        return;
    mr_explorer_complain(explorer, "%s", err->message);
}

/* ---- bringing up to date ---- */

static void refresh_view(struct mr_explorer *explorer, enum mr_screen_id screen)
{
    struct mr_view *view = &explorer->views[screen];

    for (int i = 0; i < view->n; i++)
        if (view->panes[i]->ops->refresh)
            view->panes[i]->ops->refresh(view->panes[i]);
    explorer->is_dirty = true;
}

static void refresh_panes(struct mr_explorer *explorer)
{
    for (int i = 0; i < MR_N_SCREENS; i++)
        refresh_view(explorer, (enum mr_screen_id)i);
}

/* A list of many images takes a moment: it is made where it is seen. */
static bool shows_gallery(enum mr_screen_id screen)
{
    return screen == MR_SCREEN_GRID || screen == MR_SCREEN_IMAGE;
}

static void refresh_gallery(struct mr_explorer *explorer)
{
    mr_gallery_refresh(&explorer->gallery, &explorer->reading, &explorer->facts, &explorer->desk,
                       &explorer->doubts);
}

static void recall_doubts(struct mr_explorer *explorer)
{
    struct mr_error err;
    bool is_new = false;

    if (mr_doubts_refresh(&explorer->doubts, explorer->store, &is_new, &err))
        grumble(explorer, &err);
    explorer->gallery.is_stale = explorer->gallery.is_stale || is_new;
}

static void recount(struct mr_explorer *explorer, bool labels_changed)
{
    struct mr_error err;

    explorer->reading.wants_train = explorer->gallery.split != MR_SPLIT_VALID;
    if (mr_reading_refresh(&explorer->reading, &explorer->facts, &explorer->desk, labels_changed,
                           &err))
        grumble(explorer, &err);
    if (mr_gallery_wants_folding(&explorer->gallery))
        recall_doubts(explorer);
    if (labels_changed && explorer->gallery.show != MR_SHOW_ALL &&
        explorer->gallery.show != MR_SHOW_MISREAD)
        explorer->gallery.is_stale = true;
    if (shows_gallery(explorer->screen))
        refresh_gallery(explorer);
    refresh_panes(explorer);
}

void mr_explorer_recount(struct mr_explorer *explorer)
{
    recount(explorer, true);
}

bool mr_explorer_learn(struct mr_explorer *explorer)
{
    struct mr_doubts *doubts = &explorer->doubts;

    if (mr_facts_learn(&explorer->facts) || mr_runs_learn(&explorer->runs, &explorer->facts) ||
        mr_reading_prepare(&explorer->reading, &explorer->facts))
        return true;
    if (!mr_gallery_wants_epochs(&explorer->gallery) || !mr_doubts_learn(doubts, &explorer->facts))
        return false;
    if (doubts->n_epochs == explorer->facts.n_epochs) {
        explorer->gallery.is_stale = true;
        recount(explorer, false);
    }
    return true;
}

void mr_explorer_refresh(struct mr_explorer *explorer)
{
    struct mr_error err;
    unsigned news = 0;
    bool is_first = explorer->facts.version < 0;
    const struct mr_tui_options *options = explorer->options;

    if (options->ops->read_search(options->ops_ctx, &explorer->search))
        refresh_view(explorer, MR_SCREEN_RATE);
    if (options->ops->read_look(options->ops_ctx, &explorer->look))
        refresh_view(explorer, MR_SCREEN_DATA);
    if (mr_facts_refresh(&explorer->facts, explorer->now_ms, &news, &err))
        grumble(explorer, &err);
    if (news & ~MR_NEW_STEPS && mr_runs_refresh(&explorer->runs, &explorer->facts, &err))
        grumble(explorer, &err);
    /* while a run trains there is always something new: others' decisions need not be read ten
     * times a second */
    if (is_first || (news & MR_NEW_OTHER && (!explorer->facts.is_live ||
                                             explorer->now_ms - explorer->decisions_ms >= 1000))) {
        explorer->decisions_ms = explorer->now_ms;
        if (mr_desk_refresh(&explorer->desk, explorer->store, &err))
            grumble(explorer, &err);
        recount(explorer, true);
    } else if (news & (MR_NEW_EPOCHS | MR_NEW_IMAGES)) {
        recount(explorer, (news & MR_NEW_IMAGES) != 0);
    } else if (news) {
        refresh_panes(explorer);
    }
}

void mr_explorer_retry_pictures(struct mr_explorer *explorer)
{
    const struct mr_tui_options *options = explorer->options;

    if (options->ops->retry_pictures)
        options->ops->retry_pictures(options->ops_ctx);
}

/* ---- moving about ---- */

static void show(struct mr_explorer *explorer, enum mr_screen_id screen)
{
    mr_explorer_retry_pictures(explorer);
    if (screen != explorer->screen && explorer->message.style != MR_STYLE_ERROR &&
        !explorer->message.stays)
        explorer->message.for_ms = 0; /* it was about what is gone from sight */
    explorer->screen = screen;
    if (shows_gallery(screen))
        refresh_gallery(explorer);
    else
        explorer->labelling.is_on = false;
    explorer->is_dirty = true;
}

void mr_explorer_go(struct mr_explorer *explorer, enum mr_screen_id screen)
{
    explorer->n_trail = 0;
    show(explorer, screen);
}

void mr_explorer_enter(struct mr_explorer *explorer, enum mr_screen_id screen)
{
    if (explorer->n_trail == MR_MAX_TRAIL) {
        explorer->n_trail--;
        memmove(explorer->trail, explorer->trail + 1,
                (size_t)explorer->n_trail * sizeof *explorer->trail);
    }
    explorer->trail[explorer->n_trail++] = explorer->screen;
    show(explorer, screen);
}

bool mr_explorer_back(struct mr_explorer *explorer)
{
    if (explorer->n_trail) {
        show(explorer, explorer->trail[--explorer->n_trail]);
        return true;
    }
    if (explorer->screen != MR_SCREEN_IMAGE)
        return false;
    show(explorer, MR_SCREEN_GRID);
    return true;
}

void mr_explorer_set_cell(struct mr_explorer *explorer, int actual, int predicted)
{
    explorer->actual = actual;
    explorer->predicted = predicted;
    explorer->has_cell = true;
}

void mr_explorer_open_cell(struct mr_explorer *explorer, enum mr_show show, int actual,
                           int predicted)
{
    mr_explorer_set_cell(explorer, actual, predicted);
    mr_gallery_show_cell(&explorer->gallery, show, actual, predicted);
    recount(explorer, false);
    mr_explorer_enter(explorer, MR_SCREEN_GRID);
}

void mr_explorer_open_images(struct mr_explorer *explorer, const int64_t *images, int n,
                             const char *what)
{
    mr_gallery_show_images(&explorer->gallery, images, n, what);
    recount(explorer, false);
    mr_explorer_enter(explorer, MR_SCREEN_GRID);
}

void mr_explorer_show_run(struct mr_explorer *explorer, int run, int before)
{
    struct mr_contrast *contrast = &explorer->reading.contrast;

    contrast->is_on = before != 0;
    contrast->run_wanted = before;
    explorer->reading.epoch_wanted = 0;
    explorer->reading.is_stale = true;
    explorer->facts.run_wanted = run;
    explorer->facts.version = -1; /* read anew */
    mr_explorer_refresh(explorer);
}

void mr_explorer_open_image(struct mr_explorer *explorer, int actual, int predicted, int64_t image)
{
    struct mr_gallery *gallery = &explorer->gallery;

    mr_gallery_show_cell(gallery,
                         actual < 0                         ? MR_SHOW_MISREAD
                         : explorer->reading.contrast.shown ? MR_SHOW_CHANGED
                                                            : MR_SHOW_ALL,
                         actual, predicted);
    recount(explorer, false);
    refresh_gallery(explorer);
    for (int i = 0; i < gallery->n; i++)
        if (gallery->items[i].ranked.image == image)
            gallery->chosen = i;
    mr_explorer_enter(explorer, MR_SCREEN_IMAGE);
}

struct mr_pane *mr_explorer_focus(struct mr_explorer *explorer)
{
    struct mr_view *view = &explorer->views[explorer->screen];

    return view->panes[view->focus];
}

int64_t mr_explorer_chosen(struct mr_explorer *explorer)
{
    const struct mr_pane *pane = mr_explorer_focus(explorer);

    return pane->ops->chosen ? pane->ops->chosen(pane) : 0;
}
