/* SPDX-License-Identifier: MIT */
/* The learning curve of a run, as screen 7 shows it. */
#ifndef MISREAD_TUI_LEARNED_H
#define MISREAD_TUI_LEARNED_H

#include <stdbool.h>
#include <stdint.h>

struct mr_ink;
struct mr_learning_point;
struct mr_store;

struct mr_learned {
    int run;
    int64_t id; /* of the curve; 0: the run has none, and nothing below is set */
    bool in_sample;
    int n, n_seeds;
    struct mr_learning_point *points; /* (n) owned */
    char sentence[400];               /* what it comes to, or why it cannot be read */
};

void mr_learned_finish(struct mr_learned *learned);
/* Reads the last curve of the run, unless that is what is there. */
void mr_learned_refresh(struct mr_learned *learned, struct mr_store *store, int run);
/* A line that says what it is, and the chart below; all of ink. */
void mr_learned_draw(const struct mr_learned *learned, const struct mr_ink *ink);

#endif
