/* SPDX-License-Identifier: MIT */
/* What a run starts from: a file of weights, which may be another run's. To be told before anything
 * is recorded. */
#ifndef MISREAD_TRAIN_INITIAL_H
#define MISREAD_TRAIN_INITIAL_H

#include <misread/base/status.h>

struct mr_sandbox;
struct mr_train_options;

/*
 * Settles what the options leave to the file of their weights: --head auto is the head of a run on
 * the same classes, if the file is one's. classes, n: what the images are of. Refuses a file that
 * will not do for such a network (mr_weights_start), and with from_run one whose classes or head
 * are others. Reads all of it. Without weights nothing happens.
 */
enum mr_status mr_initial_settle(struct mr_train_options *options, char *const *classes, int n,
                                 struct mr_sandbox *sandbox, struct mr_error *err) MR_NODISCARD;

#endif
