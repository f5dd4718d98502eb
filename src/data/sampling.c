/* SPDX-License-Identifier: MIT */
/*
 * All draws of a run, epoch behind epoch, are dealt to the classes in turn; a class's draws are
 * dealt to its samples in passes, each in an order of its own. So where an epoch begins is a
 * division.
 */
#include "sampling.h"

#include <stdbool.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/rng.h>
#include <misread/data/loader.h>

#define PURPOSE_PASS     UINT64_C(0x70617373)
#define PURPOSE_BALANCED UINT64_C(0x62616c616e6365)

#define FIRST_EPOCH (-(1 << 30))

/* The samples of the classes, class behind class; class c has those from first[c] to first[c + 1].
 * Classes without samples are left out. */
struct groups {
    int *samples, *first; /* owned */
    int n;
};

static int n_labels(const struct mr_sample *samples, int n)
{
    int most = -1;

    for (int i = 0; i < n; i++)
        most = samples[i].label > most ? samples[i].label : most;
    return most + 1;
}

static struct groups group(const struct mr_sample *samples, int n)
{
    int k = n_labels(samples, n), at = 0;
    struct groups g = {.samples = mr_xalloc((size_t)n, sizeof *g.samples),
                       .first = mr_xalloc((size_t)k + 1, sizeof *g.first)};

    for (int label = 0; label < k; label++) {
        int begin = at;

        for (int i = 0; i < n; i++)
            if (samples[i].label == label)
                g.samples[at++] = i;
        if (at > begin)
            g.first[++g.n] = at;
    }
    return g;
}

/* Draws number from to to-1 of a class of n samples; pass is room for n. */
static void draw_class(struct mr_draw *draws, const int *samples, int n, int64_t from, int64_t to,
                       uint64_t seed, int class_id, int *pass)
{
    for (int64_t i = from; i < to; i++) {
        if (i == from || i % n == 0) {
            struct mr_rng rng =
                mr_rng_make(seed, PURPOSE_PASS, (uint64_t)class_id, (uint64_t)(i / n));

            for (int j = 0; j < n; j++)
                pass[j] = samples[j];
            mr_rng_shuffle(&rng, pass, (size_t)n);
        }
        draws[i - from] = (struct mr_draw){pass[i % n], (int)(i / n - from / n)};
    }
}

/* Of the first n draws of a run, those of one class. */
static int64_t n_of_class(int64_t n, int class_id, int n_classes)
{
    return n / n_classes + (class_id < n % n_classes);
}

static void shuffle(struct mr_draw *draws, int n, uint64_t seed, int epoch)
{
    struct mr_rng rng = mr_rng_make(seed, PURPOSE_BALANCED, (uint64_t)epoch, 0);

    for (int i = n; i > 1; i--) {
        int j = (int)mr_rng_below(&rng, (uint64_t)i);
        struct mr_draw t = draws[i - 1];

        draws[i - 1] = draws[j];
        draws[j] = t;
    }
}

void mr_sampling_balanced(struct mr_draw *draws, const struct mr_sample *samples, int n,
                          uint64_t seed, int epoch)
{
    struct groups g = group(samples, n);
    int *pass = mr_xalloc((size_t)n, sizeof *pass);
    int64_t begin = ((int64_t)epoch - FIRST_EPOCH) * n;
    int at = 0;

    for (int c = 0; c < g.n; c++) {
        int64_t from = n_of_class(begin, c, g.n), to = n_of_class(begin + n, c, g.n);

        draw_class(draws + at, g.samples + g.first[c], g.first[c + 1] - g.first[c], from, to, seed,
                   c, pass);
        at += (int)(to - from);
    }
    shuffle(draws, n, seed, epoch);
    free(pass);
    free(g.samples);
    free(g.first);
}
