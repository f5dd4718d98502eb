/* SPDX-License-Identifier: MIT */
/* Accuracy against the number of training images. */
#include "learned.h"

#include <math.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/interp/learning.h>
#include <misread/store/learnings.h>

#include "chart.h"
#include "ink.h"

void mr_learned_finish(struct mr_learned *learned)
{
    free(learned->points);
    *learned = (struct mr_learned){0};
}

static void take(struct mr_learned *learned, const struct mr_learning *curve)
{
    learned->in_sample = curve->in_sample;
    learned->n = curve->n_sizes;
    learned->n_seeds = curve->n_seeds;
    learned->points = mr_xalloc((size_t)curve->n_sizes, sizeof *learned->points);
    mr_learning_points(curve, learned->points);
    mr_learning_sentence(curve, learned->sentence, sizeof learned->sentence);
}

void mr_learned_refresh(struct mr_learned *learned, struct mr_store *store, int run)
{
    struct mr_learning curve = {0};
    struct mr_error err = {0};
    int64_t last = 0;
    enum mr_status st = mr_learning_last(store, run, &last, &err);

    if (!st && learned->run == run && learned->id == last)
        return;
    mr_learned_finish(learned);
    learned->run = run;
    learned->id = last;
    if (!st && last)
        st = mr_learning_load(store, last, &curve, &err);
    if (!st && last)
        take(learned, &curve);
    if (st)
        mr_str_copy(learned->sentence, sizeof learned->sentence, err.message);
    mr_learning_finish(&curve);
}

static void draw_legend(const struct mr_learned *learned, const struct mr_ink *ink)
{
    int col = 1;

    col += mr_ink_text(ink, 0, col, MR_STYLE_SERIES_2, "● ");
    col += mr_ink_textf(ink, 0, col, MR_STYLE_DIM,
                        "accuracy by training images, %d head%s each, 95 %% interval",
                        learned->n_seeds, learned->n_seeds == 1 ? "" : "s");
    if (learned->in_sample)
        mr_ink_text(ink, 0, col + 2, MR_STYLE_ERROR, "in-sample");
}

static void draw_points(const struct mr_learned *learned, const struct mr_ink *ink)
{
    const struct mr_learning_point *p = learned->points;
    struct mr_point *line = mr_xalloc((size_t)learned->n, sizeof *line);
    double least = 1, most = 0;
    struct mr_chart *chart;

    for (int i = 0; i < learned->n; i++) {
        line[i] = (struct mr_point){p[i].n_train, p[i].accuracy};
        least = fmin(least, p[i].lo);
        most = fmax(most, p[i].hi);
    }
    chart = mr_chart_create_epochs(ink, mr_chart_fit_shares(ink, least, most),
                                   p[learned->n - 1].n_train);
    if (chart->cols > 0 && chart->rows > 0) {
        mr_chart_line(chart, line, learned->n, MR_STYLE_DIM);
        mr_chart_draw(chart, ink);
        for (int i = 0; i < learned->n; i++)
            mr_chart_draw_share(chart, ink, p[i].n_train, p[i].accuracy, p[i].lo, p[i].hi);
    }
    mr_chart_destroy(chart);
    free(line);
}

void mr_learned_draw(const struct mr_learned *learned, const struct mr_ink *ink)
{
    struct mr_ink below =
        mr_ink_sub(ink, (struct mr_rect_cells){1, 0, mr_ink_rows(ink) - 1, mr_ink_cols(ink)});

    draw_legend(learned, ink);
    draw_points(learned, &below);
}
