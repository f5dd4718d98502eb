/* SPDX-License-Identifier: MIT */
/*
 * A project made for the screens: eight endoscopy classes, 800 validation images with the
 * predictions of four epochs, a loss curve, pictures painted in memory. Everything is fixed, so
 * that screens can be compared.
 */
#ifndef MISREAD_TESTS_STAGE_H
#define MISREAD_TESTS_STAGE_H

#include <stdbool.h>

#include <misread/store/runs.h>
#include <misread/tui/tui.h>

#define STAGE_CLASSES   8
#define STAGE_PER_CLASS 100
#define STAGE_EPOCHS    4
#define STAGE_STEPS     112 /* an epoch */

/* The matrix of the last epoch: rows actual. */
extern const int stage_matrix[STAGE_CLASSES][STAGE_CLASSES];

struct stage {
    char project[512];
    int run;
    bool is_training; /* what the program around the screens says of itself */
    bool has_failing_pictures;
    bool has_late_pictures;  /* they fail until they are asked for anew */
    bool is_hostile;         /* the images' names hold terminal sequences */
    bool has_deep_paths;     /* longer than a line */
    bool has_damage;         /* two more files, which cannot be read */
    bool has_spike;          /* the second epoch's validation loss is far above the others */
    bool has_other_start;    /* the first epoch confuses a pair that none does later */
    bool has_twelve_classes; /* four that the network does not know */
};

/* What the run looks like. */
struct stage_run {
    enum mr_run_state state;
    int n_epochs; /* finished */
    int n_steps;
    const char *message;
};

/* Makes project, images, run. run NULL: images only. Aborts with a sentence on failure. */
void stage_make(struct stage *stage, const char *dir, const struct stage_run *run);
/* Adds the next steps and epochs to the run, as a trainer would. */
void stage_train(const struct stage *stage, int from_step, int to_step);
void stage_finish_epoch(const struct stage *stage, int epoch);
/* The real event loop on the terminal at hand. arg: struct stage. Returns 10 + how it was left. */
int stage_run_screens(void *arg);

#endif
