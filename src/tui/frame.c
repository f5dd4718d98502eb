/* SPDX-License-Identifier: MIT */
/* Everything around the panes: where one is, tabs, messages, keys, what lies over it all. */
#include <stdio.h>
#include <string.h>

#include <misread/base/str.h>
#include <misread/interp/confusion.h>

#include "explorer.h"
#include "format.h"
#include "overlay.h"
#include "pane.h"

#define LEAST_COLS 60
#define LEAST_ROWS 16

static const struct {
    enum mr_screen_id screen;
    enum mr_act act; /* what its key does */
    const char *text;
} tabs[] = {
    {MR_SCREEN_TRAIN, MR_ACT_GO_TRAIN, " 1 Train "},
    {MR_SCREEN_MATRIX, MR_ACT_GO_MATRIX, " 2 Confusion "},
    {MR_SCREEN_GRID, MR_ACT_GO_GRID, " 3 Images "},
    {MR_SCREEN_REVIEW, MR_ACT_GO_REVIEW, " 4 Review "},
    {MR_SCREEN_DATA, MR_ACT_GO_DATA, " 5 Data "},
    {MR_SCREEN_RATE, MR_ACT_GO_RATE, " 6 LR "},
    {MR_SCREEN_RUNS, MR_ACT_GO_RUNS, " 7 Runs "},
};
#define N_TABS ((int)(sizeof tabs / sizeof *tabs))

/* ---- line 1 ---- */

/* A piece of line 1. What is least important goes first where the line is too short. */
struct piece {
    char text[160];
    enum mr_style style;
    int importance;
};

struct line {
    struct piece pieces[12];
    int n;
};

static struct piece *add_piece(struct line *line, int importance, enum mr_style style)
{
    struct piece *piece = &line->pieces[line->n++];

    *piece = (struct piece){.style = style, .importance = importance};
    return piece;
}

static enum mr_style state_style(enum mr_run_state state)
{
    static const enum mr_style styles[] = {
        [MR_RUN_STARTING] = MR_STYLE_BOLD,       [MR_RUN_TRAINING] = MR_STYLE_BOLD,
        [MR_RUN_PAUSED] = MR_STYLE_WARNING,      [MR_RUN_STOPPED] = MR_STYLE_WARNING,
        [MR_RUN_DONE] = MR_STYLE_BOLD,           [MR_RUN_FAILED] = MR_STYLE_ERROR,
        [MR_RUN_INTERRUPTED] = MR_STYLE_WARNING,
    };

    return styles[state];
}

static void describe_project(const struct mr_explorer *explorer, struct line *line)
{
    const struct mr_facts *facts = &explorer->facts;
    struct piece *piece = add_piece(line, 9, MR_STYLE_BOLD);
    int n_train = facts->has_run ? facts->run.n_train : 0;
    int n_valid = facts->has_run ? facts->run.n_valid : 0;

    mr_safe_text(piece->text, sizeof piece->text, explorer->options->project_name, 24,
                 MR_ELIDE_MIDDLE);
    piece = add_piece(line, 3, MR_STYLE_DIM);
    if (!n_train && !n_valid) {
        n_train = mr_facts_n_side(facts, MR_SIDE_TRAIN);
        n_valid = mr_facts_n_side(facts, MR_SIDE_VALID);
    }
    if (n_train || n_valid)
        snprintf(piece->text, sizeof piece->text, "%s + %s", mr_format_count(n_train).text,
                 mr_format_count(n_valid).text);
    else if (facts->images)
        snprintf(piece->text, sizeof piece->text, "%s images",
                 mr_format_count(facts->images->n).text);
    else
        line->n--;
}

static void describe_run(const struct mr_explorer *explorer, struct line *line)
{
    const struct mr_facts *facts = &explorer->facts;
    struct piece *piece = add_piece(line, 7, MR_STYLE_NORMAL);
    char arch[32];

    if (!facts->has_run) {
        snprintf(piece->text, sizeof piece->text, "no run yet");
        return;
    }
    snprintf(piece->text, sizeof piece->text, "run %d", facts->run.id);
    mr_safe_text(arch, sizeof arch, facts->run.arch, 16, MR_ELIDE_END);
    piece = add_piece(line, 5, MR_STYLE_NORMAL);
    snprintf(piece->text, sizeof piece->text, "%s %dpx", arch, facts->run.size_px);
    piece = add_piece(line, 8, state_style(facts->run.state));
    snprintf(piece->text, sizeof piece->text, "%s", mr_run_state_text(facts->run.state));
}

static double progress_of(const struct mr_run *run)
{
    return run->n_total > 0 ? (double)run->n_done / (double)run->n_total : 0;
}

/* At the right while the run lives: what it does, how far it is, how long it will take. A bar of
 * BAR_COLS goes between before and behind. */
static void describe_progress(const struct mr_explorer *explorer, char before[128],
                              char behind[128])
{
    const size_t cap = 128;
    const struct mr_run *run = &explorer->facts.run;
    char phase[64], left[64] = "", epoch[32] = "";
    bool is_epoch = !strcmp(run->phase, "train") || !strcmp(run->phase, "valid");

    *before = *behind = '\0';
    if (!explorer->facts.has_run || !explorer->facts.is_live)
        return;
    mr_safe_text(phase, sizeof phase, run->phase, 12, MR_ELIDE_END);
    if (is_epoch || !strcmp(run->phase, "checkpoint"))
        snprintf(epoch, sizeof epoch, "epoch %d/%d ", run->epoch, run->n_epochs);
    if (run->eta_ms >= 0)
        snprintf(left, sizeof left, "  %s left",
                 mr_format_duration((double)run->eta_ms / 1000).text);
    snprintf(before, cap, "%s%s ", epoch, phase);
    if (run->n_total > 0)
        snprintf(behind, cap, " %.0f%%%s", 100 * progress_of(run), left);
    else
        snprintf(behind, cap, "%s%s", run->n_done ? mr_format_count(run->n_done).text : "", left);
}

/* Returns the columns used at the right end of line 1. */
static int draw_progress(const struct mr_explorer *explorer, const struct mr_ink *ink)
{
    int cols = mr_ink_cols(ink), bar_cols, used, col;
    char before[128], behind[128];
    struct mr_format bar;

    describe_progress(explorer, before, behind);
    if (!*before)
        return 0;
    bar_cols = explorer->facts.run.n_total <= 0 ? 0 : cols >= 110 ? 15 : 8;
    bar = mr_format_bar(progress_of(&explorer->facts.run), bar_cols);
    used = mr_text_cols(before) + mr_text_cols(behind) + (bar_cols ? bar_cols + 2 : 0);
    col = cols - 1 - used;
    col += mr_ink_text(ink, 0, col, MR_STYLE_NORMAL, before);
    if (bar_cols) {
        mr_ink_text(ink, 0, col, MR_STYLE_BORDER, "▕");
        mr_ink_text(ink, 0, col + 1, MR_STYLE_SERIES_1, bar.text);
        mr_ink_text(ink, 0, col + 1 + bar_cols, MR_STYLE_BORDER, "▏");
    }
    mr_ink_right(ink, 0, cols - 1, MR_STYLE_NORMAL, behind);
    return used + 2;
}

static int line_cols(const struct line *line)
{
    int cols = 0;

    for (int i = 0; i < line->n; i++)
        cols += mr_text_cols(line->pieces[i].text) + 3;
    return cols;
}

static void drop_least(struct line *line)
{
    int least = 0;

    for (int i = 1; i < line->n; i++)
        if (line->pieces[i].importance < line->pieces[least].importance)
            least = i;
    line->n--;
    memmove(&line->pieces[least], &line->pieces[least + 1],
            (size_t)(line->n - least) * sizeof line->pieces[0]);
}

static void draw_place(const struct mr_explorer *explorer, const struct mr_ink *ink)
{
    struct line line = {.n = 0};
    struct piece *reader;
    int col = 1, room = mr_ink_cols(ink) - 10 - draw_progress(explorer, ink);
    describe_project(explorer, &line);
    describe_run(explorer, &line);
    reader = add_piece(&line, 4, MR_STYLE_DIM);
    mr_safe_text(reader->text, sizeof reader->text, explorer->options->reader, 20, MR_ELIDE_END);
    while (line.n > 1 && line_cols(&line) > room)
        drop_least(&line);
    col += mr_ink_text(ink, 0, col, MR_STYLE_TITLE, "misread");
    for (int i = 0; i < line.n; i++) {
        col += mr_ink_text(ink, 0, col, MR_STYLE_DIM, i ? " · " : "  ");
        col += mr_ink_text(ink, 0, col, line.pieces[i].style, line.pieces[i].text);
    }
}

/* ---- tabs ---- */

static enum mr_screen_id tab_of(enum mr_screen_id screen)
{
    if (screen == MR_SCREEN_VARIANTS || screen == MR_SCREEN_BATCH)
        return MR_SCREEN_DATA;
    return screen == MR_SCREEN_IMAGE ? MR_SCREEN_GRID : screen;
}

static bool has_message(const struct mr_explorer *explorer)
{
    const struct mr_message *message = &explorer->message;

    return message->for_ms && explorer->now_ms - message->since_ms < message->for_ms;
}

/* That the last epoch is not the one shown, behind the tabs, wherever an epoch is looked at. */
static void draw_travel(const struct mr_explorer *explorer, const struct mr_ink *ink, int col)
{
    char text[48];

    if (!explorer->reading.epoch_wanted || !(MR_ON_CGI & 1U << explorer->screen))
        return;
    snprintf(text, sizeof text, " epoch %d/%d ", explorer->reading.epoch,
             explorer->facts.run.n_epochs);
    if (col + mr_text_cols(text) < mr_ink_cols(ink))
        mr_ink_right(ink, 1, mr_ink_cols(ink) - 1, MR_STYLE_MODE, text);
}

/* Columns that a travelled epoch wants behind the tabs. */
#define TRAVEL_COLS 14

struct placed_tab {
    int col, cols; /* cols 3: its digit alone */
};

/* Where the tabs lie: apart where the line is long, else close, else all but the current one as a
 * digit. Returns the column behind them. */
static int place_tabs(const struct mr_explorer *explorer, int cols, struct placed_tab *placed)
{
    int all = 1, col = 1, gap;
    bool are_short;

    for (int i = 0; i < N_TABS; i++)
        all += mr_text_cols(tabs[i].text);
    gap = all + N_TABS + TRAVEL_COLS <= cols;
    are_short = all + TRAVEL_COLS > cols;
    for (int i = 0; i < N_TABS; i++) {
        bool is_here = tabs[i].screen == tab_of(explorer->screen);

        placed[i].col = col;
        placed[i].cols = are_short && !is_here ? 3 : mr_text_cols(tabs[i].text);
        col += placed[i].cols + gap;
    }
    return col;
}

static void draw_tabs(const struct mr_explorer *explorer, const struct mr_ink *ink)
{
    struct placed_tab placed[N_TABS];
    int col = place_tabs(explorer, mr_ink_cols(ink), placed);

    for (int i = 0; i < N_TABS; i++) {
        bool is_here = tabs[i].screen == tab_of(explorer->screen);

        mr_ink_textf(ink, 1, placed[i].col, is_here ? MR_STYLE_TAB_HERE : MR_STYLE_TAB, "%.*s",
                     placed[i].cols, tabs[i].text);
    }
    draw_travel(explorer, ink, col);
    /* a mode takes the line of messages: they move up here */
    if (explorer->labelling.is_on && has_message(explorer))
        mr_ink_short(ink, 1, col + 2, mr_ink_cols(ink) - col - 3, explorer->message.style,
                     explorer->message.text);
}

bool mr_frame_click(struct mr_explorer *explorer, int row, int col)
{
    struct placed_tab placed[N_TABS];

    if (row != 1)
        return false;
    place_tabs(explorer, mr_term_size(explorer->term).cols, placed);
    for (int i = 0; i < N_TABS; i++)
        if (col >= placed[i].col && col < placed[i].col + placed[i].cols) {
            mr_explorer_act(explorer, tabs[i].act);
            return true;
        }
    return false;
}

/* ---- the line above the footer ---- */

static void draw_labelling(const struct mr_explorer *explorer, const struct mr_ink *ink, int row)
{
    const struct mr_names *names = &explorer->facts.names;
    int cols = mr_ink_cols(ink), n = names->n < 9 ? names->n : 9, col = 1;
    int each = n ? (cols - 24) / n - 3 : 0;

    mr_ink_fill(ink, (struct mr_rect_cells){row, 0, 1, cols}, MR_STYLE_MODE);
    col += mr_ink_text(ink, row, col, MR_STYLE_MODE, "LABELLING ");
    if (names->n > 9) {
        char typed[128];

        mr_safe_text(typed, sizeof typed, explorer->labelling.typed, 30, MR_ELIDE_END);
        mr_ink_textf(ink, row, col, MR_STYLE_MODE, "type a class, Enter: %s_   Esc ends it", typed);
        return;
    }
    for (int i = 0; i < n; i++) {
        char name[160];

        mr_names_short(names, i, each > 4 ? each : 4, name, sizeof name);
        col += mr_ink_textf(ink, row, col, MR_STYLE_MODE, " %d %s", i + 1, name);
    }
    mr_ink_right(ink, row, cols - 1, MR_STYLE_MODE, " Esc ends it");
}

/* The numbers of the last step, or why nothing moves. */
static void draw_run_status(const struct mr_explorer *explorer, const struct mr_ink *ink, int row)
{
    const struct mr_facts *facts = &explorer->facts;
    const struct mr_run *run = &facts->run;
    struct mr_str text = MR_STR_EMPTY;
    char message[400];

    mr_safe_text(message, sizeof message, run->message ? run->message : "", mr_ink_cols(ink) - 12,
                 MR_ELIDE_END);
    if (facts->n_steps) {
        const struct mr_step *step = &facts->steps[facts->n_steps - 1];

        mr_str_addf(&text, "lr %s  mom %s  %.0f img/s  loss %s", mr_format_rate(step->lr).text,
                    mr_format_share(step->momentum, 2).text, step->images_per_s,
                    mr_format_loss(step->loss).text);
    }
    if (run->checkpoint_at)
        mr_str_addf(&text, "%scheckpoint %s", text.n ? "  " : "",
                    mr_format_clock(run->checkpoint_at).text);
    if (mr_facts_n_skipped(facts))
        mr_str_addf(&text, "%s%s skipped", text.n ? "  " : "",
                    mr_format_count(mr_facts_n_skipped(facts)).text);
    if (run->state == MR_RUN_FAILED)
        mr_ink_textf(ink, row, 1, MR_STYLE_ERROR, "failed: %s", message);
    else if (run->state == MR_RUN_INTERRUPTED || run->state == MR_RUN_STOPPED)
        mr_ink_textf(ink, row, 1, MR_STYLE_WARNING, "%s: S resumes it   %s",
                     mr_run_state_text(run->state), text.text ? text.text : "");
    else if (run->state == MR_RUN_PAUSED)
        mr_ink_textf(ink, row, 1, MR_STYLE_WARNING, "paused: p goes on   %s",
                     text.text ? text.text : "");
    else if (text.n)
        mr_ink_text(ink, row, 1, MR_STYLE_NORMAL, text.text);
    mr_str_finish(&text);
}

/* How the cell under the cursor ranks; counted here, so that it cannot be of another cell or
 * epoch. */
static void draw_pair_status(const struct mr_explorer *explorer, const struct mr_ink *ink, int row)
{
    const struct mr_reading *reading = &explorer->reading;
    int at = mr_pairs_find(reading->pairs, reading->n_pairs, explorer->actual, explorer->predicted);

    if (at >= 0 && !reading->contrast.shown)
        mr_ink_textf(ink, row, 1, MR_STYLE_NORMAL, "pair %d of %d%s", at + 1, reading->n_pairs,
                     at ? "" : ", the most confused one");
}

static void draw_status(const struct mr_explorer *explorer, const struct mr_ink *ink, int row)
{
    if (explorer->screen == MR_SCREEN_TRAIN && explorer->facts.has_run)
        draw_run_status(explorer, ink, row);
    else if (explorer->screen == MR_SCREEN_MATRIX)
        draw_pair_status(explorer, ink, row);
}

static void draw_message(const struct mr_explorer *explorer, const struct mr_ink *ink, int row)
{
    const struct mr_message *message = &explorer->message;
    int64_t age = explorer->now_ms - message->since_ms;

    if (explorer->labelling.is_on) {
        draw_labelling(explorer, ink, row);
        return;
    }
    if (has_message(explorer)) {
        bool fades = message->style == MR_STYLE_MESSAGE && age > message->for_ms * 2 / 3;

        mr_ink_short(ink, row, 1, mr_ink_cols(ink) - 2, fades ? MR_STYLE_DIM : message->style,
                     message->text);
        return;
    }
    draw_status(explorer, ink, row);
}

/* ---- footer ---- */

static bool is_top(const struct mr_explorer *explorer)
{
    return !explorer->n_trail && explorer->screen != MR_SCREEN_IMAGE;
}

struct hint {
    char keys[64];
    const char *word;
    bool is_kept; /* whatever else is dropped */
};

/* A panel that says its keys itself still hides those of the screen below. */
static bool next_of_overlay(const struct mr_overlay *overlay, int *i, struct hint *hint)
{
    static const struct mr_overlay_hint usual[] = {{"Esc", "close"}, {NULL, NULL}};
    const struct mr_overlay_hint *rows = overlay->ops->hints ? overlay->ops->hints(overlay) : usual;
    const struct mr_overlay_hint *row = &rows[*i];

    if (!row->keys)
        return false;
    mr_str_copy(hint->keys, sizeof hint->keys, row->keys);
    hint->word = row->word;
    hint->is_kept = !row[1].keys;
    ++*i;
    return true;
}

/* Keys and word of the row at *i and those joined to it; *i moves on. */
static bool next_of_screen(struct mr_explorer *explorer, int *i, struct hint *hint)
{
    const size_t cap = sizeof hint->keys;
    int n;
    const struct mr_action *rows = mr_actions_all(&n);

    *hint->keys = '\0';
    for (; *i < n; ++*i) {
        const struct mr_action *row = &rows[*i];
        size_t used = strlen(hint->keys);
        char key[16];

        if (!(row->screens & (1U << explorer->screen)) || !row->footer ||
            !mr_explorer_can(explorer, row->act))
            continue;
        mr_actions_key_text(row->keys[0], key, sizeof key);
        snprintf(hint->keys + used, cap - used, "%s%s", used ? " " : "", key);
        if (!strcmp(row->footer, MR_WITH_NEXT))
            continue;
        hint->word = row->act == MR_ACT_QUIT && is_top(explorer) ? "leave" : row->footer;
        hint->is_kept = row->act == MR_ACT_HELP || row->act == MR_ACT_QUIT;
        ++*i;
        return true;
    }
    return false;
}

static bool next_hint(struct mr_explorer *explorer, int *i, struct hint *hint)
{
    const struct mr_overlay *overlay = explorer->overlay;

    return overlay ? next_of_overlay(overlay, i, hint) : next_of_screen(explorer, i, hint);
}

/* With the blanks behind it. */
static int hint_cols(const struct hint *hint)
{
    return mr_text_cols(hint->keys) + 1 + mr_text_cols(hint->word) + 2;
}

static void draw_footer(struct mr_explorer *explorer, const struct mr_ink *ink)
{
    /* a blank at each side; the two behind the last hint may be cut */
    int row = mr_ink_rows(ink) - 1, col = 1, room = mr_ink_cols(ink);
    struct hint hint;

    for (int i = 0; next_hint(explorer, &i, &hint);)
        room -= hint.is_kept ? hint_cols(&hint) : 0;
    for (int i = 0; next_hint(explorer, &i, &hint);) {
        int cols = hint_cols(&hint);

        if (!hint.is_kept && cols > room)
            continue;
        room -= hint.is_kept ? 0 : cols;
        mr_ink_text(ink, row, col, MR_STYLE_KEY, hint.keys);
        mr_ink_text(ink, row, col + mr_text_cols(hint.keys) + 1, MR_STYLE_DIM, hint.word);
        col += cols;
    }
}

/* ---- panes and what lies over them ---- */

static void draw_pane(struct mr_pane *pane, const struct mr_ink *content, struct mr_rect_cells rect,
                      bool is_compact)
{
    struct mr_ink ink = mr_ink_sub(content, rect);

    if (!pane->ops->is_plain)
        ink = mr_ink_frame(&ink, pane->ops->title, pane->has_focus, is_compact);
    pane->rect = ink.canvas.rect;
    if (ink.canvas.rect.rows > 0 && ink.canvas.rect.cols > 0)
        pane->ops->draw(pane, &ink);
}

static void draw_panes(struct mr_explorer *explorer, const struct mr_ink *content)
{
    struct mr_view *view = &explorer->views[explorer->screen];
    struct mr_size_cells size = {.cols = mr_ink_cols(content), .rows = mr_ink_rows(content)};
    struct mr_rect_cells rects[MR_MAX_PANES] = {{0}};

    explorer->chosen_rect = (struct mr_rect_cells){0};
    mr_screens_layout(explorer->screen, explorer, size, rects);
    for (int i = 0; i < view->n; i++) {
        struct mr_pane *pane = view->panes[i];

        pane->has_focus = i == view->focus;
        pane->rect.rows = 0;
        /* a pane that is folded away shows while it has the focus, in place of all */
        if (view->is_zoomed || rects[view->focus].rows <= 0)
            rects[i] = i == view->focus ? (struct mr_rect_cells){0, 0, size.rows, size.cols}
                                        : (struct mr_rect_cells){0};
    }
    for (int i = 0; i < view->n; i++)
        if (rects[i].rows > 0 && rects[i].cols > 0)
            draw_pane(view->panes[i], content, rects[i], size.rows < 28);
}

static struct mr_rect_cells overlay_rect(struct mr_explorer *explorer, struct mr_size_cells screen)
{
    struct mr_overlay *overlay = explorer->overlay;

    if (!overlay)
        return (struct mr_rect_cells){0};
    if (overlay->ops->is_line)
        return (struct mr_rect_cells){screen.rows - 2, 0, 1, screen.cols};
    return overlay->ops->place(overlay, screen);
}

static void draw_overlay(struct mr_explorer *explorer, const struct mr_ink *ink)
{
    struct mr_overlay *overlay = explorer->overlay;
    struct mr_ink box = mr_ink_sub(ink, explorer->covered);

    mr_ink_fill(&box, (struct mr_rect_cells){0, 0, mr_ink_rows(&box), mr_ink_cols(&box)},
                MR_STYLE_NORMAL);
    if (!overlay->ops->is_line)
        box = mr_ink_frame(&box, overlay->title, true, false);
    overlay->ops->draw(overlay, &box);
}

static void draw_too_small(const struct mr_ink *ink)
{
    char text[160];
    int rows = mr_ink_rows(ink), cols = mr_ink_cols(ink), n;

    n = snprintf(text, sizeof text, "misread needs %d x %d cells; this terminal has %d x %d.",
                 LEAST_COLS, LEAST_ROWS, cols, rows);
    if (n > cols)
        n = snprintf(text, sizeof text, "need %dx%d, have %dx%d", LEAST_COLS, LEAST_ROWS, cols,
                     rows);
    mr_ink_text(ink, rows / 2, n < cols ? (cols - n) / 2 : 0, MR_STYLE_NORMAL, text);
}

void mr_frame_draw(struct mr_explorer *explorer)
{
    struct mr_ink ink = mr_ink_begin(explorer->term, &explorer->page);
    int rows = mr_ink_rows(&ink), cols = mr_ink_cols(&ink);
    struct mr_size_cells screen = {.rows = rows, .cols = cols};
    struct mr_ink content = mr_ink_sub(&ink, (struct mr_rect_cells){2, 0, rows - 4, cols});

    explorer->is_dirty = false;
    if (cols < LEAST_COLS || rows < LEAST_ROWS) {
        draw_too_small(&ink);
        mr_term_end(explorer->term);
        return;
    }
    /* where the chosen picture is decides where a picker goes: it was drawn there last time */
    explorer->covered = overlay_rect(explorer, screen);
    draw_place(explorer, &ink);
    draw_tabs(explorer, &ink);
    draw_panes(explorer, &content);
    draw_message(explorer, &ink, rows - 2);
    draw_footer(explorer, &ink);
    if (explorer->overlay)
        draw_overlay(explorer, &ink);
    mr_term_end(explorer->term);
}
