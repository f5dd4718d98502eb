/* SPDX-License-Identifier: MIT */
/* How far trainings are that are done one after the other, for one answer. */
#ifndef MISREAD_TRAIN_SERIES_H
#define MISREAD_TRAIN_SERIES_H

#include <stdint.h>

struct mr_series_progress {
    int index, n;      /* the training in hand, from 1, of so many */
    const char *phase; /* as of a run */
    int epoch, n_epochs;
    int64_t n_done, n_total;
    int64_t eta_ms; /* of all of them; -1 unknown */
};

#endif
