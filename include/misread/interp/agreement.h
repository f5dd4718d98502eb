/* SPDX-License-Identifier: MIT */
/* How far readers agree, with each other and with the labels, beside the network. Pure. */
#ifndef MISREAD_INTERP_AGREEMENT_H
#define MISREAD_INTERP_AGREEMENT_H

#include <stdint.h>

struct mr_decision;
struct mr_image_table;

/*
 * Of n images that two have labelled (Cohen 1960): the share on which they agree, the share on
 * which they would if each kept to his own frequencies by chance, and how much of what is beyond
 * chance was reached: kappa = (observed - expected) / (1 - expected). All NaN without an image;
 * kappa NaN too where both give one and the same class to everything. lo and hi: kappa's 95 %
 * interval, by the large-sample variance of Fleiss, Cohen and Everitt (1969).
 */
struct mr_agreement {
    int n, n_equal;
    double observed, expected, kappa, lo, hi;
};
/* a, b: (n) classes of 0 .. n_classes-1. */
struct mr_agreement mr_agreement_of(const int *a, const int *b, int n, int n_classes);

/* What a reader says of an image. */
struct mr_word {
    int64_t image;
    int label;
};
/*
 * Of every image to which the reader gave a class, the last that stands; it may be the label that
 * the image came with, as in a blind reading. Flags, boxes, ambiguous and excluded are no word on
 * the class. By image; *words owned (free). Returns how many. reader NULL: all images with the
 * labels that they came with.
 */
int mr_words_of(const struct mr_decision *decisions, int n, const struct mr_image_table *images,
                const char *reader, struct mr_word **words);

/* Two who have labelled the same images: the classes of each, side by side. */
struct mr_pairing {
    int n;
    int64_t *images; /* (n) owned */
    int *a, *b;      /* (n) owned */
};
/* The images of both lists, which are by image. Free with mr_pairing_finish. */
struct mr_pairing mr_pairing_of(const struct mr_word *a, int n_a, const struct mr_word *b, int n_b);
void mr_pairing_finish(struct mr_pairing *pairing);
/* Keeps only those on which they differ. */
void mr_pairing_keep_different(struct mr_pairing *pairing);

#endif
