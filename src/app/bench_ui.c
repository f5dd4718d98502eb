/* SPDX-License-Identifier: MIT */
/*
 * `bench` of the screen: the program itself, training, in a terminal that only reads. A key has
 * been answered when the frame that shows its effect has arrived whole, up to the mark that ends a
 * synchronised update; what a real terminal takes to paint it comes on top.
 */
#include "bench.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/base/str.h>
#include <misread/data/demo.h>

#include "front.h"

#define QUESTION_END   "\033[c"
#define ANSWER         "\033[?2026;2$y\033[?62c" /* synchronised updates, no sixel */
#define FRAME_END      "\033[?2026l"
#define PAUSE_MS       150 /* a hand does not type faster */
#define PATIENCE_MS    10000
#define FIRST_EPOCH_MS 600000
#define N_DEMO_IMAGES  96

/* What is typed in turn, and the words by which the frame is known. */
static const struct {
    char key;
    const char *shows;
} script[] = {{'1', "most confused"}, {'?', "keys of"}, {'?', "most confused"}, {'2', "precision"}};

#define N_SCRIPT    ((int)(sizeof script / sizeof *script))
#define FEWEST_KEYS (2 * N_SCRIPT)

struct ui {
    const struct mr_bench *bench; /* borrowed */
    int terminal;
    pid_t program;
    struct mr_str seen; /* since the last key */
};

/* ---- the terminal ---- */

static bool has_shown(const struct ui *ui, const char *words, const char *end)
{
    const char *at = ui->seen.text ? strstr(ui->seen.text, words) : NULL;

    return at && strstr(at, end);
}

/* What the program writes in the next moment; false when it has closed its side. */
static bool listen(struct ui *ui, int ms)
{
    struct pollfd fd = {.fd = ui->terminal, .events = POLLIN};
    char bytes[65536];
    ssize_t n;

    if (poll(&fd, 1, ms) <= 0)
        return true;
    n = read(ui->terminal, bytes, sizeof bytes);
    if (n > 0)
        mr_str_add_n(&ui->seen, bytes, (size_t)n);
    return n > 0;
}

static enum mr_status wait_for(struct ui *ui, const char *words, const char *end, int ms,
                               struct mr_error *err)
{
    int64_t limit = mr_clock_ms() + ms;
    enum mr_status st = MR_OK;

    while (!st && !has_shown(ui, words, end)) {
        st = mr_bench_go_on(ui->bench, err);
        if (!st && !listen(ui, 20))
            st = mr_fail(err, MR_E_IO, "the explorer ended before it showed '%s'", words);
        else if (!st && mr_clock_ms() > limit)
            st = mr_fail(err, MR_E_IO, "the explorer did not show '%s' in %d s", words, ms / 1000);
    }
    return st;
}

static enum mr_status type(struct ui *ui, const char *bytes, struct mr_error *err)
{
    mr_str_clear(&ui->seen);
    if (write(ui->terminal, bytes, strlen(bytes)) == (ssize_t)strlen(bytes))
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

static enum mr_status start(struct ui *ui, const char *data_dir, const char *folder,
                            struct mr_error *err)
{
    const struct winsize size = {.ws_row = 36, .ws_col = 120};
    struct mr_bench_words words = {.n = 0};

    mr_bench_words_adopt(&words, mr_xstrdup("misread"));
    mr_bench_words_adopt(&words, mr_xstrdup("train"));
    mr_bench_words_adopt(&words, mr_xasprintf("--project=%s/project", folder));
    mr_bench_words_adopt(&words, mr_xstrdup("--epochs=10000"));
    mr_bench_words_add_options(&words, ui->bench);
    mr_bench_words_adopt(&words, mr_xstrdup("--"));
    mr_bench_words_adopt(&words, mr_xstrdup(data_dir));
    prepare_environment(folder);
    ui->program = forkpty(&ui->terminal, NULL, NULL, &size);
    if (!ui->program)
        become(words.argv);
    mr_bench_words_finish(&words);
    return ui->program > 0 ? MR_OK : mr_fail(err, MR_E_IO, "cannot open a terminal to measure in");
}

/* It ends by itself between two batches; its terminal must not close before, or it would detach. */
static void stop(struct ui *ui)
{
    int64_t limit = mr_clock_ms() + FIRST_EPOCH_MS;

    mr_bench_say("waiting for the explorer to end");
    kill(ui->program, SIGTERM);
    while (mr_clock_ms() < limit && listen(ui, 100))
        mr_str_clear(&ui->seen);
    close(ui->terminal);
    waitpid(ui->program, NULL, 0);
}

/* ---- the keys ---- */

/* Until an epoch is over and the matrix shows it: it trains, and every screen has what it shows. */
static enum mr_status warm_up(struct ui *ui, struct mr_error *err)
{
    enum mr_status st;

    mr_bench_say("waiting for the first epoch");
    st = wait_for(ui, QUESTION_END, "", PATIENCE_MS, err);
    if (!st)
        st = type(ui, ANSWER, err);
    if (!st)
        st = wait_for(ui, "most confused", FRAME_END, PATIENCE_MS, err);
    if (!st)
        st = type(ui, "2", err);
    return st ? st : wait_for(ui, "precision", FRAME_END, FIRST_EPOCH_MS, err);
}

static enum mr_status time_key(struct ui *ui, int i, double *ms, struct mr_error *err)
{
    const char key[2] = {script[i % N_SCRIPT].key};
    int64_t began;
    enum mr_status st;

    for (int64_t end = mr_clock_ms() + PAUSE_MS; mr_clock_ms() < end;)
        listen(ui, (int)(end - mr_clock_ms()));
    began = mr_clock_us();
    st = type(ui, key, err);
    if (!st)
        st = wait_for(ui, script[i % N_SCRIPT].shows, FRAME_END, PATIENCE_MS, err);
    *ms = (double)(mr_clock_us() - began) / 1e3;
    return st;
}

static enum mr_status time_keys(struct ui *ui, cJSON *result, struct mr_error *err)
{
    int64_t began = mr_clock_ms(), wanted_ms = (int64_t)(ui->bench->seconds * 1e3);
    double *ms = NULL;
    int n = 0;
    enum mr_status st = MR_OK;

    while (!st && (n < FEWEST_KEYS || mr_clock_ms() - began < wanted_ms)) {
        ms = mr_xrealloc(ms, (size_t)n + 1, sizeof *ms);
        st = time_key(ui, n, &ms[n], err);
        if (!st)
            mr_bench_say("key %d: %.1f ms", n + 1, ms[n]);
        n++;
    }
    if (!st) {
        cJSON_AddNumberToObject(result, "keys", n);
        cJSON_AddNumberToObject(result, "median_ms", mr_bench_quantile(ms, n, .5));
        cJSON_AddNumberToObject(result, "p99_ms", mr_bench_quantile(ms, n, .99));
    }
    free(ms);
    return st;
}

static bool show_making(void *ctx, int64_t n_done, int64_t n_total)
{
    mr_bench_say("making the demo: %lld of %lld images", (long long)n_done, (long long)n_total);
    return !mr_bench_go_on(ctx, NULL);
}

static enum mr_status make_demo(const struct mr_bench *bench, const char *folder, char **data_dir,
                                struct mr_error *err)
{
    const struct mr_demo_options options = {
        .n_images = N_DEMO_IMAGES, .progress = show_making, .ctx = (void *)bench};

    *data_dir = mr_path_join(folder, "demo");
    return mr_demo_make(*data_dir, &options, err);
}

static enum mr_status measure(const struct mr_bench *bench, const char *data_dir,
                              const char *folder, cJSON *result, struct mr_error *err)
{
    struct ui ui = {.bench = bench};
    enum mr_status st = start(&ui, data_dir, folder, err);

    if (st)
        return st;
    mr_bench_add_network(bench, result);
    st = warm_up(&ui, err);
    if (!st)
        st = time_keys(&ui, result, err);
    stop(&ui);
    mr_str_finish(&ui.seen);
    return st;
}

enum mr_status mr_bench_ui(const struct mr_bench *bench, struct cJSON *result, struct mr_error *err)
{
    char *folder = NULL, *demo = NULL;
    enum mr_status st = mr_bench_folder_make(&folder, err);

    if (!st && !bench->data_dir)
        st = make_demo(bench, folder, &demo, err);
    if (!st)
        st = measure(bench, demo ? demo : bench->data_dir, folder, result, err);
    mr_bench_folder_remove(folder);
    free(demo);
    return st;
}
