/* SPDX-License-Identifier: MIT */
#include "made_up.h"

#include <misread/interp/dynamics.h>
#include <misread/interp/suspects.h>

static struct mr_dynamics *follow(const struct stored *c)
{
    struct mr_dynamics *dynamics = mr_dynamics_create(c->k);

    for (int epoch = 0; epoch < N_EPOCHS; epoch++) {
        struct mr_predictions *p = make_up(c, epoch);

        mr_dynamics_add(dynamics, p);
        mr_predictions_destroy(p);
    }
    return dynamics;
}

static void agrees_with_the_reference(void **state)
{
    for (int s = 0; s < N_STORED; s++) {
        struct mr_dynamics *d = follow(&stored[s]);

        assert_int_equal(d->n, stored[s].n);
        for (int i = 0; i < 8; i++) {
            const struct mr_trace *t = &d->traces[i];
            const double *expected = stored[s].dynamics[i];

            assert_int_equal(t->n, N_EPOCHS);
            assert_float_equal(t->confidence, expected[0], 1e-6);
            assert_float_equal(mr_trace_variability(t), expected[1], 1e-6);
            assert_float_equal((double)t->n_correct / t->n, expected[2], 1e-6);
            assert_float_equal(t->n_correct ? t->n_forgotten : 1000, expected[3], 0);
            assert_float_equal(t->aum, expected[4], 1e-5);
        }
        mr_dynamics_destroy(d);
    }
}

static struct mr_predictions answers(int64_t *ids, int *labels, float *logits, int n)
{
    return (struct mr_predictions){
        .n = n, .n_classes = 2, .ids = ids, .labels = labels, .logits = logits};
}

/* Epoch 1 asks about images 2 and 5, epoch 2 about 1, 2 and 7. */
static void images_may_come_in_some_epochs_only(void **state)
{
    int64_t first_ids[] = {2, 5}, second_ids[] = {1, 2, 7}, expected[] = {1, 2, 5, 7};
    int first_labels[] = {0, 1}, second_labels[] = {1, 0, 1};
    float first_logits[] = {3, 0, 0, 3}, second_logits[] = {0, 3, 0, 3, 0, 3};
    struct mr_predictions first = answers(first_ids, first_labels, first_logits, 2);
    struct mr_predictions second = answers(second_ids, second_labels, second_logits, 3);
    struct mr_dynamics *d = mr_dynamics_create(2);

    mr_dynamics_add(d, &first);
    mr_dynamics_add(d, &second);
    assert_int_equal(d->n, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(d->traces[i].image, expected[i]);
        assert_int_equal(d->traces[i].n, expected[i] == 2 ? 2 : 1);
        assert_int_equal(d->traces[i].n_forgotten, expected[i] == 2);
        assert_int_equal(d->traces[i].label, expected[i] != 2);
    }
    assert_ptr_equal(mr_dynamics_find(d, 5), &d->traces[2]);
    assert_null(mr_dynamics_find(d, 3));
    assert_float_equal(d->traces[1].confidence, .5, 1e-6);
    assert_float_equal(d->traces[1].aum, 0, 1e-6);
    assert_int_equal(mr_dynamics_suggested(d, 0), 1);
    mr_dynamics_destroy(d);
}

static void nothing_is_no_reason_to_fail(void **state)
{
    struct mr_predictions none = answers(NULL, NULL, NULL, 0);
    struct mr_dynamics *d = mr_dynamics_create(2);
    struct mr_suspect *suspects;

    mr_dynamics_add(d, &none);
    assert_int_equal(mr_suspects_of_epochs(d, MR_SUSPECT_AUM, &suspects), 0);
    assert_null(mr_dynamics_find(d, 1));
    free(suspects);
    mr_dynamics_destroy(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_reference),
        cmocka_unit_test(images_may_come_in_some_epochs_only),
        cmocka_unit_test(nothing_is_no_reason_to_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
