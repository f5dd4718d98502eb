/* SPDX-License-Identifier: MIT */
/* The front process: short and almost without state, so that there is little in it that could die.
 */
#include "front.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/term/term.h>

#define SOCKET_VARIABLE "MISREAD_FRONT_SOCKET"

extern char **environ;

int mr_front_socket(void)
{
    const char *text = getenv(SOCKET_VARIABLE);

    return text ? atoi(text) : -1;
}

void mr_front_forget(void)
{
    unsetenv(SOCKET_VARIABLE);
}

/*
 * Global because a handler can reach nothing else. Signals come through a pipe, not a signalfd: in
 * this process OpenBLAS has started its threads already, and a signal that is blocked here would be
 * delivered to one of them, which drops it.
 */
static int signal_pipe[2] = {-1, -1};

struct caught {
    int number;
    bool is_for_us_alone; /* sent by kill(), not by the terminal to its whole process group */
};

static void catch (int number, siginfo_t *info, void *context)
{
    const struct caught caught = {number, info->si_code == SI_USER};
    int saved = errno;
    ssize_t n = write(signal_pipe[1], &caught, sizeof caught);

    (void)context;
    (void)n; /* a full pipe holds more than enough signals */
    errno = saved;
}

struct front {
    pid_t program;
    int socket;
    bool has_terminal;
    struct termios terminal; /* as the shell left it */
};

static void give_terminal_back(const struct front *front)
{
    if (!front->has_terminal)
        return;
    if (write(STDOUT_FILENO, mr_term_reset_bytes, strlen(mr_term_reset_bytes)) < 0)
        return; /* the terminal is gone, and nothing is owed to it */
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &front->terminal);
}

/* True when the program has ended; *status is what the shell should get. */
static bool reap(const struct front *front, int *status)
{
    int how;

    if (waitpid(front->program, &how, WNOHANG) != front->program)
        return false;
    if (WIFSIGNALED(how)) {
        give_terminal_back(front);
        fprintf(stderr, "misread: the program was ended by signal %d (%s)\n", WTERMSIG(how),
                strsignal(WTERMSIG(how)));
        *status = 128 + WTERMSIG(how);
    } else {
        *status = WEXITSTATUS(how);
    }
    return true;
}

/* ^Z: the screen is put away and the training goes on; only this process stops. */
static void suspend(const struct front *front)
{
    const char continued = MR_FRONT_CONTINUED;
    struct termios screen;
    bool has_screen = front->has_terminal && !tcgetattr(STDIN_FILENO, &screen);

    if (front->has_terminal)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &front->terminal);
    raise(SIGSTOP);
    if (has_screen)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &screen);
    if (send(front->socket, &continued, 1, MSG_NOSIGNAL) < 0)
        return; /* the program has ended meanwhile: SIGCHLD tells */
}

/* True if the program has detached. */
static bool listen_to_program(const struct front *front)
{
    char word;

    if (recv(front->socket, &word, 1, MSG_DONTWAIT) != 1)
        return false;
    if (word == MR_FRONT_SUSPEND)
        suspend(front);
    return word == MR_FRONT_DETACHED;
}

/* What was sent to this process alone goes on to the program; what the terminal sends reaches both.
 */
static void pass_on(const struct front *front, const struct caught *caught)
{
    if (caught->number != SIGCHLD && caught->is_for_us_alone)
        kill(front->program, caught->number);
}

static int wait_for_program(const struct front *front)
{
    struct pollfd fds[2] = {{.fd = signal_pipe[0], .events = POLLIN},
                            {.fd = front->socket, .events = POLLIN}};
    struct caught caught;
    int status;

    for (;;) {
        if (reap(front, &status))
            return status;
        if (poll(fds, 2, -1) < 0) {
            if (errno != EINTR)
                return EXIT_FAILURE;
            fds[1].revents = 0;
        }
        if (fds[1].revents & POLLIN && listen_to_program(front))
            return EXIT_SUCCESS;
        if (fds[1].revents & POLLHUP)
            fds[1].fd = -1; /* ending; its exit status comes by SIGCHLD */
        while (read(signal_pipe[0], &caught, sizeof caught) == sizeof caught)
            pass_on(front, &caught);
    }
}

static int start_program(struct front *front, char **argv)
{
    posix_spawnattr_t attr;
    sigset_t none;
    char text[16];
    int sockets[2];
    int failed;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets))
        return errno;
    fcntl(sockets[0], F_SETFD, FD_CLOEXEC); /* the program must see it close when we are gone */
    snprintf(text, sizeof text, "%d", sockets[1]);
    setenv(SOCKET_VARIABLE, text, 1);
    /* Debian's OpenBLAS starts its threads before main: only the environment comes early enough. */
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    sigemptyset(&none);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    failed = posix_spawn(&front->program, "/proc/self/exe", NULL, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    close(sockets[1]);
    front->socket = sockets[0];
    return failed;
}

static int catch_signals(void)
{
    static const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_sigaction = catch, .sa_flags = SA_SIGINFO | SA_RESTART};

    if (pipe2(signal_pipe, O_NONBLOCK | O_CLOEXEC))
        return errno;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
    return 0;
}

int mr_front_run(char **argv)
{
    struct front front = {.has_terminal = !tcgetattr(STDIN_FILENO, &front.terminal)};
    int failed = catch_signals();

    if (!failed)
        failed = start_program(&front, argv);
    if (failed) {
        fprintf(stderr, "misread: cannot start the program: %s\n", strerror(failed));
        return EXIT_FAILURE;
    }
    return wait_for_program(&front);
}
