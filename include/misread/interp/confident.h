/* SPDX-License-Identifier: MIT */
/*
 * Confident learning (Northcutt, Jiang and Chuang: Confident learning: Estimating uncertainty in
 * dataset labels, 2021), pruned by noise rate as cleanlab's find_label_issues does by default:
 * which labels are likely wrong, and how many of each class. It takes for granted that the network
 * had not learned from the image that it is asked about. Pure.
 */
#ifndef MISREAD_INTERP_CONFIDENT_H
#define MISREAD_INTERP_CONFIDENT_H

struct mr_predictions;

struct mr_confident {
    int n, n_classes;
    /* (n_classes) owned: how probable a class is, in the mean, for the images labelled with it.
     * From there on an image counts as of that class. 2 (never) for a class without images. */
    double *thresholds;
    /* (n_classes, n_classes) owned; [given * n_classes + estimated]: how many images of a label are
     * of which class. A row's sum is how many images have the label. */
    int *joint;
    unsigned char *flags; /* (n) owned; 1: the label is likely wrong. As the predictions' rows */
    int n_flagged;
};

/* Destroy with mr_confident_destroy. */
struct mr_confident *mr_confident_of(const struct mr_predictions *predictions);
void mr_confident_destroy(struct mr_confident *confident);

/* What is estimated of a class; NaN where there is nothing to take a share of. */
struct mr_class_noise {
    int n, n_flagged; /* images labelled with it; how many of them are flagged */
    double noise;     /* share of those labelled with it that are of another class */
    double missed;    /* share of those that are of it and labelled otherwise */
};
struct mr_class_noise mr_confident_class(const struct mr_confident *confident,
                                         const struct mr_predictions *predictions, int class_id);
/* Share of all labels that are estimated to be right; NaN without images. */
double mr_confident_health(const struct mr_confident *confident);

#endif
