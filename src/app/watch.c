/* SPDX-License-Identifier: MIT */
/* The line is on stderr: what is asked for may be read by a script. */
#include "watch.h"

#include <stdio.h>
#include <unistd.h>

#include <misread/train/series.h>

#include "commands.h"
#include "session.h"

struct mr_watch mr_watch_begin(const struct mr_session *session, const char *what)
{
    return (struct mr_watch){
        .session = session, .what = what, .is_terminal = isatty(STDERR_FILENO)};
}

bool mr_watch_show(void *ctx, const struct mr_series_progress *progress)
{
    const struct mr_series_progress *p = progress;
    struct mr_watch *watch = ctx;

    if (watch->is_terminal && p->n_total) {
        fprintf(stderr, "\r\033[K%s %d of %d  %s %lld/%lld", watch->what, p->index, p->n, p->phase,
                (long long)p->n_done, (long long)p->n_total);
        if (p->epoch)
            fprintf(stderr, "  epoch %d/%d", p->epoch, p->n_epochs);
        if (p->eta_ms >= 0)
            fprintf(stderr, "  %lld:%02lld left", (long long)(p->eta_ms / 60000),
                    (long long)(p->eta_ms / 1000 % 60));
        watch->line_open = true;
    }
    return mr_watch_goes_on(watch, p->n_done, p->n_total);
}

bool mr_watch_goes_on(void *ctx, int64_t n_done, int64_t n_total)
{
    struct mr_watch *watch = ctx;

    (void)n_done;
    (void)n_total;
    watch->signal = mr_session_take_signal(watch->session);
    return !watch->signal;
}

void mr_watch_end(struct mr_watch *watch)
{
    if (watch->line_open)
        fputs("\r\033[K", stderr);
    watch->line_open = false;
}

int mr_watch_failed(const struct mr_watch *watch, const struct mr_error *err)
{
    int status = mr_failed(err);

    return watch->signal ? 128 + watch->signal : status;
}
