/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

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
    assert_int_equal(s.n_relabelled, 1);
    assert_int_equal(s.n_excluded, 1);
    mr_samples_finish(&s);
    assert_ok(mr_samples_build(&s, &table, NULL, decisions, 5, MR_LABELS_ORIGINAL, &err), err);
    assert_int_equal(s.train[0].label, 0);
    assert_int_equal(s.n_valid, 3);
    assert_int_equal(s.n_relabelled + s.n_excluded, 0);
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

/* ---- a portion of them ---- */

#define N_MANY    300
#define N_CLASSES 4

/* Of the classes 0 .. 3 there are 3, 40, 100, 157 images; half are of groups of five. */
static void make_many(struct mr_image_table *table, struct mr_image_row *rows, char texts[][24])
{
    static char *classes[] = {"a", "b", "c", "d"};

    for (int i = 0; i < N_MANY; i++) {
        snprintf(texts[i], sizeof texts[i], "%s%d", i % 10 < 5 ? "patient" : "", i / 10);
        rows[i] = (struct mr_image_row){.id = 2 * i + 1,
                                        .class_id = i < 3     ? 0
                                                    : i < 43  ? 1
                                                    : i < 143 ? 2
                                                              : 3,
                                        .side = MR_SIDE_TRAIN,
                                        .group = i % 10 < 5 ? texts[i] : ""};
        snprintf(rows[i].hash, sizeof rows[i].hash, "%064x", i);
    }
    *table = (struct mr_image_table){.classes = classes, .n_classes = 4, .rows = rows, .n = N_MANY};
}

static struct mr_samples portion_of(const struct mr_image_table *table, double share, uint64_t seed)
{
    struct mr_samples s = {.n_classes = N_CLASSES, .n_train = N_MANY};

    s.train = calloc(N_MANY, sizeof *s.train);
    for (int i = 0; i < N_MANY; i++)
        s.train[i] = (struct mr_sample){table->rows[i].id, table->rows[i].class_id};
    mr_samples_keep(&s, table, &(struct mr_portion){share, seed});
    return s;
}

static bool has(const struct mr_samples *s, int64_t image)
{
    for (int i = 0; i < s->n_train; i++)
        if (s->train[i].image == image)
            return true;
    return false;
}

static void a_portion_keeps_every_class_and_all_that_a_smaller_one_does(void **state)
{
    static const int n_of[N_CLASSES] = {3, 40, 100, 157};
    static char texts[N_MANY][24];
    static struct mr_image_row rows[N_MANY];
    struct mr_image_table table;

    make_many(&table, rows, texts);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct mr_samples smaller = portion_of(&table, .01, seed);

        for (int step = 1; step <= 20; step++) {
            struct mr_samples s = portion_of(&table, step / 20., seed);
            int n[N_CLASSES] = {0};

            for (int i = 0; i < s.n_train; i++) {
                n[s.train[i].label]++;
                assert_true(!i || s.train[i].image > s.train[i - 1].image);
            }
            for (int c = 0; c < N_CLASSES; c++) {
                double wanted = fmax(2, n_of[c] * step / 20.);

                assert_true(fabs(n[c] - wanted) <= .5);
            }
            for (int i = 0; i < smaller.n_train; i++)
                assert_true(has(&s, smaller.train[i].image));
            mr_samples_finish(&smaller);
            smaller = s;
        }
        assert_int_equal(smaller.n_train, N_MANY);
        mr_samples_finish(&smaller);
    }
}

/* At most one group of a class is torn, the one in which its share ends. */
static void a_portion_takes_group_after_group_and_another_seed_others(void **state)
{
    static char texts[N_MANY][24];
    static struct mr_image_row rows[N_MANY];
    struct mr_image_table table;
    struct mr_samples a, b;
    int n_torn = 0, n_both = 0;

    make_many(&table, rows, texts);
    a = portion_of(&table, .3, 1);
    b = portion_of(&table, .3, 2);
    for (int first = 150; first + 5 <= N_MANY; first += 10) { /* groups within the last class */
        int n = 0;

        for (int i = first; i < first + 5; i++)
            n += has(&a, rows[i].id);
        n_torn += n % 5 != 0;
    }
    for (int i = 0; i < a.n_train; i++)
        n_both += has(&b, a.train[i].image);
    assert_true(n_torn <= 1);
    assert_int_equal(a.n_train, b.n_train);
    assert_true(n_both < a.n_train * 2 / 3);
    mr_samples_finish(&a);
    mr_samples_finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_readable_images_of_both_sides_in_order),
        cmocka_unit_test(obeys_reviews_unless_told_otherwise),
        cmocka_unit_test(says_that_a_side_is_empty),
        cmocka_unit_test(comes_back_from_its_file_with_its_hash),
        cmocka_unit_test(refuses_a_damaged_file),
        cmocka_unit_test(a_portion_keeps_every_class_and_all_that_a_smaller_one_does),
        cmocka_unit_test(a_portion_takes_group_after_group_and_another_seed_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
