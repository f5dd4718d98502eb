/* SPDX-License-Identifier: MIT */
/* What the parts of the open terminal share. */
#ifndef MISREAD_TERM_STATE_H
#define MISREAD_TERM_STATE_H

#include <stdio.h>
#include <termios.h>

#include <misread/base/str.h>
#include <misread/term/term.h>

#include "curses.h"
#include "input.h"
#include "layer.h"

struct mr_wake;

struct mr_term {
    struct mr_term_options options;
    struct mr_term_caps caps;
    struct mr_size_cells size;
    struct mr_input input;
    unsigned n_replies_seen;
    bool must_tell_change; /* the next key is MR_KEY_RESIZE */
    bool has_tty, is_suspended, is_lost;

    SCREEN *curses;   /* owned */
    FILE *cells;      /* owned; curses writes into this file in memory, a frame is sent from it */
    bool scroll_risk; /* capabilities could not be hidden */
    attr_t attrs[MR_N_STYLES];
    int pairs[MR_N_STYLES];

    struct mr_wake *wake;       /* owned */
    struct mr_encoder *encoder; /* owned */
    struct mr_layer *layer;     /* owned */
    struct mr_str frame, cell_bytes, pictures;
    char enter[128], leave[128]; /* keypad and mouse on, off */
};

/* ---- tty.c: the device; one at a time ---- */

/* Remembers the settings and switches to raw; from now on mr_term_emergency knows what to restore.
 */
enum mr_status mr_tty_take(struct mr_error *err) MR_NODISCARD;
/* Raw again, after a suspension. */
void mr_tty_retake(void);
/* The settings as they were found. drop_input: unread bytes are replies that nobody waits for. */
void mr_tty_restore(bool drop_input);
/* The terminal is gone or closed: mr_term_emergency has nothing to do any more. */
void mr_tty_forget(void);
/* Adds what leaves the screen to what mr_term_emergency writes. */
void mr_tty_set_farewell(const char *bytes);
/* Raises wake when the window's size changes, if nobody else takes SIGWINCH. NULL: no more. */
void mr_tty_watch_size(struct mr_wake *wake);
/* Writes all; false if the terminal is gone. */
bool mr_tty_write(const char *bytes, size_t n);
/* What is there now, at most n bytes, after at most wait_ms; 0 nothing, -1 the terminal is gone. */
int mr_tty_read(void *bytes, size_t n, int wait_ms);
struct mr_probe_window mr_tty_window(void);
/* The character that erases is ^H. */
bool mr_tty_erases_with_8(void);

/* ---- screen.c ---- */

/* Takes the replies that came late into account. */
void mr_screen_adopt_replies(struct mr_term *term);
/* Looks whether the window has another size. */
void mr_screen_check_size(struct mr_term *term);

#endif
