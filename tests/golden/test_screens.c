/* SPDX-License-Identifier: MIT */
/*
 * Screens 1 to 3, seen from the other end of a pseudo-terminal: the real event loop, keys, stored
 * screens. What a screen says is compared with the store as well, so that a stored screen cannot be
 * wrong from birth.
 */
#include <misread/interp/confident.h>
#include <misread/interp/dynamics.h>
#include <misread/interp/suspects.h>
#include <misread/store/foldings.h>

#include "play.h"

/* ---- screen 1 ---- */

static void expect_no_text(struct play *p, const char *text)
{
    assert_int_equal(vt_find(p->vt, text, NULL), -1);
}

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

static void a_loss_above_the_chart_is_marked_and_said(void **state)
{
    struct play p = {.stage = {.has_spike = true}};
    int row, col;

    begin(&p, &done, 24, 80);
    see(&p, "▲ 27.1"); /* its number stands beside the mark */
    row = vt_find(p.vt, "▲", &col);
    assert_int_equal(row, vt_find(p.vt, "● valid", NULL) + 1); /* the chart's first row */
    /* the axis is as without it: the others are not squashed */
    assert_int_equal(vt_cell_at(p.vt, row + 1, 0).character, '2');
    end(&p);
}

static void the_number_of_unreadable_files_is_shown(void **state)
{
    struct play p = {.stage = {.has_damage = true}};

    begin(&p, &done, 24, 80);
    see(&p, "checkpoint 14:12:20  2 skipped");
    end(&p);
}

static void leaving_and_help_are_in_every_footer(void **state)
{
    static const struct {
        const char *keys, *footer;
    } screens[] = {{"1", "? help  q leave"},
                   {"2", "? help  q leave"},
                   {"<Enter>", "? help  q back"},
                   {"<Enter>", "? help  q back"},
                   {"6", "? help  q leave"}};
    static const int cols[] = {60, 80, 120};

    for (size_t i = 0; i < sizeof cols / sizeof *cols; i++) {
        struct play p = {0};

        begin(&p, &live, 24, cols[i]);
        for (size_t j = 0; j < sizeof screens / sizeof *screens; j++) {
            type(&p, screens[j].keys);
            see(&p, screens[j].footer);
            assert_int_equal(vt_find(p.vt, screens[j].footer, NULL), 23);
        }
        end(&p);
    }
}

static void follows_a_run_that_another_process_trains(void **state)
{
    struct play p = {0};

    begin(&p, &live, 24, 80);
    see(&p, "training");
    see(&p, "epoch 4/4 train");
    expect_no_text(&p, " .865 ");
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
    see(&p, "[ 78 ]");
    row = vt_find(p.vt, "[ 78 ]", &col);
    assert_int_not_equal(row, -1);
    expect_matrix(&p, 4, row, 1, col, 6);
    type(&p, ",,");
    see(&p, "epoch 2 of 4");
    expect_matrix(&p, 2, row, 1, col, 6);
    end(&p);
}

static bool is_filled(struct play *p, int row, int col)
{
    struct vt_cell cell = vt_cell_at(p->vt, row, col);

    return !cell.bg_default || cell.reverse;
}

static void cells_are_filled_by_their_share(void **state)
{
    struct play p = {0};
    int row, col;

    begin(&p, &done, 24, 80);
    type(&p, "2");
    see(&p, "[ 78 ]");
    row = vt_find(p.vt, "[ 78 ]", &col) - 1;
    /* lifted as cecum once, never the other way round */
    assert_true(is_filled(&p, row + 1, col + 3 * 6));
    assert_false(is_filled(&p, row + 4, col));
    /* 19 of 100 errors look worse than 7, and both unlike what is right */
    assert_int_not_equal(vt_cell_at(p.vt, row + 1, col + 6).bg, vt_cell_at(p.vt, row + 2, col).bg);
    assert_int_not_equal(vt_cell_at(p.vt, row + 1, col + 6).bg, vt_cell_at(p.vt, row + 1, col).bg);
    end(&p);
}

static void confusion_fits_a_large_screen(void **state)
{
    struct play p = {0};
    int row, col;

    begin(&p, &done, 36, 120);
    type(&p, "2");
    golden(&p, "confusion_120x36");
    see(&p, "[ 78  ]");
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
    see(p, text);
    assert_int_equal(vt_find(p->vt, text, NULL), 2);
    type(p, "G");
    snprintf(text, sizeof text, "%d of %d", n, n);
    see(p, text);
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

static void the_rank_of_a_pair_is_that_of_the_cell_under_the_cursor(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "2m");
    see(&p, "pair 2 of");
    type(&p, "<Down>");
    expect_no_text(&p, "pair 2 of");
    type(&p, "<Up>");
    see(&p, "pair 2 of");
    type(&p, "<Enter>");
    see(&p, "19 images");
    expect_no_text(&p, "pair 2 of");
    end(&p);
}

/* The first epoch's worst pair is empty from the second one on. */
static void the_rank_of_a_pair_follows_a_run_that_trains(void **state)
{
    struct play p = {.stage = {.has_other_start = true}};
    struct stage_run first = {.state = MR_RUN_TRAINING, .n_epochs = 1, .n_steps = 200};

    begin(&p, &first, 24, 80);
    type(&p, "2mM");
    see(&p, "60 of 100");
    see(&p, "pair 1 of");
    stage_finish_epoch(&p.stage, 2);
    see_no(&p, "60 of 100");
    see(&p, "0 of 100"); /* nothing moves under one's eyes */
    expect_no_text(&p, "pair 1 of");
    type(&p, "12"); /* but one does not come back to nothing */
    see(&p, "pair 1 of");
    see(&p, "37 of 100");
    end(&p);
}

static void the_cursor_starts_on_what_is_confused_most_now(void **state)
{
    struct play p = {.stage = {.has_other_start = true}};
    struct stage_run first = {.state = MR_RUN_TRAINING, .n_epochs = 1, .n_steps = 200};

    begin(&p, &first, 24, 80);
    stage_finish_epoch(&p.stage, 2);
    see(&p, "  2  .4949");
    type(&p, "2");
    see(&p, "37 of 100");
    end(&p);
}

static void per_cent_is_of_the_row_then_of_the_column(void **state)
{
    struct play p = {0};
    int col = 0, row;
    int shown[STAGE_CLASSES];

    begin(&p, &done, 24, 80);
    type(&p, "2");
    see(&p, "[ 78 ]");
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

/* The last epoch's answers as if of a cross-validation. */
static struct mr_folding add_folding(struct play *p, bool in_sample)
{
    struct mr_folding folding = {.n_folds = 5, .in_sample = in_sample};
    struct mr_error err;

    folding.options = strdup("{}");
    assert_ok(mr_predictions_load(p->store, p->stage.run, 4, MR_SIDE_VALID, &folding.answers, &err),
              err);
    assert_ok(mr_folding_add(p->store, &folding, &err), err);
    return folding;
}

static void without_a_cross_validation_there_are_no_doubts(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "3sd");
    see(&p, "by doubt");
    type(&p, "Fl<Enter>");
    see(&p, "no cross-validation yet");
    end(&p);
}

/* The image that the epochs' scores put first is counted here once more. */
static void what_the_epochs_said_sorts_the_images(void **state)
{
    struct mr_dynamics *dynamics = mr_dynamics_create(STAGE_CLASSES);
    struct mr_suspect *suspects;
    struct mr_decision *decisions = NULL;
    struct play p = {0};
    char text[64];

    begin(&p, &done, 24, 80);
    for (int epoch = 1; epoch <= 4; epoch++) {
        struct mr_predictions *valid = NULL;
        struct mr_error err;

        assert_ok(mr_predictions_load(p.store, p.stage.run, epoch, MR_SIDE_VALID, &valid, &err),
                  err);
        mr_dynamics_add(dynamics, valid);
        mr_predictions_destroy(valid);
    }
    mr_suspects_of_epochs(dynamics, MR_SUSPECT_AUM, &suspects);
    type(&p, "3Fa<Enter>s");
    golden(&p, "images_sort");
    type(&p, "a");
    see(&p, "by area under the margin");
    see_no(&p, "in-sample");
    type(&p, "ggf");
    expect_decisions(&p, 1, &decisions);
    assert_int_equal(decisions[0].image, suspects[0].image);
    snprintf(text, sizeof text, " %.2f p=", suspects[0].score); /* what it is sorted by */
    see(&p, text);
    type(&p, "Fb<Enter>");
    see(&p, "in-sample"); /* the training side is there too */
    free(decisions);
    free(suspects);
    mr_dynamics_destroy(dynamics);
    end(&p);
}

/* What is on the screen is what was counted here: the least probable label, and how many of the
 * misread are likely wrong. */
static void doubts_of_labels_sort_and_filter_the_images(void **state)
{
    struct mr_folding folding;
    struct mr_suspect *suspects;
    struct mr_confident *confident;
    struct mr_decision *decisions = NULL;
    struct play p = {0};
    char text[64];

    begin(&p, &done, 24, 80);
    folding = add_folding(&p, false);
    confident = mr_confident_of(folding.answers);
    mr_suspects_of(folding.answers, MR_SUSPECT_SELF, &suspects);
    type(&p, "3sd");
    see(&p, "by doubt");
    see_no(&p, "in-sample");
    type(&p, "f");
    expect_decisions(&p, 1, &decisions);
    assert_int_equal(decisions[0].image, suspects[0].image);
    type(&p, "Fl");
    golden(&p, "images_filter");
    type(&p, "<Enter>");
    snprintf(text, sizeof text, "%d misread doubted images", confident->n_flagged);
    see(&p, text);
    free(decisions);
    free(suspects);
    mr_confident_destroy(confident);
    mr_folding_finish(&folding);
    end(&p);
}

static void doubts_that_are_in_sample_say_so(void **state)
{
    struct mr_folding folding;
    struct play p = {0};

    begin(&p, &done, 24, 80);
    folding = add_folding(&p, true);
    type(&p, "3sc");
    see_no(&p, "in-sample");
    type(&p, "sd");
    golden(&p, "images_in_sample");
    mr_folding_finish(&folding);
    end(&p);
}

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
    type(&p, ","); /* a list that is open follows the epoch too */
    see(&p, "of 37");
    type(&p, ".");
    see(&p, "of 36");
    type(&p, "gg<Right>");
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

/* A newcomer's path: every second look lost the training side. */
static void both_sides_stay_shown_through_epochs_labels_and_sorting(void **state)
{
    static const char *const steps[][2] = {
        {"3Fab<Enter>", "epoch 4"}, {",", "epoch 3"},    {",", "epoch 2"},
        {".", "epoch 3"},           {"t", "labels"},     {"t", "epoch 3"},
        {"sp", "by probability"},   {"<lt>", "epoch 1"},
    };
    struct play p = {0};

    begin(&p, &done, 24, 80);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        type(&p, steps[i][0]);
        see(&p, steps[i][1]);
        see(&p, "960 images");
    }
    type(&p, "/^dyed.*jpg<Enter>"); /* by path: two classes */
    see(&p, "240 images");
    type(&p, "sc.");
    see(&p, "by confidence");
    see(&p, "240 images");
    end(&p);
}

static void one_image_shows_every_class_and_its_whole_path(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "2<Enter><Enter>");
    golden(&p, "image_80x24");
    see(&p, "path        esophagitis/");
    see(&p, "split       valid");
    for (int row = 6; row < 6 + STAGE_CLASSES; row++)
        assert_int_equal(vt_cell_at(p.vt, row, 76).character, '.'); /* a share: .98, .01 ... */
    end(&p);
}

static void a_path_longer_than_the_line_is_shown_whole(void **state)
{
    struct play p = {.stage = {.has_deep_paths = true}};

    begin(&p, &done, 24, 80);
    type(&p, "2<Enter>y");
    see(&p, "path (not copied)");
    see(&p, "/data/kvasir-v2/esophagitis/centre-of-gastroenterology");
    see(&p, "examinations-of-2024/second-reader/selected-for-teaching");
    see(&p, "ae71db30.jpg");
    type(&p, "<Esc>");
    see_no(&p, "second-reader");
    see(&p, "36 images"); /* Esc closed it and nothing else */
    end(&p);
}

/* Pictures that nothing was written over; none may touch the last row. */
static int count_whole(struct vt *vt)
{
    int n, n_whole = 0;
    const struct vt_picture *pictures = vt_pictures(vt, &n);

    for (int i = 0; i < n; i++) {
        assert_false(pictures[i].on_last_row);
        n_whole += pictures[i].is_whole;
    }
    return n_whole;
}

static void pictures_lie_where_the_guards_are(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "2<Enter>");
    for (int waited = 0; count_whole(p.vt) < 6 && waited < WAIT_MS; waited += 200)
        vt_pump(p.vt, 200);
    vt_pump_quiet(p.vt, 300, WAIT_MS);
    assert_true(count_whole(p.vt) >= 6);
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

static void pictures_that_failed_are_asked_for_anew(void **state)
{
    static const char *const ways[] = {"<C-l>", "3"};

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct play p = {.stage = {.has_late_pictures = true}};

        begin(&p, &done, 24, 80);
        see(&p, "the file …");
        type(&p, ways[i]);
        see_no(&p, "the file");
        end(&p);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train_shows_the_run),
        cmocka_unit_test(train_fits_a_large_screen),
        cmocka_unit_test(train_says_what_to_press_when_there_is_no_run),
        cmocka_unit_test(a_loss_above_the_chart_is_marked_and_said),
        cmocka_unit_test(the_number_of_unreadable_files_is_shown),
        cmocka_unit_test(leaving_and_help_are_in_every_footer),
        cmocka_unit_test(follows_a_run_that_another_process_trains),
        cmocka_unit_test(shows_a_trainer_that_died_as_interrupted),
        cmocka_unit_test(shows_why_a_run_failed),
        cmocka_unit_test(sends_commands_to_the_run),
        cmocka_unit_test(sends_nothing_to_a_run_that_has_ended),
        cmocka_unit_test(confusion_shows_what_the_store_holds),
        cmocka_unit_test(cells_are_filled_by_their_share),
        cmocka_unit_test(confusion_fits_a_large_screen),
        cmocka_unit_test(a_cell_opens_as_many_images_as_it_counts),
        cmocka_unit_test(the_rank_of_a_pair_is_that_of_the_cell_under_the_cursor),
        cmocka_unit_test(the_rank_of_a_pair_follows_a_run_that_trains),
        cmocka_unit_test(the_cursor_starts_on_what_is_confused_most_now),
        cmocka_unit_test(per_cent_is_of_the_row_then_of_the_column),
        cmocka_unit_test(without_a_cross_validation_there_are_no_doubts),
        cmocka_unit_test(what_the_epochs_said_sorts_the_images),
        cmocka_unit_test(doubts_of_labels_sort_and_filter_the_images),
        cmocka_unit_test(doubts_that_are_in_sample_say_so),
        cmocka_unit_test(images_of_a_cell_are_sorted_by_loss),
        cmocka_unit_test(images_without_a_cell_are_all_that_is_misread),
        cmocka_unit_test(both_sides_stay_shown_through_epochs_labels_and_sorting),
        cmocka_unit_test(one_image_shows_every_class_and_its_whole_path),
        cmocka_unit_test(a_path_longer_than_the_line_is_shown_whole),
        cmocka_unit_test(pictures_lie_where_the_guards_are),
        cmocka_unit_test(says_why_a_picture_cannot_be_shown),
        cmocka_unit_test(pictures_that_failed_are_asked_for_anew),
        cmocka_unit_test(hostile_names_do_not_reach_the_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
