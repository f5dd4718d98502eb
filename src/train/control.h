/* SPDX-License-Identifier: MIT */
/* What others want of a run: commands out of the store, and the request to stop from outside it. */
#ifndef MISREAD_TRAIN_CONTROL_H
#define MISREAD_TRAIN_CONTROL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>

struct mr_store;

enum mr_stop_kind {
    MR_STOP_NONE,
    MR_STOP_SAVED /* after the batch in hand and a checkpoint */
};

struct mr_control {
    struct mr_store *store; /* borrowed */
    int run;
    const atomic_bool *ask_stop; /* borrowed */
    int64_t version;             /* of the store when it was last asked; -1 at first */
    enum mr_stop_kind stop;
    bool is_paused, stop_after_epoch, want_checkpoint;
    double rate; /* factor on the learning rate: the product of those commanded */
};

/* Takes the commands that are there. Cheap when nobody has committed since. */
enum mr_status mr_control_poll(struct mr_control *control, struct mr_error *err) MR_NODISCARD;
/* Drops commands that were meant for a trainer that is gone. */
enum mr_status mr_control_drop(struct mr_store *store, int run, struct mr_error *err) MR_NODISCARD;

#endif
