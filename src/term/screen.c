/* SPDX-License-Identifier: MIT */
/*
 * The open terminal. curses keeps the cells and finds out what changed; it writes into a file in
 * memory, so that a frame (cells, then pictures) reaches the terminal in one write, whole, between
 * synchronisation marks.
 */
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/thread.h>

#include "state.h"
#include "terminfo.h"
#include "theme.h"

#define PROBE_WAIT_MS     50
#define PROBE_PATIENCE_MS 5000

/* ---- finding out ---- */

static const char *terminal_type(void)
{
    const char *term = getenv("TERM");

    return term && *term ? term : "unknown";
}

static enum mr_status check_type(const char *term, int *colors, struct mr_error *err)
{
    switch (mr_terminfo_ask(term, colors)) {
    case MR_TERMINFO_UNKNOWN:
        return mr_fail(
            err, MR_E_UNSUPPORTED,
            "the terminal type '%s' is not known on this machine; try TERM=xterm-256color", term);
    case MR_TERMINFO_CANNOT_MOVE:
        return mr_fail(err, MR_E_UNSUPPORTED,
                       "the terminal type '%s' cannot move its cursor; try TERM=xterm-256color",
                       term);
    default:
        return MR_OK;
    }
}

/* Terminals of these types show the questions instead of answering them. */
static bool can_be_asked(const char *term)
{
    return strcmp(term, "dumb") != 0 && strcmp(term, "linux") != 0 && strcmp(term, "unknown") != 0;
}

/* Asks and listens until everything is answered or wait_ms are over. Keys typed meanwhile stay in
 * input. */
static void ask(struct mr_input *input, int wait_ms)
{
    int64_t end = mr_clock_ms() + wait_ms;

    if (!mr_tty_write(mr_probe_question, strlen(mr_probe_question)))
        return;
    for (;;) {
        char bytes[512];
        int64_t left = end - mr_clock_ms();
        int n = mr_tty_read(bytes, sizeof bytes, left > 0 ? (int)left : 0);

        if (n > 0)
            mr_input_feed(input, bytes, (size_t)n, mr_clock_ms());
        mr_input_take_replies(input, mr_clock_ms());
        if (input->probe.has_da1 || n < 0 || left <= 0)
            break;
    }
}

static void judge(struct mr_term_caps *caps, const struct mr_probe *probe,
                  const struct mr_term_options *options, int terminfo_colors)
{
    struct mr_probe_window window = mr_tty_window();

    caps->is_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
    caps->n_colors = mr_probe_colors(terminfo_colors, getenv("COLORTERM"), getenv("NO_COLOR"),
                                     (int)options->color);
    mr_probe_judge(caps, probe, &window, options);
}

enum mr_status mr_term_probe(struct mr_term_caps *caps, const struct mr_term_options *options,
                             int wait_ms, struct mr_error *err)
{
    struct mr_input input = {0};
    int colors = 0;

    if (mr_terminfo_ask(terminal_type(), &colors) != MR_TERMINFO_FINE)
        colors = 0;
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && can_be_asked(terminal_type())) {
        enum mr_status st = mr_tty_take(err);

        if (st)
            return st;
        ask(&input, wait_ms);
        mr_tty_restore(!input.probe.has_da1);
        mr_tty_forget();
    }
    *caps = (struct mr_term_caps){0};
    judge(caps, &input.probe, options, colors);
    return MR_OK;
}

/* ---- looks ---- */

static attr_t curses_attr(unsigned flags)
{
    return (flags & MR_LOOK_BOLD ? A_BOLD : 0) | (flags & MR_LOOK_DIM ? A_DIM : 0) |
           (flags & MR_LOOK_UNDERLINE ? A_UNDERLINE : 0) |
           (flags & MR_LOOK_REVERSE ? A_REVERSE : 0);
}

/* Terminals with direct colours take RGB where others take a number of the palette. */
static int curses_color(int color)
{
    return COLORS > 256 && color >= 16 ? (int)mr_theme_rgb(color) : color;
}

static void make_looks(struct mr_term *term)
{
    int depth = 0;

    if (term->caps.n_colors && has_colors() && start_color() == OK) {
        use_default_colors();
        depth = COLORS >= 256 ? 256 : 16;
    }
    for (int s = 0; s < MR_N_STYLES; s++) {
        struct mr_look look = mr_theme_look((enum mr_style)s, depth);

        term->attrs[s] = curses_attr(look.flags);
        term->pairs[s] = 0;
        if (look.fg < 0 && look.bg < 0)
            continue;
        term->pairs[s] = s + 1;
        init_extended_pair(s + 1, curses_color(look.fg), curses_color(look.bg));
    }
}

/* ---- opening ---- */

/* curses takes these for itself; they are the program's. */
static const int curses_signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
#define N_SIGNALS (sizeof curses_signals / sizeof *curses_signals)

static enum mr_status start_curses(struct mr_term *term, struct mr_error *err)
{
    struct sigaction before[N_SIGNALS];
    int fd = memfd_create("misread-frame", MFD_CLOEXEC);
    bool is_patched;

    term->cells = fd >= 0 ? fdopen(fd, "w+") : NULL;
    if (!term->cells)
        return mr_fail(err, MR_E_IO, "cannot make a buffer for the screen");
    for (size_t i = 0; i < N_SIGNALS; i++)
        sigaction(curses_signals[i], NULL, &before[i]);
    term->curses = mr_terminfo_start(terminal_type(), term->cells, stdin, &is_patched);
    term->scroll_risk = !is_patched;
    for (size_t i = 0; i < N_SIGNALS; i++)
        sigaction(curses_signals[i], &before[i], NULL);
    if (!term->curses)
        return mr_fail(err, MR_E_UNSUPPORTED, "cannot start the screen on a terminal of type '%s'",
                       terminal_type());
    return MR_OK;
}

/* A capability's bytes, "" if the terminal has none. */
static const char *capability(const char *name)
{
    const char *bytes = tigetstr(name);

    return bytes && bytes != (char *)-1 ? bytes : "";
}

static void make_modes(struct mr_term *term)
{
    snprintf(term->enter, sizeof term->enter, "%s%s", capability("smkx"),
             term->options.mouse ? "\033[?1000h\033[?1006h" : "");
    snprintf(term->leave, sizeof term->leave, "%s%s",
             term->options.mouse ? "\033[?1006l\033[?1000l" : "", capability("rmkx"));
    mr_tty_set_farewell(capability("rmcup"));
}

static void set_up_curses(struct mr_term *term)
{
    term->size = mr_tty_window().cells;
    resize_term(term->size.rows, term->size.cols);
    typeahead(-1); /* a frame is never cut short */
    set_escdelay(25);
    leaveok(stdscr, TRUE);
    curs_set(0);
    make_looks(term);
    make_modes(term);
}

static enum mr_status open_parts(struct mr_term *term, struct mr_error *err)
{
    int colors = 0;
    enum mr_status st = check_type(terminal_type(), &colors, err);

    if (!st)
        st = mr_tty_take(err);
    if (st)
        return st;
    term->has_tty = true;
    term->input.backspace_is_8 = mr_tty_erases_with_8();
    if (can_be_asked(terminal_type())) {
        term->input.patient_until_ms = mr_clock_ms() + PROBE_PATIENCE_MS;
        ask(&term->input, PROBE_WAIT_MS);
        if (term->input.probe.has_da1)
            term->input.patient_until_ms = 0;
    }
    term->n_replies_seen = term->input.n_replies;
    judge(&term->caps, &term->input.probe, &term->options, colors);
    st = start_curses(term, err);
    if (st)
        return st;
    set_up_curses(term);
    term->wake = mr_wake_create();
    mr_tty_watch_size(term->wake);
    st = mr_encoder_create(&term->encoder, term->wake, err);
    if (st)
        return st;
    term->layer = mr_layer_create(term->encoder);
    mr_abort_hook_set(mr_term_emergency);
    term->is_lost = !mr_tty_write(term->enter, strlen(term->enter));
    return MR_OK;
}

enum mr_status mr_term_open(struct mr_term **term, const struct mr_term_options *options,
                            struct mr_error *err)
{
    struct mr_term *t = mr_xalloc(1, sizeof *t);
    enum mr_status st;

    t->options = *options;
    st = open_parts(t, err);
    if (st) {
        mr_term_close(t);
        return st;
    }
    *term = t;
    return MR_OK;
}

/* ---- frames ---- */

/* Appends what curses has written since the last time. */
static void take_cells(struct mr_term *term, struct mr_str *out)
{
    int fd = fileno(term->cells);
    off_t end = lseek(fd, 0, SEEK_END);
    char bytes[8192];
    ssize_t n;

    lseek(fd, 0, SEEK_SET);
    while (end > 0 && (n = read(fd, bytes, sizeof bytes)) > 0)
        mr_str_add_n(out, bytes, (size_t)n);
    if (end > 0 && ftruncate(fd, 0) == 0)
        lseek(fd, 0, SEEK_SET);
}

static void send(struct mr_term *term, const struct mr_str *bytes)
{
    if (bytes->n && !term->is_lost)
        term->is_lost = !mr_tty_write(bytes->text, bytes->n);
}

/* The whole screen as it was left is sent anew with the next frame. */
static void start_anew(struct mr_term *term)
{
    clearok(curscr, TRUE);
    mr_layer_forget(term->layer);
}

void mr_screen_check_size(struct mr_term *term)
{
    struct mr_probe_window window = mr_tty_window();

    if (window.cells.cols == term->size.cols && window.cells.rows == term->size.rows)
        return;
    term->size = window.cells;
    resize_term(term->size.rows, term->size.cols);
    term->caps.cell = mr_probe_cell(&term->input.probe, &window, term->options.cell);
    term->must_tell_change = true;
    start_anew(term);
    /* The replies come as late ones do. A terminal that did not answer the first question is left
     * alone. */
    if (term->input.probe.has_da1)
        term->is_lost = !mr_tty_write(mr_probe_question_resize, strlen(mr_probe_question_resize));
}

void mr_screen_adopt_replies(struct mr_term *term)
{
    struct mr_term_caps caps = term->caps;
    struct mr_probe_window window = mr_tty_window();

    if (term->n_replies_seen == term->input.n_replies)
        return;
    term->n_replies_seen = term->input.n_replies;
    if (term->input.probe.has_da1)
        term->input.patient_until_ms = 0;
    mr_probe_judge(&caps, &term->input.probe, &window, &term->options);
    if (!memcmp(&caps, &term->caps, sizeof caps))
        return;
    term->caps = caps;
    term->must_tell_change = true;
    start_anew(term);
}

struct mr_canvas mr_term_begin(struct mr_term *term)
{
    mr_wake_clear(term->wake);
    if (!term->is_lost && !term->is_suspended)
        mr_screen_check_size(term);
    erase();
    mr_layer_begin(term->layer, term->size);
    return (struct mr_canvas){term, {0, 0, term->size.rows, term->size.cols}};
}

/* Cells, then pictures, as one piece. Terminals without synchronised output ignore its marks. */
static void compose(struct mr_term *term)
{
    bool is_marked = term->caps.has_sync || term->pictures.n;

    mr_str_clear(&term->frame);
    if (!term->cell_bytes.n && !term->pictures.n)
        return;
    if (is_marked)
        mr_str_add(&term->frame, "\033[?2026h");
    mr_str_add_n(&term->frame, term->cell_bytes.text, term->cell_bytes.n);
    if (term->pictures.n) {
        mr_str_add(&term->frame, "\0337\033[0m");
        mr_str_add_n(&term->frame, term->pictures.text, term->pictures.n);
        mr_str_add(&term->frame, "\0338");
    }
    if (is_marked)
        mr_str_add(&term->frame, "\033[?2026l");
}

void mr_term_end(struct mr_term *term)
{
    if (term->is_lost || term->is_suspended)
        return;
    mr_str_clear(&term->cell_bytes);
    mr_str_clear(&term->pictures);
    wnoutrefresh(stdscr);
    doupdate();
    take_cells(term, &term->cell_bytes);
    mr_layer_end(term->layer, &term->pictures, term->cell_bytes.n && term->scroll_risk);
    compose(term);
    send(term, &term->frame);
}

/* ---- leaving and coming back ---- */

static void leave_screen(struct mr_term *term)
{
    struct mr_str out = MR_STR_EMPTY;

    mr_term_begin(term); /* an empty frame takes the pictures away */
    mr_term_end(term);
    mr_str_add(&out, term->leave);
    endwin();
    take_cells(term, &out);
    mr_str_add(&out, capability("cnorm")); /* again: some restore a hidden one with the screen */
    send(term, &out);
    mr_str_finish(&out);
    mr_layer_forget(term->layer);
}

void mr_term_suspend(struct mr_term *term)
{
    if (term->is_suspended || term->is_lost)
        return;
    leave_screen(term);
    mr_tty_restore(!term->input.probe.has_da1);
    term->is_suspended = true;
}

void mr_term_resume(struct mr_term *term)
{
    if (!term->is_suspended || term->is_lost)
        return;
    term->is_suspended = false;
    mr_tty_retake();
    mr_screen_check_size(term);
    start_anew(term);
    term->is_lost = !mr_tty_write(term->enter, strlen(term->enter));
    term->must_tell_change = true;
}

void mr_term_redraw(struct mr_term *term)
{
    start_anew(term);
}

void mr_term_abandon(struct mr_term *term)
{
    term->is_lost = true;
    mr_tty_forget();
}

static bool can_draw(const struct mr_term_caps *caps, enum mr_graphics mode)
{
    if (mode == MR_GRAPHICS_SIXEL)
        return caps->has_sixel || caps->graphics == MR_GRAPHICS_SIXEL;
    return mode == MR_GRAPHICS_NONE || (caps->n_colors >= 256 && caps->is_utf8);
}

void mr_term_cycle_graphics(struct mr_term *term)
{
    static const enum mr_graphics next[] = {
        [MR_GRAPHICS_AUTO] = MR_GRAPHICS_SIXEL,
        [MR_GRAPHICS_SIXEL] = MR_GRAPHICS_HALF,
        [MR_GRAPHICS_HALF] = MR_GRAPHICS_NONE,
        [MR_GRAPHICS_NONE] = MR_GRAPHICS_SIXEL,
    };
    enum mr_graphics mode = next[term->caps.graphics];

    while (!can_draw(&term->caps, mode))
        mode = next[mode];
    term->caps.graphics = mode;
    term->options.graphics = mode; /* a late reply does not change the choice */
    start_anew(term);
}

void mr_term_close(struct mr_term *term)
{
    if (!term)
        return;
    if (term->layer && !term->is_suspended)
        leave_screen(term);
    if (term->has_tty) {
        mr_tty_watch_size(NULL);
        if (!term->is_lost && !term->is_suspended)
            mr_tty_restore(!term->input.probe.has_da1);
        mr_tty_forget();
        mr_abort_hook_set(NULL);
    }
    mr_layer_destroy(term->layer);
    mr_encoder_destroy(term->encoder);
    mr_wake_destroy(term->wake);
    if (term->curses)
        delscreen(term->curses);
    if (term->cells)
        fclose(term->cells);
    mr_str_finish(&term->frame);
    mr_str_finish(&term->cell_bytes);
    mr_str_finish(&term->pictures);
    free(term);
}

/* ---- asking the open terminal ---- */

const struct mr_term_caps *mr_term_get_caps(const struct mr_term *term)
{
    return &term->caps;
}

struct mr_size_cells mr_term_size(const struct mr_term *term)
{
    return term->size;
}

int mr_term_wake_fd(const struct mr_term *term)
{
    return mr_wake_fd(term->wake);
}

bool mr_term_is_lost(const struct mr_term *term)
{
    return term->is_lost;
}

bool mr_term_is_busy(const struct mr_term *term)
{
    return mr_layer_is_waiting(term->layer) || mr_encoder_is_busy(term->encoder) ||
           term->input.n > 0;
}
