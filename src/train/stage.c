/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include <stddef.h>

#include "updater.h"

static bool has_weights(const struct mr_train_options *options)
{
    return options->weights[0] != '\0';
}

enum mr_head_kind mr_stage_head(const struct mr_train_options *options)
{
    if (options->head == MR_HEAD_AUTO)
        return has_weights(options) ? MR_HEAD_CONCAT : MR_HEAD_PLAIN;
    return options->head == MR_HEAD_OF_FASTAI ? MR_HEAD_CONCAT : MR_HEAD_PLAIN;
}

bool mr_stage_augment(struct mr_augment *augment, const struct mr_train_options *options)
{
    static const char *const names[] = {
        [MR_AUGMENT_DEFAULT] = "default", [MR_AUGMENT_NONE] = "none", [MR_AUGMENT_SCOPE] = "scope"};
    const struct mr_train_options *o = options;
    const struct {
        double *number, given;
    } given[] = {
        {&augment->max_rotate_deg, o->max_rotate_deg},
        {&augment->max_zoom, o->max_zoom},
        {&augment->max_lighting, o->max_lighting},
        {&augment->max_warp, o->max_warp},
        {&augment->p_affine, o->p_affine},
        {&augment->p_lighting, o->p_lighting},
    };

    *augment = *mr_augment_find(names[o->augment]);
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (given[i].given >= 0)
            *given[i].number = given[i].given;
    return o->augment != MR_AUGMENT_NONE;
}

/* By enum mr_freeze_kind. */
static const enum mr_body_mode frozen_bodies[] = {
    [MR_FREEZE_FIXED] = MR_BODY_FIXED,
    [MR_FREEZE_NORM] = MR_BODY_NORM,
    [MR_FREEZE_NONE] = MR_BODY_TRAINED,
};

/* From scratch all layers know equally little, so they learn at one rate; a body that was trained
 * before follows the head at a tenth of its rate, as with fastai. */
static struct mr_stage first_stage(const struct mr_train_options *o)
{
    struct mr_stage stage = {
        .kind = MR_STAGE_FROZEN, .n_epochs = o->n_epochs, .body = MR_BODY_TRAINED};
    double lr = o->lr > 0 ? o->lr : 1; /* one to be found: only what the groups are to the head */

    if (has_weights(o)) {
        stage.body = frozen_bodies[o->freeze];
        mr_updater_slice(stage.lr, 0, lr);
    } else {
        mr_updater_slice(stage.lr, lr, lr);
    }
    return stage;
}

static struct mr_stage second_stage(const struct mr_train_options *o)
{
    struct mr_stage stage = {.kind = MR_STAGE_WHOLE,
                             .first_epoch = o->n_epochs,
                             .n_epochs = o->n_whole,
                             .body = MR_BODY_TRAINED};

    mr_updater_slice(stage.lr, o->whole_lr.low, o->whole_lr.high);
    if (o->schedule == MR_SCHEDULE_FINE_TUNE) { /* which has rates of its own */
        struct mr_schedule s = mr_schedule_make(o->schedule, MR_STAGE_WHOLE, 1, o->lr);

        mr_updater_slice(stage.lr, s.lr_low, s.lr_max);
    }
    return stage;
}

/* The kind has rates of its own for a second stage; here they stand in the stage already. */
struct mr_schedule mr_stage_schedule(const struct mr_stage *stage,
                                     const struct mr_train_options *options, int n_steps)
{
    struct mr_schedule s =
        mr_schedule_make(options->schedule, stage->kind, stage->n_epochs * n_steps, options->lr);

    s.lr_max = stage->lr[MR_GROUP_HEAD];
    return s;
}

int mr_stage_n_steps(const struct mr_train_options *options, int n_batches)
{
    return (n_batches + options->accumulate - 1) / options->accumulate;
}

bool mr_stage_is_stale(const struct mr_stage *last, int epoch, int best_epoch, int patience)
{
    int since = best_epoch > last->first_epoch ? best_epoch : last->first_epoch;

    return patience > 0 && epoch - since >= patience;
}

int mr_stages_plan(struct mr_stage stages[MR_MAX_STAGES], const struct mr_train_options *options)
{
    int n = 0;

    if (options->n_epochs)
        stages[n++] = first_stage(options);
    if (options->n_whole)
        stages[n++] = second_stage(options);
    return n;
}

int mr_stage_of(const struct mr_stage *stages, int n, int epoch)
{
    return n > 1 && epoch >= stages[1].first_epoch ? 1 : 0;
}
