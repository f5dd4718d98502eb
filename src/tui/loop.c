/* SPDX-License-Identifier: MIT */
/*
 * The event loop: keys, wake-ups from this process, the clock for other processes, signals. It
 * draws only what is dirty and never waits for anything but poll().
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <misread/base/clock.h>
#include <misread/base/thread.h>
#include <misread/term/term.h>
#include <misread/tui/tui.h>

#include "explorer.h"
#include "pane.h"

/* Other processes' commits are looked for this often. */
#define LOOK_MS 100
/* While pictures wait, a frame this often (its own wake-up mostly comes first). */
#define BUSY_MS 40

/* What poll() watches, in this order. */
enum { WATCH_KEYS, WATCH_WAKE, WATCH_TERM, WATCH_SIGNAL, N_WATCHED };

struct loop {
    struct mr_explorer explorer;
    struct pollfd fds[N_WATCHED];
    bool has_more_to_learn;
};

static void take_keys(struct loop *loop)
{
    struct mr_explorer *explorer = &loop->explorer;
    struct mr_key key;

    while (!explorer->has_left && mr_term_key(explorer->term, &key))
        mr_explorer_key(explorer, &key);
}

static void leave(struct mr_explorer *explorer, enum mr_tui_exit how)
{
    explorer->exit = how;
    explorer->has_left = true;
}

static void take_signal(struct mr_explorer *explorer, int number)
{
    const struct mr_tui_options *options = explorer->options;

    switch (number) {
    case SIGHUP:
        mr_term_abandon(explorer->term);
        leave(explorer, MR_TUI_HANGUP);
        break;
    case SIGTERM:
    case SIGQUIT:
        leave(explorer,
              options->ops->is_training(options->ops_ctx) ? MR_TUI_STOP_NOW : MR_TUI_LEAVE);
        break;
    case SIGINT:
        mr_explorer_leave(explorer);
        break;
    default:
        break;
    }
}

/* One at a time: a second one shows in the next poll(), and reading on might block. */
static void take_signals(struct loop *loop)
{
    struct signalfd_siginfo info;

    if (read(loop->explorer.options->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        take_signal(&loop->explorer, (int)info.ssi_signo);
}

/* What a message or a mode shows changes with time alone. */
static void watch_time(struct mr_explorer *explorer)
{
    struct mr_message *message = &explorer->message;
    int64_t age = explorer->now_ms - message->since_ms;

    mr_decide_watch(explorer);
    if (message->for_ms && age >= message->for_ms) {
        message->for_ms = 0;
        explorer->is_dirty = true;
    } else if (message->for_ms && age > message->for_ms * 2 / 3) {
        explorer->is_dirty = true;
    }
}

static int patience_ms(const struct loop *loop)
{
    if (loop->has_more_to_learn || loop->explorer.is_dirty)
        return 0;
    return mr_term_is_busy(loop->explorer.term) ? BUSY_MS : LOOK_MS;
}

/* Waits for something to happen, then takes it all. */
static void wait_and_take(struct loop *loop)
{
    struct mr_explorer *explorer = &loop->explorer;
    int n;

    for (int i = 0; i < N_WATCHED; i++)
        loop->fds[i].revents = 0;
    n = poll(loop->fds, N_WATCHED, patience_ms(loop));
    if (n < 0 && errno != EINTR)
        leave(explorer, MR_TUI_HANGUP);
    explorer->now_ms = mr_clock_ms();
    if (loop->fds[WATCH_TERM].revents || (n == 0 && mr_term_is_busy(explorer->term)))
        explorer->is_dirty = true;
    if (loop->fds[WATCH_WAKE].revents)
        mr_wake_clear(explorer->options->wake);
    if (loop->fds[WATCH_WAKE].revents & POLLIN)
        explorer->is_dirty = true; /* a picture may have come */
    if (loop->fds[WATCH_SIGNAL].revents & POLLIN)
        take_signals(loop);
    take_keys(loop);
    if (mr_term_is_lost(explorer->term)) {
        mr_term_abandon(explorer->term);
        leave(explorer, MR_TUI_HANGUP);
    }
}

static void turn(struct loop *loop)
{
    struct mr_explorer *explorer = &loop->explorer;
    bool has_learnt;

    mr_decide_answers(explorer);
    mr_explorer_refresh(explorer);
    watch_time(explorer);
    if (explorer->is_dirty)
        mr_frame_draw(explorer);
    /* after the frame, and one epoch a turn: a key never waits for more than one read */
    has_learnt = mr_explorer_learn(explorer);
    if (loop->has_more_to_learn && !has_learnt)
        explorer->is_dirty = true;
    loop->has_more_to_learn = has_learnt;
}

static void watch(struct loop *loop, const struct mr_tui_options *options)
{
    const int fds[N_WATCHED] = {
        [WATCH_KEYS] = STDIN_FILENO,
        [WATCH_WAKE] = options->wake ? mr_wake_fd(options->wake) : -1,
        [WATCH_TERM] = mr_term_wake_fd(options->term),
        [WATCH_SIGNAL] = options->signal_fd,
    };

    for (int i = 0; i < N_WATCHED; i++)
        loop->fds[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
}

enum mr_status mr_tui_run(const struct mr_tui_options *options, enum mr_tui_exit *exit,
                          struct mr_error *err)
{
    struct loop loop = {0};
    struct mr_explorer *explorer = &loop.explorer;
    enum mr_status st = mr_explorer_init(explorer, options, err);

    if (st)
        return st;
    watch(&loop, options);
    mr_frame_draw(explorer); /* something is seen before anything is read */
    while (!explorer->has_left) {
        turn(&loop);
        wait_and_take(&loop);
    }
    *exit = explorer->exit;
    st = mr_decide_settle(explorer, err);
    mr_explorer_finish(explorer);
    return st;
}
