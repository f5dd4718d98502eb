/* SPDX-License-Identifier: MIT */
/*
 * The hashed networks against PyTorch in double precision.
 *
 * How tight: rounding alone moves gradients by 1e-6. But networks of a million activations have
 * some so close to ReLU's kink that rounding decides on which side they fall (1.9e-6 in layer1.1 of
 * ResNet-18), and one flip moves the gradients in front of it by up to 1e-2 of their length. The
 * kernels keep sums short, and src/kernel/product.c chooses how short by these networks; after a
 * change of the order of sums a failure of some gradients by 1e-3 would mean such a flip.
 */
#include "support.h"

#include <misread/base/pool.h>
#include <misread/kernel/kernels.h>

#include "parity/hashed.h"
#include "parity/steps.h"
#include "parity_numbers.h"

struct limits {
    double gradient;   /* of the gradient's length */
    double sgd, adamw; /* absolute, over 20 steps; 0: not run */
};

static struct mr_pool *pool;
static const struct mr_kernels *kernels;

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

static struct mr_model *make_model(const struct parity_case *c)
{
    struct mr_model_options options = {c->arch,     HASHED_CLASSES, HASHED_BATCH, HASHED_SIDE,
                                       HASHED_SIDE, true,           kernels};
    struct mr_model *model = NULL;
    struct mr_error err;

    assert_ok(mr_model_create(&model, &options, pool, &err), err);
    hashed_init(model, c->tame);
    return model;
}

static void check_near(const char *what, double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("%s: %.9g where PyTorch has %.9g (tolerance %.2g)", what, got, wanted, tolerance);
}

/* Within 1e-4 of the largest. */
static void check_logits(const char *what, const float *got, const double *wanted)
{
    double largest = 0;

    for (int i = 0; i < HASHED_BATCH * HASHED_CLASSES; i++)
        largest = fmax(largest, fabs(wanted[i]));
    for (int i = 0; i < HASHED_BATCH * HASHED_CLASSES; i++)
        check_near(what, got[i], wanted[i], 1e-4 * largest);
}

static void check_gradients(const struct mr_model *model, const struct parity_case *c,
                            double tolerance)
{
    float *g = malloc(mr_model_n_params(model) * sizeof *g);

    for (int i = 0; i < c->n_gradients; i++) {
        const struct parity_gradient *wanted = &c->gradients[i];
        const struct mr_tensor *t = mr_model_find_tensor(model, wanted->name);

        assert_non_null(t);
        mr_model_get_grad(model, t, g);
        check_near(t->name, hashed_l2(g, t->n), wanted->l2, tolerance * wanted->l2);
        check_near(t->name, hashed_projection(t->name, g, t->n), wanted->projection,
                   tolerance * wanted->l2);
    }
    free(g);
}

static void check_running(const struct mr_model *model, const struct parity_case *c)
{
    float *x = malloc(mr_model_n_params(model) * sizeof *x);

    for (int i = 0; i < c->n_running; i++) {
        const struct parity_running *wanted = &c->running[i];
        const struct mr_tensor *t = mr_model_find_tensor(model, wanted->name);

        assert_non_null(t);
        mr_model_get_tensor(model, t, x);
        check_near(t->name, hashed_l2(x, t->n), wanted->l2, 1e-5 * wanted->l2);
        check_near(t->name, hashed_sum(x, t->n), wanted->sum, 1e-5 * wanted->l2);
    }
    free(x);
}

static void check_first_step(struct mr_model *model, const struct parity_case *c, double tolerance)
{
    float *images = malloc(sizeof *images * HASHED_BATCH * HASHED_SIDE * HASHED_SIDE * 3);
    int labels[HASHED_BATCH];

    hashed_batch(images, labels, 0);
    check_logits("logits in evaluation",
                 mr_model_forward(model, images, HASHED_BATCH, MR_MODE_EVAL), c->eval_logits);
    check_logits("logits", mr_model_forward(model, images, HASHED_BATCH, MR_MODE_TRAIN), c->logits);
    check_near("loss", mr_model_loss(model, labels, NULL), c->loss, 1e-5);
    check_running(model, c);
    mr_model_backward(model);
    check_gradients(model, c, tolerance);
    free(images);
}

static void check_losses(struct mr_model *model, const struct parity_case *c, enum steps_kind kind,
                         double tolerance)
{
    double losses[20];
    int n = tolerance > 0 ? 20 : 0;

    steps_run(model, kind, c->tame, c->lr[kind], n, losses, pool);
    /* After ten steps of AdamW one activation may be on either side of ReLU's kink: PyTorch's own
     * two precisions part there, by 1.3e-4 in the tame network. */
    for (int i = 0; i < n; i++)
        if (!c->single || !(fabs(losses[i] - c->single[kind][i]) <= tolerance))
            check_near(kind == STEPS_SGD ? "loss of SGD" : "loss of AdamW", losses[i],
                       c->losses[kind][i], tolerance);
}

static void check_case(const struct parity_case *c, struct limits limits)
{
    struct mr_model *model = make_model(c);

    check_first_step(model, c, limits.gradient);
    check_losses(model, c, STEPS_SGD, limits.sgd);
    check_losses(model, c, STEPS_ADAMW, limits.adamw);
    mr_model_destroy(model);
}

/* Measured: 1.5e-6, 2.5e-7, 1.1e-5. */
static void trains_a_tame_resnet18_as_pytorch_does(void **state)
{
    check_case(&resnet18_tame, (struct limits){1e-4, 1e-4, 1e-4});
}

/* What of it an emulator does in minutes, as it does the other first steps. */
static void differentiates_a_tame_resnet18_as_pytorch_does(void **state)
{
    check_case(&resnet18_tame, (struct limits){1e-4, 0, 0});
}

/* Measured: below 1e-5, 2e-3 and 1e-3; one flipped activation gives 5e-3, 3.7e-3, 6e-4. */
static void trains_a_resnet18_as_pytorch_does(void **state)
{
    check_case(&resnet18, (struct limits){1e-4, 2e-3, 1e-3});
}

static void differentiates_a_resnet34_as_pytorch_does(void **state)
{
    check_case(&resnet34, (struct limits){1e-4, 0, 0});
}

/* Measured: 4e-3, as PyTorch's own single precision. */
static void differentiates_a_tame_resnet50_as_pytorch_does(void **state)
{
    check_case(&resnet50_tame, (struct limits){1e-2, 0, 0});
}

/* The generator itself: first values of batch 0 and of a weight, as the reference prints them. */
static void makes_the_same_images_from_integers(void **state)
{
    static const double first[] = {0.8388499021530151,  1.13838791847229,   0.3464484214782715,
                                   0.05950462818145752, 1.3538020849227905, 0.43573272228240967,
                                   0.5088603496551514,  1.2084987163543701};
    static const int labels3[] = {3, 1, 4, 2, 0, 3, 1, 4};
    float *images = malloc(sizeof *images * HASHED_BATCH * HASHED_SIDE * HASHED_SIDE * 3);
    int labels[HASHED_BATCH];

    hashed_batch(images, labels, 0);
    for (int x = 0; x < 8; x++)
        assert_true(images[x * 3] == (float)first[x]);
    hashed_batch(images, labels, 3);
    assert_memory_equal(labels, labels3, sizeof labels);
    free(images);
}

/* parity [ISA [CASES]]: with the kernels of one instruction set, or of all that there are. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_same_images_from_integers),
        cmocka_unit_test(trains_a_tame_resnet18_as_pytorch_does),
        cmocka_unit_test(differentiates_a_tame_resnet18_as_pytorch_does),
        cmocka_unit_test(trains_a_resnet18_as_pytorch_does),
        cmocka_unit_test(differentiates_a_resnet34_as_pytorch_does),
        cmocka_unit_test(differentiates_a_tame_resnet50_as_pytorch_does),
    };

    static const char *const isas[] = {"generic", "avx2", "avx512", "neon"};
    int failed = 0, n_run = 0;

    if (argc > 2)
        cmocka_set_test_filter(argv[2]);
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
        kernels = argc > 1 && strcmp(argv[1], isas[i]) != 0 ? NULL : mr_kernels_find(isas[i]);
        if (!kernels)
            continue;
        failed += cmocka_run_group_tests_name(isas[i], tests, set_up, tear_down);
        n_run++;
    }
    if (!n_run)
        fprintf(stderr, "this processor cannot run '%s' kernels\n", argc > 1 ? argv[1] : "any");
    return failed + !n_run;
}
