/* SPDX-License-Identifier: MIT */
/* The entry: arguments first, since wrong use must cost nothing; then the front, or the command
 * itself. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include <misread/base/status.h>

#include "cli.h"
#include "commands.h"
#include "front.h"

int main(int argc, char **argv)
{
    const struct mr_command *command = NULL;
    struct mr_args args = {.weight_decay = -1};
    struct mr_error err = {0};
    enum mr_status st;

    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C"); /* numbers in files and --json have a point */
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
