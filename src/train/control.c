/* SPDX-License-Identifier: MIT */
/* Commands, one small function each. */
#include "control.h"

#include <math.h>

#include <misread/store/runs.h>
#include <misread/store/store.h>

static void on_pause(struct mr_control *control, double value)
{
    control->is_paused = true;
}

static void on_continue(struct mr_control *control, double value)
{
    control->is_paused = false;
}

static void on_stop_after_epoch(struct mr_control *control, double value)
{
    control->stop_after_epoch = true;
    control->is_paused = false; /* the epoch could not end otherwise */
}

static void on_stop_now(struct mr_control *control, double value)
{
    control->stop = MR_STOP_SAVED;
}

static void on_checkpoint(struct mr_control *control, double value)
{
    control->want_checkpoint = true;
}

static void on_rate(struct mr_control *control, double value)
{
    double rate = control->rate * value;

    /* Nonsense from another process must not end the run. */
    if (!isfinite(rate) || rate <= 0)
        return;
    control->rate = rate;
    control->want_checkpoint = true; /* a person's decision outlives a crash */
}

static void (*const command_table[])(struct mr_control *control, double value) = {
    [MR_COMMAND_PAUSE] = on_pause,
    [MR_COMMAND_CONTINUE] = on_continue,
    [MR_COMMAND_STOP_AFTER_EPOCH] = on_stop_after_epoch,
    [MR_COMMAND_STOP_NOW] = on_stop_now,
    [MR_COMMAND_CHECKPOINT] = on_checkpoint,
    [MR_COMMAND_RATE] = on_rate,
};

enum mr_status mr_control_poll(struct mr_control *control, struct mr_error *err)
{
    int64_t version;

    if (control->stop == MR_STOP_NONE && atomic_load(control->ask_stop))
        control->stop = MR_STOP_SAVED;
    /* Read before the commands are: one that comes in between changes it again. */
    version = mr_store_version(control->store);
    if (version == control->version)
        return MR_OK;
    for (;;) {
        enum mr_command_kind kind;
        double value;
        bool found = false;
        enum mr_status st =
            mr_command_take(control->store, control->run, &kind, &value, &found, err);

        if (st)
            return st;
        if (!found)
            break;
        if ((size_t)kind < sizeof command_table / sizeof *command_table && command_table[kind])
            command_table[kind](control, value);
    }
    control->version = version;
    return MR_OK;
}

enum mr_status mr_control_drop(struct mr_store *store, int run, struct mr_error *err)
{
    bool found = true;

    while (found) {
        enum mr_command_kind kind;
        double value;
        enum mr_status st = mr_command_take(store, run, &kind, &value, &found, err);

        if (st)
            return st;
    }
    return MR_OK;
}
