/* SPDX-License-Identifier: MIT */
/* Accuracy on the validation images after each epoch, with Wilson's 95 % interval. */
#include <math.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/interp/confusion.h>

#include "chart.h"
#include "explorer.h"
#include "format.h"
#include "pane.h"

struct accuracy_pane {
    struct mr_pane pane;
};

static double share_of(const struct mr_epoch *epoch)
{
    return epoch->n_valid > 0 ? (double)epoch->n_correct / epoch->n_valid : (double)NAN;
}

/* The interval of an epoch; false if nothing was counted. */
static bool interval_of(const struct mr_epoch *epoch, double *lo, double *hi)
{
    if (epoch->n_valid <= 0 || epoch->n_correct < 0 || epoch->n_correct > epoch->n_valid)
        return false;
    mr_wilson(epoch->n_correct, epoch->n_valid, lo, hi);
    return true;
}

static void draw_legend(const struct mr_facts *facts, const struct mr_ink *ink)
{
    const struct mr_epoch *last = &facts->epochs[facts->n_epochs - 1];
    double lo, hi;
    int col = 1;

    col += mr_ink_text(ink, 0, col, MR_STYLE_SERIES_2, "● ");
    col += mr_ink_text(ink, 0, col, MR_STYLE_DIM, "valid ");
    if (!interval_of(last, &lo, &hi))
        return;
    col += mr_ink_textf(ink, 0, col, MR_STYLE_BOLD, "%s ", mr_format_share(share_of(last), 3).text);
    mr_ink_textf(ink, 0, col, MR_STYLE_DIM, "%s", mr_format_interval(lo, hi, 3).text);
}

/* Holds every interval. */
static struct mr_axis y_axis(const struct mr_facts *facts, const struct mr_ink *ink)
{
    double least = 1, most = 0;

    for (int i = 0; i < facts->n_epochs; i++) {
        double lo, hi;

        if (!interval_of(&facts->epochs[i], &lo, &hi))
            continue;
        least = fmin(least, lo);
        most = fmax(most, hi);
    }
    return mr_chart_fit_shares(ink, least, most);
}

static void draw_epochs(const struct mr_chart *chart, const struct mr_ink *ink,
                        const struct mr_facts *facts)
{
    for (int i = 0; i < facts->n_epochs; i++) {
        const struct mr_epoch *epoch = &facts->epochs[i];
        double lo, hi;

        if (interval_of(epoch, &lo, &hi))
            mr_chart_draw_share(chart, ink, epoch->epoch, share_of(epoch), lo, hi);
    }
}

static void draw_chart(const struct mr_facts *facts, const struct mr_ink *ink)
{
    struct mr_chart *chart = mr_chart_create_epochs(ink, y_axis(facts, ink), facts->run.n_epochs);

    if (chart->cols > 0 && chart->rows > 0) {
        mr_chart_draw(chart, ink);
        draw_epochs(chart, ink, facts);
    }
    mr_chart_destroy(chart);
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    const struct mr_facts *facts = &pane->explorer->facts;
    struct mr_ink below =
        mr_ink_sub(ink, (struct mr_rect_cells){1, 0, mr_ink_rows(ink) - 1, mr_ink_cols(ink)});

    if (!facts->n_epochs) {
        mr_ink_text(ink, mr_ink_rows(ink) / 2 - 1, 2, MR_STYLE_DIM,
                    facts->has_run ? "after the first epoch" : "");
        return;
    }
    draw_legend(facts, ink);
    draw_chart(facts, &below);
}

const struct mr_pane_ops mr_pane_accuracy_ops = {
    .title = "accuracy",
    .size = sizeof(struct accuracy_pane),
    .draw = draw,
};
