/* SPDX-License-Identifier: MIT */
/*
 * The screens, seen from the other end of a pseudo-terminal: the real event loop, keys, stored
 * screens. What a screen says is compared with the store as well, so that a stored screen cannot be
 * wrong from birth.
 */
#include "support.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <misread/interp/ranking.h>
#include <misread/store/images.h>
#include <misread/store/review.h>
#include <misread/store/store.h>

#include "stage.h"
#include "vt.h"

#define WAIT_MS 10000

static const struct stage_run done = {.state = MR_RUN_DONE, .n_epochs = 4, .n_steps = 448};
static const struct stage_run live = {.state = MR_RUN_TRAINING, .n_epochs = 3, .n_steps = 415};

/* ---- a project with its screens ---- */

struct play {
    char *dir; /* owned */
    struct stage stage;
    struct vt *vt;
    struct mr_store *store;
    int trainer; /* process that holds the run's lock; 0 none */
};

static const struct vt_options sixel = {.sixel = true};

static void make(struct play *p, const struct stage_run *run)
{
    struct mr_error err = {0};

    p->dir = make_folder();
    stage_make(&p->stage, p->dir, run);
    assert_ok(mr_store_open(&p->store, p->stage.project, MR_STORE_EXISTING, &err), err);
}

/* A process that does what a trainer must do to be seen alive: it holds the run's lock. */
static void start_trainer(struct play *p)
{
    int ready[2];
    char c;

    assert_int_equal(pipe(ready), 0);
    p->trainer = fork();
    assert_true(p->trainer >= 0);
    if (p->trainer == 0) {
        struct mr_run_lock *lock = NULL;
        struct mr_store *store = NULL;

        if (mr_store_open(&store, p->stage.project, MR_STORE_EXISTING, NULL) ||
            mr_run_lock_take(&lock, store, p->stage.run, NULL) || write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
}

static void kill_trainer(struct play *p)
{
    if (!p->trainer)
        return;
    kill(p->trainer, SIGKILL);
    waitpid(p->trainer, NULL, 0);
    p->trainer = 0;
}

static void open_screens(struct play *p, int rows, int cols)
{
    static const char *const env[] = {"MISREAD_CLOCK=1790000000", NULL};

    p->vt = vt_start_function(stage_run_screens, &p->stage, env, rows, cols, &sixel);
    assert_int_not_equal(vt_pump_until(p->vt, "Train", WAIT_MS), -1);
    assert_true(vt_pump_quiet(p->vt, 300, WAIT_MS));
}

static void begin(struct play *p, const struct stage_run *run, int rows, int cols)
{
    make(p, run);
    if (run && run->state == MR_RUN_TRAINING)
        start_trainer(p);
    open_screens(p, rows, cols);
}

static void end(struct play *p)
{
    vt_stop(p->vt);
    kill_trainer(p);
    mr_store_close(p->store);
    remove_folder(p->dir);
}

static void type(struct play *p, const char *keys)
{
    vt_keys(p->vt, keys);
    assert_true(vt_pump_quiet(p->vt, 200, WAIT_MS));
}

static void see(struct play *p, const char *text)
{
    if (vt_pump_until(p->vt, text, WAIT_MS) < 0)
        fail_msg("“%s” did not come", text);
}

static void see_no(struct play *p, const char *text)
{
    if (!vt_pump_until_gone(p->vt, text, WAIT_MS))
        fail_msg("“%s” stays", text);
}

/* Everything is sent anew first, so that nothing depends on what was on the screen before. */
static void golden(struct play *p, const char *name)
{
    char path[512];

    type(p, "<C-l>");

    snprintf(path, sizeof path, MISREAD_GOLDEN_DIR "/%s.txt", name);
    assert_true(vt_golden(p->vt, path));
}

/* Where any key would close what is to be seen. */
static void golden_as_is(struct play *p, const char *name)
{
    char path[512];

    snprintf(path, sizeof path, MISREAD_GOLDEN_DIR "/%s.txt", name);
    assert_true(vt_golden(p->vt, path));
}

/* Presses keys that leave, and returns how it was left. */
static int leave(struct play *p, const char *keys)
{
    int status;

    vt_keys(p->vt, keys);
    status = vt_wait_exit(p->vt, WAIT_MS);
    assert_true(status >= 0 && WIFEXITED(status));
    assert_true(vt_is_restored(p->vt));
    return WEXITSTATUS(status) - 10;
}

/* ---- what the store says, counted without the code under test ---- */

static struct mr_predictions *stored(struct play *p, int epoch)
{
    struct mr_predictions *predictions = NULL;
    struct mr_error err = {0};

    assert_ok(mr_predictions_load(p->store, p->stage.run, epoch, MR_SIDE_VALID, &predictions, &err),
              err);
    return predictions;
}

static int guess_of(const struct mr_predictions *predictions, int i)
{
    const float *logits = predictions->logits + (size_t)i * STAGE_CLASSES;
    int best = 0;

    for (int c = 1; c < STAGE_CLASSES; c++)
        best = logits[c] > logits[best] ? c : best;
    return best;
}

static int count_of(struct play *p, int epoch, int actual, int predicted)
{
    struct mr_predictions *predictions = stored(p, epoch);
    int n = 0;

    for (int i = 0; i < predictions->n; i++)
        n += predictions->labels[i] == actual && guess_of(predictions, i) == predicted;
    mr_predictions_destroy(predictions);
    return n;
}

/* The misread image with the largest loss; of a cell, or of all with actual -1. */
static int64_t worst_of(struct play *p, int epoch, int actual, int predicted)
{
    struct mr_predictions *predictions = stored(p, epoch);
    float loss = -1;
    int64_t worst = 0;

    for (int i = 0; i < predictions->n; i++) {
        int guess = guess_of(predictions, i);
        bool is_in = actual < 0 ? guess != predictions->labels[i]
                                : predictions->labels[i] == actual && guess == predicted;

        if (is_in && predictions->losses[i] > loss) {
            loss = predictions->losses[i];
            worst = predictions->ids[i];
        }
    }
    mr_predictions_destroy(predictions);
    return worst;
}

static int n_decisions(struct play *p, struct mr_decision **decisions)
{
    struct mr_error err = {0};
    int n = 0;

    assert_ok(mr_decisions_load(p->store, decisions, &n, &err), err);
    return n;
}

static struct mr_review_state state_of(struct play *p, int64_t image)
{
    struct mr_decision *decisions = NULL;
    int n = n_decisions(p, &decisions);
    struct mr_review_state state = mr_review_state_of(decisions, n, image);

    free(decisions);
    return state;
}

static void expect_command(struct play *p, enum mr_command_kind kind, double value)
{
    enum mr_command_kind found_kind = MR_COMMAND_PAUSE;
    double found_value = 0;
    bool found = false;
    struct mr_error err = {0};

    assert_ok(mr_command_take(p->store, p->stage.run, &found_kind, &found_value, &found, &err),
              err);
    assert_true(found);
    assert_int_equal(found_kind, kind);
    assert_float_equal(found_value, value, 1e-9);
}

static void expect_no_command(struct play *p)
{
    enum mr_command_kind kind;
    double value;
    bool found = true;
    struct mr_error err = {0};

    assert_ok(mr_command_take(p->store, p->stage.run, &kind, &value, &found, &err), err);
    assert_false(found);
}

/* ---- screen 1 ---- */

static void train_shows_the_run(void **state)
{
    struct play p = {0};
    struct mr_epoch *epochs = NULL;
    struct mr_error err = {0};
    char share[16];
    int n = 0;

    begin(&p, &done, 24, 80);
    golden(&p, "train_80x24");
    assert_ok(mr_epochs_load(p.store, p.stage.run, &epochs, &n, &err), err);
    assert_int_equal(n, 4);
    for (int i = 0; i < n; i++) {
        snprintf(share, sizeof share, "%.3f", (double)epochs[i].n_correct / epochs[i].n_valid);
        see(&p, share + 1);
    }
    free(epochs);
    assert_int_equal(leave(&p, "q"), MR_TUI_LEAVE);
    end(&p);
}

static void train_fits_a_large_screen(void **state)
{
    struct play p = {0};

    begin(&p, &done, 36, 120);
    golden(&p, "train_120x36");
    end(&p);
}

static void train_says_what_to_press_when_there_is_no_run(void **state)
{
    struct play p = {0};

    begin(&p, NULL, 24, 80);
    golden(&p, "train_empty");
    type(&p, "2");
    see(&p, "No epoch is finished yet");
    type(&p, "3");
    see(&p, "no predictions yet");
    end(&p);
}

static void follows_a_run_that_another_process_trains(void **state)
{
    struct play p = {0};

    begin(&p, &live, 24, 80);
    see(&p, "training");
    see(&p, "epoch 4/4 train");
    assert_int_equal(vt_find(p.vt, " .865 ", NULL), -1);
    stage_train(&p.stage, 415, 448);
    stage_finish_epoch(&p.stage, 4);
    see(&p, ".865");
    see(&p, "  4  .3120"); /* the fourth row of the table */
    assert_int_not_equal(vt_find(p.vt, "esophagitis → normal-z-line", NULL), -1);
    end(&p);
}

static void shows_a_trainer_that_died_as_interrupted(void **state)
{
    struct play p = {0};

    begin(&p, &live, 24, 80);
    see(&p, "training");
    kill_trainer(&p); /* nothing is committed */
    see(&p, "interrupted: S resumes it");
    golden(&p, "train_interrupted");
    type(&p, "S");
    see(&p, "resume run 1");
    end(&p);
}

static void shows_why_a_run_failed(void **state)
{
    struct stage_run failed = done;
    struct play p = {0};

    failed.state = MR_RUN_FAILED;
    failed.message = "the loss was not finite at step 180";
    begin(&p, &failed, 24, 80);
    see(&p, "failed: the loss was not finite at step 180");
    end(&p);
}

static void sends_commands_to_the_run(void **state)
{
    struct play p = {0};

    begin(&p, &live, 24, 80);
    type(&p, "p");
    expect_command(&p, MR_COMMAND_PAUSE, 0);
    type(&p, "E");
    expect_command(&p, MR_COMMAND_STOP_AFTER_EPOCH, 0);
    type(&p, "[");
    expect_command(&p, MR_COMMAND_RATE, 0.8);
    type(&p, "]");
    expect_command(&p, MR_COMMAND_RATE, 1.25);
    type(&p, "C");
    expect_command(&p, MR_COMMAND_CHECKPOINT, 0);
    type(&p, "X"); /* asks; Enter means no */
    expect_no_command(&p);
    type(&p, "<Enter>");
    expect_no_command(&p);
    type(&p, "Xy");
    expect_command(&p, MR_COMMAND_STOP_NOW, 0);
    end(&p);
}

static void sends_nothing_to_a_run_that_has_ended(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "pEXy[]C");
    see(&p, "no run is training");
    expect_no_command(&p);
    end(&p);
}

/* ---- screen 2 ---- */

/* The numbers in a row of the matrix, the cells of which are six columns wide and end before the
 * bar. */
static void read_row(struct play *p, int row, int first_col, int cell_cols,
                     int counts[STAGE_CLASSES])
{
    for (int c = 0; c < STAGE_CLASSES; c++) {
        int n = 0;

        for (int col = 0; col < cell_cols; col++) {
            struct vt_cell cell = vt_cell_at(p->vt, row, first_col + c * cell_cols + col);

            if (cell.character >= '0' && cell.character <= '9')
                n = n * 10 + (int)(cell.character - '0');
        }
        counts[c] = n;
    }
}

static void expect_matrix(struct play *p, int epoch, int first_row, int row_height, int first_col,
                          int cell_cols)
{
    for (int a = 0; a < STAGE_CLASSES; a++) {
        int shown[STAGE_CLASSES];

        read_row(p, first_row + a * row_height, first_col, cell_cols, shown);
        for (int c = 0; c < STAGE_CLASSES; c++) {
            assert_int_equal(shown[c], count_of(p, epoch, a, c));
            if (epoch == STAGE_EPOCHS)
                assert_int_equal(shown[c], stage_matrix[a][c]);
        }
    }
}

static void confusion_shows_what_the_store_holds(void **state)
{
    struct play p = {0};
    int row, col;

    begin(&p, &done, 24, 80);
    type(&p, "2");
    golden(&p, "confusion_80x24");
    row = vt_find(p.vt, "[ 78 ]", &col);
    assert_int_not_equal(row, -1);
    expect_matrix(&p, 4, row, 1, col, 6);
    type(&p, ",,");
    see(&p, "epoch 2 of 4");
    expect_matrix(&p, 2, row, 1, col, 6);
    end(&p);
}

static void confusion_fits_a_large_screen(void **state)
{
    struct play p = {0};
    int row, col;

    begin(&p, &done, 36, 120);
    type(&p, "2");
    golden(&p, "confusion_120x36");
    row = vt_find(p.vt, "[ 78  ]", &col);
    assert_int_not_equal(row, -1);
    expect_matrix(&p, 4, row, 3, col, 7);
    end(&p);
}

/* Enter on a cell: as many images as the cell says, and no others. */
static void expect_cell_opens(struct play *p, int epoch, int actual, int predicted)
{
    int n = count_of(p, epoch, actual, predicted);
    char text[64];

    snprintf(text, sizeof text, "%d image", n);
    type(p, "<Enter>");
    assert_int_equal(vt_find(p->vt, text, NULL), 2);
    type(p, "G");
    snprintf(text, sizeof text, "%d of %d", n, n);
    assert_int_equal(vt_find(p->vt, text, NULL), 2);
    type(p, "<Esc>");
    see(p, "recall");
}

static void a_cell_opens_as_many_images_as_it_counts(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "2"); /* the cursor is on the worst pair */
    expect_cell_opens(&p, 4, 2, 5);
    type(&p, "m");
    expect_cell_opens(&p, 4, 0, 1);
    type(&p, "m");
    expect_cell_opens(&p, 4, 6, 3);
    type(&p, "M");
    type(&p, "M,");
    see(&p, "epoch 3 of 4");
    expect_cell_opens(&p, 3, 2, 5); /* 37: the images follow the epoch */
    type(&p, "<lt>");
    type(&p, "<Home>"); /* the first class read right */
    expect_cell_opens(&p, 1, 0, 0);
    type(&p, "<Right><Right>");
    type(&p, "<Enter>");
    see(&p, "no image of this class was taken for that one");
    end(&p);
}

static void per_cent_is_of_the_row_then_of_the_column(void **state)
{
    struct play p = {0};
    int col = 0, row;
    int shown[STAGE_CLASSES];

    begin(&p, &done, 24, 80);
    type(&p, "2");
    row = vt_find(p.vt, "[ 78 ]", &col);
    type(&p, "%");
    see(&p, "% of row");
    read_row(&p, row + 2, col, 6, shown);
    assert_int_equal(shown[5], 36); /* 36 of 100 */
    type(&p, "%");
    see(&p, "% of column");
    read_row(&p, row + 2, col, 6, shown);
    assert_int_equal(shown[5], 28); /* 36 of 128 predicted */
    end(&p);
}

/* ---- screen 3 ---- */

static void images_of_a_cell_are_sorted_by_loss(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "2<Enter>");
    golden(&p, "images_80x24");
    type(&p, "<Enter>");
    golden(&p, "image_80x24");
    type(&p, "<Right>");
    see(&p, "2 of 36");
    type(&p, "<Left><Left>");
    see(&p, "this is the first image");
    end(&p);
}

static void images_without_a_cell_are_all_that_is_misread(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "3");
    see(&p, "108 misread images"); /* 800 - 692 */
    type(&p, "Fa<Enter>");
    see(&p, "800 images");
    type(&p, "Ft<Enter>");
    see(&p, "160 images");
    type(&p, "Fb<Enter>");
    see(&p, "960 images");
    type(&p, "Fvm<Enter>");
    see(&p, "108 misread images");
    type(&p, "/^esophagitis/<Enter>"); /* a path: 1 + 36 misread */
    see(&p, "37 misread images");
    end(&p);
}

static void pictures_lie_where_the_guards_are(void **state)
{
    struct play p = {0};
    const struct vt_picture *pictures;
    int n, n_whole = 0;

    begin(&p, &done, 24, 80);
    type(&p, "2<Enter>");
    assert_true(vt_pump_until_pictures(p.vt, 6, WAIT_MS));
    vt_pump_quiet(p.vt, 300, WAIT_MS);
    pictures = vt_pictures(p.vt, &n);
    for (int i = 0; i < n; i++) {
        assert_false(pictures[i].on_last_row);
        n_whole += pictures[i].is_whole;
    }
    assert_true(n_whole >= 6);
    end(&p);
}

static void says_why_a_picture_cannot_be_shown(void **state)
{
    struct play p = {.stage = {.has_failing_pictures = true}};

    begin(&p, &done, 24, 80);
    type(&p, "3");
    see(&p, "the file is gone");
    end(&p);
}

static void hostile_names_do_not_reach_the_terminal(void **state)
{
    struct play p = {.stage = {.is_hostile = true}};

    begin(&p, &done, 24, 80);
    type(&p, "3<Enter>y");
    see(&p, "]0;taken");
    assert_int_equal(vt_count(p.vt, "\033]0;"), 0);
    assert_int_equal(vt_count(p.vt, "\a"), 0);
    end(&p);
}

/* ---- decisions ---- */

static void a_relabel_is_in_the_store_when_the_screen_says_saved(void **state)
{
    struct play p = {0};
    struct mr_decision *decisions = NULL;
    int64_t image;

    begin(&p, &done, 24, 80);
    image = worst_of(&p, 4, 2, 5);
    type(&p, "2<Enter>");
    type(&p, "r");
    golden(&p, "picker_80x24");
    vt_keys(p.vt, "6");
    see(&p, "saved: relabel of");
    assert_int_equal(n_decisions(&p, &decisions), 1);
    assert_int_equal(decisions[0].kind, MR_DECISION_RELABEL);
    assert_int_equal(decisions[0].image, image);
    assert_int_equal(decisions[0].from_class, 2);
    assert_int_equal(decisions[0].to_class, 5);
    assert_int_equal(decisions[0].run, p.stage.run);
    assert_int_equal(decisions[0].epoch, 4);
    assert_string_equal(decisions[0].reader, "dr-adams");
    free(decisions);
    vt_pump_quiet(p.vt, 200, WAIT_MS);
    golden(&p, "images_relabelled");
    type(&p, "Fr<Enter>");
    see(&p, "1 relabelled image");
    end(&p);
}

static void enter_in_the_picker_keeps_the_label(void **state)
{
    struct play p = {0};
    struct mr_decision *decisions = NULL;

    begin(&p, &done, 24, 80);
    type(&p, "3r<Enter>");
    see(&p, "the label stays");
    type(&p, "r<Tab><Esc>");
    assert_int_equal(n_decisions(&p, &decisions), 0);
    free(decisions);
    end(&p);
}

static void tab_and_letters_choose_in_the_picker(void **state)
{
    struct play p = {0};
    int64_t image;

    begin(&p, &done, 24, 80);
    image = worst_of(&p, 4, 2, 5);
    type(&p, "2<Enter>");
    vt_keys(p.vt, "r<Tab><Enter>"); /* the model's guess */
    see(&p, "saved: relabel of");
    assert_int_equal(state_of(&p, image).label, 5);
    vt_keys(p.vt, "rulc<Enter>");
    see(&p, "→ ulcerative-colitis");
    see(&p, "saved: relabel of");
    assert_int_equal(state_of(&p, image).label, 7);
    end(&p);
}

static void undo_and_redo_go_as_far_back_as_one_likes(void **state)
{
    struct play p = {0};
    int64_t image;

    begin(&p, &done, 24, 80);
    image = worst_of(&p, 4, -1, -1);
    type(&p, "3");
    vt_keys(p.vt, "f");
    see(&p, "saved: flag of");
    vt_keys(p.vt, "r8");
    see(&p, "saved: relabel of");
    vt_keys(p.vt, "x");
    see(&p, "saved: exclude of");
    assert_true(state_of(&p, image).is_excluded);
    vt_keys(p.vt, "uuu");
    vt_pump_quiet(p.vt, 400, WAIT_MS);
    assert_false(state_of(&p, image).is_excluded);
    assert_int_equal(state_of(&p, image).label, -1);
    assert_false(state_of(&p, image).is_flagged);
    vt_keys(p.vt, "U");
    see(&p, "saved: redo of");
    assert_true(state_of(&p, image).is_flagged);
    assert_int_equal(state_of(&p, image).label, -1);
    vt_keys(p.vt, "f"); /* once more takes it away */
    see(&p, "saved: no more flag of");
    assert_false(state_of(&p, image).is_flagged);
    end(&p);
}

static void a_note_is_typed_and_saved(void **state)
{
    struct play p = {0};
    struct mr_decision *decisions = NULL;

    begin(&p, &done, 24, 80);
    type(&p, "3<Enter>");
    vt_keys(p.vt, "eblurred, ask Ö.<Left><Left><BS>D<Enter>");
    see(&p, "saved: note of");
    assert_int_equal(n_decisions(&p, &decisions), 1);
    assert_string_equal(decisions[0].note, "blurred, askDÖ.");
    free(decisions);
    see(&p, "¶ note");
    end(&p);
}

static void decisions_outside_pictures_ask_to_choose_one(void **state)
{
    struct play p = {0};
    struct mr_decision *decisions = NULL;

    begin(&p, &done, 24, 80);
    type(&p, "2f");
    see(&p, "choose a picture first");
    assert_int_equal(n_decisions(&p, &decisions), 0);
    free(decisions);
    type(&p, "<Tab>");
    vt_keys(p.vt, "f");
    see(&p, "saved: flag of");
    assert_true(state_of(&p, worst_of(&p, 4, 2, 5)).is_flagged);
    end(&p);
}

static void labelling_mode_relabels_at_once_and_goes_on(void **state)
{
    struct play p = {0};
    struct mr_decision *decisions = NULL;
    int col = 0, row;

    begin(&p, &done, 24, 80);
    type(&p, "2<Enter>R");
    row = vt_find(p.vt, "LABELLING", &col);
    assert_int_equal(row, 22);
    type(&p, "62"); /* two images; the digits leave the screen alone */
    see(&p, "3 of 36");
    assert_int_equal(n_decisions(&p, &decisions), 2);
    assert_int_equal(decisions[0].image, worst_of(&p, 4, 2, 5));
    assert_int_equal(decisions[0].to_class, 5);
    assert_int_equal(decisions[1].to_class, 1);
    assert_int_not_equal(decisions[0].image, decisions[1].image);
    free(decisions);
    type(&p, "<Esc>");
    see_no(&p, "LABELLING");
    type(&p, "1"); /* now a digit is a screen again */
    see(&p, "most confused now");
    end(&p);
}

static void what_cannot_be_saved_is_taken_back(void **state)
{
    struct play p = {0};
    char command[700];

    begin(&p, &done, 24, 80);
    type(&p, "3");
    /* somebody breaks the table of decisions behind our back */
    snprintf(command, sizeof command,
             "python3 -c \"import sqlite3; sqlite3.connect('%s/project.db').execute('DROP TABLE "
             "review')\"",
             p.stage.project);
    if (system(command) != 0) {
        end(&p);
        skip_because("no Python with SQLite to break the database with");
    }
    vt_keys(p.vt, "f");
    see(&p, "not saved: flag of");
    assert_int_equal(vt_find(p.vt, "⚑", NULL), -1);
    end(&p);
}

static void labels_then_and_now_differ_by_the_relabel(void **state)
{
    struct play p = {0};
    int row, col;
    int shown[STAGE_CLASSES];

    begin(&p, &done, 24, 80);
    type(&p, "2<Enter>");
    vt_keys(p.vt, "r6");
    see(&p, "saved: relabel");
    type(&p, "<Esc>");
    row = vt_find(p.vt, "[ 78 ]", &col);
    read_row(&p, row + 2, col, 6, shown);
    assert_int_equal(shown[5], 36);
    type(&p, "t");
    see(&p, "labels as now");
    read_row(&p, row + 2, col, 6, shown);
    assert_int_equal(shown[5], 35);
    read_row(&p, row + 5, col, 6, shown);
    assert_int_equal(shown[5], 92);
    type(&p, "<Enter>");
    see(&p, "35 images");
    end(&p);
}

/* ---- start, leave ---- */

static void the_start_sheet_starts_what_it_shows(void **state)
{
    struct play p = {0};
    struct mr_error err = {0};
    char *started = NULL;

    begin(&p, &done, 24, 80);
    type(&p, "S");
    golden(&p, "start_80x24");
    type(&p, "<Left><Down><Left><Down>12<Down><Right><Down><Down><Right>");
    vt_keys(p.vt, "<Enter>");
    see(&p, "starting a run");
    assert_ok(mr_store_get_meta(p.store, "started", &started, &err), err);
    assert_string_equal(started, "resnet18 192 12 128 original 0");
    free(started);
    end(&p);
}

static void a_stopped_run_is_resumed(void **state)
{
    struct stage_run stopped = done;
    struct play p = {0};
    struct mr_error err = {0};
    char *started = NULL;

    stopped.state = MR_RUN_STOPPED;
    begin(&p, &stopped, 24, 80);
    see(&p, "stopped: S resumes it");
    type(&p, "S");
    vt_keys(p.vt, "<Enter>");
    see(&p, "resuming run 1");
    assert_ok(mr_store_get_meta(p.store, "started", &started, &err), err);
    assert_string_equal(started, "resnet34 224 4 64 reviewed 1");
    free(started);
    end(&p);
}

static void leaving_while_training_asks(void **state)
{
    static const struct {
        const char *keys;
        enum mr_tui_exit exit;
    } ways[] = {
        {"q<Enter>", MR_TUI_BACKGROUND},
        {"Qb", MR_TUI_BACKGROUND},
        {"<C-c>e", MR_TUI_STOP_AFTER_EPOCH},
        {"2qs", MR_TUI_STOP_NOW},
    };

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct play p = {.stage = {.is_training = true}};

        begin(&p, &live, 24, 80);
        if (i == 0) {
            type(&p, "q");
            golden(&p, "leave_80x24");
            type(&p, "c"); /* cancel */
            see_no(&p, "keep training");
        }
        assert_int_equal(leave(&p, ways[i].keys), ways[i].exit);
        end(&p);
    }
}

static void a_decision_made_just_before_leaving_is_kept(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "3");
    assert_int_equal(leave(&p, "fQ"), MR_TUI_LEAVE);
    assert_true(state_of(&p, worst_of(&p, 4, -1, -1)).is_flagged);
    end(&p);
}

static void back_leads_out_one_level_at_a_time(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "2<Enter><Enter>");
    see(&p, "by epoch");
    type(&p, "q");
    see(&p, "36 images");
    type(&p, "<BS>");
    see(&p, "recall");
    type(&p, "<Esc><Esc><Esc>"); /* never leaves */
    see(&p, "recall");
    assert_int_equal(leave(&p, "q"), MR_TUI_LEAVE);
    end(&p);
}

/* ---- around it ---- */

static void help_lists_the_keys_of_the_screen(void **state)
{
    struct play p = {0};

    begin(&p, &done, 36, 120);
    type(&p, "?");
    golden_as_is(&p, "help_train");
    type(&p, "<Esc>");
    see_no(&p, "keys of Train");
    end(&p);
}

static void the_palette_does_a_command_by_name(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "2:first ep");
    see(&p, "the first epoch");
    type(&p, "<Enter>");
    see(&p, "epoch 1 of 4");
    end(&p);
}

static void any_size_is_survived(void **state)
{
    static const struct {
        int rows, cols;
    } sizes[] = {{60, 200}, {12, 40}, {3, 9}, {16, 60}, {24, 80}};
    struct play p = {0};

    begin(&p, &done, 24, 80);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        vt_resize(p.vt, sizes[i].rows, sizes[i].cols);
        assert_true(vt_pump_quiet(p.vt, 300, WAIT_MS));
        if (sizes[i].rows == 12)
            see(&p, "need 60x16, have 40x12");
        type(&p, "123");
    }
    type(&p, "1");
    golden(&p, "train_80x24");
    type(&p, "2");
    golden(&p, "confusion_80x24");
    end(&p);
}

static void the_smallest_screen_shows_everything(void **state)
{
    struct play p = {0};

    begin(&p, &done, 16, 60);
    golden(&p, "train_60x16");
    type(&p, "<Tab>"); /* the strip of pictures is folded away until it has the focus */
    see(&p, "misread most");
    type(&p, "2");
    golden(&p, "confusion_60x16");
    type(&p, "<Enter>");
    golden(&p, "images_60x16");
    type(&p, "<Enter>");
    golden(&p, "image_60x16");
    end(&p);
}

static void a_zoomed_pane_fills_the_screen_and_goes_back(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "z");
    see(&p, "polyps → dyed-resection-margins"); /* further down the list than fits otherwise */
    assert_int_equal(vt_find(p.vt, "accuracy", NULL), -1);
    type(&p, "<Esc>");
    golden(&p, "train_80x24");
    end(&p);
}

static void suspends_and_comes_back(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    vt_keys(p.vt, "<C-z>");
    assert_true(vt_wait_stopped(p.vt, WAIT_MS));
    vt_pump(p.vt, 100);
    assert_false(vt_modes(p.vt).alternate_screen);
    vt_kill(p.vt, SIGCONT);
    see(&p, "most confused now");
    assert_true(vt_pump_quiet(p.vt, 300, WAIT_MS));
    golden(&p, "train_80x24");
    end(&p);
}

static void the_screen_is_saved_as_text(void **state)
{
    struct play p = {0};
    char path[700], text[16384];
    const char *row;
    size_t n;
    FILE *f;

    begin(&p, &done, 24, 80);
    type(&p, "2P");
    see(&p, "screen saved as");
    snprintf(path, sizeof path, "%s/screen-1790000000.txt", p.stage.project);
    f = fopen(path, "r");
    assert_non_null(f);
    n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    fclose(f);
    row = vt_screen_text(p.vt, vt_find(p.vt, "[ 78 ]", NULL));
    assert_non_null(strstr(text, row));
    end(&p);
}

static void the_mouse_chooses_and_opens(void **state)
{
    struct play p = {0};
    int row, col;

    begin(&p, &done, 24, 80);
    row = vt_find(p.vt, "2 Confusion", &col);
    vt_mouse(p.vt, VT_MOUSE_CLICK, row, col + 2);
    see(&p, "recall");
    row = vt_find(p.vt, "[ 78 ]", &col);
    vt_mouse(p.vt, VT_MOUSE_CLICK, row, col + 8); /* the cell right of it: 19 */
    see(&p, "19 of 100");
    vt_mouse(p.vt, VT_MOUSE_WHEEL_DOWN, row, col + 8);
    see(&p, "92 of 100 read right");
    end(&p);
}

static void a_hang_up_ends_the_screen(void **state)
{
    struct play p = {0};
    int status;

    begin(&p, &done, 24, 80);
    vt_hang_up(p.vt);
    status = vt_wait_exit(p.vt, WAIT_MS);
    /* by the signal where nobody caught it, or by the loop that saw the terminal go */
    assert_true(status >= 0);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) - 10 == MR_TUI_HANGUP);
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train_shows_the_run),
        cmocka_unit_test(train_fits_a_large_screen),
        cmocka_unit_test(train_says_what_to_press_when_there_is_no_run),
        cmocka_unit_test(follows_a_run_that_another_process_trains),
        cmocka_unit_test(shows_a_trainer_that_died_as_interrupted),
        cmocka_unit_test(shows_why_a_run_failed),
        cmocka_unit_test(sends_commands_to_the_run),
        cmocka_unit_test(sends_nothing_to_a_run_that_has_ended),
        cmocka_unit_test(confusion_shows_what_the_store_holds),
        cmocka_unit_test(confusion_fits_a_large_screen),
        cmocka_unit_test(a_cell_opens_as_many_images_as_it_counts),
        cmocka_unit_test(per_cent_is_of_the_row_then_of_the_column),
        cmocka_unit_test(images_of_a_cell_are_sorted_by_loss),
        cmocka_unit_test(images_without_a_cell_are_all_that_is_misread),
        cmocka_unit_test(pictures_lie_where_the_guards_are),
        cmocka_unit_test(says_why_a_picture_cannot_be_shown),
        cmocka_unit_test(hostile_names_do_not_reach_the_terminal),
        cmocka_unit_test(a_relabel_is_in_the_store_when_the_screen_says_saved),
        cmocka_unit_test(enter_in_the_picker_keeps_the_label),
        cmocka_unit_test(tab_and_letters_choose_in_the_picker),
        cmocka_unit_test(undo_and_redo_go_as_far_back_as_one_likes),
        cmocka_unit_test(a_note_is_typed_and_saved),
        cmocka_unit_test(decisions_outside_pictures_ask_to_choose_one),
        cmocka_unit_test(labelling_mode_relabels_at_once_and_goes_on),
        cmocka_unit_test(what_cannot_be_saved_is_taken_back),
        cmocka_unit_test(labels_then_and_now_differ_by_the_relabel),
        cmocka_unit_test(the_start_sheet_starts_what_it_shows),
        cmocka_unit_test(a_stopped_run_is_resumed),
        cmocka_unit_test(leaving_while_training_asks),
        cmocka_unit_test(a_decision_made_just_before_leaving_is_kept),
        cmocka_unit_test(back_leads_out_one_level_at_a_time),
        cmocka_unit_test(help_lists_the_keys_of_the_screen),
        cmocka_unit_test(the_palette_does_a_command_by_name),
        cmocka_unit_test(any_size_is_survived),
        cmocka_unit_test(the_smallest_screen_shows_everything),
        cmocka_unit_test(a_zoomed_pane_fills_the_screen_and_goes_back),
        cmocka_unit_test(suspends_and_comes_back),
        cmocka_unit_test(the_screen_is_saved_as_text),
        cmocka_unit_test(the_mouse_chooses_and_opens),
        cmocka_unit_test(a_hang_up_ends_the_screen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
