/* SPDX-License-Identifier: MIT */
/* Progress is written in batches: a transaction for each step would cost more than the step. */
#include "progress.h"

#include <string.h>

#include <misread/base/clock.h>
#include <misread/base/str.h>
#include <misread/base/thread.h>

enum mr_status mr_progress_flush(struct mr_progress *progress, struct mr_error *err)
{
    struct mr_progress *p = progress;
    enum mr_status st = MR_OK;

    p->run.eta_ms = mr_progress_eta_ms(p);
    if (p->listen) {
        p->n_steps = 0;
        p->written_at_ms = mr_clock_ms();
        return p->listen(p->ctx, &p->run) ? MR_OK : mr_fail(err, MR_E_CANCELLED, "cancelled");
    }
    if (p->n_steps)
        st = mr_steps_add(p->store, p->run.id, p->steps, p->n_steps, err);
    if (!st) {
        p->n_steps = 0;
        st = mr_run_update(p->store, &p->run, err);
    }
    p->written_at_ms = mr_clock_ms();
    mr_wake_raise(p->wake);
    return st;
}

enum mr_status mr_progress_phase(struct mr_progress *progress, const char *phase, int64_t n_done,
                                 int64_t n_total, struct mr_error *err)
{
    mr_str_copy(progress->run.phase, sizeof progress->run.phase, phase);
    progress->run.n_done = n_done;
    progress->run.n_total = n_total;
    return mr_progress_flush(progress, err);
}

enum mr_status mr_progress_at(struct mr_progress *progress, int64_t n_done, struct mr_error *err)
{
    progress->run.n_done = n_done;
    if (progress->n_steps < MR_PROGRESS_MAX_STEPS &&
        mr_clock_ms() - progress->written_at_ms < MR_PROGRESS_EVERY_MS)
        return MR_OK;
    return mr_progress_flush(progress, err);
}

enum mr_status mr_progress_step(struct mr_progress *progress, const struct mr_step *step,
                                int64_t n_done, struct mr_error *err)
{
    /* Full only if the last write failed, and then the run has ended. */
    if (progress->n_steps < MR_PROGRESS_MAX_STEPS)
        progress->steps[progress->n_steps++] = *step;
    return mr_progress_at(progress, n_done, err);
}

void mr_progress_measure(double *mean, double ms)
{
    *mean = *mean > 0 ? *mean + (ms - *mean) / 8 : ms;
}

void mr_progress_forget(struct mr_progress *progress, bool is_followed)
{
    progress->step_ms = progress->valid_image_ms = 0;
    progress->is_followed = is_followed;
}

int64_t mr_progress_eta_ms(const struct mr_progress *progress)
{
    const struct mr_progress *p = progress;
    const struct mr_run *run = &p->run;
    int n_later = run->n_epochs - run->epoch; /* whole epochs behind this one */
    double steps, images, image_ms = p->valid_image_ms;

    if (run->state == MR_RUN_DONE)
        return 0;
    if (!strcmp(run->phase, "checkpoint"))
        return run->eta_ms;
    if (p->step_ms <= 0 || p->n_batches <= 0 || p->is_followed)
        return -1;
    if (image_ms <= 0 && run->n_train > 0)
        image_ms = p->step_ms * p->n_batches / run->n_train / 3;
    steps = (double)n_later * p->n_batches;
    images = (double)n_later * run->n_valid;
    if (!strcmp(run->phase, "train")) {
        steps += p->n_batches - (double)run->n_done;
        images += run->n_valid;
    } else if (!strcmp(run->phase, "valid")) {
        images += run->n_valid - (double)run->n_done;
    }
    return (int64_t)(steps * p->step_ms + images * image_ms + (n_later + 1) * p->checkpoint_ms);
}
