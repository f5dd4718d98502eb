/* SPDX-License-Identifier: MIT */
/* A whole step with all that may be asked of one, in the order of the training loop. */
#include "support.h"

#include <math.h>

#include <misread/base/pool.h>
#include <misread/base/rng.h>
#include <misread/nn/model.h>
#include <misread/train/options.h>

#include "allocations.h"
#include "average.h"
#include "batch.h"
#include "objective.h"
#include "updater.h"

enum { K = 3, SIDE = 32, B = 4, N_BATCHES = 2 };

struct lab {
    struct mr_pool *pool;
    struct mr_model *model;
    struct mr_updater updater;
    struct mr_batch batch;
    struct mr_objective objective;
    float *average;
};

static void lab_open(struct lab *lab, enum mr_head_kind head, enum mr_body_mode body)
{
    struct mr_model_options options = {.arch = MR_ARCH_RESNET18,
                                       .n_classes = K,
                                       .max_batch = B,
                                       .h = SIDE,
                                       .w = SIDE,
                                       .training = true,
                                       .head = head,
                                       .body = body};
    struct mr_updater_options updating = mr_updater_options_default();
    float *weights = malloc(K * sizeof *weights);
    struct mr_error err;

    *lab = (struct lab){.objective = {.smoothing = .1, .mixup = .4, .weights = weights, .seed = 3}};
    weights[0] = .5f;
    weights[1] = weights[2] = 2;
    updating.clip = .1;
    updating.gathers = true;
    assert_ok(mr_pool_create(&lab->pool, 2, &err), err);
    assert_ok(mr_model_create(&lab->model, &options, lab->pool, &err), err);
    assert_ok(mr_updater_init(&lab->updater, lab->model, &updating, &err), err);
    assert_ok(mr_batch_init(&lab->batch, lab->model, &err), err);
    mr_model_init(lab->model, 7);
    lab->average = calloc(mr_model_n_params(lab->model), sizeof *lab->average);
}

static void lab_close(struct lab *lab)
{
    free(lab->average);
    mr_objective_finish(&lab->objective);
    mr_batch_finish(&lab->batch);
    mr_updater_finish(&lab->updater);
    mr_model_destroy(lab->model);
    mr_pool_destroy(lab->pool);
}

static void fill(struct mr_batch *b, int number)
{
    struct mr_rng rng = mr_rng_make(1, (uint64_t)number, 0, 0);

    for (int i = 0; i < B * SIDE * SIDE * 3; i++)
        b->x[i] = (float)mr_rng_between(&rng, -2, 2);
    for (int i = 0; i < B; i++)
        b->labels[i] = i % K;
}

static void make_step(struct lab *lab, int step)
{
    static const double rates[MR_N_GROUP] = {1e-4, 1e-4, 1e-3};
    struct mr_model *model = lab->model;
    struct mr_batch *b = &lab->batch;

    for (int i = 0; i < N_BATCHES; i++) {
        int number = step * N_BATCHES + i;

        fill(b, number);
        mr_objective_mix(&lab->objective, b, B, (size_t)SIDE * SIDE * 3, number);
        mr_model_set_step(model, number);
        mr_model_forward(model, b->x, B, MR_MODE_TRAIN);
        assert_true(isfinite(mr_objective_loss(&lab->objective, b, model)));
        mr_model_backward(model);
        mr_updater_gather(&lab->updater, model, B, lab->pool);
    }
    mr_updater_step(&lab->updater, model, step, rates, .9, lab->pool);
    mr_average_add(lab->average, mr_model_params(model), mr_model_n_params(model),
                   mr_average_share(.9, step), lab->pool);
    mr_average_swap(lab->average, mr_model_params(model), mr_model_n_params(model));
    mr_average_swap(lab->average, mr_model_params(model), mr_model_n_params(model));
}

static void allocates_nothing_with_clipping_mixup_average_and_accumulation(void **state)
{
    static const struct {
        enum mr_head_kind head;
        enum mr_body_mode body;
    } cases[] = {{MR_HEAD_PLAIN, MR_BODY_TRAINED}, {MR_HEAD_CONCAT, MR_BODY_NORM}};

    if (!COUNTS_ALLOCATIONS)
        skip_because("a sanitizer owns malloc");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lab lab;

        lab_open(&lab, cases[i].head, cases[i].body);
        n_allocations = 0;
        free(malloc(1)); /* the counter works */
        assert_int_equal(n_allocations, 1);
        n_allocations = 0;
        for (int step = 0; step < 2; step++)
            make_step(&lab, step);
        assert_int_equal(n_allocations, 0);
        lab_close(&lab);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocates_nothing_with_clipping_mixup_average_and_accumulation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
