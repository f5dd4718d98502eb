/* SPDX-License-Identifier: MIT */
/*
 * Screen 4, boxes, disputes and the blind second reading.
 */
#include "play.h"

#include <misread/store/store.h>

static struct mr_decision said(enum mr_decision_kind kind, int64_t image, int to_class,
                               const char *reader, int minute)
{
    struct mr_decision d = {.at = 1790000000 + 60 * minute,
                            .image = image,
                            .kind = kind,
                            .from_class = kind == MR_DECISION_RELABEL ? 2 : 0,
                            .to_class = to_class,
                            .run = 1,
                            .epoch = 4};

    snprintf(d.reader, sizeof d.reader, "%s", reader);
    return d;
}

static void add(struct play *p, struct mr_decision d)
{
    struct mr_error err;

    assert_ok(mr_decision_add(p->store, &d, &err), err);
}

/* A dispute about the worst esophagitis, a flag with a note, an exclusion that was taken back. */
static int64_t add_history(struct play *p)
{
    int64_t worst = worst_of(p, 4, 2, 5), other = worst_of(p, 4, 1, 0);
    struct mr_decision note = said(MR_DECISION_NOTE, other, 0, "dr-brown", 3);
    struct mr_decision undo = said(MR_DECISION_UNDO, 0, 0, "dr-brown", 5);

    snprintf(note.note, sizeof note.note, "ask the endoscopist");
    undo.target = 5;
    add(p, said(MR_DECISION_RELABEL, worst, 5, "dr-brown", 0));
    add(p, said(MR_DECISION_RELABEL, worst, 6, "dr-adams", 1));
    add(p, said(MR_DECISION_FLAG, other, 1, "dr-brown", 2));
    add(p, note);
    add(p, said(MR_DECISION_EXCLUDE, other, 1, "dr-brown", 4));
    add(p, undo);
    return worst;
}

static void every_decision_is_listed_filtered_and_opened(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    add_history(&p);
    type(&p, "4");
    see(&p, "ask the endoscopist");
    golden(&p, "review_80x24");
    type(&p, "F");
    golden(&p, "review_filter");
    type(&p, "r2<Enter>");
    see_no(&p, "dr-brown    ");
    see_no(&p, "endoscopist");
    see(&p, "dr-adams");
    type(&p, "Fa0<Enter><End><Enter>");
    see(&p, "readers disagree");
    type(&p, "<Esc>");
    see(&p, "decided about");
    type(&p, "<Esc>");
    see(&p, "decisions, the newest first");
    vt_keys(p.vt, "u"); /* one's own last one */
    see(&p, "saved: undo of");
    see(&p, "(undone)");
    end(&p);
}

static void decisions_stand_beside_each_other_on_a_wide_screen(void **state)
{
    struct play p = {0};

    begin(&p, &done, 36, 120);
    add_history(&p);
    type(&p, "4");
    see(&p, "ask the endoscopist");
    golden(&p, "review_120x36");
    end(&p);
}

static void nothing_decided_says_so(void **state)
{
    struct play p = {0};

    begin(&p, NULL, 16, 60);
    type(&p, "4");
    see(&p, "nobody has decided anything yet");
    type(&p, "B");
    see(&p, "nobody else has decided anything");
    end(&p);
}

static void a_dispute_is_found_and_ended(void **state)
{
    struct play p = {0};
    int64_t worst;

    begin(&p, &done, 24, 80);
    worst = add_history(&p);
    assert_true(state_of(&p, worst).is_disputed);
    type(&p, "3Fp<Enter>");
    see(&p, "1 disputed image");
    vt_keys(p.vt, "A6");
    see(&p, "saved: adjudicate of");
    assert_false(state_of(&p, worst).is_disputed);
    assert_int_equal(state_of(&p, worst).label, 5);
    type(&p, "Fu<Enter>");
    see(&p, "798 undecided images");
    type(&p, "A");
    see(&p, "readers do not disagree");
    end(&p);
}

/* ---- boxes ---- */

static void a_box_is_drawn_with_keys(void **state)
{
    struct play p = {0};
    struct mr_decision *decisions = NULL;

    begin(&p, &done, 24, 80);
    type(&p, "3<Enter>b");
    assert_int_equal(vt_find(p.vt, "Enter save  arrows move", NULL), 23);
    assert_int_equal(vt_find(p.vt, "v view", NULL), -1);
    golden(&p, "box_80x24");
    vt_send(p.vt, "\033[1;2C\033[1;2B", 12); /* Shift-Right, Shift-Down */
    type(&p, "<Left><Left><Up>LHJ-8");
    golden(&p, "box_drawn");
    vt_keys(p.vt, "<Enter>");
    see(&p, "saved: box of");
    expect_decisions(&p, 1, &decisions);
    assert_int_equal(decisions[0].kind, MR_DECISION_BOX);
    assert_int_equal(decisions[0].to_class, 7);
    assert_float_equal(decisions[0].box.x, .22, 1e-9);
    assert_float_equal(decisions[0].box.y, .24, 1e-9);
    assert_float_equal(decisions[0].box.w, .50, 1e-9);
    assert_float_equal(decisions[0].box.h, .52, 1e-9);
    free(decisions);
    type(&p, "b<Esc>");
    vt_keys(p.vt, "u");
    see(&p, "saved: undo of");
    assert_int_equal(state_of(&p, worst_of(&p, 4, -1, -1)).n_boxes, 0);
    end(&p);
}

static void where_there_are_no_pictures_a_box_is_an_outline(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "3<Enter>");
    vt_send(p.vt, "\007", 1); /* ^g: half blocks */
    see(&p, "pictures: half");
    vt_send(p.vt, "\007", 1);
    see(&p, "pictures: none");
    vt_keys(p.vt, "b<Enter>");
    see(&p, "saved: box of");
    type(&p, "bLLLLKKKK");
    golden(&p, "box_cells");
    end(&p);
}

static void two_clicks_put_the_corners_of_a_box(void **state)
{
    struct play p = {0};
    struct mr_decision *decisions = NULL;
    const struct mr_box *box;

    begin(&p, &done, 24, 80);
    type(&p, "3<Enter>b");
    vt_mouse(p.vt, VT_MOUSE_CLICK, 16, 30);
    vt_mouse(p.vt, VT_MOUSE_CLICK, 8, 12);
    vt_keys(p.vt, "<Enter>");
    see(&p, "saved: box of");
    expect_decisions(&p, 1, &decisions);
    box = &decisions[0].box;
    /* 42 x 19 cells from (3, 1), all of their width taken */
    assert_float_equal(box->x, 11.5 / 42, .02);
    assert_float_equal(box->w, 18. / 42, .02);
    assert_true(box->y > 0 && box->h > .3 && box->y + box->h < 1);
    free(decisions);
    end(&p);
}

/* ---- the blind second reading ---- */

static void a_blind_reading_shows_the_picture_and_nothing_else(void **state)
{
    struct play p = {0};
    struct mr_decision *decisions = NULL;
    int n;

    begin(&p, &done, 24, 80);
    add(&p, said(MR_DECISION_RELABEL, worst_of(&p, 4, 2, 5), 5, "dr-brown", 0));
    add(&p, said(MR_DECISION_FLAG, worst_of(&p, 4, 1, 0), 1, "dr-brown", 1));
    type(&p, "4");
    see(&p, "relabel");
    see(&p, "flag"); /* both are known */
    type(&p, "B");
    see(&p, "4 to go");
    see_no(&p, "dr-brown");
    assert_int_equal(vt_find(p.vt, "digit class  Left Right image  u undo  Esc leave", NULL), 23);
    assert_int_equal(vt_find(p.vt, "B blind second reading", NULL), -1);
    golden(&p, "blind_80x24");
    vt_keys(p.vt, "3");
    see(&p, "saved: relabel of the image");
    see(&p, "3 to go");
    type(&p, "<Esc>");
    see(&p, "dr-brown");
    type(&p, "B"); /* goes on where it was */
    see(&p, "3 to go");
    type(&p, "u");
    see(&p, "4 to go");
    vt_keys(p.vt, "3333");
    see(&p, "second reading of 4 images is done");
    n = expect_decisions(&p, 8, &decisions);
    assert_int_equal(n, 8);
    for (int i = 4; i < 8; i++) {
        assert_int_equal(decisions[i].kind, MR_DECISION_RELABEL);
        assert_string_equal(decisions[i].reader, "dr-adams");
        assert_string_equal(decisions[i].note, "second reading");
    }
    free(decisions);
    type(&p, "<Esc>");
    golden(&p, "review_agreement");
    type(&p, "<Enter>");
    see(&p, "dr-brown and dr-adams differ");
    type(&p, "4B");
    see(&p, "you have read all of them");
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_decision_is_listed_filtered_and_opened),
        cmocka_unit_test(decisions_stand_beside_each_other_on_a_wide_screen),
        cmocka_unit_test(nothing_decided_says_so),
        cmocka_unit_test(a_dispute_is_found_and_ended),
        cmocka_unit_test(a_box_is_drawn_with_keys),
        cmocka_unit_test(where_there_are_no_pictures_a_box_is_an_outline),
        cmocka_unit_test(two_clicks_put_the_corners_of_a_box),
        cmocka_unit_test(a_blind_reading_shows_the_picture_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
