/* SPDX-License-Identifier: MIT */
/* Which algorithm is to convolve which shape, in memory and as a file. */
#include <misread/kernel/choices.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/log.h>
#include <misread/base/str.h>

#define VERSION   "misread kernels 1"
#define MAX_BYTES ((size_t)1 << 18) /* some thousand lines */

static const char *const passes[] = {
#define X(name, text) text,
    MR_CONV_PASS_LIST(X)
#undef X
};

static const char *const algorithms[] = {
#define X(name, text) text,
    MR_CONV_ALGORITHM_LIST(X)
#undef X
};

const char *mr_conv_pass_text(enum mr_conv_pass pass)
{
    return passes[pass];
}

const char *mr_conv_algorithm_text(enum mr_conv_algorithm algorithm)
{
    return algorithms[algorithm];
}

void mr_conv_choices_finish(struct mr_conv_choices *choices)
{
    free(choices->items);
    *choices = (struct mr_conv_choices){.n = 0};
}

/* ---- in memory ---- */

static bool is_same_machine(const struct mr_machine *a, const struct mr_machine *b)
{
    return !strcmp(a->cpu, b->cpu) && !strcmp(a->isa, b->isa) && a->n_threads == b->n_threads;
}

static bool is_same_shape(const struct mr_conv_shape *a, const struct mr_conv_shape *b)
{
    return a->n == b->n && a->h == b->h && a->w == b->w && a->c_in == b->c_in &&
           a->c_out == b->c_out && a->kh == b->kh && a->kw == b->kw && a->stride == b->stride &&
           a->pad == b->pad;
}

static void add(struct mr_conv_choices *choices, const struct mr_conv_choice *choice)
{
    choices->items = mr_xrealloc(choices->items, (size_t)choices->n + 1, sizeof *choices->items);
    choices->items[choices->n++] = *choice;
}

void mr_conv_choices_set(struct mr_conv_choices *choices, const struct mr_conv_choice *choice)
{
    int n = 0;

    for (int i = 0; i < choices->n; i++) {
        const struct mr_conv_choice *old = &choices->items[i];

        if (old->pass != choice->pass || !is_same_shape(&old->shape, &choice->shape) ||
            !is_same_machine(&old->machine, &choice->machine))
            choices->items[n++] = *old;
    }
    choices->n = n;
    if (choice->algorithm != MR_CONV_BY_RULE)
        add(choices, choice);
}

void mr_conv_choices_apply(const struct mr_conv_choices *choices, struct mr_conv_shape *shape)
{
    for (int i = 0; i < choices->n; i++)
        if (is_same_shape(&choices->items[i].shape, shape))
            shape->algorithms[choices->items[i].pass] = choices->items[i].algorithm;
}

/* ---- as a file ---- */

/* The number of a text; -1: it is none of them. */
static int find(const char *const *texts, int n, const char *text)
{
    while (n-- && strcmp(texts[n], text))
        ;
    return n;
}

static bool parse(struct mr_conv_choice *choice, const char *line)
{
    struct mr_conv_choice c = {.shape = {.kh = 3, .kw = 3, .stride = 1, .pad = 1}};
    struct mr_conv_shape *s = &c.shape;
    struct mr_machine *m = &c.machine;
    char pass[24], algorithm[16];
    int pass_id, algorithm_id;

    if (sscanf(line, "%23s %9d %9d %9d %9d %9d %15s %15s %9d %127[^\n]", pass, &s->n, &s->h, &s->w,
               &s->c_in, &s->c_out, algorithm, m->isa, &m->n_threads, m->cpu) != 10)
        return false;
    if (s->n < 1 || s->h < 1 || s->w < 1 || s->c_in < 1 || s->c_out < 1 || m->n_threads < 1)
        return false;
    pass_id = find(passes, MR_N_CONV_PASS, pass);
    algorithm_id = find(algorithms, MR_N_CONV_ALGORITHM, algorithm);
    if (pass_id < 0 || algorithm_id <= MR_CONV_BY_RULE)
        return false;
    c.pass = (enum mr_conv_pass)pass_id;
    c.algorithm = (enum mr_conv_algorithm)algorithm_id;
    *choice = c;
    return true;
}

/* Cuts the text into lines. */
static void read_lines(struct mr_conv_choices *choices, char *text, const char *path,
                       const struct mr_machine *machine)
{
    const char *line = strsep(&text, "\n");

    if (strcmp(line, VERSION) != 0) {
        mr_log("'%s' does not begin with '%s': nothing in it is used", path, VERSION);
        return;
    }
    for (int number = 2; (line = strsep(&text, "\n")) && (*line || text); number++) {
        struct mr_conv_choice choice;

        if (!parse(&choice, line))
            mr_log("'%s' is damaged in line %d, which is not used", path, number);
        else if (!machine || is_same_machine(&choice.machine, machine))
            mr_conv_choices_set(choices, &choice);
    }
}

void mr_conv_choices_load(struct mr_conv_choices *choices, const char *path,
                          const struct mr_machine *machine)
{
    struct mr_conv_choices found = {.n = 0};
    unsigned char *text = NULL;
    struct mr_error err;
    size_t n;

    if (mr_path_exists(path) && mr_file_read(path, MAX_BYTES, &text, &n, &err))
        mr_log("no measured choice of convolutions: %s", err.message);
    if (text)
        read_lines(&found, (char *)text, path, machine);
    free(text);
    *choices = found;
}

enum mr_status mr_conv_choices_save(const struct mr_conv_choices *choices, const char *path,
                                    struct mr_error *err)
{
    struct mr_str text = MR_STR_EMPTY;
    struct mr_file_part part;
    enum mr_status st;

    mr_str_add(&text, VERSION "\n");
    for (int i = 0; i < choices->n; i++) {
        const struct mr_conv_choice *c = &choices->items[i];
        const struct mr_conv_shape *s = &c->shape;

        mr_str_addf(&text, "%s %d %d %d %d %d %s %s %d %s\n", passes[c->pass], s->n, s->h, s->w,
                    s->c_in, s->c_out, algorithms[c->algorithm], c->machine.isa,
                    c->machine.n_threads, c->machine.cpu);
    }
    part = (struct mr_file_part){text.text, text.n};
    st = mr_file_write(path, 0600, &part, 1, err);
    mr_str_finish(&text);
    return st;
}
