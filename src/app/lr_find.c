/* SPDX-License-Identifier: MIT */
/* `lr-find`: a search for a learning rate, as a chart of characters or as JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <misread/train/curve.h>
#include <misread/train/search.h>
#include <misread/train/trainer.h>

#include "args.h"
#include "commands.h"
#include "json.h"
#include "place.h"
#include "session.h"
#include "start.h"

#define CHART_W 64
#define CHART_H 12

struct showing {
    const struct mr_session *session; /* borrowed */
    bool is_terminal, line_open;
    int signal; /* the one that ended it; 0: none */
};

static bool show_progress(void *ctx, const char *phase, int64_t n_done, int64_t n_total,
                          const struct mr_curve *curve)
{
    struct showing *s = ctx;

    if (s->is_terminal && n_total) {
        fprintf(stderr, "\r\033[K%s: %lld of %lld", phase, (long long)n_done, (long long)n_total);
        if (curve)
            fprintf(stderr, "  lr %.1e  loss %.4f", curve->points[curve->n - 1].lr,
                    curve->points[curve->n - 1].smoothed);
        s->line_open = true;
    }
    s->signal = mr_session_take_signal(s->session);
    return !s->signal;
}

/* ---- text ---- */

/* The column of a rate: from the curve's first to its last, by their logarithms. */
static int column_of(const struct mr_curve *curve, double lr)
{
    double first = log(curve->points[0].lr), last = log(curve->points[curve->n - 1].lr);

    return last > first ? (int)lround((log(lr) - first) / (last - first) * (CHART_W - 1)) : 0;
}

/* Least and most of what is drawn: an exploding end would flatten all the rest. */
static void bounds_of(const struct mr_curve *curve, double *least, double *most)
{
    *least = *most = curve->points[0].smoothed;
    for (int i = 1; i < curve->n; i++) {
        double y = curve->points[i].smoothed;

        if (y < *least)
            *least = y;
        if (y > *most && i < curve->n - 5)
            *most = y;
    }
    if (!(*most > *least))
        *most = *least + 1;
}

static void print_chart(const struct mr_curve *curve)
{
    char rows[CHART_H][CHART_W + 1];
    double least, most;

    if (!isfinite(curve->points[0].smoothed))
        return;
    bounds_of(curve, &least, &most);
    memset(rows, ' ', sizeof rows);
    for (int i = 0; i < curve->n; i++) {
        double y = (curve->points[i].smoothed - least) / (most - least);
        int row =
            y <= 1 ? (int)lround((1 - y) * (CHART_H - 1)) : 0; /* the top takes what is over it */

        rows[row][column_of(curve, curve->points[i].lr)] = '*';
    }
    for (int r = 0; r < CHART_H; r++) {
        double loss = most - (most - least) * r / (CHART_H - 1);

        rows[r][CHART_W] = '\0';
        printf("%9.4g |%s\n", loss, rows[r]);
    }
    printf("%9s  %-*.1e%*.1e\n\n", "lr", CHART_W / 2, curve->points[0].lr, CHART_W / 2,
           curve->points[curve->n - 1].lr);
}

static void print_text(const struct mr_curve *curve)
{
    printf("smoothed loss, %d of %d steps\n", curve->n, curve->n_planned);
    print_chart(curve);
    for (int k = MR_CURVE_VALLEY; k <= MR_CURVE_SLIDE; k++) {
        enum mr_curve_suggestion suggestion = (enum mr_curve_suggestion)k;
        double lr = mr_curve_suggest(curve, suggestion);

        printf("%-8s ", mr_curve_suggestion_text(suggestion));
        if (isnan(lr))
            printf("none: the loss exploded too soon\n");
        else
            printf("%.1e  %s\n", lr, mr_curve_suggestion_meaning(suggestion));
    }
}

/* ---- JSON ---- */

static void print_json(const struct mr_curve *curve)
{
    cJSON *object = cJSON_CreateObject(), *suggestions;
    cJSON *points = cJSON_AddArrayToObject(object, "points");

    cJSON_AddNumberToObject(object, "planned", curve->n_planned);
    for (int i = 0; i < curve->n; i++) {
        cJSON *point = cJSON_CreateObject();

        mr_json_add_number(point, "lr", curve->points[i].lr);
        mr_json_add_number(point, "loss", curve->points[i].loss);
        mr_json_add_number(point, "smoothed", curve->points[i].smoothed);
        cJSON_AddItemToArray(points, point);
    }
    suggestions = cJSON_AddObjectToObject(object, "suggestions");
    for (int k = 0; k < MR_N_CURVE_SUGGESTION; k++)
        mr_json_add_number(suggestions, mr_curve_suggestion_text((enum mr_curve_suggestion)k),
                           mr_curve_suggest(curve, (enum mr_curve_suggestion)k));
    mr_json_print(object);
}

/* ---- the command ---- */

static int find(struct mr_session *session, const struct mr_place *place,
                const struct mr_args *args)
{
    struct showing showing = {.session = session, .is_terminal = isatty(STDERR_FILENO)};
    struct mr_trainer_place where = mr_start_place(session, place);
    struct mr_train_options options;
    struct mr_search search = {.place = &where,
                               .options = &options,
                               .n_steps = MR_CURVE_N,
                               .progress = show_progress,
                               .ctx = &showing};
    struct mr_curve curve;
    struct mr_error err = {0};
    enum mr_status st = mr_start_options(&options, args, place, &err);

    if (!st)
        st = mr_search_run(&search, &curve, &err);
    if (showing.line_open)
        fputc('\n', stderr);
    if (st) {
        int status = mr_failed(&err);

        return showing.signal ? 128 + showing.signal : status;
    }
    if (args->json)
        print_json(&curve);
    else
        print_text(&curve);
    return EXIT_SUCCESS;
}

int mr_lr_find_main(struct mr_args *args)
{
    return mr_start_in_place(args, find);
}
