/* SPDX-License-Identifier: MIT */
/*
 * All runs: what each was trained with, and how well it reads the validation images by the labels
 * of the folders and by those of the readers. Two marked ones are compared on screen 2. Below the
 * table is the learning curve of the one under the cursor.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/interp/confusion.h>

#include "explorer.h"
#include "format.h"
#include "learned.h"
#include "pane.h"

struct runs_pane {
    struct mr_pane pane;
    int cursor, top;
    bool has_moved;                     /* else the last run is followed */
    struct mr_score_of_run (*score)[2]; /* owned: of each run, by either labels */
    int n;
    unsigned runs_serial, desk_serial; /* what the scores were worked out from */
    struct mr_learned learned;         /* owned; of the run under the cursor */
    unsigned learned_serial;           /* of the runs when that was looked for */
};

#define DETAIL_ROWS 3  /* of the run under the cursor, below the table */
#define TABLE_ROWS  4  /* are left to the runs, if there are so many, before a chart is drawn */
#define CHART_ROWS  14 /* at most, with the line above it */
#define CHART_LEAST 6

/* Every image of every run is judged: only when somebody looks, and something has changed. */
static void follow(struct runs_pane *self)
{
    const struct mr_explorer *explorer = self->pane.explorer;
    const struct mr_runs *runs = &explorer->runs;

    if (self->runs_serial == runs->serial && self->desk_serial == explorer->desk.serial)
        return;
    self->runs_serial = runs->serial;
    self->desk_serial = explorer->desk.serial;
    self->n = runs->n;
    self->score = mr_xrealloc(self->score, (size_t)self->n + 1, sizeof *self->score);
    for (int i = 0; i < self->n; i++)
        for (int by = 0; by < 2; by++)
            self->score[i][by] =
                mr_runs_score(&runs->all[i], &explorer->facts, &explorer->desk, by == 1);
    if (!self->has_moved || self->cursor >= self->n)
        self->cursor = self->n > 0 ? self->n - 1 : 0;
}

/* The learning curve of the run under the cursor. */
static void follow_curve(struct runs_pane *self)
{
    const struct mr_explorer *explorer = self->pane.explorer;
    int run = explorer->runs.all[self->cursor].run.id;

    if (self->learned.run == run && self->learned_serial == explorer->runs.serial)
        return;
    self->learned_serial = explorer->runs.serial;
    mr_learned_refresh(&self->learned, explorer->store, run);
}

/* What the learning curve gets of the rows below the table: its chart, and its sentence. */
struct room {
    int chart, words;
};

/* What there is to say of the curve, or of how one is made. */
static void curve_text(const struct runs_pane *self, char *out, size_t cap)
{
    const struct mr_run_entry *entry = &self->pane.explorer->runs.all[self->cursor];

    if (self->learned.sentence[0])
        snprintf(out, cap, "%s", self->learned.sentence);
    else if (entry->has_epoch)
        snprintf(out, cap, "Would more images help? misread curve DATA --run %d", entry->run.id);
    else
        *out = '\0';
}

static struct room room_of(const struct runs_pane *self, int rows, int cols)
{
    int n_table = self->n < TABLE_ROWS ? self->n : TABLE_ROWS, spare;
    struct room room = {0};
    char text[500];

    curve_text(self, text, sizeof text);
    room.words = *text ? mr_ink_n_lines(text, cols - 2) : 0;
    spare = rows - 1 - DETAIL_ROWS - n_table - room.words;
    if (spare < 0)
        return (struct room){0};
    if (self->learned.n && spare >= CHART_LEAST)
        room.chart = spare < CHART_ROWS ? spare : CHART_ROWS;
    return room;
}

/* Rows of the table of runs. */
static int table_rows(const struct runs_pane *self, int rows, int cols)
{
    struct room room = room_of(self, rows, cols);

    return rows - 1 - DETAIL_ROWS - room.chart - room.words;
}

/* ---- keys ---- */

static void open_run(struct mr_explorer *explorer, int run)
{
    mr_explorer_show_run(explorer, run, 0); /* reads all runs anew */
    mr_explorer_enter(explorer, MR_SCREEN_TRAIN);
    mr_explorer_say(explorer, "run %d; new ones are not followed until S starts one", run);
}

static void mark(struct mr_explorer *explorer, struct mr_run_entry *entry)
{
    if (!entry->is_marked && mr_runs_n_marked(&explorer->runs) == 2)
        mr_explorer_say(explorer, "two runs are marked already: Space unmarks one");
    else if (!entry->is_marked && !entry->has_epoch)
        mr_explorer_say(explorer, "run %d has no finished epoch to compare", entry->run.id);
    else
        entry->is_marked = !entry->is_marked;
}

/* The older one is what the newer one is compared with. */
static void compare(struct mr_explorer *explorer)
{
    const struct mr_runs *runs = &explorer->runs;
    int before = 0, after = 0;

    if (mr_runs_n_marked(runs) != 2) {
        mr_explorer_say(explorer, "Space marks the two runs to compare");
        return;
    }
    for (int i = 0; i < runs->n; i++) {
        if (!runs->all[i].is_marked)
            continue;
        before = before ? before : runs->all[i].run.id;
        after = runs->all[i].run.id;
    }
    mr_explorer_show_run(explorer, after, before);
    mr_explorer_enter(explorer, MR_SCREEN_MATRIX);
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct runs_pane *self = (struct runs_pane *)pane;
    struct mr_explorer *explorer = pane->explorer;

    follow(self);
    if (!self->n)
        return MR_PANE_IGNORED;
    if (mr_pane_move(&self->cursor, self->n, table_rows(self, pane->rect.rows, pane->rect.cols),
                     what)) {
        self->has_moved = self->cursor != self->n - 1;
        return MR_PANE_DONE;
    }
    switch (what) {
    case MR_ACT_OPEN:
        open_run(explorer, explorer->runs.all[self->cursor].run.id);
        return MR_PANE_DONE;
    case MR_ACT_MARK:
        mark(explorer, &explorer->runs.all[self->cursor]);
        return MR_PANE_DONE;
    case MR_ACT_DIFFERENCE:
        compare(explorer);
        return MR_PANE_DONE;
    default:
        return MR_PANE_IGNORED;
    }
}

/* ---- drawing ---- */

/* The table in three widths; the narrower ones say only how many labels readers had changed. */
static const struct {
    int cols; /* needed */
    bool has_interval, has_words;
    const char *heading, *format;
} widths[] = {
    {104, true, true,
     "    run  state        network      px  epochs    loss  by the folders    by the readers   "
     "   time  labels",
     "  %c %3d  %-11s  %-9s %5d  %6s  %6s  %-16s  %-16s %7s  %s"},
    {78, true, false,
     "  run network     px   ep   loss by the folders   by the readers      time  labs",
     "%c %3d%.0s %-9s %4d %4s %6s %-16s %-16s %7s %5s"},
    {0, false, false, "  run network     px   ep   loss folders readers  time labs",
     "%c %3d%.0s %-9s %4d %4s %6s %7s %7s %5s %4s"},
};

static struct mr_format score_text(struct mr_score_of_run score, bool has_interval)
{
    struct mr_format text = {"-"};
    double lo, hi;

    if (!score.n)
        return text;
    mr_wilson(score.n_right, score.n, &lo, &hi);
    text = mr_format_share((double)score.n_right / score.n, 3);
    if (has_interval) {
        struct mr_format both;

        snprintf(both.text, sizeof both.text, "%.8s %.24s", text.text,
                 mr_format_interval(lo, hi, 3).text);
        return both;
    }
    return text;
}

/* What readers had changed of what the run was given. */
static void labels_text(const struct mr_run *run, bool has_words, char *out, size_t cap)
{
    int n = run->n_relabelled + run->n_excluded;

    snprintf(out, cap, !n ? (has_words ? "original" : "-") : has_words ? "reviewed, %d" : "%d", n);
}

static void draw_row(const struct runs_pane *self, const struct mr_ink *ink, int row, int i,
                     int width)
{
    const struct mr_explorer *explorer = self->pane.explorer;
    const struct mr_run_entry *entry = &explorer->runs.all[i];
    const struct mr_run *run = &entry->run;
    bool is_chosen = self->pane.has_focus && i == self->cursor;
    char arch[32], epochs[32], labels[48], text[256];
    enum mr_style style = is_chosen                           ? MR_STYLE_SELECTED
                          : run->state == MR_RUN_FAILED       ? MR_STYLE_WARNING
                          : run->id == explorer->facts.run.id ? MR_STYLE_BOLD
                                                              : MR_STYLE_NORMAL;

    mr_safe_text(arch, sizeof arch, run->arch, 9, MR_ELIDE_END);
    snprintf(epochs, sizeof epochs, "%d/%d", entry->has_epoch ? entry->last.epoch : 0,
             run->n_epochs);
    labels_text(run, widths[width].has_words, labels, sizeof labels);
    snprintf(text, sizeof text, widths[width].format, entry->is_marked ? '*' : ' ', run->id,
             mr_run_state_text(run->state), arch, run->size_px, epochs,
             entry->has_epoch ? mr_format_loss(entry->last.valid_loss).text : "-",
             score_text(self->score[i][0], widths[width].has_interval).text,
             score_text(self->score[i][1], widths[width].has_interval).text,
             entry->has_epoch ? mr_format_duration(entry->seconds).text : "-", labels);
    mr_ink_fill(ink, (struct mr_rect_cells){row, 0, 1, mr_ink_cols(ink)}, style);
    mr_ink_text(ink, row, 0, style, text);
}

/* What does not fit into the row: how it stands, what readers changed, why it failed. */
static void draw_detail(const struct runs_pane *self, const struct mr_ink *ink, int row)
{
    const struct mr_run *run = &self->pane.explorer->runs.all[self->cursor].run;
    int cols = mr_ink_cols(ink), col = 1;
    char message[600];

    for (int i = 0; i < cols; i++)
        mr_ink_text(ink, row, i, MR_STYLE_BORDER, "─");
    col += mr_ink_textf(ink, row + 1, col, MR_STYLE_BOLD, "run %d: %s", run->id,
                        mr_run_state_text(run->state));
    mr_ink_textf(ink, row + 1, col, MR_STYLE_DIM,
                 " · %s + %s images · labels: %d changed, %d left out by readers",
                 mr_format_count(run->n_train).text, mr_format_count(run->n_valid).text,
                 run->n_relabelled, run->n_excluded);
    mr_safe_text(message, sizeof message, run->message ? run->message : "", cols - 2, MR_ELIDE_END);
    mr_ink_text(ink, row + 2, 1, run->state == MR_RUN_FAILED ? MR_STYLE_ERROR : MR_STYLE_NORMAL,
                message);
}

/* At the foot: the chart, and below it the sentence. */
static void draw_curve(const struct runs_pane *self, const struct mr_ink *ink, int row)
{
    int cols = mr_ink_cols(ink);
    struct room room = room_of(self, mr_ink_rows(ink), cols);
    struct mr_ink chart = mr_ink_sub(ink, (struct mr_rect_cells){row, 0, room.chart, cols});
    struct mr_rect_cells words = {row + room.chart, 1, room.words, cols - 2};
    char text[500];

    if (room.chart)
        mr_learned_draw(&self->learned, &chart);
    curve_text(self, text, sizeof text);
    if (room.words)
        mr_ink_wrapped(ink, words, self->learned.id ? MR_STYLE_NORMAL : MR_STYLE_DIM, text);
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct runs_pane *self = (struct runs_pane *)pane;
    int rows, width = 0;

    follow(self);
    if (!self->n) {
        mr_ink_text(ink, 1, 2, MR_STYLE_NORMAL, "No run yet.");
        mr_ink_text(ink, 2, 2, MR_STYLE_DIM, "S starts training; each run is a row here.");
        return;
    }
    follow_curve(self);
    rows = table_rows(self, mr_ink_rows(ink), mr_ink_cols(ink));
    while (mr_ink_cols(ink) < widths[width].cols)
        width++;
    mr_ink_text(ink, 0, 0, MR_STYLE_DIM, widths[width].heading);
    self->top = mr_pane_scroll(self->top, self->cursor, rows, self->n);
    for (int i = 0; i < rows && self->top + i < self->n; i++)
        draw_row(self, ink, 1 + i, self->top + i, width);
    draw_detail(self, ink, 1 + rows);
    draw_curve(self, ink, 1 + rows + DETAIL_ROWS);
}

static void click(struct mr_pane *pane, int row, int col)
{
    struct runs_pane *self = (struct runs_pane *)pane;

    if (self->n && row >= 1 && row <= table_rows(self, pane->rect.rows, pane->rect.cols) &&
        self->top + row - 1 < self->n) {
        self->cursor = self->top + row - 1;
        self->has_moved = true;
    }
}

static void finish(struct mr_pane *pane)
{
    struct runs_pane *self = (struct runs_pane *)pane;

    free(self->score);
    mr_learned_finish(&self->learned);
}

const struct mr_pane_ops mr_pane_runs_ops = {
    .title = "runs",
    .size = sizeof(struct runs_pane),
    .act = act,
    .draw = draw,
    .click = click,
    .finish = finish,
};
