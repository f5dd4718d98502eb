/* SPDX-License-Identifier: MIT */
/* The start sheet: what the next run is made of, how long it may take, or resuming the one that was
 * cut short. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/str.h>

#include "explorer.h"
#include "format.h"
#include "overlay.h"
#include "pane.h"

enum field {
    FIELD_RUN, /* resume or new; only if there is something to resume */
    FIELD_ARCH,
    FIELD_SIZE,
    FIELD_EPOCHS,
    FIELD_BATCH,
    FIELD_RATE,
    FIELD_LABELS,
    N_FIELDS
};

struct sheet {
    struct mr_overlay overlay;
    struct mr_tui_start start;
    int resumable; /* run that may be resumed, 0 none */
    enum field field;
    bool is_typing;    /* digits go on a number that is being typed */
    double estimate_s; /* asked for when something changes: it reads the database */
};

static const char *const archs[] = {"resnet18", "resnet34", "resnet50"};
#define N_ARCHS 3
static const int sizes[] = {64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512};
#define N_SIZES ((int)(sizeof sizes / sizeof *sizes))

static bool is_shown(const struct sheet *self, enum field field)
{
    if (field == FIELD_RUN)
        return self->resumable > 0;
    return self->start.resume_run == 0;
}

static void move_field(struct sheet *self, int by)
{
    int to = (int)self->field;

    do
        to += by;
    while (to >= 0 && to < N_FIELDS && !is_shown(self, (enum field)to));
    if (to >= 0 && to < N_FIELDS)
        self->field = (enum field)to;
    self->is_typing = false;
}

static int clamp(int n, int least, int most)
{
    return n < least ? least : n > most ? most : n;
}

static void change_arch(struct sheet *self, int by)
{
    int at = 0;

    for (int i = 0; i < N_ARCHS; i++)
        if (!strcmp(self->start.arch, archs[i]))
            at = i;
    mr_str_copy(self->start.arch, sizeof self->start.arch, archs[clamp(at + by, 0, N_ARCHS - 1)]);
}

/* The next larger or smaller of the usual sizes. */
static void change_size(struct sheet *self, int by)
{
    int at = by > 0 ? 0 : N_SIZES - 1;

    while (at >= 0 && at < N_SIZES &&
           (by > 0 ? sizes[at] <= self->start.size_px : sizes[at] >= self->start.size_px))
        at += by;
    if (at >= 0 && at < N_SIZES)
        self->start.size_px = sizes[at];
}

static void change(struct sheet *self, int by)
{
    struct mr_tui_start *s = &self->start;

    self->is_typing = false;
    switch (self->field) {
    case FIELD_RUN:
        s->resume_run = s->resume_run ? 0 : self->resumable;
        break;
    case FIELD_ARCH:
        change_arch(self, by);
        break;
    case FIELD_SIZE:
        change_size(self, by);
        break;
    case FIELD_EPOCHS:
        s->n_epochs = clamp(s->n_epochs + by, 1, INT_MAX);
        break;
    case FIELD_BATCH:
        s->batch = clamp(by > 0 ? s->batch * 2 : s->batch / 2, 2, 1024);
        break;
    case FIELD_RATE:
        s->lr = by > 0 ? s->lr * 1.25 : s->lr / 1.25;
        break;
    default:
        s->use_original_labels = !s->use_original_labels;
    }
}

static void type_digit(struct sheet *self, int digit)
{
    int *number = self->field == FIELD_SIZE     ? &self->start.size_px
                  : self->field == FIELD_EPOCHS ? &self->start.n_epochs
                  : self->field == FIELD_BATCH  ? &self->start.batch
                                                : NULL;

    if (!number)
        return;
    *number = self->is_typing ? *number * 10 + digit : digit;
    *number = clamp(*number, 0, 4096);
    self->is_typing = true;
}

static enum mr_overlay_reply begin(struct sheet *self)
{
    struct mr_explorer *explorer = self->overlay.explorer;
    const struct mr_tui_options *options = explorer->options;
    struct mr_error err = {0};

    if (options->ops->start(options->ops_ctx, &self->start, &err)) {
        mr_explorer_complain(explorer, "%s", err.message);
        return MR_OVERLAY_STAYS;
    }
    explorer->facts.run_wanted = 0; /* follow what was started */
    explorer->reading.epoch_wanted = 0;
    mr_explorer_go(explorer, MR_SCREEN_TRAIN);
    mr_explorer_say(explorer, self->start.resume_run ? "resuming run %d" : "starting a run",
                    self->start.resume_run);
    return MR_OVERLAY_CLOSES;
}

/* ---- drawing ---- */

static void value_text(const struct sheet *self, enum field field, char *out, size_t cap)
{
    const struct mr_tui_start *s = &self->start;
    int n_changed = mr_desk_n_changed(&self->overlay.explorer->desk);

    switch (field) {
    case FIELD_RUN:
        if (s->resume_run)
            snprintf(out, cap, "resume run %d", s->resume_run);
        else
            snprintf(out, cap, "a new one");
        break;
    case FIELD_ARCH:
        snprintf(out, cap, "%s", s->arch);
        break;
    case FIELD_SIZE:
        snprintf(out, cap, "%d px", s->size_px);
        break;
    case FIELD_EPOCHS:
        snprintf(out, cap, "%d", s->n_epochs);
        break;
    case FIELD_BATCH:
        snprintf(out, cap, "%d", s->batch);
        break;
    case FIELD_RATE:
        snprintf(out, cap, "%s", mr_format_rate(s->lr).text);
        break;
    default:
        if (s->use_original_labels)
            snprintf(out, cap, "original");
        else
            snprintf(out, cap, "reviewed (%d changed)", n_changed);
    }
}

static void draw_field(const struct sheet *self, const struct mr_ink *ink, int row,
                       enum field field)
{
    static const char *const names[] = {"run",   "network", "size",  "epochs",
                                        "batch", "rate",    "labels"};
    bool is_here = field == self->field;
    enum mr_style style = is_here ? MR_STYLE_SELECTED : MR_STYLE_NORMAL;
    int cols = mr_ink_cols(ink);
    char value[64];

    value_text(self, field, value, sizeof value);
    mr_ink_text(ink, row, 2, MR_STYLE_DIM, names[field]);
    mr_ink_fill(ink, (struct mr_rect_cells){row, 12, 1, cols - 14}, style);
    mr_ink_textf(ink, row, 12, style, is_here ? "◀ %s ▶" : "  %s", value);
}

static void estimate(struct sheet *self)
{
    const struct mr_tui_options *options = self->overlay.explorer->options;

    self->estimate_s = options->ops->estimate_s(options->ops_ctx, &self->start);
}

static void draw_estimate(const struct sheet *self, const struct mr_ink *ink, int row)
{
    const struct mr_explorer *explorer = self->overlay.explorer;

    if (self->estimate_s >= 0)
        mr_ink_textf(ink, row, 2, MR_STYLE_NORMAL, "about %s",
                     mr_format_duration(self->estimate_s).text);
    else
        mr_ink_text(ink, row, 2, MR_STYLE_DIM, "how long it takes shows after the first batches");
    if (explorer->facts.is_live)
        mr_ink_textf(ink, row + 1, 2, MR_STYLE_WARNING, "run %d is training now",
                     explorer->facts.run.id);
}

static struct mr_rect_cells place(struct mr_overlay *overlay, struct mr_size_cells screen)
{
    return mr_overlay_middle(screen, N_FIELDS + 5, 56);
}

static void draw(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    struct sheet *self = (struct sheet *)overlay;
    int row = 1;

    for (int i = 0; i < N_FIELDS; i++)
        if (is_shown(self, (enum field)i))
            draw_field(self, ink, row++, (enum field)i);
    draw_estimate(self, ink, row + 1);
    mr_ink_text(ink, mr_ink_rows(ink) - 1, 2, MR_STYLE_DIM,
                "arrows or digits change, Enter starts, Esc leaves it");
}

static enum mr_overlay_reply key(struct mr_overlay *overlay, const struct mr_key *pressed)
{
    struct sheet *self = (struct sheet *)overlay;

    switch (pressed->code) {
    case 27:
    case MR_CTRL('c'):
        return MR_OVERLAY_CLOSES;
    case '\r':
        return begin(self);
    case MR_KEY_UP:
    case MR_KEY_SHIFT_TAB:
    case 'k':
        move_field(self, -1);
        break;
    case MR_KEY_DOWN:
    case '\t':
    case 'j':
        move_field(self, 1);
        break;
    case MR_KEY_LEFT:
    case 'h':
        change(self, -1);
        break;
    case MR_KEY_RIGHT:
    case 'l':
        change(self, 1);
        break;
    default:
        if (pressed->code >= '0' && pressed->code <= '9')
            type_digit(self, pressed->code - '0');
    }
    estimate(self);
    return MR_OVERLAY_STAYS;
}

static const struct mr_overlay_ops ops = {
    .size = sizeof(struct sheet),
    .place = place,
    .draw = draw,
    .key = key,
};

void mr_start_sheet_open(struct mr_explorer *explorer)
{
    const struct mr_tui_options *options = explorer->options;
    const struct mr_facts *facts = &explorer->facts;
    struct sheet *self;

    if (options->ops->is_training(options->ops_ctx)) {
        mr_explorer_say(explorer, "a run is training here already: X stops it first");
        return;
    }
    self = (struct sheet *)mr_overlay_create(explorer, &ops, "start training");
    options->ops->start_defaults(options->ops_ctx, &self->start);
    self->start.resume_run = 0;
    if (facts->has_run &&
        (facts->run.state == MR_RUN_INTERRUPTED || facts->run.state == MR_RUN_STOPPED))
        self->resumable = self->start.resume_run = facts->run.id;
    self->field = self->resumable ? FIELD_RUN : FIELD_ARCH;
    estimate(self);
}
