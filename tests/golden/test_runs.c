/* SPDX-License-Identifier: MIT */
/* Screen 7 and what is compared on screen 2: another epoch, another run. */
#include "play.h"

#include <misread/base/alloc.h>
#include <misread/store/images.h>
#include <misread/store/store.h>

static void says_what_it_is_for(void **state)
{
    struct play p = {0};

    begin(&p, NULL, 24, 80);
    type(&p, "7");
    see(&p, "No run yet.");
    end(&p);
}

static void a_row_for_every_run_and_why_one_failed(void **state)
{
    struct play p = {.stage = {.has_more_runs = true}};

    begin(&p, &done, 24, 80);
    type(&p, "7");
    see(&p, "    34");
    golden(&p, "runs_80x24");
    type(&p, "<Up>");
    see(&p, "no memory for the weights");
    type(&p, " ");
    see(&p, "run 2 has no finished epoch to compare");
    end(&p);
}

static void fits_a_large_screen_and_the_smallest(void **state)
{
    struct play p = {.stage = {.has_more_runs = true}};

    begin(&p, &done, 36, 120);
    type(&p, "7");
    see(&p, "reviewed, 34");
    golden(&p, "runs_120x36");
    vt_resize(p.vt, 16, 60);
    assert_true(vt_pump_quiet(p.vt, 300, WAIT_MS));
    golden(&p, "runs_60x16");
    end(&p);
}

static void a_live_run_is_a_row_too(void **state)
{
    struct play p = {0};

    begin(&p, &live, 24, 80);
    type(&p, "7");
    see(&p, "run 1: training");
    see(&p, "3/4");
    stage_finish_epoch(&p.stage, 4);
    see(&p, "4/4");
    end(&p);
}

static void enter_opens_a_run_in_all_screens(void **state)
{
    struct play p = {.stage = {.has_more_runs = true}};

    begin(&p, &done, 24, 80);
    see(&p, "run 3");
    type(&p, "7<Home>");
    type(&p, "<Enter>");
    see(&p, "run 1 ·");
    type(&p, "2");
    see(&p, "[ 63 ]");
    see(&p, "epoch 4 of 4");
    end(&p);
}

static void the_learning_curve_of_a_run_is_below_the_table(void **state)
{
    struct play p = {.stage = {.has_more_runs = true}};

    begin(&p, &done, 36, 120);
    type(&p, "7");
    see(&p, "misread curve DATA --run 3");
    stage_add_learning(&p.stage, 3, false);
    see(&p, "from 3600 to 7200 training images accuracy rose by");
    golden(&p, "learning_120x36");
    type(&p, "<Up>");
    see_no(&p, "from 3600");
    see_no(&p, "misread curve"); /* that run failed: it has no body to ask */
    type(&p, "<Up>");
    see(&p, "misread curve DATA --run 1");
    vt_resize(p.vt, 16, 60);
    assert_true(vt_pump_quiet(p.vt, 300, WAIT_MS));
    type(&p, "<End>");
    see(&p, "accuracy rose by");
    end(&p);
}

static void a_curve_in_sample_is_marked(void **state)
{
    struct play p = {.stage = {.has_more_runs = true}};

    begin(&p, &done, 24, 80);
    stage_add_learning(&p.stage, 3, false);
    stage_add_learning(&p.stage, 3, true); /* the last one counts */
    type(&p, "7");
    see(&p, "interval  in-sample");
    see(&p, "the body had learned from all of them");
    golden(&p, "learning_80x24");
    end(&p);
}

/* Images of a cell at the last epochs of two runs, counted without the code under test. */
static int count_in(struct play *p, int run, int epoch, int actual, int predicted)
{
    int n, shown = p->stage.run;

    p->stage.run = run;
    n = count_of(p, epoch, actual, predicted);
    p->stage.run = shown;
    return n;
}

static void two_marked_runs_are_compared_cell_by_cell(void **state)
{
    struct play p = {.stage = {.has_more_runs = true}};
    char text[64];
    int by;

    begin(&p, &done, 24, 80);
    type(&p, "7d");
    see(&p, "Space marks the two runs to compare");
    type(&p, " <Home>");
    type(&p, " d");
    see(&p, "run 1 → run 3");
    golden(&p, "difference_80x24");
    by = count_in(&p, 3, 3, 2, 5) - count_in(&p, 1, 4, 2, 5);
    snprintf(text, sizeof text, "%d:", by);
    see(&p, text);
    type(&p, "<Enter>");
    see(&p, "changed");
    snprintf(text, sizeof text, "%d changed images", -by);
    see(&p, text);
    end(&p);
}

/* The older of two runs gets another epoch while they are compared. */
static void a_comparison_follows_the_epochs_of_both_runs(void **state)
{
    static const struct stage_run three = {.state = MR_RUN_STOPPED, .n_epochs = 3, .n_steps = 336};
    struct play p = {.stage = {.has_more_runs = true}};
    char text[64];

    begin(&p, &three, 24, 80);
    type(&p, "7 <Home>");
    type(&p, " d");
    see(&p, "run 1 → run 3");
    snprintf(text, sizeof text, "%d:", count_in(&p, 3, 3, 2, 5) - count_in(&p, 1, 3, 2, 5));
    see(&p, text);
    p.stage.run = 1;
    stage_finish_epoch(&p.stage, 4);
    p.stage.run = 3;
    snprintf(text, sizeof text, "%d:", count_in(&p, 3, 3, 2, 5) - count_in(&p, 1, 4, 2, 5));
    see(&p, text);
    end(&p);
}

static void the_difference_of_two_epochs_follows_the_travel(void **state)
{
    struct play p = {0};

    begin(&p, &done, 36, 120);
    type(&p, "2d");
    see(&p, "epoch 3 → 4");
    golden(&p, "difference_120x36");
    type(&p, ",");
    see(&p, "epoch 2 → 3");
    type(&p, "d");
    see_no(&p, "2 → 3");
    type(&p, "<lt>d");
    see(&p, "there is no epoch before this one");
    end(&p);
}

/* Every step of a journey back shows what the store holds for that epoch. */
static void images_and_predictions_follow_the_travel(void **state)
{
    struct play p = {0};
    char text[64];

    begin(&p, &done, 24, 80);
    type(&p, "2");
    type(&p, "<Enter>"); /* the worst pair's images */
    for (int epoch = STAGE_EPOCHS; epoch > 1; epoch--) {
        snprintf(text, sizeof text, "%d images", count_of(&p, epoch, 2, 5));
        see(&p, text);
        type(&p, ",");
        snprintf(text, sizeof text, " epoch %d/4", epoch - 1);
        see(&p, text); /* behind the tabs, as long as it is not the last */
    }
    type(&p, "<Enter>");
    see(&p, " epoch 1/4");
    type(&p, "1");
    see_no(&p, " epoch 1/4");
    end(&p);
}

/* ---- many classes ---- */

#define MANY    37 /* as many as there are breeds in the Oxford pets */
#define MANY_OF 4  /* images of each */
#define N_MANY  (MANY * MANY_OF)

static void make_many_images(struct play *p)
{
    struct mr_image_table *table = mr_xalloc(1, sizeof *table);
    struct mr_error err = {0};

    table->n_classes = MANY;
    table->classes = mr_xalloc(MANY, sizeof *table->classes);
    for (int c = 0; c < MANY; c++)
        table->classes[c] = mr_xasprintf("%02d-breed", c);
    table->n = N_MANY;
    table->rows = mr_xalloc(N_MANY, sizeof *table->rows);
    for (int i = 0; i < N_MANY; i++) {
        struct mr_image_row *row = &table->rows[i];

        row->class_id = i / MANY_OF;
        row->side = MR_SIDE_VALID;
        snprintf(row->hash, sizeof row->hash, "%064d", i);
        row->path = mr_xasprintf("%s/%d.jpg", table->classes[row->class_id], i);
        row->group = mr_xstrdup("");
        row->reason = mr_xstrdup("");
    }
    assert_ok(mr_images_save(p->store, table, &err), err);
    mr_images_destroy(table);
}

/* All is right but three pairs: 5 taken for 9, 20 for 21, 33 for 2. */
static int many_guess(int i)
{
    static const int pairs[][3] = {{5, 9, 3}, {20, 21, 2}, {33, 2, 1}};

    for (int k = 0; k < 3; k++)
        if (i / MANY_OF == pairs[k][0] && i % MANY_OF < pairs[k][2])
            return pairs[k][1];
    return i / MANY_OF;
}

static void make_many_read(struct play *p)
{
    struct mr_run run = {.state = MR_RUN_DONE,
                         .arch = "resnet18",
                         .size_px = 64,
                         .n_epochs = 1,
                         .n_classes = MANY,
                         .n_valid = N_MANY};
    const struct mr_epoch epoch = {.epoch = 1, .n_correct = N_MANY - 6, .n_valid = N_MANY};
    int64_t ids[N_MANY];
    int labels[N_MANY];
    float losses[N_MANY] = {0};
    float *logits = mr_xalloc((size_t)N_MANY * MANY, sizeof *logits);
    const struct mr_predictions read = {.run = 1,
                                        .epoch = 1,
                                        .n = N_MANY,
                                        .n_classes = MANY,
                                        .side = MR_SIDE_VALID,
                                        .ids = ids,
                                        .labels = labels,
                                        .losses = losses,
                                        .logits = logits};
    struct mr_error err = {0};

    for (int i = 0; i < N_MANY; i++) {
        ids[i] = i + 1;
        labels[i] = i / MANY_OF;
        logits[i * MANY + many_guess(i)] = 4;
    }
    assert_ok(mr_run_create(p->store, &run, &err), err);
    assert_ok(mr_epoch_add(p->store, 1, &epoch, &read, NULL, &err), err);
    free(logits);
}

static void many_classes_collapse_to_those_that_confuse(void **state)
{
    struct play p = {.stage = {.run = 1}};
    struct mr_error err = {0};

    p.dir = make_folder();
    snprintf(p.stage.project, sizeof p.stage.project, "%s/.misread", p.dir);
    assert_ok(mr_store_open(&p.store, p.stage.project, MR_STORE_CREATE, &err), err);
    make_many_images(&p);
    make_many_read(&p);
    open_screens(&p, 24, 80);
    type(&p, "2");
    see(&p, "6/37"); /* the cursor's class of all */
    type(&p, "c");
    see(&p, "6 of 37");
    golden(&p, "collapsed_80x24");
    type(&p, "<Home>"); /* the first and last of those that are shown */
    see(&p, "02-breed");
    type(&p, "<End>");
    see(&p, "33-breed");
    type(&p, "m");
    see(&p, "3 of 4");
    type(&p, "<Enter>");
    see(&p, "3 images");
    type(&p, "<Esc>");
    type(&p, "c");
    see(&p, "6/37");
    golden(&p, "many_80x24");
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_is_for),
        cmocka_unit_test(a_row_for_every_run_and_why_one_failed),
        cmocka_unit_test(fits_a_large_screen_and_the_smallest),
        cmocka_unit_test(a_live_run_is_a_row_too),
        cmocka_unit_test(enter_opens_a_run_in_all_screens),
        cmocka_unit_test(the_learning_curve_of_a_run_is_below_the_table),
        cmocka_unit_test(a_curve_in_sample_is_marked),
        cmocka_unit_test(two_marked_runs_are_compared_cell_by_cell),
        cmocka_unit_test(a_comparison_follows_the_epochs_of_both_runs),
        cmocka_unit_test(the_difference_of_two_epochs_follows_the_travel),
        cmocka_unit_test(images_and_predictions_follow_the_travel),
        cmocka_unit_test(many_classes_collapse_to_those_that_confuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
