/* SPDX-License-Identifier: MIT */
#include "project.h"

#include <math.h>

#include <misread/base/clock.h>

#include "sql.h"

/* A project with five images, open. */
static struct mr_store *open_with_images(const char *dir)
{
    struct mr_store *store = open_store(dir);

    add_images(store, 5);
    return store;
}

static struct mr_decision toggle(enum mr_decision_kind kind, int64_t image, int is_set)
{
    return (struct mr_decision){.kind = kind, .image = image, .to_class = is_set, .reader = "ann"};
}

static struct mr_decision back_or_forth(enum mr_decision_kind kind, int64_t target,
                                        const char *reader)
{
    struct mr_decision d = {.kind = kind, .target = target};

    snprintf(d.reader, sizeof d.reader, "%s", reader);
    return d;
}

static struct mr_review_state state_of(struct mr_store *store, int64_t image)
{
    struct mr_review_state s;
    struct mr_decision *all;
    struct mr_error err;
    int n;

    assert_ok(mr_decisions_load(store, &all, &n, &err), err);
    s = mr_review_state_of(all, n, image);
    free(all);
    return s;
}

/* The `undone` of all decisions, as "0101". */
static void assert_undone(struct mr_store *store, const char *expected)
{
    struct mr_decision *all;
    struct mr_error err;
    char text[64] = "";
    int n;

    assert_ok(mr_decisions_load(store, &all, &n, &err), err);
    for (int i = 0; i < n; i++)
        text[i] = all[i].undone ? '1' : '0';
    free(all);
    assert_string_equal(text, expected);
}

static void names_its_kinds(void **state)
{
    assert_string_equal(mr_decision_text(MR_DECISION_FLAG), "flag");
    assert_string_equal(mr_decision_text(MR_DECISION_REDO), "redo");
}

static void gives_back_every_field(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_images(dir);
    struct mr_decision in = {.at = 1700000000,
                             .image = 3,
                             .kind = MR_DECISION_RELABEL,
                             .from_class = 0,
                             .to_class = 2,
                             .run = 7,
                             .epoch = 9};
    struct mr_decision *all;
    struct mr_error err;
    int n;

    memset(in.reader, 'r', sizeof in.reader - 1);
    memset(in.note, 'n', sizeof in.note - 1);
    assert_ok(mr_decision_add(store, &in, &err), err);
    assert_int_equal(in.id, 1);
    decide(store, toggle(MR_DECISION_FLAG, 1, 1));
    mr_store_close(store);
    store = open_store(dir);
    assert_ok(mr_decisions_load(store, &all, &n, &err), err);
    assert_int_equal(n, 2);
    assert_int_equal(all[0].id, 1);
    assert_int_equal(all[0].at, 1700000000);
    assert_int_equal(all[0].image, 3);
    assert_int_equal(all[0].kind, MR_DECISION_RELABEL);
    assert_int_equal(all[0].from_class, 0);
    assert_int_equal(all[0].to_class, 2);
    assert_int_equal(all[0].target, 0);
    assert_int_equal(all[0].run, 7);
    assert_int_equal(all[0].epoch, 9);
    assert_string_equal(all[0].reader, in.reader);
    assert_string_equal(all[0].note, in.note);
    assert_false(all[0].undone);
    assert_true(all[1].at >= mr_clock_unix() - 60); /* the store's clock */
    free(all);
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_what_is_not_there(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_images(dir);
    struct mr_decision bad[] = {toggle(MR_DECISION_FLAG, 6, 1), relabel(1, 3, "ann"),
                                relabel(1, -1, "ann"), back_or_forth(MR_DECISION_UNDO, 1, "ann"),
                                back_or_forth(MR_DECISION_REDO, 0, "ann")};
    struct mr_error err;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(mr_decision_add(store, &bad[i], &err), MR_E_NOT_FOUND);
        assert_int_equal(bad[i].id, 0);
        assert_int_equal(bad[i].at, 0);
    }
    assert_undone(store, "");
    decide(store, relabel(5, 2, "ann"));
    mr_store_close(store);
    remove_folder(dir);
}

static void undoes_and_redoes(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_images(dir);
    struct mr_decision undo = back_or_forth(MR_DECISION_UNDO, 2, "ann");
    struct mr_error err;

    decide(store, relabel(4, 1, "ann"));
    decide(store, relabel(4, 2, "ann"));
    assert_int_equal(state_of(store, 4).label, 2);
    assert_ok(mr_decision_add(store, &undo, &err), err);
    assert_int_equal(undo.image, 4); /* the target's */
    assert_undone(store, "010");
    assert_int_equal(state_of(store, 4).label, 1);
    decide(store, back_or_forth(MR_DECISION_UNDO, 1, "ann"));
    assert_undone(store, "1100");
    assert_int_equal(state_of(store, 4).label, -1);
    decide(store, back_or_forth(MR_DECISION_REDO, 2, "ann"));
    assert_undone(store, "10000");
    assert_int_equal(state_of(store, 4).label, 2);
    decide(store, back_or_forth(MR_DECISION_UNDO, 2, "ann")); /* and once more */
    assert_undone(store, "110000");
    mr_store_close(store);
    remove_folder(dir);
}

static void undoes_an_undo(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_images(dir);

    decide(store, relabel(1, 1, "ann"));                      /* 1 */
    decide(store, back_or_forth(MR_DECISION_UNDO, 1, "ann")); /* 2 takes 1 back */
    decide(store, back_or_forth(MR_DECISION_UNDO, 2, "ann")); /* 3 takes 2 back: 1 stands */
    assert_undone(store, "010");
    decide(store, back_or_forth(MR_DECISION_UNDO, 3, "ann")); /* 4: 2 acts again */
    assert_undone(store, "1010");
    decide(store, back_or_forth(MR_DECISION_REDO, 1, "ann")); /* 5: 1 stands */
    assert_undone(store, "00100");
    decide(store, back_or_forth(MR_DECISION_UNDO, 5, "ann")); /* 6: no, it does not */
    assert_undone(store, "101010");
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_to_undo_another_readers_decision(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_images(dir);
    struct mr_decision undo = back_or_forth(MR_DECISION_UNDO, 1, "bob");
    struct mr_decision redo = back_or_forth(MR_DECISION_REDO, 1, "bob");
    struct mr_error err;

    decide(store, relabel(1, 1, "ann"));
    assert_int_equal(mr_decision_add(store, &undo, &err), MR_E_USAGE);
    assert_string_equal(err.message,
                        "cannot undo decision 1: it is ann's, and readers undo only their own");
    assert_undone(store, "0");
    decide(store, back_or_forth(MR_DECISION_UNDO, 1, "ann"));
    assert_int_equal(mr_decision_add(store, &redo, &err), MR_E_USAGE);
    assert_undone(store, "10");
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_to_undo_twice_or_redo_what_stands(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_images(dir);
    struct mr_decision undo = back_or_forth(MR_DECISION_UNDO, 1, "ann");
    struct mr_decision redo = back_or_forth(MR_DECISION_REDO, 1, "ann");
    struct mr_error err;

    decide(store, relabel(1, 1, "ann"));
    assert_int_equal(mr_decision_add(store, &redo, &err), MR_E_USAGE);
    assert_string_equal(err.message, "cannot redo decision 1: it stands");
    decide(store, undo);
    assert_int_equal(mr_decision_add(store, &undo, &err), MR_E_USAGE);
    assert_string_equal(err.message, "cannot undo decision 1: it is undone already");
    assert_undone(store, "10");
    mr_store_close(store);
    remove_folder(dir);
}

static void lets_the_last_toggle_that_stands_win(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_images(dir);
    struct mr_review_state s = state_of(store, 1);
    struct mr_decision note = {
        .kind = MR_DECISION_NOTE, .image = 1, .note = "odd", .reader = "ann"};
    int64_t off;

    assert_false(s.is_flagged || s.is_ambiguous || s.is_excluded || s.has_note || s.is_disputed);
    assert_int_equal(s.label, -1);
    decide(store, toggle(MR_DECISION_FLAG, 1, 1));
    s = state_of(store, 1);
    assert_true(s.is_flagged && !s.is_ambiguous && !s.is_excluded && !s.has_note);
    decide(store, toggle(MR_DECISION_AMBIGUOUS, 1, 1));
    s = state_of(store, 1);
    assert_true(s.is_flagged && s.is_ambiguous && !s.is_excluded && !s.has_note);
    decide(store, toggle(MR_DECISION_EXCLUDE, 1, 1));
    decide(store, note);
    s = state_of(store, 1);
    assert_true(s.is_flagged && s.is_ambiguous && s.is_excluded && s.has_note);
    off = decide(store, toggle(MR_DECISION_FLAG, 1, 0));
    decide(store, toggle(MR_DECISION_EXCLUDE, 1, 0));
    strcpy(note.note, "");
    decide(store, note);
    s = state_of(store, 1);
    assert_true(!s.is_flagged && s.is_ambiguous && !s.is_excluded && !s.has_note);
    decide(store, back_or_forth(MR_DECISION_UNDO, off, "ann"));
    assert_true(state_of(store, 1).is_flagged);
    s = state_of(store, 2); /* nobody said anything of it */
    assert_false(s.is_flagged || s.is_ambiguous || s.is_excluded || s.has_note);
    mr_store_close(store);
    remove_folder(dir);
}

static void keeps_the_label_while_readers_differ(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_images(dir);
    struct mr_review_state s;
    int64_t bobs;

    decide(store, relabel(1, 1, "ann"));
    bobs = decide(store, relabel(1, 2, "bob"));
    s = state_of(store, 1);
    assert_true(s.is_disputed);
    assert_int_equal(s.label, -1);
    decide(store, back_or_forth(MR_DECISION_UNDO, bobs, "bob"));
    s = state_of(store, 1);
    assert_false(s.is_disputed);
    assert_int_equal(s.label, 1);
    decide(store, back_or_forth(MR_DECISION_REDO, bobs, "bob"));
    assert_true(state_of(store, 1).is_disputed);
    decide(store, relabel(1, 2, "ann")); /* ann comes round */
    s = state_of(store, 1);
    assert_false(s.is_disputed);
    assert_int_equal(s.label, 2);
    mr_store_close(store);
    remove_folder(dir);
}

static void does_not_dispute_with_oneself(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_images(dir);
    struct mr_review_state s;

    decide(store, relabel(1, 1, "ann"));
    decide(store, relabel(1, 2, "ann"));
    decide(store, relabel(2, 1, "bob")); /* another image */
    s = state_of(store, 1);
    assert_false(s.is_disputed);
    assert_int_equal(s.label, 2);
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_rows_that_cannot_be(void **state)
{
    static const char *const rows[] = {
        "INSERT INTO review VALUES (1, 1, 1, 'paint', 0, 1, NULL, 0, 0, 'ann', '', NULL, NULL, "
        "NULL, NULL)",
        "INSERT INTO review VALUES (1, 1, 1, 'relabel', 0, 3, NULL, 0, 0, 'ann', '', NULL, NULL, "
        "NULL, NULL)",
        "INSERT INTO review VALUES (1, 1, 1, 'relabel', 3, 1, NULL, 0, 0, 'ann', '', NULL, NULL, "
        "NULL, NULL)",
        "INSERT INTO review VALUES (1, 1, 1, 'undo', 0, 0, NULL, 0, 0, 'ann', '', NULL, NULL, "
        "NULL, NULL)",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *dir = make_folder();
        struct mr_store *store = open_with_images(dir);
        struct mr_decision *all = NULL;
        struct mr_error err;
        int n;

        assert_int_equal(sqlite3_exec(store->db, rows[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(mr_decisions_load(store, &all, &n, &err), MR_E_FORMAT);
        assert_null(all);
        mr_store_close(store);
        remove_folder(dir);
    }
}

static void resolves_a_hundred_thousand_decisions_quickly(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_images(dir);
    struct mr_decision *all;
    struct mr_error err;
    int64_t start;
    int n;

    /* every other one an undo of the one before it, then a chain of undoing undos */
    assert_int_equal(
        sqlite3_exec(store->db,
                     "WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i <"
                     " 100000) INSERT INTO review SELECT i, 1, 1, iif(i % 2, 'flag', 'undo'), 0, 1,"
                     " iif(i % 2, NULL, i - 1), 0, 0, 'ann', '',"
                     " NULL, NULL, NULL, NULL FROM k",
                     NULL, NULL, NULL),
        SQLITE_OK);
    start = mr_clock_ms();
    assert_ok(mr_decisions_load(store, &all, &n, &err), err);
    print_message("100,000 decisions: loaded in %d ms\n", (int)(mr_clock_ms() - start));
    assert_int_equal(n, 100000);
    for (int i = 0; i < n; i++)
        assert_int_equal(all[i].undone, i % 2 == 0);
    free(all);
    mr_store_close(store);
    remove_folder(dir);
}

static struct mr_decision box_of(int64_t image, double x, double y, double w, double h)
{
    return (struct mr_decision){.image = image,
                                .kind = MR_DECISION_BOX,
                                .from_class = -1,
                                .to_class = 1,
                                .box = {x, y, w, h},
                                .reader = "ann"};
}

static void keeps_boxes_and_takes_them_back(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_images(dir);
    int64_t first = decide(store, box_of(2, .1, .2, .3, .4)), undo;
    struct mr_decision *all;
    struct mr_error err;
    int n;

    decide(store, box_of(2, 0, 0, 1, 1));
    assert_int_equal(state_of(store, 2).n_boxes, 2);
    assert_int_equal(state_of(store, 2).label, -1); /* a box is no label of the image */
    undo = decide(store, back_or_forth(MR_DECISION_UNDO, first, "ann"));
    assert_int_equal(state_of(store, 2).n_boxes, 1);
    decide(store, back_or_forth(MR_DECISION_UNDO, undo, "ann"));
    assert_int_equal(state_of(store, 2).n_boxes, 2);
    assert_ok(mr_decisions_load(store, &all, &n, &err), err);
    assert_true(all[0].box.x == .1 && all[0].box.y == .2 && all[0].box.w == .3 &&
                all[0].box.h == .4);
    free(all);
    mr_store_close(store);
    remove_folder(dir);
}

static void refuses_a_box_that_is_not_in_the_picture(void **state)
{
    const struct mr_decision bad[] = {
        box_of(1, -.1, 0, .5, .5), box_of(1, .6, 0, .5, .5), box_of(1, 0, .6, .5, .5),
        box_of(1, 0, 0, 0, .5),    box_of(1, 0, 0, .5, -.1), box_of(1, 0, 0, .5, NAN),
    };
    char *dir = make_folder();
    struct mr_store *store = open_with_images(dir);
    struct mr_error err;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mr_decision d = bad[i];

        assert_int_equal(mr_decision_add(store, &d, &err), MR_E_USAGE);
        assert_non_null(strstr(err.message, "does not lie in the picture"));
    }
    mr_store_close(store);
    remove_folder(dir);
}

static void lets_a_verdict_stand_for_all(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_images(dir);
    struct mr_decision verdict = relabel(1, 2, "cyd");
    int64_t id;

    verdict.kind = MR_DECISION_ADJUDICATE;
    decide(store, relabel(1, 1, "ann"));
    decide(store, relabel(1, 2, "bob"));
    assert_true(state_of(store, 1).is_disputed);
    id = decide(store, verdict);
    assert_false(state_of(store, 1).is_disputed);
    assert_true(state_of(store, 1).is_adjudicated);
    assert_int_equal(state_of(store, 1).label, 2);
    decide(store, relabel(1, 0, "dan")); /* too late */
    assert_int_equal(state_of(store, 1).label, 2);
    decide(store, back_or_forth(MR_DECISION_UNDO, id, "cyd"));
    assert_true(state_of(store, 1).is_disputed);
    assert_int_equal(state_of(store, 1).label, -1);
    mr_store_close(store);
    remove_folder(dir);
}

static void adds_many_or_none(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_with_images(dir);
    int64_t there = decide(store, relabel(1, 1, "ann"));
    struct mr_decision many[] = {relabel(1, 1, "ann"), relabel(2, 1, "ann"),
                                 back_or_forth(MR_DECISION_UNDO, -1, "ann"),
                                 back_or_forth(MR_DECISION_UNDO, -2, "ann"), relabel(9, 1, "ann")};
    struct mr_error err;

    many[0].id = there;
    assert_int_equal(mr_decisions_add(store, many, 5, &err), MR_E_NOT_FOUND);
    assert_int_equal(many[1].id, 0);
    assert_undone(store, "0");
    assert_ok(mr_decisions_add(store, many, 4, &err), err);
    assert_int_equal(many[3].target, many[1].id);
    assert_undone(store, "1100");
    mr_store_close(store);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_its_kinds),
        cmocka_unit_test(gives_back_every_field),
        cmocka_unit_test(refuses_what_is_not_there),
        cmocka_unit_test(undoes_and_redoes),
        cmocka_unit_test(undoes_an_undo),
        cmocka_unit_test(refuses_to_undo_another_readers_decision),
        cmocka_unit_test(refuses_to_undo_twice_or_redo_what_stands),
        cmocka_unit_test(lets_the_last_toggle_that_stands_win),
        cmocka_unit_test(keeps_the_label_while_readers_differ),
        cmocka_unit_test(does_not_dispute_with_oneself),
        cmocka_unit_test(refuses_rows_that_cannot_be),
        cmocka_unit_test(resolves_a_hundred_thousand_decisions_quickly),
        cmocka_unit_test(keeps_boxes_and_takes_them_back),
        cmocka_unit_test(refuses_a_box_that_is_not_in_the_picture),
        cmocka_unit_test(lets_a_verdict_stand_for_all),
        cmocka_unit_test(adds_many_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
