/* SPDX-License-Identifier: MIT */
/* `report`: one run as text, JSON or CSV. Everything is computed from stored predictions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/interp/confusion.h>
#include <misread/interp/ranking.h>
#include <misread/store/images.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>

#include "args.h"
#include "commands.h"
#include "json.h"
#include "notes.h"
#include "place.h"

struct report {
    struct mr_run run;
    struct mr_image_table *images;
    struct mr_notes notes;
    struct mr_epoch *epochs;
    int n_epochs;
    struct mr_predictions *valid, *train; /* train may be NULL */
    struct mr_confusion *confusion;       /* of validation */
    struct mr_pair *pairs;
    int n_pairs;
    struct mr_ranked *top;
    int n_top;
};

static void finish(struct report *r)
{
    mr_run_finish(&r->run);
    mr_images_destroy(r->images);
    mr_notes_finish(&r->notes);
    free(r->epochs);
    mr_predictions_destroy(r->valid);
    mr_predictions_destroy(r->train);
    mr_confusion_destroy(r->confusion);
    free(r->pairs);
    free(r->top);
}

/* Replaces each loss by the mean over the epochs up to the predictions' own. */
static enum mr_status average_losses(struct mr_store *store, struct mr_predictions *p,
                                     const struct report *r, struct mr_error *err)
{
    double *sums = mr_xalloc((size_t)p->n, sizeof *sums);
    int *counts = mr_xalloc((size_t)p->n, sizeof *counts);
    enum mr_status st = MR_OK;

    for (int e = 0; e < r->n_epochs && r->epochs[e].epoch <= p->epoch && !st; e++) {
        struct mr_predictions *q = NULL;

        st = mr_predictions_load(store, p->run, r->epochs[e].epoch, p->side, &q, err);
        for (int i = 0, j = 0; !st && i < p->n; i++) {
            while (j < q->n && q->ids[j] < p->ids[i])
                j++;
            if (j < q->n && q->ids[j] == p->ids[i]) {
                sums[i] += q->losses[j];
                counts[i]++;
            }
        }
        mr_predictions_destroy(q);
    }
    for (int i = 0; i < p->n && !st; i++)
        if (counts[i])
            p->losses[i] = (float)(sums[i] / counts[i]);
    free(sums);
    free(counts);
    return st;
}

static int worse_first(const void *a, const void *b)
{
    const struct mr_ranked *x = a, *y = b;

    if (x->loss != y->loss)
        return x->loss < y->loss ? 1 : -1;
    return x->image < y->image ? -1 : x->image > y->image;
}

static void rank(struct report *r, const char *split, int n_most)
{
    static const struct mr_ranking_filter any = {.actual = -1, .predicted = -1};
    struct mr_ranked *more = NULL;
    int n_more = 0;

    if (strcmp(split, "train") != 0)
        r->n_top = mr_ranking_of(r->valid, &any, MR_ORDER_LOSS, &r->top);
    if (strcmp(split, "valid") != 0 && r->train)
        n_more = mr_ranking_of(r->train, &any, MR_ORDER_LOSS, &more);
    if (n_more) {
        r->top = mr_xrealloc(r->top, (size_t)(r->n_top + n_more), sizeof *r->top);
        memcpy(r->top + r->n_top, more, (size_t)n_more * sizeof *more);
        r->n_top += n_more;
        qsort(r->top, (size_t)r->n_top, sizeof *r->top, worse_first);
    }
    free(more);
    if (r->n_top > n_most)
        r->n_top = n_most;
}

static enum mr_status load(struct report *r, struct mr_store *store, const struct mr_args *args,
                           struct mr_error *err)
{
    enum mr_status st = mr_run_load(store, args->run, &r->run, err);

    if (!st)
        st = mr_images_load(store, &r->images, err);
    if (!st)
        st = mr_epochs_load(store, r->run.id, &r->epochs, &r->n_epochs, err);
    if (!st && !r->n_epochs)
        st = mr_fail(err, MR_E_NOT_FOUND, "run %d (%s) has no finished epoch to report%s%s",
                     r->run.id, mr_run_state_text(r->run.state),
                     r->run.message && r->run.message[0] ? ": " : "",
                     r->run.message ? r->run.message : "");
    if (!st)
        st = mr_predictions_load(store, r->run.id, args->epoch, MR_SIDE_VALID, &r->valid, err);
    if (st)
        return st;
    st = mr_predictions_load(store, r->run.id, r->valid->epoch, MR_SIDE_TRAIN, &r->train, err);
    if (st == MR_E_NOT_FOUND)
        st = MR_OK;
    if (!st && args->loss && !strcmp(args->loss, "mean")) {
        st = average_losses(store, r->valid, r, err);
        if (!st && r->train)
            st = average_losses(store, r->train, r, err);
    }
    if (st)
        return st;
    r->notes = mr_notes_of(store, r->images);
    r->confusion = mr_confusion_of(r->valid, NULL);
    r->n_pairs = mr_confusion_pairs(r->confusion, &r->pairs);
    rank(r, args->split ? args->split : "valid", args->top ? args->top : 100);
    return MR_OK;
}

static const char *class_name(const struct report *r, int class_id)
{
    return class_id >= 0 && class_id < r->images->n_classes ? r->images->classes[class_id] : "?";
}

static const char *path_of(const struct report *r, int64_t image)
{
    const struct mr_image_row *row = mr_images_find(r->images, image);

    return row ? row->path : "?";
}

/* ---- JSON ---- */

static cJSON *confusion_json(const struct report *r)
{
    cJSON *rows = cJSON_CreateArray();

    for (int a = 0; a < r->confusion->n_classes; a++)
        cJSON_AddItemToArray(
            rows, cJSON_CreateIntArray(r->confusion->counts + a * r->confusion->n_classes,
                                       r->confusion->n_classes));
    return rows;
}

static cJSON *pairs_json(const struct report *r)
{
    cJSON *list = cJSON_CreateArray();

    for (int i = 0; i < r->n_pairs; i++) {
        cJSON *pair = cJSON_CreateObject();

        mr_json_add_text(pair, "actual", class_name(r, r->pairs[i].actual));
        mr_json_add_text(pair, "predicted", class_name(r, r->pairs[i].predicted));
        cJSON_AddNumberToObject(pair, "count", r->pairs[i].count);
        cJSON_AddItemToArray(list, pair);
    }
    return list;
}

static cJSON *per_class_json(const struct report *r)
{
    cJSON *list = cJSON_CreateArray();

    for (int c = 0; c < r->confusion->n_classes; c++) {
        struct mr_class_metrics m = mr_confusion_metrics(r->confusion, c);
        cJSON *entry = cJSON_CreateObject();

        mr_json_add_text(entry, "name", class_name(r, c));
        cJSON_AddNumberToObject(entry, "n", m.n);
        mr_json_add_number(entry, "precision", m.precision);
        mr_json_add_number(entry, "recall", m.recall);
        mr_json_add_number(entry, "f1", m.f1);
        cJSON_AddItemToArray(list, entry);
    }
    return list;
}

static cJSON *top_json(const struct report *r)
{
    cJSON *list = cJSON_CreateArray();

    for (int i = 0; i < r->n_top; i++) {
        const struct mr_ranked *t = &r->top[i];
        cJSON *entry = cJSON_CreateObject();

        mr_json_add_text(entry, "path", path_of(r, t->image));
        mr_json_add_text(entry, "actual", class_name(r, t->actual));
        mr_json_add_text(entry, "predicted", class_name(r, t->predicted));
        mr_json_add_number(entry, "loss", t->loss);
        mr_json_add_number(entry, "p_actual", t->p_actual);
        mr_json_add_number(entry, "p_predicted", t->p_predicted);
        cJSON_AddItemToArray(list, entry);
    }
    return list;
}

static cJSON *skipped_json(const struct report *r)
{
    cJSON *list = cJSON_CreateArray();

    for (int i = 0; i < r->images->n; i++) {
        const struct mr_image_row *row = &r->images->rows[i];
        cJSON *entry;

        if (row->state != MR_IMAGE_UNREADABLE)
            continue;
        entry = cJSON_CreateObject();
        mr_json_add_text(entry, "path", row->path);
        mr_json_add_text(entry, "reason", mr_images_reason(r->images, row));
        cJSON_AddItemToArray(list, entry);
    }
    return list;
}

static cJSON *notes_json(const struct report *r)
{
    cJSON *list = cJSON_CreateArray();

    for (int i = 0; i < r->notes.n; i++)
        mr_json_append_text(list, r->notes.lines[i]);
    return list;
}

static void print_json(const struct report *r)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *epochs = cJSON_AddArrayToObject(object, "epochs");
    cJSON *classes;

    cJSON_AddNumberToObject(object, "run", r->run.id);
    cJSON_AddStringToObject(object, "state", mr_run_state_text(r->run.state));
    cJSON_AddNumberToObject(object, "epoch", r->valid->epoch);
    classes = cJSON_AddArrayToObject(object, "classes");
    for (int c = 0; c < r->confusion->n_classes; c++)
        mr_json_append_text(classes, class_name(r, c));
    for (int e = 0; e < r->n_epochs; e++) {
        cJSON *entry = cJSON_CreateObject();

        mr_json_add_epoch(entry, &r->epochs[e]);
        cJSON_AddItemToArray(epochs, entry);
    }
    cJSON_AddItemToObject(object, "confusion", confusion_json(r));
    cJSON_AddItemToObject(object, "most_confused", pairs_json(r));
    cJSON_AddItemToObject(object, "per_class", per_class_json(r));
    cJSON_AddItemToObject(object, "top_losses", top_json(r));
    cJSON_AddItemToObject(object, "skipped", skipped_json(r));
    cJSON_AddItemToObject(object, "notes", notes_json(r));
    mr_json_print(object);
}

/* ---- CSV ---- */

/* A field as RFC 4180 quotes it; a leading = + - @ would be run by a spreadsheet, so it is defused.
 */
static void print_field(const char *text)
{
    if (strchr("=+-@\t\r", text[0]) && text[0])
        putchar('\'');
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (const char *p = text; *p; p++) {
        if (*p == '"')
            putchar('"');
        putchar(*p);
    }
    putchar('"');
}

static void print_rows(const struct report *r, const struct mr_predictions *p, const char *split,
                       float *probabilities)
{
    for (int i = 0; i < p->n; i++) {
        int predicted =
            mr_softmax(p->logits + (size_t)i * (size_t)p->n_classes, p->n_classes, probabilities);

        print_field(path_of(r, p->ids[i]));
        printf(",%s,", split);
        print_field(class_name(r, p->labels[i]));
        putchar(',');
        print_field(class_name(r, predicted));
        printf(",%.6g", p->losses[i]);
        for (int c = 0; c < p->n_classes; c++)
            printf(",%.6g", probabilities[c]);
        putchar('\n');
    }
}

static void print_csv(const struct report *r, const char *split)
{
    float *probabilities = mr_xalloc((size_t)r->valid->n_classes, sizeof *probabilities);

    fputs("path,split,actual,predicted,loss", stdout);
    for (int c = 0; c < r->valid->n_classes; c++) {
        putchar(',');
        print_field(class_name(r, c));
    }
    putchar('\n');
    if (strcmp(split, "train") != 0)
        print_rows(r, r->valid, "valid", probabilities);
    if (strcmp(split, "valid") != 0 && r->train)
        print_rows(r, r->train, "train", probabilities);
    free(probabilities);
}

/* ---- text ---- */

#define MAX_SKIPPED 10 /* lines of files that could not be read */

static void print_epochs(const struct report *r)
{
    printf("epoch  train loss  valid loss  accuracy  95 %% CI          time\n");
    for (int e = 0; e < r->n_epochs; e++) {
        const struct mr_epoch *x = &r->epochs[e];
        double lo, hi;

        mr_wilson(x->n_correct, x->n_valid, &lo, &hi);
        printf("%5d  %10.4f  %10.4f  %8.4f  [%.3f %.3f]  %5.0f s\n", x->epoch, x->train_loss,
               x->valid_loss, x->n_valid ? (double)x->n_correct / x->n_valid : 0, lo, hi,
               x->seconds);
    }
}

/* A name from outside at the end of a line, made safe. */
static void print_last(const char *name)
{
    char safe[256];

    mr_safe_text(safe, sizeof safe, name, 60, MR_ELIDE_MIDDLE);
    puts(safe);
}

/* A name from outside, made safe and padded to a column. */
static void print_name(const char *name, int cols)
{
    char safe[256];
    int used = mr_safe_text(safe, sizeof safe, name, cols, MR_ELIDE_MIDDLE);

    printf("%s%*s", safe, cols - used, "");
}

/* A share of nothing, such as the precision of a class that was never said, is none. */
static void print_share(const char *name, double share)
{
    if (isnan(share))
        printf("%s-", name);
    else
        printf("%s%.3f", name, share);
}

static void print_confusion(const struct report *r)
{
    const struct mr_confusion *m = r->confusion;

    printf("\nconfusion after epoch %d (rows are actual, columns predicted, in the same order)\n",
           r->valid->epoch);
    for (int a = 0; a < m->n_classes; a++) {
        struct mr_class_metrics x = mr_confusion_metrics(m, a);

        print_name(class_name(r, a), 24);
        for (int p = 0; p < m->n_classes; p++)
            printf(" %5d", mr_confusion_at(m, a, p));
        print_share("   recall ", x.recall);
        print_share("  precision ", x.precision);
        print_share("  f1 ", x.f1);
        putchar('\n');
    }
}

static void print_lists(const struct report *r)
{
    printf("\nmost confused\n");
    for (int i = 0; i < r->n_pairs && i < 10; i++) {
        printf("%5d  ", r->pairs[i].count);
        print_name(class_name(r, r->pairs[i].actual), 24);
        printf(" read as ");
        print_last(class_name(r, r->pairs[i].predicted));
    }
    printf("\nhighest losses\n  loss  p(actual)  actual                   predicted                "
           "path\n");
    for (int i = 0; i < r->n_top; i++) {
        const struct mr_ranked *t = &r->top[i];

        printf("%6.3f  %9.4f  ", t->loss, t->p_actual);
        print_name(class_name(r, t->actual), 24);
        putchar(' ');
        print_name(class_name(r, t->predicted), 24);
        putchar(' ');
        print_last(path_of(r, t->image));
    }
}

static int count_skipped(const struct report *r)
{
    int n = 0;

    for (int i = 0; i < r->images->n; i++)
        n += r->images->rows[i].state == MR_IMAGE_UNREADABLE;
    return n;
}

static void print_skipped(const struct report *r)
{
    int n = count_skipped(r), n_shown = 0;

    if (!n)
        return;
    printf("\n%d %s skipped%s\n", n, n == 1 ? "file" : "files",
           n > MAX_SKIPPED ? " (all of them with --json)" : "");
    for (int i = 0; i < r->images->n && n_shown < MAX_SKIPPED; i++) {
        const struct mr_image_row *row = &r->images->rows[i];
        char path[256], reason[256];

        if (row->state != MR_IMAGE_UNREADABLE)
            continue;
        mr_safe_text(path, sizeof path, row->path, 60, MR_ELIDE_MIDDLE);
        mr_safe_text(reason, sizeof reason, mr_images_reason(r->images, row), 0, MR_ELIDE_END);
        printf("  %s: %s\n", path, reason);
        n_shown++;
    }
}

static void print_notes(const struct report *r)
{
    if (r->notes.n)
        putchar('\n');
    for (int i = 0; i < r->notes.n; i++) {
        char safe[512];

        mr_safe_text(safe, sizeof safe, r->notes.lines[i], 0, MR_ELIDE_END);
        printf("note: %s\n", safe);
    }
}

static void print_text(const struct report *r)
{
    printf("run %d: %s, %d px, %d epochs, %s; %d training and %d validation images\n\n", r->run.id,
           r->run.arch, r->run.size_px, r->run.n_epochs, mr_run_state_text(r->run.state),
           r->run.n_train, r->run.n_valid);
    print_epochs(r);
    print_confusion(r);
    print_lists(r);
    print_skipped(r);
    print_notes(r);
    printf("\nFor research and education, not for diagnosis.\n");
}

int mr_report_main(struct mr_args *args)
{
    struct mr_place place = {0};
    struct mr_store *store = NULL;
    struct report r = {0};
    struct mr_error err = {0};
    enum mr_status st = mr_place_find(&place, args->rest[0], args->project, &err);

    if (!st)
        st = mr_store_open(&store, place.project_dir, MR_STORE_EXISTING, &err);
    if (!st)
        st = load(&r, store, args, &err);
    if (!st && args->csv)
        print_csv(&r, args->split ? args->split : "all");
    else if (!st && args->json)
        print_json(&r);
    else if (!st)
        print_text(&r);
    finish(&r);
    mr_store_close(store);
    mr_place_finish(&place);
    return st ? mr_failed(&err) : EXIT_SUCCESS;
}
