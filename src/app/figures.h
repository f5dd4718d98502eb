/* SPDX-License-Identifier: MIT */
/* Accuracy, per-class table and matrix, as `report` and `score` print them. */
#ifndef MISREAD_APP_FIGURES_H
#define MISREAD_APP_FIGURES_H

struct cJSON;
struct mr_confusion;
struct mr_epoch;
struct mr_image_table;

/* A class's name, "?" if there is no such class. Borrowed from the table. */
const char *mr_figures_class(const struct mr_image_table *table, int class_id);
/* A name from outside, made safe and padded to a column. */
void mr_figures_print_name(const char *name, int cols);
/* The last column of a line: safe, shortened, and the line's end. */
void mr_figures_print_last(const char *name);
/* A field of CSV as RFC 4180 quotes it; a leading = + - @ would be run by a spreadsheet, so it is
 * defused. */
void mr_figures_print_field(const char *text);

/* "accuracy 0.926 [0.906 0.942] ...": plain and one-vs-rest, by name, on stdout. */
void mr_figures_print_summary(const struct mr_confusion *confusion);
/* The matrix alone, then the per-class table with its means. */
void mr_figures_print_matrix(const struct mr_confusion *confusion,
                             const struct mr_image_table *table);
void mr_figures_print_classes(const struct mr_confusion *confusion,
                              const struct mr_image_table *table);
/* Into object, k right of n: the share under a name, null of none, and its interval (Wilson). */
void mr_figures_add_share(struct cJSON *object, const char *name, const char *interval, int k,
                          int n);
/* Into object: summary, confusion (rows are actual), per_class. */
void mr_figures_add_json(struct cJSON *object, const struct mr_confusion *confusion,
                         const struct mr_image_table *table);

#endif
