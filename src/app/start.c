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
#include <misread/nn/pretrained.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>
#include <misread/train/trainer.h>

#include "agree.h"
#include "args.h"
#include "commands.h"
#include "explore.h"
#include "follow.h"
#include "place.h"
#include "session.h"

#define MAX_RECIPE ((size_t)1 << 20)

struct mr_trainer_place mr_start_place(const struct mr_session *session,
                                       const struct mr_place *place)
{
    return (struct mr_trainer_place){.data_dir = place->data_dir,
                                     .project_dir = place->project_dir,
                                     .sandbox = session->sandbox,
                                     .wake = session->wake,
                                     .choices_path = session->choices_path};
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

static enum mr_status read_recipe(struct mr_train_options *options, const char *path,
                                  struct mr_error *err)
{
    unsigned char *text = NULL;
    struct mr_error why;
    size_t n;
    enum mr_status st = mr_file_read(path, MAX_RECIPE, &text, &n, err);

    if (!st && mr_train_options_from_recipe(options, (const char *)text, &why))
        st = mr_fail(err, MR_E_USAGE, "cannot use the recipe '%s': %s", path, why.message);
    free(text);
    return st;
}

/* What was given on the command line, over what comes from elsewhere. Weights and a run that they
 * come from replace each other. */
static void take_given(struct mr_train_options *options, const struct mr_args *args)
{
    int n;
    const struct mr_train_option *table = mr_train_option_table(&n);

    if (mr_args_gave(args, "weights"))
        options->from_run = 0;
    if (mr_args_gave(args, "from-run"))
        options->weights[0] = options->weights_sha256[0] = '\0';
    for (int i = 0; i < n; i++)
        if (mr_args_gave(args, table[i].flag))
            memcpy((char *)options + table[i].offset, (const char *)&args->train + table[i].offset,
                   table[i].size);
}

/* Its network and the file of its best weights. */
static enum mr_status take_run(struct mr_train_options *o, struct mr_store *store,
                               const struct mr_run *run, bool is_arch_given, struct mr_error *err)
{
    char *path = mr_run_path(store, run->id, "best.safetensors");
    enum mr_status st = MR_OK;

    if (is_arch_given && strcmp(run->arch, mr_arch_text(o->arch)) != 0)
        st = mr_fail(err, MR_E_USAGE, "cannot start a %s from run %d: it is a %s",
                     mr_arch_text(o->arch), run->id, run->arch);
    else if (!mr_path_exists(path))
        st = mr_fail(err, MR_E_NOT_FOUND, "cannot start from run %d: it has no finished epoch",
                     run->id);
    else if (!mr_arch_find(run->arch, &o->arch) ||
             !mr_str_copy(o->weights, sizeof o->weights, path))
        st = mr_fail(err, MR_E_USAGE, "cannot start from run %d: its path '%s' is too long",
                     run->id, path);
    free(path);
    return st;
}

static enum mr_status find_run(struct mr_train_options *o, const struct mr_place *place,
                               bool is_arch_given, struct mr_error *err)
{
    struct mr_store *store = NULL;
    struct mr_run run = {0};
    struct mr_error why = {0};
    enum mr_status st = mr_store_open(&store, place->project_dir, MR_STORE_EXISTING, &why);

    if (!st)
        st = mr_run_load(store, o->from_run, &run, &why);
    if (st)
        st = mr_fail(err, st, "cannot start from run %d, which must be in this project: %s",
                     o->from_run, why.message);
    else
        st = take_run(o, store, &run, is_arch_given, err);
    mr_run_finish(&run);
    mr_store_close(store);
    return st;
}

/* From a name to a file; "" is the network's own if it is there, and "none" or no such file is
 * from scratch. */
static enum mr_status find_weights(struct mr_train_options *o, struct mr_error *err)
{
    bool is_given = o->weights[0] != '\0';
    char *path = NULL;
    enum mr_status st;

    if (!strcmp(o->weights, "none")) {
        o->weights[0] = o->weights_sha256[0] = '\0';
        return MR_OK;
    }
    st = mr_pretrained_resolve(is_given ? o->weights : mr_arch_text(o->arch), &path, err);
    if (st)
        return is_given ? st : MR_OK;
    if (!mr_str_copy(o->weights, sizeof o->weights, path))
        st = mr_fail(err, MR_E_USAGE, "the path of the weights is over %zu bytes long",
                     sizeof o->weights - 1);
    free(path);
    return st;
}

/* A run remembers which weights it began with, also when the file is another one later. */
static enum mr_status check_weights(struct mr_train_options *o, struct mr_error *err)
{
    const char *name = mr_path_base(o->weights);
    const struct mr_pretrained *known = mr_pretrained_find(name);
    char hash[MR_SHA256_HEX];
    enum mr_status st;

    if (!o->weights[0])
        return MR_OK;
    /* A file with a published name must be the one that was published. */
    if (known && !strcmp(known->file, name))
        st = mr_pretrained_check(known, o->weights, hash, err);
    else
        st = mr_pretrained_hash(o->weights, hash, err);
    if (st)
        return st;
    if (o->weights_sha256[0] && strcmp(hash, o->weights_sha256) != 0)
        return mr_fail(err, MR_E_USAGE,
                       "the weights '%s' are not those asked for: their SHA-256 is %s", o->weights,
                       hash);
    mr_str_copy(o->weights_sha256, sizeof o->weights_sha256, hash);
    return MR_OK;
}

enum mr_status mr_start_weights(struct mr_train_options *options, const struct mr_place *place,
                                struct mr_error *err)
{
    struct mr_train_options o = *options;
    enum mr_status st;

    if (!o.weights[0])
        mr_str_copy(o.weights, sizeof o.weights, "none");
    st = o.from_run ? find_run(&o, place, true, err) : find_weights(&o, err);
    if (!st)
        st = check_weights(&o, err);
    if (!st)
        *options = o;
    return st;
}

/* With the command line's word taken: the weights become a file, and all is checked. */
static enum mr_status settle(struct mr_train_options *o, const struct mr_args *args,
                             const struct mr_place *place, struct mr_error *err)
{
    enum mr_status st = MR_OK;

    if (mr_args_gave(args, "weights") && mr_args_gave(args, "from-run"))
        st = mr_fail(err, MR_E_USAGE, "--weights and --from-run both say what to start from");
    if (!st)
        st = o->from_run ? find_run(o, place, mr_args_gave(args, "arch"), err)
                         : find_weights(o, err);
    if (!st)
        st = check_weights(o, err);
    return st ? st : mr_train_options_check(o, err);
}

enum mr_status mr_start_take_body(struct mr_train_options *options, struct mr_store *store, int run,
                                  struct mr_error *err)
{
    char *best = mr_run_path(store, run, "best.safetensors");
    enum mr_status st = MR_OK;

    options->from_run = 0; /* its own weights, not those that it began with */
    options->weights_sha256[0] = '\0';
    if (!mr_path_exists(best))
        st = mr_fail(err, MR_E_NOT_FOUND, "run %d has no finished epoch to take a body from", run);
    else if (!mr_str_copy(options->weights, sizeof options->weights, best))
        st = mr_fail(err, MR_E_USAGE, "the path '%s' is too long", best);
    free(best);
    return st;
}

void mr_start_take_heads(struct mr_train_options *options)
{
    options->freeze = MR_FREEZE_FIXED;
    options->n_views = options->n_whole = 0;
    if (!options->n_epochs)
        options->n_epochs = mr_train_defaults().n_epochs;
}

enum mr_status mr_start_options_over(struct mr_train_options *options,
                                     const struct mr_train_options *base,
                                     const struct mr_args *args, const struct mr_place *place,
                                     struct mr_error *err)
{
    struct mr_train_options o = *base;
    enum mr_status st;

    if (!o.weights[0])
        mr_str_copy(o.weights, sizeof o.weights, "none");
    if (mr_args_gave(args, "weights"))
        o.weights_sha256[0] = '\0';
    take_given(&o, args);
    st = settle(&o, args, place, err);
    if (!st)
        *options = o;
    return st;
}

enum mr_status mr_start_options(struct mr_train_options *options, const struct mr_args *args,
                                const struct mr_place *place, struct mr_error *err)
{
    struct mr_train_options o = args->train;
    enum mr_status st = MR_OK;

    if (args->recipe) {
        st = read_recipe(&o, args->recipe, err);
        if (!st && !o.weights[0]) /* it was from scratch */
            mr_str_copy(o.weights, sizeof o.weights, "none");
    } else {
        take_settings(&o, place);
    }
    take_given(&o, args);
    if (!st)
        st = settle(&o, args, place, err);
    if (!st)
        *options = o;
    return st;
}

enum mr_status mr_start_check(const struct mr_place *place, struct mr_error *err)
{
    char *database = mr_path_join(place->project_dir, "project.db");
    bool is_project = mr_path_exists(database);

    free(database);
    return is_project ? MR_OK : mr_scan_check(place->data_dir, err);
}

/* Who said nothing of weights may not know that they are missed. */
static void note_scratch(const struct mr_args *args, const struct mr_train_options *o)
{
    if (!args->json && !args->recipe && !args->train.weights[0] && !o->weights[0] && !o->from_run &&
        !mr_start_wants_screen(args))
        printf("no pretrained %s is here: 'misread weights %s --download' fetches one\n",
               mr_arch_text(o->arch), mr_arch_text(o->arch));
}

static enum mr_status start(struct mr_trainer **trainer, struct mr_session *session,
                            const struct mr_place *place, const struct mr_args *args, int *run,
                            struct mr_error *err)
{
    struct mr_trainer_place where = mr_start_place(session, place);
    struct mr_train_options options;
    enum mr_status st;

    if (args->resume) { /* it has options of its own */
        *run = args->resume;
        st = mr_agree_resume(args, err);
        return st ? st : mr_trainer_resume(trainer, &where, args->resume, err);
    }
    st = mr_start_options(&options, args, place, err);
    if (!st)
        st = mr_agree_check(args, &options, place, err);
    if (!st)
        st = mr_trainer_start(trainer, &where, &options, run, err);
    if (!st)
        note_scratch(args, &options);
    return st;
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

int mr_start_in_place(struct mr_args *args,
                      int (*run)(struct mr_session *session, const struct mr_place *place,
                                 const struct mr_args *args))
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
        status = run(&session, &place, args);
    mr_place_finish(&place);
    mr_session_close(&session);
    return status;
}

int mr_train_main(struct mr_args *args)
{
    return mr_start_in_place(args, mr_start_train);
}
