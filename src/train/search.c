/* SPDX-License-Identifier: MIT */
/* A training that is made ready as a run is, without being one. */
#include <misread/train/search.h>

#include <stdatomic.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>
#include <misread/train/curve.h>
#include <misread/train/trainer.h>

#include "finder.h"
#include "training.h"

static bool tell_of_preparation(void *ctx, const struct mr_run *run)
{
    const struct mr_search *search = ctx;

    return !search->progress ||
           search->progress(search->ctx, run->phase, run->n_done, run->n_total, NULL);
}

static bool tell_of_step(void *ctx, const struct mr_curve *curve)
{
    const struct mr_search *search = ctx;

    return !search->progress ||
           search->progress(search->ctx, "search", curve->n, curve->n_planned, curve);
}

static enum mr_status sweep(const struct mr_search *search, struct mr_training *s,
                            struct mr_curve *curve, struct mr_error *err)
{
    struct mr_finder finder = {.progress = tell_of_step, .ctx = (void *)search};
    enum mr_status st = mr_training_prepare(s, err);

    if (st)
        return st;
    finder.model = s->model;
    finder.updater = &s->updater;
    finder.feed = &s->train_feed;
    finder.objective = &s->objective;
    finder.peaks = s->stage->lr;
    finder.batch = &s->batch;
    finder.pool = s->pool;
    finder.n_steps = search->n_steps;
    return mr_finder_run(&finder, curve, err);
}

enum mr_status mr_search_run(const struct mr_search *search, struct mr_curve *curve,
                             struct mr_error *err)
{
    const struct mr_trainer_place *place = search->place;
    struct mr_training *s = NULL;
    struct mr_store *store = NULL;
    atomic_bool never = false;
    struct mr_train_options options = *search->options;
    enum mr_status st = mr_trainer_settle(place, &options, err);

    if (!st)
        st = mr_store_open(&store, place->project_dir, MR_STORE_CREATE, err);
    if (st)
        return st;
    s = mr_xalloc(1, sizeof *s);
    s->data_dir = place->data_dir;
    s->sandbox = place->sandbox;
    s->options = options;
    s->control = (struct mr_control){.store = store, .ask_stop = &never, .version = -1, .rate = 1};
    s->progress =
        (struct mr_progress){.store = store, .listen = tell_of_preparation, .ctx = (void *)search};
    st = sweep(search, s, curve, err);
    if (st == MR_E_CANCELLED)
        st = mr_fail(err, st, "the search for a learning rate was cancelled");
    mr_training_finish(s);
    mr_run_finish(&s->progress.run);
    free(s);
    mr_store_close(store);
    return st;
}
