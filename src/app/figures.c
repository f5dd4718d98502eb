/* SPDX-License-Identifier: MIT */
/* Figures as text and JSON. */
#include "figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/csv.h>
#include <misread/base/str.h>
#include <misread/interp/confusion.h>
#include <misread/store/images.h>
#include <misread/store/runs.h>

#include "json.h"

#define NAME_COLS 24

const char *mr_figures_class(const struct mr_image_table *table, int class_id)
{
    return class_id >= 0 && class_id < table->n_classes ? table->classes[class_id] : "?";
}

void mr_figures_print_name(const char *name, int cols)
{
    char safe[256];
    int used = mr_safe_text(safe, sizeof safe, name, cols, MR_ELIDE_MIDDLE);

    printf("%s%*s", safe, cols - used, "");
}

void mr_figures_print_last(const char *name)
{
    char safe[256];

    mr_safe_text(safe, sizeof safe, name, 60, MR_ELIDE_MIDDLE);
    puts(safe);
}

void mr_figures_print_field(const char *text)
{
    struct mr_str guarded = MR_STR_EMPTY, field = MR_STR_EMPTY;

    mr_str_add(&guarded, text[0] && strchr("=+-@\t\r", text[0]) ? "'" : "");
    mr_str_add(&guarded, text);
    mr_csv_add(&field, guarded.text);
    fputs(field.text, stdout);
    mr_str_finish(&field);
    mr_str_finish(&guarded);
}

/* A share of nothing, such as the precision of a class that was never said, is none. */
static void print_share(double share, int cols)
{
    if (isnan(share))
        printf("%*s", cols, "-");
    else
        printf("%*.3f", cols, share);
}

void mr_figures_print_summary(const struct mr_confusion *confusion)
{
    struct mr_summary s = mr_confusion_summary(confusion);

    printf("accuracy %.4f, error %.4f (%d of %d right), 95 %% interval %.3f to %.3f\n", s.accuracy,
           s.error, mr_confusion_n_correct(confusion), confusion->n, s.lo, s.hi);
    printf("one-vs-rest accuracy %.4f (mean over classes; not to be compared with accuracy), "
           "MCC %.4f\n",
           s.one_vs_rest, s.mcc);
}

void mr_figures_print_matrix(const struct mr_confusion *confusion,
                             const struct mr_image_table *table)
{
    for (int a = 0; a < confusion->n_classes; a++) {
        mr_figures_print_name(mr_figures_class(table, a), NAME_COLS);
        for (int p = 0; p < confusion->n_classes; p++)
            printf(" %5d", mr_confusion_at(confusion, a, p));
        putchar('\n');
    }
}

static void print_row(const char *name, int n, const double shares[5])
{
    mr_figures_print_name(name, NAME_COLS);
    printf(" %7d", n);
    for (int i = 0; i < 5; i++)
        print_share(shares[i], 12);
    putchar('\n');
}

void mr_figures_print_classes(const struct mr_confusion *confusion,
                              const struct mr_image_table *table)
{
    struct mr_summary s = mr_confusion_summary(confusion);

    printf("%-*s %7s%12s%12s%12s%12s%12s\n", NAME_COLS, "class", "images", "precision", "recall",
           "specificity", "f1", "one-vs-rest");
    for (int c = 0; c < confusion->n_classes; c++) {
        struct mr_class_metrics m = mr_confusion_metrics(confusion, c);

        print_row(mr_figures_class(table, c), m.n,
                  (double[]){m.precision, m.recall, m.specificity, m.f1, m.one_vs_rest});
    }
    print_row("mean of classes", confusion->n,
              (double[]){s.precision, s.recall, s.specificity, s.f1, s.one_vs_rest});
}

static void add_shares(cJSON *object, const double shares[5])
{
    static const char *const names[] = {"precision", "recall", "specificity", "f1",
                                        "one_vs_rest_accuracy"};

    for (int i = 0; i < 5; i++)
        mr_json_add_number(object, names[i], shares[i]);
}

static cJSON *summary_json(const struct mr_confusion *confusion)
{
    struct mr_summary s = mr_confusion_summary(confusion);
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "n", confusion->n);
    cJSON_AddNumberToObject(object, "n_correct", mr_confusion_n_correct(confusion));
    mr_json_add_number(object, "accuracy", s.accuracy);
    cJSON_AddItemToObject(object, "ci", cJSON_CreateDoubleArray((double[]){s.lo, s.hi}, 2));
    mr_json_add_number(object, "error", s.error);
    mr_json_add_number(object, "mcc", s.mcc);
    add_shares(object, (double[]){s.precision, s.recall, s.specificity, s.f1, s.one_vs_rest});
    return object;
}

void mr_figures_add_share(cJSON *object, const char *name, const char *interval, int k, int n)
{
    double ci[2];

    mr_wilson(k, n, &ci[0], &ci[1]);
    mr_json_add_number(object, name, n ? (double)k / n : NAN);
    cJSON_AddItemToObject(object, interval, cJSON_CreateDoubleArray(ci, 2));
}

void mr_figures_add_json(struct cJSON *object, const struct mr_confusion *confusion,
                         const struct mr_image_table *table)
{
    int k = confusion->n_classes;
    cJSON *rows, *classes;

    cJSON_AddItemToObject(object, "summary", summary_json(confusion));
    rows = cJSON_AddArrayToObject(object, "confusion");
    for (int a = 0; a < k; a++)
        cJSON_AddItemToArray(rows, cJSON_CreateIntArray(confusion->counts + a * k, k));
    classes = cJSON_AddArrayToObject(object, "per_class");
    for (int c = 0; c < k; c++) {
        struct mr_class_metrics m = mr_confusion_metrics(confusion, c);
        cJSON *entry = cJSON_CreateObject();

        mr_json_add_text(entry, "name", mr_figures_class(table, c));
        cJSON_AddNumberToObject(entry, "n", m.n);
        add_shares(entry, (double[]){m.precision, m.recall, m.specificity, m.f1, m.one_vs_rest});
        cJSON_AddItemToArray(classes, entry);
    }
}
