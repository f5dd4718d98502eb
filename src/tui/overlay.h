/* SPDX-License-Identifier: MIT */
/* What lies over a screen and takes every key until it closes: help, palette, pickers, prompts. */
#ifndef MISREAD_TUI_OVERLAY_H
#define MISREAD_TUI_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/base/geometry.h>
#include <misread/store/review.h>
#include <misread/term/term.h>

struct mr_explorer;
struct mr_ink;
struct mr_overlay;

enum mr_overlay_reply { MR_OVERLAY_STAYS, MR_OVERLAY_CLOSES };

/* A key and what it does, for the footer. */
struct mr_overlay_hint {
    const char *keys, *word;
};

struct mr_overlay_ops {
    size_t size;  /* of the struct that begins with struct mr_overlay */
    bool is_line; /* one line above the footer, without a border */
    /* Where it lies, with its border. Not asked of lines. */
    struct mr_rect_cells (*place)(struct mr_overlay *overlay, struct mr_size_cells screen);
    void (*draw)(struct mr_overlay *overlay, const struct mr_ink *ink);
    enum mr_overlay_reply (*key)(struct mr_overlay *overlay, const struct mr_key *key);
    void (*finish)(struct mr_overlay *overlay); /* may be NULL */
    /* What the footer shows meanwhile, static; the last row is empty, the one before it is never
     * dropped. NULL: the screen's own keys. */
    const struct mr_overlay_hint *(*hints)(const struct mr_overlay *overlay);
};

struct mr_overlay {
    const struct mr_overlay_ops *ops;
    struct mr_explorer *explorer; /* borrowed */
    char title[128];
};

/* Zeroed, of ops->size. */
struct mr_overlay *mr_overlay_create(struct mr_explorer *explorer, const struct mr_overlay_ops *ops,
                                     const char *title);
void mr_overlay_destroy(struct mr_overlay *overlay);
/* A box of the wanted inside, in the middle, as large as the screen lets it be. */
struct mr_rect_cells mr_overlay_middle(struct mr_size_cells screen, int rows, int cols);

/* ---- the kinds; each opens itself ---- */

void mr_help_open(struct mr_explorer *explorer);
void mr_palette_open(struct mr_explorer *explorer);
void mr_filter_open(struct mr_explorer *explorer);
void mr_sort_open(struct mr_explorer *explorer);
/* The same of screen 4: which kind of decision, and whose. */
void mr_review_filter_open(struct mr_explorer *explorer);
void mr_start_sheet_open(struct mr_explorer *explorer);
/* With this learning rate in it, for a new run. */
void mr_start_sheet_open_rate(struct mr_explorer *explorer, double lr);
/* Which class should the image get? kind: MR_DECISION_RELABEL or MR_DECISION_ADJUDICATE. */
void mr_picker_open(struct mr_explorer *explorer, int64_t image, enum mr_decision_kind kind);

/* A text that is too long for a line, whole; any key closes it. */
void mr_show_open(struct mr_explorer *explorer, const char *title, const char *text);

/* A question with a few answers; the first one is the default. answer gets the index, not called
 * for Esc. */
struct mr_answer {
    int key;
    const char *text;
};
void mr_ask_open(struct mr_explorer *explorer, const char *question,
                 const struct mr_answer *answers, int n,
                 void (*answer)(struct mr_explorer *explorer, int index));

/* One line of text. done gets what was typed, not called for Esc. */
void mr_prompt_open(struct mr_explorer *explorer, const char *prompt, const char *text,
                    void (*done)(struct mr_explorer *explorer, const char *text));

#endif
