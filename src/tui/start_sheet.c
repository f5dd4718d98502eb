/* SPDX-License-Identifier: MIT */
/*
 * The start sheet: all that the next run is made of, how long it may take, or resuming the one that
 * was cut short. Which fields there are and what they take is asked for: a new one appears by
 * itself.
 */
#include <stdio.h>
#include <string.h>

#include <misread/base/str.h>

#include "explorer.h"
#include "format.h"
#include "line.h"
#include "overlay.h"
#include "pane.h"

/* Below the list: a blank, three rows of help or refusal, the time, the keys. */
#define FOOT_ROWS 6
#define VALUE_COL 20

struct sheet {
    struct mr_overlay overlay;
    const struct mr_tui_field *fields; /* (n) borrowed */
    int n;
    int resumable; /* run that may be resumed, 0 none; then the first row says so */
    bool resumes;  /* that one, and no field has a say */
    int at, top;   /* the row with the cursor, and the list's first line */
    int page;
    bool is_typing;
    struct mr_line line; /* what is typed */
    char refusal[600];
    double estimate_s; /* asked for when something changes: it reads the database */
};

static const struct mr_tui_options *options_of(const struct sheet *self)
{
    return self->overlay.explorer->options;
}

/* ---- rows: resuming or a new run, if there is something to resume, then the fields ---- */

static int n_heads(const struct sheet *self)
{
    return self->resumable > 0;
}

static int n_rows(const struct sheet *self)
{
    return n_heads(self) + (self->resumes ? 0 : self->n);
}

/* -1: the row about resuming. */
static int field_at(const struct sheet *self, int row)
{
    return row - n_heads(self);
}

/* ---- values ---- */

static void estimate(struct sheet *self)
{
    const struct mr_tui_options *options = options_of(self);

    self->estimate_s = options->ops->estimate_s(options->ops_ctx);
}

static void change(struct sheet *self, int by)
{
    const struct mr_tui_options *options = options_of(self);
    int field = field_at(self, self->at);

    if (field < 0)
        self->resumes = !self->resumes;
    else
        options->ops->step_value(options->ops_ctx, field, by);
    estimate(self);
}

/* Begins with what the field holds, or with nothing. */
static void begin_typing(struct sheet *self, bool is_anew)
{
    const struct mr_tui_options *options = options_of(self);
    int field = field_at(self, self->at);
    char value[MR_TUI_VALUE_BYTES] = "";

    if (field < 0 || self->fields[field].words)
        return;
    if (!is_anew)
        options->ops->value(options->ops_ctx, field, value);
    self->is_typing = true;
    self->line = (struct mr_line){.cursor = 0};
    mr_str_copy(self->line.text, sizeof self->line.text, value);
    self->line.cursor = strlen(self->line.text);
}

/* False, and typing goes on, if the field refuses it. */
static bool end_typing(struct sheet *self)
{
    const struct mr_tui_options *options = options_of(self);
    struct mr_error err = {0};

    if (!self->is_typing)
        return true;
    if (options->ops->set_value(options->ops_ctx, field_at(self, self->at), self->line.text,
                                &err)) {
        mr_safe_text(self->refusal, sizeof self->refusal, err.message, 0, MR_ELIDE_END);
        return false;
    }
    self->is_typing = false;
    estimate(self);
    return true;
}

static enum mr_overlay_reply begin(struct sheet *self)
{
    struct mr_explorer *explorer = self->overlay.explorer;
    const struct mr_tui_options *options = explorer->options;
    int resume_run = self->resumes ? self->resumable : 0;
    struct mr_error err = {0};

    if (options->ops->start(options->ops_ctx, resume_run, &err)) {
        mr_safe_text(self->refusal, sizeof self->refusal, err.message, 0, MR_ELIDE_END);
        return MR_OVERLAY_STAYS;
    }
    explorer->facts.run_wanted = 0; /* follow what was started */
    explorer->reading.epoch_wanted = 0;
    mr_explorer_go(explorer, MR_SCREEN_TRAIN);
    mr_explorer_say(explorer, resume_run ? "resuming run %d" : "starting a run", resume_run);
    return MR_OVERLAY_CLOSES;
}

/* ---- drawing ---- */

/* The line of the list that a row stands on: there is a heading above the rare fields. */
static int line_of(const struct sheet *self, int row)
{
    int field = field_at(self, row);

    return row + (field >= 0 && self->fields[field].is_rare);
}

static int n_lines(const struct sheet *self)
{
    int n = n_rows(self);

    return n ? line_of(self, n - 1) + 1 : 0;
}

static void draw_value(const struct sheet *self, const struct mr_ink *ink, int line, int field,
                       bool is_here)
{
    const struct mr_tui_options *options = options_of(self);
    enum mr_style style = is_here ? MR_STYLE_SELECTED : MR_STYLE_NORMAL;
    int room = mr_ink_cols(ink) - VALUE_COL - 4;
    char value[MR_TUI_VALUE_BYTES] = "", safe[4 * MR_TUI_VALUE_BYTES];

    if (field < 0)
        snprintf(value, sizeof value, self->resumes ? "resume run %d" : "a new one",
                 self->resumable);
    else
        options->ops->value(options->ops_ctx, field, value);
    mr_safe_text(safe, sizeof safe, *value ? value : self->fields[field].blank, room - 2,
                 MR_ELIDE_MIDDLE);
    mr_ink_fill(ink, (struct mr_rect_cells){line, VALUE_COL, 1, room + 2}, style);
    mr_ink_textf(ink, line, VALUE_COL, style, is_here ? "◀ %s ▶" : "  %s", safe);
}

static void draw_row(const struct sheet *self, const struct mr_ink *ink, int line, int row)
{
    int field = field_at(self, row);
    bool is_here = row == self->at;
    struct mr_ink typed = mr_ink_sub(
        ink, (struct mr_rect_cells){line, VALUE_COL + 2, 1, mr_ink_cols(ink) - VALUE_COL - 4});

    mr_ink_short(ink, line, 2, VALUE_COL - 3, is_here ? MR_STYLE_BOLD : MR_STYLE_DIM,
                 field < 0 ? "run" : self->fields[field].label);
    if (is_here && self->is_typing)
        mr_line_draw(&self->line, &typed, 0, 0);
    else
        draw_value(self, ink, line, field, is_here);
}

static void draw_list(struct sheet *self, const struct mr_ink *ink)
{
    int rows = mr_ink_rows(ink), cols = mr_ink_cols(ink), n = n_lines(self);

    self->page = rows;
    self->top = mr_pane_scroll(self->top, line_of(self, self->at), rows, n);
    for (int row = 0; row < n_rows(self); row++) {
        int line = line_of(self, row) - self->top;

        if (line >= 0 && line < rows)
            draw_row(self, ink, line, row);
        if (line >= 1 && line <= rows && row > 0 &&
            line_of(self, row) - line_of(self, row - 1) == 2)
            mr_ink_text(ink, line - 1, 2, MR_STYLE_TITLE, "more, which rarely matters");
    }
    if (self->top > 0)
        mr_ink_right(ink, 0, cols - 1, MR_STYLE_KEY, "▴");
    if (self->top + rows < n)
        mr_ink_right(ink, rows - 1, cols - 1, MR_STYLE_KEY, "▾");
}

/* "--batch N: images a step" */
static void draw_help(const struct sheet *self, const struct mr_ink *ink, struct mr_rect_cells rect)
{
    int at = field_at(self, self->at);
    const struct mr_tui_field *field = at < 0 ? NULL : &self->fields[at];
    struct mr_str text = MR_STR_EMPTY;

    if (field)
        mr_str_addf(&text, "--%s %s: %s", field->flag, field->words ? field->words : field->takes,
                    field->help);
    else
        mr_str_addf(&text, "go on from its last checkpoint, or begin a new run");
    mr_ink_wrapped(ink, rect, MR_STYLE_DIM, text.text);
    mr_str_finish(&text);
}

static void draw_estimate(const struct sheet *self, const struct mr_ink *ink, int row)
{
    const struct mr_explorer *explorer = self->overlay.explorer;
    int n_changed = mr_desk_n_changed(&explorer->desk), cols = mr_ink_cols(ink);
    char text[64];

    if (self->estimate_s >= 0)
        mr_ink_textf(ink, row, 2, MR_STYLE_NORMAL, "about %s",
                     mr_format_duration(self->estimate_s).text);
    else
        mr_ink_text(ink, row, 2, MR_STYLE_DIM, "how long shows after the first batches");
    if (explorer->facts.is_live) {
        snprintf(text, sizeof text, "run %d is training now", explorer->facts.run.id);
        mr_ink_right(ink, row, cols - 2, MR_STYLE_WARNING, text);
    } else {
        snprintf(text, sizeof text, "%d image%s relabelled or left out", n_changed,
                 n_changed == 1 ? "" : "s");
        mr_ink_right(ink, row, cols - 2, MR_STYLE_DIM, text);
    }
}

/* What works on the row with the cursor. */
static const char *keys_text(const struct sheet *self)
{
    int field = field_at(self, self->at);

    if (self->is_typing)
        return "Enter takes it, Esc leaves what was there";
    if (field < 0 || self->fields[field].words)
        return "arrows change, Enter starts, Esc leaves it";
    return "digits or e type, arrows change, Enter starts, Esc leaves it";
}

static struct mr_rect_cells place(struct mr_overlay *overlay, struct mr_size_cells screen)
{
    return mr_overlay_middle(screen, n_lines((struct sheet *)overlay) + FOOT_ROWS, 76);
}

static void draw(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    struct sheet *self = (struct sheet *)overlay;
    int rows = mr_ink_rows(ink), cols = mr_ink_cols(ink);
    struct mr_ink list = mr_ink_sub(ink, (struct mr_rect_cells){0, 0, rows - FOOT_ROWS, cols});
    struct mr_rect_cells words = {rows - FOOT_ROWS + 1, 2, 3, cols - 4};

    draw_list(self, &list);
    if (*self->refusal)
        mr_ink_wrapped(ink, words, MR_STYLE_ERROR, self->refusal);
    else
        draw_help(self, ink, words);
    draw_estimate(self, ink, rows - 2);
    mr_ink_text(ink, rows - 1, 2, MR_STYLE_DIM, keys_text(self));
}

/* ---- keys ---- */

/* Up, Down and the like; Tab too. False if it is none of them. */
static bool move(struct sheet *self, int code)
{
    const struct mr_action *command = mr_actions_find(MR_SCREEN_TRAIN, code);
    enum mr_act act = code == '\t'               ? MR_ACT_DOWN
                      : code == MR_KEY_SHIFT_TAB ? MR_ACT_UP
                      : command                  ? command->act
                                                 : MR_ACT_NONE;

    return mr_pane_move(&self->at, n_rows(self), self->page, act);
}

static void typing_key(struct sheet *self, const struct mr_key *pressed)
{
    int at = self->at;

    if (pressed->code == 27 || pressed->code == MR_CTRL('c')) {
        self->is_typing = false;
    } else if (pressed->code == '\r') {
        end_typing(self);
    } else if (!mr_line_key(&self->line, pressed) && move(self, pressed->code)) {
        int to = self->at;

        self->at = at;
        if (end_typing(self))
            self->at = to;
    }
}

/* What a number or a path begins with needs no e before it; letters move. */
static bool begins_value(int code)
{
    return (code >= '0' && code <= '9') || (code && code < 128 && strchr(".-+/~", code));
}

static void field_key(struct sheet *self, const struct mr_key *pressed)
{
    int code = pressed->code;

    if (code == MR_KEY_LEFT || code == 'h')
        change(self, -1);
    else if (code == MR_KEY_RIGHT || code == 'l')
        change(self, 1);
    else if (code == 'e')
        begin_typing(self, false);
    else if (begins_value(code)) {
        begin_typing(self, true);
        if (self->is_typing)
            mr_line_key(&self->line, pressed);
    } else
        move(self, code);
}

static enum mr_overlay_reply key(struct mr_overlay *overlay, const struct mr_key *pressed)
{
    struct sheet *self = (struct sheet *)overlay;

    *self->refusal = '\0';
    if (self->is_typing) {
        typing_key(self, pressed);
        return MR_OVERLAY_STAYS;
    }
    if (pressed->code == 27 || pressed->code == MR_CTRL('c'))
        return MR_OVERLAY_CLOSES;
    if (pressed->code == '\r')
        return begin(self);
    field_key(self, pressed);
    return MR_OVERLAY_STAYS;
}

static const struct mr_overlay_ops ops = {
    .size = sizeof(struct sheet),
    .place = place,
    .draw = draw,
    .key = key,
};

/* ---- opening ---- */

/* NULL, with a sentence, while this process trains. */
static struct sheet *open_sheet(struct mr_explorer *explorer)
{
    const struct mr_tui_options *options = explorer->options;
    const struct mr_facts *facts = &explorer->facts;
    struct sheet *self;

    if (options->ops->is_training(options->ops_ctx)) {
        mr_explorer_say(explorer, "a run is training here already: X stops it first");
        return NULL;
    }
    self = (struct sheet *)mr_overlay_create(explorer, &ops, "start training");
    self->fields = options->ops->fields(options->ops_ctx, &self->n);
    if (facts->has_run &&
        (facts->run.state == MR_RUN_INTERRUPTED || facts->run.state == MR_RUN_STOPPED))
        self->resumable = facts->run.id;
    self->resumes = self->resumable > 0;
    estimate(self);
    return self;
}

void mr_start_sheet_open(struct mr_explorer *explorer)
{
    open_sheet(explorer);
}

void mr_start_sheet_open_rate(struct mr_explorer *explorer, double lr)
{
    const struct mr_tui_options *options = explorer->options;
    struct sheet *self = open_sheet(explorer);
    struct mr_error err = {0};

    if (!self)
        return;
    self->resumes = false;
    for (int i = 0; i < self->n; i++) {
        if (!self->fields[i].is_rate)
            continue;
        self->at = n_heads(self) + i;
        if (options->ops->set_value(options->ops_ctx, i, mr_format_rate(lr).text, &err))
            mr_safe_text(self->refusal, sizeof self->refusal, err.message, 0, MR_ELIDE_END);
    }
}
