/* SPDX-License-Identifier: MIT */
/*
 * A static memory plan: buffers that are alive at the same step lie apart, others may share their
 * place. Offsets by first fit, biggest first.
 */
#ifndef MISREAD_NN_PLAN_H
#define MISREAD_NN_PLAN_H

#include <stddef.h>

#define MR_PLAN_MAX 512

struct mr_plan_buffer {
    size_t n;        /* floats */
    int first, last; /* steps between which it is alive; last < first: never used */
    size_t offset;   /* floats, a multiple of 16; after mr_plan_solve */
};

struct mr_plan {
    struct mr_plan_buffer buffers[MR_PLAN_MAX];
    int n_buffers;
};

/* Returns the new buffer's number. */
int mr_plan_add(struct mr_plan *plan, size_t n);
/* The buffer is read or written at this step. */
void mr_plan_use(struct mr_plan *plan, int buffer, int step);
/* Fills the offsets; returns the floats that all take together. */
size_t mr_plan_solve(struct mr_plan *plan);

#endif
