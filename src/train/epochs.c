/* SPDX-License-Identifier: MIT */
/*
 * The training loop. The position in training->at is advanced only when a step or an epoch is
 * complete, so a checkpoint taken between any two batches can be gone on from exactly.
 */
#include "training.h"

#include <math.h>
#include <string.h>

#include <misread/base/clock.h>
#include <misread/data/loader.h>
#include <misread/nn/model.h>
#include <misread/train/evaluate.h>

static enum mr_status fail_at_step(const struct mr_training *s, double loss, struct mr_error *err)
{
    return mr_fail(err, MR_E_NUMERIC,
                   "the loss became %s at step %d of %d in epoch %d (step %d of the run): try a "
                   "lower --lr than %g; %s",
                   isnan(loss) ? "not a number" : "infinite", s->at.step_in_epoch + 1,
                   s->at.n_batches, s->at.epoch + 1, s->at.step, s->options.lr,
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

/* Forward, backward, update. The loss is looked at before anything is changed by it. */
static enum mr_status step_once(struct mr_training *s, struct mr_step *step, int *n_images,
                                struct mr_error *err)
{
    struct mr_batch *b = &s->batch;
    int n = mr_loader_fill(s->train_loader, s->at.epoch + 1, s->at.step_in_epoch, b->x, b->labels,
                           b->indices, s->pool);
    const float *logits = mr_model_forward(s->model, b->x, n, MR_MODE_TRAIN);
    double lr, momentum, loss = mr_model_loss(s->model, b->labels, b->losses);

    if (!isfinite(loss))
        return fail_at_step(s, loss, err);
    keep_answers(s, logits, n);
    mr_model_backward(s->model);
    mr_schedule_at(&s->schedule, s->at.step, &lr, &momentum);
    lr *= s->at.rate;
    mr_updater_step(&s->updater, s->model, s->at.step, lr, momentum, s->pool);
    *step = (struct mr_step){
        .step = s->at.step, .epoch = s->at.epoch + 1, .loss = loss, .lr = lr, .momentum = momentum};
    *n_images = n;
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
    memset(p->losses, 0, (size_t)p->n * sizeof *p->losses);
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
                                       .loader = s->valid_loader,
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
                     s->at.epoch + 1, s->at.step - 1, s->options.lr);
    if (st)
        return st;
    ms = mr_training_busy_ms(s) - began;
    mr_progress_measure(&s->progress.valid_image_ms, (double)ms / s->samples.n_valid);
    s->at.epoch_ms += ms;
    return MR_OK;
}

/* The epoch's row and both sides' answers, in one transaction. */
static enum mr_status record_epoch(struct mr_training *s, struct mr_predictions *valid,
                                   struct mr_error *err)
{
    struct mr_epoch epoch = {.epoch = s->at.epoch + 1,
                             .train_loss = mr_evaluate_mean_loss(s->train),
                             .valid_loss = mr_evaluate_mean_loss(valid),
                             .n_correct = mr_evaluate_n_correct(valid),
                             .n_valid = valid->n,
                             .seconds = (double)s->at.epoch_ms / 1000};

    valid->run = s->control.run;
    valid->side = MR_SIDE_VALID;
    valid->epoch = s->train->epoch = epoch.epoch;
    return mr_epoch_add(s->progress.store, s->control.run, &epoch, valid, s->train, err);
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

/*
 * First the store, then the files: a crash in between repeats work that replaces what is there. The
 * other way round it could lose an epoch's row for good.
 */
static enum mr_status finish_epoch(struct mr_training *s, struct mr_error *err)
{
    struct mr_predictions *valid = NULL;
    enum mr_status st = validate(s, &valid, err);

    if (!st)
        st = record_epoch(s, valid, err);
    if (!st) {
        s->at.epoch++;
        s->at.step_in_epoch = 0;
        st = keep_best(s, valid, err);
    }
    if (!st)
        st = mr_training_checkpoint(s, err);
    mr_predictions_destroy(valid);
    return st;
}

enum mr_status mr_training_run(struct mr_training *training, struct mr_error *err)
{
    struct mr_training *s = training;
    enum mr_status st = MR_OK;

    s->progress.run.state = MR_RUN_TRAINING;
    while (!st && s->at.epoch < s->options.n_epochs) {
        st = train_epoch(s, err);
        if (!st)
            st = finish_epoch(s, err);
        if (!st && s->control.stop_after_epoch && s->at.epoch < s->options.n_epochs)
            st = mr_fail(err, MR_E_CANCELLED, "the run was stopped after epoch %d", s->at.epoch);
    }
    return st;
}
