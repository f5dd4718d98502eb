/* SPDX-License-Identifier: MIT */
/* The terminal's life: starting, pumping, answering, typing. Looking at it is in look.c. */
#include "vt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#include "vt_private.h"

static void die(const char *what)
{
    fprintf(stderr, "vt: %s: %s\n", what, strerror(errno));
    abort();
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void vt_bytes_add(struct vt_bytes *bytes, const char *data, size_t n)
{
    if (bytes->n + n + 1 > bytes->cap) {
        bytes->cap = (bytes->n + n + 1) * 2;
        bytes->data = realloc(bytes->data, bytes->cap);
        if (!bytes->data)
            die("realloc");
    }
    memcpy(bytes->data + bytes->n, data, n);
    bytes->n += n;
    bytes->data[bytes->n] = 0;
}

/* ---- answers ---- */

static void write_all(struct vt *vt, const char *data, size_t n)
{
    while (n && vt->master >= 0) {
        ssize_t k = write(vt->master, data, n);

        if (k < 0 && errno == EAGAIN) {
            struct pollfd p = {vt->master, POLLOUT, 0};

            poll(&p, 1, 100);
        } else if (k < 0) {
            return;
        } else {
            data += k;
            n -= (size_t)k;
        }
    }
}

static void answer(struct vt *vt, const char *text)
{
    size_t n = strlen(text), piece = vt->options.split > 0 ? (size_t)vt->options.split : n;
    int64_t due = now_ms() + vt->options.late_ms;

    if (vt->options.mute)
        return;
    if (vt->n_answers && vt->answers[vt->n_answers - 1].due_ms > due)
        due = vt->answers[vt->n_answers - 1].due_ms; /* answers keep their order */
    for (size_t i = 0; i < n; i += piece) {
        struct vt_answer *a = &vt->answers[vt->n_answers];

        if (vt->n_answers == 256)
            die("too many answers waiting");
        a->n = n - i < piece ? n - i : piece;
        if (vt->options.split > 0)
            due += 5;
        a->due_ms = due;
        memcpy(a->text, text + i, a->n);
        vt->n_answers++;
    }
}

static void send_due_answers(struct vt *vt)
{
    int64_t now = now_ms();
    int n = 0;

    while (n < vt->n_answers && vt->answers[n].due_ms <= now) {
        write_all(vt, vt->answers[n].text, vt->answers[n].n);
        n++;
    }
    memmove(vt->answers, vt->answers + n, (size_t)(vt->n_answers - n) * sizeof *vt->answers);
    vt->n_answers -= n;
}

static int cell_w(const struct vt *vt)
{
    return vt->options.cell_w ? vt->options.cell_w : 9;
}

static int cell_h(const struct vt *vt)
{
    return vt->options.cell_h ? vt->options.cell_h : 19;
}

static void answer_registers(struct vt *vt)
{
    char text[64];

    if (vt->options.registers < 0)
        return;
    snprintf(text, sizeof text, vt->options.sixel ? "\033[?1;0;%dS" : "\033[?1;3S",
             vt->options.registers ? vt->options.registers : 1024);
    answer(vt, text);
}

static void answer_largest(struct vt *vt)
{
    int w = vt->options.max_w ? vt->options.max_w : vt->cols * cell_w(vt);
    int h = vt->options.max_h ? vt->options.max_h : vt->rows * cell_h(vt);
    char text[64];

    snprintf(text, sizeof text, vt->options.sixel ? "\033[?2;0;%d;%dS" : "\033[?2;3S", w, h);
    answer(vt, text);
}

static void answer_cell(struct vt *vt)
{
    char text[64];

    snprintf(text, sizeof text, "\033[6;%d;%dt", cell_h(vt), cell_w(vt));
    if (!vt->options.no_cell)
        answer(vt, text);
}

static void answer_window(struct vt *vt)
{
    char text[64];

    snprintf(text, sizeof text, "\033[4;%d;%dt", vt->rows * cell_h(vt), vt->cols * cell_w(vt));
    if (!vt->options.no_cell)
        answer(vt, text);
}

static void answer_da1(struct vt *vt)
{
    answer(vt, vt->options.sixel ? "\033[?63;1;2;4;6;9;15;16;22;28c" : "\033[?62;1;2;6;9;22c");
}

static void answer_sync(struct vt *vt)
{
    answer(vt, vt->options.has_sync ? "\033[?2026;2$y" : "\033[?2026;0$y");
}

static void answer_version(struct vt *vt)
{
    answer(vt, "\033P>|XTerm(379)\033\\");
}

static void sync_on(struct vt *vt)
{
    vt->modes.sync = true;
}

static void sync_off(struct vt *vt)
{
    vt->modes.sync = false;
}

/* What follows ESC [ exactly, and what the terminal does instead of handing it to libvterm. */
static const struct {
    const char *sequence;
    void (*act)(struct vt *vt);
} own_sequences[] = {
    {"c", answer_da1},
    {"0c", answer_da1},
    {"16t", answer_cell},
    {"14t", answer_window},
    {"?1;1;0S", answer_registers},
    {"?2;1;0S", answer_largest},
    {"?2026$p", answer_sync},
    {">0q", answer_version},
    {">q", answer_version},
    {"?2026h", sync_on},
    {"?2026l", sync_off},
};

/* ---- the filter before libvterm ---- */

static void flush_plain(struct vt *vt)
{
    if (vt->plain.n)
        vterm_input_write(vt->vterm, vt->plain.data, vt->plain.n);
    vt->plain.n = 0;
}

static void end_csi(struct vt *vt)
{
    for (size_t i = 0; i < sizeof own_sequences / sizeof *own_sequences; i++) {
        if (!strcmp(vt->sequence.data, own_sequences[i].sequence)) {
            flush_plain(vt);
            own_sequences[i].act(vt);
            return;
        }
    }
    vt_bytes_add(&vt->plain, "\033[", 2);
    vt_bytes_add(&vt->plain, vt->sequence.data, vt->sequence.n);
}

static void end_string(struct vt *vt)
{
    size_t k = 0;
    const char *s = vt->sequence.data;

    while (k < vt->sequence.n && ((s[k] >= '0' && s[k] <= '9') || s[k] == ';'))
        k++;
    if (k < vt->sequence.n && s[k] == 'q') {
        struct vt_bytes dcs = {0};

        flush_plain(vt); /* so that the cursor is where the picture goes */
        vt_bytes_add(&dcs, "\033P", 2);
        vt_bytes_add(&dcs, s, vt->sequence.n);
        vt_bytes_add(&dcs, "\033\\", 2);
        vt_picture_draw(vt, dcs.data, dcs.n);
        free(dcs.data);
    }
}

static enum vt_filter after_escape(struct vt *vt, char c)
{
    vt->sequence.n = 0;
    if (c == '[')
        return VT_CSI;
    if (c == 'P')
        return VT_STRING;
    vt_bytes_add(&vt->plain, (char[]){27, c}, 2);
    return VT_PLAIN;
}

static void feed_byte(struct vt *vt, char c)
{
    switch (vt->filter) {
    case VT_PLAIN:
        if (c == 27)
            vt->filter = VT_ESCAPE;
        else
            vt_bytes_add(&vt->plain, &c, 1);
        break;
    case VT_ESCAPE:
        vt->filter = after_escape(vt, c);
        break;
    case VT_CSI:
        vt_bytes_add(&vt->sequence, &c, 1);
        if (c >= 0x40 && c <= 0x7e) {
            end_csi(vt);
            vt->filter = VT_PLAIN;
        }
        break;
    case VT_STRING:
        if (c == 27)
            vt->filter = VT_STRING_ESCAPE;
        else
            vt_bytes_add(&vt->sequence, &c, 1);
        break;
    case VT_STRING_ESCAPE:
        if (c == '\\')
            end_string(vt);
        /* Anything else ends the string as a real terminal does: the picture is lost. */
        vt->filter = c == '\\' ? VT_PLAIN : after_escape(vt, c);
        break;
    }
}

static void feed(struct vt *vt, const char *data, size_t n)
{
    vt_bytes_add(&vt->stream, data, n);
    for (size_t i = 0; i < n; i++)
        feed_byte(vt, data[i]);
    flush_plain(vt);
}

/* ---- libvterm's callbacks ---- */

static int on_damage(VTermRect rect, void *user)
{
    vt_picture_damage(user, rect);
    return 1;
}

static int on_move(VTermRect dest, VTermRect src, void *user)
{
    vt_picture_damage(user, dest);
    vt_picture_damage(user, src);
    return 1;
}

static int on_prop(VTermProp prop, VTermValue *val, void *user)
{
    struct vt *vt = user;

    if (prop == VTERM_PROP_ALTSCREEN) {
        vt->modes.alternate_screen = val->boolean;
        vt_picture_lose_all(vt);
    } else if (prop == VTERM_PROP_CURSORVISIBLE) {
        vt->modes.cursor_visible = val->boolean;
    } else if (prop == VTERM_PROP_MOUSE) {
        vt->modes.mouse = val->number != VTERM_PROP_MOUSE_NONE;
    }
    return 1;
}

static const VTermScreenCallbacks screen_callbacks = {
    .damage = on_damage, .moverect = on_move, .settermprop = on_prop};

static void on_output(const char *s, size_t n, void *user)
{
    write_all(user, s, n);
}

/* ---- starting ---- */

static const char *const pinned[] = {"TERM=xterm-256color",
                                     "LC_ALL=C.UTF-8",
                                     "LANG=C.UTF-8",
                                     "TZ=UTC",
                                     "COLORTERM",
                                     "NO_COLOR",
                                     "TMUX",
                                     "LINES",
                                     "COLUMNS",
                                     "TERMINFO",
                                     NULL};

static void change_environment(const char *const *env)
{
    for (; env && *env; env++) {
        const char *equals = strchr(*env, '=');

        if (equals) {
            char *name = strndup(*env, (size_t)(equals - *env));

            setenv(name, equals + 1, 1);
            free(name);
        } else {
            unsetenv(*env);
        }
    }
}

static void become_child(struct vt *vt, const char *const *env)
{
    const struct rlimit no_core = {0, 0};
    sigset_t none;

    close(vt->master);
    if (login_tty(vt->slave) != 0)
        _exit(126);
    setrlimit(RLIMIT_CORE, &no_core);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int sig = 1; sig < 32; sig++)
        signal(sig, SIG_DFL);
    change_environment(pinned);
    change_environment(env);
}

static void set_window(struct vt *vt)
{
    struct winsize ws = {(unsigned short)vt->rows, (unsigned short)vt->cols, 0, 0};

    if (!vt->options.no_pixels) {
        ws.ws_xpixel = (unsigned short)(vt->cols * cell_w(vt));
        ws.ws_ypixel = (unsigned short)(vt->rows * cell_h(vt));
    }
    ioctl(vt->master, TIOCSWINSZ, &ws);
}

static struct vt *create(int rows, int cols, const struct vt_options *options)
{
    struct vt *vt = calloc(1, sizeof *vt);

    if (!vt)
        die("calloc");
    if (options)
        vt->options = *options;
    vt->rows = rows;
    vt->cols = cols;
    vt->owner = calloc((size_t)rows * (size_t)cols, sizeof *vt->owner);
    if (openpty(&vt->master, &vt->slave, NULL, NULL, NULL) != 0)
        die("openpty");
    fcntl(vt->master, F_SETFD, FD_CLOEXEC);
    set_window(vt);
    tcgetattr(vt->slave, &vt->before);
    vt->modes.cursor_visible = true;
    vt->vterm = vterm_new(rows, cols);
    vterm_set_utf8(vt->vterm, 1);
    vterm_output_set_callback(vt->vterm, on_output, vt);
    vt->state = vterm_obtain_state(vt->vterm);
    vt->screen = vterm_obtain_screen(vt->vterm);
    vterm_screen_enable_altscreen(vt->screen, 1);
    vterm_screen_set_callbacks(vt->screen, &screen_callbacks, vt);
    vterm_screen_set_damage_merge(vt->screen, VTERM_DAMAGE_CELL);
    vterm_screen_reset(vt->screen, 1);
    return vt;
}

static void start_parent(struct vt *vt)
{
    fcntl(vt->slave, F_SETFD, FD_CLOEXEC);
    fcntl(vt->master, F_SETFL, fcntl(vt->master, F_GETFL) | O_NONBLOCK);
    vt->last_heard_ms = now_ms();
}

struct vt *vt_start(const char *const *argv, const char *const *env, int rows, int cols,
                    const struct vt_options *options)
{
    struct vt *vt = create(rows, cols, options);

    fflush(NULL);
    vt->pid = fork();
    if (vt->pid < 0)
        die("fork");
    if (vt->pid == 0) {
        become_child(vt, env);
        execvp(argv[0], (char *const *)argv);
        fprintf(stderr, "vt: cannot run '%s': %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    start_parent(vt);
    return vt;
}

struct vt *vt_start_function(int (*run)(void *arg), void *arg, const char *const *env, int rows,
                             int cols, const struct vt_options *options)
{
    struct vt *vt = create(rows, cols, options);

    fflush(NULL);
    vt->pid = fork();
    if (vt->pid < 0)
        die("fork");
    if (vt->pid == 0) {
        int status;

        become_child(vt, env);
        status = run(arg);
        fflush(NULL);
        _exit(status);
    }
    start_parent(vt);
    return vt;
}

static void note_status(struct vt *vt)
{
    int status;

    if (vt->has_exited || waitpid(vt->pid, &status, WNOHANG | WUNTRACED) != vt->pid)
        return;
    if (WIFSTOPPED(status)) {
        vt->has_stopped = true;
        return;
    }
    vt->has_exited = true;
    vt->status = status;
}

void vt_stop(struct vt *vt)
{
    if (!vt)
        return;
    note_status(vt);
    if (!vt->has_exited) {
        kill(vt->pid, SIGKILL);
        waitpid(vt->pid, &vt->status, 0);
    }
    if (vt->master >= 0)
        vt_hang_up(vt);
    for (int i = 0; i < vt->n_pictures; i++)
        free(vt->pictures[i].rgb);
    vterm_free(vt->vterm);
    free(vt->pictures);
    free(vt->owner);
    free(vt->stream.data);
    free(vt->sequence.data);
    free(vt->plain.data);
    free(vt);
}

/* ---- pumping ---- */

/* Takes what has come; waits at most ms for it. */
static void pump_once(struct vt *vt, int ms)
{
    char data[65536];
    struct pollfd p = {vt->master, POLLIN, 0};

    send_due_answers(vt);
    if (vt->n_answers && ms > 2)
        ms = 2;
    if (poll(&p, 1, ms) > 0) {
        ssize_t n;

        while ((n = read(vt->master, data, sizeof data)) > 0) {
            feed(vt, data, (size_t)n);
            vt->last_heard_ms = now_ms();
            send_due_answers(vt);
        }
    }
    note_status(vt);
}

static int row_with(struct vt *vt, const char *text)
{
    return vt_find(vt, text, NULL);
}

static void show(struct vt *vt, const char *what, const char *text)
{
    char *dump = vt_screen_dump(vt);

    printf("vt: %s '%s'; the screen:\n%s", what, text, dump);
    if (vt->has_exited)
        printf("vt: the program ended with status %#x\n", (unsigned)vt->status);
    fflush(stdout);
    free(dump);
}

int vt_pump_until(struct vt *vt, const char *text, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;

    for (;;) {
        int row = row_with(vt, text);

        if (row >= 0)
            return row;
        if (now_ms() >= end)
            break;
        pump_once(vt, 10);
    }
    show(vt, "waited in vain for", text);
    return -1;
}

bool vt_pump_until_gone(struct vt *vt, const char *text, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;

    while (row_with(vt, text) >= 0) {
        if (now_ms() >= end) {
            show(vt, "this never went away:", text);
            return false;
        }
        pump_once(vt, 10);
    }
    return true;
}

bool vt_pump_until_pictures(struct vt *vt, int n, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;

    while (vt->n_pictures < n) {
        if (now_ms() >= end) {
            show(vt, "too few pictures", "");
            return false;
        }
        pump_once(vt, 10);
    }
    return true;
}

void vt_pump(struct vt *vt, int ms)
{
    int64_t end = now_ms() + ms;

    do
        pump_once(vt, 5);
    while (now_ms() < end);
}

bool vt_pump_quiet(struct vt *vt, int quiet_ms, int timeout_ms)
{
    int64_t start = now_ms();

    for (;;) {
        int64_t now, since;

        pump_once(vt, 5);
        now = now_ms();
        since = vt->last_heard_ms > start ? vt->last_heard_ms : start;
        if (now - since >= quiet_ms && !vt->n_answers)
            return true;
        if (now - start >= timeout_ms)
            return false;
    }
}

int vt_wait_exit(struct vt *vt, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;

    while (!vt->has_exited && now_ms() < end) {
        if (vt->master >= 0) {
            pump_once(vt, 5);
        } else {
            usleep(5000);
            note_status(vt);
        }
    }
    if (!vt->has_exited)
        return -1;
    if (vt->master >= 0)
        pump_once(vt, 0); /* its last words */
    return vt->status;
}

bool vt_wait_stopped(struct vt *vt, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;

    while (!vt->has_stopped && now_ms() < end)
        pump_once(vt, 5);
    if (!vt->has_stopped)
        return false;
    vt->has_stopped = false;
    pump_once(vt, 0);
    return true;
}

/* ---- typing ---- */

void vt_send(struct vt *vt, const void *bytes, size_t n)
{
    write_all(vt, bytes, n);
}

static const struct {
    const char *name;
    int key, modifier;
    const char *bytes; /* if not NULL: these instead */
} key_names[] = {
    {"Up", VTERM_KEY_UP, 0, NULL},
    {"Down", VTERM_KEY_DOWN, 0, NULL},
    {"Left", VTERM_KEY_LEFT, 0, NULL},
    {"Right", VTERM_KEY_RIGHT, 0, NULL},
    {"Home", VTERM_KEY_HOME, 0, NULL},
    {"End", VTERM_KEY_END, 0, NULL},
    {"PgUp", VTERM_KEY_PAGEUP, 0, NULL},
    {"PgDn", VTERM_KEY_PAGEDOWN, 0, NULL},
    {"Tab", 0, 0, "\t"},
    {"S-Tab", VTERM_KEY_TAB, VTERM_MOD_SHIFT, NULL},
    {"Enter", 0, 0, "\r"},
    {"Esc", 0, 0, "\033"},
    {"BS", 0, 0, "\177"},
    {"Del", VTERM_KEY_DEL, 0, NULL},
    {"F1", VTERM_KEY_FUNCTION_0 + 1, 0, NULL},
    {"Space", 0, 0, " "},
    {"lt", 0, 0, "<"},
};

static void type_name(struct vt *vt, const char *name)
{
    if (name[0] == 'C' && name[1] == '-' && name[2] >= 'a' && name[2] <= 'z' && !name[3]) {
        const char c = name[2] & 0x1f;

        write_all(vt, &c, 1);
        return;
    }
    for (size_t i = 0; i < sizeof key_names / sizeof *key_names; i++) {
        if (strcmp(name, key_names[i].name) != 0)
            continue;
        if (key_names[i].bytes)
            write_all(vt, key_names[i].bytes, strlen(key_names[i].bytes));
        else
            vterm_keyboard_key(vt->vterm, (VTermKey)key_names[i].key,
                               (VTermModifier)key_names[i].modifier);
        return;
    }
    fprintf(stderr, "vt: no key is called <%s>\n", name);
    abort();
}

void vt_keys(struct vt *vt, const char *keys)
{
    while (*keys) {
        const char *end = *keys == '<' ? strchr(keys, '>') : NULL;

        if (end) {
            char *name = strndup(keys + 1, (size_t)(end - keys - 1));

            type_name(vt, name);
            free(name);
            keys = end + 1;
        } else {
            write_all(vt, keys, 1);
            keys++;
        }
    }
}

static void send_mouse(struct vt *vt, int button, int row, int col, char end)
{
    char text[64];
    int n = snprintf(text, sizeof text, "\033[<%d;%d;%d%c", button, col + 1, row + 1, end);

    write_all(vt, text, (size_t)n);
}

void vt_mouse(struct vt *vt, enum vt_mouse kind, int row, int col)
{
    if (!vt->modes.mouse)
        return;
    if (kind == VT_MOUSE_PRESS || kind == VT_MOUSE_CLICK)
        send_mouse(vt, 0, row, col, 'M');
    if (kind == VT_MOUSE_RELEASE || kind == VT_MOUSE_CLICK)
        send_mouse(vt, 0, row, col, 'm');
    if (kind == VT_MOUSE_WHEEL_UP || kind == VT_MOUSE_WHEEL_DOWN)
        send_mouse(vt, kind == VT_MOUSE_WHEEL_UP ? 64 : 65, row, col, 'M');
}

void vt_resize(struct vt *vt, int rows, int cols)
{
    vt_picture_lose_all(vt);
    vt->rows = rows;
    vt->cols = cols;
    free(vt->owner);
    vt->owner = calloc((size_t)rows * (size_t)cols, sizeof *vt->owner);
    vterm_set_size(vt->vterm, rows, cols);
    set_window(vt); /* the kernel sends SIGWINCH */
}

void vt_set_cell_px(struct vt *vt, int w, int h)
{
    vt->options.cell_w = w;
    vt->options.cell_h = h;
    set_window(vt);
}

void vt_kill(struct vt *vt, int sig)
{
    if (!vt->has_exited)
        kill(vt->pid, sig);
}

int vt_pid(const struct vt *vt)
{
    return (int)vt->pid;
}

void vt_hang_up(struct vt *vt)
{
    close(vt->master);
    close(vt->slave);
    vt->master = vt->slave = -1;
}
