/* SPDX-License-Identifier: MIT */
/* The confusion matrix and what follows from it. Rows are actual, columns predicted. Pure. */
#ifndef MISREAD_INTERP_CONFUSION_H
#define MISREAD_INTERP_CONFUSION_H

struct mr_predictions;

struct mr_confusion {
    int n_classes;
    int n;       /* images counted */
    int *counts; /* (n_classes, n_classes) owned; [actual * n_classes + predicted] */
};

/* Zeros; free with mr_confusion_destroy. */
struct mr_confusion *mr_confusion_create(int n_classes);
void mr_confusion_destroy(struct mr_confusion *confusion);
void mr_confusion_add(struct mr_confusion *confusion, int actual, int predicted);
/* Of stored predictions; the predicted class is the argmax (the first of equals). labels NULL:
 * predictions->labels. */
struct mr_confusion *mr_confusion_of(const struct mr_predictions *predictions, const int *labels);
int mr_confusion_at(const struct mr_confusion *confusion, int actual, int predicted);
int mr_confusion_n_correct(const struct mr_confusion *confusion);
int mr_confusion_n_actual(const struct mr_confusion *confusion, int actual);
int mr_confusion_n_predicted(const struct mr_confusion *confusion, int predicted);

struct mr_pair {
    int actual, predicted, count;
};
/* Off-diagonal pairs with count >= 1, largest first (ties by actual, then predicted). *pairs owned
 * (free). Returns n. */
int mr_confusion_pairs(const struct mr_confusion *confusion, struct mr_pair **pairs);

struct mr_class_metrics {
    int n;                        /* images whose label it is */
    double precision, recall, f1; /* NaN where undefined */
};
struct mr_class_metrics mr_confusion_metrics(const struct mr_confusion *confusion, int class_id);

/* Wilson's 95 % interval of k of n (Wilson 1927, z = 1.959964). n 0: [0, 1]. */
void mr_wilson(int k, int n, double *lo, double *hi);

#endif
