/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/nn/model.h>

#include "updater.h"

static const enum mr_body_mode bodies[] = {MR_BODY_TRAINED, MR_BODY_NORM, MR_BODY_FIXED};

static struct mr_model *make_model(enum mr_head_kind head, enum mr_body_mode body)
{
    struct mr_model_options options = {MR_ARCH_RESNET18, 3,           2, 32, 32, true,
                                       .head = head,     .body = body};
    struct mr_model *model = NULL;
    struct mr_error err;

    assert_ok(mr_model_create(&model, &options, NULL, &err), err);
    mr_model_init(model, 1);
    return model;
}

static struct mr_updater make_updater(const struct mr_model *model,
                                      struct mr_updater_options options)
{
    struct mr_updater updater;
    struct mr_error err;

    assert_ok(mr_updater_init(&updater, model, &options, &err), err);
    return updater;
}

static void covers_each_trained_float_once_and_no_other(void **state)
{
    for (int body = 0; body < 3; body++) {
        struct mr_model *model = make_model(MR_HEAD_CONCAT, bodies[body]);
        struct mr_updater updater = make_updater(model, mr_updater_options_default());
        int n_tensors;
        const struct mr_tensor *tensors = mr_model_tensors(model, &n_tensors);
        unsigned char *seen = calloc(mr_model_n_params(model), 1);

        for (int i = 0; i < updater.n_spans; i++)
            for (size_t k = 0; k < updater.spans[i].n; k++)
                seen[updater.spans[i].offset + k]++;
        for (int t = 0; t < n_tensors; t++)
            for (size_t k = 0; k < tensors[t].n; k++)
                if (seen[tensors[t].offset + k] != tensors[t].is_trained)
                    fail_msg("%s is updated %d times", tensors[t].name,
                             seen[tensors[t].offset + k]);
        assert_true(updater.n_spans < 6); /* neighbours are one */
        free(seen);
        mr_updater_finish(&updater);
        mr_model_destroy(model);
    }
}

/* What is left of w when the gradient is 0. */
static float shrunk(const struct mr_tensor *t, const struct mr_updater_options *o, const double *lr)
{
    bool is_spared =
        o->spares_norms_and_biases && (t->kind == MR_TENSOR_BN || t->kind == MR_TENSOR_BIAS);

    return !t->is_trained || is_spared ? 1 : (float)(1 - lr[t->group] * o->weight_decay);
}

static void check_decay(enum mr_body_mode body, struct mr_updater_options options)
{
    static const double lr[] = {.1, .3, .5};
    struct mr_model *model = make_model(MR_HEAD_CONCAT, body);
    struct mr_updater updater = make_updater(model, options);
    size_t n = mr_model_n_params(model);
    float *w = mr_model_params(model), *before = malloc(n * sizeof *before);
    int n_tensors;
    const struct mr_tensor *tensors = mr_model_tensors(model, &n_tensors);

    for (size_t i = 0; i < n; i++)
        before[i] = w[i] = 1 + (float)(i % 7);
    memset(mr_model_grads(model), 0, mr_model_n_trained(model) * sizeof *w);
    mr_updater_step(&updater, model, 0, lr, .9, NULL);
    for (int t = 0; t < n_tensors; t++) {
        float factor = shrunk(&tensors[t], &options, lr);

        for (size_t k = tensors[t].offset; k < tensors[t].offset + tensors[t].n; k++)
            if (!(fabsf(w[k] - factor * before[k]) <= 1e-6f * before[k]))
                fail_msg("%s: %g became %g", tensors[t].name, (double)before[k], (double)w[k]);
    }
    free(before);
    mr_updater_finish(&updater);
    mr_model_destroy(model);
}

/* With no gradient at all, what is left is the decay: w (1 - lr wd), at the rate of the group, on
 * what is trained and not spared. */
static void decays_what_it_should_and_nothing_else(void **state)
{
    static const enum mr_optimizer_kind kinds[] = {MR_OPTIMIZER_ADAMW, MR_OPTIMIZER_SGD};

    for (int i = 0; i < 12; i++) {
        struct mr_updater_options options = mr_updater_options_default();

        options.kind = kinds[i % 2];
        options.weight_decay = .1;
        options.spares_norms_and_biases = i / 2 % 2;
        check_decay(bodies[i / 4], options);
    }
}

/* Two steps with gradient 1, then -1, by hand: PyTorch's formulas with beta2 .99, eps 1e-5. */
static void steps_as_the_formulas_say(void **state)
{
    struct mr_model *model = make_model(MR_HEAD_PLAIN, MR_BODY_TRAINED);
    size_t n = mr_model_n_trained(model), at = mr_model_find_tensor(model, "fc.bias")->offset;
    float *w = mr_model_params(model), *dw = mr_model_grads(model);
    struct mr_updater_options options = {.beta2 = .99, .eps = 1e-5};
    struct mr_updater updater = make_updater(model, options);
    const double lr[] = {7, 7, .1};
    double wanted, m, v;

    w[at] = .25f;
    for (size_t k = 0; k < n; k++)
        dw[k] = 1;
    mr_updater_step(&updater, model, 0, lr, .95, NULL);
    assert_true(fabs(w[at] - (.25 - .1 / (1 + 1e-5))) < 1e-6); /* m / v corrected: 1 / 1 */
    wanted = w[at];
    dw[at] = -1;
    mr_updater_step(&updater, model, 1, lr, .85, NULL);
    m = .85 * .05 + .15 * -1;
    v = .99 * .01 + .01 * 1;
    wanted -= .1 * (m / (1 - .85 * .85)) / (sqrt(v / (1 - .99 * .99)) + 1e-5);
    assert_true(fabs(w[at] - wanted) < 1e-6);
    mr_updater_finish(&updater);

    options.kind = MR_OPTIMIZER_SGD;
    updater = make_updater(model, options);
    w[at] = .25f;
    dw[at] = 1;
    mr_updater_step(&updater, model, 0, lr, .9, NULL);
    assert_true(fabs(w[at] - .15) < 1e-6);
    mr_updater_step(&updater, model, 1, lr, .9, NULL);
    assert_true(fabs(w[at] - (.15 - .1 * 1.9)) < 1e-6);
    mr_updater_finish(&updater);
    mr_model_destroy(model);
}

/* eps counts where the gradient is as small: 1e-5 halves the step, 1e-8 leaves it. */
static void takes_eps_and_beta2_from_its_options(void **state)
{
    static const double eps[] = {1e-5, 1e-8}, lr[] = {7, 7, .1};

    for (int i = 0; i < 2; i++) {
        struct mr_model *model = make_model(MR_HEAD_PLAIN, MR_BODY_FIXED);
        size_t n = mr_model_n_trained(model), at = mr_model_find_tensor(model, "fc.bias")->offset;
        float *w = mr_model_params(model), *dw = mr_model_grads(model);
        struct mr_updater updater =
            make_updater(model, (struct mr_updater_options){.beta2 = .999, .eps = eps[i]});

        for (size_t k = 0; k < n; k++)
            dw[k] = 1e-5f;
        w[at] = 0;
        mr_updater_step(&updater, model, 0, lr, .9, NULL);
        assert_true(fabs(w[at] + .1 * 1e-5 / (1e-5 + eps[i])) < 1e-6);
        assert_true(fabs(updater.v[at] / (.001 * 1e-10) - 1) < 1e-4);
        mr_updater_finish(&updater);
        mr_model_destroy(model);
    }
}

/* fastai's numbers for slice(1e-6, 1e-4) and slice(3e-3). */
static void slices_rates_as_fastai_does(void **state)
{
    static const struct {
        double low, high, lr[MR_N_GROUP];
    } wanted[] = {{1e-6, 1e-4, {1e-6, 1e-5, 1e-4}}, {0, 3e-3, {3e-4, 3e-4, 3e-3}}};

    for (int i = 0; i < 2; i++) {
        double lr[MR_N_GROUP];

        mr_updater_slice(lr, wanted[i].low, wanted[i].high);
        for (int k = 0; k < MR_N_GROUP; k++)
            assert_true(fabs(lr[k] / wanted[i].lr[k] - 1) < 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(covers_each_trained_float_once_and_no_other),
        cmocka_unit_test(decays_what_it_should_and_nothing_else),
        cmocka_unit_test(steps_as_the_formulas_say),
        cmocka_unit_test(takes_eps_and_beta2_from_its_options),
        cmocka_unit_test(slices_rates_as_fastai_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
