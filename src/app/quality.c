/* SPDX-License-Identifier: MIT */
/* `quality`: measures what has not been measured yet, then says which images are bad. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/data/quality.h>
#include <misread/data/scan.h>
#include <misread/data/split.h>
#include <misread/interp/flaws.h>
#include <misread/store/images.h>
#include <misread/store/quality.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>

#include "args.h"
#include "commands.h"
#include "figures.h"
#include "json.h"
#include "place.h"
#include "session.h"
#include "start.h"

#define MOST_LISTED 10 /* of a finding, as text */

struct looking {
    struct mr_session *session; /* borrowed */
    struct mr_store *store;
    struct mr_image_table *images;
    struct mr_quality *rows;
    int n_rows;
    struct mr_flaws flaws;
    bool is_split;
    int64_t n_at_random;         /* pairs of duplicates that a split without groups would tear */
    struct mr_box_effect effect; /* on the last run's validation images, if there is one */
    bool is_terminal, line_open;
    int signal; /* the one that ended it; 0: none */
};

static void finish(struct looking *q)
{
    mr_flaws_finish(&q->flaws);
    free(q->rows);
    mr_images_destroy(q->images);
    mr_store_close(q->store);
}

/* ---- measuring ---- */

static bool goes_on(void *ctx, int64_t n_done, int64_t n_total)
{
    struct looking *q = ctx;

    if (q->is_terminal && n_total) {
        q->line_open = true;
        fprintf(stderr, "\r\033[Klooking at %lld of %lld images", (long long)n_done,
                (long long)n_total);
    }
    q->signal = mr_session_take_signal(q->session);
    return !q->signal;
}

static enum mr_status measure(struct looking *q, const char *data_dir, struct mr_error *err)
{
    const struct mr_scan_options scan = {
        .is_survey = true, .test_fraction = -1, .progress = goes_on, .ctx = q};
    const struct mr_quality_options options = {.data_dir = data_dir, .progress = goes_on, .ctx = q};
    struct mr_scan_report report;
    enum mr_status st = mr_scan(q->store, data_dir, &scan, &report, err);

    if (!st)
        st = mr_images_load(q->store, &q->images, err);
    if (!st)
        st = mr_quality_measure(q->store, q->images, q->session->sandbox, &options, err);
    if (!st)
        st = mr_qualities_load(q->store, &q->rows, &q->n_rows, err);
    return st;
}

/* ---- finding ---- */

/* How many pairs the usual split tears that knows of no groups. */
static int64_t count_torn_at_random(const struct looking *q)
{
    const struct mr_split_options usual = {.valid_fraction = .2};
    struct mr_image_table table = *q->images;
    struct mr_flaws flaws;
    int64_t n;

    table.rows = mr_xalloc((size_t)table.n + 1, sizeof *table.rows);
    for (int i = 0; i < table.n; i++) {
        table.rows[i] = q->images->rows[i];
        table.rows[i].group = NULL;
        table.rows[i].side = MR_SIDE_NONE;
    }
    mr_split_assign(table.rows, table.n, table.n_classes, &usual);
    mr_flaws_find(&flaws, &table, q->rows, q->n_rows);
    n = flaws.n_crossing;
    mr_flaws_finish(&flaws);
    free(table.rows);
    return n;
}

static void find_effect(struct looking *q)
{
    struct mr_predictions *valid = NULL;
    struct mr_run run = {0};

    if (!mr_run_load(q->store, 0, &run, NULL) &&
        !mr_predictions_load(q->store, run.id, 0, MR_SIDE_VALID, &valid, NULL))
        q->effect = mr_flaws_box_effect(valid, q->rows, q->n_rows);
    mr_predictions_destroy(valid);
    mr_run_finish(&run);
}

/* ---- text ---- */

static const struct mr_image_row *row_of(const struct looking *q, const struct mr_flaw *flaw)
{
    return mr_images_find(q->images, flaw->image);
}

static const char *side_text(const struct mr_image_row *row)
{
    return row->side == MR_SIDE_NONE ? "" : mr_side_text(row->side);
}

static void print_flaw(const struct looking *q, const struct mr_flaw *flaw)
{
    const struct mr_flaw_text *text = &mr_flaw_texts[flaw->kind];
    const struct mr_image_row *row = row_of(q, flaw);
    char path[256];

    mr_safe_text(path, sizeof path, row->path, 60, MR_ELIDE_MIDDLE);
    printf("    %-5s  %s", side_text(row), path);
    if (*text->score)
        printf("  %s %.3g, %.0f %% of its class no higher", text->score, flaw->score,
               100 * flaw->percentile);
    else if (flaw->cluster >= 0)
        printf("  cluster %lld", (long long)q->images->rows[flaw->cluster].id);
    putchar('\n');
}

static void print_kind(const struct looking *q, enum mr_flaw_kind kind)
{
    int first = q->flaws.first[kind], n = q->flaws.first[kind + 1] - first;

    if (!n)
        return;
    printf("%6d  %s\n", n, mr_flaw_texts[kind].text);
    for (int i = 0; i < n && i < MOST_LISTED; i++)
        print_flaw(q, &q->flaws.found[first + i]);
    if (n > MOST_LISTED)
        printf("    ... %d more: --csv lists all\n", n - MOST_LISTED);
}

static void print_unreadable(const struct looking *q)
{
    for (int i = 0; i < q->images->n; i++) {
        const struct mr_image_row *row = &q->images->rows[i];
        char path[256], reason[600];

        if (row->state != MR_IMAGE_UNREADABLE)
            continue;
        mr_safe_text(path, sizeof path, row->path, 60, MR_ELIDE_MIDDLE);
        mr_safe_text(reason, sizeof reason, mr_images_reason(q->images, row), 0, MR_ELIDE_END);
        printf("unreadable: %s: %s\n", path, reason);
    }
}

static void print_crossing(const struct looking *q)
{
    long long n = (long long)q->flaws.n_crossing, at_random = (long long)q->n_at_random;

    if (q->is_split && (n || at_random))
        printf("\nthe split tears %lld pair%s of duplicates, one trained on and one measured with; "
               "at random it is %lld\n",
               n, n == 1 ? "" : "s", at_random);
    else if (at_random)
        printf("\na split at random would tear %lld pair%s of duplicates: "
               "`misread train --group-by similarity` keeps them together\n",
               at_random, at_random == 1 ? "" : "s");
}

static void print_effect(const struct looking *q)
{
    const struct mr_box_effect *e = &q->effect;

    if (e->n_with && e->n_without)
        printf("\naccuracy of the last run with a position box %.3f (%d images), without %.3f "
               "(%d)\n",
               (double)e->n_correct_with / e->n_with, e->n_with,
               (double)e->n_correct_without / e->n_without, e->n_without);
}

static void print_text(const struct looking *q)
{
    printf("%d images measured, %d unreadable, %d findings\n\n", q->flaws.n_measured,
           q->flaws.n_unreadable, q->flaws.n);
    for (int kind = 0; kind < MR_FLAW_N; kind++)
        print_kind(q, (enum mr_flaw_kind)kind);
    print_unreadable(q);
    print_crossing(q);
    print_effect(q);
}

/* ---- JSON and CSV ---- */

static cJSON *flaw_json(const struct looking *q, const struct mr_flaw *flaw)
{
    const struct mr_flaw_text *text = &mr_flaw_texts[flaw->kind];
    const struct mr_image_row *row = row_of(q, flaw);
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "kind", text->json);
    mr_json_add_text(object, "path", row->path);
    mr_json_add_text(object, "label",
                     row->class_id >= 0 ? q->images->classes[row->class_id] : NULL);
    cJSON_AddStringToObject(object, "side", side_text(row));
    if (*text->score) {
        mr_json_add_number(object, text->score, flaw->score);
        mr_json_add_number(object, "percentile", flaw->percentile);
    }
    if (flaw->cluster >= 0)
        cJSON_AddNumberToObject(object, "cluster", (double)q->images->rows[flaw->cluster].id);
    return object;
}

static void print_json(const struct looking *q)
{
    cJSON *object = cJSON_CreateObject(), *counts, *list;

    cJSON_AddNumberToObject(object, "n_measured", q->flaws.n_measured);
    cJSON_AddNumberToObject(object, "n_unreadable", q->flaws.n_unreadable);
    cJSON_AddBoolToObject(object, "is_split", q->is_split);
    cJSON_AddNumberToObject(object, "n_crossing_pairs", (double)q->flaws.n_crossing);
    cJSON_AddNumberToObject(object, "n_crossing_pairs_at_random", (double)q->n_at_random);
    if (q->effect.n_with && q->effect.n_without) {
        const struct mr_box_effect *e = &q->effect;

        mr_json_add_number(object, "accuracy_with_box", (double)e->n_correct_with / e->n_with);
        mr_json_add_number(object, "accuracy_without_box",
                           (double)e->n_correct_without / e->n_without);
    }
    counts = cJSON_AddObjectToObject(object, "counts");
    for (int kind = 0; kind < MR_FLAW_N; kind++)
        cJSON_AddNumberToObject(counts, mr_flaw_texts[kind].json,
                                q->flaws.first[kind + 1] - q->flaws.first[kind]);
    list = cJSON_AddArrayToObject(object, "findings");
    for (int i = 0; i < q->flaws.n; i++)
        cJSON_AddItemToArray(list, flaw_json(q, &q->flaws.found[i]));
    mr_json_print(object);
}

static void print_csv(const struct looking *q)
{
    printf("kind,path,label,side,score,percentile,cluster\n");
    for (int i = 0; i < q->flaws.n; i++) {
        const struct mr_flaw *flaw = &q->flaws.found[i];
        const struct mr_image_row *row = row_of(q, flaw);

        printf("%s,", mr_flaw_texts[flaw->kind].json);
        mr_figures_print_field(row->path);
        putchar(',');
        mr_figures_print_field(row->class_id >= 0 ? q->images->classes[row->class_id] : "");
        printf(",%s,", side_text(row));
        if (*mr_flaw_texts[flaw->kind].score)
            printf("%.6g,%.6g,\n", flaw->score, flaw->percentile);
        else if (flaw->cluster >= 0)
            printf(",,%lld\n", (long long)q->images->rows[flaw->cluster].id);
        else
            printf(",,\n");
    }
}

/* ---- the command ---- */

static int look(struct mr_session *session, const struct mr_place *place,
                const struct mr_args *args)
{
    struct looking q = {.session = session, .is_terminal = isatty(STDERR_FILENO)};
    struct mr_error err = {0};
    int status = EXIT_SUCCESS;
    enum mr_status st = mr_start_check(place, &err);

    if (!st)
        st = mr_store_open(&q.store, place->project_dir, MR_STORE_CREATE, &err);
    if (!st)
        st = measure(&q, place->data_dir, &err);
    if (q.line_open)
        fputc('\n', stderr);
    if (!st) {
        q.is_split = mr_images_n_split(q.images) > 0;
        q.n_at_random = count_torn_at_random(&q);
        find_effect(&q);
        mr_flaws_find(&q.flaws, q.images, q.rows, q.n_rows);
        (args->json ? print_json : args->wants_csv ? print_csv : print_text)(&q);
    } else {
        status = mr_failed(&err);
        status = q.signal ? 128 + q.signal : status;
    }
    finish(&q);
    return status;
}

int mr_quality_main(struct mr_args *args)
{
    return mr_start_in_place(args, look);
}
