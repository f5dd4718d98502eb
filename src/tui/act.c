/* SPDX-License-Identifier: MIT */
/* What actions do that no pane does, and the way from a key to an action. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/base/str.h>
#include <misread/interp/confusion.h>
#include <misread/term/term.h>

#include "explorer.h"
#include "overlay.h"
#include "pane.h"

/* ---- commands to the run ---- */

static void send_command(struct mr_explorer *explorer, enum mr_command_kind kind, double value,
                         const char *said)
{
    struct mr_error err;

    if (!explorer->facts.has_run || !explorer->facts.is_live) {
        mr_explorer_say(explorer, "no run is training: S starts or resumes one");
        return;
    }
    if (mr_command_send(explorer->store, explorer->facts.run.id, kind, value, &err))
        mr_explorer_complain(explorer, "%s", err.message);
    else
        mr_explorer_say(explorer, "run %d: %s", explorer->facts.run.id, said);
}

static void pause_or_go_on(struct mr_explorer *explorer)
{
    if (explorer->facts.run.state == MR_RUN_PAUSED)
        send_command(explorer, MR_COMMAND_CONTINUE, 0, "goes on");
    else
        send_command(explorer, MR_COMMAND_PAUSE, 0, "asked to pause after this batch");
}

static void stop_after_epoch(struct mr_explorer *explorer)
{
    send_command(explorer, MR_COMMAND_STOP_AFTER_EPOCH, 0, "will stop after this epoch");
}

static void stop_answered(struct mr_explorer *explorer, int index)
{
    if (index == 1)
        send_command(explorer, MR_COMMAND_STOP_NOW, 0, "asked to stop now");
}

static void stop_now(struct mr_explorer *explorer)
{
    static const struct mr_answer answers[] = {{'n', "no, go on"}, {'y', "yes, stop now"}};

    if (!explorer->facts.has_run || !explorer->facts.is_live)
        send_command(explorer, MR_COMMAND_STOP_NOW, 0, "");
    else
        mr_ask_open(explorer, "Stop the run now? It writes a checkpoint first.", answers, 2,
                    stop_answered);
}

static void lower_rate(struct mr_explorer *explorer)
{
    send_command(explorer, MR_COMMAND_RATE, 0.8, "learning rate x 0.8");
}

static void raise_rate(struct mr_explorer *explorer)
{
    send_command(explorer, MR_COMMAND_RATE, 1.25, "learning rate x 1.25");
}

static void checkpoint(struct mr_explorer *explorer)
{
    send_command(explorer, MR_COMMAND_CHECKPOINT, 0, "asked for a checkpoint");
}

/* ---- going ---- */

static void go_train(struct mr_explorer *explorer)
{
    mr_explorer_go(explorer, MR_SCREEN_TRAIN);
}

/* A cell that an epoch has emptied since gives way to the worst pair; but not under one's eyes. */
static void go_matrix(struct mr_explorer *explorer)
{
    const struct mr_confusion *confusion = explorer->reading.confusion;

    if (explorer->screen != MR_SCREEN_MATRIX && confusion &&
        !mr_confusion_at(confusion, explorer->actual, explorer->predicted))
        explorer->has_cell = false;
    mr_explorer_go(explorer, MR_SCREEN_MATRIX);
    mr_explorer_recount(explorer);
}

/* By its tab, screen 3 shows all that is misread; a cell's images are reached through the cell. */
static void go_grid(struct mr_explorer *explorer)
{
    bool is_here = explorer->screen == MR_SCREEN_GRID && !explorer->n_trail;

    if (!is_here && (explorer->gallery.actual >= 0 || explorer->gallery.listed)) {
        mr_gallery_show_cell(&explorer->gallery, MR_SHOW_MISREAD, -1, -1);
        mr_explorer_recount(explorer);
    }
    mr_explorer_go(explorer, MR_SCREEN_GRID);
}

static void go_review(struct mr_explorer *explorer)
{
    mr_explorer_go(explorer, MR_SCREEN_REVIEW);
}

static void go_rate(struct mr_explorer *explorer)
{
    mr_explorer_go(explorer, MR_SCREEN_RATE);
}

/* What was measured before is shown at once. */
static void go_data(struct mr_explorer *explorer)
{
    const struct mr_tui_options *options = explorer->options;
    struct mr_error err;

    mr_explorer_go(explorer, MR_SCREEN_DATA);
    if (explorer->look.state == MR_TUI_LOOK_NONE &&
        options->ops->start_look(options->ops_ctx, false, &err))
        mr_explorer_complain(explorer, "%s", err.message);
}

static void measure(struct mr_explorer *explorer)
{
    const struct mr_tui_options *options = explorer->options;
    struct mr_error err;

    if (options->ops->start_look(options->ops_ctx, true, &err))
        mr_explorer_complain(explorer, "%s", err.message);
}

static void stop_look(struct mr_explorer *explorer)
{
    explorer->options->ops->cancel_look(explorer->options->ops_ctx);
}

static void variants(struct mr_explorer *explorer)
{
    mr_variants_open_class(explorer, -1);
}

static void batch(struct mr_explorer *explorer)
{
    explorer->variants.batch_index = 0;
    mr_explorer_enter(explorer, MR_SCREEN_BATCH);
}

static void go_runs(struct mr_explorer *explorer)
{
    mr_explorer_go(explorer, MR_SCREEN_RUNS);
}

static void move_focus(struct mr_explorer *explorer, int by)
{
    struct mr_view *view = &explorer->views[explorer->screen];

    view->focus = (view->focus + by + view->n) % view->n;
}

static void next_pane(struct mr_explorer *explorer)
{
    move_focus(explorer, 1);
}

static void previous_pane(struct mr_explorer *explorer)
{
    move_focus(explorer, -1);
}

static void zoom(struct mr_explorer *explorer)
{
    struct mr_view *view = &explorer->views[explorer->screen];

    view->is_zoomed = !view->is_zoomed;
}

/* Innermost first: a zoomed pane, then the way back. Never leaves. */
static void back(struct mr_explorer *explorer)
{
    struct mr_view *view = &explorer->views[explorer->screen];

    explorer->message.for_ms = 0;
    if (view->is_zoomed)
        view->is_zoomed = false;
    else
        mr_explorer_back(explorer);
}

static void quit(struct mr_explorer *explorer)
{
    if (!mr_explorer_back(explorer))
        mr_explorer_leave(explorer);
}

/* ---- time travel, labels ---- */

static void travel(struct mr_explorer *explorer, int by)
{
    if (!mr_reading_travel(&explorer->reading, &explorer->facts, by)) {
        mr_explorer_say(explorer, by < 0 ? "this is the first epoch" : "this is the last epoch");
        return;
    }
    mr_explorer_recount(explorer);
    mr_explorer_say(explorer, "epoch %d of %d", explorer->reading.epoch,
                    explorer->facts.run.n_epochs);
}

static void epoch_back(struct mr_explorer *explorer)
{
    travel(explorer, -1);
}

static void epoch_forward(struct mr_explorer *explorer)
{
    travel(explorer, 1);
}

static void epoch_first(struct mr_explorer *explorer)
{
    int i = mr_facts_epoch_index(&explorer->facts, explorer->reading.epoch);

    travel(explorer, i > 0 ? -i : -1);
}

static void epoch_last(struct mr_explorer *explorer)
{
    int i = mr_facts_epoch_index(&explorer->facts, explorer->reading.epoch);
    int by = explorer->facts.n_epochs - 1 - i;

    travel(explorer, by > 0 ? by : 1);
}

static void labels(struct mr_explorer *explorer)
{
    explorer->reading.by_labels_now = !explorer->reading.by_labels_now;
    explorer->reading.is_stale = true;
    mr_explorer_recount(explorer);
    mr_explorer_say(explorer, explorer->reading.by_labels_now
                                  ? "judged by the labels as they are now"
                                  : "judged by the labels of the run");
}

static void percent(struct mr_explorer *explorer)
{
    explorer->percent = (enum mr_percent)((explorer->percent + 1) % 3);
}

static void collapse(struct mr_explorer *explorer)
{
    const struct mr_confusion *confusion = explorer->reading.confusion;

    if (!confusion || confusion->n_classes <= MR_COLLAPSED_CLASSES) {
        mr_explorer_say(explorer, "there is nothing to collapse: up to %d classes are all shown",
                        MR_COLLAPSED_CLASSES);
        return;
    }
    explorer->is_collapsed = !explorer->is_collapsed;
    mr_explorer_say(explorer,
                    explorer->is_collapsed ? "the classes that confuse most" : "all classes");
}

/* With the epoch before; or, as long as one of two runs is shown, no more. */
static void difference(struct mr_explorer *explorer)
{
    struct mr_contrast *contrast = &explorer->reading.contrast;

    contrast->is_on = !contrast->is_on;
    contrast->run_wanted = 0;
    explorer->reading.is_stale = true;
    mr_explorer_recount(explorer);
    if (contrast->is_on && !contrast->shown) {
        contrast->is_on = false;
        mr_explorer_say(explorer, "there is no epoch before this one");
    }
}

/* ---- the rest ---- */

/* In the message line if it fits there, else in a box: a path that is cut is no path. */
static void show_path(struct mr_explorer *explorer)
{
    static const char head[] = "path (not copied): ";
    int64_t image = mr_explorer_chosen(explorer);
    char path[2048], *text;

    if (!image) {
        mr_explorer_say(explorer, "no picture is chosen");
        return;
    }
    mr_facts_path(&explorer->facts, image, 0, path, sizeof path);
    text = mr_xasprintf("%s/%s", explorer->options->data_dir, path);
    if (mr_text_cols(head) + mr_text_cols(text) <= mr_term_size(explorer->term).cols - 2) {
        mr_explorer_say(explorer, "%s%s", head, text);
        explorer->message.for_ms = 60000; /* time to select it by mouse */
    } else {
        mr_show_open(explorer, "path (not copied)", text);
    }
    free(text);
}

static void save_screen(struct mr_explorer *explorer)
{
    struct mr_str text = MR_STR_EMPTY;
    struct mr_file_part part;
    struct mr_error err;
    char name[64];
    char *path;

    mr_frame_draw(explorer); /* keys before this one may not have been drawn yet */
    mr_page_write(&explorer->page, &text);
    snprintf(name, sizeof name, "screen-%lld.txt", (long long)mr_clock_unix());
    path = mr_path_join(explorer->options->project_dir, name);
    part = (struct mr_file_part){.data = text.text, .n = text.n};
    if (mr_file_write(path, 0600, &part, 1, &err))
        mr_explorer_complain(explorer, "%s", err.message);
    else
        mr_explorer_say(explorer, "screen saved as %s", path);
    free(path);
    mr_str_finish(&text);
}

static void graphics(struct mr_explorer *explorer)
{
    mr_term_cycle_graphics(explorer->term);
    mr_explorer_say(explorer, "pictures: %s",
                    mr_graphics_text(mr_term_get_caps(explorer->term)->graphics));
}

static void redraw(struct mr_explorer *explorer)
{
    mr_explorer_retry_pictures(explorer);
    mr_term_redraw(explorer->term);
}

void mr_explorer_suspend(struct mr_explorer *explorer)
{
    const struct mr_tui_options *options = explorer->options;

    if (!options->ops->suspend)
        return;
    mr_term_suspend(explorer->term);
    options->ops->suspend(options->ops_ctx);
    mr_term_resume(explorer->term);
    explorer->is_dirty = true;
}

/* ---- leaving ---- */

static void leave_answered(struct mr_explorer *explorer, int index)
{
    static const enum mr_tui_exit exits[] = {MR_TUI_BACKGROUND, MR_TUI_STOP_AFTER_EPOCH,
                                             MR_TUI_STOP_NOW};

    if (index >= 3)
        return;
    explorer->exit = exits[index];
    explorer->has_left = true;
}

void mr_explorer_leave(struct mr_explorer *explorer)
{
    static const struct mr_answer answers[] = {
        {'b', "keep training in the background"},
        {'e', "stop after this epoch"},
        {'s', "stop now, with a checkpoint"},
        {'c', "cancel: stay here"},
    };

    if (explorer->options->ops->is_training(explorer->options->ops_ctx)) {
        mr_ask_open(explorer, "This process is training.", answers, 4, leave_answered);
        return;
    }
    explorer->exit = MR_TUI_LEAVE;
    explorer->has_left = true;
}

/* ---- from keys to actions ---- */

static const struct {
    enum mr_act act;
    void (*run)(struct mr_explorer *explorer);
} acts[] = {
    {MR_ACT_PAUSE, pause_or_go_on},
    {MR_ACT_STOP_AFTER_EPOCH, stop_after_epoch},
    {MR_ACT_STOP_NOW, stop_now},
    {MR_ACT_SLOWER, lower_rate},
    {MR_ACT_FASTER, raise_rate},
    {MR_ACT_CHECKPOINT, checkpoint},
    {MR_ACT_START, mr_start_sheet_open},
    {MR_ACT_GO_TRAIN, go_train},
    {MR_ACT_GO_MATRIX, go_matrix},
    {MR_ACT_GO_GRID, go_grid},
    {MR_ACT_GO_REVIEW, go_review},
    {MR_ACT_GO_DATA, go_data},
    {MR_ACT_MEASURE, measure},
    {MR_ACT_STOP_LOOK, stop_look},
    {MR_ACT_VARIANTS, variants},
    {MR_ACT_BATCH, batch},
    {MR_ACT_GO_RATE, go_rate},
    {MR_ACT_GO_RUNS, go_runs},
    {MR_ACT_BLIND, mr_blind_open},
    {MR_ACT_PANE_NEXT, next_pane},
    {MR_ACT_PANE_PREVIOUS, previous_pane},
    {MR_ACT_ZOOM, zoom},
    {MR_ACT_BACK, back},
    {MR_ACT_QUIT, quit},
    {MR_ACT_LEAVE, mr_explorer_leave},
    {MR_ACT_EPOCH_BACK, epoch_back},
    {MR_ACT_EPOCH_FORWARD, epoch_forward},
    {MR_ACT_EPOCH_FIRST, epoch_first},
    {MR_ACT_EPOCH_LAST, epoch_last},
    {MR_ACT_LABELS, labels},
    {MR_ACT_PERCENT, percent},
    {MR_ACT_COLLAPSE, collapse},
    {MR_ACT_DIFFERENCE, difference},
    {MR_ACT_PATH, show_path},
    {MR_ACT_SAVE_SCREEN, save_screen},
    {MR_ACT_GRAPHICS, graphics},
    {MR_ACT_REDRAW, redraw},
    {MR_ACT_SUSPEND, mr_explorer_suspend},
    {MR_ACT_HELP, mr_help_open},
    {MR_ACT_PALETTE, mr_palette_open},
};

void mr_explorer_act(struct mr_explorer *explorer, enum mr_act act)
{
    struct mr_pane *pane = mr_explorer_focus(explorer);
    struct mr_view *view = &explorer->views[explorer->screen];

    explorer->is_dirty = true;
    if (pane->ops->act && pane->ops->act(pane, act) == MR_PANE_DONE)
        return;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (acts[i].act == act) {
            acts[i].run(explorer);
            return;
        }
    }
    if (mr_decide_act(explorer, act))
        return;
    /* the first pane of a screen is what it is about: m works from the side panel too */
    if (view->focus && view->panes[0]->ops->act)
        view->panes[0]->ops->act(view->panes[0], act);
}

bool mr_explorer_can(struct mr_explorer *explorer, enum mr_act act)
{
    bool is_live = explorer->facts.has_run && explorer->facts.is_live;

    switch (act) {
    case MR_ACT_PAUSE:
    case MR_ACT_STOP_AFTER_EPOCH:
    case MR_ACT_STOP_NOW:
    case MR_ACT_SLOWER:
    case MR_ACT_FASTER:
    case MR_ACT_CHECKPOINT:
        return is_live;
    case MR_ACT_START:
        return !is_live;
    case MR_ACT_OPEN:
        return explorer->screen == MR_SCREEN_RUNS ? explorer->runs.n > 0
               : explorer->screen == MR_SCREEN_REVIEW
                   ? explorer->desk.n > 0
                   : explorer->reading.epoch > 0 || explorer->screen == MR_SCREEN_DATA ||
                         explorer->screen == MR_SCREEN_BATCH || explorer->gallery.listed;
    case MR_ACT_MEASURE:
        return explorer->look.state != MR_TUI_LOOK_RUNS;
    case MR_ACT_STOP_LOOK:
        return explorer->look.state == MR_TUI_LOOK_RUNS;
    case MR_ACT_MARK:
        return explorer->runs.n > 0;
    case MR_ACT_DIFFERENCE:
        return explorer->screen == MR_SCREEN_RUNS ? mr_runs_n_marked(&explorer->runs) == 2
                                                  : explorer->reading.epoch > 0;
    case MR_ACT_COLLAPSE:
        return explorer->reading.confusion &&
               explorer->reading.confusion->n_classes > MR_COLLAPSED_CLASSES;
    case MR_ACT_TAKE_RATE:
        return explorer->search.n > 0 && explorer->search.state != MR_TUI_SEARCH_RUNS;
    case MR_ACT_SEARCH:
        return explorer->search.state != MR_TUI_SEARCH_RUNS;
    case MR_ACT_STOP_SEARCH:
        return explorer->search.state == MR_TUI_SEARCH_RUNS;
    case MR_ACT_UNDO:
        return explorer->desk.n > 0;
    case MR_ACT_ADJUDICATE:
        return mr_desk_marks(&explorer->desk, mr_explorer_chosen(explorer)).state.is_disputed;
    case MR_ACT_BOX:
    case MR_ACT_RELABEL:
    case MR_ACT_FLAG:
    case MR_ACT_AMBIGUOUS:
    case MR_ACT_EXCLUDE:
    case MR_ACT_NOTE:
    case MR_ACT_LABELLING:
        return mr_explorer_chosen(explorer) != 0;
    default:
        return true;
    }
}

static void click(struct mr_explorer *explorer, const struct mr_key *key)
{
    struct mr_view *view = &explorer->views[explorer->screen];

    if (mr_frame_click(explorer, key->row, key->col))
        return;
    for (int i = 0; i < view->n; i++) {
        struct mr_pane *pane = view->panes[i];
        int row = key->row - pane->rect.row, col = key->col - pane->rect.col;

        if (row < 0 || col < 0 || row >= pane->rect.rows || col >= pane->rect.cols)
            continue;
        view->focus = i;
        if (key->mouse == MR_MOUSE_WHEEL_UP)
            mr_explorer_act(explorer,
                            explorer->screen == MR_SCREEN_IMAGE ? MR_ACT_PREVIOUS : MR_ACT_UP);
        else if (key->mouse == MR_MOUSE_WHEEL_DOWN)
            mr_explorer_act(explorer,
                            explorer->screen == MR_SCREEN_IMAGE ? MR_ACT_NEXT : MR_ACT_DOWN);
        else if (pane->ops->click)
            pane->ops->click(pane, row, col);
        if (key->mouse == MR_MOUSE_DOUBLE)
            mr_explorer_act(explorer, MR_ACT_OPEN);
        return;
    }
}

static void overlay_key(struct mr_explorer *explorer, const struct mr_key *key)
{
    struct mr_overlay *overlay = explorer->overlay;

    if (overlay->ops->key(overlay, key) != MR_OVERLAY_CLOSES)
        return;
    /* what it did may have opened another one in its place */
    if (explorer->overlay == overlay)
        explorer->overlay = NULL;
    mr_overlay_destroy(overlay);
}

/* Shift means something only where a box is drawn. */
static int unshifted(int code)
{
    return code >= MR_KEY_SHIFT_UP && code <= MR_KEY_SHIFT_RIGHT
               ? code - MR_KEY_SHIFT_UP + MR_KEY_UP
               : code;
}

/* Two g are one key; another key after one g stands for itself. */
static int join_g(struct mr_explorer *explorer, int code)
{
    bool had_g = explorer->has_g;

    explorer->has_g = code == 'g' && !had_g;
    return code == 'g' ? (had_g ? MR_KEY_GG : MR_KEY_NONE) : code;
}

void mr_explorer_key(struct mr_explorer *explorer, const struct mr_key *key)
{
    const struct mr_action *command;

    explorer->is_dirty = true;
    if (key->code == MR_KEY_RESIZE || key->code == MR_KEY_NONE)
        return;
    if (explorer->overlay && key->code != MR_CTRL('l')) {
        overlay_key(explorer, key);
        return;
    }
    if (key->code == MR_KEY_MOUSE) {
        click(explorer, key);
        return;
    }
    if (explorer->labelling.is_on && mr_decide_label_key(explorer, key))
        return;
    command = mr_actions_find(explorer->screen, join_g(explorer, unshifted(key->code)));
    if (command)
        mr_explorer_act(explorer, command->act);
}
