/* SPDX-License-Identifier: MIT */
/* Which panes a screen has and where they lie at which size. */
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/interp/confusion.h>

#include "explorer.h"
#include "pane.h"

static const struct mr_pane_ops *const panes[MR_N_SCREENS][MR_MAX_PANES] = {
    [MR_SCREEN_TRAIN] = {&mr_pane_loss_ops, &mr_pane_accuracy_ops, &mr_pane_epochs_ops,
                         &mr_pane_pairs_ops, &mr_pane_worst_ops},
    [MR_SCREEN_MATRIX] = {&mr_pane_matrix_ops, &mr_pane_cell_ops},
    [MR_SCREEN_GRID] = {&mr_pane_grid_ops},
    [MR_SCREEN_IMAGE] = {&mr_pane_image_ops, &mr_pane_facts_ops},
    [MR_SCREEN_REVIEW] = {&mr_pane_review_ops, &mr_pane_readers_ops},
    [MR_SCREEN_DATA] = {&mr_pane_flaws_ops, &mr_pane_classes_ops, &mr_pane_unread_ops},
    [MR_SCREEN_RATE] = {&mr_pane_rate_ops},
    [MR_SCREEN_RUNS] = {&mr_pane_runs_ops},
    [MR_SCREEN_VARIANTS] = {&mr_pane_variants_ops},
    [MR_SCREEN_BATCH] = {&mr_pane_batch_ops},
};

static struct mr_pane *create_pane(struct mr_explorer *explorer, const struct mr_pane_ops *ops)
{
    struct mr_pane *pane = mr_xalloc(1, ops->size);

    pane->ops = ops;
    pane->explorer = explorer;
    return pane;
}

void mr_screens_create(struct mr_explorer *explorer)
{
    for (int i = 0; i < MR_N_SCREENS; i++) {
        struct mr_view *view = &explorer->views[i];

        for (int j = 0; j < MR_MAX_PANES && panes[i][j]; j++)
            view->panes[view->n++] = create_pane(explorer, panes[i][j]);
    }
    /* the list of most confused pairs is what one opens from the first screen */
    explorer->views[MR_SCREEN_TRAIN].focus = 3;
}

void mr_screens_destroy(struct mr_explorer *explorer)
{
    for (int i = 0; i < MR_N_SCREENS; i++) {
        for (int j = 0; j < explorer->views[i].n; j++) {
            struct mr_pane *pane = explorer->views[i].panes[j];

            if (pane->ops->finish)
                pane->ops->finish(pane);
            free(pane);
        }
    }
}

static int at_most(int n, int most)
{
    return n < most ? n : most;
}

/*
 * Two charts side by side, two tables below them, the strip of pictures at the bottom; from the
 * bottom up what does not fit is folded away.
 */
static void lay_train(const struct mr_explorer *explorer, struct mr_size_cells size,
                      struct mr_rect_cells *rects)
{
    bool is_low = size.rows < 28;
    int left = size.cols / 2;
    int strip = size.rows < 18 ? 0 : is_low ? 6 : at_most(size.rows / 3, 16);
    int table = is_low ? at_most((size.rows - strip) / 2, 6) : 4 + at_most(size.rows / 6, 10);
    int chart = size.rows - strip - table;

    /* boxes stand wall to wall; without walls the halves keep a column apart */
    rects[0] = (struct mr_rect_cells){0, 0, chart, left - is_low};
    rects[1] = (struct mr_rect_cells){0, left, chart, size.cols - left};
    rects[2] = (struct mr_rect_cells){chart, 0, table, left - is_low};
    rects[3] = (struct mr_rect_cells){chart, left, table, size.cols - left};
    rects[4] = (struct mr_rect_cells){chart + table, 0, strip, size.cols};
}

/* The matrix, and the chosen cell at its right where there is room, else below. */
static void lay_matrix(const struct mr_explorer *explorer, struct mr_size_cells size,
                       struct mr_rect_cells *rects)
{
    int k = explorer->reading.confusion ? explorer->reading.confusion->n_classes : 8;
    int matrix_rows = k + 3; /* two of heading, one of precision */

    if (size.cols >= 110) {
        int side = size.cols / 4 > 33 ? size.cols / 4 : 33;

        rects[0] = (struct mr_rect_cells){0, 0, size.rows, size.cols - side};
        rects[1] = (struct mr_rect_cells){0, size.cols - side, size.rows, side};
        return;
    }
    if (matrix_rows > size.rows - 7)
        matrix_rows = size.rows - (size.rows >= 14 ? 7 : 3);
    rects[0] = (struct mr_rect_cells){0, 0, matrix_rows, size.cols};
    rects[1] = (struct mr_rect_cells){matrix_rows, 0, size.rows - matrix_rows, size.cols};
}

/* One pane over the whole screen. */
static void lay_one(const struct mr_explorer *explorer, struct mr_size_cells size,
                    struct mr_rect_cells *rects)
{
    rects[0] = (struct mr_rect_cells){0, 0, size.rows, size.cols};
}

static void lay_image(const struct mr_explorer *explorer, struct mr_size_cells size,
                      struct mr_rect_cells *rects)
{
    int side = size.cols >= 110 ? size.cols * 2 / 5 : 36;

    rects[0] = (struct mr_rect_cells){0, 0, size.rows, size.cols - side};
    rects[1] = (struct mr_rect_cells){0, size.cols - side, size.rows, side};
}

/* The decisions, and below them what readers make of each other. */
static void lay_review(const struct mr_explorer *explorer, struct mr_size_cells size,
                       struct mr_rect_cells *rects)
{
    int below = size.rows / 3 < 5 ? 5 : at_most(size.rows / 3, 12);

    rects[0] = (struct mr_rect_cells){0, 0, size.rows - below, size.cols};
    rects[1] = (struct mr_rect_cells){size.rows - below, 0, below, size.cols};
}

/* Findings beside classes; below them the files that could not be read, if there are any. */
static void lay_data(const struct mr_explorer *explorer, struct mr_size_cells size,
                     struct mr_rect_cells *rects)
{
    int n_skipped = mr_facts_n_skipped(&explorer->facts);
    int low = n_skipped && size.rows >= 14 ? at_most(n_skipped + 2, size.rows / 3) : 0;
    int left = size.cols / 2, high = size.rows - low;

    rects[0] = (struct mr_rect_cells){0, 0, high, left - (size.rows < 28)};
    rects[1] = (struct mr_rect_cells){0, left, high, size.cols - left};
    rects[2] = (struct mr_rect_cells){high, 0, low, size.cols};
}

void mr_screens_layout(enum mr_screen_id screen, const struct mr_explorer *explorer,
                       struct mr_size_cells size, struct mr_rect_cells *rects)
{
    static void (*const lay[])(const struct mr_explorer *, struct mr_size_cells,
                               struct mr_rect_cells *) = {
        [MR_SCREEN_TRAIN] = lay_train,   [MR_SCREEN_MATRIX] = lay_matrix,
        [MR_SCREEN_GRID] = lay_one,      [MR_SCREEN_IMAGE] = lay_image,
        [MR_SCREEN_REVIEW] = lay_review, [MR_SCREEN_DATA] = lay_data,
        [MR_SCREEN_RATE] = lay_one,      [MR_SCREEN_RUNS] = lay_one,
        [MR_SCREEN_VARIANTS] = lay_one,  [MR_SCREEN_BATCH] = lay_one,
    };

    lay[screen](explorer, size, rects);
}
