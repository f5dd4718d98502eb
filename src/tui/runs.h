/* SPDX-License-Identifier: MIT */
/* All runs of the project: what each was, and as what its last epoch reads the validation images,
 * by which it is judged anew whenever a label changes. */
#ifndef MISREAD_TUI_RUNS_H
#define MISREAD_TUI_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/store/runs.h>

struct mr_desk;
struct mr_facts;

/* Images right, of those that have a label. */
struct mr_score_of_run {
    int n, n_right;
};

struct mr_run_entry {
    struct mr_run run; /* owned */
    bool has_epoch;
    struct mr_epoch last; /* its last epoch */
    double seconds;       /* of all its epochs */
    bool is_marked;
    bool is_learnt; /* the guesses were read, or cannot be */
    int n;
    int64_t *ids;   /* (n) owned: validation images, ascending */
    int *predicted; /* (n) owned */
};

struct mr_runs {
    struct mr_run_entry *all; /* owned, oldest first */
    int n;
    unsigned serial; /* grows whenever any of it changed */
};

void mr_runs_finish(struct mr_runs *runs);
/* Reads the table of runs anew; marks and what was learnt stay. */
enum mr_status mr_runs_refresh(struct mr_runs *runs, const struct mr_facts *facts,
                               struct mr_error *err) MR_NODISCARD;
/* Reads the guesses of one run that are missing; false if none are. */
bool mr_runs_learn(struct mr_runs *runs, const struct mr_facts *facts);
/* By the labels of the folders, or by those of the readers. n 0: not known (yet). */
struct mr_score_of_run mr_runs_score(const struct mr_run_entry *entry, const struct mr_facts *facts,
                                     const struct mr_desk *desk, bool is_reviewed);
int mr_runs_n_marked(const struct mr_runs *runs);

#endif
