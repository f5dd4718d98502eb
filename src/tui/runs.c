/* SPDX-License-Identifier: MIT */
/* The runs of a project, followed as they come and train. */
#include "runs.h"

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/interp/labels.h>
#include <misread/interp/ranking.h>

#include "desk.h"
#include "facts.h"

static void drop_guesses(struct mr_run_entry *entry)
{
    free(entry->ids);
    free(entry->predicted);
    entry->ids = NULL;
    entry->predicted = NULL;
    entry->n = 0;
    entry->is_learnt = false;
}

void mr_runs_finish(struct mr_runs *runs)
{
    for (int i = 0; i < runs->n; i++) {
        drop_guesses(&runs->all[i]);
        mr_run_finish(&runs->all[i].run);
    }
    free(runs->all);
    *runs = (struct mr_runs){0};
}

static enum mr_status read_epochs(struct mr_run_entry *entry, const struct mr_facts *facts,
                                  struct mr_error *err)
{
    struct mr_epoch *epochs = NULL;
    int n = 0;
    enum mr_status st = mr_epochs_load(facts->store, entry->run.id, &epochs, &n, err);

    if (st)
        return st;
    entry->has_epoch = n > 0;
    if (n)
        entry->last = epochs[n - 1];
    for (int i = 0; i < n; i++)
        entry->seconds += epochs[i].seconds;
    free(epochs);
    return MR_OK;
}

/* Marks, and guesses if they are of the same epoch. */
static void take_over(struct mr_run_entry *entry, struct mr_run_entry *old)
{
    entry->is_marked = old->is_marked;
    if (!old->has_epoch || memcmp(&entry->last, &old->last, sizeof entry->last) != 0)
        return;
    entry->is_learnt = old->is_learnt;
    entry->n = old->n;
    entry->ids = old->ids;
    entry->predicted = old->predicted;
    old->ids = NULL;
    old->predicted = NULL;
}

enum mr_status mr_runs_refresh(struct mr_runs *runs, const struct mr_facts *facts,
                               struct mr_error *err)
{
    struct mr_runs found = {0};
    struct mr_run *rows = NULL;
    enum mr_status st = mr_runs_load(facts->store, &rows, &found.n, err);

    if (st)
        return st;
    found.all = mr_xalloc((size_t)found.n + 1, sizeof *found.all);
    for (int i = 0; i < found.n; i++)
        found.all[i].run = rows[i]; /* its texts too */
    free(rows);
    for (int i = 0; i < found.n && !st; i++)
        st = read_epochs(&found.all[i], facts, err);
    if (st) {
        mr_runs_finish(&found);
        return st;
    }
    /* runs are never removed, so that they keep their places */
    for (int i = 0; i < found.n && i < runs->n; i++)
        take_over(&found.all[i], &runs->all[i]);
    found.serial = runs->serial + 1;
    mr_runs_finish(runs);
    *runs = found;
    return MR_OK;
}

static void learn(struct mr_run_entry *entry, const struct mr_facts *facts)
{
    struct mr_predictions *p = NULL;

    entry->is_learnt = true;
    if (mr_facts_predictions(facts, entry->run.id, entry->last.epoch, MR_SIDE_VALID, &p, NULL))
        return;
    entry->n = p->n;
    entry->ids = p->ids;
    p->ids = NULL;
    entry->predicted = mr_guesses_of(p);
    mr_predictions_destroy(p);
}

bool mr_runs_learn(struct mr_runs *runs, const struct mr_facts *facts)
{
    for (int i = runs->n - 1; i >= 0; i--) {
        if (runs->all[i].is_learnt || !runs->all[i].has_epoch)
            continue;
        learn(&runs->all[i], facts);
        runs->serial++;
        return true;
    }
    return false;
}

struct mr_score_of_run mr_runs_score(const struct mr_run_entry *entry, const struct mr_facts *facts,
                                     const struct mr_desk *desk, bool is_reviewed)
{
    int *labels = mr_xalloc((size_t)entry->n + 1, sizeof *labels);
    struct mr_score_of_run score = {0};

    if (facts->images && is_reviewed)
        mr_labels_reviewed(labels, entry->ids, entry->n, facts->images, desk->decisions, desk->n);
    else if (facts->images)
        mr_labels_original(labels, entry->ids, entry->n, facts->images);
    for (int i = 0; i < entry->n && facts->images; i++) {
        score.n += labels[i] >= 0;
        score.n_right += labels[i] == entry->predicted[i];
    }
    free(labels);
    return score;
}

int mr_runs_n_marked(const struct mr_runs *runs)
{
    int n = 0;

    for (int i = 0; i < runs->n; i++)
        n += runs->all[i].is_marked;
    return n;
}
