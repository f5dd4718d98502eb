/* SPDX-License-Identifier: MIT */
/* Every value that an option can set, for all commands; the tables in commands.c say which takes
 * which. */
#ifndef MISREAD_APP_ARGS_H
#define MISREAD_APP_ARGS_H

#include <stdbool.h>

#include <misread/train/options.h>

#define MR_ARGS_MAX_REST 64

struct mr_args {
    /* where */
    const char *project;
    const char *reader;
    /* training */
    struct mr_train_options train; /* the defaults where nothing is given */
    uint64_t train_given;          /* bit i: row i of mr_train_option_table was given */
    const char *recipe;
    int resume;
    /* output */
    bool headless, json;
    const char *csv, *split, *loss;
    bool wants_recipe, wants_csv;
    const char *compare, *html;
    bool anonymous;
    int run, epoch, top;
    const char *side, *tta, *mask;
    bool shortcut;
    /* issues */
    const char *score;
    int folds;
    bool as_csv;
    /* curve */
    const char *shares;
    int n_seeds;
    const char *class_name, *out;
    /* review */
    const char *export_format, *import_path, *copy_to;
    bool dry_run, links;
    /* terminal */
    const char *graphics, *color, *cell;
    bool no_mouse;
    /* demo */
    int images;
    /* weights */
    bool download;
    /* bench */
    const char *mode;
    double seconds;
    /* safety */
    bool unsafe_inprocess;
    /* asked for instead of the command itself */
    bool help, version;
    /* what is no option */
    const char *rest[MR_ARGS_MAX_REST];
    int n_rest;
};

/* Was this training option given? By its flag. */
bool mr_args_gave(const struct mr_args *args, const char *flag);

#endif
