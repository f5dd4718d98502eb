/* SPDX-License-Identifier: MIT */
/* The entry: arguments first, since wrong use must cost nothing; then the front, or the command
 * itself. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/status.h>

#include "cli.h"
#include "commands.h"
#include "front.h"

static int run(int argc, char **argv)
{
    const struct mr_command *command = NULL;
    struct mr_args args = {0};
    struct mr_error err = {0};
    enum mr_status st;

    st = mr_cli_parse(argc, argv, &command, &args, &err);
    if (st)
        return mr_failed(&err);
    if (args.help) {
        mr_cli_help(stdout, command);
        return EXIT_SUCCESS;
    }
    if (args.version) {
        printf("misread %s\n", MISREAD_VERSION);
        return EXIT_SUCCESS;
    }
    if (command->needs_program && mr_front_socket() < 0)
        return mr_front_run(argv);
    return command->run(&args);
}

/* What was printed must have arrived: a report cut short by a full disk is no success. A status
 * that says failure already has had its sentence. */
static int check_output(int status)
{
    bool has_failed = ferror(stdout);
    int why = fflush(stdout) ? errno : 0;
    struct mr_error err;

    if (status || (!has_failed && !why))
        return status;
    if (why == EPIPE)
        return 128 + SIGPIPE; /* whoever read has seen enough, as with any program */
    (void)mr_fail(&err, MR_E_IO, "cannot write the output%s%s", why ? ": " : "",
                  why ? strerror(why) : "");
    return mr_failed(&err);
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C"); /* numbers in files and --json have a point */
    signal(SIGPIPE, SIG_IGN);   /* a reader that goes away is told by the write */
    return check_output(run(argc, argv));
}
