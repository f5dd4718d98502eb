/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/base/pool.h>
#include <misread/base/rng.h>
#include <misread/nn/model.h>

#include "gradient.h"
#include "updater.h"

#define N_BIG 200001 /* more than three parts */

static float *random_floats(size_t n)
{
    float *x = malloc(n * sizeof *x);
    struct mr_rng rng = mr_rng_make(1, n, 0, 0);

    for (size_t i = 0; i < n; i++)
        x[i] = (float)mr_rng_between(&rng, -1, 1);
    return x;
}

static void takes_the_norm_over_all_spans_together_and_nothing_else(void **state)
{
    static const float x[] = {3, 100, 100, 4, 12};
    static const struct mr_span spans[] = {{.offset = 0, .n = 1}, {.offset = 3, .n = 2}};

    assert_true(fabs(mr_gradient_norm(x, spans, 2, NULL) - 13) < 1e-14);
    assert_true(fabs(mr_gradient_norm(x, spans, 1, NULL) - 3) < 1e-14);
    assert_true(mr_gradient_norm(x, spans, 0, NULL) == 0);
}

static void sums_in_double_and_alike_with_any_number_of_threads(void **state)
{
    float *x = random_floats(N_BIG);
    struct mr_span span = {.n = N_BIG};
    double one = mr_gradient_norm(x, &span, 1, NULL), plain = 0;

    for (int i = 0; i < N_BIG; i++)
        plain += (double)x[i] * (double)x[i];
    assert_true(fabs(one / sqrt(plain) - 1) < 1e-12);
    for (int n = 1; n <= 3; n++) {
        struct mr_pool *pool = NULL;
        struct mr_error err;

        assert_ok(mr_pool_create(&pool, n, &err), err);
        assert_true(mr_gradient_norm(x, &span, 1, pool) == one);
        mr_pool_destroy(pool);
    }
    free(x);
}

static void shortens_what_is_too_long_only(void **state)
{
    assert_true(mr_gradient_shortening(.5, 1) == 1);
    assert_true(mr_gradient_shortening(0, 1) == 1);
    assert_true(fabs(mr_gradient_shortening(8, 2) - .25) < 1e-6);
}

static void adds_and_scales_every_float(void **state)
{
    float *x = random_floats(N_BIG), *sum = calloc(N_BIG, sizeof *sum);

    mr_gradient_add(sum, x, N_BIG, 3, NULL);
    mr_gradient_add(sum, x, N_BIG, 5, NULL);
    mr_gradient_scale(sum, sum, N_BIG, 1. / 8, NULL);
    for (int i = 0; i < N_BIG; i++)
        if (!(fabsf(sum[i] - x[i]) <= 1e-6f))
            fail_msg("number %d is %g, not %g", i, (double)sum[i], (double)x[i]);
    free(x);
    free(sum);
}

static struct mr_model *make_model(void)
{
    struct mr_model_options options = {MR_ARCH_RESNET18, 3, 2, 32, 32, true, .body = MR_BODY_FIXED};
    struct mr_model *model = NULL;
    struct mr_error err;

    assert_ok(mr_model_create(&model, &options, NULL, &err), err);
    mr_model_init(model, 1);
    return model;
}

static void fill(struct mr_model *model, float value)
{
    float *dw = mr_model_grads(model);

    for (size_t i = 0; i < mr_model_n_trained(model); i++)
        dw[i] = value;
}

/* SGD without momentum moves a weight by rate times gradient, so the gradient can be read off. */
static double gradient_seen(struct mr_updater *updater, struct mr_model *model)
{
    static const double lr[] = {0, 0, .125};
    const struct mr_tensor *bias = mr_model_find_tensor(model, "fc.bias");
    float *w = mr_model_params(model) + bias->offset;

    *w = 0;
    mr_updater_step(updater, model, 0, lr, 0, NULL);
    return -*w / .125;
}

static void steps_by_the_mean_over_images_of_what_was_gathered(void **state)
{
    struct mr_model *model = make_model();
    struct mr_updater updater;
    struct mr_error err;

    assert_ok(mr_updater_init(
                  &updater, model,
                  &(struct mr_updater_options){.kind = MR_OPTIMIZER_SGD, .gathers = true}, &err),
              err);
    for (int again = 0; again < 2; again++) { /* the first step's are forgotten */
        fill(model, 1);
        mr_updater_gather(&updater, model, 6, NULL);
        fill(model, 5);
        mr_updater_gather(&updater, model, 2, NULL);
        fill(model, 77); /* what was gathered counts */
        assert_true(fabs(gradient_seen(&updater, model) - 2) < 1e-6);
    }
    mr_updater_finish(&updater);
    mr_model_destroy(model);
}

static void clips_the_mean_by_the_norm_of_all_that_is_trained(void **state)
{
    struct mr_model *model = make_model();
    struct mr_updater updater;
    struct mr_error err;
    double n = 0;

    assert_ok(mr_updater_init(&updater, model,
                              &(struct mr_updater_options){
                                  .kind = MR_OPTIMIZER_SGD, .clip = 2, .gathers = true},
                              &err),
              err);
    for (int i = 0; i < updater.n_spans; i++)
        n += (double)updater.spans[i].n;
    fill(model, 1);
    mr_updater_gather(&updater, model, 1, NULL);
    fill(model, 3);
    mr_updater_gather(&updater, model, 1, NULL);
    assert_true(fabs(gradient_seen(&updater, model) - 2 / sqrt(n)) < 1e-6);
    fill(model, 1e-4f);
    assert_true(fabs(gradient_seen(&updater, model) - 1e-4) < 1e-9);
    mr_updater_finish(&updater);
    mr_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_norm_over_all_spans_together_and_nothing_else),
        cmocka_unit_test(sums_in_double_and_alike_with_any_number_of_threads),
        cmocka_unit_test(shortens_what_is_too_long_only),
        cmocka_unit_test(adds_and_scales_every_float),
        cmocka_unit_test(steps_by_the_mean_over_images_of_what_was_gathered),
        cmocka_unit_test(clips_the_mean_by_the_norm_of_all_that_is_trained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
