/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/file.h>
#include <misread/data/loader.h>
#include <misread/store/images.h>
#include <misread/store/review.h>

#include "samples.h"

/* Ids 1..8 of three classes: 1-5 train, 6-8 valid; 4 is unreadable, 5 missing. */
static void make_table(struct mr_image_table *table, struct mr_image_row rows[8])
{
    static char *classes[] = {"a", "b", "c"};

    memset(rows, 0, 8 * sizeof *rows);
    for (int i = 0; i < 8; i++)
        rows[i] = (struct mr_image_row){
            .id = i + 1, .class_id = i % 3, .side = i < 5 ? MR_SIDE_TRAIN : MR_SIDE_VALID};
    rows[3].state = MR_IMAGE_UNREADABLE;
    rows[4].state = MR_IMAGE_MISSING;
    *table = (struct mr_image_table){.classes = classes, .n_classes = 3, .rows = rows, .n = 8};
}

static struct mr_decision relabel(int64_t id, int64_t image, int to, const char *reader)
{
    struct mr_decision d = {
        .id = id, .image = image, .kind = MR_DECISION_RELABEL, .from_class = 0, .to_class = to};

    snprintf(d.reader, sizeof d.reader, "%s", reader);
    return d;
}

static void takes_readable_images_of_both_sides_in_order(void **state)
{
    struct mr_image_table table;
    struct mr_image_row rows[8];
    struct mr_samples s;
    struct mr_error err;

    make_table(&table, rows);
    assert_ok(mr_samples_build(&s, &table, NULL, NULL, 0, MR_LABELS_REVIEWED, &err), err);
    assert_int_equal(s.n_classes, 3);
    assert_int_equal(s.n_train, 3);
    assert_int_equal(s.n_valid, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(s.train[i].image, i + 1);
        assert_int_equal(s.train[i].label, i % 3);
        assert_int_equal(s.valid[i].image, i + 6);
        assert_int_equal(s.valid[i].label, (i + 5) % 3);
    }
    mr_samples_finish(&s);
}

static void obeys_reviews_unless_told_otherwise(void **state)
{
    struct mr_image_table table;
    struct mr_image_row rows[8];
    struct mr_decision decisions[] = {
        relabel(1, 1, 2, "ann"),
        relabel(2, 2, 0, "ann"),
        relabel(3, 2, 2, "bob"), /* disputed: image 2 keeps its class 1 */
        {.id = 4, .image = 6, .kind = MR_DECISION_EXCLUDE, .to_class = 1, .reader = "ann"},
        relabel(5, 7, 99, "ann"), /* no such class */
    };
    struct mr_samples s;
    struct mr_error err;

    make_table(&table, rows);
    assert_ok(mr_samples_build(&s, &table, NULL, decisions, 5, MR_LABELS_REVIEWED, &err), err);
    assert_int_equal(s.train[0].label, 2);
    assert_int_equal(s.train[1].label, 1);
    assert_int_equal(s.n_valid, 2);
    assert_int_equal(s.valid[0].image, 7);
    assert_int_equal(s.valid[0].label, 0);
    mr_samples_finish(&s);
    assert_ok(mr_samples_build(&s, &table, NULL, decisions, 5, MR_LABELS_ORIGINAL, &err), err);
    assert_int_equal(s.train[0].label, 0);
    assert_int_equal(s.n_valid, 3);
    mr_samples_finish(&s);
}

static void says_that_a_side_is_empty(void **state)
{
    struct mr_image_table table;
    struct mr_image_row rows[8];
    struct mr_samples s;
    struct mr_error err;

    make_table(&table, rows);
    for (int i = 5; i < 8; i++)
        rows[i].side = MR_SIDE_TEST;
    assert_int_equal(mr_samples_build(&s, &table, NULL, NULL, 0, MR_LABELS_REVIEWED, &err),
                     MR_E_USAGE);
    assert_non_null(strstr(err.message, "3 readable images to train on and 0 to validate"));
}

static void comes_back_from_its_file_with_its_hash(void **state)
{
    char *folder = make_folder();
    char path[200];
    struct mr_image_table table;
    struct mr_image_row rows[8];
    struct mr_samples s, back, other;
    struct mr_error err;

    snprintf(path, sizeof path, "%s/samples.txt", folder);
    make_table(&table, rows);
    assert_ok(mr_samples_build(&s, &table, NULL, NULL, 0, MR_LABELS_REVIEWED, &err), err);
    assert_ok(mr_samples_save(&s, path, &err), err);
    assert_ok(mr_samples_load(&back, path, &err), err);
    assert_string_equal(s.hash, back.hash);
    assert_int_equal(strlen(s.hash), 64);
    assert_int_equal(back.n_classes, 3);
    assert_int_equal(back.n_train, 3);
    assert_int_equal(back.n_valid, 3);
    assert_memory_equal(back.train, s.train, 3 * sizeof *s.train);
    assert_memory_equal(back.valid, s.valid, 3 * sizeof *s.valid);
    /* another label is another list */
    rows[0].class_id = 2;
    assert_ok(mr_samples_build(&other, &table, NULL, NULL, 0, MR_LABELS_REVIEWED, &err), err);
    assert_ok(mr_samples_save(&other, path, &err), err);
    assert_string_not_equal(s.hash, other.hash);
    mr_samples_finish(&s);
    mr_samples_finish(&back);
    mr_samples_finish(&other);
    remove_folder(folder);
}

static void refuses_a_damaged_file(void **state)
{
    static const char *const bad[] = {
        "",
        "misread samples 2\nclasses 2\ntrain 1 0\ntrain 2 1\nvalid 3 0\n",
        "misread samples 1\nclasses 1\ntrain 1 0\ntrain 2 0\nvalid 3 0\n",
        "misread samples 1\nclasses 2\ntrain 1 0\ntrain 2 2\nvalid 3 0\n",  /* label */
        "misread samples 1\nclasses 2\ntrain 2 0\ntrain 2 1\nvalid 3 0\n",  /* twice */
        "misread samples 1\nclasses 2\ntrain 1 0\ntrain 2 -1\nvalid 3 0\n", /* sign */
        "misread samples 1\nclasses 2\ntrain 1 0\ntrain 2 1\nvalid 3 0",    /* cut */
        "misread samples 1\nclasses 2\ntrain 1 0\ntrain 2 1\n",             /* a side */
        "misread samples 1\nclasses 2\ntrain 1 0\nvalid 3 0\ntrain 2 1\n",  /* order */
        "misread samples 1\nclasses 2\ntrain 1 0\ntrain 99999999999999999999 1\nvalid 3 0\n",
    };
    char *folder = make_folder();
    char path[200];

    snprintf(path, sizeof path, "%s/samples.txt", folder);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mr_file_part part = {bad[i], strlen(bad[i])};
        struct mr_samples s = {.n_train = 77};
        struct mr_error err;

        assert_ok(mr_file_write(path, 0600, &part, 1, &err), err);
        assert_int_equal(mr_samples_load(&s, path, &err), MR_E_FORMAT);
        assert_int_equal(s.n_train, 77);
    }
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_readable_images_of_both_sides_in_order),
        cmocka_unit_test(obeys_reviews_unless_told_otherwise),
        cmocka_unit_test(says_that_a_side_is_empty),
        cmocka_unit_test(comes_back_from_its_file_with_its_hash),
        cmocka_unit_test(refuses_a_damaged_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
