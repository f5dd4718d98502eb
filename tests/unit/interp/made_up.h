/* SPDX-License-Identifier: MIT */
/* Made-up answers with some labels wrong: the generator of tests/reference/labels.py. */
#ifndef MISREAD_TESTS_INTERP_MADE_UP_H
#define MISREAD_TESTS_INTERP_MADE_UP_H

#include "support.h"

#include <misread/base/alloc.h>
#include <misread/store/runs.h>

#include "label_numbers.h"

#define N_STORED (int)(sizeof stored / sizeof *stored)

static inline int draw(uint64_t *state, int n)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((*state >> 33) % (uint64_t)n);
}

/* Destroy with mr_predictions_destroy. Image i has the id i + 1. */
static inline struct mr_predictions *make_up(const struct stored *c, int epoch)
{
    struct mr_predictions *p = mr_xalloc(1, sizeof *p);
    uint64_t truth = (uint64_t)c->seed, said = (uint64_t)(1000 * c->seed + epoch);
    int n_usual = c->n_last < 0 ? c->k : c->k - 1;

    p->n = c->n;
    p->n_classes = c->k;
    p->ids = mr_xalloc((size_t)c->n, sizeof *p->ids);
    p->labels = mr_xalloc((size_t)c->n, sizeof *p->labels);
    p->losses = mr_xalloc((size_t)c->n, sizeof *p->losses);
    p->logits = mr_xalloc((size_t)c->n * (size_t)c->k, sizeof *p->logits);
    for (int i = 0; i < c->n; i++) {
        int actual = i % n_usual;

        p->ids[i] = i + 1;
        p->labels[i] = draw(&truth, 100) < c->flipped ? draw(&truth, n_usual) : actual;
        if (i < c->n_last)
            p->labels[i] = c->k - 1;
        for (int j = 0; j < c->k; j++)
            p->logits[i * c->k + j] =
                (float)((draw(&said, 2001) - 1000) / 500. + (j == actual ? c->known : 0));
    }
    return p;
}

#endif
