/* SPDX-License-Identifier: MIT */
/* The trainer's thread: its beginning (row and lock), its end (state and message). */
#include <misread/train/trainer.h>

#include <dirent.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/base/log.h>
#include <misread/base/str.h>
#include <misread/base/thread.h>
#include <misread/data/preflight.h>
#include <misread/kernel/kernels.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>

#include "initial.h"
#include "training.h"

struct mr_trainer {
    char *data_dir;           /* owned */
    struct mr_store *store;   /* owned; the thread's alone once it runs */
    struct mr_run_lock *lock; /* owned */
    struct mr_training training;
    struct mr_thread *thread;
    atomic_bool is_running, ask_stop;
    /* how it ended; read after the join */
    enum mr_status status;
    struct mr_error error;
};

/* Accepts half-built ones. */
static void destroy(struct mr_trainer *trainer)
{
    mr_training_finish(&trainer->training);
    mr_run_finish(&trainer->training.progress.run);
    mr_run_lock_release(trainer->lock);
    mr_store_close(trainer->store);
    free(trainer->data_dir);
    free(trainer);
}

/* Writes how the run ended. A store that fails here leaves a run that looks interrupted, which it
 * is. */
static void record_end(struct mr_trainer *trainer)
{
    struct mr_progress *progress = &trainer->training.progress;
    struct mr_run *run = &progress->run;
    struct mr_error err;

    run->state = trainer->status == MR_OK            ? MR_RUN_DONE
                 : trainer->status == MR_E_CANCELLED ? MR_RUN_STOPPED
                                                     : MR_RUN_FAILED;
    run->ended_at = mr_clock_unix();
    run->eta_ms = 0;
    if (run->state == MR_RUN_FAILED) {
        free(run->message);
        run->message = mr_xstrdup(trainer->error.message);
    }
    if (mr_progress_phase(progress, "", run->n_done, run->n_total, &err))
        mr_log("run %d: cannot write how it ended: %s", run->id, err.message);
}

static void run_thread(void *arg)
{
    struct mr_trainer *trainer = arg;

    mr_thread_yield_to_screen();
    trainer->status = mr_training_prepare(&trainer->training, &trainer->error);
    if (!trainer->status)
        trainer->status = mr_training_run(&trainer->training, &trainer->error);
    atomic_store(&trainer->is_running,
                 false); /* first: who reads of the end must not find it running */
    record_end(trainer);
    mr_training_finish(&trainer->training); /* nobody joins before they have seen the end */
    mr_run_lock_release(trainer->lock);
    trainer->lock = NULL;
    mr_wake_raise(trainer->training.progress.wake);
}

/* A trainer with its own connection to the store. */
static enum mr_status create(struct mr_trainer **trainer, const struct mr_trainer_place *place,
                             enum mr_store_mode mode, struct mr_error *err)
{
    struct mr_trainer *t;
    enum mr_status st;

    if (!mr_path_is_dir(place->data_dir))
        return mr_fail(err, MR_E_NOT_FOUND, "cannot train: there is no folder '%s'",
                       place->data_dir);
    t = mr_xalloc(1, sizeof *t);
    t->data_dir = mr_xstrdup(place->data_dir);
    t->training.data_dir = t->data_dir;
    t->training.sandbox = place->sandbox;
    t->training.progress.wake = place->wake;
    st = mr_store_open(&t->store, place->project_dir, mode, err);
    if (st) {
        destroy(t);
        return st;
    }
    t->training.progress.store = t->store;
    *trainer = t;
    return MR_OK;
}

/* Removes what a killed trainer left of files it was writing. The lock is held: nobody is writing
 * now. */
static void sweep(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (strstr(entry->d_name, ".tmp."))
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
}

/* The run's row and lock are there: starts the thread. */
static enum mr_status launch(struct mr_trainer *t, struct mr_error *err)
{
    struct mr_training *s = &t->training;
    int run = s->progress.run.id;
    char *folder = mr_run_path(t->store, run, "");
    enum mr_status st;

    sweep(folder);
    free(folder);
    folder = mr_path_join(mr_store_project_dir(t->store), "cache");
    sweep(folder);
    free(folder);
    s->control = (struct mr_control){
        .store = t->store, .run = run, .ask_stop = &t->ask_stop, .version = -1, .rate = 1};
    s->last_path = mr_run_path(t->store, run, "last.safetensors");
    s->best_path = mr_run_path(t->store, run, "best.safetensors");
    s->samples_path = mr_run_path(t->store, run, "samples.txt");
    atomic_store(&t->is_running, true);
    st = mr_thread_start(&t->thread, "trainer", run_thread, t, err);
    if (st)
        atomic_store(&t->is_running, false);
    return st;
}

static void describe(struct mr_run *run, const struct mr_train_options *options)
{
    run->created_at = mr_clock_unix();
    run->state = MR_RUN_STARTING;
    mr_str_copy(run->arch, sizeof run->arch, mr_arch_text(options->arch));
    run->size_px = options->size_px;
    run->batch = options->batch;
    run->n_epochs = options->n_epochs + options->n_whole;
    run->seed = (int64_t)options->seed;
    run->lr = options->lr;
    run->options = mr_train_options_to_json(options);
    run->message = mr_xstrdup("");
    run->eta_ms = -1;
}

/* What was measured on this machine becomes the run's own: measuring again changes no run. */
static enum mr_status take_choices(struct mr_trainer *t, const char *measured, struct mr_error *err)
{
    struct mr_training *s = &t->training;
    const struct mr_kernels *kernels = mr_kernels_find(s->options.isa);
    struct mr_machine machine =
        mr_machine_here(kernels ? kernels->isa : mr_kernels_best()->isa, s->options.n_threads);
    char *path = mr_run_path(t->store, s->progress.run.id, "kernels");
    enum mr_status st = MR_OK;

    if (measured)
        mr_conv_choices_load(&s->choices, measured, &machine);
    if (s->choices.n)
        st = mr_conv_choices_save(&s->choices, path, err);
    free(path);
    return st;
}

static void recall_choices(struct mr_trainer *t)
{
    char *path = mr_run_path(t->store, t->training.progress.run.id, "kernels");

    mr_conv_choices_load(&t->training.choices, path, NULL);
    free(path);
}

static enum mr_status begin(struct mr_trainer *t, const struct mr_train_options *options,
                            const char *choices_path, struct mr_error *err)
{
    struct mr_training *s = &t->training;
    enum mr_status st;

    s->options = *options;
    /* Written down resolved: going on with as many threads gives the same bits. */
    if (!s->options.n_threads)
        s->options.n_threads = mr_thread_n_cores();
    describe(&s->progress.run, &s->options);
    st = mr_run_create(t->store, &s->progress.run, err);
    if (!st)
        st = mr_run_lock_take(&t->lock, t->store, s->progress.run.id, err);
    if (!st)
        st = take_choices(t, choices_path, err);
    return st ? st : launch(t, err);
}

/* One run at a time: a second would only slow both. The lock's own sentence says who has it. */
static enum mr_status refuse_second(struct mr_store *store, struct mr_error *err)
{
    struct mr_run_lock *lock = NULL;
    struct mr_run last = {0};
    enum mr_status st = mr_run_load(store, 0, &last, err);

    if (st == MR_E_NOT_FOUND)
        return MR_OK;
    if (!st && mr_run_is_live(store, last.id))
        st = mr_run_lock_take(&lock, store, last.id, err);
    mr_run_lock_release(lock);
    mr_run_finish(&last);
    return st;
}

/* All that can be told before a run is recorded: a refusal must not look like a run that failed. */
static enum mr_status settle_data(const struct mr_trainer_place *place, struct mr_store *store,
                                  struct mr_train_options *options, struct mr_error *err)
{
    struct mr_scan_options scan = mr_training_scan_options(options);
    struct mr_class_names classes = {0};
    enum mr_status st = store ? refuse_second(store, err) : MR_OK;

    if (!st)
        st = mr_preflight_check(store, place->data_dir, &scan, place->sandbox, &classes, err);
    if (!st)
        st = mr_initial_settle(options, classes.names, classes.n, place->sandbox, err);
    mr_class_names_finish(&classes);
    return st;
}

enum mr_status mr_trainer_settle(const struct mr_trainer_place *place,
                                 struct mr_train_options *options, struct mr_error *err)
{
    char *database = mr_path_join(place->project_dir, "project.db");
    struct mr_store *store = NULL;
    enum mr_status st = mr_train_options_check(options, err);

    if (!st && mr_path_exists(database))
        st = mr_store_open(&store, place->project_dir, MR_STORE_EXISTING, err);
    if (!st)
        st = settle_data(place, store, options, err);
    mr_store_close(store);
    free(database);
    return st;
}

enum mr_status mr_trainer_start(struct mr_trainer **trainer, const struct mr_trainer_place *place,
                                const struct mr_train_options *options, int *run,
                                struct mr_error *err)
{
    struct mr_trainer *t = NULL;
    struct mr_train_options settled = *options;
    enum mr_status st = mr_trainer_settle(place, &settled, err);

    if (!st)
        st = create(&t, place, MR_STORE_CREATE, err);
    if (st)
        return st;
    st = begin(t, &settled, place->choices_path, err);
    if (st) {
        destroy(t);
        return st;
    }
    *run = t->training.progress.run.id;
    *trainer = t;
    return MR_OK;
}

static enum mr_status begin_again(struct mr_trainer *t, int run, struct mr_error *err)
{
    struct mr_training *s = &t->training;
    struct mr_run *row = &s->progress.run;
    enum mr_status st = refuse_second(t->store, err);

    if (!st)
        st = mr_run_load(t->store, run, row, err);
    if (!st)
        st = mr_run_lock_take(&t->lock, t->store, row->id, err);
    if (!st && row->state == MR_RUN_DONE)
        st = mr_fail(err, MR_E_USAGE, "run %d is done: there is nothing to go on with", row->id);
    if (!st)
        st = mr_train_options_from_json(&s->options, row->options ? row->options : "", err);
    if (!st)
        st = mr_control_drop(t->store, row->id, err);
    if (st)
        return st;
    if (s->options.n_threads <= 0 || s->options.n_threads > mr_thread_n_cores())
        s->options.n_threads = mr_thread_n_cores();
    row->state = MR_RUN_STARTING;
    row->ended_at = 0;
    row->eta_ms = -1;
    free(row->message);
    row->message = mr_xstrdup("");
    recall_choices(t);
    return launch(t, err);
}

enum mr_status mr_trainer_resume(struct mr_trainer **trainer, const struct mr_trainer_place *place,
                                 int run, struct mr_error *err)
{
    struct mr_trainer *t = NULL;
    enum mr_status st = create(&t, place, MR_STORE_EXISTING, err);

    if (st)
        return st;
    st = begin_again(t, run, err);
    if (st) {
        destroy(t);
        return st;
    }
    *trainer = t;
    return MR_OK;
}

bool mr_trainer_is_running(const struct mr_trainer *trainer)
{
    return atomic_load(&trainer->is_running);
}

void mr_trainer_ask_stop(struct mr_trainer *trainer)
{
    atomic_store(&trainer->ask_stop, true);
}

enum mr_status mr_trainer_join(struct mr_trainer *trainer, struct mr_error *err)
{
    enum mr_status st;

    if (!trainer)
        return MR_OK;
    mr_thread_join(trainer->thread);
    st = trainer->status == MR_E_CANCELLED ? MR_OK : trainer->status;
    if (st && err)
        *err = trainer->error;
    destroy(trainer);
    return st;
}
