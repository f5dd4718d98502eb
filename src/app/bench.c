/* SPDX-License-Identifier: MIT */
/*
 * `bench`: how fast this machine trains, answers, decodes and draws. One mode is measured in this
 * process; several by calling ourselves once for each, because the memory a process has used at
 * most can only be asked of the whole process.
 */
#include "bench.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/pool.h>
#include <misread/base/str.h>
#include <misread/base/thread.h>
#include <misread/kernel/kernels.h>
#include <misread/kernel/machine.h>

#include "args.h"
#include "bench_show.h"
#include "commands.h"
#include "front.h"
#include "json.h"
#include "place.h"
#include "session.h"

extern char **environ;

/* What is measured where the command line does not say. */
struct defaults {
    enum mr_arch arch;
    int size_px, batch;
    double seconds;
};

static const struct mode {
    const char *name;
    enum mr_status (*measure)(const struct mr_bench *bench, cJSON *result, struct mr_error *err);
    bool is_default;
    struct defaults defaults;
    const char *about; /* what its numbers are, for people */
} modes[] = {
    {"train",
     mr_bench_train,
     true,
     {MR_ARCH_RESNET34, 224, 32, 10},
     "forward, loss, backward and AdamW; the median step, the first one left out"},
    {"infer",
     mr_bench_infer,
     true,
     {MR_ARCH_RESNET34, 224, 32, 10},
     "forward with running statistics; the median step, the first one left out"},
    {"decode",
     mr_bench_decode,
     false,
     {MR_ARCH_RESNET34, 224, 32, 10},
     "read, decode in the sandbox, resize, keep; files were read once before"},
    {"ui",
     mr_bench_ui,
     false,
     {MR_ARCH_RESNET18, 64, 32, 30},
     "from a key to the end of the frame that shows it, while all threads train; without the "
     "terminal's own painting"},
    {"views",
     mr_bench_views,
     false,
     {MR_ARCH_RESNET18, 64, 32, 30},
     "from a key to the end of its frame, on 100,000 made-up predictions of 100 classes"},
    {"tune",
     mr_bench_tune,
     false,
     {MR_ARCH_RESNET34, 224, 32, 1},
     "each 3x3 convolution of stride 1 by either algorithm, in turn: medians; runs that start "
     "from now on take what is kept"},
};

#define N_MODES ((int)(sizeof modes / sizeof *modes))

/* ---- for the measurements ---- */

void mr_bench_say(const char *fmt, ...)
{
    va_list args;

    if (!isatty(STDERR_FILENO))
        return;
    fputs("\r\033[K", stderr);
    if (!fmt)
        return;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
}

enum mr_status mr_bench_go_on(const struct mr_bench *bench, struct mr_error *err)
{
    if (!mr_session_take_signal(bench->session))
        return MR_OK;
    return mr_fail(err, MR_E_CANCELLED, "the measurement was stopped");
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double mr_bench_quantile(double *values, int n, double share)
{
    int i = (int)(share * n);

    qsort(values, (size_t)n, sizeof *values, ascending);
    return values[i < n ? i : n - 1];
}

void mr_bench_add_network(const struct mr_bench *bench, struct cJSON *result)
{
    cJSON_AddStringToObject(result, "arch", mr_arch_text(bench->arch));
    cJSON_AddNumberToObject(result, "size", bench->size_px);
    cJSON_AddNumberToObject(result, "batch", bench->batch);
}

/* ---- one mode, here ---- */

static void describe_machine(const struct mr_bench *bench, cJSON *report, struct mr_pool *pool)
{
    char text[160];

    mr_machine_cpu(text, sizeof text);
    mr_json_add_text(report, "cpu", text);
    mr_json_add_text(report, "isa", bench->kernels->isa);
    cJSON_AddNumberToObject(report, "threads", bench->n_threads);
    mr_bench_say("what the processor could do at best");
    cJSON_AddNumberToObject(report, "peak_gflops", bench->kernels->peak_gflops(pool));
}

static enum mr_status measure(const struct mr_bench *bench, const struct mode *mode, cJSON *report,
                              struct mr_error *err)
{
    struct mr_pool *pool = NULL;
    cJSON *result = cJSON_CreateObject();
    enum mr_status st = mr_pool_create(&pool, bench->n_threads, err);

    if (!st)
        describe_machine(bench, report, pool);
    mr_pool_destroy(pool);
    cJSON_AddStringToObject(result, "mode", mode->name);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(report, "results"), result);
    if (!st)
        st = mode->measure(bench, result, err);
    mr_bench_say(NULL);
    return st;
}

static const struct mode *find_mode(const char *name)
{
    for (int i = 0; i < N_MODES; i++)
        if (!strcmp(modes[i].name, name))
            return &modes[i];
    return NULL;
}

static void show_text(const cJSON *report)
{
    const cJSON *result;

    mr_bench_show(report);
    putchar('\n');
    cJSON_ArrayForEach(result, cJSON_GetObjectItem(report, "results"))
    {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(result, "mode"));

        printf("%-6s %s\n", name, find_mode(name)->about);
    }
}

/* Takes the report. */
static void show(cJSON *report, const struct mr_args *args)
{
    if (args->json) {
        mr_json_print(report);
        return;
    }
    show_text(report);
    cJSON_Delete(report);
}

/* What was given of the network, else what suits the mode. */
static int given(const struct mr_args *args, const char *flag, int value, int otherwise)
{
    return mr_args_gave(args, flag) ? value : otherwise;
}

static void set_up(struct mr_bench *bench, const struct mode *mode, const struct mr_args *args)
{
    *bench = (struct mr_bench){
        .arch = (enum mr_arch)given(args, "arch", (int)args->train.arch, (int)mode->defaults.arch),
        .size_px = given(args, "size", args->train.size_px, mode->defaults.size_px),
        .batch = given(args, "batch", args->train.batch, mode->defaults.batch),
        .n_threads = args->train.n_threads ? args->train.n_threads : mr_thread_n_cores(),
        .kernels = args->train.isa[0] ? mr_kernels_find(args->train.isa) : mr_kernels_best(),
        .seconds = args->seconds > 0 ? args->seconds : mode->defaults.seconds,
        .in_process = args->unsafe_inprocess,
    };
}

static int run_one(const struct mode *mode, const struct mr_args *args, struct mr_session *session)
{
    struct mr_place place = {0};
    struct mr_bench bench;
    struct mr_error err = {0};
    cJSON *report = cJSON_CreateObject();
    enum mr_status st = MR_OK;

    set_up(&bench, mode, args);
    bench.session = session;
    if (args->n_rest)
        st = mr_place_find(&place, args->rest[0], NULL, &err);
    bench.data_dir = place.data_dir;
    if (!st)
        st = measure(&bench, mode, report, &err);
    if (!st)
        show(report, args);
    else
        cJSON_Delete(report);
    mr_place_finish(&place);
    return st ? mr_failed(&err) : EXIT_SUCCESS;
}

/* ---- several modes, each in a process of its own ---- */

void mr_bench_words_adopt(struct mr_bench_words *words, char *word)
{
    assert(words->n + 1 < (int)(sizeof words->argv / sizeof *words->argv));
    words->argv[words->n++] = word;
}

void mr_bench_words_add_options(struct mr_bench_words *words, const struct mr_bench *bench)
{
    mr_bench_words_adopt(words, mr_xasprintf("--arch=%s", mr_arch_text(bench->arch)));
    mr_bench_words_adopt(words, mr_xasprintf("--size=%d", bench->size_px));
    mr_bench_words_adopt(words, mr_xasprintf("--batch=%d", bench->batch));
    mr_bench_words_adopt(words, mr_xasprintf("--threads=%d", bench->n_threads));
    mr_bench_words_adopt(words, mr_xasprintf("--isa=%s", bench->kernels->isa));
    if (bench->in_process)
        mr_bench_words_adopt(words, mr_xstrdup("--unsafe-inprocess"));
}

void mr_bench_words_finish(struct mr_bench_words *words)
{
    for (int i = 0; i < words->n; i++)
        free(words->argv[i]);
    *words = (struct mr_bench_words){.n = 0};
}

static struct mr_bench_words words_for(const struct mode *mode, const struct mr_args *args)
{
    struct mr_bench_words words = {.n = 0};
    struct mr_bench bench;

    set_up(&bench, mode, args);
    mr_bench_words_adopt(&words, mr_xstrdup("misread"));
    mr_bench_words_adopt(&words, mr_xstrdup("bench"));
    mr_bench_words_adopt(&words, mr_xasprintf("--mode=%s", mode->name));
    mr_bench_words_adopt(&words, mr_xasprintf("--seconds=%g", bench.seconds));
    mr_bench_words_adopt(&words, mr_xstrdup("--json"));
    mr_bench_words_add_options(&words, &bench);
    mr_bench_words_adopt(&words, mr_xstrdup("--"));
    for (int i = 0; i < args->n_rest; i++)
        mr_bench_words_adopt(&words, mr_xstrdup(args->rest[i]));
    return words;
}

/* Starts this program again, signals as a shell leaves them; returns where its stdout can be read,
 * or -1 with errno. */
static int start(char **argv, pid_t *program)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC))
        return -1;
    sigemptyset(&none);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    errno = posix_spawn(program, "/proc/self/exe", &actions, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    close(ends[1]);
    if (!errno)
        return ends[0];
    close(ends[0]);
    return -1;
}

/* Reads until the program closes its side. Signals to stop are passed on to it. */
static struct mr_str read_all(int out, pid_t program, const struct mr_session *session)
{
    struct pollfd fds[2] = {{.fd = out, .events = POLLIN},
                            {.fd = session->signals, .events = POLLIN}};
    struct mr_str text = MR_STR_EMPTY;
    char bytes[4096];
    ssize_t n = 1;

    while (n > 0 && poll(fds, 2, -1) > 0) {
        if (mr_session_take_signal(session))
            kill(program, SIGTERM);
        if (fds[0].revents && (n = read(out, bytes, sizeof bytes)) > 0)
            mr_str_add_n(&text, bytes, (size_t)n);
    }
    close(out);
    return text;
}

/* *report is what the program printed. Returns its exit status; it has said why it failed. */
static int run_other(const struct mode *mode, const struct mr_args *args,
                     const struct mr_session *session, cJSON **report)
{
    struct mr_bench_words words = words_for(mode, args);
    struct mr_str text;
    pid_t program;
    int status, out = start(words.argv, &program);

    mr_bench_words_finish(&words);
    if (out < 0) {
        fprintf(stderr, "misread: cannot start the program: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    text = read_all(out, program, session);
    waitpid(program, &status, 0);
    *report = cJSON_Parse(text.text ? text.text : "");
    mr_str_finish(&text);
    if (WIFEXITED(status) && WEXITSTATUS(status))
        return WEXITSTATUS(status);
    return *report ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Moves the results of one report to another. */
static void merge(cJSON *into, cJSON *from)
{
    cJSON *results = cJSON_GetObjectItem(from, "results");

    while (cJSON_GetArraySize(results))
        cJSON_AddItemToArray(cJSON_GetObjectItem(into, "results"),
                             cJSON_DetachItemFromArray(results, 0));
}

static int run_defaults(const struct mr_args *args, const struct mr_session *session)
{
    cJSON *all = NULL;
    int status = EXIT_SUCCESS;

    mr_front_forget();
    for (int i = 0; i < N_MODES && !status; i++) {
        cJSON *report = NULL;

        if (!modes[i].is_default)
            continue;
        status = run_other(&modes[i], args, session, &report);
        if (!status && all)
            merge(all, report);
        if (status || all)
            cJSON_Delete(report);
        else
            all = report;
    }
    if (!status)
        show(all, args);
    else
        cJSON_Delete(all);
    return status;
}

int mr_bench_main(struct mr_args *args)
{
    const struct mode *mode = args->mode ? find_mode(args->mode) : NULL;
    const struct mr_kernels *kernels;
    struct mr_session session;
    struct mr_error err = {0};
    int status;

    if (mr_kernels_choose(&kernels, args->train.isa, &err))
        return mr_failed(&err);
    /* Decoders are wanted only where something is measured. */
    if (mr_session_open(&session, !mode || args->unsafe_inprocess, &err))
        return mr_failed(&err);
    status = mode ? run_one(mode, args, &session) : run_defaults(args, &session);
    mr_session_close(&session);
    return status;
}
