/* SPDX-License-Identifier: MIT */
/* The terminal as a device: settings, bytes, size, and the way back when everything else has
 * failed. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <misread/base/thread.h>

#include "state.h"

/*
 * Ends a half-written string, synchronised output, mouse, keypad and colours, leaves the alternate
 * screen, and shows the cursor (last: some terminals restore it with the screen). Terminals ignore
 * what they do not know.
 */
const char mr_term_reset_bytes[] = "\033\\\033[?2026l\033[?1006l\033[?1000l\033[?1l\033>\033[0m"
                                   "\033[?1049l\033[?25h";

/* Signal handlers need these; there is one terminal. */
static struct {
    volatile sig_atomic_t is_taken;
    struct termios before;
    char farewell[256];
    size_t n_farewell;
    struct mr_wake *volatile wake;
    struct sigaction old_winch;
} tty;

static void make_raw(struct termios *t)
{
    /* No ISIG: ^C and ^Z are keys. No OPOST: curses may move down with a bare newline. */
    t->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    t->c_oflag &= ~(tcflag_t)OPOST;
    t->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    t->c_cc[VMIN] = 1;
    t->c_cc[VTIME] = 0;
}

enum mr_status mr_tty_take(struct mr_error *err)
{
    if (tty.is_taken)
        return mr_fail(err, MR_E_BUSY, "the terminal is open already");
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
        tcgetattr(STDIN_FILENO, &tty.before) != 0)
        return mr_fail(err, MR_E_UNSUPPORTED,
                       "the screen needs a terminal, and standard %s is not one",
                       isatty(STDIN_FILENO) ? "output" : "input");
    mr_tty_set_farewell("");
    tty.is_taken = 1;
    mr_tty_retake();
    return MR_OK;
}

void mr_tty_retake(void)
{
    struct termios raw = tty.before;

    make_raw(&raw);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

void mr_tty_restore(bool drop_input)
{
    if (tty.is_taken)
        tcsetattr(STDIN_FILENO, drop_input ? TCSAFLUSH : TCSADRAIN, &tty.before);
}

void mr_tty_forget(void)
{
    tty.is_taken = 0;
}

void mr_tty_set_farewell(const char *bytes)
{
    int n = snprintf(tty.farewell, sizeof tty.farewell, "\033\\%s%s", bytes, mr_term_reset_bytes);

    if (n >= (int)sizeof tty.farewell)
        n = snprintf(tty.farewell, sizeof tty.farewell, "%s", mr_term_reset_bytes);
    tty.n_farewell = (size_t)n;
}

void mr_term_emergency(void)
{
    int old_errno = errno;
    size_t done = 0;

    if (!tty.is_taken)
        return;
    tty.is_taken = 0;
    while (done < tty.n_farewell) {
        ssize_t n = write(STDOUT_FILENO, tty.farewell + done, tty.n_farewell - done);

        if (n <= 0)
            break;
        done += (size_t)n;
    }
    tcsetattr(STDIN_FILENO, TCSANOW, &tty.before);
    errno = old_errno;
}

static void on_winch(int sig)
{
    int old_errno = errno;

    (void)sig;
    mr_wake_raise(tty.wake);
    errno = old_errno;
}

void mr_tty_watch_size(struct mr_wake *wake)
{
    struct sigaction action = {.sa_handler = on_winch, .sa_flags = SA_RESTART};

    if (!wake) {
        if (tty.wake)
            sigaction(SIGWINCH, &tty.old_winch, NULL);
        tty.wake = NULL;
        return;
    }
    tty.wake = wake;
    sigaction(SIGWINCH, &action, &tty.old_winch);
    if (tty.old_winch.sa_handler != SIG_DFL && tty.old_winch.sa_handler != SIG_IGN) {
        sigaction(SIGWINCH, &tty.old_winch, NULL); /* somebody else's already */
        tty.wake = NULL;
    }
}

bool mr_tty_write(const char *bytes, size_t n)
{
    while (n) {
        ssize_t k = write(STDOUT_FILENO, bytes, n);

        if (k > 0) {
            bytes += k;
            n -= (size_t)k;
        } else if (k < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            struct pollfd p = {STDOUT_FILENO, POLLOUT, 0};

            if (poll(&p, 1, 1000) > 0 && (p.revents & (POLLERR | POLLHUP | POLLNVAL)))
                return false;
        } else if (k < 0 && errno != EINTR) {
            return false;
        }
    }
    return true;
}

int mr_tty_read(void *bytes, size_t n, int wait_ms)
{
    struct pollfd p = {STDIN_FILENO, POLLIN, 0};
    ssize_t k;

    if (!n || poll(&p, 1, wait_ms) <= 0)
        return 0;
    if (p.revents & POLLNVAL)
        return -1;
    k = read(STDIN_FILENO, bytes, n);
    if (k < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    return k > 0 ? (int)k : -1;
}

static int environment_number(const char *name)
{
    const char *text = getenv(name);

    return text ? atoi(text) : 0;
}

struct mr_probe_window mr_tty_window(void)
{
    struct winsize ws = {0};
    struct mr_probe_window window;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) != 0)
        ws = (struct winsize){0};
    window.cells.rows = ws.ws_row ? ws.ws_row : environment_number("LINES");
    window.cells.cols = ws.ws_col ? ws.ws_col : environment_number("COLUMNS");
    window.px = (struct mr_size_px){ws.ws_xpixel, ws.ws_ypixel};
    if (window.cells.rows <= 0 || window.cells.cols <= 0)
        window.cells = (struct mr_size_cells){80, 24};
    return window;
}

bool mr_tty_erases_with_8(void)
{
    return tty.before.c_cc[VERASE] == 8;
}
