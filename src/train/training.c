/* SPDX-License-Identifier: MIT */
/* Making a run ready, and yielding between batches; the epochs themselves are in epochs.c. */
#include "training.h"

#include <stdlib.h>

#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/base/log.h>
#include <misread/base/pool.h>
#include <misread/base/str.h>
#include <misread/data/cache.h>
#include <misread/data/loader.h>
#include <misread/data/scan.h>
#include <misread/data/transform.h>
#include <misread/kernel/kernels.h>
#include <misread/nn/model.h>
#include <misread/store/review.h>
#include <misread/train/evaluate.h>

#include "initial.h"

#define PAUSE_MS 100

int64_t mr_training_busy_ms(const struct mr_training *training)
{
    return mr_clock_ms() - training->idle_ms;
}

struct mr_checkpoint mr_training_snapshot(struct mr_training *training)
{
    return (struct mr_checkpoint){.model = training->model,
                                  .updater = &training->updater,
                                  .train = training->train,
                                  .options = &training->options,
                                  .classes = training->table->classes,
                                  .n_classes = training->samples.n_classes,
                                  .samples_hash = training->samples.hash,
                                  .at = training->at};
}

enum mr_status mr_training_checkpoint(struct mr_training *training, struct mr_error *err)
{
    struct mr_training *s = training;
    struct mr_run *run = &s->progress.run;
    struct mr_checkpoint checkpoint = mr_training_snapshot(s);
    char phase[sizeof run->phase];
    int64_t n_done = run->n_done, n_total = run->n_total, began = mr_clock_ms();
    enum mr_status st;

    mr_str_copy(phase, sizeof phase, run->phase);
    st = mr_progress_phase(&s->progress, "checkpoint", 0, 1, err);
    if (!st)
        st = mr_checkpoint_save(&checkpoint, s->last_path, err);
    if (st)
        return st;
    s->control.want_checkpoint = false;
    s->saved_at_ms = mr_clock_ms();
    s->idle_ms += s->saved_at_ms - began;
    mr_progress_measure(&s->progress.checkpoint_ms, (double)(s->saved_at_ms - began));
    run->checkpoint_at = mr_clock_unix();
    return mr_progress_phase(&s->progress, phase, n_done, n_total, err);
}

static bool is_checkpoint_due(const struct mr_training *s)
{
    int64_t every_ms = (int64_t)s->options.checkpoint_every_s * 1000;

    if (s->at.step == 0)
        return false; /* nothing to lose yet, or not even a model */
    return s->control.want_checkpoint || s->control.stop == MR_STOP_SAVED ||
           (every_ms > 0 && mr_clock_ms() - s->saved_at_ms >= every_ms);
}

/* One look at what is wanted: saves if due; MR_E_CANCELLED if the run is to stop. */
static enum mr_status obey(struct mr_training *s, struct mr_error *err)
{
    enum mr_status st = mr_control_poll(&s->control, err);

    if (st)
        return st;
    s->at.rate = s->control.rate;
    if (is_checkpoint_due(s))
        st = mr_training_checkpoint(s, err);
    if (!st && s->control.stop != MR_STOP_NONE)
        st = mr_fail(err, MR_E_CANCELLED, "the run was stopped");
    return st;
}

static enum mr_status wait_while_paused(struct mr_training *s, struct mr_error *err)
{
    struct mr_run *run = &s->progress.run;
    enum mr_run_state state = run->state;
    int64_t began = mr_clock_ms(), idle = s->idle_ms;
    enum mr_status st;

    run->state = MR_RUN_PAUSED;
    st = mr_progress_flush(&s->progress, err);
    while (!st && s->control.is_paused) {
        mr_clock_sleep_ms(PAUSE_MS);
        st = obey(s, err);
    }
    s->idle_ms = idle + (mr_clock_ms() - began); /* with the saving in between */
    run->state = state;
    return st ? st : mr_progress_flush(&s->progress, err);
}

enum mr_status mr_training_settle(struct mr_training *training, struct mr_error *err)
{
    enum mr_status st = obey(training, err);

    if (st || !training->control.is_paused)
        return st;
    return wait_while_paused(training, err);
}

bool mr_training_on_progress(void *ctx, int64_t n_done, int64_t n_total)
{
    struct mr_training *s = ctx;

    s->progress.run.n_total = n_total;
    s->refused = mr_progress_at(&s->progress, n_done, &s->refused_why);
    if (!s->refused)
        s->refused = mr_training_settle(s, &s->refused_why);
    return !s->refused;
}

enum mr_status mr_training_reason(struct mr_training *training, enum mr_status st,
                                  struct mr_error *err)
{
    if (st != MR_E_CANCELLED || !training->refused)
        return st;
    if (err)
        *err = training->refused_why;
    return training->refused;
}

struct mr_scan_options mr_training_scan_options(const struct mr_train_options *options)
{
    return (struct mr_scan_options){.group_re = options->group_re[0] ? options->group_re : NULL,
                                    .split_seed = options->split_seed,
                                    .valid_fraction = options->valid_fraction};
}

static enum mr_status scan(struct mr_training *s, struct mr_error *err)
{
    struct mr_scan_options options = mr_training_scan_options(&s->options);
    struct mr_scan_report report;
    enum mr_status st = mr_progress_phase(&s->progress, "scan", 0, 0, err);

    options.progress = mr_training_on_progress;
    options.ctx = s;
    if (!st)
        st = mr_training_reason(s, mr_scan(s->progress.store, s->data_dir, &options, &report, err),
                                err);
    if (!st)
        st = mr_images_load(s->progress.store, &s->table, err);
    return st;
}

static enum mr_status fill_cache(struct mr_training *s, struct mr_error *err)
{
    struct mr_cache_options options = {.data_dir = s->data_dir,
                                       .size_px = s->options.size_px,
                                       .n_threads = s->options.n_threads,
                                       .progress = mr_training_on_progress,
                                       .ctx = s};
    enum mr_status st = mr_progress_phase(&s->progress, "cache", 0, s->table->n, err);

    if (st)
        return st;
    return mr_training_reason(
        s, mr_cache_open(&s->cache, s->progress.store, s->table, s->sandbox, &options, err), err);
}

static enum mr_status choose_samples(struct mr_training *s, struct mr_error *err)
{
    struct mr_decision *decisions = NULL;
    int n = 0;
    enum mr_status st = mr_decisions_load(s->progress.store, &decisions, &n, err);

    if (!st)
        st =
            mr_samples_build(&s->samples, s->table, s->cache, decisions, n, s->options.labels, err);
    free(decisions);
    if (!st)
        st = mr_samples_save(&s->samples, s->samples_path, err);
    return st;
}

/* The images of a run that goes on must still be there: a batch cannot do without them. */
static enum mr_status check_pixels(const struct mr_training *s, const struct mr_sample *samples,
                                   int n, struct mr_error *err)
{
    int n_gone = 0;

    for (int i = 0; i < n; i++)
        n_gone += !mr_cache_pixels(s->cache, samples[i].image);
    if (!n_gone)
        return MR_OK;
    return mr_fail(err, MR_E_NOT_FOUND,
                   "cannot go on with run %d: %d of the images it was started with are gone or "
                   "unreadable",
                   s->control.run, n_gone);
}

static enum mr_status recall_samples(struct mr_training *s, struct mr_error *err)
{
    enum mr_status st = mr_samples_load(&s->samples, s->samples_path, err);

    if (!st && s->samples.n_classes > s->table->n_classes)
        st =
            mr_fail(err, MR_E_FORMAT, "cannot go on with run %d: it has %d classes, the project %d",
                    s->control.run, s->samples.n_classes, s->table->n_classes);
    if (!st)
        st = check_pixels(s, s->samples.train, s->samples.n_train, err);
    if (!st)
        st = check_pixels(s, s->samples.valid, s->samples.n_valid, err);
    return st;
}

/* A run's list is made once; a run that goes on has one, unless it never came so far. */
static enum mr_status settle_samples(struct mr_training *s, struct mr_error *err)
{
    struct mr_run *run = &s->progress.run;
    enum mr_status st =
        mr_path_exists(s->samples_path) ? recall_samples(s, err) : choose_samples(s, err);

    if (st)
        return st;
    run->n_classes = s->samples.n_classes;
    run->n_train = s->samples.n_train;
    run->n_valid = s->samples.n_valid;
    return MR_OK;
}

static enum mr_status make_model(struct mr_training *s, struct mr_error *err)
{
    const struct mr_train_options *o = &s->options;
    struct mr_model_options options = {.arch = o->arch,
                                       .n_classes = s->samples.n_classes,
                                       .max_batch = o->batch,
                                       .h = o->size_px,
                                       .w = o->size_px,
                                       .training = true,
                                       .kernels = mr_kernels_find(o->isa)};
    enum mr_status st = mr_pool_create(&s->pool, o->n_threads, err);

    if (!st)
        st = mr_model_create(&s->model, &options, s->pool, err);
    if (!st)
        st = mr_updater_init(&s->updater, s->model, o->optimizer, o->weight_decay, err);
    if (!st)
        st = mr_batch_init(&s->batch, &options, err);
    if (st)
        return st;
    mr_model_init(s->model, o->seed);
    return MR_OK;
}

static enum mr_status make_loaders(struct mr_training *s, struct mr_error *err)
{
    struct mr_augment augment = mr_augment_default();
    struct mr_loader_options train = {.samples = s->samples.train,
                                      .n = s->samples.n_train,
                                      .batch = s->options.batch,
                                      .seed = s->options.seed,
                                      .is_shuffled = 1};
    struct mr_loader_options valid = {.samples = s->samples.valid,
                                      .n = s->samples.n_valid,
                                      .batch = s->options.batch,
                                      .seed = s->options.seed};
    enum mr_status st;

    if (s->options.augment == MR_AUGMENT_DEFAULT)
        train.augment = &augment;
    st = mr_loader_create(&s->train_loader, s->cache, &train, err);
    if (!st)
        st = mr_loader_create(&s->valid_loader, s->cache, &valid, err);
    if (st)
        return st;
    s->train = mr_evaluate_room(s->samples.train, s->samples.n_train, s->samples.n_classes);
    if (!s->train)
        return mr_fail(err, MR_E_NOMEM, "no memory for the answers to %d images",
                       s->samples.n_train);
    s->train->run = s->control.run;
    s->train->side = MR_SIDE_TRAIN;
    return MR_OK;
}

static enum mr_status go_on(struct mr_training *s, int n_batches, int n_threads,
                            struct mr_error *err)
{
    struct mr_checkpoint checkpoint = mr_training_snapshot(s);
    enum mr_status st = mr_checkpoint_load(&checkpoint, s->last_path, err);

    if (st)
        return st;
    if (checkpoint.at.n_batches != n_batches)
        return mr_fail(err, MR_E_FORMAT,
                       "cannot go on from '%s': its epochs have %d batches, not %d", s->last_path,
                       checkpoint.at.n_batches, n_batches);
    if (checkpoint.at.n_threads != n_threads)
        mr_log("run %d goes on with %d threads instead of %d: equal up to rounding only",
               s->control.run, n_threads, checkpoint.at.n_threads);
    s->at = checkpoint.at;
    s->at.n_threads = n_threads;
    s->control.rate *= s->at.rate; /* of commands that came while it was being loaded */
    return MR_OK;
}

/* Where the run begins: at its last checkpoint, at a weights file, or at random weights. */
static enum mr_status set_out(struct mr_training *s, struct mr_error *err)
{
    int n_batches = mr_loader_n_batches(s->train_loader);
    int n_threads = mr_pool_n_threads(s->pool);
    enum mr_status st = MR_OK;

    if (mr_path_exists(s->last_path))
        return go_on(s, n_batches, n_threads, err);
    s->at = (struct mr_position){.n_batches = n_batches,
                                 .n_threads = n_threads,
                                 .rate = s->control.rate,
                                 .best_accuracy = -1};
    if (s->options.weights[0])
        st = mr_initial_load(s->model, s->options.weights, err);
    return st;
}

enum mr_status mr_training_prepare(struct mr_training *training, struct mr_error *err)
{
    static enum mr_status (*const stages[])(struct mr_training *, struct mr_error *) = {
        scan, fill_cache, settle_samples, make_model, make_loaders, set_out,
    };
    enum mr_status st = MR_OK;

    for (size_t i = 0; i < sizeof stages / sizeof *stages && !st; i++)
        st = stages[i](training, err);
    if (st)
        return st;
    training->schedule = mr_schedule_one_cycle(training->options.n_epochs * training->at.n_batches,
                                               training->options.lr);
    training->progress.n_batches = training->at.n_batches;
    training->saved_at_ms = mr_clock_ms();
    return MR_OK;
}

void mr_training_finish(struct mr_training *training)
{
    struct mr_training *s = training;

    mr_loader_destroy(s->train_loader);
    mr_loader_destroy(s->valid_loader);
    mr_predictions_destroy(s->train);
    mr_batch_finish(&s->batch);
    mr_updater_finish(&s->updater);
    mr_model_destroy(s->model);
    mr_pool_destroy(s->pool);
    mr_samples_finish(&s->samples);
    mr_cache_close(s->cache);
    mr_images_destroy(s->table);
    free(s->last_path);
    free(s->best_path);
    free(s->samples_path);
    s->train_loader = s->valid_loader = NULL;
    s->train = NULL;
    s->model = NULL;
    s->pool = NULL;
    s->cache = NULL;
    s->table = NULL;
    s->last_path = s->best_path = s->samples_path = NULL;
}
