/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/nn/model.h>

#include "updater.h"

static struct mr_model *make_model(void)
{
    struct mr_model_options options = {MR_ARCH_RESNET18, 3, 2, 32, 32, true};
    struct mr_model *model = NULL;
    struct mr_error err;

    assert_ok(mr_model_create(&model, &options, NULL, &err), err);
    mr_model_init(model, 1);
    return model;
}

static void covers_each_trained_float_once_and_no_other(void **state)
{
    struct mr_model *model = make_model();
    struct mr_updater updater;
    struct mr_error err;
    int n_tensors;
    const struct mr_tensor *tensors = mr_model_tensors(model, &n_tensors);
    unsigned char *seen = calloc(mr_model_n_params(model), 1);

    assert_ok(mr_updater_init(&updater, model, MR_OPTIMIZER_ADAMW, .01, &err), err);
    for (int i = 0; i < updater.n_spans; i++)
        for (size_t k = 0; k < updater.spans[i].n; k++)
            seen[updater.spans[i].offset + k]++;
    for (int t = 0; t < n_tensors; t++)
        for (size_t k = 0; k < tensors[t].n; k++)
            if (seen[tensors[t].offset + k] != (tensors[t].kind != MR_TENSOR_RUNNING))
                fail_msg("%s is updated %d times", tensors[t].name, seen[tensors[t].offset + k]);
    assert_true(updater.n_spans < n_tensors); /* neighbours are one */
    free(seen);
    mr_updater_finish(&updater);
    mr_model_destroy(model);
}

/* With no gradient at all, what is left is the decay: w (1 - lr wd) on everything that is trained.
 */
static void decays_everything_trained_and_nothing_else(void **state)
{
    static const enum mr_optimizer_kind kinds[] = {MR_OPTIMIZER_ADAMW, MR_OPTIMIZER_SGD};

    for (int i = 0; i < 2; i++) {
        struct mr_model *model = make_model();
        size_t n = mr_model_n_params(model);
        float *w = mr_model_params(model), *before = malloc(n * sizeof *before);
        struct mr_updater updater;
        struct mr_error err;
        int n_tensors;
        const struct mr_tensor *tensors = mr_model_tensors(model, &n_tensors);

        memcpy(before, w, n * sizeof *before);
        memset(mr_model_grads(model), 0, n * sizeof *w);
        assert_ok(mr_updater_init(&updater, model, kinds[i], .1, &err), err);
        mr_updater_step(&updater, model, 0, .5, .9, NULL);
        for (int t = 0; t < n_tensors; t++) {
            float factor = tensors[t].kind == MR_TENSOR_RUNNING ? 1 : .95f;

            for (size_t k = tensors[t].offset; k < tensors[t].offset + tensors[t].n; k++)
                if (!(fabsf(w[k] - factor * before[k]) <= 1e-6f * fabsf(before[k])))
                    fail_msg("%s: %g became %g", tensors[t].name, (double)before[k], (double)w[k]);
        }
        free(before);
        mr_updater_finish(&updater);
        mr_model_destroy(model);
    }
}

/* Two steps with gradient 1, then -1, by hand: PyTorch's formulas with beta2 .99, eps 1e-5. */
static void steps_as_the_formulas_say(void **state)
{
    struct mr_model *model = make_model();
    size_t n = mr_model_n_params(model), at = mr_model_find_tensor(model, "fc.bias")->offset;
    float *w = mr_model_params(model), *dw = mr_model_grads(model);
    struct mr_updater updater;
    struct mr_error err;
    double wanted, m, v;

    assert_ok(mr_updater_init(&updater, model, MR_OPTIMIZER_ADAMW, 0, &err), err);
    w[at] = .25f;
    for (size_t k = 0; k < n; k++)
        dw[k] = 1;
    mr_updater_step(&updater, model, 0, .1, .95, NULL);
    assert_true(fabs(w[at] - (.25 - .1 / (1 + 1e-5))) < 1e-6); /* m / v corrected: 1 / 1 */
    wanted = w[at];
    dw[at] = -1;
    mr_updater_step(&updater, model, 1, .1, .85, NULL);
    m = .85 * .05 + .15 * -1;
    v = .99 * .01 + .01 * 1;
    wanted -= .1 * (m / (1 - .85 * .85)) / (sqrt(v / (1 - .99 * .99)) + 1e-5);
    assert_true(fabs(w[at] - wanted) < 1e-6);
    mr_updater_finish(&updater);

    assert_ok(mr_updater_init(&updater, model, MR_OPTIMIZER_SGD, 0, &err), err);
    w[at] = .25f;
    dw[at] = 1;
    mr_updater_step(&updater, model, 0, .1, .9, NULL);
    assert_true(fabs(w[at] - .15) < 1e-6);
    mr_updater_step(&updater, model, 1, .1, .9, NULL);
    assert_true(fabs(w[at] - (.15 - .1 * 1.9)) < 1e-6);
    mr_updater_finish(&updater);
    mr_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(covers_each_trained_float_once_and_no_other),
        cmocka_unit_test(decays_everything_trained_and_nothing_else),
        cmocka_unit_test(steps_as_the_formulas_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
