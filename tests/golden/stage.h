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
#define STAGE_N_VALID   (STAGE_CLASSES * STAGE_PER_CLASS) /* ids 1..., class after class */
#define STAGE_N_TRAIN   (STAGE_CLASSES * 20)              /* and on from there */
#define STAGE_EPOCHS    4
#define STAGE_STEPS     112 /* an epoch */

/* The matrix of the last epoch: rows actual. */
extern const int stage_matrix[STAGE_CLASSES][STAGE_CLASSES];

struct stage {
    char project[512];
    int run;
    bool is_training; /* what the program around the screens says of itself */
    bool has_failing_pictures;
    bool has_late_pictures; /* they fail until they are asked for anew */
    bool is_hostile;        /* the images' names hold terminal sequences */
    bool has_deep_paths;    /* longer than a line */
    bool has_damage;        /* two more files, which cannot be read */
    bool has_spike;         /* the second epoch's validation loss is far above the others */
    bool has_other_start;   /* the first epoch confuses a pair that none does later */
    bool has_slow_search;   /* for a learning rate: it stays at its 60th step until stopped */
    bool has_more_runs;   /* a second that failed, and a third on reviewed labels: the one shown */
    bool has_no_weights;  /* to be asked why; training images are being looked at */
    bool has_coarse_heat; /* as of a network of 32 px: one cell */
    bool has_box;         /* a position box, in every picture */
    bool has_twelve_classes; /* four that the network does not know */
};

/* What the run looks like. */
struct stage_run {
    enum mr_run_state state;
    int n_epochs; /* finished */
    int n_steps;
    const char *message;
    int n_relabelled; /* labels that readers had changed; a tenth as many images are left out */
};

/* Makes project, images, run. run NULL: images only. Aborts with a sentence on failure. */
void stage_make(struct stage *stage, const char *dir, const struct stage_run *run);
/* Adds the next steps and epochs to the run, as a trainer would. */
void stage_train(const struct stage *stage, int from_step, int to_step);
void stage_finish_epoch(const struct stage *stage, int epoch);
/* Adds a learning curve to a run: six sizes, three seeds, the stage's validation images. */
void stage_add_learning(const struct stage *stage, int run, bool in_sample);
/* Aborts with the sentence of err unless st is MR_OK. */
void stage_must(enum mr_status st, const struct mr_error *err);
/* The project once more; owned by the caller. */
struct mr_store *stage_open_store(const struct stage *stage);
/* The real event loop on the terminal at hand. arg: struct stage. Returns 10 + how it was left. */
int stage_run_screens(void *arg);

#endif
