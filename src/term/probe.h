/* SPDX-License-Identifier: MIT */
/* What a terminal says about itself: the question, the replies, and what follows from them. Pure.
 */
#ifndef MISREAD_TERM_PROBE_H
#define MISREAD_TERM_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/base/geometry.h>

struct mr_term_caps;
struct mr_term_options;

/* The batch of questions. Every terminal answers the last one (DA1), in order: its reply ends the
 * waiting. */
extern const char mr_probe_question[];
/* What may have changed with the window: cell size, largest picture. */
extern const char mr_probe_question_resize[];

struct mr_probe {
    bool has_da1, has_sixel, has_sync;
    struct mr_size_px cell;        /* CSI 16t; 0 not answered */
    struct mr_size_px window;      /* CSI 14t */
    struct mr_size_px max_picture; /* XTSMGRAPHICS 2 */
    int n_registers;               /* XTSMGRAPHICS 1 */
    char name[64];                 /* XTVERSION */
};

/*
 * Is sequence (n bytes, whole: from ESC to its last byte) a reply to a question of ours? Then it is
 * noted and true returned; anything else is a key or noise.
 */
bool mr_probe_take(struct mr_probe *probe, const char *sequence, size_t n);

/* The window as the kernel knows it; pixels 0 if it does not. */
struct mr_probe_window {
    struct mr_size_cells cells;
    struct mr_size_px px;
};

/* The cell's size: --cell, 16t, 14t / window, kernel's pixels, largest picture / cells (where under
 * 1000), 10 x 20; the first that is sane (4..64 x 6..128). */
struct mr_size_px mr_probe_cell(const struct mr_probe *probe, const struct mr_probe_window *window,
                                struct mr_size_px wish);

/* The whole of caps from the replies. n_colors and is_utf8 must be filled in already. */
void mr_probe_judge(struct mr_term_caps *caps, const struct mr_probe *probe,
                    const struct mr_probe_window *window, const struct mr_term_options *options);

/* Colours for sure: 0 mono, 16, 256, 1 << 24. terminfo is what `colors` says, colorterm and
 * no_color are $COLORTERM and $NO_COLOR (may be NULL); color is enum mr_color. */
int mr_probe_colors(int terminfo, const char *colorterm, const char *no_color, int color);

#endif
