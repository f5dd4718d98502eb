/* SPDX-License-Identifier: MIT */
/* The command line: tables of commands and options, read with one parser and printed as help. */
#ifndef MISREAD_APP_CLI_H
#define MISREAD_APP_CLI_H

#include <stddef.h>
#include <stdio.h>

#include <misread/base/status.h>

#include "args.h"

enum mr_option_kind {
    MR_OPTION_FLAG,
    MR_OPTION_INT,
    MR_OPTION_REAL,
    MR_OPTION_TEXT,
    MR_OPTION_CHOICE
};

struct mr_option {
    const char *name; /* without the dashes */
    enum mr_option_kind kind;
    size_t offset;   /* of the value in struct mr_args: bool, int, double or const char * */
    const char *arg; /* what its value is called; for a choice "a|b|c" */
    const char *help;
    double min, max; /* of numbers */
};

/* Which rows of the trainer's table of options a command takes. */
enum mr_takes { MR_TAKES_NOTHING, MR_TAKES_NETWORK, MR_TAKES_TRAINING };

struct mr_command {
    const char *name;
    const char *rest;                      /* what follows the options, e.g. "DATA" */
    const char *summary;                   /* one line */
    const struct mr_option *const *groups; /* NULL-terminated list of tables */
    int min_rest, max_rest;
    bool needs_program; /* runs behind the front process, with decoders */
    int (*run)(struct mr_args *args);
    const char *examples;
    /* Sets what is not given to what will be taken for it, and so to what the help says. NULL:
     * nothing to say. */
    void (*fill_in)(struct mr_args *args);
    const char *details; /* behind the summary in the command's own help; may be NULL */
    enum mr_takes takes;
};

/* All commands, ended by a NULL name; the first is the explorer, which is meant when none is named.
 */
extern const struct mr_command mr_commands[];

/* Finds the command and fills args from defaults < file < environment < flags. MR_E_USAGE with a
 * sentence. */
enum mr_status mr_cli_parse(int argc, char **argv, const struct mr_command **command,
                            struct mr_args *args, struct mr_error *err) MR_NODISCARD;
void mr_cli_help(FILE *out, const struct mr_command *command);

#endif
