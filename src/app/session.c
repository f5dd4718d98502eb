/* SPDX-License-Identifier: MIT */
/* The program proper. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <misread/base/log.h>
#include <misread/base/sandbox.h>
#include <misread/base/thread.h>
#include <misread/image/decode.h>
#include <misread/nn/weights_file.h>

#include "front.h"
#include "place.h"

#define MAX_DECODERS 64

static int n_decoders(void)
{
    int n = mr_thread_n_cores();

    return n < MAX_DECODERS ? n : MAX_DECODERS;
}

/* Decoders for images and for weights. */
static struct mr_sandbox_options sandbox_options(bool in_process)
{
    static const struct mr_sandbox_parser parsers[] = {
        [MR_IMAGE_PARSER] = {"image", mr_image_parse},
        [MR_WEIGHTS_PARSER] = {"weights", mr_weights_parse},
    };
    struct mr_sandbox_options options = mr_image_sandbox_options(n_decoders());

    options.parsers = parsers;
    options.n_parsers = sizeof parsers / sizeof *parsers;
    options.in_cap = MR_WEIGHTS_MAX_BYTES; /* untouched pages cost nothing */
    options.in_process = options.in_process || in_process;
    return options;
}

static enum mr_status take_signals(struct mr_session *session, struct mr_error *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGQUIT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    /* A background job that changes the terminal would be stopped; it only restores it. */
    signal(SIGTTOU, SIG_IGN);
    session->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (session->signals < 0)
        return mr_fail(err, MR_E_IO, "cannot listen to signals: %s", strerror(errno));
    return MR_OK;
}

enum mr_status mr_session_open(struct mr_session *session, bool in_process, struct mr_error *err)
{
    struct mr_session s = {.signals = -1, .front = mr_front_socket()};
    struct mr_sandbox_options options = sandbox_options(in_process);
    enum mr_status st;

    if (s.front >= 0)
        fcntl(s.front, F_SETFD, FD_CLOEXEC);
    st = mr_sandbox_create(&s.sandbox, &options, err);
    if (!st)
        st = take_signals(&s, err);
    if (st) {
        mr_sandbox_destroy(s.sandbox);
        return st;
    }
    s.wake = mr_wake_create();
    s.choices_path = mr_place_state("kernels");
    *session = s;
    return MR_OK;
}

void mr_session_close(struct mr_session *session)
{
    mr_sandbox_destroy(session->sandbox);
    mr_wake_destroy(session->wake);
    free(session->choices_path);
    if (session->signals >= 0)
        close(session->signals);
    *session = (struct mr_session){.signals = -1, .front = -1};
}

int mr_session_take_signal(const struct mr_session *session)
{
    struct signalfd_siginfo info;

    return read(session->signals, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

static void tell_front(struct mr_session *session, char word)
{
    if (session->front >= 0 && send(session->front, &word, 1, MSG_NOSIGNAL) < 0)
        mr_log("the front process is gone: %s", strerror(errno));
}

void mr_session_detach(struct mr_session *session, const char *log_path)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    mr_log_open(log_path);
    mr_log("detached from the terminal; training goes on");
    setsid(); /* later signals of that terminal are not for us */
    for (int fd = 0; fd <= 2 && null >= 0; fd++)
        dup2(null, fd);
    if (null > 2)
        close(null);
    tell_front(session, MR_FRONT_DETACHED);
    if (session->front >= 0)
        close(session->front);
    session->front = -1;
}

void mr_session_suspend(struct mr_session *session)
{
    char word;

    if (session->front < 0)
        return;
    tell_front(session, MR_FRONT_SUSPEND);
    while (recv(session->front, &word, 1, 0) < 0 && errno == EINTR)
        ;
}
