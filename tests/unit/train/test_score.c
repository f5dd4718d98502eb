/* SPDX-License-Identifier: MIT */
#include "lab.h"

#include <math.h>

#include <misread/store/looks.h>
#include <misread/train/score.h>

static struct mr_sandbox *sandbox;

static enum mr_status score(struct mr_predictions **predictions, struct lab *lab, int run,
                            enum mr_side side, enum mr_tta_kind tta, struct mr_error *err)
{
    const struct mr_score what = {.store = lab->store,
                                  .data_dir = lab->data,
                                  .sandbox = sandbox,
                                  .run = run,
                                  .side = side,
                                  .tta = tta};

    return mr_score_run(&what, predictions, err);
}

static struct mr_predictions *scored(struct lab *lab, int run, enum mr_side side,
                                     enum mr_tta_kind tta)
{
    struct mr_predictions *predictions = NULL;
    struct mr_error err;

    assert_ok(score(&predictions, lab, run, side, tta, &err), err);
    return predictions;
}

static int n_looks(struct lab *lab)
{
    struct mr_look *looks = NULL;
    struct mr_error err;
    int n = 0;

    assert_ok(mr_looks_load(lab->store, &looks, &n, &err), err);
    free(looks);
    return n;
}

static double distance(const struct mr_predictions *a, const struct mr_predictions *b)
{
    double most = 0;

    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->ids, b->ids, (size_t)a->n * sizeof *a->ids);
    assert_memory_equal(a->labels, b->labels, (size_t)a->n * sizeof *a->labels);
    for (int i = 0; i < a->n; i++) {
        double apart = fabs((double)a->losses[i] - (double)b->losses[i]);

        most = apart > most ? apart : most;
    }
    return most;
}

/* With an average, too: what validated and what is kept are the same weights. */
static void says_of_validation_images_what_the_kept_epoch_said(void **state)
{
    static const double decays[] = {0, .8};

    for (int i = 0; i < 2; i++) {
        struct lab lab;
        struct mr_train_options o = lab_options();
        struct mr_predictions *then = NULL, *now;
        struct mr_error err;
        int run;

        lab_open(&lab, sandbox);
        o.n_epochs = 1;
        o.ema = decays[i];
        run = lab_train(&lab, &o);
        assert_ok(mr_predictions_load(lab.store, run, 1, MR_SIDE_VALID, &then, &err), err);
        now = scored(&lab, run, MR_SIDE_VALID, MR_TTA_NONE);
        assert_int_equal(now->side, MR_SIDE_VALID);
        assert_true(distance(then, now) < 1e-5);
        assert_int_equal(n_looks(&lab), 0);
        mr_predictions_destroy(then);
        mr_predictions_destroy(now);
        lab_close(&lab);
    }
}

static void averages_over_views_and_always_alike(void **state)
{
    static const enum mr_tta_kind kinds[] = {MR_TTA_V1, MR_TTA_V2};
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_predictions *plain;
    int run;

    lab_open(&lab, sandbox);
    o.n_epochs = 1;
    o.test_fraction = .2;
    run = lab_train(&lab, &o);
    plain = scored(&lab, run, MR_SIDE_TEST, MR_TTA_NONE);
    for (int i = 0; i < 2; i++) {
        struct mr_predictions *a = scored(&lab, run, MR_SIDE_TEST, kinds[i]);
        struct mr_predictions *b = scored(&lab, run, MR_SIDE_TEST, kinds[i]);

        assert_true(distance(a, b) == 0);
        assert_true(distance(a, plain) > 1e-6);
        for (int k = 0; k < a->n; k++) {
            const float *z = a->logits + 2 * k;

            assert_true(fabs(exp((double)z[0]) + exp((double)z[1]) - 1) < 1e-5);
            assert_true(a->losses[k] == -z[a->labels[k]]);
        }
        mr_predictions_destroy(a);
        mr_predictions_destroy(b);
    }
    assert_int_equal(n_looks(&lab), 5);
    mr_predictions_destroy(plain);
    lab_close(&lab);
}

static void refuses_views_that_would_all_be_the_same(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_predictions *predictions = NULL;
    struct mr_error err;
    int run;

    lab_open(&lab, sandbox);
    o.n_epochs = 1;
    o.augment = MR_AUGMENT_NONE;
    run = lab_train(&lab, &o);
    assert_int_equal(score(&predictions, &lab, run, MR_SIDE_VALID, MR_TTA_V2, &err), MR_E_USAGE);
    assert_non_null(strstr(err.message, "--augment none"));
    mr_predictions_destroy(scored(&lab, run, MR_SIDE_VALID, MR_TTA_V1));
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_of_validation_images_what_the_kept_epoch_said),
        cmocka_unit_test(averages_over_views_and_always_alike),
        cmocka_unit_test(refuses_views_that_would_all_be_the_same),
    };

    lab_main(sandbox, tests);
}
