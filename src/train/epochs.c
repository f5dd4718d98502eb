/* SPDX-License-Identifier: MIT */
/*
 * The training loop. The position in training->at is advanced only when a step or an epoch is
 * complete, so a checkpoint taken between any two batches can be gone on from exactly.
 */
#include "training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/data/loader.h>
#include <misread/nn/model.h>
#include <misread/train/evaluate.h>

#include "average.h"

static enum mr_status fail_at_step(const struct mr_training *s, double loss, struct mr_error *err)
{
    return mr_fail(err, MR_E_NUMERIC,
                   "the loss became %s at step %d of %d in epoch %d (step %d of the run): try a "
                   "lower --lr than %g; %s",
                   isnan(loss) ? "not a number" : "infinite", s->at.step_in_epoch + 1,
                   s->at.n_batches, s->at.epoch + 1, s->at.step, s->stage->lr[MR_GROUP_HEAD],
                   s->progress.run.checkpoint_at ? "the last checkpoint is kept"
                                                 : "no checkpoint was written");
}

/* Training-time answers go where their samples are. */
static void keep_answers(struct mr_training *s, const float *logits, int n)
{
    size_t k = (size_t)s->train->n_classes;

    for (int i = 0; i < n; i++) {
        size_t index = (size_t)s->batch.indices[i];

        memcpy(s->train->logits + index * k, logits + (size_t)i * k, k * sizeof *logits);
        s->train->losses[index] = s->batch.losses[i];
    }
}

/* Forward and backward of batch `index` of the epoch; loss is the mean over the n_images of the
 * step so far, and goes on. The loss is looked at before any weight is changed by it. */
static enum mr_status learn_batch(struct mr_training *s, int index, double *loss, int *n_images,
                                  struct mr_error *err)
{
    struct mr_batch *b = &s->batch;
    int per_step = s->options.accumulate;
    int n = mr_batch_fill(b, &s->train_feed, s->model, s->at.epoch + 1, index, s->pool);
    int number = s->at.step * per_step + index % per_step;
    const float *logits;
    double mean;

    mr_objective_mix(&s->objective, b, n, mr_batch_n_floats(&s->train_feed, s->model), number);
    mr_model_set_step(s->model, number);
    logits = mr_batch_forward(b, &s->train_feed, s->model, n, MR_MODE_TRAIN);
    mean = mr_objective_loss(&s->objective, b, s->model);
    if (!isfinite(mean))
        return fail_at_step(s, mean, err);
    keep_answers(s, logits, n);
    mr_model_backward(s->model);
    if (per_step > 1)
        mr_updater_gather(&s->updater, s->model, n, s->pool);
    *n_images += n;
    *loss += (mean - *loss) * ((double)n / *n_images);
    return MR_OK;
}

/* The batches of one step; the last step of an epoch takes what is left. */
static enum mr_status learn_batches(struct mr_training *s, double *loss, int *n_images,
                                    struct mr_error *err)
{
    int first = s->at.step_in_epoch * s->options.accumulate;
    int end = first + s->options.accumulate, n = mr_loader_n_batches(s->train_feed.loader);
    enum mr_status st = MR_OK;

    for (int i = first; i < end && i < n && !st; i++)
        st = learn_batch(s, i, loss, n_images, err);
    return st;
}

static enum mr_status step_once(struct mr_training *s, struct mr_step *step, int *n_images,
                                struct mr_error *err)
{
    const struct mr_stage *stage = s->stage;
    int step_of_stage = s->at.step - stage->first_epoch * s->at.n_batches;
    double lr, momentum, loss = 0, rates[MR_N_GROUP];
    enum mr_status st = learn_batches(s, &loss, n_images, err);

    if (st)
        return st;
    mr_schedule_at(&s->schedule, step_of_stage, &lr, &momentum);
    lr *= s->at.rate;
    for (int i = 0; i < MR_N_GROUP; i++)
        rates[i] = lr * (stage->lr[i] / stage->lr[MR_GROUP_HEAD]);
    mr_updater_step(&s->updater, s->model, step_of_stage, rates, momentum, s->pool);
    if (s->average)
        mr_average_add(s->average, mr_model_params(s->model), mr_model_n_params(s->model),
                       mr_average_share(s->options.ema, s->at.step), s->pool);
    *step = (struct mr_step){
        .step = s->at.step, .epoch = s->at.epoch + 1, .loss = loss, .lr = lr, .momentum = momentum};
    return MR_OK;
}

static enum mr_status train_step(struct mr_training *s, struct mr_error *err)
{
    int64_t began = mr_clock_ms(), ms;
    struct mr_step step;
    int n_images = 0;
    enum mr_status st = step_once(s, &step, &n_images, err);

    if (st)
        return st;
    ms = mr_clock_ms() - began;
    mr_progress_measure(&s->progress.step_ms, (double)(ms > 0 ? ms : 1));
    step.images_per_s = 1000. * n_images / (double)(ms > 0 ? ms : 1);
    s->at.epoch_ms += ms;
    s->at.step++;
    s->at.step_in_epoch++;
    return mr_progress_step(&s->progress, &step, s->at.step_in_epoch, err);
}

static void begin_epoch(struct mr_training *s)
{
    struct mr_predictions *p = s->train;

    s->progress.run.epoch = s->at.epoch + 1;
    if (s->at.step_in_epoch > 0)
        return; /* gone on from its middle: what it found so far came with the checkpoint */
    s->at.epoch_ms = 0;
    for (int i = 0; i < p->n; i++)
        p->losses[i] = MR_NOT_SEEN;
    memset(p->logits, 0, (size_t)p->n * (size_t)p->n_classes * sizeof *p->logits);
}

static enum mr_status train_epoch(struct mr_training *s, struct mr_error *err)
{
    enum mr_status st;

    begin_epoch(s);
    st = mr_progress_phase(&s->progress, "train", s->at.step_in_epoch, s->at.n_batches, err);
    while (!st) {
        st = mr_training_settle(s, err);
        if (st || s->at.step_in_epoch == s->at.n_batches)
            break;
        st = train_step(s, err);
    }
    return st;
}

static enum mr_status validate(struct mr_training *s, struct mr_predictions **valid,
                               struct mr_error *err)
{
    struct mr_evaluation evaluation = {.model = s->model,
                                       .loader = s->valid_feed.loader,
                                       .features = s->valid_feed.features,
                                       .pool = s->pool,
                                       .progress = mr_training_on_progress,
                                       .ctx = s};
    int64_t began = mr_training_busy_ms(s), ms;
    enum mr_status st = mr_progress_phase(&s->progress, "valid", 0, s->samples.n_valid, err);

    if (!st)
        st = mr_training_reason(s, mr_evaluate(&evaluation, valid, err), err);
    if (st == MR_E_NUMERIC)
        st = mr_fail(err, st,
                     "the validation of epoch %d (after step %d of the run) is not finite: try a "
                     "lower --lr than %g",
                     s->at.epoch + 1, s->at.step - 1, s->stage->lr[MR_GROUP_HEAD]);
    if (st)
        return st;
    ms = mr_training_busy_ms(s) - began;
    mr_progress_measure(&s->progress.valid_image_ms, (double)ms / s->samples.n_valid);
    s->at.epoch_ms += ms;
    return MR_OK;
}

/* A copy of the answers to the images that the epoch has seen: with balanced sampling not all. */
static enum mr_status gather_seen(struct mr_predictions **seen, const struct mr_predictions *all,
                                  struct mr_error *err)
{
    size_t k = (size_t)all->n_classes;
    struct mr_sample *samples = mr_xalloc((size_t)all->n, sizeof *samples);
    int *from = mr_xalloc((size_t)all->n, sizeof *from), n = 0;
    struct mr_predictions *p;

    for (int i = 0; i < all->n; i++)
        if (all->losses[i] > MR_NOT_SEEN) {
            samples[n] = (struct mr_sample){all->ids[i], all->labels[i]};
            from[n++] = i;
        }
    p = mr_evaluate_room(samples, n, all->n_classes);
    for (int i = 0; p && i < n; i++) {
        memcpy(p->logits + (size_t)i * k, all->logits + (size_t)from[i] * k, k * sizeof *p->logits);
        p->losses[i] = all->losses[from[i]];
    }
    free(samples);
    free(from);
    if (!p)
        return mr_fail(err, MR_E_NOMEM, "no memory for the answers to %d images", n);
    *seen = p;
    return MR_OK;
}

/* The epoch's row and both sides' answers, in one transaction. An answer to a mixture is none to an
 * image: under mixup the training side has none. */
static enum mr_status record_epoch(struct mr_training *s, struct mr_predictions *valid,
                                   struct mr_error *err)
{
    struct mr_predictions *train = NULL;
    struct mr_epoch epoch = {.epoch = s->at.epoch + 1,
                             .valid_loss = mr_evaluate_mean_loss(valid),
                             .n_correct = mr_evaluate_n_correct(valid),
                             .n_valid = valid->n,
                             .seconds = (double)s->at.epoch_ms / 1000};
    enum mr_status st = gather_seen(&train, s->train, err);

    if (st)
        return st;
    epoch.train_loss = mr_evaluate_mean_loss(train);
    valid->run = train->run = s->control.run;
    valid->epoch = train->epoch = epoch.epoch;
    valid->side = MR_SIDE_VALID;
    train->side = MR_SIDE_TRAIN;
    st = mr_epoch_add(s->progress.store, s->control.run, &epoch, valid,
                      s->objective.mixup > 0 ? NULL : train, err);
    mr_predictions_destroy(train);
    return st;
}

/* Keeps the weights if none were as good. Comparisons with a number that is not one would be false.
 */
static enum mr_status keep_best(struct mr_training *s, const struct mr_predictions *valid,
                                struct mr_error *err)
{
    double accuracy = (double)mr_evaluate_n_correct(valid) / valid->n;
    struct mr_checkpoint checkpoint;

    if (!isfinite(accuracy) || accuracy <= s->at.best_accuracy)
        return MR_OK;
    s->at.best_accuracy = accuracy;
    s->at.best_epoch = s->at.epoch;
    checkpoint = mr_training_snapshot(s);
    return mr_checkpoint_save_best(&checkpoint, s->best_path, err);
}

static int n_epochs_of(const struct mr_training *s)
{
    return s->options.n_epochs + s->options.n_whole;
}

/* A checkpoint between two stages is one of the second's beginning. */
static enum mr_status change_stage(struct mr_training *s, struct mr_error *err)
{
    int stage = mr_stage_of(s->stages, s->n_stages, s->at.epoch);
    enum mr_status st;

    if (&s->stages[stage] == s->stage)
        return MR_OK;
    st = mr_training_enter(s, stage, err);
    return st ? st : mr_training_feed(s, err);
}

/*
 * First the store, then the files: a crash in between repeats work that replaces what is there. The
 * other way round it could lose an epoch's row for good.
 */
static enum mr_status finish_epoch(struct mr_training *s, struct mr_error *err)
{
    struct mr_predictions *valid = NULL;
    enum mr_status st;

    mr_training_swap_average(s);
    st = validate(s, &valid, err);
    if (!st)
        st = record_epoch(s, valid, err);
    if (!st) {
        s->at.epoch++;
        s->at.step_in_epoch = 0;
        st = keep_best(s, valid, err);
    }
    mr_training_swap_average(s);
    if (!st)
        st = change_stage(s, err);
    if (!st)
        st = mr_training_checkpoint(s, err);
    mr_predictions_destroy(valid);
    return st;
}

/* A training of a series writes nothing: what it is for is the last answer. */
static enum mr_status finish_epoch_of_series(struct mr_training *s, struct mr_error *err)
{
    enum mr_status st = MR_OK;

    if (s->at.epoch + 1 == n_epochs_of(s)) {
        mr_training_swap_average(s);
        st = validate(s, &s->held_out, err);
        mr_training_swap_average(s);
    }
    s->at.epoch++;
    s->at.step_in_epoch = 0;
    return st ? st : change_stage(s, err);
}

static bool is_stale(const struct mr_training *s)
{
    return mr_stage_is_stale(&s->stages[s->n_stages - 1], s->at.epoch, s->at.best_epoch,
                             s->options.patience);
}

static void tell_early_end(struct mr_training *s)
{
    struct mr_run *run = &s->progress.run;

    free(run->message);
    run->message = mr_xasprintf("ended after epoch %d of %d: %d epochs brought no accuracy above "
                                "%.4f, which epoch %d had",
                                s->at.epoch, run->n_epochs, s->options.patience,
                                s->at.best_accuracy, s->at.best_epoch);
}

enum mr_status mr_training_run(struct mr_training *training, struct mr_error *err)
{
    struct mr_training *s = training;
    int n_epochs = n_epochs_of(s);
    enum mr_status st = MR_OK;

    st = mr_training_find_rate(s, err);
    s->progress.run.state = MR_RUN_TRAINING;
    while (!st && s->at.epoch < n_epochs && !is_stale(s)) {
        st = train_epoch(s, err);
        if (!st)
            st =
                mr_training_is_of_series(s) ? finish_epoch_of_series(s, err) : finish_epoch(s, err);
        if (!st && s->control.stop_after_epoch && s->at.epoch < n_epochs)
            st = mr_fail(err, MR_E_CANCELLED, "the run was stopped after epoch %d", s->at.epoch);
    }
    if (!st && s->at.epoch < n_epochs)
        tell_early_end(s);
    return st;
}
