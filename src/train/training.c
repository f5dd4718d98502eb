/* SPDX-License-Identifier: MIT */
/* Making a run ready, and yielding between batches; the epochs themselves are in epochs.c. */
#include "training.h"

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/base/log.h>
#include <misread/base/pool.h>
#include <misread/base/str.h>
#include <misread/data/cache.h>
#include <misread/data/limit.h>
#include <misread/data/loader.h>
#include <misread/data/scan.h>
#include <misread/data/transform.h>
#include <misread/kernel/kernels.h>
#include <misread/nn/model.h>
#include <misread/nn/weights.h>
#include <misread/store/review.h>
#include <misread/train/evaluate.h>

#include "average.h"

#define PAUSE_MS 100

int64_t mr_training_busy_ms(const struct mr_training *training)
{
    return mr_clock_ms() - training->idle_ms;
}

struct mr_checkpoint mr_training_snapshot(struct mr_training *training)
{
    return (struct mr_checkpoint){.model = training->model,
                                  .updater = &training->updater,
                                  .average = training->average,
                                  .train = training->train,
                                  .options = &training->options,
                                  .classes = training->table->classes,
                                  .n_classes = training->samples.n_classes,
                                  .samples_hash = training->samples.hash,
                                  .at = training->at};
}

bool mr_training_is_of_series(const struct mr_training *training)
{
    return training->fold.n || training->portion.share > 0;
}

int mr_training_n_steps(const struct mr_training *training)
{
    return mr_stage_n_steps(&training->options, mr_loader_n_batches(training->train_feed.loader));
}

void mr_training_swap_average(struct mr_training *training)
{
    struct mr_training *s = training;

    if (!s->average)
        return;
    mr_average_swap(s->average, mr_model_params(s->model), mr_model_n_params(s->model));
    s->shows_average = !s->shows_average;
}

/* In the middle of a validation too the file has the weights in the model's place. */
static enum mr_status save(struct mr_training *s, struct mr_error *err)
{
    struct mr_checkpoint checkpoint = mr_training_snapshot(s);
    bool shows_average = s->shows_average;
    enum mr_status st;

    if (shows_average)
        mr_training_swap_average(s);
    st = mr_checkpoint_save(&checkpoint, s->last_path, err);
    if (shows_average)
        mr_training_swap_average(s);
    return st;
}

enum mr_status mr_training_checkpoint(struct mr_training *training, struct mr_error *err)
{
    struct mr_training *s = training;
    struct mr_run *run = &s->progress.run;
    char phase[sizeof run->phase];
    int64_t n_done = run->n_done, n_total = run->n_total, began = mr_clock_ms();
    enum mr_status st;

    mr_str_copy(phase, sizeof phase, run->phase);
    st = mr_progress_phase(&s->progress, "checkpoint", 0, 1, err);
    if (!st)
        st = save(s, err);
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
                                    .group_by = options->group_by[0] ? options->group_by : NULL,
                                    .split_seed = options->split_seed,
                                    .valid_fraction = options->valid_fraction,
                                    .test_fraction = options->test_fraction,
                                    .split_file =
                                        options->split_file[0] ? options->split_file : NULL,
                                    .limit = options->limit};
}

static enum mr_status scan(struct mr_training *s, struct mr_error *err)
{
    struct mr_scan_options options = mr_training_scan_options(&s->options);
    struct mr_scan_report report;
    enum mr_status st = mr_progress_phase(&s->progress, "scan", 0, 0, err);

    options.progress = mr_training_on_progress;
    options.ctx = s;
    options.sandbox = s->sandbox;
    if (s->samples_path && mr_path_exists(s->samples_path))
        options.split_file = options.group_by =
            NULL; /* a run that goes on has its images: the file may be gone */
    if (!st)
        st = mr_training_reason(s, mr_scan(s->progress.store, s->data_dir, &options, &report, err),
                                err);
    if (!st)
        st = mr_images_load(s->progress.store, &s->table, err);
    if (!st)
        mr_limit_apply(s->table->rows, s->table->n, s->table->n_classes, options.split_seed,
                       options.limit);
    if (!st && s->fold.n)
        mr_fold_hold_out(s->table->rows, s->table->n, s->table->n_classes, &s->fold);
    return st;
}

static enum mr_status fill_cache(struct mr_training *s, struct mr_error *err)
{
    struct mr_cache_options options = {.data_dir = s->data_dir,
                                       .size_px = s->options.size_px,
                                       .square = s->options.square,
                                       .n_threads = s->options.n_threads,
                                       .progress = mr_training_on_progress,
                                       .ctx = s};
    enum mr_status st = mr_progress_phase(&s->progress, "cache", 0, s->table->n, err);

    if (st)
        return st;
    mr_mask_read(&options.mask, s->options.mask); /* the options were checked */
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
    if (!st && s->portion.share > 0)
        mr_samples_keep(&s->samples, s->table, &s->portion);
    if (!st && s->samples_path)
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
    bool has_list = s->samples_path && mr_path_exists(s->samples_path);
    enum mr_status st = has_list ? recall_samples(s, err) : choose_samples(s, err);

    if (st)
        return st;
    run->n_classes = s->samples.n_classes;
    run->n_train = s->samples.n_train;
    run->n_valid = s->samples.n_valid;
    if (!has_list) {
        run->n_relabelled = s->samples.n_relabelled;
        run->n_excluded = s->samples.n_excluded;
    }
    return MR_OK;
}

struct mr_model_options mr_training_model_options(const struct mr_train_options *options,
                                                  int n_classes, enum mr_mode mode)
{
    return (struct mr_model_options){.arch = options->arch,
                                     .n_classes = n_classes,
                                     .max_batch = options->batch,
                                     .h = options->size_px,
                                     .w = options->size_px,
                                     .training = mode == MR_MODE_TRAIN,
                                     .head = mr_stage_head(options),
                                     .kernels = mr_kernels_find(options->isa)};
}

static enum mr_status make_pool(struct mr_training *s, struct mr_error *err)
{
    s->n_stages = mr_stages_plan(s->stages, &s->options);
    return mr_pool_create(&s->pool, s->options.n_threads, err);
}

static enum mr_status make_loaders(struct mr_training *s, struct mr_error *err)
{
    struct mr_augment augment;
    struct mr_loader_options train = {.samples = s->samples.train,
                                      .n = s->samples.n_train,
                                      .batch = s->options.batch,
                                      .seed = s->options.seed,
                                      .is_shuffled = 1,
                                      .is_balanced = s->options.sampling == MR_SAMPLING_BALANCED};
    struct mr_loader_options valid = {.samples = s->samples.valid,
                                      .n = s->samples.n_valid,
                                      .batch = s->options.batch,
                                      .seed = s->options.seed};
    enum mr_status st;

    if (mr_stage_augment(&augment, &s->options))
        train.augment = &augment;
    st = mr_loader_create(&s->train_feed.loader, s->cache, &train, err);
    if (!st)
        st = mr_loader_create(&s->valid_feed.loader, s->cache, &valid, err);
    if (st)
        return st;
    mr_objective_init(&s->objective, &s->options, s->samples.train, s->samples.n_train,
                      s->samples.n_classes);
    s->train = mr_evaluate_room(s->samples.train, s->samples.n_train, s->samples.n_classes);
    if (!s->train)
        return mr_fail(err, MR_E_NOMEM, "no memory for the answers to %d images",
                       s->samples.n_train);
    return MR_OK;
}

static enum mr_status make_average(struct mr_training *s, struct mr_error *err)
{
    size_t n = mr_model_n_params(s->model);

    if (s->options.ema <= 0)
        return MR_OK;
    s->average = mr_alloc_aligned(n * sizeof *s->average);
    if (!s->average)
        return mr_fail(err, MR_E_NOMEM, "no memory for an average of %zu weights", n);
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

/* What was settled before the run was recorded may have changed since. */
static enum mr_status take_weights(struct mr_training *s, struct mr_error *err)
{
    char *classes = mr_checkpoint_classes(s->table->classes, s->samples.n_classes);
    struct mr_weights_report report = {0};
    enum mr_status st =
        mr_weights_start(s->model, s->sandbox, s->options.weights, classes, &report, err);

    if (!st && s->options.from_run && report.is_head_new)
        st = mr_fail(err, MR_E_FORMAT,
                     "cannot start from run %d: '%s' has no head for the classes %.200s",
                     s->options.from_run, s->options.weights, classes);
    mr_weights_report_finish(&report);
    free(classes);
    return st;
}

static enum mr_status begin(struct mr_training *s, struct mr_error *err)
{
    enum mr_status st = s->options.weights[0] ? take_weights(s, err) : MR_OK;

    /* a head out of the file may have learned from what is held out */
    if (!st && mr_training_is_of_series(s))
        mr_model_init_head(s->model, s->options.seed);
    if (!st && s->average)
        memcpy(s->average, mr_model_params(s->model),
               mr_model_n_params(s->model) * sizeof *s->average);
    return st;
}

/* Where the run begins: at its last checkpoint, at a weights file, or at random weights. */
static enum mr_status set_out(struct mr_training *s, struct mr_error *err)
{
    bool goes_on = s->last_path && mr_path_exists(s->last_path);
    int n_batches = mr_training_n_steps(s);
    int n_threads = mr_pool_n_threads(s->pool);
    enum mr_status st = MR_OK;

    s->at = (struct mr_position){.n_batches = n_batches,
                                 .n_threads = n_threads,
                                 .rate = s->control.rate,
                                 .best_accuracy = -1};
    if (goes_on)
        st = mr_checkpoint_position(&s->at, s->last_path, err);
    if (!st)
        st = mr_training_enter(s, mr_stage_of(s->stages, s->n_stages, s->at.epoch), err);
    if (!st)
        st = make_average(s, err);
    if (!st)
        st = goes_on ? go_on(s, n_batches, n_threads, err) : begin(s, err);
    return st ? st : mr_training_feed(s, err);
}

enum mr_status mr_training_prepare(struct mr_training *training, struct mr_error *err)
{
    static enum mr_status (*const parts[])(struct mr_training *, struct mr_error *) = {
        scan, fill_cache, settle_samples, make_pool, make_loaders, set_out,
    };
    enum mr_status st = MR_OK;

    for (size_t i = 0; i < sizeof parts / sizeof *parts && !st; i++)
        st = parts[i](training, err);
    if (st)
        return st;
    training->progress.n_batches = training->at.n_batches;
    training->saved_at_ms = mr_clock_ms();
    return MR_OK;
}

void mr_training_finish(struct mr_training *training)
{
    struct mr_training *s = training;

    mr_training_unfeed(s);
    mr_loader_destroy(s->train_feed.loader);
    mr_loader_destroy(s->valid_feed.loader);
    mr_objective_finish(&s->objective);
    mr_predictions_destroy(s->train);
    mr_predictions_destroy(s->held_out);
    mr_batch_finish(&s->batch);
    mr_updater_finish(&s->updater);
    mr_model_destroy(s->model);
    free(s->average);
    mr_pool_destroy(s->pool);
    mr_samples_finish(&s->samples);
    mr_cache_close(s->cache);
    mr_images_destroy(s->table);
    mr_conv_choices_finish(&s->choices);
    free(s->last_path);
    free(s->best_path);
    free(s->samples_path);
    s->train_feed.loader = s->valid_feed.loader = NULL;
    s->train = s->held_out = NULL;
    s->model = NULL;
    s->average = NULL;
    s->pool = NULL;
    s->cache = NULL;
    s->table = NULL;
    s->last_path = s->best_path = s->samples_path = NULL;
}
