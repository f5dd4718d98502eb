/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/interp/groups.h>
#include <misread/store/images.h>
#include <misread/store/runs.h>

/* Groups: p1 reads 1 of 3, p2 1 of 1, p3 0 of 1, p4 2 of 6; one image stands alone. */
#define N 12
static const char *const group_of[N] = {"p1", "p2", "p4", "p1", "",   "p3",
                                        "p4", "p4", "p1", "p4", "p4", "p4"};
static const int is_right[N] = {1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0};

static void puts_the_worst_group_first(void **state)
{
    struct mr_image_row rows[N] = {{0}};
    struct mr_image_table table = {.rows = rows, .n = N};
    int64_t ids[N];
    int labels[N];
    float logits[2 * N], losses[N] = {0};
    struct mr_predictions predictions = {
        .n = N, .n_classes = 2, .ids = ids, .labels = labels, .logits = logits, .losses = losses};
    struct mr_group_score *scores;

    for (int i = 0; i < N; i++) {
        ids[i] = rows[i].id = i + 1;
        rows[i].group = (char *)group_of[i];
        labels[i] = i % 2;
        logits[2 * i] = (float)(is_right[i] == (i % 2 == 0));
        logits[2 * i + 1] = 1 - logits[2 * i];
    }
    assert_int_equal(mr_groups_of(&predictions, &table, &scores), 4);
    assert_string_equal(scores[0].name, "p3");
    assert_string_equal(scores[1].name, "p4"); /* as p1, but of more images */
    assert_int_equal(scores[1].n, 6);
    assert_int_equal(scores[1].n_correct, 2);
    assert_string_equal(scores[2].name, "p1");
    assert_int_equal(scores[2].n_correct, 1);
    assert_string_equal(scores[3].name, "p2");
    free(scores);
    predictions.n = 0;
    assert_int_equal(mr_groups_of(&predictions, &table, &scores), 0);
    free(scores);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_the_worst_group_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
