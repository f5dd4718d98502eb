/* SPDX-License-Identifier: MIT */
/* Waiting for what takes long: a line of progress on a terminal, and signals that end it. */
#ifndef MISREAD_APP_WATCH_H
#define MISREAD_APP_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct mr_error;
struct mr_series_progress;
struct mr_session;

struct mr_watch {
    const struct mr_session *session; /* borrowed */
    const char *what;                 /* one training of it is called so */
    bool is_terminal, line_open;
    int signal; /* the one that ended it; 0: none */
};

struct mr_watch mr_watch_begin(const struct mr_session *session, const char *what);
/* For the `progress` of a series; ctx is the watch. False once a signal came. */
bool mr_watch_show(void *ctx, const struct mr_series_progress *progress);
/* The same for what tells how many are done, without a line. */
bool mr_watch_goes_on(void *ctx, int64_t n_done, int64_t n_total);
/* Takes the line away. */
void mr_watch_end(struct mr_watch *watch);
/* Says why it failed and returns the exit status: 128 + the signal, if one ended it. */
int mr_watch_failed(const struct mr_watch *watch, const struct mr_error *err);

#endif
