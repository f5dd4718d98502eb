/* SPDX-License-Identifier: MIT */
/*
 * fastai's head in the three body modes, and a ResNet-50 of two images, against PyTorch in double
 * precision; dropout included, whose masks the reference makes anew. Tolerances as in nn/parity.
 */
#include "support.h"

#include <misread/base/pool.h>

#include "../../parity/hashed.h"
#include "head_numbers.h"
#include "updater.h"

static struct mr_pool *pool;

static int set_up(void **state)
{
    struct mr_error err;

    return mr_pool_create(&pool, 2, &err);
}

static int tear_down(void **state)
{
    mr_pool_destroy(pool);
    return 0;
}

static struct mr_model *make_model(const struct head_case *c)
{
    struct mr_model_options options = {.arch = c->arch,
                                       .n_classes = HASHED_CLASSES,
                                       .max_batch = HASHED_BATCH,
                                       .h = HASHED_SIDE,
                                       .w = HASHED_SIDE,
                                       .training = true,
                                       .head = c->head,
                                       .body = c->body};
    struct mr_model *model = NULL;
    struct mr_error err;

    assert_ok(mr_model_create(&model, &options, pool, &err), err);
    mr_model_init(model, 7); /* the seed of the masks */
    hashed_init(model, true);
    return model;
}

static void check_near(const char *what, double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("%s: %.9g where PyTorch has %.9g (tolerance %.2g)", what, got, wanted, tolerance);
}

static void check_logits(const char *what, const float *got, const double *wanted, int n)
{
    for (int i = 0; i < n * HASHED_CLASSES; i++)
        check_near(what, got[i], wanted[i], 1e-4);
}

static void check_gradients(const struct mr_model *model, const struct head_case *c,
                            double tolerance)
{
    static const char *const groups[] = {"early layers", "late layers", "head"};
    float *g = malloc(mr_model_n_params(model) * sizeof *g);
    double squares[MR_N_GROUP] = {0};
    int n_tensors;
    const struct mr_tensor *t = mr_model_tensors(model, &n_tensors);

    for (int i = 0; i < n_tensors; i++)
        if (t[i].is_trained) {
            mr_model_get_grad(model, &t[i], g);
            squares[t[i].group] += pow(hashed_l2(g, t[i].n), 2);
        }
    for (int i = 0; i < MR_N_GROUP; i++)
        check_near(groups[i], sqrt(squares[i]), c->group_l2[i], tolerance * c->group_l2[i]);
    for (size_t i = 0; i < c->n_gradients; i++) {
        const struct head_gradient *wanted = &c->gradients[i];

        t = mr_model_find_tensor(model, wanted->name);
        mr_model_get_grad(model, t, g);
        check_near(t->name, hashed_l2(g, t->n), wanted->l2, tolerance * wanted->l2);
        check_near(t->name, hashed_projection(t->name, g, t->n), wanted->projection,
                   tolerance * wanted->l2);
    }
    free(g);
}

static void check_running(const struct mr_model *model, const struct head_case *c)
{
    float *x = malloc(mr_model_n_params(model) * sizeof *x);

    for (size_t i = 0; i < c->n_running; i++) {
        const struct head_running *wanted = &c->running[i];
        const struct mr_tensor *t = mr_model_find_tensor(model, wanted->name);

        mr_model_get_tensor(model, t, x);
        check_near(t->name, hashed_l2(x, t->n), wanted->l2, 1e-5 * wanted->l2);
        check_near(t->name, hashed_sum(x, t->n), wanted->sum, 1e-5 * wanted->l2);
    }
    free(x);
}

static void check_first_step(const struct head_case *c, double tolerance)
{
    float *images = malloc(sizeof *images * HASHED_BATCH * HASHED_SIDE * HASHED_SIDE * 3);
    struct mr_model *model = make_model(c);
    int labels[HASHED_BATCH];

    hashed_batch(images, labels, 0);
    check_logits("logits in evaluation", mr_model_forward(model, images, c->n, MR_MODE_EVAL),
                 c->eval_logits, c->n);
    check_logits("logits", mr_model_forward(model, images, c->n, MR_MODE_TRAIN), c->logits, c->n);
    check_near("loss", mr_model_loss(model, labels, NULL), c->loss, 1e-5);
    check_running(model, c);
    mr_model_backward(model);
    check_gradients(model, c, tolerance);
    free(images);
    mr_model_destroy(model);
}

/* Steps of AdamW at the rates of slice(3e-5, 3e-3). */
static void check_losses(const struct head_case *c, double tolerance)
{
    float *images = malloc(sizeof *images * HASHED_BATCH * HASHED_SIDE * HASHED_SIDE * 3);
    struct mr_model *model = make_model(c);
    struct mr_updater_options options = mr_updater_options_default();
    struct mr_updater updater;
    double lr[MR_N_GROUP];
    int labels[HASHED_BATCH];
    struct mr_error err;

    options.eps = c->eps;
    options.spares_norms_and_biases = c->spares_norms_and_biases;
    assert_ok(mr_updater_init(&updater, model, &options, &err), err);
    mr_updater_slice(lr, 3e-5, 3e-3);
    for (int step = 0; step < c->n_losses; step++) {
        hashed_batch(images, labels, step % 4);
        mr_model_set_step(model, step);
        mr_model_forward(model, images, c->n, MR_MODE_TRAIN);
        check_near("loss of AdamW", mr_model_loss(model, labels, NULL), c->losses[step], tolerance);
        mr_model_backward(model);
        mr_updater_step(&updater, model, step, lr, .9, pool);
    }
    free(images);
    mr_updater_finish(&updater);
    mr_model_destroy(model);
}

static void trains_body_and_head_as_pytorch_does(void **state)
{
    check_first_step(&trained, 1e-4);
    check_losses(&trained, 1e-4);
}

static void trains_batch_norms_and_head_as_pytorch_does(void **state)
{
    check_first_step(&norm, 1e-4);
    check_losses(&norm, 1e-4);
}

static void trains_the_head_on_a_fixed_body_as_pytorch_does(void **state)
{
    check_first_step(&fixed, 1e-4);
    check_losses(&fixed, 1e-4);
}

static void differentiates_a_resnet50_of_two_images_as_pytorch_does(void **state)
{
    check_first_step(&resnet50, 1e-2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trains_body_and_head_as_pytorch_does),
        cmocka_unit_test(trains_batch_norms_and_head_as_pytorch_does),
        cmocka_unit_test(trains_the_head_on_a_fixed_body_as_pytorch_does),
        cmocka_unit_test(differentiates_a_resnet50_of_two_images_as_pytorch_does),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
