/* SPDX-License-Identifier: MIT */
/*
 * Decisions, starting and leaving: what the screen calls saved is in the store.
 */
#include "play.h"

#include <misread/store/store.h>

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
    expect_decisions(&p, 1, &decisions);
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

static void with_ten_classes_or_more_a_digit_waits_for_the_next(void **state)
{
    struct play p = {.stage = {.has_twelve_classes = true}};
    struct mr_decision *decisions = NULL;
    int64_t image;

    begin(&p, &done, 24, 80);
    image = worst_of(&p, 4, 2, 5);
    type(&p, "2<Enter>r1");
    see(&p, "number or letters, Enter decides");
    type(&p, "2");
    assert_int_equal(n_decisions(&p, &decisions), 0);
    free(decisions);
    vt_keys(p.vt, "<Enter>");
    see(&p, "saved: relabel of");
    assert_int_equal(state_of(&p, image).label, 11);
    vt_keys(p.vt, "r4<Enter>");
    see(&p, "→ normal-cecum");
    see(&p, "saved: relabel of");
    assert_int_equal(state_of(&p, image).label, 3);
    end(&p);
}

static void undo_and_redo_go_as_far_back_as_one_likes(void **state)
{
    struct play p = {0};
    struct mr_decision *decisions = NULL;
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
    expect_decisions(&p, 6, &decisions);
    free(decisions);
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
    expect_decisions(&p, 1, &decisions);
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
    see(&p, "LABELLING");
    row = vt_find(p.vt, "LABELLING", &col);
    assert_int_equal(row, 22);
    type(&p, "62"); /* two images; the digits leave the screen alone */
    see(&p, "3 of 36");
    expect_decisions(&p, 2, &decisions);
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
    see(&p, "[ 78 ]");
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
    type(&p, "<Left><Down><Down>192<Down><Down>128<Down>12<Down><Down><Right>");
    vt_keys(p.vt, "<Enter>");
    see(&p, "starting a run");
    assert_ok(mr_store_get_meta(p.store, "started", &started, &err), err);
    assert_string_equal(started, "resnet18 192 12 128 0.003 original 0");
    free(started);
    end(&p);
}

static void the_start_sheet_fits_a_large_screen(void **state)
{
    struct play p = {0};

    begin(&p, &done, 36, 120);
    type(&p, "S<Down>");
    golden(&p, "start_120x36");
    end(&p);
}

static void the_start_sheet_scrolls_to_what_is_rarely_set(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "SG");
    see(&p, "--group-re REGEX:");
    type(&p, "e");
    type(&p, "patient-..");
    golden(&p, "start_typing");
    type(&p, "<Enter><Home>");
    see(&p, "◀ resnet34 ▶");
    type(&p, "<End>");
    see(&p, "◀ patient-.. ▶");
    end(&p);
}

static void what_a_field_does_not_take_is_said_in_the_sheet(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "S<Down><Down><Down><Down>1<Enter>");
    golden(&p, "start_refused");
    type(&p, "<Esc>");
    see(&p, "◀ 64 ▶"); /* as it was */
    see_no(&p, "cannot use");
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
    assert_string_equal(started, "resnet34 224 4 64 0.003 reviewed 1");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relabel_is_in_the_store_when_the_screen_says_saved),
        cmocka_unit_test(enter_in_the_picker_keeps_the_label),
        cmocka_unit_test(tab_and_letters_choose_in_the_picker),
        cmocka_unit_test(with_ten_classes_or_more_a_digit_waits_for_the_next),
        cmocka_unit_test(undo_and_redo_go_as_far_back_as_one_likes),
        cmocka_unit_test(a_note_is_typed_and_saved),
        cmocka_unit_test(decisions_outside_pictures_ask_to_choose_one),
        cmocka_unit_test(labelling_mode_relabels_at_once_and_goes_on),
        cmocka_unit_test(what_cannot_be_saved_is_taken_back),
        cmocka_unit_test(labels_then_and_now_differ_by_the_relabel),
        cmocka_unit_test(the_start_sheet_starts_what_it_shows),
        cmocka_unit_test(the_start_sheet_fits_a_large_screen),
        cmocka_unit_test(the_start_sheet_scrolls_to_what_is_rarely_set),
        cmocka_unit_test(what_a_field_does_not_take_is_said_in_the_sheet),
        cmocka_unit_test(a_stopped_run_is_resumed),
        cmocka_unit_test(leaving_while_training_asks),
        cmocka_unit_test(a_decision_made_just_before_leaving_is_kept),
        cmocka_unit_test(back_leads_out_one_level_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
