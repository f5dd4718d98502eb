/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/base/pool.h>
#include <misread/base/rng.h>
#include <misread/kernel/choices.h>
#include <misread/nn/model.h>

#include "allocations.h"

/* ---- helpers ---- */

static struct mr_model *make_model(struct mr_model_options options, struct mr_pool *pool)
{
    struct mr_model *model = NULL;
    struct mr_error err;

    assert_ok(mr_model_create(&model, &options, pool, &err), err);
    mr_model_init(model, 7);
    return model;
}

static struct mr_pool *make_pool(int n_threads)
{
    struct mr_pool *pool = NULL;
    struct mr_error err;

    assert_ok(mr_pool_create(&pool, n_threads, &err), err);
    return pool;
}

static float *make_images(int n, int h, int w)
{
    struct mr_rng rng = mr_rng_make(3, 0, 0, 0);
    size_t n_floats = (size_t)(n * h * w * 3);
    float *x = malloc(n_floats * sizeof *x);

    for (size_t i = 0; i < n_floats; i++)
        x[i] = (float)mr_rng_normal(&rng);
    return x;
}

static const int labels[] = {0, 2, 1, 1, 0, 2, 2, 1};

static double train_step(struct mr_model *model, const float *x, int n)
{
    double loss;

    mr_model_forward(model, x, n, MR_MODE_TRAIN);
    loss = mr_model_loss(model, labels, NULL);
    mr_model_backward(model);
    return loss;
}

/* ---- structure ---- */

static void has_torchvisions_parameters(void **state)
{
    /* torchvision's documented numbers of parameters for 1000 classes; tensors without
     * num_batches_tracked */
    static const struct {
        size_t n_trained;
        int n_tensors;
    } wanted[] = {{11689512, 102}, {21797672, 182}, {25557032, 267}};

    for (int arch = 0; arch < MR_N_ARCH; arch++) {
        struct mr_model *model =
            make_model((struct mr_model_options){(enum mr_arch)arch, 1000, 1, 32, 32, false}, NULL);
        int n;

        mr_model_tensors(model, &n);
        assert_int_equal(n, wanted[arch].n_tensors);
        assert_int_equal(mr_model_n_trained(model), wanted[arch].n_trained);
        mr_model_destroy(model);
    }
}

static void names_tensors_in_torchvisions_order(void **state)
{
    static const struct {
        int index, n_dims, shape[4];
        const char *name;
    } wanted[] = {
        {0, 4, {64, 3, 7, 7}, "conv1.weight"},
        {1, 1, {64}, "bn1.weight"},
        {2, 1, {64}, "bn1.bias"},
        {3, 1, {64}, "bn1.running_mean"},
        {4, 1, {64}, "bn1.running_var"},
        {5, 4, {64, 64, 1, 1}, "layer1.0.conv1.weight"},
        {10, 4, {64, 64, 3, 3}, "layer1.0.conv2.weight"},
        {15, 4, {256, 64, 1, 1}, "layer1.0.conv3.weight"},
        {20, 4, {256, 64, 1, 1}, "layer1.0.downsample.0.weight"},
        {21, 1, {256}, "layer1.0.downsample.1.weight"},
        {25, 4, {64, 256, 1, 1}, "layer1.1.conv1.weight"},
        {265, 2, {11, 2048}, "fc.weight"},
        {266, 1, {11}, "fc.bias"},
    };
    struct mr_model *model =
        make_model((struct mr_model_options){MR_ARCH_RESNET50, 11, 1, 32, 32, false}, NULL);
    int n;
    const struct mr_tensor *t = mr_model_tensors(model, &n);

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_string_equal(t[wanted[i].index].name, wanted[i].name);
        assert_int_equal(t[wanted[i].index].n_dims, wanted[i].n_dims);
        assert_memory_equal(t[wanted[i].index].shape, wanted[i].shape, sizeof wanted[i].shape);
        assert_ptr_equal(mr_model_find_tensor(model, wanted[i].name), &t[wanted[i].index]);
    }
    assert_null(mr_model_find_tensor(model, "layer5.0.conv1.weight"));
    mr_model_destroy(model);
}

static void lays_trained_tensors_first_and_all_side_by_side(void **state)
{
    struct mr_model *model =
        make_model((struct mr_model_options){MR_ARCH_RESNET18, 3, 1, 32, 32, false}, NULL);
    size_t n_params = mr_model_n_params(model), n_trained = mr_model_n_trained(model);
    char *taken = calloc(n_params, 1);
    int n;
    const struct mr_tensor *t = mr_model_tensors(model, &n);

    for (int i = 0; i < n; i++) {
        assert_true((t[i].kind == MR_TENSOR_RUNNING) == (t[i].offset >= n_trained));
        for (size_t k = t[i].offset; k < t[i].offset + t[i].n; k++)
            assert_int_equal(taken[k]++, 0);
    }
    assert_null(memchr(taken, 0, n_params));
    free(taken);
    mr_model_destroy(model);
}

static void keeps_convolutions_kernel_first(void **state)
{
    struct mr_model *model =
        make_model((struct mr_model_options){MR_ARCH_RESNET18, 3, 1, 32, 32, false}, NULL);
    const struct mr_tensor *t = mr_model_find_tensor(model, "layer2.0.conv1.weight");
    float *w = malloc(t->n * sizeof *w), *back = malloc(t->n * sizeof *back);
    const float *inside = mr_model_params(model) + t->offset;

    for (size_t i = 0; i < t->n; i++)
        w[i] = (float)i;
    mr_model_set_tensor(model, t, w);
    /* (O, I, kh, kw) = (5, 7, 1, 2) of (128, 64, 3, 3) is (1, 2, 7, 5) of (3, 3, 64, 128) */
    assert_true(inside[((1 * 3 + 2) * 64 + 7) * 128 + 5] == w[((5 * 64 + 7) * 3 + 1) * 3 + 2]);
    mr_model_get_tensor(model, t, back);
    assert_memory_equal(w, back, t->n * sizeof *w);
    free(w);
    free(back);
    mr_model_destroy(model);
}

static void initialises_as_torchvision_does(void **state)
{
    struct mr_model *model =
        make_model((struct mr_model_options){MR_ARCH_RESNET18, 10, 1, 32, 32, false}, NULL);
    const struct mr_tensor *t = mr_model_find_tensor(model, "layer2.0.conv1.weight");
    const float *w = mr_model_params(model) + t->offset;
    double square = 0, mean = 0;
    float first = w[0];

    for (size_t i = 0; i < t->n; i++) {
        square += (double)w[i] * w[i] / (double)t->n;
        mean += w[i] / (double)t->n;
    }
    /* fan out 128 * 9; 73,728 normals: the variance is known to 0.5 %, the mean to 0.4 % of a sigma
     */
    assert_true(fabs(square / (2. / (128 * 9)) - 1) < .02);
    assert_true(fabs(mean) < .02 * sqrt(2. / (128 * 9)));
    t = mr_model_find_tensor(model, "layer4.1.bn2.weight");
    assert_true(mr_model_params(model)[t->offset + 511] == 1);
    t = mr_model_find_tensor(model, "layer4.1.bn2.bias");
    assert_true(mr_model_params(model)[t->offset] == 0);
    t = mr_model_find_tensor(model, "bn1.running_var");
    assert_true(mr_model_params(model)[t->offset] == 1);
    t = mr_model_find_tensor(model, "fc.weight");
    for (size_t i = 0; i < t->n; i++)
        assert_true(fabs(mr_model_params(model)[t->offset + i]) <= 1 / sqrt(512));
    mr_model_init(model, 8);
    assert_true(w[0] != first);
    mr_model_init(model, 7);
    assert_true(w[0] == first);
    mr_model_destroy(model);
}

static void refuses_impossible_options(void **state)
{
    static const struct mr_model_options bad[] = {
        {MR_ARCH_RESNET18, 1, 1, 32, 32, false},
        {MR_ARCH_RESNET18, 2, 0, 32, 32, false},
        {MR_ARCH_RESNET18, 2, 1, 31, 32, false},
        {MR_ARCH_RESNET18, 2, 1, 32, 31, false},
        {MR_ARCH_RESNET18, 2, 1, 1 << 20, 32, false},
        {MR_ARCH_RESNET18, 2, 4096, 8192, 8192, false},
        {MR_ARCH_RESNET18, 1 << 20, 1, 32, 32, false},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mr_model *model = NULL;
        struct mr_error err = {MR_OK, ""};

        assert_int_not_equal(mr_model_create(&model, &bad[i], NULL, &err), MR_OK);
        assert_null(model);
        assert_true(strlen(err.message) > 10);
    }
}

static void finds_architectures_by_name(void **state)
{
    enum mr_arch arch = MR_ARCH_RESNET18;

    assert_true(mr_arch_find("resnet50", &arch));
    assert_int_equal(arch, MR_ARCH_RESNET50);
    assert_string_equal(mr_arch_text(arch), "resnet50");
    assert_false(mr_arch_find("resnet51", &arch));
    assert_int_equal(arch, MR_ARCH_RESNET50);
}

/* ---- steps ---- */

static int count_allocations(struct mr_model *model, const float *x)
{
    float losses[4];

    n_allocations = 0;
    train_step(model, x, 4);
    mr_model_forward(model, x, 3, MR_MODE_EVAL);
    mr_model_loss(model, labels, losses);
    mr_model_forward_features(model, mr_model_features(model, x, 4), 4, MR_MODE_EVAL);
    return n_allocations;
}

static void allocates_nothing_in_a_step(void **state)
{
    static const struct mr_model_options options[] = {
        {MR_ARCH_RESNET18, 3, 4, 48, 40, true},
        {MR_ARCH_RESNET18, 3, 4, 48, 40, true, .head = MR_HEAD_CONCAT},
        {MR_ARCH_RESNET18, 3, 4, 48, 40, true, .head = MR_HEAD_CONCAT, .body = MR_BODY_NORM},
        {MR_ARCH_RESNET18, 3, 4, 48, 40, true, .head = MR_HEAD_CONCAT, .body = MR_BODY_FIXED},
    };
    struct mr_pool *pool;
    float *x;

    if (!COUNTS_ALLOCATIONS)
        skip_because("a sanitizer owns malloc");
    pool = make_pool(2);
    x = make_images(4, 48, 40);
    n_allocations = 0;
    free(malloc(1)); /* the counter works */
    assert_int_equal(n_allocations, 1);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        struct mr_model *model = make_model(options[i], pool);

        assert_int_equal(count_allocations(model, x), 0);
        mr_model_destroy(model);
    }
    free(x);
    mr_pool_destroy(pool);
}

/*
 * Along the gradient g the loss must change by |g|^2 per unit: two losses a little apart tell. A
 * step that changes the loss by CHANGE leaves an error of some percent: from rounding if it is
 * shorter (5 to 8 below 1e-3), from curvature if longer. A buffer used twice or a gradient left out
 * shows as far more.
 */
#define CHANGE 4e-3

static void check_slope(struct mr_model_options options)
{
    struct mr_pool *pool = make_pool(2);
    struct mr_model *model = make_model(options, pool);
    size_t n = mr_model_n_trained(model);
    float *x = make_images(options.max_batch, options.h, options.w);
    float *w = malloc(n * sizeof *w), *g = malloc(n * sizeof *g);
    double square = 0, step, up, down;

    train_step(model, x, options.max_batch);
    memcpy(w, mr_model_params(model), n * sizeof *w);
    memcpy(g, mr_model_grads(model), n * sizeof *g);
    for (size_t i = 0; i < n; i++)
        square += (double)g[i] * g[i];
    step = CHANGE / square;
    for (size_t i = 0; i < n; i++)
        mr_model_params(model)[i] = (float)(w[i] + step * g[i]);
    up = train_step(model, x, options.max_batch);
    for (size_t i = 0; i < n; i++)
        mr_model_params(model)[i] = (float)(w[i] - step * g[i]);
    down = train_step(model, x, options.max_batch);
    if (!(fabs((up - down) / (2 * CHANGE) - 1) < .05))
        fail_msg("slope of %s: %.4f of the gradient's", mr_arch_text(options.arch),
                 (up - down) / (2 * CHANGE));
    free(x);
    free(w);
    free(g);
    mr_model_destroy(model);
    mr_pool_destroy(pool);
}

static void follows_its_gradient_at_odd_sizes(void **state)
{
    check_slope((struct mr_model_options){MR_ARCH_RESNET18, 3, 5, 67, 83, true});
    check_slope((struct mr_model_options){MR_ARCH_RESNET34, 3, 5, 75, 97, true});
    check_slope((struct mr_model_options){MR_ARCH_RESNET50, 3, 8, 97, 67, true});
    check_slope((struct mr_model_options){MR_ARCH_RESNET18, 3, 8, 75, 67, true,
                                          .head = MR_HEAD_CONCAT, .body = MR_BODY_NORM});
}

static void repeats_a_step_bit_for_bit(void **state)
{
    struct mr_model_options options = {MR_ARCH_RESNET18, 3, 8, 64, 64, true};
    float *x = make_images(8, 64, 64), *first = NULL;
    size_t n_bytes = 0;

    for (int run = 0; run < 3; run++) {
        struct mr_pool *pool = make_pool(3);
        struct mr_model *model = make_model(options, pool);

        train_step(model, x, 8);
        n_bytes = mr_model_n_trained(model) * sizeof *first;
        if (!run) {
            first = malloc(n_bytes);
            memcpy(first, mr_model_grads(model), n_bytes);
        }
        assert_memory_equal(first, mr_model_grads(model), n_bytes);
        mr_model_destroy(model);
        mr_pool_destroy(pool);
    }
    free(first);
    free(x);
}

/* The same sums in other blocks: 1e-5 of logits of size 1 is rounding. */
static void judges_an_image_alone_as_in_a_batch(void **state)
{
    struct mr_model_options options = {MR_ARCH_RESNET18, 3, 7, 50, 70, true};
    struct mr_pool *pool = make_pool(2);
    struct mr_model *training = make_model(options, pool), *evaluating;
    float *x = make_images(7, 50, 70), logits[21];

    options.training = false;
    evaluating = make_model(options, pool);
    memcpy(logits, mr_model_forward(training, x, 7, MR_MODE_EVAL), sizeof logits);
    assert_memory_equal(logits, mr_model_forward(evaluating, x, 7, MR_MODE_EVAL), sizeof logits);
    for (int i = 0; i < 7; i++) {
        const float *alone =
            mr_model_forward(evaluating, x + (size_t)i * 50 * 70 * 3, 1, MR_MODE_EVAL);

        for (int k = 0; k < 3; k++)
            assert_true(fabsf(alone[k] - logits[i * 3 + k]) <
                        1e-5f * (1 + fabsf(logits[i * 3 + k])));
    }
    assert_true(mr_model_n_bytes(evaluating) < mr_model_n_bytes(training) * 3 / 4);
    free(x);
    mr_model_destroy(training);
    mr_model_destroy(evaluating);
    mr_pool_destroy(pool);
}

static void leaves_the_statistics_alone_in_evaluation(void **state)
{
    struct mr_model *model =
        make_model((struct mr_model_options){MR_ARCH_RESNET18, 3, 2, 32, 32, true}, NULL);
    size_t n_bytes = mr_model_n_params(model) * sizeof(float);
    float *x = make_images(2, 32, 32), *before = malloc(n_bytes);

    memcpy(before, mr_model_params(model), n_bytes);
    mr_model_forward(model, x, 2, MR_MODE_EVAL);
    assert_memory_equal(before, mr_model_params(model), n_bytes);
    mr_model_forward(model, x, 2, MR_MODE_TRAIN);
    /* only the running statistics move */
    assert_memory_equal(before, mr_model_params(model), mr_model_n_trained(model) * sizeof(float));
    assert_memory_not_equal(before, mr_model_params(model), n_bytes);
    free(x);
    free(before);
    mr_model_destroy(model);
}

static void starts_backward_from_the_logits_gradient(void **state)
{
    struct mr_model *model =
        make_model((struct mr_model_options){MR_ARCH_RESNET18, 3, 4, 64, 64, true}, NULL);
    size_t n = mr_model_n_trained(model);
    float *x = make_images(4, 64, 64), *g = malloc(n * sizeof *g), losses[4];
    const struct mr_tensor *bias = mr_model_find_tensor(model, "fc.bias");
    double loss;

    train_step(model, x, 4);
    memcpy(g, mr_model_grads(model), n * sizeof *g);
    mr_model_forward(model, x, 4, MR_MODE_TRAIN);
    loss = mr_model_loss(model, labels, losses);
    assert_true(fabs(loss - (losses[0] + losses[1] + losses[2] + losses[3]) / 4.) < 1e-6);
    for (int i = 0; i < 12; i++)
        mr_model_dlogits(model)[i] *= 2;
    mr_model_backward(model);
    for (size_t i = 0; i < bias->n; i++)
        assert_true(mr_model_grads(model)[bias->offset + i] == 2 * g[bias->offset + i]);
    for (size_t i = mr_model_n_trained(model); i < n; i++)
        assert_true(g[i] == 0); /* running statistics */
    free(x);
    free(g);
    mr_model_destroy(model);
}

static void trains_smaller_batches_than_the_plan(void **state)
{
    struct mr_pool *pool = make_pool(2);
    struct mr_model *big =
        make_model((struct mr_model_options){MR_ARCH_RESNET18, 3, 8, 64, 64, true}, pool);
    struct mr_model *small =
        make_model((struct mr_model_options){MR_ARCH_RESNET18, 3, 3, 64, 64, true}, pool);
    float *x = make_images(8, 64, 64);

    train_step(big, x, 8); /* leaves something behind */
    mr_model_init(big, 7);
    assert_true(train_step(big, x, 3) == train_step(small, x, 3));
    assert_memory_equal(mr_model_grads(big), mr_model_grads(small),
                        mr_model_n_trained(big) * sizeof(float));
    free(x);
    mr_model_destroy(big);
    mr_model_destroy(small);
    mr_pool_destroy(pool);
}

/* A table that takes one pass of one shape from Winograd, with the batch that the model is for. */
static void takes_the_algorithms_of_a_table(void **state)
{
    struct mr_model_options options = {MR_ARCH_RESNET18, 3, 4, 64, 64, true};
    struct mr_conv_choices choices = {.n = 0};
    struct mr_conv_choice choice = {.shape = {4, 16, 16, 64, 64, 3, 3, 1, 1},
                                    .pass = MR_CONV_BACKWARD_WEIGHTS,
                                    .algorithm = MR_CONV_DIRECT};
    struct mr_model *by_rule = make_model(options, NULL), *told;
    float *x = make_images(4, 64, 64);
    struct mr_conv_shape shape;
    int n_told = 0, n_convs = 0;
    size_t n = mr_model_n_trained(by_rule);

    mr_conv_choices_set(&choices, &choice);
    choice.shape.n = 3; /* another batch: of no meaning */
    choice.pass = MR_CONV_FORWARD;
    mr_conv_choices_set(&choices, &choice);
    options.choices = &choices;
    told = make_model(options, NULL);
    mr_conv_choices_finish(&choices);
    for (; mr_model_find_conv(told, n_convs, &shape); n_convs++)
        for (int pass = 0; pass < MR_N_CONV_PASS; pass++)
            n_told += shape.algorithms[pass] != MR_CONV_BY_RULE;
    assert_int_equal(n_convs, 1 + 4 + 3 + 3); /* the stem, sides, strides, shortcuts */
    assert_int_equal(n_told, 1);
    assert_true(mr_model_find_conv(told, 1, &shape));
    assert_int_equal(shape.h, 16);
    assert_int_equal(shape.algorithms[MR_CONV_BACKWARD_WEIGHTS], MR_CONV_DIRECT);

    /* Forward to the bit the same, the gradient only nearly. */
    assert_true(train_step(by_rule, x, 4) == train_step(told, x, 4));
    assert_memory_not_equal(mr_model_grads(by_rule), mr_model_grads(told), n * sizeof *x);
    for (size_t i = 0; i < n; i++)
        assert_true(fabsf(mr_model_grads(by_rule)[i] - mr_model_grads(told)[i]) < 1e-4f);
    free(x);
    mr_model_destroy(by_rule);
    mr_model_destroy(told);
}

/* By hand, in multiplications for one image of 224 x 224 pixels and 1000 classes; together
 * the 1.81, 3.66 and 4.09 G that everybody quotes. */
static void counts_the_operations_of_an_image(void **state)
{
    enum {
        STEM = 112 * 112 * 64 * 3 * 49,
        SAME = 56 * 56 * 64 * 64 * 9, /* a 3x3: half the side, twice the channels, as much */
        HALF = SAME / 2,              /* a basic layer's first, from half as many channels */
        DOWN = 28 * 28 * 64 * 128,    /* a basic layer's shortcut */
        THIN = 56 * 56 * 64 * 64,     /* the first 1x1 of all */
        WIDE = 56 * 56 * 64 * 256,    /* any other; those in front of a stride count two */
    };
    static const double wanted[] = {
        STEM + 13. * SAME + 3. * HALF + 3. * DOWN + 512 * 1000,
        STEM + 29. * SAME + 3. * HALF + 3. * DOWN + 512 * 1000,
        STEM + 16. * SAME + THIN + 41. * WIDE + 2048 * 1000,
    };

    for (int arch = 0; arch < MR_N_ARCH; arch++) {
        struct mr_model *model = make_model(
            (struct mr_model_options){(enum mr_arch)arch, 1000, 2, 224, 224, false}, NULL);

        assert_true(mr_model_flops(model, MR_MODE_EVAL) == 2 * wanted[arch]);
        assert_true(mr_model_flops(model, MR_MODE_TRAIN) == 2 * (3 * wanted[arch] - STEM));
        mr_model_destroy(model);
    }
}

/* The linear layers of fastai's head, 1024 x 512 and 512 x classes, go forward and both ways back.
 */
static void counts_only_what_a_body_mode_does(void **state)
{
    static const struct {
        enum mr_head_kind head;
        enum mr_body_mode body;
        double convs, linears; /* passes */
    } wanted[] = {
        {MR_HEAD_CONCAT, MR_BODY_TRAINED, 3, 3}, {MR_HEAD_CONCAT, MR_BODY_NORM, 2, 3},
        {MR_HEAD_CONCAT, MR_BODY_FIXED, 1, 3},   {MR_HEAD_PLAIN, MR_BODY_NORM, 2, 3},
        {MR_HEAD_PLAIN, MR_BODY_FIXED, 1, 2},
    };
    const double stem = 2. * 16 * 16 * 64 * 3 * 49;

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        bool is_concat = wanted[i].head == MR_HEAD_CONCAT;
        double linears = is_concat ? 2. * (1024 * 512 + 512 * 9) : 2. * 512 * 9, convs, skipped;
        struct mr_model *model =
            make_model((struct mr_model_options){MR_ARCH_RESNET18, 9, 1, 32, 32,
                                                 .head = wanted[i].head, .body = wanted[i].body},
                       NULL);

        convs = mr_model_flops(model, MR_MODE_EVAL) - linears;
        skipped = wanted[i].body == MR_BODY_FIXED ? 0 : stem;
        assert_true(mr_model_flops(model, MR_MODE_TRAIN) ==
                    wanted[i].convs * convs - skipped + wanted[i].linears * linears);
        mr_model_destroy(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_torchvisions_parameters),
        cmocka_unit_test(names_tensors_in_torchvisions_order),
        cmocka_unit_test(lays_trained_tensors_first_and_all_side_by_side),
        cmocka_unit_test(keeps_convolutions_kernel_first),
        cmocka_unit_test(initialises_as_torchvision_does),
        cmocka_unit_test(refuses_impossible_options),
        cmocka_unit_test(finds_architectures_by_name),
        cmocka_unit_test(allocates_nothing_in_a_step),
        cmocka_unit_test(follows_its_gradient_at_odd_sizes),
        cmocka_unit_test(repeats_a_step_bit_for_bit),
        cmocka_unit_test(judges_an_image_alone_as_in_a_batch),
        cmocka_unit_test(leaves_the_statistics_alone_in_evaluation),
        cmocka_unit_test(starts_backward_from_the_logits_gradient),
        cmocka_unit_test(trains_smaller_batches_than_the_plan),
        cmocka_unit_test(takes_the_algorithms_of_a_table),
        cmocka_unit_test(counts_the_operations_of_an_image),
        cmocka_unit_test(counts_only_what_a_body_mode_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
