/* SPDX-License-Identifier: MIT */
/* Is the run on cleaned labels better, and by whose labels? */
#include "run_compare.h"

#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include <misread/base/str.h>
#include <misread/interp/confusion.h>
#include <misread/interp/difference.h>
#include <misread/interp/ranking.h>
#include <misread/store/images.h>
#include <misread/store/review.h>
#include <misread/store/runs.h>

#include "figures.h"
#include "json.h"

#define MOST_LINES 20 /* of cells and of images, as text */

struct two_runs {
    struct mr_run run[2];
    struct mr_predictions *read[2];
    int *guesses[2];
    struct mr_image_table *images;
    struct mr_decision *decisions;
    int n_decisions;
    struct mr_comparison comparison;
};

static const char *const side_name[] = {"before", "after"};

static void finish(struct two_runs *two)
{
    mr_comparison_finish(&two->comparison);
    for (int i = 0; i < 2; i++) {
        mr_run_finish(&two->run[i]);
        mr_predictions_destroy(two->read[i]);
        free(two->guesses[i]);
    }
    mr_images_destroy(two->images);
    free(two->decisions);
}

static void compare(struct two_runs *two)
{
    struct mr_guesses read[2];

    for (int i = 0; i < 2; i++) {
        const struct mr_predictions *p = two->read[i];

        two->guesses[i] = mr_guesses_of(p);
        read[i] = (struct mr_guesses){p->n, p->n_classes, p->ids, two->guesses[i]};
    }
    two->comparison =
        mr_comparison_of(&read[0], &read[1], two->images, two->decisions, two->n_decisions);
}

static enum mr_status load(struct two_runs *two, struct mr_store *store, const char *runs,
                           struct mr_error *err)
{
    int id[2];
    char end;
    enum mr_status st = MR_OK;

    if (sscanf(runs, "%d,%d%c", &id[0], &id[1], &end) != 2 || id[0] < 1 || id[1] < 1)
        return mr_fail(err, MR_E_USAGE,
                       "cannot use '%s' for --compare: it takes two runs, e.g. 1,3", runs);
    if (id[0] == id[1])
        return mr_fail(err, MR_E_USAGE, "cannot compare run %d with itself", id[0]);
    for (int i = 0; i < 2 && !st; i++) {
        st = mr_run_load(store, id[i], &two->run[i], err);
        if (!st)
            st = mr_predictions_load(store, id[i], 0, MR_SIDE_VALID, &two->read[i], err);
    }
    if (!st)
        st = mr_images_load(store, &two->images, err);
    if (!st)
        st = mr_decisions_load(store, &two->decisions, &two->n_decisions, err);
    if (st)
        return st;
    compare(two);
    if (!two->comparison.original->n)
        return mr_fail(err, MR_E_USAGE, "runs %d and %d have no validation image in common", id[0],
                       id[1]);
    return MR_OK;
}

static const char *path_of(const struct two_runs *two, int64_t image)
{
    const struct mr_image_row *row = mr_images_find(two->images, image);

    return row ? row->path : "?";
}

/* ---- JSON ---- */

static cJSON *run_json(const struct two_runs *two, int i)
{
    const struct mr_run *run = &two->run[i];
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "run", run->id);
    cJSON_AddNumberToObject(object, "epoch", two->read[i]->epoch);
    mr_json_add_text(object, "arch", run->arch);
    cJSON_AddNumberToObject(object, "size", run->size_px);
    cJSON_AddNumberToObject(object, "labels_changed", run->n_relabelled);
    cJSON_AddNumberToObject(object, "images_excluded", run->n_excluded);
    return object;
}

static void add_accuracy(cJSON *object, const char *name, int n_right, int n)
{
    cJSON *accuracy = cJSON_AddObjectToObject(object, name);
    double lo, hi;

    mr_wilson(n_right, n, &lo, &hi);
    cJSON_AddNumberToObject(accuracy, "n_correct", n_right);
    mr_json_add_number(accuracy, "accuracy", n ? (double)n_right / n : 0);
    mr_json_add_number(accuracy, "lo", lo);
    mr_json_add_number(accuracy, "hi", hi);
}

static cJSON *matrix_json(const struct mr_difference *d)
{
    cJSON *rows = cJSON_CreateArray();

    for (int a = 0; a < d->n_classes; a++)
        cJSON_AddItemToArray(
            rows, cJSON_CreateIntArray(d->counts + (size_t)a * (size_t)d->n_classes, d->n_classes));
    return rows;
}

static cJSON *changes_json(const struct two_runs *two, const struct mr_difference *d)
{
    cJSON *list = cJSON_CreateArray();

    for (int i = 0; i < d->n_changes; i++) {
        const struct mr_change *c = &d->changes[i];
        cJSON *entry = cJSON_CreateObject();

        mr_json_add_text(entry, "path", path_of(two, c->image));
        mr_json_add_text(entry, "actual", mr_figures_class(two->images, c->actual));
        mr_json_add_text(entry, "before", mr_figures_class(two->images, c->before));
        mr_json_add_text(entry, "after", mr_figures_class(two->images, c->after));
        cJSON_AddStringToObject(entry, "change", mr_change_text(c->kind));
        cJSON_AddItemToArray(list, entry);
    }
    return list;
}

static cJSON *labels_json(const struct two_runs *two, const struct mr_difference *d)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "n", d->n);
    cJSON_AddNumberToObject(object, "n_left_out", d->n_left_out);
    add_accuracy(object, "before", d->n_right_before, d->n);
    add_accuracy(object, "after", d->n_right_after, d->n);
    cJSON_AddNumberToObject(object, "better", d->mcnemar.n_fixed);
    cJSON_AddNumberToObject(object, "worse", d->mcnemar.n_broken);
    cJSON_AddNumberToObject(object, "p", d->mcnemar.p);
    cJSON_AddNumberToObject(object, "chi2", d->mcnemar.chi2);
    cJSON_AddNumberToObject(object, "p_chi2", d->mcnemar.p_chi2);
    cJSON_AddItemToObject(object, "difference", matrix_json(d));
    cJSON_AddItemToObject(object, "changes", changes_json(two, d));
    return object;
}

static void print_json(const struct two_runs *two)
{
    cJSON *object = cJSON_CreateObject(), *classes;

    for (int i = 0; i < 2; i++)
        cJSON_AddItemToObject(object, side_name[i], run_json(two, i));
    classes = cJSON_AddArrayToObject(object, "classes");
    for (int c = 0; c < two->comparison.original->n_classes; c++)
        mr_json_append_text(classes, mr_figures_class(two->images, c));
    cJSON_AddNumberToObject(object, "n_relabelled", two->comparison.n_relabelled);
    cJSON_AddItemToObject(object, "original", labels_json(two, two->comparison.original));
    cJSON_AddItemToObject(object, "reviewed", labels_json(two, two->comparison.reviewed));
    mr_json_print(object);
}

/* ---- text ---- */

static void print_accuracy(int n_right, int n)
{
    double lo, hi;

    mr_wilson(n_right, n, &lo, &hi);
    printf("  %.4f [%.3f %.3f]", n ? (double)n_right / n : 0, lo, hi);
}

static void print_test(const char *labels, const struct mr_difference *d)
{
    printf("%-10s", labels);
    print_accuracy(d->n_right_before, d->n);
    print_accuracy(d->n_right_after, d->n);
    printf("  %6d  %5d  %.2g\n", d->mcnemar.n_fixed, d->mcnemar.n_broken, d->mcnemar.p);
}

static void print_class(const struct two_runs *two, int class_id, const char *behind)
{
    char safe[256];

    mr_safe_text(safe, sizeof safe, mr_figures_class(two->images, class_id), 40, MR_ELIDE_MIDDLE);
    printf("%s%s", safe, behind);
}

/* Cells that changed, in the order of classes. */
static void print_cells(const struct two_runs *two, const struct mr_difference *d)
{
    int n = 0;

    printf("\nmatrix difference by the reviewed labels (after minus before)\n");
    for (int a = 0; a < d->n_classes; a++) {
        for (int c = 0; c < d->n_classes; c++) {
            int by = mr_difference_at(d, a, c);

            if (!by || ++n > MOST_LINES)
                continue;
            printf("%+6d  ", by);
            print_class(two, a, " read as ");
            print_class(two, c, "\n");
        }
    }
    if (n > MOST_LINES)
        printf("        and %d cells more (all of them with --json)\n", n - MOST_LINES);
}

static void print_changes(const struct two_runs *two, const struct mr_difference *d)
{
    printf("\nimages read otherwise\n");
    for (int i = 0; i < d->n_changes && i < MOST_LINES; i++) {
        const struct mr_change *c = &d->changes[i];
        char path[256];

        mr_safe_text(path, sizeof path, path_of(two, c->image), 60, MR_ELIDE_MIDDLE);
        printf("  %-20s  %s: ", mr_change_text(c->kind), path);
        print_class(two, c->before, " -> ");
        print_class(two, c->after, "\n");
    }
    if (d->n_changes > MOST_LINES)
        printf("  and %d more (all of them with --json)\n", d->n_changes - MOST_LINES);
}

static void print_text(const struct two_runs *two)
{
    const struct mr_comparison *c = &two->comparison;

    for (int i = 0; i < 2; i++)
        printf("%-6s  run %d, epoch %d: %s, %d px, trained with %d labels changed and %d images "
               "left out by readers\n",
               side_name[i], two->run[i].id, two->read[i]->epoch, two->run[i].arch,
               two->run[i].size_px, two->run[i].n_relabelled, two->run[i].n_excluded);
    printf("\n%d validation images in both, %d of one alone or without a label; readers gave %d "
           "another label\n\n",
           c->original->n, c->original->n_left_out, c->n_relabelled);
    printf("labels      before                after                 better  worse  McNemar's p\n");
    print_test("original", c->original);
    print_test("reviewed", c->reviewed);
    print_cells(two, c->reviewed);
    print_changes(two, c->reviewed);
    printf("\nFor research and education, not for diagnosis.\n");
}

enum mr_status mr_run_compare_print(struct mr_store *store, const char *runs, bool is_json,
                                    struct mr_error *err)
{
    struct two_runs two = {0};
    enum mr_status st = load(&two, store, runs, err);

    if (!st && is_json)
        print_json(&two);
    else if (!st)
        print_text(&two);
    finish(&two);
    return st;
}
