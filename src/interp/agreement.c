/* SPDX-License-Identifier: MIT */
/* Agreement beyond chance. */
#include <misread/interp/agreement.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/store/images.h>
#include <misread/store/review.h>

/* Shares of the classes: of a's, of b's, and of both saying the same. */
struct shares {
    double *a, *b, *both; /* (n_classes) */
};

/*
 * The variance of kappa, n times (Fleiss, Cohen and Everitt 1969, formula 13), in two passes: the
 * diagonal here, what lies beside it image by image.
 */
static double variance(const struct shares *s, const int *a, const int *b, int n, int n_classes,
                       const struct mr_agreement *g)
{
    double rest = 1 - g->expected, diagonal = 0, beside = 0, last;

    for (int c = 0; c < n_classes; c++) {
        double d = rest - (s->a[c] + s->b[c]) * (1 - g->observed);

        diagonal += s->both[c] * d * d;
    }
    for (int i = 0; i < n; i++) {
        double d = s->b[a[i]] + s->a[b[i]];

        beside += a[i] != b[i] ? d * d / n : 0;
    }
    beside *= (1 - g->observed) * (1 - g->observed);
    last = g->observed * g->expected - 2 * g->expected + g->observed;
    return (diagonal + beside - last * last) / (rest * rest * rest * rest);
}

struct mr_agreement mr_agreement_of(const int *a, const int *b, int n, int n_classes)
{
    struct mr_agreement g = {n, 0, NAN, NAN, NAN, NAN, NAN};
    double *all = mr_xalloc(3 * (size_t)n_classes + 1, sizeof *all), half;
    struct shares s = {all, all + n_classes, all + 2 * (size_t)n_classes};

    for (int i = 0; i < n; i++) {
        s.a[a[i]] += 1. / n;
        s.b[b[i]] += 1. / n;
        s.both[a[i]] += a[i] == b[i] ? 1. / n : 0;
        g.n_equal += a[i] == b[i];
    }
    if (n > 0) {
        g.observed = (double)g.n_equal / n;
        g.expected = 0;
        for (int c = 0; c < n_classes; c++)
            g.expected += s.a[c] * s.b[c];
    }
    if (g.expected < 1 - 1e-12) {
        g.kappa = (g.observed - g.expected) / (1 - g.expected);
        half = 1.959964 * sqrt(fmax(0, variance(&s, a, b, n, n_classes, &g)) / n);
        g.lo = fmax(-1, g.kappa - half);
        g.hi = fmin(1, g.kappa + half);
    }
    free(all);
    return g;
}

/* The reader's last relabel of each image, by row; -1: none. */
static void listen(const struct mr_decision *decisions, int n, const struct mr_image_table *images,
                   const char *reader, int *said)
{
    for (int i = 0; i < images->n; i++)
        said[i] = -1;
    for (int i = 0; i < n; i++) {
        const struct mr_decision *d = &decisions[i];
        const struct mr_image_row *row;

        if (d->undone || d->kind != MR_DECISION_RELABEL || strcmp(d->reader, reader) != 0)
            continue;
        row = mr_images_find(images, d->image);
        if (row)
            said[row - images->rows] = d->to_class;
    }
}

int mr_words_of(const struct mr_decision *decisions, int n, const struct mr_image_table *images,
                const char *reader, struct mr_word **words)
{
    struct mr_word *found = mr_xalloc((size_t)images->n + 1, sizeof *found);
    int *said = mr_xalloc((size_t)images->n + 1, sizeof *said), n_found = 0;

    if (reader)
        listen(decisions, n, images, reader, said);
    for (int i = 0; i < images->n; i++) {
        const struct mr_image_row *row = &images->rows[i];
        int label = reader ? said[i] : row->class_id;

        if (label >= 0)
            found[n_found++] = (struct mr_word){row->id, label};
    }
    free(said);
    *words = found;
    return n_found;
}

struct mr_pairing mr_pairing_of(const struct mr_word *a, int n_a, const struct mr_word *b, int n_b)
{
    size_t most = (size_t)(n_a < n_b ? n_a : n_b) + 1;
    struct mr_pairing p = {.images = mr_xalloc(most, sizeof *p.images),
                           .a = mr_xalloc(most, sizeof *p.a),
                           .b = mr_xalloc(most, sizeof *p.b)};

    for (int i = 0, k = 0; i < n_a && k < n_b;) {
        if (a[i].image == b[k].image) {
            p.images[p.n] = a[i].image;
            p.a[p.n] = a[i++].label;
            p.b[p.n++] = b[k++].label;
        } else if (a[i].image < b[k].image) {
            i++;
        } else {
            k++;
        }
    }
    return p;
}

void mr_pairing_finish(struct mr_pairing *pairing)
{
    free(pairing->images);
    free(pairing->a);
    free(pairing->b);
    *pairing = (struct mr_pairing){0};
}

void mr_pairing_keep_different(struct mr_pairing *pairing)
{
    int n = 0;

    for (int i = 0; i < pairing->n; i++) {
        if (pairing->a[i] == pairing->b[i])
            continue;
        pairing->images[n] = pairing->images[i];
        pairing->a[n] = pairing->a[i];
        pairing->b[n++] = pairing->b[i];
    }
    pairing->n = n;
}
