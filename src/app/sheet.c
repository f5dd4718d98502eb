/* SPDX-License-Identifier: MIT */
/*
 * The start sheet's fields and values. What one mostly sets has a place and a name here; all other
 * rows of the trainer's table follow by themselves. Writes nothing and starts nothing.
 */
#include "sheet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/nn/pretrained.h>
#include <misread/train/options.h>
#include <misread/tui/tui.h>

struct mr_sheet {
    struct mr_train_options options;
    const struct mr_train_option **rows; /* (n) owned; each of the trainer's table */
    struct mr_tui_field *fields;         /* (n) owned */
    int n;
};

/* What one mostly sets, in this order. */
static const struct {
    const char *flag, *label, *blank;
} usual[] = {
    {"arch", "network", ""},  {"weights", "weights", "none: from scratch"},
    {"size", "size", ""},     {"square", "square", ""},
    {"batch", "batch", ""},   {"epochs", "epochs", ""},
    {"lr", "rate", ""},       {"whole-lr", "rates of B", ""},
    {"freeze", "freeze", ""}, {"augment", "augmentation", ""},
    {"labels", "labels", ""},
};
#define N_USUAL ((int)(sizeof usual / sizeof *usual))

static void add(struct mr_sheet *sheet, const struct mr_train_option *row, const char *label,
                const char *blank)
{
    bool is_name = row->kind == MR_TRAIN_NAME;

    sheet->rows[sheet->n] = row;
    sheet->fields[sheet->n++] = (struct mr_tui_field){
        .label = label ? label : row->flag,
        .flag = row->flag,
        .words = is_name ? row->value : NULL,
        .takes = is_name || !row->value ? "" : row->value,
        .help = row->help,
        .blank = blank,
        .is_rare = !label,
        .is_rate = !strcmp(row->flag, "lr"),
    };
}

static bool is_usual(const struct mr_train_option *row)
{
    for (int i = 0; i < N_USUAL; i++)
        if (!strcmp(usual[i].flag, row->flag))
            return true;
    return false;
}

struct mr_sheet *mr_sheet_create(const struct mr_train_options *options)
{
    struct mr_sheet *sheet = mr_xalloc(1, sizeof *sheet);
    int n;
    const struct mr_train_option *table = mr_train_option_table(&n);

    sheet->options = *options;
    sheet->rows = mr_xalloc((size_t)n, sizeof(const struct mr_train_option *));
    sheet->fields = mr_xalloc((size_t)n, sizeof *sheet->fields);
    for (int i = 0; i < N_USUAL; i++) {
        const struct mr_train_option *row =
            mr_train_option_find(usual[i].flag, strlen(usual[i].flag));

        if (row)
            add(sheet, row, usual[i].label, usual[i].blank);
    }
    for (int i = 0; i < n; i++)
        if (!is_usual(&table[i]))
            add(sheet, &table[i], NULL, "-");
    return sheet;
}

void mr_sheet_destroy(struct mr_sheet *sheet)
{
    if (!sheet)
        return;
    free(sheet->rows);
    free(sheet->fields);
    free(sheet);
}

const struct mr_train_options *mr_sheet_options(const struct mr_sheet *sheet)
{
    return &sheet->options;
}

const struct mr_tui_field *mr_sheet_fields(const struct mr_sheet *sheet, int *n)
{
    *n = sheet->n;
    return sheet->fields;
}

void mr_sheet_value(const struct mr_sheet *sheet, int field, char *text)
{
    mr_train_option_write(text, MR_TUI_VALUE_BYTES, &sheet->options, sheet->rows[field]);
}

/* A file and a run that weights come from replace each other, and the hash was the other file's. */
static void forget_other_weights(struct mr_train_options *options, const char *flag)
{
    bool is_file = !strcmp(flag, "weights"), is_run = !strcmp(flag, "from-run");

    if (is_file)
        options->from_run = 0;
    if (is_run)
        options->weights[0] = '\0';
    if (is_file || is_run)
        options->weights_sha256[0] = '\0';
}

enum mr_status mr_sheet_set_value(struct mr_sheet *sheet, int field, const char *text,
                                  struct mr_error *err)
{
    enum mr_status st = mr_train_option_read(&sheet->options, sheet->rows[field], text, err);

    if (!st)
        forget_other_weights(&sheet->options, sheet->rows[field]->flag);
    return st;
}

/* ---- the next of the usual values, as texts ---- */

/* Word number i of "a|b|c"; false behind the last. */
static bool take_word(const char *words, int i, char *out, size_t cap)
{
    for (; i > 0 && words; i--) {
        words = strchr(words, '|');
        words = words ? words + 1 : NULL;
    }
    if (!words || i < 0)
        return false;
    snprintf(out, cap, "%.*s", (int)strcspn(words, "|"), words);
    return true;
}

/* The neighbour of text in a list that `take` reads; false at its ends. What is not in the list
 * stands before its first. */
static bool step_in(bool (*take)(const void *list, int i, char *out, size_t cap), const void *list,
                    int by, char *text)
{
    char word[MR_TUI_VALUE_BYTES];
    int at = -1;

    for (int i = 0; at < 0 && take(list, i, word, sizeof word); i++)
        if (!strcmp(word, text))
            at = i;
    if (at + by < 0 || !take(list, at + by, word, sizeof word))
        return false;
    snprintf(text, MR_TUI_VALUE_BYTES, "%s", word);
    return true;
}

static bool word_of(const void *list, int i, char *out, size_t cap)
{
    return take_word(list, i, out, cap);
}

static bool step_word(const struct mr_sheet *sheet, const struct mr_train_option *row, int by,
                      char *text)
{
    return step_in(word_of, row->value, by, text);
}

/* From scratch, then the files that are here and fit the network. */
static bool weights_of(const void *list, int i, char *out, size_t cap)
{
    const struct mr_train_options *options = list;

    if (i == 0)
        *out = '\0';
    for (const struct mr_pretrained *p = mr_pretrained_list; p->file && i > 0; p++) {
        char *path = p->arch == options->arch ? mr_pretrained_path(p->file) : NULL;

        if (path && --i == 0)
            snprintf(out, cap, "%s", path);
        free(path);
    }
    return i == 0;
}

static bool step_weights(const struct mr_sheet *sheet, const struct mr_train_option *row, int by,
                         char *text)
{
    return step_in(weights_of, &sheet->options, by, text);
}

/* The next larger or smaller of the usual sizes. */
static bool step_size(const struct mr_sheet *sheet, const struct mr_train_option *row, int by,
                      char *text)
{
    static const int sizes[] = {64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512};
    const int n = (int)(sizeof sizes / sizeof *sizes);
    int at = by > 0 ? 0 : n - 1, size = atoi(text);

    while (at >= 0 && at < n && (by > 0 ? sizes[at] <= size : sizes[at] >= size))
        at += by;
    if (at < 0 || at >= n)
        return false;
    snprintf(text, MR_TUI_VALUE_BYTES, "%d", sizes[at]);
    return true;
}

static bool step_double(const struct mr_sheet *sheet, const struct mr_train_option *row, int by,
                        char *text)
{
    snprintf(text, MR_TUI_VALUE_BYTES, "%d", by > 0 ? atoi(text) * 2 : atoi(text) / 2);
    return true;
}

static bool step_one(const struct mr_sheet *sheet, const struct mr_train_option *row, int by,
                     char *text)
{
    snprintf(text, MR_TUI_VALUE_BYTES, "%d", atoi(text) + by);
    return true;
}

/* Those of the first stage; the others stay. */
static bool step_epochs(const struct mr_sheet *sheet, const struct mr_train_option *row, int by,
                        char *text)
{
    char rest[32];

    snprintf(rest, sizeof rest, "%s", text + strcspn(text, "+"));
    snprintf(text, MR_TUI_VALUE_BYTES, "%d%s", atoi(text) + by, rest);
    return true;
}

/* A quarter more or a fifth less, to two figures: ten steps are a decade. */
static double step_rate(double rate, int by)
{
    char text[32];

    snprintf(text, sizeof text, "%.2g", by > 0 ? rate * 1.25 : rate / 1.25);
    return strtod(text, NULL);
}

static bool step_real(const struct mr_sheet *sheet, const struct mr_train_option *row, int by,
                      char *text)
{
    snprintf(text, MR_TUI_VALUE_BYTES, "%g", step_rate(strtod(text, NULL), by));
    return true;
}

/* Both rates by the same factor, so that their ratio stays. */
static bool step_rates(const struct mr_sheet *sheet, const struct mr_train_option *row, int by,
                       char *text)
{
    const struct mr_rates *rates = &sheet->options.whole_lr;

    if (rates->low > 0)
        snprintf(text, MR_TUI_VALUE_BYTES, "%g:%g", step_rate(rates->low, by),
                 step_rate(rates->high, by));
    else
        snprintf(text, MR_TUI_VALUE_BYTES, "%g", step_rate(rates->high, by));
    return true;
}

typedef bool step_function(const struct mr_sheet *sheet, const struct mr_train_option *row, int by,
                           char *text);

/* By the flag, else by the kind; NULL: nothing is usual. */
static step_function *stepper_of(const struct mr_train_option *row)
{
    static const struct {
        const char *flag;
        step_function *step;
    } own[] = {
        {"size", step_size}, {"batch", step_double}, {"weights", step_weights}, {"lr", step_real}};
    static step_function *const kinds[] = {
        [MR_TRAIN_INT] = step_one,
        [MR_TRAIN_NAME] = step_word,
        [MR_TRAIN_EPOCHS] = step_epochs,
        [MR_TRAIN_RATES] = step_rates,
    };

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!strcmp(own[i].flag, row->flag))
            return own[i].step;
    return row->kind < sizeof kinds / sizeof *kinds ? kinds[row->kind] : NULL;
}

void mr_sheet_step_value(struct mr_sheet *sheet, int field, int by)
{
    const struct mr_train_option *row = sheet->rows[field];
    step_function *step = stepper_of(row);
    char text[MR_TUI_VALUE_BYTES];

    mr_sheet_value(sheet, field, text);
    if (step && step(sheet, row, by, text)) {
        enum mr_status st = mr_sheet_set_value(sheet, field, text, NULL);

        (void)st; /* a value beyond the option's range is no step: the old one stays */
    }
}

void mr_sheet_about(const struct mr_sheet *sheet, char *text, size_t cap)
{
    const struct mr_train_options *o = &sheet->options;

    int n =
        snprintf(text, cap, "%s, %d px, batch %d, ", mr_arch_text(o->arch), o->size_px, o->batch);

    if (n < 0 || (size_t)n >= cap)
        return;
    if (o->from_run)
        snprintf(text + n, cap - (size_t)n, "from run %d", o->from_run);
    else
        snprintf(text + n, cap - (size_t)n, "%s", *o->weights ? "with weights" : "from scratch");
}
