/* SPDX-License-Identifier: MIT */
/* `issues`: which labels are likely wrong. Finds a cross-validation that still stands or makes one,
 * or reads a run's epochs, and ranks the images by it. */
#include "issues.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/file.h>
#include <misread/base/str.h>
#include <misread/interp/confident.h>
#include <misread/interp/dynamics.h>
#include <misread/store/images.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>
#include <misread/train/folds.h>
#include <misread/train/trainer.h>

#include "args.h"
#include "commands.h"
#include "place.h"
#include "session.h"
#include "start.h"
#include "watch.h"

#define N_FOLDS 5

struct asking {
    struct mr_session *session;
    const struct mr_place *place;
    const struct mr_args *args;
    struct mr_store *store; /* owned; NULL: there is no project yet */
    struct mr_watch watch;
};

static void finish(struct mr_issues *issues)
{
    mr_images_destroy(issues->images);
    mr_folding_finish(&issues->folding);
    mr_confident_destroy(issues->confident);
    mr_dynamics_destroy(issues->dynamics);
    free(issues->suspects);
}

/* ---- with which options ---- */

/* A run's options for its features: of a body from a file only heads are trained. */
static enum mr_status options_of_run(struct mr_train_options *base, struct asking *asking,
                                     struct mr_error *err)
{
    struct mr_run run = {0};
    enum mr_status st = mr_run_load(asking->store, asking->args->run, &run, err);

    if (!st)
        st = mr_train_options_from_json(base, run.options, err);
    if (!st && asking->args->run)
        st = mr_start_take_body(base, asking->store, run.id, err);
    if (!st && base->weights[0])
        mr_start_take_heads(base);
    mr_run_finish(&run);
    return st;
}

/* What is trained where nothing is said: as the last cross-validation, or else as the last run;
 * with --run from that one's weights. MR_E_NOT_FOUND: there is neither. */
static enum mr_status options_before(struct mr_train_options *base, struct asking *asking,
                                     const struct mr_folding *last, struct mr_error *err)
{
    *base = mr_train_defaults();
    if (!asking->store)
        return MR_E_NOT_FOUND;
    if (asking->args->run || !last->id)
        return options_of_run(base, asking, err);
    return mr_train_options_from_json(base, last->options, err);
}

static enum mr_status choose_options(struct mr_train_options *options, struct asking *asking,
                                     const struct mr_folding *last, struct mr_error *err)
{
    struct mr_train_options base;
    enum mr_status st;

    if (asking->args->recipe)
        return mr_start_options(options, asking->args, asking->place, err);
    st = options_before(&base, asking, last, err);
    if (st == MR_E_NOT_FOUND && !asking->args->run)
        return mr_start_options(options, asking->args, asking->place, err);
    return st ? st : mr_start_options_over(options, &base, asking->args, asking->place, err);
}

/* ---- a cross-validation ---- */

/* The options, less what changes nothing that is worth computing again. */
static char *gist_of(const struct mr_train_options *options)
{
    struct mr_train_options o = *options;

    o.n_threads = o.checkpoint_every_s = o.patience = 0;
    o.isa[0] = '\0';
    return mr_train_options_to_json(&o);
}

static bool is_alike(const struct mr_folding *folding, const struct mr_train_options *options)
{
    struct mr_train_options of_folding = mr_train_defaults();
    bool is = !mr_train_options_from_json(&of_folding, folding->options, NULL);
    char *a = gist_of(&of_folding), *b = gist_of(options);

    is = is && !strcmp(a, b);
    free(a);
    free(b);
    return is;
}

/* Does the last one answer the question? */
static enum mr_status check_last(const struct asking *asking, const struct mr_folding *last,
                                 const struct mr_train_options *options, int n_folds, bool *does,
                                 struct mr_error *err)
{
    *does = last->id && last->n_folds == n_folds && is_alike(last, options);
    return *does ? mr_folds_are_current(asking->store, last, does, err) : MR_OK;
}

static enum mr_status make(struct asking *asking, struct mr_folding *folding,
                           const struct mr_train_options *options, int n_folds,
                           struct mr_error *err)
{
    struct mr_trainer_place where = mr_start_place(asking->session, asking->place);
    const struct mr_folds folds = {.place = &where,
                                   .options = options,
                                   .n_folds = n_folds,
                                   .progress = mr_watch_show,
                                   .ctx = &asking->watch};
    enum mr_status st = mr_folds_run(&folds, folding, err);

    mr_watch_end(&asking->watch);
    if (!st && !asking->store)
        st = mr_store_open(&asking->store, asking->place->project_dir, MR_STORE_EXISTING, err);
    return st ? st : mr_folding_add(asking->store, folding, err);
}

/* The last one, or one without an id if there is none. */
static enum mr_status load_last(const struct asking *asking, struct mr_folding *last,
                                struct mr_error *err)
{
    enum mr_status st = asking->store ? mr_folding_load(asking->store, 0, last, err) : MR_OK;

    return st == MR_E_NOT_FOUND ? MR_OK : st;
}

static enum mr_status validate(struct mr_issues *issues, struct asking *asking,
                               struct mr_error *err)
{
    struct mr_folding last = {0};
    struct mr_train_options options;
    int n_folds = asking->args->folds;
    bool does = false;
    enum mr_status st = load_last(asking, &last, err);

    if (!n_folds)
        n_folds = last.id ? last.n_folds : N_FOLDS;
    if (!st)
        st = choose_options(&options, asking, &last, err);
    if (!st)
        st = check_last(asking, &last, &options, n_folds, &does, err);
    if (!st && does)
        issues->folding = last;
    else
        mr_folding_finish(&last);
    if (!st && !does)
        st = make(asking, &issues->folding, &options, n_folds, err);
    if (st)
        return st;
    issues->confident = mr_confident_of(issues->folding.answers);
    issues->n = mr_suspects_of(issues->folding.answers, issues->score, &issues->suspects);
    return MR_OK;
}

/* ---- the epochs of a run ---- */

/* A side that an epoch did not answer for is none to learn from: under mixup there is no training
 * side. */
static enum mr_status add_side(struct mr_issues *issues, struct mr_store *store, int epoch,
                               enum mr_side side, struct mr_error *err)
{
    struct mr_predictions *answers = NULL;
    enum mr_status st = mr_predictions_load(store, issues->run, epoch, side, &answers, err);

    if (st == MR_E_NOT_FOUND)
        return MR_OK;
    if (st)
        return st;
    if (!issues->dynamics)
        issues->dynamics = mr_dynamics_create(answers->n_classes);
    mr_dynamics_add(issues->dynamics, answers);
    mr_predictions_destroy(answers);
    return MR_OK;
}

static enum mr_status add_epochs(struct mr_issues *issues, struct mr_store *store,
                                 struct mr_error *err)
{
    struct mr_epoch *epochs = NULL;
    enum mr_status st = mr_epochs_load(store, issues->run, &epochs, &issues->n_epochs, err);

    for (int i = 0; i < issues->n_epochs && !st; i++) {
        st = add_side(issues, store, epochs[i].epoch, MR_SIDE_VALID, err);
        if (!st)
            st = add_side(issues, store, epochs[i].epoch, MR_SIDE_TRAIN, err);
    }
    free(epochs);
    if (!st && !issues->dynamics)
        st = mr_fail(err, MR_E_NOT_FOUND, "run %d has no finished epoch yet", issues->run);
    return st;
}

static enum mr_status follow(struct mr_issues *issues, struct asking *asking, struct mr_error *err)
{
    struct mr_run run = {0};
    enum mr_status st = MR_OK;

    if (!asking->store)
        return mr_fail(err, MR_E_NOT_FOUND,
                       "there is no run in '%s' yet: '%s' is about the epochs of one",
                       asking->place->data_dir, mr_suspect_score_text(issues->score));
    st = mr_run_load(asking->store, asking->args->run, &run, err);
    issues->run = run.id;
    mr_run_finish(&run);
    if (!st)
        st = add_epochs(issues, asking->store, err);
    if (!st)
        issues->n = mr_suspects_of_epochs(issues->dynamics, issues->score, &issues->suspects);
    return st;
}

/* ---- the command ---- */

static enum mr_status open_project(struct asking *asking, struct mr_error *err)
{
    char *database = mr_path_join(asking->place->project_dir, "project.db");
    enum mr_status st = MR_OK;

    if (mr_path_exists(database))
        st = mr_store_open(&asking->store, asking->place->project_dir, MR_STORE_EXISTING, err);
    free(database);
    return st;
}

static enum mr_status check_forms(const struct mr_args *args, struct mr_error *err)
{
    return args->json && args->as_csv
               ? mr_fail(err, MR_E_USAGE,
                         "--json and --csv are two forms of the same list: one of them")
               : MR_OK;
}

static int ask(struct mr_session *session, const struct mr_place *place, const struct mr_args *args)
{
    struct asking asking = {
        .session = session, .place = place, .args = args, .watch = mr_watch_begin(session, "fold")};
    struct mr_issues issues = {.score = MR_SUSPECT_SELF};
    struct mr_error err = {0};
    enum mr_status st = check_forms(args, &err);

    if (!st)
        st = open_project(&asking, &err);
    if (args->score)
        mr_suspect_score_find(args->score, &issues.score); /* one of the words, or it is refused */
    if (!st)
        st = (mr_suspect_score_is_of_epochs(issues.score) ? follow : validate)(&issues, &asking,
                                                                               &err);
    if (!st)
        st = mr_images_load(asking.store, &issues.images, &err);
    if (!st)
        mr_issues_print(&issues, args);
    finish(&issues);
    mr_store_close(asking.store);
    return st ? mr_watch_failed(&asking.watch, &err) : EXIT_SUCCESS;
}

void mr_issues_fill_in(struct mr_args *args)
{
    if (!args->score)
        args->score = mr_suspect_score_text(MR_SUSPECT_SELF);
}

int mr_issues_main(struct mr_args *args)
{
    return mr_start_in_place(args, ask);
}
