/* SPDX-License-Identifier: MIT */
/*
 * The confusion matrix: rows actual, columns predicted, digits in every cell, a hue for right and
 * one for wrong. Recall at the right with Wilson's interval, precision below. What does not fit
 * scrolls with the cursor.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <misread/base/str.h>
#include <misread/interp/confusion.h>

#include "explorer.h"
#include "format.h"
#include "overlay.h"
#include "pane.h"

struct matrix_pane {
    struct mr_pane pane;
    int top, left; /* first class shown */
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

/* ---- keys ---- */

/* To the next (by 1) or previous (by -1) most confused pair. */
static void go_to_pair(struct mr_explorer *explorer, int by)
{
    const struct mr_reading *reading = &explorer->reading;
    int at = mr_reading_find_pair(reading, explorer->actual, explorer->predicted);
    int to = at < 0 ? 0 : at + by;

    if (to < 0 || to >= reading->n_pairs)
        mr_explorer_say(explorer, reading->n_pairs == 0 ? "nothing is misread"
                                  : to < 0              ? "this is the most confused pair"
                                                        : "there are no more confused pairs");
    else
        mr_explorer_set_cell(explorer, reading->pairs[to].actual, reading->pairs[to].predicted);
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
    const struct mr_confusion *confusion = explorer->reading.confusion;

    if (!mr_confusion_at(confusion, explorer->actual, explorer->predicted))
        mr_explorer_say(explorer, "no image of this class was taken for that one");
    else
        mr_explorer_open_cell(explorer, explorer->actual, explorer->predicted);
}

/* Moves of the cursor: rows, columns. */
static bool move(struct mr_explorer *explorer, enum mr_act what)
{
    int last = explorer->reading.confusion->n_classes - 1;
    int row = explorer->actual, col = explorer->predicted;

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
    mr_explorer_set_cell(explorer, row, col < 0 ? 0 : col > last ? last : col);
    return true;
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct mr_explorer *explorer = pane->explorer;

    if (!confusion_of(pane))
        return MR_PANE_IGNORED;
    if (move(explorer, what))
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

static int longest_name(const struct mr_pane *pane, int k)
{
    int longest = 0;

    for (int i = 0; i < k; i++) {
        int cols = mr_text_cols(mr_names_full(&pane->explorer->facts.names, i));

        longest = cols > longest ? cols : longest;
    }
    return longest;
}

/* Widest cells and the interval of recall if they fit, else narrower ones, else scrolling. */
static void lay_out(struct matrix_pane *self, struct mr_size_cells size, int k)
{
    static const struct {
        int cell_cols, recall_cols;
    } wishes[] = {{8, RECALL_WIDE}, {7, RECALL_WIDE}, {6, RECALL_WIDE}, {6, RECALL_NARROW}};
    const int least_label = 12;
    int rows = size.rows - HEAD_ROWS - 1, recall = RECALL_NARROW, spare, longest;

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
    longest = longest_name(&self->pane, k);
    self->label_cols = least_label + (spare > 0 ? spare : 0);
    if (self->label_cols > longest)
        self->label_cols = longest > least_label ? longest : least_label;
    self->cell_rows = rows / k >= 3 ? 3 : 1;
    self->n_rows = rows / self->cell_rows;
    self->n_rows = self->n_rows > k ? k : self->n_rows < 1 ? 1 : self->n_rows;
    self->top = mr_pane_scroll(self->top, self->pane.explorer->actual, self->n_rows, k);
    self->left = mr_pane_scroll(self->left, self->pane.explorer->predicted, self->n_cols, k);
}

/* Left edge of a column of the matrix. */
static int col_of(const struct matrix_pane *self, int predicted)
{
    return 1 + self->label_cols + 1 + (predicted - self->left) * self->cell_cols;
}

static int row_of(const struct matrix_pane *self, int actual)
{
    return HEAD_ROWS + (actual - self->top) * self->cell_rows;
}

/* ---- drawing ---- */

/* Right answers are many and errors few, so that each hue has its own steps. */
static enum mr_style ramp(bool is_right, double share)
{
    static const double right[8] = {0, .2, .4, .55, .7, .8, .9, .95};
    static const double wrong[8] = {0, .02, .04, .07, .12, .2, .3, .45};
    int step = 0;

    for (int i = 0; i < 8; i++)
        if (share >= (is_right ? right : wrong)[i])
            step = i;
    return (enum mr_style)((is_right ? MR_STYLE_GOOD_0 : MR_STYLE_BAD_0) + step);
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

/* What a cell says: the count, or its share of the row or column in per cent. */
static void cell_text(const struct mr_explorer *explorer, int actual, int predicted, char *out,
                      size_t cap)
{
    const struct mr_confusion *confusion = explorer->reading.confusion;
    int count = mr_confusion_at(confusion, actual, predicted), of = 0;

    if (!count) {
        snprintf(out, cap, "·");
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

static void draw_cell(const struct matrix_pane *self, const struct mr_ink *ink, int actual,
                      int predicted)
{
    const struct mr_explorer *explorer = self->pane.explorer;
    const struct mr_confusion *confusion = explorer->reading.confusion;
    int count = mr_confusion_at(confusion, actual, predicted);
    int n = explorer->percent == MR_PERCENT_COLUMN ? mr_confusion_n_predicted(confusion, predicted)
                                                   : mr_confusion_n_actual(confusion, actual);
    bool is_right = actual == predicted;
    bool is_here = actual == explorer->actual && predicted == explorer->predicted;
    enum mr_style style = count ? ramp(is_right, (double)count / n) : MR_STYLE_DIM;
    int row = row_of(self, actual), col = col_of(self, predicted);
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

static void draw_heading(const struct matrix_pane *self, const struct mr_ink *ink)
{
    static const char *const shown[] = {"counts", "% of row", "% of column"};
    const struct mr_explorer *explorer = self->pane.explorer;
    const struct mr_confusion *confusion = explorer->reading.confusion;
    int n_right = mr_confusion_n_correct(confusion), col = 1;
    double lo, hi;

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
        mr_names_short(&explorer->facts.names, j, self->cell_cols - 1, name, sizeof name);
        mr_ink_text(ink, 1, col_of(self, j) + (self->cell_cols - mr_text_cols(name)) / 2,
                    j == explorer->predicted ? MR_STYLE_BOLD : MR_STYLE_NORMAL, name);
    }
}

static void draw_recall(const struct matrix_pane *self, const struct mr_ink *ink, int actual)
{
    const struct mr_confusion *confusion = self->pane.explorer->reading.confusion;
    struct mr_class_metrics metrics = mr_confusion_metrics(confusion, actual);
    int col = col_of(self, self->left + self->n_cols), row = row_of(self, actual);
    double lo, hi;

    for (int i = 0; i < self->cell_rows; i++)
        mr_ink_text(ink, row + i, col, MR_STYLE_BORDER, "│");
    row += self->cell_rows / 2;
    mr_ink_text(ink, row, col + 2, MR_STYLE_NORMAL, mr_format_share(metrics.recall, 2).text);
    mr_wilson(mr_confusion_at(confusion, actual, actual), metrics.n, &lo, &hi);
    if (mr_ink_cols(ink) - col >= RECALL_WIDE - 1)
        mr_ink_text(ink, row, col + 6, MR_STYLE_DIM, mr_format_interval(lo, hi, 2).text);
}

static void draw_precision(const struct matrix_pane *self, const struct mr_ink *ink)
{
    int row = HEAD_ROWS + self->n_rows * self->cell_rows;

    mr_ink_right(ink, row, 1 + self->label_cols, MR_STYLE_DIM, "precision");
    for (int j = self->left; j < self->left + self->n_cols; j++) {
        struct mr_class_metrics metrics =
            mr_confusion_metrics(self->pane.explorer->reading.confusion, j);

        mr_ink_right(ink, row, col_of(self, j) + self->cell_cols / 2 + 2, MR_STYLE_NORMAL,
                     mr_format_share(metrics.precision, 2).text);
    }
}

static void draw_row(const struct matrix_pane *self, const struct mr_ink *ink, int actual)
{
    const struct mr_explorer *explorer = self->pane.explorer;
    char name[160];

    mr_names_short(&explorer->facts.names, actual, self->label_cols, name, sizeof name);
    mr_ink_text(ink, row_of(self, actual) + self->cell_rows / 2, 1,
                actual == explorer->actual ? MR_STYLE_BOLD : MR_STYLE_NORMAL, name);
    for (int j = self->left; j < self->left + self->n_cols; j++)
        draw_cell(self, ink, actual, j);
    draw_recall(self, ink, actual);
}

/* Classes that are scrolled out of sight are counted at the edges. */
static void draw_hidden(const struct matrix_pane *self, const struct mr_ink *ink, int k)
{
    int row = HEAD_ROWS + self->n_rows * self->cell_rows;
    int hidden_rows = k - self->n_rows, hidden_cols = k - self->n_cols;
    char text[64];

    if (hidden_rows <= 0 && hidden_cols <= 0)
        return;
    snprintf(text, sizeof text, "%d/%d", self->pane.explorer->actual + 1, k);
    mr_ink_right(ink, row, mr_ink_cols(ink) - 1, MR_STYLE_DIM, text);
    if (hidden_cols > 0)
        mr_ink_textf(ink, 1, col_of(self, self->left + self->n_cols), MR_STYLE_DIM, "%d/%d",
                     self->pane.explorer->predicted + 1, k);
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
    lay_out(self, (struct mr_size_cells){.rows = mr_ink_rows(ink), .cols = mr_ink_cols(ink)},
            confusion->n_classes);
    draw_heading(self, ink);
    draw_names(self, ink);
    if (self->n_cols == confusion->n_classes)
        mr_ink_text(ink, 1, col_of(self, self->n_cols) + 2, MR_STYLE_DIM, "recall");
    for (int i = self->top; i < self->top + self->n_rows; i++)
        draw_row(self, ink, i);
    draw_precision(self, ink);
    draw_hidden(self, ink, confusion->n_classes);
}

static void click(struct mr_pane *pane, int row, int col)
{
    struct matrix_pane *self = (struct matrix_pane *)pane;
    int actual, predicted;

    if (!confusion_of(pane) || !self->cell_rows || row < HEAD_ROWS ||
        col < col_of(self, self->left))
        return;
    actual = self->top + (row - HEAD_ROWS) / self->cell_rows;
    predicted = self->left + (col - col_of(self, self->left)) / self->cell_cols;
    if (actual < self->top + self->n_rows && predicted < self->left + self->n_cols)
        mr_explorer_set_cell(pane->explorer, actual, predicted);
}

const struct mr_pane_ops mr_pane_matrix_ops = {
    .title = "confusion",
    .is_plain = true,
    .size = sizeof(struct matrix_pane),
    .refresh = refresh,
    .act = act,
    .draw = draw,
    .click = click,
};
