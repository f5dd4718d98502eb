/* SPDX-License-Identifier: MIT */
/* The screens over the made-up project, in the terminal at hand: tui-stage DIR [done, live, failed,
 * empty or odd]. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <misread/store/runs.h>
#include <misread/store/store.h>

#include "stage.h"

int main(int argc, char **argv)
{
    struct stage_run run = {.state = MR_RUN_DONE, .n_epochs = 4, .n_steps = 448};
    struct stage stage = {.run = 1};
    struct mr_run_lock *lock = NULL;
    struct mr_store *store = NULL;
    const char *how = argc > 2 ? argv[2] : "done";
    struct stat st;

    if (argc < 2)
        return 2;
    if (!strcmp(how, "live"))
        run = (struct stage_run){.state = MR_RUN_TRAINING, .n_epochs = 3, .n_steps = 415};
    if (!strcmp(how, "failed"))
        run = (struct stage_run){
            .state = MR_RUN_FAILED,
            .n_epochs = 1,
            .n_steps = 180,
            .message = "the loss was not finite at step 180; try a lower learning rate"};
    if (!strcmp(how, "odd"))
        stage.has_more_runs = stage.has_damage = stage.has_deep_paths = stage.has_spike =
            stage.has_twelve_classes = true;
    if (stat(argv[1], &st) == 0)
        snprintf(stage.project, sizeof stage.project, "%s/.misread", argv[1]);
    else if (mkdir(argv[1], 0700) == 0)
        stage_make(&stage, argv[1], !strcmp(how, "empty") ? NULL : &run);
    if (!strcmp(how, "live") && (mr_store_open(&store, stage.project, MR_STORE_EXISTING, NULL) ||
                                 mr_run_lock_take(&lock, store, stage.run, NULL)))
        return 1;
    stage.is_training = !strcmp(how, "live");
    return stage_run_screens(&stage) - 10;
}
