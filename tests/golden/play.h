/* SPDX-License-Identifier: MIT */
/* What the suites of screens share. */
#ifndef MISREAD_TESTS_PLAY_H
#define MISREAD_TESTS_PLAY_H

#include "support.h"

#include <misread/store/review.h>
#include <misread/store/runs.h>
#include <misread/tui/tui.h>

#include "stage.h"
#include "vt.h"

#define WAIT_MS 10000

extern const struct stage_run done; /* four epochs, ended */
extern const struct stage_run live; /* three epochs, in the fourth */

struct play {
    char *dir; /* owned */
    struct stage stage;
    struct vt *vt;
    struct mr_store *store;
    int trainer; /* process that holds the run's lock; 0 none */
};

/* As by SIGKILL: nothing is committed. */
void kill_trainer(struct play *p);
/* Makes a project (run NULL: without a run) and opens its screens; a run that trains gets a process
 * that holds its lock, as a trainer does. */
void begin(struct play *p, const struct stage_run *run, int rows, int cols);
/* The second half of begin, over a project that p->stage and p->store name already. */
void open_screens(struct play *p, int rows, int cols);
void end(struct play *p);
/* Presses keys and waits until the screen is quiet. */
void type(struct play *p, const char *keys);
/* Waits for text; see_no until it is gone. */
void see(struct play *p, const char *text);
void see_no(struct play *p, const char *text);
/* Compares with a stored screen. Everything is sent anew first, so that nothing depends on what was
 * there before. */
void golden(struct play *p, const char *name);

/* Presses keys that leave, and returns how it was left (enum mr_tui_exit). */
int leave(struct play *p, const char *keys);
/* Images of a cell of the matrix at an epoch. */
int count_of(struct play *p, int epoch, int actual, int predicted);
/* The misread image with the largest loss; of a cell, or of all with actual -1. */
int64_t worst_of(struct play *p, int epoch, int actual, int predicted);
/* All decisions in the store; owned by the caller. */
int n_decisions(struct play *p, struct mr_decision **decisions);
/* Waits until there are n, as a decision may still be on its way. */
int expect_decisions(struct play *p, int n, struct mr_decision **decisions);
struct mr_review_state state_of(struct play *p, int64_t image);
/* Takes the oldest command sent to the run. */
void expect_command(struct play *p, enum mr_command_kind kind, double value);
void expect_no_command(struct play *p);
/* The numbers in a row of the matrix on the screen. */
void read_row(struct play *p, int row, int first_col, int cell_cols, int counts[STAGE_CLASSES]);

#endif
