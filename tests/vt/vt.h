/* SPDX-License-Identifier: MIT */
/*
 * A terminal for tests: a program (or a C function) runs in a pseudo-terminal whose other end is
 * libvterm and a sixel cutter. It answers the questions programs ask as xterm does, keeps every
 * picture with the place it was drawn at, and knows which cells of a picture were written over
 * since. One thread; nothing moves unless one of the pumping functions runs.
 */
#ifndef MISREAD_TESTS_VT_H
#define MISREAD_TESTS_VT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vt;

/* All zero (or NULL): 9 x 19 pixel cells, no sixel, answers at once. */
struct vt_options {
    bool sixel;         /* say so in DA1 (pictures are kept whatever DA1 said) */
    bool mute;          /* answer nothing at all */
    int late_ms;        /* every answer comes so much later */
    int split;          /* answers come in pieces of so many bytes, 5 ms apart; 0: whole */
    int cell_w, cell_h; /* 0: 9 x 19 */
    bool no_cell;     /* CSI 16t and 14t are not answered, as an xterm without window operations */
    bool no_pixels;   /* the window size has no pixels, as over many ssh connections */
    int registers;    /* 0: 1024; < 0: not answered */
    int max_w, max_h; /* largest picture; 0: the window */
    bool has_sync;    /* knows mode 2026 */
};

/*
 * Starts argv (looked up in PATH) in a terminal of rows x cols. The environment is this process's,
 * with TERM=xterm-256color LC_ALL=C.UTF-8 LANG=C.UTF-8 TZ=UTC COLORTERM= pinned and NO_COLOR, TMUX,
 * LINES, COLUMNS, TERMINFO taken out, then changed by env: NULL-terminated "NAME=value" (set) or
 * "NAME" (take out); env may be NULL. Never returns NULL: aborts with a sentence if no terminal can
 * be had.
 */
struct vt *vt_start(const char *const *argv, const char *const *env, int rows, int cols,
                    const struct vt_options *options);
/* The same with a function in a forked child; its result is the exit status. It does not return
 * into the test. */
struct vt *vt_start_function(int (*run)(void *arg), void *arg, const char *const *env, int rows,
                             int cols, const struct vt_options *options);
/* Kills and reaps the child if it still runs, frees. Accepts NULL. */
void vt_stop(struct vt *vt);

/* ---- letting it run ---- */

/* Until a row of the screen contains text; returns that row, or -1 on time-out (the screen is
 * printed). */
int vt_pump_until(struct vt *vt, const char *text, int timeout_ms);
/* Until no row contains text any more; false on time-out. */
bool vt_pump_until_gone(struct vt *vt, const char *text, int timeout_ms);
/* Until n pictures have come since the start; false on time-out. */
bool vt_pump_until_pictures(struct vt *vt, int n, int timeout_ms);
/* For a fixed time. */
void vt_pump(struct vt *vt, int ms);
/* Until nothing came for quiet_ms; false if it is still talking after timeout_ms. */
bool vt_pump_quiet(struct vt *vt, int quiet_ms, int timeout_ms);
/* The status of waitpid() once the child ended, -1 on time-out. May be called again. */
int vt_wait_exit(struct vt *vt, int timeout_ms);
/* Waits for the child to stop (^Z); false on time-out. */
bool vt_wait_stopped(struct vt *vt, int timeout_ms);

/* ---- doing something to it ---- */

/*
 * Types: text as it is, and names in angle brackets: <Up> <Down> <Left> <Right> <Home> <End> <PgUp>
 * <PgDn> <Tab> <S-Tab> <Enter> <Esc> <BS> <Del> <F1> <Space> <lt> <C-a> ... <C-z>. Aborts on any
 * other name.
 */
void vt_keys(struct vt *vt, const char *keys);
/* Bytes as they are. */
void vt_send(struct vt *vt, const void *bytes, size_t n);
enum vt_mouse {
    VT_MOUSE_PRESS,
    VT_MOUSE_RELEASE,
    VT_MOUSE_CLICK,
    VT_MOUSE_WHEEL_UP,
    VT_MOUSE_WHEEL_DOWN
};
/* In SGR coding, if the program asked for the mouse; 0-based cell. */
void vt_mouse(struct vt *vt, enum vt_mouse kind, int row, int col);
/* Everything drawn is counted as lost, as terminals may do. */
void vt_resize(struct vt *vt, int rows, int cols);
void vt_set_cell_px(struct vt *vt, int w, int h);
void vt_kill(struct vt *vt, int sig);
int vt_pid(const struct vt *vt);
/* Closes the terminal: the child gets SIGHUP. Only vt_wait_exit and vt_stop may follow. */
void vt_hang_up(struct vt *vt);

/* ---- looking at it ---- */

/* The row without trailing blanks, UTF-8. Guard cells under a picture (U+00A0) read as U+2591.
 * Valid until the next call with the same row % 8. */
const char *vt_screen_text(struct vt *vt, int row);
/* All rows, each with a newline; owned by the caller. */
char *vt_screen_dump(struct vt *vt);
/* The first row that contains text, or -1; *col (may be NULL) is its first column. */
int vt_find(struct vt *vt, const char *text, int *col);

struct vt_cell {
    uint32_t character; /* 0 blank, UINT32_MAX: right half of a wide one */
    bool bold, underline, reverse;
    bool fg_default, bg_default;
    unsigned fg, bg; /* 0xRRGGBB, reverse not applied */
};
struct vt_cell vt_cell_at(struct vt *vt, int row, int col);

struct vt_picture {
    int row, col; /* of the top left cell */
    int w, h;     /* pixels, from the decoded data */
    int rows, cols;
    unsigned char *rgb; /* (h, w, 3), owned by vt */
    int n_colors;       /* different colours in it */
    size_t n_bytes;     /* of the whole DCS */
    int n_visible; /* cells where it is what one sees: not written over, not covered by a later one
                    */
    int n_damaged; /* cells that text, erasing, scrolling took from it while it was what one saw
                      there */
    bool is_alive; /* n_visible > 0 */
    bool is_whole; /* n_visible == rows * cols */
    bool on_last_row; /* it touched the last row: a real terminal would have scrolled */
};
/* Every picture ever drawn, oldest first; valid until the next pumping. */
const struct vt_picture *vt_pictures(struct vt *vt, int *n);
/* The newest one seen at this cell, or NULL. */
const struct vt_picture *vt_picture_at(struct vt *vt, int row, int col);
/* 10 log10(255^2 / mean squared error) of two (h, w, 3) pictures of the same size; 99 if equal. */
double vt_psnr(const unsigned char *a, const unsigned char *b, int w, int h);

/* Everything received since the start. */
const char *vt_stream(const struct vt *vt, size_t *n);
/* How often bytes occur in it. */
int vt_count(const struct vt *vt, const char *bytes);
/* Control sequences (ESC [ ...) that end with this byte. */
int vt_n_csi(const struct vt *vt, char final);
/* SGR parameters that set a colour (30-38, 40-48, 90-97, 100-107) in the stream. */
int vt_n_color_sgr(const struct vt *vt);

struct vt_modes {
    bool alternate_screen, cursor_visible, mouse; /* mouse: any reporting is on */
    bool sync;                                    /* ?2026 is on */
};
struct vt_modes vt_modes(const struct vt *vt);
/* Are the terminal's settings (tcgetattr) as they were before the child started? */
bool vt_termios_restored(const struct vt *vt);
/* Settings restored, alternate screen left, cursor visible, mouse off, sync off; says what is not.
 */
bool vt_is_restored(const struct vt *vt);

/* ---- golden screens ---- */

/* Compares the screen with a stored file. With MISREAD_GOLDEN=write in the environment the file is
 * written instead. Prints the lines that differ. */
bool vt_golden(struct vt *vt, const char *path);
/* The same for any text. */
bool vt_golden_text(const char *text, const char *path);

#endif
