/* SPDX-License-Identifier: MIT */
/*
 * The terminal: opened, asked what it can do, drawn to in frames of cells and pictures, and left as
 * it was found. One at a time. Immediate mode: every frame paints everything; what did not change
 * is not sent.
 */
#ifndef MISREAD_TERM_TERM_H
#define MISREAD_TERM_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/geometry.h>
#include <misread/base/status.h>

struct mr_image;
struct mr_term;

/* X(name, text): how pictures are drawn. */
#define MR_GRAPHICS_LIST(X) \
    X(AUTO, "auto")         \
    X(SIXEL, "sixel")       \
    X(HALF, "half")         \
    X(NONE, "none")
enum mr_graphics {
#define X(name, text) MR_GRAPHICS_##name,
    MR_GRAPHICS_LIST(X)
#undef X
        MR_N_GRAPHICS
};
/* "auto", "sixel" ... */
const char *mr_graphics_text(enum mr_graphics graphics);

enum mr_color { MR_COLOR_AUTO, MR_COLOR_ALWAYS, MR_COLOR_NEVER };

struct mr_term_options {
    enum mr_graphics graphics;
    struct mr_size_px cell; /* 0x0: ask the terminal */
    enum mr_color color;
    bool mouse;
};

/* What was found out and is used. */
struct mr_term_caps {
    enum mr_graphics graphics;
    bool has_sixel, has_sync;
    int n_colors;    /* 0 (mono), 16, 256, 1 << 24 */
    int n_registers; /* sixel colour registers */
    struct mr_size_px cell, max_picture;
    bool is_utf8;
    char name[64]; /* the terminal's own name, "" unknown */
};

/* Probes (waits at most 50 ms, late replies are honoured when they come), hides scrolling
 * capabilities, starts curses. */
enum mr_status mr_term_open(struct mr_term **term, const struct mr_term_options *options,
                            struct mr_error *err) MR_NODISCARD;
/* Removes pictures, restores the terminal. Accepts NULL. */
void mr_term_close(struct mr_term *term);
/* Async-signal-safe: restores the terminal as far as writing bytes can. */
void mr_term_emergency(void);
/* What mr_term_emergency writes: ends a picture, leaves the alternate screen, mouse off, cursor on.
 */
extern const char mr_term_reset_bytes[];
const struct mr_term_caps *mr_term_get_caps(const struct mr_term *term);
struct mr_size_cells mr_term_size(const struct mr_term *term);
/* Asks without opening the screen, for `misread doctor`. */
enum mr_status mr_term_probe(struct mr_term_caps *caps, const struct mr_term_options *options,
                             int wait_ms, struct mr_error *err) MR_NODISCARD;

/* Leave the screen (for ^Z) and come back; everything is painted anew. */
void mr_term_suspend(struct mr_term *term);
void mr_term_resume(struct mr_term *term);
/* The next frame sends every cell and picture again (^l). */
void mr_term_redraw(struct mr_term *term);
/* The next way of drawing pictures (^g). */
void mr_term_cycle_graphics(struct mr_term *term);
/* The terminal is gone (hang-up): nothing is written any more. */
void mr_term_abandon(struct mr_term *term);
/* Reading or writing said that the terminal is gone, or it was abandoned. */
bool mr_term_is_lost(const struct mr_term *term);

/* ---- keys ---- */

/* X(name): keys that are not characters */
enum mr_key_code {
    MR_KEY_NONE = 0,
    /* 1 .. 0x10ffff: a character; control keys are 1..26, Enter is '\r', Escape 27, Backspace 127
     */
    MR_KEY_UP = 0x110000,
    MR_KEY_DOWN,
    MR_KEY_LEFT,
    MR_KEY_RIGHT,
    MR_KEY_HOME,
    MR_KEY_END,
    MR_KEY_PAGE_UP,
    MR_KEY_PAGE_DOWN,
    MR_KEY_SHIFT_TAB,
    MR_KEY_DELETE,
    MR_KEY_F1,
    MR_KEY_RESIZE,
    MR_KEY_MOUSE,
    MR_KEY_SHIFT_UP,
    MR_KEY_SHIFT_DOWN,
    MR_KEY_SHIFT_LEFT,
    MR_KEY_SHIFT_RIGHT
};
#define MR_CTRL(c) ((c)&0x1f)

enum mr_mouse_kind { MR_MOUSE_CLICK, MR_MOUSE_DOUBLE, MR_MOUSE_WHEEL_UP, MR_MOUSE_WHEEL_DOWN };

struct mr_key {
    int code;
    /* with MR_KEY_MOUSE: */
    enum mr_mouse_kind mouse;
    int row, col;
};

/*
 * False if no key is waiting. poll() stdin and mr_term_wake_fd for readiness, then call this until
 * it says false. Waits only behind a lone ESC, 25 ms, for the rest of a sequence. ^C and ^Z are
 * keys like others (3 and 26). MR_KEY_RESIZE: size or capabilities changed (a late reply too); draw
 * a frame.
 */
bool mr_term_key(struct mr_term *term, struct mr_key *key);

/* ---- styles: roles, which the theme turns into attributes and colours ---- */

enum mr_style {
    MR_STYLE_NORMAL,
    MR_STYLE_DIM,
    MR_STYLE_BOLD,
    MR_STYLE_TITLE,
    MR_STYLE_TAB,      /* a tab that is not chosen */
    MR_STYLE_TAB_HERE, /* the chosen one */
    MR_STYLE_KEY,      /* a key's name in the footer */
    MR_STYLE_BORDER,
    MR_STYLE_BORDER_FOCUS,
    MR_STYLE_SELECTED,
    MR_STYLE_MODE, /* reverse video: a mode is on */
    MR_STYLE_MESSAGE,
    MR_STYLE_WARNING,
    MR_STYLE_ERROR,
    MR_STYLE_SERIES_1, /* train: blue */
    MR_STYLE_SERIES_2, /* valid: orange */
    MR_STYLE_GOOD_0,   /* diagonal of a matrix: 8 steps of a blue ramp, contrast chosen */
    MR_STYLE_BAD_0 = MR_STYLE_GOOD_0 + 8, /* errors: 8 steps of an orange ramp */
    MR_N_STYLES = MR_STYLE_BAD_0 + 8
};

/* ---- canvas: a rectangle of the screen that clips; coordinates are its own ---- */

struct mr_canvas {
    struct mr_term *term; /* borrowed */
    struct mr_rect_cells rect;
};

/* The whole screen, blank. */
struct mr_canvas mr_term_begin(struct mr_term *term);
/* Sends what changed: cells first, then pictures, in one write. */
void mr_term_end(struct mr_term *term);

struct mr_canvas mr_canvas_sub(const struct mr_canvas *canvas, struct mr_rect_cells rect);
/* Text must be safe already (mr_safe_text). Returns the columns written; what does not fit is cut.
 */
int mr_canvas_text(const struct mr_canvas *canvas, int row, int col, enum mr_style style,
                   const char *text);
int mr_canvas_textf(const struct mr_canvas *canvas, int row, int col, enum mr_style style,
                    const char *fmt, ...) MR_PRINTF(5, 6);
void mr_canvas_fill(const struct mr_canvas *canvas, struct mr_rect_cells rect, enum mr_style style);
/* A border with a title; returns the canvas inside. */
struct mr_canvas mr_canvas_box(const struct mr_canvas *canvas, const char *title, bool has_focus);
/*
 * A picture in rect. version names the content: as long as (rect, version) stay the same from frame
 * to frame nothing is sent. image is scaled to fit, centred, and copied before this returns. Where
 * pictures cannot be drawn (no graphics, rect below 8 x 4 cells) caption is shown instead. At most
 * one is encoded a frame, newest first.
 */
void mr_canvas_picture(const struct mr_canvas *canvas, struct mr_rect_cells rect, uint64_t version,
                       const struct mr_image *image, const char *caption);
/* Pictures wait to be encoded or sent, or a key is half read: the loop should come back within some
 * 50 ms. */
bool mr_term_is_busy(const struct mr_term *term);
/* Readable when a picture has been encoded or the window changed its size: look for keys, draw a
 * frame. mr_term_begin clears it. Borrowed until mr_term_close. */
int mr_term_wake_fd(const struct mr_term *term);

#endif
