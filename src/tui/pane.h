/* SPDX-License-Identifier: MIT */
/* Panes: parts of a screen that read, draw and act on their own. One table of functions a kind. */
#ifndef MISREAD_TUI_PANE_H
#define MISREAD_TUI_PANE_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/geometry.h>
#include <misread/term/term.h>

#include "actions.h"

struct mr_explorer;
struct mr_ink;
struct mr_pane;

enum mr_pane_reply { MR_PANE_IGNORED, MR_PANE_DONE };

struct mr_pane_ops {
    const char *title;
    /* Draws without border and title. */
    bool is_plain;
    size_t size; /* of the struct that begins with struct mr_pane */
    /* The facts have changed: compute what this pane shows. Must not block. May be NULL. */
    void (*refresh)(struct mr_pane *pane);
    /* Does a command of the table; MR_PANE_IGNORED passes it on. May be NULL. */
    enum mr_pane_reply (*act)(struct mr_pane *pane, enum mr_act act);
    /* Paints the whole pane. What does not fit is cut; nothing is kept from it but where things
     * were. */
    void (*draw)(struct mr_pane *pane, const struct mr_ink *ink);
    /* A click at a cell of the pane, which has the focus now; double: MR_MOUSE_DOUBLE follows as
     * OPEN. May be NULL. */
    void (*click)(struct mr_pane *pane, int row, int col);
    /* The image that a decision would be about, 0 if none is chosen. May be NULL. */
    int64_t (*chosen)(const struct mr_pane *pane);
    void (*finish)(struct mr_pane *pane); /* may be NULL */
};

struct mr_pane {
    const struct mr_pane_ops *ops;
    struct mr_explorer *explorer; /* borrowed */
    struct mr_rect_cells rect; /* the inside when last drawn, on the screen; no rows: not shown */
    bool has_focus;
};

extern const struct mr_pane_ops mr_pane_loss_ops, mr_pane_accuracy_ops, mr_pane_epochs_ops,
    mr_pane_pairs_ops, mr_pane_worst_ops, mr_pane_matrix_ops, mr_pane_cell_ops, mr_pane_grid_ops,
    mr_pane_image_ops, mr_pane_facts_ops, mr_pane_rate_ops, mr_pane_runs_ops, mr_pane_review_ops,
    mr_pane_readers_ops, mr_pane_classes_ops, mr_pane_flaws_ops, mr_pane_unread_ops,
    mr_pane_variants_ops, mr_pane_batch_ops;

/* Moves a cursor in a list of n by a movement command, page rows at a time; false if act is none.
 */
bool mr_pane_move(int *cursor, int n, int page, enum mr_act act);
/* The first row to show so that the cursor is among `rows` of n. */
int mr_pane_scroll(int top, int cursor, int rows, int n);

#endif
