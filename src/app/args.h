/* SPDX-License-Identifier: MIT */
/* Every value that an option can set, for all commands; the tables in commands.c say which takes
 * which. */
#ifndef MISREAD_APP_ARGS_H
#define MISREAD_APP_ARGS_H

#include <stdbool.h>

#define MR_ARGS_MAX_REST 64

struct mr_args {
    /* where */
    const char *project;
    const char *reader;
    /* training */
    const char *arch, *optimizer, *augment, *labels, *group_re, *weights, *isa;
    int size, epochs, batch, seed, threads, checkpoint_every, resume;
    int split_seed; /* the same */
    double lr, valid;
    double weight_decay; /* below 0: not given, see MR_ARGS_NONE_GIVEN */
    /* output */
    bool headless, json;
    const char *csv, *split, *loss;
    int run, epoch, top;
    /* terminal */
    const char *graphics, *color, *cell;
    bool no_mouse;
    /* demo */
    int images;
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

/* Numbers of which 0 is one that can be given. */
#define MR_ARGS_NONE_GIVEN                   \
    {                                        \
        .weight_decay = -1, .split_seed = -1 \
    }

#endif
