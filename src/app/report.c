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
#include <misread/interp/groups.h>
#include <misread/interp/learning.h>
#include <misread/interp/ranking.h>
#include <misread/store/images.h>
#include <misread/store/quality.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>

#include "args.h"
#include "commands.h"
#include "curve.h"
#include "figures.h"
#include "json.h"
#include "notes.h"
#include "place.h"
#include "report.h"
#include "run_compare.h"
#include "session.h"
#include "watch.h"

static void finish(struct mr_report *r)
{
    mr_run_finish(&r->run);
    mr_images_destroy(r->images);
    mr_notes_finish(&r->notes);
    free(r->epochs);
    mr_predictions_destroy(r->valid);
    mr_predictions_destroy(r->train);
    mr_confusion_destroy(r->confusion);
    free(r->pairs);
    free(r->groups);
    free(r->top);
    mr_learning_finish(&r->learning);
}

/* Replaces each loss by the mean over the epochs up to the predictions' own. */
static enum mr_status average_losses(struct mr_store *store, struct mr_predictions *p,
                                     const struct mr_report *r, struct mr_error *err)
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

static void rank(struct mr_report *r, const char *split, int n_most)
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

static enum mr_status find_kin(struct mr_report *r, struct mr_store *store, struct mr_error *err)
{
    int *predicted = mr_guesses_of(r->valid);
    const struct mr_guesses guesses = {r->valid->n, r->valid->n_classes, r->valid->ids, predicted};
    struct mr_quality *rows = NULL;
    struct mr_flaws flaws;
    int n = 0;
    enum mr_status st = mr_qualities_load(store, &rows, &n, err);

    if (!st) {
        mr_flaws_find(&flaws, r->images, rows, n);
        r->n_measured = flaws.n_measured;
        r->n_unmeasured = flaws.n_unmeasured;
        r->kin = mr_flaws_kin_effect(&guesses, r->valid->labels, &flaws);
        mr_flaws_finish(&flaws);
    }
    free(rows);
    free(predicted);
    return st;
}

static enum mr_status load_learning(struct mr_report *r, struct mr_store *store,
                                    struct mr_error *err)
{
    int64_t id = 0;
    enum mr_status st = mr_learning_last(store, r->run.id, &id, err);

    return !st && id ? mr_learning_load(store, id, &r->learning, err) : st;
}

static enum mr_status load(struct mr_report *r, struct mr_store *store, const struct mr_args *args,
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
    if (!st)
        st = load_learning(r, store, err);
    if (st)
        return st;
    r->notes = mr_notes_of(store, r->images);
    r->confusion = mr_confusion_of(r->valid, NULL);
    r->n_pairs = mr_confusion_pairs(r->confusion, &r->pairs);
    r->n_groups = mr_groups_of(r->valid, r->images, &r->groups);
    rank(r, args->split ? args->split : "valid", args->top ? args->top : 100);
    return find_kin(r, store, err);
}

static const char *class_name(const struct mr_report *r, int class_id)
{
    return mr_figures_class(r->images, class_id);
}

static const char *path_of(const struct mr_report *r, int64_t image)
{
    const struct mr_image_row *row = mr_images_find(r->images, image);

    return row ? row->path : "?";
}

/* ---- JSON ---- */

static cJSON *pairs_json(const struct mr_report *r)
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

static cJSON *groups_json(const struct mr_report *r)
{
    cJSON *list = cJSON_CreateArray();

    for (int i = 0; i < r->n_groups; i++) {
        const struct mr_group_score *g = &r->groups[i];
        cJSON *entry = cJSON_CreateObject();

        mr_json_add_text(entry, "group", g->name);
        cJSON_AddNumberToObject(entry, "n", g->n);
        cJSON_AddNumberToObject(entry, "n_correct", g->n_correct);
        cJSON_AddNumberToObject(entry, "accuracy", (double)g->n_correct / g->n);
        cJSON_AddItemToArray(list, entry);
    }
    return list;
}

static void add_accuracy(cJSON *object, const char *name, int k, int n)
{
    cJSON *entry = cJSON_AddObjectToObject(object, name);

    cJSON_AddNumberToObject(entry, "n", n);
    mr_figures_add_share(entry, "accuracy", "ci", k, n);
}

static cJSON *kin_json(const struct mr_report *r)
{
    const struct mr_kin_effect *kin = &r->kin;
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "n_unmeasured", r->n_unmeasured);
    add_accuracy(object, "all", kin->n_correct, kin->n);
    add_accuracy(object, "with", kin->n_correct_kin, kin->n_kin);
    add_accuracy(object, "without", kin->n_correct - kin->n_correct_kin, kin->n - kin->n_kin);
    return object;
}

static cJSON *top_json(const struct mr_report *r)
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

static cJSON *skipped_json(const struct mr_report *r)
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

static cJSON *notes_json(const struct mr_report *r)
{
    cJSON *list = cJSON_CreateArray();

    for (int i = 0; i < r->notes.n; i++)
        mr_json_append_text(list, r->notes.lines[i]);
    return list;
}

static void print_json(const struct mr_report *r)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *epochs = cJSON_AddArrayToObject(object, "epochs");
    cJSON *classes;

    cJSON_AddNumberToObject(object, "run", r->run.id);
    cJSON_AddStringToObject(object, "state", mr_run_state_text(r->run.state));
    cJSON_AddNumberToObject(object, "epoch", r->valid->epoch);
    cJSON_AddNumberToObject(object, "best_epoch", mr_epochs_best(r->epochs, r->n_epochs)->epoch);
    mr_json_add_text(object, "message", r->run.message);
    classes = cJSON_AddArrayToObject(object, "classes");
    for (int c = 0; c < r->confusion->n_classes; c++)
        mr_json_append_text(classes, class_name(r, c));
    for (int e = 0; e < r->n_epochs; e++) {
        cJSON *entry = cJSON_CreateObject();

        mr_json_add_epoch(entry, &r->epochs[e]);
        cJSON_AddItemToArray(epochs, entry);
    }
    mr_figures_add_json(object, r->confusion, r->images);
    cJSON_AddItemToObject(object, "most_confused", pairs_json(r));
    cJSON_AddItemToObject(object, "groups", groups_json(r));
    if (r->n_measured)
        cJSON_AddItemToObject(object, "duplicates_in_training", kin_json(r));
    cJSON_AddItemToObject(object, "top_losses", top_json(r));
    if (r->learning.id)
        cJSON_AddItemToObject(object, "learning_curve", mr_curve_json(&r->learning));
    cJSON_AddItemToObject(object, "skipped", skipped_json(r));
    cJSON_AddItemToObject(object, "notes", notes_json(r));
    mr_json_print(object);
}

/* ---- CSV ---- */

static void print_rows(const struct mr_report *r, const struct mr_predictions *p, const char *split,
                       float *probabilities)
{
    for (int i = 0; i < p->n; i++) {
        int predicted =
            mr_softmax(p->logits + (size_t)i * (size_t)p->n_classes, p->n_classes, probabilities);

        mr_figures_print_field(path_of(r, p->ids[i]));
        printf(",%s,", split);
        mr_figures_print_field(class_name(r, p->labels[i]));
        putchar(',');
        mr_figures_print_field(class_name(r, predicted));
        printf(",%.6g", p->losses[i]);
        for (int c = 0; c < p->n_classes; c++)
            printf(",%.6g", probabilities[c]);
        putchar('\n');
    }
}

static void print_csv(const struct mr_report *r, const char *split)
{
    float *probabilities = mr_xalloc((size_t)r->valid->n_classes, sizeof *probabilities);

    fputs("path,split,actual,predicted,loss", stdout);
    for (int c = 0; c < r->valid->n_classes; c++) {
        putchar(',');
        mr_figures_print_field(class_name(r, c));
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
#define MAX_GROUPS  10

static void print_best(const struct mr_report *r)
{
    const struct mr_epoch *last = &r->epochs[r->n_epochs - 1];
    const struct mr_epoch *best = mr_epochs_best(r->epochs, r->n_epochs);
    char safe[256];

    printf("best epoch %d, accuracy %.4f (its weights are kept); last epoch %d, accuracy %.4f\n",
           best->epoch, mr_epoch_accuracy(best), last->epoch, mr_epoch_accuracy(last));
    if (!r->run.message || !r->run.message[0])
        return;
    mr_safe_text(safe, sizeof safe, r->run.message, 0, MR_ELIDE_END);
    printf("%s\n", safe);
}

static void print_epochs(const struct mr_report *r)
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
    print_best(r);
}

/* A name from outside at the end of a line, made safe. */
static void print_confusion(const struct mr_report *r)
{
    printf("\nconfusion after epoch %d (rows are actual, columns predicted, in the same order)\n",
           r->valid->epoch);
    mr_figures_print_matrix(r->confusion, r->images);
    putchar('\n');
    mr_figures_print_summary(r->confusion);
    putchar('\n');
    mr_figures_print_classes(r->confusion, r->images);
}

static void print_groups(const struct mr_report *r)
{
    if (r->n_groups)
        printf("\naccuracy by group, the worst first%s\n",
               r->n_groups > MAX_GROUPS ? " (all of them with --json)" : "");
    for (int i = 0; i < r->n_groups && i < MAX_GROUPS; i++) {
        const struct mr_group_score *g = &r->groups[i];

        printf("%8.3f  %4d of %4d  ", (double)g->n_correct / g->n, g->n_correct, g->n);
        mr_figures_print_last(g->name);
    }
}

static void print_accuracy(const char *whose, int k, int n)
{
    double lo, hi;

    mr_wilson(k, n, &lo, &hi);
    if (n)
        printf("%8.3f  [%.3f %.3f]  %d %s\n", (double)k / n, lo, hi, n, whose);
}

/* A split that keeps duplicates together has none; one at random flatters the network. */
static void print_kin(const struct mr_report *r)
{
    const struct mr_kin_effect *kin = &r->kin;

    if (!r->n_measured || r->n_unmeasured) {
        printf("\nduplicates across the split: not looked for yet%s, `misread quality` does\n",
               r->n_measured ? " among all images" : "");
        return;
    }
    printf("\naccuracy by duplicates on the training side\n");
    print_accuracy("validation images, all", kin->n_correct, kin->n);
    print_accuracy("with an exact or near duplicate there", kin->n_correct_kin, kin->n_kin);
    print_accuracy("without one, as if split with --group-by similarity",
                   kin->n_correct - kin->n_correct_kin, kin->n - kin->n_kin);
}

static void print_lists(const struct mr_report *r)
{
    printf("\nmost confused\n");
    for (int i = 0; i < r->n_pairs && i < 10; i++) {
        printf("%5d  ", r->pairs[i].count);
        mr_figures_print_name(class_name(r, r->pairs[i].actual), 24);
        printf(" read as ");
        mr_figures_print_last(class_name(r, r->pairs[i].predicted));
    }
    printf("\nhighest losses\n  loss  p(actual)  actual                   predicted                "
           "path\n");
    for (int i = 0; i < r->n_top; i++) {
        const struct mr_ranked *t = &r->top[i];

        printf("%6.3f  %9.4f  ", t->loss, t->p_actual);
        mr_figures_print_name(class_name(r, t->actual), 24);
        putchar(' ');
        mr_figures_print_name(class_name(r, t->predicted), 24);
        putchar(' ');
        mr_figures_print_last(path_of(r, t->image));
    }
}

static int count_skipped(const struct mr_report *r)
{
    int n = 0;

    for (int i = 0; i < r->images->n; i++)
        n += r->images->rows[i].state == MR_IMAGE_UNREADABLE;
    return n;
}

static void print_skipped(const struct mr_report *r)
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

static void print_notes(const struct mr_report *r)
{
    if (r->notes.n)
        putchar('\n');
    for (int i = 0; i < r->notes.n; i++) {
        char safe[512];

        mr_safe_text(safe, sizeof safe, r->notes.lines[i], 0, MR_ELIDE_END);
        printf("note: %s\n", safe);
    }
}

static void print_learning(const struct mr_report *r)
{
    char sentence[400];

    if (!r->learning.id)
        return;
    mr_learning_sentence(&r->learning, sentence, sizeof sentence);
    printf("\nlearning curve: %s\n", sentence);
}

static void print_text(const struct mr_report *r)
{
    printf("run %d: %s, %d px, %d epochs, %s; %d training and %d validation images\n\n", r->run.id,
           r->run.arch, r->run.size_px, r->run.n_epochs, mr_run_state_text(r->run.state),
           r->run.n_train, r->run.n_valid);
    print_epochs(r);
    print_confusion(r);
    print_groups(r);
    print_kin(r);
    print_lists(r);
    print_learning(r);
    print_skipped(r);
    print_notes(r);
    printf("\nFor research and education, not for diagnosis.\n");
}

/* The options as they are stored, each in a line of its own. */
static enum mr_status print_recipe(const struct mr_report *r, struct mr_error *err)
{
    cJSON *recipe = cJSON_Parse(r->run.options ? r->run.options : "");

    if (!recipe)
        return mr_fail(err, MR_E_FORMAT, "the options of run %d cannot be read", r->run.id);
    mr_json_print(recipe);
    return MR_OK;
}

/* One of the forms of a report of one run. */
static enum mr_status print(const struct mr_report *r, const struct mr_args *args,
                            struct mr_error *err)
{
    if (args->wants_recipe)
        return print_recipe(r, err);
    if (args->csv)
        print_csv(r, args->split ? args->split : "all");
    else if (args->json)
        print_json(r);
    else
        print_text(r);
    return MR_OK;
}

static enum mr_status write_page(const struct mr_report *r, struct mr_store *store,
                                 const struct mr_place *place, const struct mr_args *args,
                                 struct mr_watch *watch, struct mr_error *err)
{
    struct mr_report_page page = {.report = r,
                                  .store = store,
                                  .place = place,
                                  .n_pictures = args->top ? args->top : 24,
                                  .watch = watch,
                                  .is_anonymous = args->anonymous};
    enum mr_status st = mr_report_page_write(&page, args->html, err);
    char path[1024];

    mr_safe_text(path, sizeof path, args->html, 0, MR_ELIDE_END);
    if (!st)
        printf("run %d, with its %d worst images: written to %s\n", r->run.id,
               r->n_top < page.n_pictures ? r->n_top : page.n_pictures, path);
    return st;
}

static enum mr_status check_forms(const struct mr_args *args, struct mr_error *err)
{
    if (args->anonymous && !args->html)
        return mr_fail(err, MR_E_USAGE, "--anonymous is for --html: it leaves out paths and names");
    if (args->html && (args->json || args->csv || args->wants_recipe || args->compare))
        return mr_fail(err, MR_E_USAGE,
                       "--html writes a page: it goes without --json, --csv, --recipe, --compare");
    return MR_OK;
}

int mr_report_main(struct mr_args *args)
{
    struct mr_session session = {0};
    struct mr_place place = {0};
    struct mr_store *store = NULL;
    struct mr_report r = {0};
    struct mr_error err = {0};
    struct mr_watch watch = mr_watch_begin(&session, "");
    int status = EXIT_SUCCESS;
    enum mr_status st = check_forms(args, &err);

    if (!st)
        st = mr_session_open(&session, args->unsafe_inprocess, &err);
    if (st)
        return mr_failed(&err);
    st = mr_place_find(&place, args->rest[0], args->project, &err);
    if (!st)
        st = mr_store_open(&store, place.project_dir, MR_STORE_EXISTING, &err);
    if (!st && args->compare)
        st = mr_run_compare_print(store, args->compare, args->json, &err);
    else if (!st)
        st = load(&r, store, args, &err);
    if (!st && args->html)
        st = write_page(&r, store, &place, args, &watch, &err);
    else if (!st && !args->compare)
        st = print(&r, args, &err);
    if (st)
        status = mr_watch_failed(&watch, &err);
    finish(&r);
    mr_store_close(store);
    mr_place_finish(&place);
    mr_session_close(&session);
    return status;
}
