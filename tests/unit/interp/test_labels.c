/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/interp/labels.h>
#include <misread/store/images.h>
#include <misread/store/review.h>

/* Images 1, 3, 5, 7, 9 of classes 0, 1, 2, 0, 1. */
static struct mr_image_row rows[] = {{.id = 1, .class_id = 0},
                                     {.id = 3, .class_id = 1},
                                     {.id = 5, .class_id = 2},
                                     {.id = 7, .class_id = 0},
                                     {.id = 9, .class_id = 1}};
static const struct mr_image_table table = {.rows = rows, .n = 5, .n_classes = 3};
static const int64_t ids[] = {1, 4, 5, 7, 9};

static void by_the_folders_an_unknown_image_has_none(void **state)
{
    const int expected[] = {0, -1, 2, 0, 1};
    int labels[5];

    mr_labels_original(labels, ids, 5, &table);
    assert_memory_equal(labels, expected, sizeof labels);
}

static void the_last_decisions_that_stand_count(void **state)
{
    const struct mr_decision decisions[] = {
        {.id = 1, .image = 7, .kind = MR_DECISION_RELABEL, .to_class = 2, .reader = "a"},
        {.id = 2, .image = 1, .kind = MR_DECISION_RELABEL, .to_class = 1, .reader = "a"},
        {.id = 3, .image = 7, .kind = MR_DECISION_RELABEL, .to_class = 1, .reader = "a"},
        {.id = 4, .image = 5, .kind = MR_DECISION_EXCLUDE, .to_class = 1, .reader = "a"},
        {.id = 5, .image = 9, .kind = MR_DECISION_RELABEL, .to_class = 0, .reader = "a"},
        {.id = 6, .image = 9, .kind = MR_DECISION_RELABEL, .to_class = 2, .reader = "b"},
        {.id = 7, .image = 1, .kind = MR_DECISION_EXCLUDE, .to_class = 1, .undone = true},
    };
    /* two readers differ about 9: it stays as it was */
    const int expected[] = {1, -1, -1, 1, 1};
    int labels[5];

    assert_int_equal(mr_labels_reviewed(labels, ids, 5, &table, decisions, 7), 2);
    assert_memory_equal(labels, expected, sizeof labels);
}

static void a_relabel_to_the_folder_s_class_is_no_change(void **state)
{
    const struct mr_decision back = {
        .id = 1, .image = 5, .kind = MR_DECISION_RELABEL, .to_class = 2, .reader = "a"};
    int labels[5];

    assert_int_equal(mr_labels_reviewed(labels, ids, 5, &table, &back, 1), 0);
    assert_int_equal(mr_labels_reviewed(labels, ids, 5, &table, NULL, 0), 0);
    assert_int_equal(labels[2], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_folders_an_unknown_image_has_none),
        cmocka_unit_test(the_last_decisions_that_stand_count),
        cmocka_unit_test(a_relabel_to_the_folder_s_class_is_no_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
