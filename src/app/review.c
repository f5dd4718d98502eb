/* SPDX-License-Identifier: MIT */
/* `review`: what readers decided, shown, taken out and in, and carried out on a copy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/file.h>
#include <misread/base/str.h>
#include <misread/store/images.h>
#include <misread/store/review.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>

#include "args.h"
#include "commands.h"
#include "copy_tree.h"
#include "exchange.h"
#include "json.h"
#include "place.h"

#define MOST_BYTES (256U << 20) /* of a file to be imported */

/* All that the ways of reviewing share. */
struct review {
    struct mr_place place;
    struct mr_store *store;
    struct mr_image_table *images;
    struct mr_decision *decisions;
    int n;
    struct mr_predictions *sides[2];
    struct mr_exchange exchange;
};

static void print_row(const struct mr_exchange *exchange, const struct mr_decision *d)
{
    const struct mr_image_row *row = mr_images_find(exchange->images, d->image);
    const char *from = mr_exchange_value(exchange, d->kind, d->from_class);
    const char *to = mr_exchange_value(exchange, d->kind, d->to_class);
    char id[24] = "new", at[32] = "now", path[256], who[64], change[256], note[512];
    char words[1024];

    if (d->id)
        snprintf(id, sizeof id, "%lld", (long long)d->id);
    if (d->at)
        mr_exchange_time(d->at, at);
    if (mr_decision_form(d->kind) == MR_FORM_CLASS)
        snprintf(words, sizeof words, "%s -> %s", from ? from : "?", to ? to : "?");
    else
        snprintf(words, sizeof words, "%s", to ? to : "");
    mr_safe_text(change, sizeof change, words, 60, MR_ELIDE_MIDDLE);
    mr_safe_text(path, sizeof path, row ? row->path : "?", 60, MR_ELIDE_MIDDLE);
    mr_safe_text(who, sizeof who, d->reader, 16, MR_ELIDE_END);
    mr_safe_text(note, sizeof note, d->note, 0, MR_ELIDE_END);
    printf("%5s  %-20s  %-16s  %-10s  %s  %s%s%s%s\n", id, at, who, mr_decision_text(d->kind), path,
           change, note[0] ? "  " : "", note, d->undone ? "  (undone)" : "");
}

static void print_text(const struct mr_exchange *exchange)
{
    if (!exchange->n)
        printf("no decisions yet: open the explorer, choose an image, press f to flag or r to "
               "relabel\n");
    for (int i = 0; i < exchange->n; i++)
        print_row(exchange, &exchange->decisions[i]);
}

/* ---- out ---- */

static enum mr_status export_as(const struct review *review, const char *format, const char *path,
                                struct mr_error *err)
{
    struct mr_str text = MR_STR_EMPTY;
    struct mr_file_part part;
    char safe[1024];
    enum mr_status st = mr_exchange_format_find(format)->write(&review->exchange, &text, err);

    part = (struct mr_file_part){text.text, text.n};
    if (!st && path) {
        st = mr_file_write(path, 0600, &part, 1, err);
        mr_safe_text(safe, sizeof safe, path, 0, MR_ELIDE_END);
        if (!st)
            printf("%d decisions as %s: written to %s\n", review->n, format, safe);
    } else if (!st) {
        fwrite(text.text, 1, text.n, stdout); /* main() says so if it does not arrive */
    }
    mr_str_finish(&text);
    return st;
}

/* ---- in ---- */

static enum mr_status read_file(const struct mr_exchange *exchange, const char *path,
                                struct mr_records *records, struct mr_error *err)
{
    unsigned char *data = NULL;
    size_t n = 0;
    enum mr_status st = mr_file_read(path, MOST_BYTES, &data, &n, err);

    if (!st && strlen((char *)data) != n)
        st = mr_fail(err, MR_E_FORMAT, "cannot import '%s': it is not text, for it has a zero byte",
                     path);
    if (!st)
        st = mr_exchange_read(exchange, (char *)data, records, err);
    free(data);
    return st;
}

/* How many of each kind are new. */
static int count_new(const struct mr_decision *decisions, int n, int counts[MR_N_DECISION_KINDS])
{
    int n_new = 0;

    for (int i = 0; i < n; i++) {
        counts[decisions[i].kind] += !decisions[i].id;
        n_new += !decisions[i].id;
    }
    return n_new;
}

static void tell_json(const struct mr_records *records, const int *counts, int n_new,
                      bool is_dry_run)
{
    cJSON *object = cJSON_CreateObject(), *kinds;

    cJSON_AddNumberToObject(object, "added", n_new);
    cJSON_AddBoolToObject(object, "dry_run", is_dry_run);
    cJSON_AddNumberToObject(object, "there_already", records->n - n_new);
    cJSON_AddNumberToObject(object, "of_other_images", records->n_elsewhere);
    cJSON_AddNumberToObject(object, "of_other_kinds", records->n_foreign);
    kinds = cJSON_AddObjectToObject(object, "kinds");
    for (int k = 0; k < MR_N_DECISION_KINDS; k++)
        if (counts[k])
            cJSON_AddNumberToObject(kinds, mr_decision_text((enum mr_decision_kind)k), counts[k]);
    mr_json_print(object);
}

static void tell_text(const struct mr_records *records, const int *counts, int n_new,
                      bool is_dry_run)
{
    const char *comma = "";

    printf("%s %d decision%s", is_dry_run ? "would add" : "added", n_new, n_new == 1 ? "" : "s");
    for (int k = 0; k < MR_N_DECISION_KINDS; k++) {
        if (!counts[k])
            continue;
        printf("%s%s %d", *comma ? comma : " (", mr_decision_text((enum mr_decision_kind)k),
               counts[k]);
        comma = ", ";
    }
    printf("%s; %d there already", *comma ? ")" : "", records->n - n_new);
    if (records->n_elsewhere)
        printf("; %d about images that are not here", records->n_elsewhere);
    if (records->n_foreign)
        printf("; %d of kinds that are not kept here", records->n_foreign);
    putchar('\n');
}

/* The decisions are in order, so that what an undo means is resolved when they are read again. */
static enum mr_status import(struct review *review, const struct mr_args *args,
                             struct mr_error *err)
{
    struct mr_records records = {0};
    struct mr_decision *decisions = NULL;
    int counts[MR_N_DECISION_KINDS] = {0}, n_new = 0;
    enum mr_status st = read_file(&review->exchange, args->import_path, &records, err);

    if (!st)
        st = mr_exchange_plan(&review->exchange, &records, &decisions, err);
    if (!st)
        n_new = count_new(decisions, records.n, counts);
    for (int i = 0; i < records.n && !st && args->dry_run && !args->json; i++)
        if (!decisions[i].id)
            print_row(&review->exchange, &decisions[i]);
    if (!st && n_new && !args->dry_run)
        st = mr_decisions_add(review->store, decisions, records.n, err);
    if (!st)
        (args->json ? tell_json : tell_text)(&records, counts, n_new, args->dry_run);
    free(decisions);
    mr_records_finish(&records);
    return st;
}

/* ---- the cleaned tree ---- */

static enum mr_status copy(const struct review *review, const struct mr_args *args,
                           struct mr_error *err)
{
    struct mr_copy_report report;
    enum mr_status st = mr_copy_tree(&review->exchange, review->place.data_dir, args->copy_to,
                                     args->links, &report, err);

    if (st)
        return st;
    printf("%s %d images, %d of them in another class's folder; left out: %d excluded, %d missing "
           "or unreadable\n",
           args->links ? "linked" : "copied", report.n_copied, report.n_relabelled,
           report.n_excluded, report.n_gone);
    return MR_OK;
}

/* ---- all of it ---- */

static enum mr_status check_use(const struct mr_args *args, struct mr_error *err)
{
    int n_ways =
        (args->export_format != NULL) + (args->import_path != NULL) + (args->copy_to != NULL);
    const struct {
        bool is_given;
        const char *name, *needs;
        bool has_it;
    } all[] = {
        {args->out, "--out", "--export", args->export_format},
        {args->dry_run, "--dry-run", "--import", args->import_path},
        {args->links, "--link", "--copy-to", args->copy_to},
        {args->anonymous, "--anonymous", "--export or --copy-to",
         args->export_format || args->copy_to},
    };

    if (n_ways > 1)
        return mr_fail(err, MR_E_USAGE, "--export, --import and --copy-to are done one at a time");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].is_given && !all[i].has_it)
            return mr_fail(err, MR_E_USAGE, "%s is of use only with %s", all[i].name, all[i].needs);
    return MR_OK;
}

/* What the last run said of each side; nothing if there is none. */
static void load_predictions(struct review *review)
{
    static const enum mr_side sides[] = {MR_SIDE_VALID, MR_SIDE_TRAIN};
    struct mr_run run = {0};

    if (mr_run_load(review->store, 0, &run, NULL))
        return;
    for (int i = 0; i < 2; i++)
        if (mr_predictions_load(review->store, run.id, 0, sides[i], &review->sides[i], NULL))
            review->sides[i] = NULL;
    mr_run_finish(&run);
}

static enum mr_status open_review(struct review *review, const struct mr_args *args,
                                  struct mr_error *err)
{
    enum mr_status st = mr_place_find(&review->place, args->rest[0], args->project, err);

    if (!st)
        st = mr_store_open(&review->store, review->place.project_dir, MR_STORE_EXISTING, err);
    if (!st)
        st = mr_images_load(review->store, &review->images, err);
    if (!st)
        st = mr_decisions_load(review->store, &review->decisions, &review->n, err);
    if (st)
        return st;
    if (args->export_format && strcmp(args->export_format, "label-studio") == 0)
        load_predictions(review);
    review->exchange = (struct mr_exchange){.images = review->images,
                                            .decisions = review->decisions,
                                            .n = review->n,
                                            .sides = {review->sides[0], review->sides[1]},
                                            .reader = mr_place_reader(args->reader),
                                            .is_anonymous = args->anonymous};
    mr_exchange_init(&review->exchange);
    return MR_OK;
}

static void close_review(struct review *review)
{
    mr_exchange_finish(&review->exchange);
    mr_predictions_destroy(review->sides[0]);
    mr_predictions_destroy(review->sides[1]);
    free(review->decisions);
    mr_images_destroy(review->images);
    mr_store_close(review->store);
    mr_place_finish(&review->place);
}

int mr_review_main(struct mr_args *args)
{
    struct review review = {.store = NULL};
    struct mr_error err = {0};
    enum mr_status st = check_use(args, &err);

    if (!st)
        st = open_review(&review, args, &err);
    if (!st && args->export_format)
        st = export_as(&review, args->export_format, args->out, &err);
    else if (!st && args->import_path)
        st = import(&review, args, &err);
    else if (!st && args->copy_to)
        st = copy(&review, args, &err);
    else if (!st && args->json)
        st = export_as(&review, "json", NULL, &err);
    else if (!st)
        print_text(&review.exchange);
    close_review(&review);
    return st ? mr_failed(&err) : EXIT_SUCCESS;
}
