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
/* The largest count first, of whatever sign (ties by actual, then predicted). */
void mr_pairs_sort(struct mr_pair *pairs, int n);
/* The index of a pair; -1 if it is not among them. */
int mr_pairs_find(const struct mr_pair *pairs, int n, int actual, int predicted);
/* Off-diagonal pairs with count >= 1, as mr_pairs_sort has them. *pairs owned (free). Returns n. */
int mr_confusion_pairs(const struct mr_confusion *confusion, struct mr_pair **pairs);

/*
 * One class against all others: of the n images, TP are its own and read as such, FN its own and
 * read otherwise, FP others read as it, TN the rest. A share of nothing is NaN.
 */
struct mr_class_metrics {
    int n;              /* images whose label it is: TP + FN */
    double precision;   /* TP / (TP + FP) */
    double recall;      /* TP / (TP + FN) */
    double specificity; /* TN / (TN + FP) */
    double f1;          /* harmonic mean of precision and recall */
    double one_vs_rest; /* (TP + TN) / n: high for a rare class even if it is never found */
};
struct mr_class_metrics mr_confusion_metrics(const struct mr_confusion *confusion, int class_id);

struct mr_summary {
    double accuracy, lo, hi; /* share read as labelled, and its Wilson 95 % interval */
    double error;            /* 1 - accuracy; its interval is 1 - hi to 1 - lo */
    double mcc;              /* Matthews' correlation; 0 where one side says a single class */
    /*
     * Means over the classes that have images, each class counted once. A precision that is NaN, of
     * a class that was never said, counts as 0. one_vs_rest is the "accuracy" of some papers on
     * multi-class sets: of K classes 1 - 2 error / K where each has images, so never below it.
     */
    double precision, recall, specificity, f1, one_vs_rest;
};
/* All in one. MCC of several classes is R_K (Gorodkin 2004). NaN, and the interval [0, 1], without
 * an image. */
struct mr_summary mr_confusion_summary(const struct mr_confusion *confusion);

/* Wilson's 95 % interval of k of n (Wilson 1927, z = 1.959964). n 0: [0, 1]. */
void mr_wilson(int k, int n, double *lo, double *hi);

#endif
