/* SPDX-License-Identifier: MIT */
/* Two readings beside each other. */
#include "contrast.h"

#include <stdio.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/interp/ranking.h>
#include <misread/store/runs.h>

#include "desk.h"
#include "facts.h"

static void drop(struct mr_contrast *contrast)
{
    mr_difference_destroy(contrast->shown);
    mr_comparison_finish(&contrast->by);
    free(contrast->change_of);
    contrast->shown = NULL;
    contrast->change_of = NULL;
    contrast->n_rows = 0;
}

static void drop_before(struct mr_contrast *contrast)
{
    free(contrast->ids);
    free(contrast->predicted);
    contrast->ids = NULL;
    contrast->predicted = NULL;
    contrast->run = 0;
}

void mr_contrast_finish(struct mr_contrast *contrast)
{
    drop(contrast);
    drop_before(contrast);
    contrast->is_on = false;
}

/* The epoch before the view's; 0: it is the first. */
static int epoch_before(const struct mr_predictions *view, const struct mr_facts *facts)
{
    int i = mr_facts_epoch_index(facts, view->epoch);

    return i > 0 ? facts->epochs[i - 1].epoch : 0;
}

static void index_changes(struct mr_contrast *contrast, const struct mr_predictions *view)
{
    contrast->n_rows = view->n;
    contrast->change_of = mr_xalloc((size_t)view->n + 1, sizeof *contrast->change_of);
    for (int i = 0; i < view->n; i++)
        contrast->change_of[i] = -1;
    for (int i = 0; i < contrast->shown->n_changes; i++)
        contrast->change_of[contrast->shown->changes[i].row_after] = i;
}

/* An epoch of the run on the screen that has been learnt need not be read again. */
static bool take_learnt(struct mr_contrast *contrast, const struct mr_facts *facts, int epoch)
{
    int i = mr_facts_epoch_index(facts, epoch);
    const struct mr_epoch_guesses *known = i >= 0 ? &facts->guesses[i] : NULL;

    if (!known || !known->n)
        return false;
    contrast->n = known->n;
    contrast->ids = mr_xalloc((size_t)known->n, sizeof *contrast->ids);
    contrast->predicted = mr_xalloc((size_t)known->n, sizeof *contrast->predicted);
    for (int row = 0; row < known->n; row++) {
        contrast->ids[row] = known->ids[row];
        contrast->predicted[row] = known->predicted[row];
    }
    return true;
}

static bool read_stored(struct mr_contrast *contrast, const struct mr_facts *facts, int run,
                        int epoch)
{
    struct mr_predictions *p = NULL;

    if (mr_facts_predictions(facts, run, epoch, MR_SIDE_VALID, &p, NULL))
        return false;
    contrast->n = p->n;
    contrast->n_classes = p->n_classes;
    contrast->predicted = mr_guesses_of(p);
    contrast->ids = p->ids;
    p->ids = NULL;
    mr_predictions_destroy(p);
    return true;
}

/* The last finished epoch of a run, which may train still; 0: it has none. */
static int last_epoch(const struct mr_facts *facts, int run)
{
    struct mr_epoch *epochs = NULL;
    int n = 0, last = 0;

    if (!mr_epochs_load(facts->store, run, &epochs, &n, NULL) && n)
        last = epochs[n - 1].epoch;
    free(epochs);
    return last;
}

/* What there was before; false if nothing. */
static bool settle_before(struct mr_contrast *contrast, const struct mr_predictions *view,
                          const struct mr_facts *facts, int run, int epoch)
{
    if (contrast->run == run && contrast->epoch == epoch)
        return true;
    drop_before(contrast);
    contrast->n_classes = view->n_classes;
    if (!(run == view->run && take_learnt(contrast, facts, epoch)) &&
        !read_stored(contrast, facts, run, epoch))
        return false;
    contrast->run = run;
    contrast->epoch = epoch;
    return true;
}

void mr_contrast_refresh(struct mr_contrast *contrast, const struct mr_predictions *view,
                         const int *guesses, const struct mr_facts *facts,
                         const struct mr_desk *desk)
{
    const struct mr_guesses after = {view->n, view->n_classes, view->ids, guesses};
    int run = contrast->run_wanted ? contrast->run_wanted : view->run;
    struct mr_guesses before;
    int epoch;

    drop(contrast);
    if (!contrast->is_on || !facts->images)
        return;
    epoch = contrast->run_wanted ? last_epoch(facts, run) : epoch_before(view, facts);
    if (!epoch || !settle_before(contrast, view, facts, run, epoch))
        return;
    before =
        (struct mr_guesses){contrast->n, contrast->n_classes, contrast->ids, contrast->predicted};
    contrast->shown = mr_difference_between(&before, &after, view->labels);
    contrast->by = mr_comparison_of(&before, &after, facts->images, desk->decisions, desk->n);
    index_changes(contrast, view);
}

const struct mr_change *mr_contrast_find(const struct mr_contrast *contrast, int row, int actual,
                                         int predicted)
{
    const struct mr_change *change;

    if (!contrast->shown || row >= contrast->n_rows || contrast->change_of[row] < 0)
        return NULL;
    change = &contrast->shown->changes[contrast->change_of[row]];
    if (actual >= 0 && !mr_change_is_of(change, actual, predicted))
        return NULL;
    return change;
}

void mr_contrast_text(const struct mr_contrast *contrast, const struct mr_predictions *view,
                      char *out, size_t cap)
{
    if (contrast->run != view->run)
        snprintf(out, cap, "run %d → run %d", contrast->run, view->run);
    else
        snprintf(out, cap, "epoch %d → %d", contrast->epoch, view->epoch);
}
