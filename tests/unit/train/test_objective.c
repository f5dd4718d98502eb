/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/base/pool.h>
#include <misread/base/rng.h>
#include <misread/data/loader.h>
#include <misread/kernel/softmax.h>
#include <misread/nn/model.h>
#include <misread/train/options.h>

#include "batch.h"
#include "objective.h"

enum { N = 9, ROW = 5 };

/* Every image has its number as its label, and pixels that only it has. */
struct table {
    float x[N * ROW], plain[N * ROW], losses[N], shares[N], spare[ROW];
    int labels[N], others[N], order[N];
    struct mr_batch batch;
};

static void fill(struct table *t)
{
    memset(t, 0, sizeof *t);
    for (int i = 0; i < N * ROW; i++)
        t->plain[i] = t->x[i] = (float)(i * i);
    for (int i = 0; i < N; i++)
        t->labels[i] = i;
    t->batch = (struct mr_batch){.x = t->x,
                                 .losses = t->losses,
                                 .labels = t->labels,
                                 .others = t->others,
                                 .order = t->order,
                                 .shares = t->shares,
                                 .spare = t->spare};
}

static void mixes_each_image_with_the_one_whose_label_it_takes(void **state)
{
    struct mr_objective objective = {.mixup = .4, .seed = 3};
    int n_strangers = 0, n_little = 0;

    for (int step = 0; step < 20; step++) {
        int taken[N] = {0};
        struct table t;

        fill(&t);
        mr_objective_mix(&objective, &t.batch, N, ROW, step);
        for (int i = 0; i < N; i++) {
            const float *x = t.plain + i * ROW, *y = t.plain + t.others[i] * ROW;
            float s = t.shares[i];

            assert_int_equal(t.labels[i], i);
            assert_true(s >= .5 && s <= 1);
            taken[t.others[i]]++;
            n_strangers += t.others[i] != i;
            n_little += s < .75;
            for (int p = 0; p < ROW; p++)
                assert_true(fabs(t.x[i * ROW + p] - (s * x[p] + (1 - s) * y[p])) < 1e-3);
        }
        for (int i = 0; i < N; i++)
            assert_int_equal(taken[i], 1);
    }
    assert_true(n_strangers > 120 && n_strangers < 180); /* of 180, a ninth meet themselves */
    /* P(.25 < Beta(.4, .4) < .75) = .33: 180 draws, 4 standard errors */
    assert_true(n_little > 34 && n_little < 85);
}

static void mixes_by_seed_and_step_alone(void **state)
{
    struct mr_objective objective = {.mixup = .4, .seed = 3};
    struct table a, b;

    fill(&a);
    fill(&b);
    mr_objective_mix(&objective, &a.batch, N, ROW, 7);
    mr_objective_mix(&objective, &b.batch, N, ROW, 7);
    assert_memory_equal(a.x, b.x, sizeof a.x);
    fill(&b);
    mr_objective_mix(&objective, &b.batch, N, ROW, 8);
    assert_memory_not_equal(a.shares, b.shares, sizeof a.shares);
    fill(&b);
    objective.seed = 4;
    mr_objective_mix(&objective, &b.batch, N, ROW, 7);
    assert_memory_not_equal(a.shares, b.shares, sizeof a.shares);
}

static void leaves_images_alone_without_mixup(void **state)
{
    struct mr_objective objective = {.smoothing = .1};
    struct table t;

    fill(&t);
    mr_objective_mix(&objective, &t.batch, N, ROW, 0);
    assert_memory_equal(t.x, t.plain, sizeof t.x);
}

static void weighs_classes_by_how_rare_they_are(void **state)
{
    struct mr_sample samples[10] = {{0}};
    struct mr_train_options o = mr_train_defaults();
    struct mr_objective objective;

    for (int i = 0; i < 10; i++)
        samples[i].label = i < 6 ? 2 : i < 9 ? 0 : 3;
    mr_objective_init(&objective, &o, samples, 10, 4);
    assert_null(objective.weights);
    mr_objective_finish(&objective);
    o.class_weights = MR_CLASS_WEIGHTS_BALANCED;
    mr_objective_init(&objective, &o, samples, 10, 4);
    assert_true(objective.weights[0] == (float)(10. / 12));
    assert_true(objective.weights[1] == 0);
    assert_true(objective.weights[2] == (float)(10. / 24));
    assert_true(objective.weights[3] == (float)(10. / 4));
    mr_objective_finish(&objective);
}

static void keeps_each_images_own_cross_entropy_whatever_the_loss(void **state)
{
    enum { K = 3, SIDE = 32, B = 4 };
    struct mr_model_options options = {MR_ARCH_RESNET18, K, B, SIDE, SIDE, true};
    static float x[B * SIDE * SIDE * 3];
    float losses[B], own[B], weights[K] = {.5f, 2, 1.25f};
    int labels[B] = {0, 2, 1, 2};
    struct mr_batch batch = {.losses = losses, .labels = labels};
    struct mr_objective plain = {0}, other = {.smoothing = .3, .weights = weights};
    struct mr_rng rng = mr_rng_make(1, 2, 3, 4);
    struct mr_pool *pool = NULL;
    struct mr_model *model = NULL;
    const float *logits;
    struct mr_error err;
    double mean;

    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = (float)mr_rng_normal(&rng);
    assert_ok(mr_pool_create(&pool, 1, &err), err);
    assert_ok(mr_model_create(&model, &options, pool, &err), err);
    mr_model_init(model, 7);
    logits = mr_model_forward(model, x, B, MR_MODE_TRAIN);
    mean = mr_softmax_loss(own, logits, labels, B, K);
    assert_true(mr_objective_loss(&plain, &batch, model) == mean);
    assert_memory_equal(losses, own, sizeof own);
    memset(losses, 0, sizeof losses);
    assert_true(fabs(mr_objective_loss(&other, &batch, model) - mean) > 1e-3);
    assert_memory_equal(losses, own, sizeof own);
    mr_model_destroy(model);
    mr_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixes_each_image_with_the_one_whose_label_it_takes),
        cmocka_unit_test(mixes_by_seed_and_step_alone),
        cmocka_unit_test(leaves_images_alone_without_mixup),
        cmocka_unit_test(weighs_classes_by_how_rare_they_are),
        cmocka_unit_test(keeps_each_images_own_cross_entropy_whatever_the_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
