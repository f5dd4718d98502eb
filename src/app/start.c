/* SPDX-License-Identifier: MIT */
/* `train`: from the command line to a run, on the screen or as lines. */
#include "start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <misread/base/file.h>
#include <misread/base/str.h>
#include <misread/data/scan.h>
#include <misread/data/settings.h>
#include <misread/store/store.h>
#include <misread/train/trainer.h>

#include "args.h"
#include "commands.h"
#include "explore.h"
#include "follow.h"
#include "place.h"
#include "session.h"

struct mr_trainer_place mr_start_place(const struct mr_session *session,
                                       const struct mr_place *place)
{
    return (struct mr_trainer_place){.data_dir = place->data_dir,
                                     .project_dir = place->project_dir,
                                     .sandbox = session->sandbox,
                                     .wake = session->wake};
}

/* Images that are split already stay so unless another split is asked for, which is refused. */
static void take_settings(struct mr_train_options *options, const struct mr_place *place)
{
    struct mr_store *store = NULL;
    enum mr_status st = mr_store_open(&store, place->project_dir, MR_STORE_EXISTING, NULL);

    if (!st)
        st = mr_settings_load(store, &options->split_seed, &options->valid_fraction, NULL);
    (void)st; /* there is no project yet, or the training will say why it cannot be read */
    mr_store_close(store);
}

void mr_train_fill_in(struct mr_args *args)
{
    const struct mr_train_options o = mr_train_defaults();

    args->arch = args->arch ? args->arch : mr_arch_text(o.arch);
    args->size = args->size ? args->size : o.size_px;
    args->batch = args->batch ? args->batch : o.batch;
    args->epochs = args->epochs ? args->epochs : o.n_epochs;
    args->lr = args->lr > 0 ? args->lr : o.lr;
    args->weight_decay = args->weight_decay >= 0 ? args->weight_decay : o.weight_decay;
    args->checkpoint_every = args->checkpoint_every ? args->checkpoint_every : o.checkpoint_every_s;
    args->valid = args->valid > 0 ? args->valid : o.valid_fraction;
    args->split_seed = args->split_seed >= 0 ? args->split_seed : (int)o.split_seed;
    if (!args->optimizer)
        args->optimizer = o.optimizer == MR_OPTIMIZER_SGD ? "sgd" : "adamw";
    if (!args->augment)
        args->augment = o.augment == MR_AUGMENT_NONE ? "none" : "default";
    if (!args->labels)
        args->labels = o.labels == MR_LABELS_ORIGINAL ? "original" : "reviewed";
}

static enum mr_status set_texts(struct mr_train_options *o, const struct mr_args *args,
                                struct mr_error *err)
{
    if (!mr_arch_find(args->arch, &o->arch))
        return mr_fail(err, MR_E_USAGE, "there is no network called '%s'", args->arch);
    if (args->group_re && !mr_str_copy(o->group_re, sizeof o->group_re, args->group_re))
        return mr_fail(err, MR_E_USAGE, "the expression of --group-re is over %zu bytes long",
                       sizeof o->group_re - 1);
    if (args->weights && !mr_str_copy(o->weights, sizeof o->weights, args->weights))
        return mr_fail(err, MR_E_USAGE, "the path of --weights is over %zu bytes long",
                       sizeof o->weights - 1);
    if (args->isa && !mr_str_copy(o->isa, sizeof o->isa, args->isa))
        return mr_fail(err, MR_E_USAGE, "there are no '%s' kernels", args->isa);
    o->optimizer = !strcmp(args->optimizer, "sgd") ? MR_OPTIMIZER_SGD : MR_OPTIMIZER_ADAMW;
    o->augment = !strcmp(args->augment, "none") ? MR_AUGMENT_NONE : MR_AUGMENT_DEFAULT;
    o->labels = !strcmp(args->labels, "original") ? MR_LABELS_ORIGINAL : MR_LABELS_REVIEWED;
    return MR_OK;
}

enum mr_status mr_start_options(struct mr_train_options *options, const struct mr_args *given,
                                const struct mr_place *place, struct mr_error *err)
{
    struct mr_train_options o = mr_train_defaults();
    struct mr_args args = *given;
    enum mr_status st;

    mr_train_fill_in(&args);
    st = set_texts(&o, &args, err);
    if (st)
        return st;
    take_settings(&o, place);
    if (given->valid > 0)
        o.valid_fraction = given->valid;
    if (given->split_seed >= 0)
        o.split_seed = (uint64_t)given->split_seed;
    o.seed = (uint64_t)args.seed;
    o.size_px = args.size;
    o.batch = args.batch;
    o.n_epochs = args.epochs;
    o.lr = args.lr;
    o.weight_decay = args.weight_decay;
    o.n_threads = args.threads;
    o.checkpoint_every_s = args.checkpoint_every;
    *options = o;
    return MR_OK;
}

enum mr_status mr_start_check(const struct mr_place *place, struct mr_error *err)
{
    char *database = mr_path_join(place->project_dir, "project.db");
    bool is_project = mr_path_exists(database);

    free(database);
    return is_project ? MR_OK : mr_scan_check(place->data_dir, err);
}

static enum mr_status start(struct mr_trainer **trainer, struct mr_session *session,
                            const struct mr_place *place, const struct mr_args *args, int *run,
                            struct mr_error *err)
{
    struct mr_trainer_place where = mr_start_place(session, place);
    struct mr_train_options options;
    enum mr_status st = mr_start_options(&options, args, place, err);

    if (st)
        return st;
    if (!args->resume)
        return mr_trainer_start(trainer, &where, &options, run, err);
    *run = args->resume;
    return mr_trainer_resume(trainer, &where, args->resume, err);
}

bool mr_start_wants_screen(const struct mr_args *args)
{
    return !args->headless && !args->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

int mr_start_train(struct mr_session *session, const struct mr_place *place,
                   const struct mr_args *args)
{
    struct mr_follow_options lines = {.is_json = args->json};
    struct mr_trainer *trainer = NULL;
    struct mr_error err = {0};
    int run = 0;

    if (start(&trainer, session, place, args, &run, &err))
        return mr_failed(&err);
    mr_place_remember(place);
    if (mr_start_wants_screen(args))
        return mr_explore_run(session, place, args, trainer, run);
    return mr_follow_run(session, place, trainer, run, &lines);
}

int mr_train_main(struct mr_args *args)
{
    struct mr_session session;
    struct mr_place place = {0};
    struct mr_error err = {0};
    int status;

    if (mr_session_open(&session, args->unsafe_inprocess, &err))
        return mr_failed(&err);
    if (mr_place_find(&place, args->rest[0], args->project, &err))
        status = mr_failed(&err);
    else
        status = mr_start_train(&session, &place, args);
    mr_place_finish(&place);
    mr_session_close(&session);
    return status;
}
