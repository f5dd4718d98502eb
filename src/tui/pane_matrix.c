/* SPDX-License-Identifier: MIT */
/*
 * The confusion matrix: rows actual, columns predicted, digits in every cell, a hue for right and
 * one for wrong. Recall at the right with Wilson's interval, precision below. What does not fit
 * scrolls with the cursor.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/interp/confusion.h>

#include "explorer.h"
#include "format.h"
#include "overlay.h"
#include "pane.h"

struct matrix_pane {
    struct mr_pane pane;
    int *shown; /* (k) owned: classes in the order of rows and columns; fewer if collapsed */
    int k;
    int top, left; /* first of them on the screen */
    /* where things were drawn */
    int label_cols, cell_cols, cell_rows, n_rows, n_cols;
};

/* Columns of recall with and without its interval. */
#define RECALL_WIDE   17
#define RECALL_NARROW 6
#define HEAD_ROWS     2 /* what is shown; names of the columns */

static const struct mr_confusion *confusion_of(const struct mr_pane *pane)
{
    return pane->explorer->reading.confusion;
}

static void refresh(struct mr_pane *pane)
{
    struct mr_explorer *explorer = pane->explorer;
    const struct mr_confusion *confusion = confusion_of(pane);

    if (!confusion) {
        explorer->has_cell = false;
        explorer->actual = explorer->predicted = 0;
        return;
    }
    if (!explorer->has_cell && explorer->reading.n_pairs) {
        explorer->actual = explorer->reading.pairs[0].actual;
        explorer->predicted = explorer->reading.pairs[0].predicted;
    }
    /* what somebody looks at stays */
    explorer->has_cell |= explorer->screen == MR_SCREEN_MATRIX;
    if (explorer->actual >= confusion->n_classes)
        explorer->actual = confusion->n_classes - 1;
    if (explorer->predicted >= confusion->n_classes)
        explorer->predicted = confusion->n_classes - 1;
}

/* ---- which classes ---- */

static int compare_ints(const void *left, const void *right)
{
    const int *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

/* Where a class stands among those shown; -1: it is not. */
static int place_of(const struct matrix_pane *self, int class_id)
{
    const int *at =
        self->k ? bsearch(&class_id, self->shown, (size_t)self->k, sizeof class_id, compare_ints)
                : NULL;

    return at ? (int)(at - self->shown) : -1;
}

static void add_class(struct matrix_pane *self, int class_id)
{
    for (int i = 0; i < self->k; i++)
        if (self->shown[i] == class_id)
            return;
    if (self->k < MR_COLLAPSED_CLASSES)
        self->shown[self->k++] = class_id;
}

/* All classes; or, collapsed, that of the cursor and those of the most confused pairs. */
static void choose_classes(struct matrix_pane *self)
{
    const struct mr_explorer *explorer = self->pane.explorer;
    const struct mr_reading *reading = &explorer->reading;
    int n = reading->confusion->n_classes;

    self->shown = mr_xrealloc(self->shown, (size_t)n, sizeof *self->shown);
    self->k = 0;
    if (!explorer->is_collapsed || n <= MR_COLLAPSED_CLASSES) {
        while (self->k < n) {
            self->shown[self->k] = self->k;
            self->k++;
        }
        return;
    }
    add_class(self, explorer->actual);
    add_class(self, explorer->predicted);
    for (int i = 0; i < reading->n_pairs && self->k < MR_COLLAPSED_CLASSES; i++) {
        add_class(self, reading->pairs[i].actual);
        add_class(self, reading->pairs[i].predicted);
    }
    qsort(self->shown, (size_t)self->k, sizeof *self->shown, compare_ints);
}

/* ---- keys ---- */

/* To the pair beside the one under the cursor, or the first; else one of the messages: there is
 * none, none before, none behind. */
static void step_among(struct mr_explorer *explorer, const struct mr_pair *pairs, int n, int by,
                       const char *const messages[3])
{
    int at = mr_pairs_find(pairs, n, explorer->actual, explorer->predicted);
    int to = at < 0 ? 0 : at + by;

    if (to < 0 || to >= n)
        mr_explorer_say(explorer, "%s", messages[n == 0 ? 0 : to < 0 ? 1 : 2]);
    else
        mr_explorer_set_cell(explorer, pairs[to].actual, pairs[to].predicted);
}

/* To the next (by 1) or previous (by -1) most confused pair or, of changes, most changed cell. */
static void go_to_pair(struct mr_explorer *explorer, int by)
{
    static const char *const confused[] = {"nothing is misread", "this is the most confused pair",
                                           "there are no more confused pairs"};
    static const char *const changed[] = {"no cell has changed", "this is the most changed cell",
                                          "there are no more changed cells"};
    const struct mr_reading *reading = &explorer->reading;
    struct mr_pair *cells;
    int n;

    if (!reading->contrast.shown) {
        step_among(explorer, reading->pairs, reading->n_pairs, by, confused);
        return;
    }
    n = mr_difference_cells(reading->contrast.shown, &cells);
    step_among(explorer, cells, n, by, changed);
    free(cells);
}

/* To the next class whose name contains what was searched for. */
static void go_to_class(struct mr_explorer *explorer, int by)
{
    int n = explorer->reading.confusion->n_classes;

    if (!explorer->class_text[0]) {
        mr_explorer_say(explorer, "/ finds a class by name first");
        return;
    }
    for (int i = 1; i <= n; i++) {
        int at = ((explorer->actual + by * i) % n + n) % n;

        if (strcasestr(mr_names_full(&explorer->facts.names, at), explorer->class_text)) {
            mr_explorer_set_cell(explorer, at, explorer->predicted);
            return;
        }
    }
    mr_explorer_complain(explorer, "no class is named like “%s”", explorer->class_text);
}

static void found_text(struct mr_explorer *explorer, const char *text)
{
    mr_safe_text(explorer->class_text, sizeof explorer->class_text, text, 40, MR_ELIDE_END);
    if (*text && explorer->reading.confusion)
        go_to_class(explorer, 1);
}

static void open_cell(struct mr_explorer *explorer)
{
    const struct mr_reading *reading = &explorer->reading;
    int actual = explorer->actual, predicted = explorer->predicted;

    if (reading->contrast.shown &&
        !mr_difference_n_changes(reading->contrast.shown, actual, predicted))
        mr_explorer_say(explorer, "no image came into this cell or went from it");
    else if (reading->contrast.shown)
        mr_explorer_open_cell(explorer, MR_SHOW_CHANGED, actual, predicted);
    else if (!mr_confusion_at(reading->confusion, actual, predicted))
        mr_explorer_say(explorer, "no image of this class was taken for that one");
    else
        mr_explorer_open_cell(explorer, MR_SHOW_ALL, actual, predicted);
}

/* Moves of the cursor: rows, columns. */
static bool move(struct matrix_pane *self, enum mr_act what)
{
    struct mr_explorer *explorer = self->pane.explorer;
    int row, col, last;

    choose_classes(self);
    last = self->k - 1;
    row = place_of(self, explorer->actual);
    col = place_of(self, explorer->predicted);

    switch (what) {
    case MR_ACT_LEFT:
        col--;
        break;
    case MR_ACT_RIGHT:
        col++;
        break;
    case MR_ACT_FIRST:
        row = col = 0;
        break;
    case MR_ACT_LAST:
        row = col = last;
        break;
    default:
        if (!mr_pane_move(&row, last + 1, 10, what))
            return false;
    }
    col = col < 0 ? 0 : col > last ? last : col;
    mr_explorer_set_cell(explorer, self->shown[row], self->shown[col]);
    return true;
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct mr_explorer *explorer = pane->explorer;

    if (!confusion_of(pane))
        return MR_PANE_IGNORED;
    if (move((struct matrix_pane *)pane, what))
        return MR_PANE_DONE;
    switch (what) {
    case MR_ACT_OPEN:
        open_cell(explorer);
        return MR_PANE_DONE;
    case MR_ACT_FIND:
        mr_prompt_open(explorer, "find class", explorer->class_text, found_text);
        return MR_PANE_DONE;
    case MR_ACT_MATCH_NEXT:
        go_to_class(explorer, 1);
        return MR_PANE_DONE;
    case MR_ACT_MATCH_PREVIOUS:
        go_to_class(explorer, -1);
        return MR_PANE_DONE;
    case MR_ACT_PAIR_NEXT:
        go_to_pair(explorer, 1);
        return MR_PANE_DONE;
    case MR_ACT_PAIR_PREVIOUS:
        go_to_pair(explorer, -1);
        return MR_PANE_DONE;
    default:
        return MR_PANE_IGNORED;
    }
}

/* ---- geometry ---- */

static int longest_name(const struct matrix_pane *self)
{
    int longest = 0;

    for (int i = 0; i < self->k; i++) {
        int cols = mr_text_cols(mr_names_full(&self->pane.explorer->facts.names, self->shown[i]));

        longest = cols > longest ? cols : longest;
    }
    return longest;
}

/* Widest cells and the interval of recall if they fit, else narrower ones, else scrolling. */
static void lay_out(struct matrix_pane *self, struct mr_size_cells size)
{
    static const struct {
        int cell_cols, recall_cols;
    } wishes[] = {{8, RECALL_WIDE}, {7, RECALL_WIDE}, {6, RECALL_WIDE}, {6, RECALL_NARROW}};
    const int least_label = 12;
    int k = self->k, rows = size.rows - HEAD_ROWS - 1, recall = RECALL_NARROW, spare, longest;

    self->cell_cols = 6;
    for (int i = 3; i >= 0; i--) {
        if (1 + least_label + 1 + k * wishes[i].cell_cols + wishes[i].recall_cols <= size.cols) {
            self->cell_cols = wishes[i].cell_cols;
            recall = wishes[i].recall_cols;
        }
    }
    self->n_cols = (size.cols - 2 - least_label - recall) / self->cell_cols;
    self->n_cols = self->n_cols > k ? k : self->n_cols < 1 ? 1 : self->n_cols;
    spare = size.cols - 2 - least_label - recall - self->n_cols * self->cell_cols;
    longest = longest_name(self);
    self->label_cols = least_label + (spare > 0 ? spare : 0);
    if (self->label_cols > longest)
        self->label_cols = longest > least_label ? longest : least_label;
    self->cell_rows = rows / k >= 3 ? 3 : 1;
    self->n_rows = rows / self->cell_rows;
    self->n_rows = self->n_rows > k ? k : self->n_rows < 1 ? 1 : self->n_rows;
    self->top =
        mr_pane_scroll(self->top, place_of(self, self->pane.explorer->actual), self->n_rows, k);
    self->left =
        mr_pane_scroll(self->left, place_of(self, self->pane.explorer->predicted), self->n_cols, k);
}

/* Left edge of a column of the matrix; rows and columns are counted among those shown. */
static int col_of(const struct matrix_pane *self, int j)
{
    return 1 + self->label_cols + 1 + (j - self->left) * self->cell_cols;
}

static int row_of(const struct matrix_pane *self, int i)
{
    return HEAD_ROWS + (i - self->top) * self->cell_rows;
}

/* ---- drawing ---- */

/* Right answers are many, errors and changes few, so that each has its own steps. */
static const double many[8] = {0, .2, .4, .55, .7, .8, .9, .95};
static const double few[8] = {0, .02, .04, .07, .12, .2, .3, .45};

static enum mr_style ramp(bool is_good, const double steps[8], double share)
{
    int step = 0;

    for (int i = 0; i < 8; i++)
        if (share >= steps[i])
            step = i;
    return (enum mr_style)((is_good ? MR_STYLE_GOOD_0 : MR_STYLE_BAD_0) + step);
}

/* A count in at most `cols` columns. */
static void count_text(int n, int cols, char *out, size_t cap)
{
    char digits[16];

    snprintf(digits, sizeof digits, "%d", n);
    if ((int)strlen(digits) > cols)
        snprintf(digits, sizeof digits, "%dk", (n + 500) / 1000);
    snprintf(out, cap, "%s", digits);
}

/* How many images a cell has; compared with another reading how many more. */
static int value_at(const struct mr_explorer *explorer, int actual, int predicted)
{
    const struct mr_reading *reading = &explorer->reading;

    return reading->contrast.shown ? mr_difference_at(reading->contrast.shown, actual, predicted)
                                   : mr_confusion_at(reading->confusion, actual, predicted);
}

/* The hue and depth of a cell that has something: blue is right or better, orange wrong or worse.
 */
static enum mr_style style_of(const struct mr_explorer *explorer, int actual, int predicted)
{
    const struct mr_confusion *confusion = explorer->reading.confusion;
    int value = value_at(explorer, actual, predicted);
    int n = explorer->percent == MR_PERCENT_COLUMN ? mr_confusion_n_predicted(confusion, predicted)
                                                   : mr_confusion_n_actual(confusion, actual);
    bool is_right = actual == predicted;

    if (explorer->reading.contrast.shown)
        return ramp(is_right == (value > 0), few, n ? abs(value) / (double)n : 1);
    return ramp(is_right, is_right ? many : few, (double)value / n);
}

/* What a cell says: the count, or its share of the row or column in per cent. */
static void cell_text(const struct mr_explorer *explorer, int actual, int predicted, char *out,
                      size_t cap)
{
    const struct mr_confusion *confusion = explorer->reading.confusion;
    int count = value_at(explorer, actual, predicted), of = 0;

    if (!count || explorer->reading.contrast.shown) {
        snprintf(out, cap, count ? "%+d" : "·", count);
        return;
    }
    if (explorer->percent == MR_PERCENT_ROW)
        of = mr_confusion_n_actual(confusion, actual);
    if (explorer->percent == MR_PERCENT_COLUMN)
        of = mr_confusion_n_predicted(confusion, predicted);
    if (explorer->percent == MR_PERCENT_NONE)
        count_text(count, 4, out, cap);
    else
        snprintf(out, cap, count * 200.0 < of ? "<1" : "%.0f", 100.0 * count / of);
}

static void draw_cell(const struct matrix_pane *self, const struct mr_ink *ink, int i, int j)
{
    const struct mr_explorer *explorer = self->pane.explorer;
    int actual = self->shown[i], predicted = self->shown[j];
    int count = value_at(explorer, actual, predicted);
    bool is_right = actual == predicted;
    bool is_here = actual == explorer->actual && predicted == explorer->predicted;
    enum mr_style style = count ? style_of(explorer, actual, predicted) : MR_STYLE_DIM;
    int row = row_of(self, i), col = col_of(self, j);
    const char *left = is_here ? "▐" : is_right ? "[" : " ";
    const char *right = is_here ? "▌" : is_right ? "]" : " ";
    char text[16];
    int cols, end;

    cell_text(explorer, actual, predicted, text, sizeof text);
    cols = mr_text_cols(text);
    end = self->cell_cols / 2 + 1 + (cols > 2);
    if (is_here)
        style = MR_STYLE_SELECTED;
    if (count || is_here)
        mr_ink_fill(ink, (struct mr_rect_cells){row, col, self->cell_rows, self->cell_cols}, style);
    row += self->cell_rows / 2;
    mr_ink_text(ink, row, col, style, left);
    mr_ink_right(ink, row, col + end, style, text);
    mr_ink_text(ink, row, col + self->cell_cols - 1, style, right);
}

/* "epoch 3 → 4 · 691 → 692 right of 800 · 2 better, 1 worse · p 1.0" */
static void draw_contrast(const struct mr_explorer *explorer, const struct mr_ink *ink)
{
    const struct mr_contrast *contrast = &explorer->reading.contrast;
    const struct mr_difference *d = contrast->shown;
    char what[64];
    int col = 1;

    mr_contrast_text(contrast, &explorer->reading.valid.view, what, sizeof what);
    col += mr_ink_text(ink, 0, col, MR_STYLE_WARNING, what);
    col += mr_ink_textf(ink, 0, col, MR_STYLE_NORMAL, " · %d → %d right of %s", d->n_right_before,
                        d->n_right_after, mr_format_count(d->n).text);
    col += mr_ink_textf(ink, 0, col, MR_STYLE_NORMAL, " · %d better, %d worse", d->mcnemar.n_fixed,
                        d->mcnemar.n_broken);
    col += mr_ink_textf(ink, 0, col, MR_STYLE_BOLD, " · p %s", mr_format_chance(d->mcnemar.p).text);
    mr_ink_text(ink, 0, col, MR_STYLE_WARNING,
                explorer->reading.by_labels_now ? " · labels as now" : "");
}

static void draw_heading(const struct matrix_pane *self, const struct mr_ink *ink)
{
    static const char *const shown[] = {"counts", "% of row", "% of column"};
    const struct mr_explorer *explorer = self->pane.explorer;
    const struct mr_confusion *confusion = explorer->reading.confusion;
    int n_right = mr_confusion_n_correct(confusion), col = 1;
    double lo, hi;

    if (explorer->reading.contrast.shown) {
        draw_contrast(explorer, ink);
        return;
    }
    mr_wilson(n_right, confusion->n, &lo, &hi);
    col += mr_ink_textf(ink, 0, col, MR_STYLE_BOLD, "epoch %d of %d", explorer->reading.epoch,
                        explorer->facts.run.n_epochs);
    col += mr_ink_textf(ink, 0, col, MR_STYLE_DIM, " · %s right of %s · ",
                        mr_format_count(n_right).text, mr_format_count(confusion->n).text);
    col += mr_ink_textf(ink, 0, col, MR_STYLE_NORMAL, "%s %s",
                        mr_format_share((double)n_right / confusion->n, 3).text,
                        mr_format_interval(lo, hi, 3).text);
    col += mr_ink_textf(ink, 0, col, MR_STYLE_DIM, " · %s", shown[explorer->percent]);
    mr_ink_text(ink, 0, col, MR_STYLE_WARNING,
                explorer->reading.by_labels_now ? " · labels as now" : "");
}

/* "actual \ predicted" in the corner as far as it fits, then the columns' names. */
static void draw_names(const struct matrix_pane *self, const struct mr_ink *ink)
{
    const struct mr_explorer *explorer = self->pane.explorer;
    char name[160];

    mr_ink_short(ink, 1, 1, self->label_cols, MR_STYLE_DIM, "actual ↓");
    for (int j = self->left; j < self->left + self->n_cols; j++) {
        mr_names_short(&explorer->facts.names, self->shown[j], self->cell_cols - 1, name,
                       sizeof name);
        mr_ink_text(ink, 1, col_of(self, j) + (self->cell_cols - mr_text_cols(name)) / 2,
                    self->shown[j] == explorer->predicted ? MR_STYLE_BOLD : MR_STYLE_NORMAL, name);
    }
}

/* Cells are changes then; recall and precision are those after them. */
static bool is_contrast(const struct matrix_pane *self)
{
    return self->pane.explorer->reading.contrast.shown;
}

static void draw_recall(const struct matrix_pane *self, const struct mr_ink *ink, int i)
{
    const struct mr_confusion *confusion = self->pane.explorer->reading.confusion;
    int actual = self->shown[i];
    struct mr_class_metrics metrics = mr_confusion_metrics(confusion, actual);
    int col = col_of(self, self->left + self->n_cols), row = row_of(self, i);
    double lo, hi;

    for (int line = 0; line < self->cell_rows; line++)
        mr_ink_text(ink, row + line, col, MR_STYLE_BORDER, "│");
    row += self->cell_rows / 2;
    mr_ink_text(ink, row, col + 2, MR_STYLE_NORMAL, mr_format_share(metrics.recall, 2).text);
    mr_wilson(mr_confusion_at(confusion, actual, actual), metrics.n, &lo, &hi);
    if (mr_ink_cols(ink) - col >= RECALL_WIDE - 1)
        mr_ink_text(ink, row, col + 6, MR_STYLE_DIM, mr_format_interval(lo, hi, 2).text);
}

static void draw_precision(const struct matrix_pane *self, const struct mr_ink *ink)
{
    int row = HEAD_ROWS + self->n_rows * self->cell_rows;

    mr_ink_right(ink, row, 1 + self->label_cols, MR_STYLE_DIM,
                 is_contrast(self) ? "prec. after" : "precision");
    for (int j = self->left; j < self->left + self->n_cols; j++) {
        struct mr_class_metrics metrics =
            mr_confusion_metrics(self->pane.explorer->reading.confusion, self->shown[j]);

        mr_ink_right(ink, row, col_of(self, j) + self->cell_cols / 2 + 2, MR_STYLE_NORMAL,
                     mr_format_share(metrics.precision, 2).text);
    }
}

static void draw_row(const struct matrix_pane *self, const struct mr_ink *ink, int i)
{
    const struct mr_explorer *explorer = self->pane.explorer;
    int actual = self->shown[i];
    char name[160];

    mr_names_short(&explorer->facts.names, actual, self->label_cols, name, sizeof name);
    mr_ink_text(ink, row_of(self, i) + self->cell_rows / 2, 1,
                actual == explorer->actual ? MR_STYLE_BOLD : MR_STYLE_NORMAL, name);
    for (int j = self->left; j < self->left + self->n_cols; j++)
        draw_cell(self, ink, i, j);
    draw_recall(self, ink, i);
}

/* Classes that are scrolled out of sight are counted at the edges. */
static void draw_hidden(const struct matrix_pane *self, const struct mr_ink *ink)
{
    const struct mr_explorer *explorer = self->pane.explorer;
    int k = explorer->reading.confusion->n_classes;
    int row = HEAD_ROWS + self->n_rows * self->cell_rows;
    int hidden_rows = k - self->n_rows, hidden_cols = k - self->n_cols;
    char text[64];

    if (hidden_rows <= 0 && hidden_cols <= 0)
        return;
    if (self->k < k)
        snprintf(text, sizeof text, "%d of %d", self->k, k);
    else
        snprintf(text, sizeof text, "%d/%d", explorer->actual + 1, k);
    mr_ink_right(ink, row, mr_ink_cols(ink) - 1, MR_STYLE_DIM, text);
    if (hidden_cols > 0 && self->k == k)
        mr_ink_textf(ink, 1, col_of(self, self->left + self->n_cols), MR_STYLE_DIM, "%d/%d",
                     explorer->predicted + 1, k);
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct matrix_pane *self = (struct matrix_pane *)pane;
    const struct mr_confusion *confusion = confusion_of(pane);

    if (!confusion || !confusion->n) {
        mr_ink_text(ink, 1, 2, MR_STYLE_NORMAL, "No epoch is finished yet.");
        mr_ink_text(ink, 2, 2, MR_STYLE_DIM,
                    pane->explorer->facts.has_run ? "The matrix comes with the first one."
                                                  : "S starts training.");
        return;
    }
    choose_classes(self);
    lay_out(self, (struct mr_size_cells){.rows = mr_ink_rows(ink), .cols = mr_ink_cols(ink)});
    draw_heading(self, ink);
    draw_names(self, ink);
    if (self->n_cols == confusion->n_classes)
        mr_ink_text(ink, 1, col_of(self, self->n_cols) + 2, MR_STYLE_DIM,
                    is_contrast(self) ? "after" : "recall");
    for (int i = self->top; i < self->top + self->n_rows; i++)
        draw_row(self, ink, i);
    draw_precision(self, ink);
    draw_hidden(self, ink);
}

static void click(struct mr_pane *pane, int row, int col)
{
    struct matrix_pane *self = (struct matrix_pane *)pane;
    int i, j;

    if (!confusion_of(pane) || !self->cell_rows || row < HEAD_ROWS ||
        col < col_of(self, self->left))
        return;
    i = self->top + (row - HEAD_ROWS) / self->cell_rows;
    j = self->left + (col - col_of(self, self->left)) / self->cell_cols;
    if (i < self->top + self->n_rows && j < self->left + self->n_cols)
        mr_explorer_set_cell(pane->explorer, self->shown[i], self->shown[j]);
}

static void finish(struct mr_pane *pane)
{
    free(((struct matrix_pane *)pane)->shown);
}

const struct mr_pane_ops mr_pane_matrix_ops = {
    .title = "confusion",
    .is_plain = true,
    .size = sizeof(struct matrix_pane),
    .refresh = refresh,
    .act = act,
    .draw = draw,
    .click = click,
    .finish = finish,
};
