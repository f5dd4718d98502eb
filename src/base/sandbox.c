/* SPDX-License-Identifier: MIT */
/*
 * Decoders under strict seccomp, after Chromium's zygote. The program keeps one socket to the
 * zygote and one to each decoder; only the program ever speaks to the zygote, so a decoder that was
 * taken over can reach nobody but the slot it serves. A decoder is replaced by asking the zygote,
 * which kills, reaps, forks and hands back a socket.
 */
#include <misread/base/sandbox.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/thread.h>

/* How long a new decoder may take to say that it is protected. */
#define HELLO_MS 10000
/* Input and output above this are given back to the system, and so is the decoder's heap, by
 * replacing it. */
#define KEEP_BYTES ((size_t)12 << 20)
/* The only descriptor of a decoder: not 0 .. 2, so that no library can print into it. */
#define DECODER_FD 3

struct slot {
    int fd; /* owned; to the decoder, -1 while there is none */
    bool is_busy;
    uint64_t serial;
    unsigned char *in, *out; /* owned; shared with the zygote and this slot's decoder alone */
};

struct mr_sandbox {
    struct mr_sandbox_options options;
    int n_slots;        /* n_decoders for everybody, then the screen's */
    struct slot *slots; /* owned */
    struct mr_monitor *free_slots;
    struct mr_monitor *zygote_lock; /* one order at a time */
    pid_t zygote;
    int zygote_fd;
};

struct request {
    uint64_t serial;
    size_t n_in;
    int parser;
    int args[MR_SANDBOX_N_ARGS];
};

struct answer {
    uint64_t serial;
    size_t n_out;
    int status;
    int values[MR_SANDBOX_N_VALUES];
    char message[sizeof((struct mr_sandbox_call *)0)->message];
};

/* The first words of a decoder. */
struct hello {
    int failed; /* an errno, or 0: protected and ready */
    char step[60];
};

/* The zygote's reply to an order, which is the number of the slot whose decoder is to be replaced.
 */
struct reply {
    int failed;      /* an errno, or 0: a socket comes along */
    int wait_status; /* of the decoder that was there before */
};

/* ---- in a decoder ---- */

/* exit(2) itself: glibc's _exit calls exit_group, which strict seccomp does not know. */
static void leave(void)
{
    for (;;)
        syscall(SYS_exit, 0);
}

static void close_from(int first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0)
        return;
#endif
    for (int fd = first; fd < 65536; fd++)
        close(fd);
}

/* malloc must find all it needs without a system call: no mmap, and a heap that is never given
 * back. */
static bool grow_heap(size_t n_bytes)
{
    void *heap;

#ifdef M_MMAP_MAX
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, -1);
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_PERTURB,
            0); /* or test runs that ask for it would fill, and so occupy, the whole heap */
#endif
    heap = malloc(n_bytes);
    /* Or the compiler drops the pair. Untouched pages cost nothing. */
    __asm__ volatile("" : "+r"(heap));
    free(heap);
    return heap;
}

static bool limit(int resource)
{
    struct rlimit none = {0, 0};

    return setrlimit((__rlimit_resource_t)resource, &none) == 0;
}

/* Takes every right away, one step after another; the name of the first that failed, or NULL. */
static const char *protect(const struct mr_sandbox_options *options, bool for_screen)
{
    if (!for_screen && setpriority(PRIO_PROCESS, 0, 10)) /* keys win over work */
        return "priority";
    if (!grow_heap(options->heap)) {
        errno = ENOMEM;
        return "heap";
    }
    if (!limit(RLIMIT_CORE) || !limit(RLIMIT_FSIZE))
        return "limits";
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        return "dumpable";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return "no new privileges";
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0))
        return "seccomp";
    return NULL;
}

static void answer_request(const struct mr_sandbox_options *options, const struct slot *slot,
                           const struct request *request, struct answer *answer)
{
    struct mr_sandbox_call call = {
        .in = slot->in, .n_in = request->n_in, .out = slot->out, .out_cap = options->out_cap};

    memcpy(call.args, request->args, sizeof call.args);
    options->parsers[request->parser].parse(&call);
    memset(answer, 0, sizeof *answer);
    answer->serial = request->serial;
    answer->n_out = call.n_out;
    answer->status = (int)call.status;
    memcpy(answer->values, call.values, sizeof answer->values);
    memcpy(answer->message, call.message, sizeof answer->message);
}

static void decoder_main(const struct mr_sandbox *sandbox, int slot_number, pid_t zygote, int fd)
{
    const struct mr_sandbox_options *options = &sandbox->options;
    struct hello hello = {0};
    struct request request;
    struct answer answer;
    const char *failed_step = NULL;

    prctl(PR_SET_NAME, "misread-decoder", 0, 0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != zygote)
        failed_step = "parent's death";
    if (fd != DECODER_FD)
        dup2(fd, DECODER_FD);
    for (int i = 0; i < DECODER_FD; i++)
        close(i);
    close_from(DECODER_FD + 1);
    for (int i = 0; i < sandbox->n_slots; i++)
        if (i != slot_number) {
            munmap(sandbox->slots[i].in, options->in_cap);
            munmap(sandbox->slots[i].out, options->out_cap);
        }
    if (!failed_step)
        failed_step = protect(options, slot_number == options->n_decoders);
    if (failed_step) {
        hello.failed = errno ? errno : EPERM;
        memcpy(hello.step, failed_step, strlen(failed_step) + 1);
    }
    if (write(DECODER_FD, &hello, sizeof hello) != sizeof hello || failed_step)
        leave();
    while (read(DECODER_FD, &request, sizeof request) == sizeof request) {
        answer_request(options, &sandbox->slots[slot_number], &request, &answer);
        if (write(DECODER_FD, &answer, sizeof answer) != sizeof answer)
            break;
    }
    leave();
}

/* ---- in the zygote ---- */

static bool send_reply(int to, const struct reply *reply, int fd)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = (void *)reply, .iov_len = sizeof *reply};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    }
    return sendmsg(to, &message, MSG_NOSIGNAL) == (ssize_t)sizeof *reply;
}

/* Forks a decoder; the program's end of its socket, or -1 with errno. */
static int start_decoder(const struct mr_sandbox *sandbox, int slot_number, pid_t *pid)
{
    int ends[2];
    pid_t zygote = getpid();

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return -1;
    *pid = fork();
    if (*pid == 0)
        decoder_main(sandbox, slot_number, zygote, ends[1]);
    close(ends[1]);
    if (*pid < 0) {
        int why = errno;

        close(ends[0]);
        errno = why;
        return -1;
    }
    return ends[0];
}

static int end_decoder(pid_t *pid)
{
    int status = 0;

    if (*pid > 0) {
        kill(*pid, SIGKILL);
        while (waitpid(*pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    *pid = 0;
    return status;
}

static void serve_orders(const struct mr_sandbox *sandbox, int fd, pid_t *pids)
{
    int slot_number;

    while (read(fd, &slot_number, sizeof slot_number) == sizeof slot_number) {
        struct reply reply = {0};
        int decoder_fd;
        bool is_sent;

        if (slot_number < 0 || slot_number >= sandbox->n_slots)
            break;
        reply.wait_status = end_decoder(&pids[slot_number]);
        decoder_fd = start_decoder(sandbox, slot_number, &pids[slot_number]);
        reply.failed = decoder_fd < 0 ? errno : 0;
        is_sent = send_reply(fd, &reply, decoder_fd);
        if (decoder_fd >= 0)
            close(decoder_fd);
        if (!is_sent)
            break;
    }
}

/* Out of the terminal's session: ^C and ^Z are for the program, and a hang-up must not wait for us.
 */
static void leave_terminal(void)
{
    static const int ignored[] = {SIGINT,  SIGQUIT, SIGTERM, SIGHUP,  SIGTSTP,
                                  SIGTTIN, SIGTTOU, SIGPIPE, SIGUSR1, SIGUSR2};
    static const int by_default[] = {SIGCHLD, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    sigset_t none;
    int null;

    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    for (size_t i = 0; i < sizeof by_default / sizeof *by_default; i++)
        signal(by_default[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3 && null >= 0; i++)
        dup2(null, i);
}

static void zygote_main(const struct mr_sandbox *sandbox, pid_t program, int fd)
{
    pid_t *pids = mr_xalloc((size_t)sandbox->n_slots, sizeof *pids);

    prctl(PR_SET_NAME, "misread-zygote", 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != program)
        _exit(1);
    /* 0 .. 2 could be closed in a daemon, and the socket be one of them */
    fd = fcntl(fd, F_DUPFD, DECODER_FD);
    if (fd < 0 || dup2(fd, DECODER_FD) < 0)
        _exit(1);
    leave_terminal();
    close_from(DECODER_FD + 1);
    serve_orders(sandbox, DECODER_FD, pids);
    for (int i = 0; i < sandbox->n_slots; i++)
        end_decoder(&pids[i]);
    _exit(0);
}

/* ---- in the program ---- */

/* Waits until fd has something to read. 1: it has, 0: the time is over, -1: it has failed. */
static int wait_readable(int fd, int ms)
{
    int64_t end = mr_clock_ms() + ms;

    for (;;) {
        struct pollfd item = {.fd = fd, .events = POLLIN};
        int64_t left = end - mr_clock_ms();
        int k = poll(&item, 1, left > 0 ? (int)left : 0);

        if (k >= 0)
            return k;
        if (errno != EINTR)
            return -1;
    }
}

/* One whole packet of n bytes; anything else is false. */
static bool receive(int fd, void *data, size_t n)
{
    ssize_t k;

    do
        k = recv(fd, data, n, MSG_TRUNC);
    while (k < 0 && errno == EINTR);
    return k == (ssize_t)n;
}

static bool receive_reply(int from, struct reply *reply, int *fd)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = reply, .iov_len = sizeof *reply};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header;
    ssize_t k;

    do
        k = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    while (k < 0 && errno == EINTR);
    *fd = -1;
    header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof *fd))
        memcpy(fd, CMSG_DATA(header), sizeof *fd);
    return k == (ssize_t)sizeof *reply;
}

static enum mr_status order_decoder(struct mr_sandbox *sandbox, int slot_number,
                                    struct reply *reply, int *fd, struct mr_error *err)
{
    bool is_done;

    mr_monitor_lock(sandbox->zygote_lock);
    is_done = send(sandbox->zygote_fd, &slot_number, sizeof slot_number, MSG_NOSIGNAL) ==
                  (ssize_t)sizeof slot_number &&
              receive_reply(sandbox->zygote_fd, reply, fd);
    mr_monitor_unlock(sandbox->zygote_lock);
    if (!is_done)
        return mr_fail(err, MR_E_SANDBOX, "the process that starts decoders has ended");
    if (reply->failed)
        return mr_fail(err, MR_E_SANDBOX, "cannot start a decoder: %s", strerror(reply->failed));
    return MR_OK;
}

static enum mr_status hear_hello(int fd, struct mr_error *err)
{
    struct hello hello;

    if (wait_readable(fd, HELLO_MS) != 1 || !receive(fd, &hello, sizeof hello))
        return mr_fail(err, MR_E_SANDBOX, "cannot start a decoder: it did not come up");
    hello.step[sizeof hello.step - 1] = '\0';
    if (hello.failed)
        return mr_fail(err, MR_E_SANDBOX, "cannot protect a decoder (%s): %s", hello.step,
                       strerror(hello.failed));
    return MR_OK;
}

/* Kills the slot's decoder, if there is one, and starts another. *wait_status: how the old one
 * ended. */
static enum mr_status replace_decoder(struct mr_sandbox *sandbox, struct slot *slot,
                                      int *wait_status, struct mr_error *err)
{
    struct reply reply = {0};
    int fd = -1;
    enum mr_status st;

    if (slot->fd >= 0)
        close(slot->fd);
    slot->fd = -1;
    st = order_decoder(sandbox, (int)(slot - sandbox->slots), &reply, &fd, err);
    *wait_status = reply.wait_status;
    if (!st)
        st = hear_hello(fd, err);
    if (st) {
        if (fd >= 0)
            close(fd);
        return st;
    }
    slot->fd = fd;
    return MR_OK;
}

static void *map_buffer(size_t n_bytes, bool is_shared)
{
    int flags = MAP_ANONYMOUS | MAP_NORESERVE | (is_shared ? MAP_SHARED : MAP_PRIVATE);
    void *p = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

static enum mr_status map_slots(struct mr_sandbox *sandbox, struct mr_error *err)
{
    const struct mr_sandbox_options *options = &sandbox->options;

    for (int i = 0; i < sandbox->n_slots; i++) {
        struct slot *slot = &sandbox->slots[i];

        slot->in = map_buffer(options->in_cap, !options->in_process);
        slot->out = map_buffer(options->out_cap, !options->in_process);
        if (!slot->in || !slot->out)
            return mr_fail(err, MR_E_NOMEM, "no memory for the buffers of %d decoders",
                           sandbox->n_slots);
    }
    return MR_OK;
}

static enum mr_status start_zygote(struct mr_sandbox *sandbox, struct mr_error *err)
{
    int ends[2];
    pid_t program = getpid();

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return mr_fail(err, MR_E_SANDBOX, "cannot make a socket for the sandbox: %s",
                       strerror(errno));
    sandbox->zygote_fd = ends[0];
    sandbox->zygote = fork();
    if (sandbox->zygote == 0)
        zygote_main(sandbox, program, ends[1]);
    close(ends[1]);
    if (sandbox->zygote < 0)
        return mr_fail(err, MR_E_SANDBOX, "cannot start the sandbox: %s", strerror(errno));
    return MR_OK;
}

static struct mr_sandbox *make(const struct mr_sandbox_options *options)
{
    struct mr_sandbox *sandbox = mr_xalloc(1, sizeof *sandbox);

    sandbox->options = *options;
    if (sandbox->options.n_decoders < 1)
        sandbox->options.n_decoders = 1;
    sandbox->n_slots = sandbox->options.n_decoders + 1;
    sandbox->slots = mr_xalloc((size_t)sandbox->n_slots, sizeof *sandbox->slots);
    for (int i = 0; i < sandbox->n_slots; i++)
        sandbox->slots[i].fd = -1;
    sandbox->free_slots = mr_monitor_create();
    sandbox->zygote_lock = mr_monitor_create();
    sandbox->zygote = -1;
    sandbox->zygote_fd = -1;
    return sandbox;
}

enum mr_status mr_sandbox_create(struct mr_sandbox **sandbox,
                                 const struct mr_sandbox_options *options, struct mr_error *err)
{
    struct mr_sandbox *made = make(options);
    enum mr_status st = map_slots(made, err);
    int ignored;

    if (!st && !options->in_process) {
        st = start_zygote(made, err);
        for (int i = 0; i < made->n_slots && !st; i++)
            st = replace_decoder(made, &made->slots[i], &ignored, err);
    }
    if (st) {
        mr_sandbox_destroy(made);
        return st;
    }
    *sandbox = made;
    return MR_OK;
}

void mr_sandbox_destroy(struct mr_sandbox *sandbox)
{
    if (!sandbox)
        return;
    if (sandbox->zygote_fd >= 0)
        close(sandbox->zygote_fd); /* the zygote ends its decoders and itself */
    while (sandbox->zygote > 0 && waitpid(sandbox->zygote, NULL, 0) < 0 && errno == EINTR)
        ;
    for (int i = 0; i < sandbox->n_slots; i++) {
        struct slot *slot = &sandbox->slots[i];

        if (slot->fd >= 0)
            close(slot->fd);
        if (slot->in)
            munmap(slot->in, sandbox->options.in_cap);
        if (slot->out)
            munmap(slot->out, sandbox->options.out_cap);
    }
    mr_monitor_destroy(sandbox->free_slots);
    mr_monitor_destroy(sandbox->zygote_lock);
    free(sandbox->slots);
    free(sandbox);
}

static struct slot *find_free(struct mr_sandbox *sandbox, enum mr_sandbox_who who)
{
    /* The screen's own is the last one and tried first by the screen, never by others. */
    for (int i = sandbox->n_slots - (who == MR_SANDBOX_SCREEN ? 1 : 2); i >= 0; i--)
        if (!sandbox->slots[i].is_busy)
            return &sandbox->slots[i];
    return NULL;
}

static struct slot *take_slot(struct mr_sandbox *sandbox, enum mr_sandbox_who who)
{
    struct slot *slot;

    mr_monitor_lock(sandbox->free_slots);
    while (!(slot = find_free(sandbox, who)))
        mr_monitor_wait(sandbox->free_slots, -1);
    slot->is_busy = true;
    mr_monitor_unlock(sandbox->free_slots);
    return slot;
}

static void give_slot_back(struct mr_sandbox *sandbox, struct slot *slot)
{
    mr_monitor_lock(sandbox->free_slots);
    slot->is_busy = false;
    mr_monitor_notify(sandbox->free_slots);
    mr_monitor_unlock(sandbox->free_slots);
}

/* The sentence for a decoder that ended by itself. */
static enum mr_status tell_death(int wait_status, struct mr_error *err)
{
    if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) != SIGKILL)
        return mr_fail(err, MR_E_SANDBOX, "the decoder crashed (%s)",
                       strsignal(WTERMSIG(wait_status)));
    return mr_fail(err, MR_E_SANDBOX,
                   "the decoder was stopped: it needed more memory than it may have, or tried "
                   "something forbidden");
}

/* Sends the request and waits for its answer. A failure has killed and replaced the decoder. */
static enum mr_status exchange(struct mr_sandbox *sandbox, struct slot *slot,
                               const struct request *request, struct answer *answer,
                               struct mr_error *err)
{
    struct mr_error ignored;
    int wait_status = 0, is_there = -1;
    bool is_dead = true;

    if (send(slot->fd, request, sizeof *request, MSG_NOSIGNAL) == (ssize_t)sizeof *request)
        is_there = wait_readable(slot->fd, sandbox->options.deadline_ms);
    if (is_there == 1) {
        ssize_t k = recv(slot->fd, answer, sizeof *answer, MSG_TRUNC);

        if (k == (ssize_t)sizeof *answer && answer->serial == request->serial)
            return MR_OK;
        is_dead = k <= 0;
    }
    /* If no new one comes up the slot stays empty, and the next call says why. */
    if (replace_decoder(sandbox, slot, &wait_status, &ignored))
        slot->fd = -1;
    if (is_there == 0)
        return mr_fail(err, MR_E_SANDBOX, "the decoder took longer than %d ms and was stopped",
                       sandbox->options.deadline_ms);
    if (is_dead)
        return tell_death(wait_status, err);
    return mr_fail(err, MR_E_SANDBOX, "the decoder answered nonsense and was stopped");
}

/* Checks what can be checked here: a known status, a size within bounds, a printable sentence. */
static enum mr_status read_answer(const struct mr_sandbox_options *options,
                                  const struct answer *answer, struct mr_sandbox_call *call,
                                  struct mr_error *err)
{
    size_t i = 0;

    if (answer->status < MR_OK || answer->status > MR_E_UNSUPPORTED ||
        answer->n_out > options->out_cap)
        return mr_fail(err, MR_E_SANDBOX, "the decoder answered nonsense and was stopped");
    for (; i < sizeof call->message - 1 && answer->message[i]; i++) {
        unsigned char c = (unsigned char)answer->message[i];

        call->message[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    call->message[i] = '\0';
    call->status = (enum mr_status)answer->status;
    call->n_out = answer->n_out;
    memcpy(call->values, answer->values, sizeof call->values);
    if (call->status)
        return mr_fail(err, call->status, "%s",
                       *call->message ? call->message : mr_status_text(call->status));
    return MR_OK;
}

/* Whether the decoder is better replaced: a file it refused may have left its heap in pieces, a big
 * one has left it big. */
static bool is_worn(const struct slot *slot, enum mr_status st, size_t n_out)
{
    return slot->fd >= 0 && (st || n_out > KEEP_BYTES);
}

static enum mr_status run_in_decoder(struct mr_sandbox *sandbox, struct slot *slot,
                                     const struct request *request, struct mr_sandbox_call *call,
                                     enum mr_status (*take)(void *ctx,
                                                            const struct mr_sandbox_call *call,
                                                            struct mr_error *err),
                                     void *ctx, struct mr_error *err)
{
    struct answer answer;
    struct mr_error ignored;
    int wait_status;
    enum mr_status st;

    if (slot->fd < 0) {
        st = replace_decoder(sandbox, slot, &wait_status, err);
        if (st)
            return st;
    }
    st = exchange(sandbox, slot, request, &answer, err);
    if (st)
        return st;
    st = read_answer(&sandbox->options, &answer, call, err);
    if (!st)
        st = take(ctx, call, err);
    if (is_worn(slot, st, answer.n_out)) {
        if (replace_decoder(sandbox, slot, &wait_status, &ignored))
            slot->fd = -1;
        madvise(slot->out, sandbox->options.out_cap, MADV_REMOVE);
    }
    return st;
}

/* Without a process: the same checks, and an exact copy of the input so that a sanitizer sees every
 * overrun. */
static enum mr_status run_here(struct mr_sandbox *sandbox, struct slot *slot,
                               const struct request *request, const unsigned char *in,
                               struct mr_sandbox_call *call,
                               enum mr_status (*take)(void *ctx, const struct mr_sandbox_call *call,
                                                      struct mr_error *err),
                               void *ctx, struct mr_error *err)
{
    unsigned char *copy = malloc(request->n_in ? request->n_in : 1);
    struct slot here = {.in = copy, .out = slot->out};
    struct answer answer;
    enum mr_status st;

    if (!copy)
        return mr_fail(err, MR_E_NOMEM, "no memory for %zu bytes", request->n_in);
    if (request->n_in)
        memcpy(copy, in, request->n_in);
    answer_request(&sandbox->options, &here, request, &answer);
    free(copy);
    st = read_answer(&sandbox->options, &answer, call, err);
    if (!st)
        st = take(ctx, call, err);
    if (answer.n_out > KEEP_BYTES)
        madvise(slot->out, sandbox->options.out_cap, MADV_DONTNEED);
    return st;
}

enum mr_status mr_sandbox_run(struct mr_sandbox *sandbox, enum mr_sandbox_who who, int parser,
                              const unsigned char *in, size_t n, const int args[MR_SANDBOX_N_ARGS],
                              enum mr_status (*take)(void *ctx, const struct mr_sandbox_call *call,
                                                     struct mr_error *err),
                              void *ctx, struct mr_error *err)
{
    const struct mr_sandbox_options *options = &sandbox->options;
    struct request request = {.n_in = n, .parser = parser};
    struct mr_sandbox_call call = {.n_in = n, .out_cap = options->out_cap};
    struct slot *slot;
    enum mr_status st;

    if (parser < 0 || parser >= options->n_parsers)
        return mr_fail(err, MR_E_USAGE, "there is no parser number %d", parser);
    if (n > options->in_cap)
        return mr_fail(err, MR_E_LIMIT, "its %zu bytes are over the limit of %zu", n,
                       options->in_cap);
    if (args) {
        memcpy(request.args, args, sizeof request.args);
        memcpy(call.args, args, sizeof call.args);
    }
    slot = take_slot(sandbox, who);
    request.serial = ++slot->serial;
    call.out = slot->out;
    if (options->in_process) {
        call.in = in;
        st = run_here(sandbox, slot, &request, in, &call, take, ctx, err);
    } else {
        call.in = slot->in;
        if (n)
            memcpy(slot->in, in, n);
        st = run_in_decoder(sandbox, slot, &request, &call, take, ctx, err);
        if (n > KEEP_BYTES)
            madvise(slot->in, options->in_cap, MADV_REMOVE);
    }
    give_slot_back(sandbox, slot);
    return st;
}
