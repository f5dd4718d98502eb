/* SPDX-License-Identifier: MIT */
/* The program itself in a pseudo-terminal that only reads. */
#include "bench_terminal.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <misread/base/clock.h>
#include <misread/base/str.h>

#include "bench.h"
#include "front.h"

#define QUESTION_END "\033[c"
#define ANSWER       "\033[?2026;2$y\033[?62c" /* synchronised updates, no sixel */
#define END_MS       600000

/* ---- the terminal ---- */

static bool has_shown(const struct mr_bench_terminal *t, const char *words, const char *end)
{
    const char *at = t->seen.text ? strstr(t->seen.text, words) : NULL;

    return at && strstr(at, end);
}

/* What the program writes in the next moment; false when it has closed its side. */
bool mr_bench_terminal_listen(struct mr_bench_terminal *t, int ms)
{
    struct pollfd fd = {.fd = t->fd, .events = POLLIN};
    char bytes[65536];
    ssize_t n;

    if (poll(&fd, 1, ms) <= 0)
        return true;
    n = read(t->fd, bytes, sizeof bytes);
    if (n > 0)
        mr_str_add_n(&t->seen, bytes, (size_t)n);
    return n > 0;
}

enum mr_status mr_bench_terminal_wait(struct mr_bench_terminal *t, const char *words,
                                      const char *end, int ms, struct mr_error *err)
{
    int64_t limit = mr_clock_ms() + ms;
    enum mr_status st = MR_OK;

    while (!st && !has_shown(t, words, end)) {
        st = mr_bench_go_on(t->bench, err);
        if (!st && !mr_bench_terminal_listen(t, 20))
            st = mr_fail(err, MR_E_IO, "the explorer ended before it showed '%s'", words);
        else if (!st && mr_clock_ms() > limit)
            st = mr_fail(err, MR_E_IO, "the explorer did not show '%s' in %d s", words, ms / 1000);
    }
    return st;
}

enum mr_status mr_bench_terminal_type(struct mr_bench_terminal *t, const char *bytes,
                                      struct mr_error *err)
{
    mr_str_clear(&t->seen);
    if (write(t->fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes))
        return MR_OK;
    return mr_fail(err, MR_E_IO, "the explorer does not take keys");
}

/* ---- the program ---- */

static void prepare_environment(const char *folder)
{
    setenv("TERM", "xterm-256color", 1);
    setenv("XDG_STATE_HOME", folder, 1); /* the last project is not this one */
    unsetenv("LINES");
    unsetenv("COLUMNS");
    mr_front_forget();
}

/* In the child: signals as a shell leaves them. */
static void become(char **argv)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGTTOU, SIG_DFL);
    execv("/proc/self/exe", argv);
    _exit(127);
}

enum mr_status mr_bench_terminal_open(struct mr_bench_terminal *t, const struct mr_bench *bench,
                                      char **argv, const char *folder, struct mr_error *err)
{
    const struct winsize size = {.ws_row = 36, .ws_col = 120};
    enum mr_status st;

    *t = (struct mr_bench_terminal){.bench = bench};
    prepare_environment(folder);
    t->program = forkpty(&t->fd, NULL, NULL, &size);
    if (!t->program)
        become(argv);
    if (t->program < 0)
        return mr_fail(err, MR_E_IO, "cannot open a terminal to measure in");
    st = mr_bench_terminal_wait(t, QUESTION_END, "", MR_BENCH_PATIENCE_MS, err);
    if (!st)
        st = mr_bench_terminal_type(t, ANSWER, err);
    if (st)
        mr_bench_terminal_close(t);
    return st;
}

/* It ends by itself between two batches; its terminal must not close before, or it would detach. */
void mr_bench_terminal_close(struct mr_bench_terminal *t)
{
    int64_t limit = mr_clock_ms() + END_MS;

    mr_bench_say("waiting for the explorer to end");
    kill(t->program, SIGTERM);
    while (mr_clock_ms() < limit && mr_bench_terminal_listen(t, 100))
        mr_str_clear(&t->seen);
    close(t->fd);
    waitpid(t->program, NULL, 0);
    mr_str_finish(&t->seen);
}
