/* SPDX-License-Identifier: MIT */
/* `demo`: makes the demo data set if it is absent, then trains on it. */
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <misread/base/clock.h>
#include <misread/base/str.h>
#include <misread/data/demo.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>

#include "args.h"
#include "commands.h"
#include "explore.h"
#include "follow.h"
#include "place.h"
#include "session.h"
#include "start.h"

/* --- making the data set, which takes about a minute --- */

struct making {
    const struct mr_session *session; /* borrowed */
    bool is_terminal, line_open;
    int64_t told_at; /* when the last line was written */
    int signal;      /* the one that ended it; 0: none */
};

static bool show_making(void *ctx, int64_t n_done, int64_t n_total)
{
    struct making *making = ctx;
    const char *begin = making->is_terminal ? "\r\033[K" : "",
               *end = making->is_terminal ? "" : "\n";
    int64_t now = mr_clock_ms();

    making->line_open = making->is_terminal;
    if (making->is_terminal || now - making->told_at >= MR_LINE_MS) {
        fprintf(stderr, "%smaking the demo data set: %lld of %lld images%s", begin,
                (long long)n_done, (long long)n_total, end);
        making->told_at = now;
    }
    making->signal = mr_session_take_signal(making->session);
    return !making->signal;
}

/* A job in the background has no say over the terminal. */
static bool owns_terminal(void)
{
    return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* Keys typed meanwhile would be echoed into the line of progress. False: nothing was changed. */
static bool stop_echo(struct termios *before)
{
    struct termios quiet;

    if (!owns_terminal() || tcgetattr(STDIN_FILENO, before))
        return false;
    quiet = *before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    return !tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet);
}

/* What was typed at the line of progress is not meant for what comes next. */
static void restore_echo(const struct termios *before)
{
    if (owns_terminal())
        tcsetattr(STDIN_FILENO, TCSAFLUSH, before);
}

/* Returns the exit status; 128 and its number after a signal, as for any program that one ended. */
static int make(const struct mr_session *session, const char *dir, int n_images)
{
    struct making making = {
        .session = session, .is_terminal = isatty(STDERR_FILENO), .told_at = mr_clock_ms()};
    /* --seed is the run's; the pictures are the same for everybody. */
    struct mr_demo_options options = {
        .n_images = n_images, .progress = show_making, .ctx = &making};
    struct termios before;
    struct mr_error err = {0};
    bool is_quiet = stop_echo(&before);
    enum mr_status st = mr_demo_make(dir, &options, &err);
    int status;

    if (making.line_open)
        fputc('\n', stderr);
    if (is_quiet)
        restore_echo(&before);
    if (!st)
        return EXIT_SUCCESS;
    status = mr_failed(&err);
    return making.signal ? 128 + making.signal : status;
}

/* --- the command --- */

static bool has_runs(const struct mr_place *place)
{
    struct mr_store *store = NULL;
    struct mr_run run = {0};
    bool found = !mr_store_open(&store, place->project_dir, MR_STORE_EXISTING, NULL) &&
                 !mr_run_load(store, 0, &run, NULL);

    mr_run_finish(&run);
    mr_store_close(store);
    return found;
}

/* What is quick and good on the demo's pictures: some two minutes on two cores. */
void mr_demo_fill_in(struct mr_args *args)
{
    args->images = args->images ? args->images : 1600;
    if (!mr_args_gave(args, "size"))
        args->train.size_px = 64;
    if (!mr_args_gave(args, "epochs"))
        args->train.n_epochs = 14;
    if (!mr_args_gave(args, "weights"))
        mr_str_copy(args->train.weights, sizeof args->train.weights, "none");
}

static int train(struct mr_session *session, const char *dir, const struct mr_args *args)
{
    struct mr_place place = {0};
    struct mr_error err = {0};
    int status;

    if (mr_place_find(&place, dir, args->project, &err))
        status = mr_failed(&err);
    else if (mr_start_wants_screen(args) && has_runs(&place))
        status = mr_explore_run(session, &place, args, NULL, 0);
    else
        status = mr_start_train(session, &place, args);
    mr_place_finish(&place);
    return status;
}

int mr_demo_main(struct mr_args *args)
{
    const char *dir = args->n_rest ? args->rest[0] : "misread-demo";
    struct mr_session session;
    struct mr_error err = {0};
    int status;

    mr_demo_fill_in(args);
    if (mr_session_open(&session, args->unsafe_inprocess, &err))
        return mr_failed(&err);
    status = make(&session, dir, args->images);
    if (!status)
        status = train(&session, dir, args);
    mr_session_close(&session);
    return status;
}
