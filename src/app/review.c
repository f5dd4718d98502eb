/* SPDX-License-Identifier: MIT */
/* `review`: what readers decided, as text or JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include <misread/base/str.h>
#include <misread/store/images.h>
#include <misread/store/review.h>
#include <misread/store/store.h>

#include "args.h"
#include "commands.h"
#include "json.h"
#include "place.h"

/* For a relabel the classes' names, for a toggle "set" and "cleared". Owned by table or static. */
static const char *value_text(const struct mr_image_table *table, const struct mr_decision *d,
                              int value)
{
    switch (d->kind) {
    case MR_DECISION_RELABEL:
        return value >= 0 && value < table->n_classes ? table->classes[value] : NULL;
    case MR_DECISION_FLAG:
    case MR_DECISION_AMBIGUOUS:
    case MR_DECISION_EXCLUDE:
        return value ? "set" : "cleared";
    default:
        return NULL;
    }
}

static void time_text(char *out, size_t cap, int64_t at)
{
    time_t t = (time_t)at;
    struct tm tm;

    if (!gmtime_r(&t, &tm)) {
        snprintf(out, cap, "?");
        return;
    }
    strftime(out, cap, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static cJSON *decision_json(const struct mr_image_table *table, const struct mr_decision *d)
{
    const struct mr_image_row *row = mr_images_find(table, d->image);
    cJSON *object = cJSON_CreateObject();
    char at[32];

    time_text(at, sizeof at, d->at);
    cJSON_AddNumberToObject(object, "id", (double)d->id);
    mr_json_add_text(object, "path", row ? row->path : NULL);
    cJSON_AddStringToObject(object, "kind", mr_decision_text(d->kind));
    mr_json_add_text(object, "from", value_text(table, d, d->from_class));
    mr_json_add_text(object, "to", value_text(table, d, d->to_class));
    mr_json_add_text(object, "who", d->reader);
    cJSON_AddStringToObject(object, "at", at);
    mr_json_add_text(object, "note", d->note);
    if (d->target)
        cJSON_AddNumberToObject(object, "target", (double)d->target);
    cJSON_AddBoolToObject(object, "undone", d->undone);
    return object;
}

static void print_json(const struct mr_image_table *table, const struct mr_decision *decisions,
                       int n)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(object, "decisions");

    for (int i = 0; i < n; i++)
        cJSON_AddItemToArray(list, decision_json(table, &decisions[i]));
    mr_json_print(object);
}

static void print_row(const struct mr_image_table *table, const struct mr_decision *d)
{
    const struct mr_image_row *row = mr_images_find(table, d->image);
    const char *from = value_text(table, d, d->from_class);
    const char *to = value_text(table, d, d->to_class);
    char at[32], path[256], who[64], change[256], note[512];
    char words[1024];

    time_text(at, sizeof at, d->at);
    if (d->kind == MR_DECISION_RELABEL)
        snprintf(words, sizeof words, "%s -> %s", from ? from : "?", to ? to : "?");
    else
        snprintf(words, sizeof words, "%s", to ? to : "");
    mr_safe_text(change, sizeof change, words, 60, MR_ELIDE_MIDDLE);
    mr_safe_text(path, sizeof path, row ? row->path : "?", 60, MR_ELIDE_MIDDLE);
    mr_safe_text(who, sizeof who, d->reader, 16, MR_ELIDE_END);
    mr_safe_text(note, sizeof note, d->note, 0, MR_ELIDE_END);
    printf("%5lld  %s  %-16s  %-9s  %s  %s%s%s%s\n", (long long)d->id, at, who,
           mr_decision_text(d->kind), path, change, note[0] ? "  " : "", note,
           d->undone ? "  (undone)" : "");
}

static void print_text(const struct mr_image_table *table, const struct mr_decision *decisions,
                       int n)
{
    if (!n)
        printf("no decisions yet: open the explorer, choose an image, press f to flag or r to "
               "relabel\n");
    for (int i = 0; i < n; i++)
        print_row(table, &decisions[i]);
}

int mr_review_main(struct mr_args *args)
{
    struct mr_place place = {0};
    struct mr_store *store = NULL;
    struct mr_image_table *table = NULL;
    struct mr_decision *decisions = NULL;
    struct mr_error err = {0};
    int n = 0;
    enum mr_status st = mr_place_find(&place, args->rest[0], args->project, &err);

    if (!st)
        st = mr_store_open(&store, place.project_dir, MR_STORE_EXISTING, &err);
    if (!st)
        st = mr_images_load(store, &table, &err);
    if (!st)
        st = mr_decisions_load(store, &decisions, &n, &err);
    if (!st && args->json)
        print_json(table, decisions, n);
    else if (!st)
        print_text(table, decisions, n);
    free(decisions);
    mr_images_destroy(table);
    mr_store_close(store);
    mr_place_finish(&place);
    return st ? mr_failed(&err) : EXIT_SUCCESS;
}
