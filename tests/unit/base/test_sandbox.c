/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <misread/base/clock.h>
#include <misread/base/sandbox.h>
#include <misread/base/thread.h>

#define MiB         ((size_t)1 << 20)
#define DEADLINE_MS 300

/* Sanitizers and valgrind make system calls of their own, which strict seccomp answers with death.
 */
static bool needs_in_process(void)
{
    const char *preload = getenv("LD_PRELOAD");

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
    return true;
#endif
#endif
    return preload && strstr(preload, "vgpreload");
}

#define skip_without_processes()                                                                 \
    do {                                                                                         \
        if (needs_in_process())                                                                  \
            skip_because("sanitizers cannot live under strict seccomp: decoding is in-process"); \
    } while (0)

/* ---- parsers ---- */

/* out: the input backwards; values[0]: the sum of args */
static void reverse(struct mr_sandbox_call *call)
{
    for (size_t i = 0; i < call->n_in; i++)
        call->out[i] = call->in[call->n_in - 1 - i];
    for (int i = 0; i < MR_SANDBOX_N_ARGS; i++)
        call->values[0] += call->args[i];
    call->n_out = call->n_in;
}

static void refuse(struct mr_sandbox_call *call)
{
    call->status = MR_E_FORMAT;
    memcpy(call->message, "no \033[31mred\xff", 12);
}

static void open_a_file(struct mr_sandbox_call *call)
{
    syscall(SYS_openat, -100, "/etc/passwd", O_RDONLY, 0);
}

static void map_memory(struct mr_sandbox_call *call)
{
    mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void fork_a_child(struct mr_sandbox_call *call)
{
    syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/* Signal 0: should it ever get through, nobody is hurt. */
static void signal_another(struct mr_sandbox_call *call)
{
    syscall(SYS_kill, 1, 0);
}

static void exit_by_itself(struct mr_sandbox_call *call)
{
    syscall(SYS_exit, 0);
}

static void crash(struct mr_sandbox_call *call)
{
    volatile int *volatile nowhere = NULL;

    *nowhere = 1;
}

static void hang(struct mr_sandbox_call *call)
{
    volatile int i = 0;

    while (i >= 0)
        i = 0;
}

static void answer_too_much(struct mr_sandbox_call *call)
{
    call->n_out = call->out_cap + 1;
}

static void answer_an_unknown_status(struct mr_sandbox_call *call)
{
    call->status = (enum mr_status)99;
}

static void answer_a_wrong_size(struct mr_sandbox_call *call)
{
    call->n_out = 4;
    call->values[0] = -1;
}

static void answer_twice(struct mr_sandbox_call *call)
{
    static const char junk[] = "a packet of the wrong size";

    if (write(3, junk, sizeof junk) < 0)
        call->values[0] = 1;
}

/* A whole answer of zeros before the true one: fine, empty, and of no request. */
static void answer_before_it_is_asked(struct mr_sandbox_call *call)
{
    static const struct {
        uint64_t serial;
        size_t n_out;
        int status, values[MR_SANDBOX_N_VALUES];
        char message[sizeof call->message];
    } forged;

    if (write(3, &forged, sizeof forged) < 0)
        call->values[0] = 1;
}

static void allocate(struct mr_sandbox_call *call)
{
    size_t n = (size_t)call->args[0] * MiB;
    char *p = malloc(n);

    if (p) {
        memset(p, 1, n);
        call->values[0] = p[n - 1];
    }
    free(p);
}

/* Writes into every descriptor but its own. */
static void write_everywhere(struct mr_sandbox_call *call)
{
    for (int fd = 0; fd < 256; fd++)
        if (fd != 3 && write(fd, "!", 1) == 1)
            call->values[0]++;
}

static void fill(struct mr_sandbox_call *call)
{
    call->n_out = (size_t)call->args[0] * MiB;
    memset(call->out, 7, call->n_out);
}

enum {
    REVERSE,
    REFUSE,
    OPEN,
    MAP,
    FORK,
    SIGNAL,
    EXIT,
    CRASH,
    HANG,
    TOO_MUCH,
    UNKNOWN_STATUS,
    WRONG_SIZE,
    TWICE,
    FORGE,
    ALLOCATE,
    WRITE,
    FILL,
    N_PARSERS
};

static const struct mr_sandbox_parser parsers[N_PARSERS] = {
    [REVERSE] = {"reverse", reverse},
    [REFUSE] = {"refuse", refuse},
    [OPEN] = {"open", open_a_file},
    [MAP] = {"map", map_memory},
    [FORK] = {"fork", fork_a_child},
    [SIGNAL] = {"signal", signal_another},
    [EXIT] = {"exit", exit_by_itself},
    [CRASH] = {"crash", crash},
    [HANG] = {"hang", hang},
    [TOO_MUCH] = {"too much", answer_too_much},
    [UNKNOWN_STATUS] = {"unknown status", answer_an_unknown_status},
    [WRONG_SIZE] = {"wrong size", answer_a_wrong_size},
    [FORGE] = {"forge", answer_before_it_is_asked},
    [TWICE] = {"twice", answer_twice},
    [ALLOCATE] = {"allocate", allocate},
    [WRITE] = {"write", write_everywhere},
    [FILL] = {"fill", fill},
};

/* ---- calling them ---- */

static struct mr_sandbox *make_hasty_sandbox(int n_decoders, int deadline_ms)
{
    struct mr_sandbox_options options = {
        .parsers = parsers,
        .n_parsers = N_PARSERS,
        .n_decoders = n_decoders,
        .in_cap = MiB,
        .out_cap = 64 * MiB,
        .heap = 32 * MiB,
        .deadline_ms = deadline_ms,
        .in_process = needs_in_process(),
    };
    struct mr_sandbox *sandbox = NULL;
    struct mr_error err;

    assert_ok(mr_sandbox_create(&sandbox, &options, &err), err);
    return sandbox;
}

/* In no haste: a busy machine must not look like a hanging parser. */
static struct mr_sandbox *make_sandbox(int n_decoders)
{
    return make_hasty_sandbox(n_decoders, 60000);
}

struct taken {
    char text[64];
    int value;
    size_t n;
    unsigned sum; /* of all output */
};

static enum mr_status take(void *ctx, const struct mr_sandbox_call *call, struct mr_error *err)
{
    struct taken *taken = ctx;

    if (call->values[0] < 0)
        return mr_fail(err, MR_E_SANDBOX, "a size below zero");
    taken->n = call->n_out;
    taken->value = call->values[0];
    for (size_t i = 0; i < call->n_out; i++)
        taken->sum += call->out[i];
    memcpy(taken->text, call->out, call->n_out < 63 ? call->n_out : 63);
    taken->text[call->n_out < 63 ? call->n_out : 63] = '\0';
    return MR_OK;
}

static enum mr_status run(struct mr_sandbox *sandbox, int parser, const char *text, int arg,
                          struct taken *taken, struct mr_error *err)
{
    int args[MR_SANDBOX_N_ARGS] = {arg};

    *taken = (struct taken){.value = -1};
    return mr_sandbox_run(sandbox, MR_SANDBOX_WORK, parser, (const unsigned char *)text,
                          strlen(text), args, take, taken, err);
}

static void expect_that_it_works(struct mr_sandbox *sandbox)
{
    struct taken taken;
    struct mr_error err;

    assert_ok(run(sandbox, REVERSE, "abc", 5, &taken, &err), err);
    assert_string_equal(taken.text, "cba");
    assert_int_equal(taken.value, 5);
}

static void expect_sandbox_error(struct mr_sandbox *sandbox, int parser, const char *part)
{
    struct taken taken;
    struct mr_error err = {0};

    assert_int_equal(run(sandbox, parser, "x", 0, &taken, &err), MR_E_SANDBOX);
    assert_int_equal(taken.value, -1); /* take was not called, or refused */
    if (!strstr(err.message, part))
        fail_msg("%s: '%s' does not say '%s'", parsers[parser].name, err.message, part);
    expect_that_it_works(sandbox);
}

/* ---- processes ---- */

/* Field number `field` (1 is the pid) of /proc/PID/stat, behind the name; -1 if the process is
 * gone. */
static long read_stat(pid_t pid, int field)
{
    char path[64], line[512], *p;
    FILE *f;
    size_t n;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    f = fopen(path, "r");
    if (!f)
        return -1;
    n = fread(line, 1, sizeof line - 1, f);
    fclose(f);
    line[n] = '\0';
    p = strrchr(line, ')');
    if (!p)
        return -1;
    p += 2;
    for (int i = 3; i < field && p; i++)
        p = strchr(p, ' ') ? strchr(p, ' ') + 1 : NULL;
    if (!p)
        return -1;
    return field == 3 ? *p : strtol(p, NULL, 10);
}

static bool has_ended(pid_t pid)
{
    long state = read_stat(pid, 3);

    return state == -1 || state == 'Z' || state == 'X';
}

static bool ends_within(pid_t pid, int ms)
{
    for (int64_t end = mr_clock_ms() + ms; mr_clock_ms() < end; mr_clock_sleep_ms(2))
        if (has_ended(pid))
            return true;
    return has_ended(pid);
}

static int find_children(pid_t parent, pid_t *pids, int cap)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    int n = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0])) {
            pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

            if (read_stat(pid, 4) == parent && !has_ended(pid) && n < cap)
                pids[n++] = pid;
        }
    closedir(dir);
    return n;
}

static pid_t find_zygote(void)
{
    pid_t pid = 0;

    assert_int_equal(find_children(getpid(), &pid, 1), 1);
    return pid;
}

/* The number behind `key` in /proc/PID/status. */
static long read_status(pid_t pid, const char *key)
{
    char path[64], line[256];
    long value = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
            value = strtol(line + strlen(key) + 1, NULL, 10);
    fclose(f);
    return value;
}

/* ---- cases ---- */

static void runs_a_parser_and_hands_its_output_over(void **state)
{
    struct mr_sandbox *sandbox = make_sandbox(1);
    struct taken taken;
    struct mr_error err;

    expect_that_it_works(sandbox);
    assert_ok(run(sandbox, REVERSE, "", 0, &taken, &err), err);
    assert_int_equal(taken.n, 0);
    mr_sandbox_destroy(sandbox);
}

static void passes_a_refusal_on_with_a_printable_sentence(void **state)
{
    struct mr_sandbox *sandbox = make_sandbox(1);
    struct taken taken;
    struct mr_error err;

    assert_int_equal(run(sandbox, REFUSE, "x", 0, &taken, &err), MR_E_FORMAT);
    assert_int_equal(err.status, MR_E_FORMAT);
    assert_string_equal(err.message, "no ?[31mred?");
    expect_that_it_works(sandbox);
    mr_sandbox_destroy(sandbox);
}

static void refuses_more_input_than_it_has_room_for(void **state)
{
    struct mr_sandbox *sandbox = make_sandbox(1);
    unsigned char *much = calloc(1, MiB + 1);
    struct taken taken;
    struct mr_error err;

    assert_non_null(much);
    assert_int_equal(
        mr_sandbox_run(sandbox, MR_SANDBOX_WORK, REVERSE, much, MiB + 1, NULL, take, &taken, &err),
        MR_E_LIMIT);
    assert_ok(
        mr_sandbox_run(sandbox, MR_SANDBOX_WORK, REVERSE, much, MiB, NULL, take, &taken, &err),
        err);
    assert_int_equal(run(sandbox, N_PARSERS, "", 0, &taken, &err), MR_E_USAGE);
    free(much);
    mr_sandbox_destroy(sandbox);
}

static void catches_answers_that_make_no_sense(void **state)
{
    struct mr_sandbox *sandbox = make_sandbox(1);

    expect_sandbox_error(sandbox, TOO_MUCH, "nonsense");
    expect_sandbox_error(sandbox, UNKNOWN_STATUS, "nonsense");
    expect_sandbox_error(sandbox, WRONG_SIZE, "a size below zero");
    if (!needs_in_process()) {
        expect_sandbox_error(sandbox, TWICE, "nonsense");
        expect_sandbox_error(sandbox, FORGE, "nonsense");
    }
    mr_sandbox_destroy(sandbox);
}

static void kills_a_parser_that_makes_any_other_system_call(void **state)
{
    static const int hostile[] = {OPEN, MAP, FORK, SIGNAL};
    struct mr_sandbox *sandbox;

    skip_without_processes();
    sandbox = make_sandbox(1);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
        expect_sandbox_error(sandbox, hostile[i], "something forbidden");
    mr_sandbox_destroy(sandbox);
}

static void survives_a_parser_that_crashes_or_leaves(void **state)
{
    struct mr_sandbox *sandbox;

    skip_without_processes();
    sandbox = make_sandbox(1);
    expect_sandbox_error(sandbox, CRASH, "crashed");
    expect_sandbox_error(sandbox, EXIT, "stopped");
    mr_sandbox_destroy(sandbox);
}

static void kills_a_parser_at_its_deadline(void **state)
{
    struct mr_sandbox *sandbox;
    int64_t best = INT64_MAX;

    skip_without_processes();
    sandbox = make_hasty_sandbox(1, DEADLINE_MS);
    for (int i = 0; i < 5; i++) {
        int64_t start = mr_clock_ms(), took;
        struct taken taken;
        struct mr_error err;

        assert_int_equal(run(sandbox, HANG, "", 0, &taken, &err), MR_E_SANDBOX);
        took = mr_clock_ms() - start;
        assert_non_null(strstr(err.message, "longer than 300 ms"));
        assert_true(took >= DEADLINE_MS);
        best = took < best ? took : best;
        expect_that_it_works(sandbox);
        if (best <= DEADLINE_MS + 50)
            break; /* a busy machine may need another try */
    }
    assert_in_range(best, DEADLINE_MS, DEADLINE_MS + 50);
    mr_sandbox_destroy(sandbox);
}

static void lets_a_parser_allocate_within_its_heap_only(void **state)
{
    struct mr_sandbox *sandbox = make_sandbox(1);
    struct taken taken;
    struct mr_error err;

    for (int n = 1; n <= 31; n += 10) {
        assert_ok(run(sandbox, ALLOCATE, "", n, &taken, &err), err);
        assert_int_equal(taken.value, 1);
    }
    if (!needs_in_process()) {
        assert_int_equal(run(sandbox, ALLOCATE, "", 40, &taken, &err), MR_E_SANDBOX);
        assert_non_null(strstr(err.message, "more memory"));
    }
    expect_that_it_works(sandbox);
    mr_sandbox_destroy(sandbox);
}

static void leaves_a_parser_no_descriptor_but_its_own(void **state)
{
    struct mr_sandbox *sandbox;
    struct taken taken;
    struct mr_error err;
    int ends[2];
    char byte;

    skip_without_processes();
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    sandbox = make_sandbox(2);
    assert_ok(run(sandbox, WRITE, "", 0, &taken, &err), err);
    assert_int_equal(taken.value, 0);
    assert_int_equal(read(ends[0], &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
    mr_sandbox_destroy(sandbox);
    close(ends[0]);
    close(ends[1]);
}

static void takes_every_right_from_decoders(void **state)
{
    struct mr_sandbox *sandbox;
    pid_t pids[8];
    int n;

    skip_without_processes();
    sandbox = make_sandbox(2);
    expect_sandbox_error(sandbox, CRASH, "crashed"); /* the replacement must be protected too */
    n = find_children(find_zygote(), pids, 8);
    assert_int_equal(n, 3);
    for (int i = 0; i < n; i++) {
        assert_int_equal(read_status(pids[i], "Seccomp"), 1);
        assert_int_equal(read_status(pids[i], "NoNewPrivs"), 1);
        assert_int_equal(read_stat(pids[i], 7), 0); /* no terminal */
    }
    mr_sandbox_destroy(sandbox);
    for (int i = 0; i < n; i++)
        assert_true(has_ended(pids[i]));
}

static void is_out_of_reach_of_the_terminals_signals(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    struct mr_sandbox *sandbox;
    pid_t zygote, decoders[4];
    char path[64], target[64] = {0};

    skip_without_processes();
    sandbox = make_sandbox(1);
    zygote = find_zygote();
    assert_int_equal(find_children(zygote, decoders, 4), 2);
    assert_true(getsid(zygote) == zygote); /* so ^C and hang-ups pass by */
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        assert_int_equal(kill(zygote, signals[i]), 0);
        assert_int_equal(kill(decoders[0], signals[i]), 0);
        assert_int_equal(kill(decoders[1], signals[i]), 0);
    }
    expect_that_it_works(sandbox);
    expect_sandbox_error(sandbox, CRASH, "crashed"); /* the zygote still works */
    for (int fd = 0; fd < 3; fd++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)zygote, fd);
        assert_true(readlink(path, target, sizeof target - 1) > 0);
        assert_string_equal(target, "/dev/null");
    }
    mr_sandbox_destroy(sandbox);
    assert_true(has_ended(zygote));
}

static void ends_with_its_parent(void **state)
{
    pid_t parent, pids[5] = {0};
    int ends[2], n = 0;

    skip_without_processes();
    assert_int_equal(pipe(ends), 0);
    parent = fork();
    if (parent == 0) {
        make_sandbox(2);
        n = find_children(getpid(), pids, 1);
        n += find_children(pids[0], pids + 1, 4);
        if (n != 4 || write(ends[1], pids, sizeof pids) < 0)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], pids, sizeof pids), sizeof pids);
    for (int i = 0; i < 4; i++)
        assert_true(pids[i] > 0 && !has_ended(pids[i]));
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    for (int i = 0; i < 4; i++)
        assert_true(ends_within(pids[i], 3000));
    close(ends[0]);
    close(ends[1]);
}

static void fails_in_a_sentence_once_the_zygote_is_gone(void **state)
{
    struct mr_sandbox *sandbox;
    struct taken taken;
    struct mr_error err;
    pid_t zygote;

    skip_without_processes();
    sandbox = make_sandbox(1);
    zygote = find_zygote();
    assert_int_equal(kill(zygote, SIGKILL), 0);
    assert_true(ends_within(zygote, 3000));
    mr_clock_sleep_ms(50); /* decoders die with it */
    assert_int_equal(run(sandbox, REVERSE, "abc", 0, &taken, &err), MR_E_SANDBOX);
    assert_int_equal(run(sandbox, REVERSE, "abc", 0, &taken, &err), MR_E_SANDBOX);
    assert_non_null(strstr(err.message, "has ended"));
    mr_sandbox_destroy(sandbox);
}

static void refuses_rather_than_run_unprotected(void **state)
{
    struct mr_sandbox_options options = {.parsers = parsers,
                                         .n_parsers = N_PARSERS,
                                         .n_decoders = 2,
                                         .in_cap = MiB,
                                         .out_cap = MiB,
                                         .heap = SIZE_MAX / 4, /* cannot be had beforehand */
                                         .deadline_ms = DEADLINE_MS};
    struct mr_sandbox *sandbox = NULL;
    struct mr_error err;
    pid_t left[4];

    skip_without_processes();
    assert_int_equal(mr_sandbox_create(&sandbox, &options, &err), MR_E_SANDBOX);
    assert_non_null(strstr(err.message, "cannot protect a decoder (heap)"));
    assert_null(sandbox);
    assert_int_equal(find_children(getpid(), left, 4), 0);
}

static void gives_big_output_back_to_the_system(void **state)
{
    struct mr_sandbox *sandbox;
    struct taken taken;
    struct mr_error err;
    pid_t decoders[4];
    long before;
    int n;

    skip_without_processes();
    sandbox = make_sandbox(1);
    before = read_status(getpid(), "RssShmem");
    for (size_t i = 0; i < 3; i++) {
        assert_ok(run(sandbox, FILL, "", 60, &taken, &err), err);
        assert_int_equal(taken.n, 60 * MiB);
        assert_int_equal(taken.sum, 7 * 60 * MiB);
    }
    assert_true(read_status(getpid(), "RssShmem") - before < 4096);
    n = find_children(find_zygote(), decoders, 4);
    assert_int_equal(n, 2);
    for (int i = 0; i < n; i++)
        assert_true(read_status(decoders[i], "VmRSS") < 8192);
    mr_sandbox_destroy(sandbox);
}

/* ---- threads ---- */

struct caller {
    struct mr_sandbox *sandbox;
    int number, n_right;
};

static void call_often(void *arg)
{
    struct caller *caller = arg;

    for (int i = 0; i < 40; i++) {
        char text[16], backwards[16] = {0};
        struct taken taken;
        struct mr_error err;
        size_t n = (size_t)snprintf(text, sizeof text, "%d:%d", caller->number, i);

        for (size_t k = 0; k < n; k++)
            backwards[k] = text[n - 1 - k];
        if (i % 10 == 9 && run(caller->sandbox, REFUSE, "", 0, &taken, &err) != MR_E_FORMAT)
            return;
        if (run(caller->sandbox, REVERSE, text, i, &taken, &err) == MR_OK && taken.value == i &&
            !strcmp(taken.text, backwards))
            caller->n_right++;
    }
}

static void answers_many_threads_each_its_own(void **state)
{
    struct mr_sandbox *sandbox = make_sandbox(3);
    struct caller callers[8];
    struct mr_thread *threads[8];
    struct mr_error err;

    for (int i = 0; i < 8; i++) {
        callers[i] = (struct caller){.sandbox = sandbox, .number = i};
        assert_ok(mr_thread_start(&threads[i], "caller", call_often, &callers[i], &err), err);
    }
    for (int i = 0; i < 8; i++) {
        mr_thread_join(threads[i]);
        assert_int_equal(callers[i].n_right, 40);
    }
    mr_sandbox_destroy(sandbox);
}

static void occupy(void *arg)
{
    struct taken taken;
    struct mr_error err;

    if (run(arg, HANG, "", 0, &taken, &err) != MR_E_SANDBOX)
        abort();
}

static void keeps_a_decoder_for_the_screen(void **state)
{
    struct mr_sandbox *sandbox;
    struct mr_thread *threads[2];
    struct taken taken;
    struct mr_error err;
    int64_t start;

    skip_without_processes();
    sandbox = make_hasty_sandbox(1, DEADLINE_MS);
    start = mr_clock_ms();
    for (int i = 0; i < 2; i++) /* the second one waits for the first */
        assert_ok(mr_thread_start(&threads[i], "occupy", occupy, sandbox, &err), err);
    mr_clock_sleep_ms(50);
    assert_ok(mr_sandbox_run(sandbox, MR_SANDBOX_SCREEN, REVERSE, (const unsigned char *)"ab", 2,
                             NULL, take, &taken, &err),
              err);
    assert_true(mr_clock_ms() - start < DEADLINE_MS);
    assert_string_equal(taken.text, "ba");
    for (int i = 0; i < 2; i++)
        mr_thread_join(threads[i]);
    assert_true(mr_clock_ms() - start >= 2 * DEADLINE_MS);
    mr_sandbox_destroy(sandbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_a_parser_and_hands_its_output_over),
        cmocka_unit_test(passes_a_refusal_on_with_a_printable_sentence),
        cmocka_unit_test(refuses_more_input_than_it_has_room_for),
        cmocka_unit_test(catches_answers_that_make_no_sense),
        cmocka_unit_test(kills_a_parser_that_makes_any_other_system_call),
        cmocka_unit_test(survives_a_parser_that_crashes_or_leaves),
        cmocka_unit_test(kills_a_parser_at_its_deadline),
        cmocka_unit_test(lets_a_parser_allocate_within_its_heap_only),
        cmocka_unit_test(leaves_a_parser_no_descriptor_but_its_own),
        cmocka_unit_test(takes_every_right_from_decoders),
        cmocka_unit_test(is_out_of_reach_of_the_terminals_signals),
        cmocka_unit_test(ends_with_its_parent),
        cmocka_unit_test(fails_in_a_sentence_once_the_zygote_is_gone),
        cmocka_unit_test(refuses_rather_than_run_unprotected),
        cmocka_unit_test(gives_big_output_back_to_the_system),
        cmocka_unit_test(answers_many_threads_each_its_own),
        cmocka_unit_test(keeps_a_decoder_for_the_screen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
