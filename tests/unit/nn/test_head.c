/* SPDX-License-Identifier: MIT */
/* fastai's head, the body modes and the features; their numbers are held by train/head. */
#include "support.h"

#include <math.h>

#include <misread/base/pool.h>
#include <misread/base/rng.h>
#include <misread/kernel/softmax.h>
#include <misread/nn/model.h>
#include <misread/nn/weights.h>

enum { N = 8, SIDE = 48, CLASSES = 3 };

static const int labels[N] = {0, 2, 1, 1, 0, 2, 2, 1};
static float images[N * SIDE * SIDE * 3];

static int set_up(void **state)
{
    struct mr_rng rng = mr_rng_make(3, 0, 0, 0);

    for (size_t i = 0; i < sizeof images / sizeof *images; i++)
        images[i] = (float)mr_rng_normal(&rng);
    return 0;
}

static struct mr_model *make_model(enum mr_head_kind head, enum mr_body_mode body,
                                   struct mr_pool *pool)
{
    struct mr_model_options options = {MR_ARCH_RESNET18, CLASSES,     N, SIDE, SIDE, true,
                                       .head = head,     .body = body};
    struct mr_model *model = NULL;
    struct mr_error err;

    assert_ok(mr_model_create(&model, &options, pool, &err), err);
    mr_model_init(model, 7);
    return model;
}

static double step_on_images(struct mr_model *model, int n)
{
    double loss;

    mr_model_forward(model, images, n, MR_MODE_TRAIN);
    loss = mr_model_loss(model, labels, NULL);
    mr_model_backward(model);
    return loss;
}

static float *copy_of(const float *x, size_t n)
{
    float *copy = malloc(n * sizeof *copy);

    memcpy(copy, x, n * sizeof *copy);
    return copy;
}

static void names_the_tensors_of_the_head(void **state)
{
    static const struct {
        const char *name;
        int n_dims, shape[2];
    } wanted[] = {
        {"head.norm1.weight", 1, {1024}},       {"head.norm1.bias", 1, {1024}},
        {"head.norm1.running_mean", 1, {1024}}, {"head.norm1.running_var", 1, {1024}},
        {"head.fc1.weight", 2, {512, 1024}},    {"head.fc1.bias", 1, {512}},
        {"head.norm2.weight", 1, {512}},        {"head.norm2.bias", 1, {512}},
        {"head.norm2.running_mean", 1, {512}},  {"head.norm2.running_var", 1, {512}},
        {"head.fc2.weight", 2, {3, 512}},       {"head.fc2.bias", 1, {3}},
    };
    struct mr_model *model = make_model(MR_HEAD_CONCAT, MR_BODY_TRAINED, NULL);
    int n;
    const struct mr_tensor *t = mr_model_tensors(model, &n);

    assert_int_equal(n, 100 + 12);
    assert_int_equal(mr_model_n_features(model), 1024);
    for (int i = 0; i < 12; i++) {
        assert_string_equal(t[100 + i].name, wanted[i].name);
        assert_int_equal(t[100 + i].n_dims, wanted[i].n_dims);
        assert_memory_equal(t[100 + i].shape, wanted[i].shape,
                            (size_t)wanted[i].n_dims * sizeof(int));
    }
    mr_model_destroy(model);
}

/* Kaiming normal: variance 2 / fan in, to 0.5 % with half a million numbers. */
static void initialises_the_head_as_fastai_does(void **state)
{
    struct mr_model *model = make_model(MR_HEAD_CONCAT, MR_BODY_TRAINED, NULL);
    const struct mr_tensor *fc1 = mr_model_find_tensor(model, "head.fc1.weight");
    const struct mr_tensor *bias = mr_model_find_tensor(model, "head.fc1.bias");
    const float *w = mr_model_params(model);
    double square = 0;

    for (size_t i = 0; i < fc1->n; i++)
        square += (double)w[fc1->offset + i] * w[fc1->offset + i] / (double)fc1->n;
    assert_true(fabs(square * 1024 / 2 - 1) < .01);
    for (size_t i = 0; i < bias->n; i++)
        assert_true(w[bias->offset + i] == 0);
    mr_model_destroy(model);
}

static enum mr_group group_by_name(const char *name)
{
    if (!strncmp(name, "head.", 5))
        return MR_GROUP_HEAD;
    return !strncmp(name, "layer3", 6) || !strncmp(name, "layer4", 6) ? MR_GROUP_LATE
                                                                      : MR_GROUP_EARLY;
}

static void trains_a_prefix_of_one_layout_in_every_mode(void **state)
{
    static const enum mr_body_mode bodies[] = {MR_BODY_TRAINED, MR_BODY_NORM, MR_BODY_FIXED};
    struct mr_model *first = make_model(MR_HEAD_CONCAT, MR_BODY_TRAINED, NULL);

    for (int b = 0; b < 3; b++) {
        struct mr_model *model = make_model(MR_HEAD_CONCAT, bodies[b], NULL);
        int n;
        const struct mr_tensor *t = mr_model_tensors(model, &n);

        for (int i = 0; i < n; i++) {
            bool wanted = t[i].kind != MR_TENSOR_RUNNING &&
                          (t[i].group == MR_GROUP_HEAD || bodies[b] == MR_BODY_TRAINED ||
                           (bodies[b] == MR_BODY_NORM && t[i].kind == MR_TENSOR_BN));

            assert_int_equal(t[i].offset, mr_model_find_tensor(first, t[i].name)->offset);
            assert_int_equal(t[i].group, group_by_name(t[i].name));
            assert_int_equal(t[i].is_trained, wanted);
            assert_int_equal(t[i].offset < mr_model_n_trained(model), wanted);
        }
        mr_model_destroy(model);
    }
    mr_model_destroy(first);
}

/* All that a training step may change by itself are running statistics: of the body unless it is
 * fixed, and of the head. */
static void leaves_a_fixed_body_as_it_is(void **state)
{
    static const enum mr_body_mode bodies[] = {MR_BODY_TRAINED, MR_BODY_NORM, MR_BODY_FIXED};

    for (int b = 0; b < 3; b++) {
        struct mr_model *model = make_model(MR_HEAD_CONCAT, bodies[b], NULL);
        float *before = copy_of(mr_model_params(model), mr_model_n_params(model));
        int n;
        const struct mr_tensor *t = mr_model_tensors(model, &n);

        step_on_images(model, N);
        for (int i = 0; i < n; i++) {
            bool may = t[i].kind == MR_TENSOR_RUNNING &&
                       (bodies[b] != MR_BODY_FIXED || t[i].group == MR_GROUP_HEAD);
            bool changed = memcmp(before + t[i].offset, mr_model_params(model) + t[i].offset,
                                  t[i].n * sizeof *before) != 0;

            if (changed != may)
                fail_msg("%s %s", t[i].name, changed ? "changed" : "did not change");
        }
        free(before);
        mr_model_destroy(model);
    }
}

static void needs_less_memory_the_less_is_trained(void **state)
{
    static const enum mr_body_mode bodies[] = {MR_BODY_TRAINED, MR_BODY_NORM, MR_BODY_FIXED};
    size_t n_bytes[3];

    for (int b = 0; b < 3; b++) {
        struct mr_model *model = make_model(MR_HEAD_CONCAT, bodies[b], NULL);

        n_bytes[b] = mr_model_n_bytes(model);
        mr_model_destroy(model);
    }
    assert_true(n_bytes[1] < n_bytes[0] - 40000000); /* eleven million gradients */
    assert_true(n_bytes[2] < n_bytes[1]);
}

/* In evaluation for any body, in training for a fixed one: the same bits as from the images. */
static void answers_from_features_as_from_images(void **state)
{
    static const enum mr_body_mode bodies[] = {MR_BODY_TRAINED, MR_BODY_FIXED};

    for (int k = 0; k < 4; k++) {
        enum mr_mode mode = k % 2 ? MR_MODE_EVAL : MR_MODE_TRAIN;
        enum mr_body_mode body = mode == MR_MODE_EVAL ? bodies[k / 2] : MR_BODY_FIXED;
        struct mr_model *model = make_model((enum mr_head_kind)(k / 2), body, NULL);
        const float *wanted = mr_model_forward(model, images, N, mode);
        float *first = copy_of(wanted, N * CLASSES), *features;
        size_t n_features = (size_t)mr_model_n_features(model) * N;

        features = copy_of(mr_model_features(model, images, N), n_features);
        assert_memory_equal(mr_model_forward_features(model, features, N, mode), first,
                            N * CLASSES * sizeof *first);
        free(features);
        free(first);
        mr_model_destroy(model);
    }
}

static void learns_from_features_as_from_images(void **state)
{
    for (int head = 0; head < 2; head++) {
        struct mr_model *model = make_model((enum mr_head_kind)head, MR_BODY_FIXED, NULL);
        double loss = step_on_images(model, N);
        size_t n = mr_model_n_trained(model);
        float *grads = copy_of(mr_model_grads(model), n);

        memset(mr_model_grads(model), 0, n * sizeof *grads);
        mr_model_forward_features(model, mr_model_features(model, images, N), N, MR_MODE_TRAIN);
        assert_true(mr_model_loss(model, labels, NULL) == loss);
        mr_model_backward(model);
        assert_memory_equal(mr_model_grads(model), grads, n * sizeof *grads);
        free(grads);
        mr_model_destroy(model);
    }
}

/* Dropout follows from seed and step alone, whatever the threads. */
static void draws_masks_from_seed_and_step(void **state)
{
    struct mr_pool *pool = NULL;
    struct mr_model *model, *threaded;
    struct mr_error err;
    double losses[3];

    assert_ok(mr_pool_create(&pool, 3, &err), err);
    model = make_model(MR_HEAD_CONCAT, MR_BODY_FIXED, NULL);
    threaded = make_model(MR_HEAD_CONCAT, MR_BODY_FIXED, pool);
    for (int step = 0; step < 3; step++) {
        mr_model_set_step(model, step);
        losses[step] = step_on_images(model, N);
        mr_model_set_step(threaded, step);
        assert_true(fabs(step_on_images(threaded, N) - losses[step]) < 1e-5);
    }
    assert_true(fabs(losses[0] - losses[1]) > 1e-3 && fabs(losses[1] - losses[2]) > 1e-3);
    mr_model_set_step(model, 1);
    assert_true(step_on_images(model, N) == losses[1]);
    mr_model_destroy(model);
    mr_model_destroy(threaded);
    mr_pool_destroy(pool);
}

static float *param(struct mr_model *model, const char *name)
{
    return mr_model_params(model) + mr_model_find_tensor(model, name)->offset;
}

static double distance(const float *a, const float *b, int n)
{
    double most = 0;

    for (int i = 0; i < n; i++)
        most = fabs((double)a[i] - b[i]) > most ? fabs((double)a[i] - b[i]) : most;
    return most;
}

/* A mean that grows by .5 takes off what a beta that grows by .5 gamma / sqrt(var + eps) adds. */
static void evaluates_the_head_by_its_running_statistics(void **state)
{
    struct mr_model *model = make_model(MR_HEAD_CONCAT, MR_BODY_FIXED, NULL);
    float *mean = param(model, "head.norm1.running_mean"), *first;
    float *var = param(model, "head.norm1.running_var"), *beta = param(model, "head.norm1.bias");
    const float *logits;

    step_on_images(model, N); /* leaves the batch's statistics behind */
    first = copy_of(mr_model_forward(model, images, N, MR_MODE_EVAL), N * CLASSES);
    for (int i = 0; i < 1024; i++)
        mean[i] += .5f;
    logits = mr_model_forward(model, images, N, MR_MODE_EVAL);
    assert_true(distance(logits, first, N * CLASSES) > .01);
    for (int i = 0; i < 1024; i++)
        beta[i] += (float)(.5 / sqrt(var[i] + 1e-5)); /* gamma is 1 */
    logits = mr_model_forward(model, images, N, MR_MODE_EVAL);
    assert_true(distance(logits, first, N * CLASSES) < 1e-4);
    free(first);
    mr_model_destroy(model);
}

/* One image has no variance: what batch norm makes is beta, and nothing is infinite. */
static void survives_a_batch_of_one(void **state)
{
    struct mr_model *model = make_model(MR_HEAD_CONCAT, MR_BODY_TRAINED, NULL);
    size_t n = mr_model_n_trained(model);

    assert_true(isfinite(step_on_images(model, 1)));
    for (size_t i = 0; i < n; i++)
        assert_true(isfinite(mr_model_grads(model)[i]));
    for (size_t i = 0; i < mr_model_n_params(model); i++)
        assert_true(isfinite(mr_model_params(model)[i]));
    mr_model_destroy(model);
}

static void takes_a_body_from_a_file_with_another_head(void **state)
{
    struct mr_model *plain = make_model(MR_HEAD_PLAIN, MR_BODY_TRAINED, NULL);
    struct mr_model *model = make_model(MR_HEAD_CONCAT, MR_BODY_FIXED, NULL);
    const struct mr_tensor *from = mr_model_find_tensor(plain, "layer4.1.conv2.weight");
    const struct mr_tensor *to = mr_model_find_tensor(model, "layer4.1.conv2.weight");
    struct mr_weights_report report;
    char *folder = make_folder(), path[256];
    struct mr_error err;

    snprintf(path, sizeof path, "%s/plain.safetensors", folder);
    mr_model_init(plain, 99);
    assert_ok(mr_weights_save(plain, path, NULL, 0, NULL, 0, &err), err);
    assert_ok(mr_weights_load(model, path, &report, &err), err);
    assert_int_equal(report.n_loaded, 100);
    assert_int_equal(report.n_missing, 12);
    assert_int_equal(report.n_unexpected, 2);
    assert_memory_equal(mr_model_params(model) + to->offset, mr_model_params(plain) + from->offset,
                        to->n * sizeof(float));
    mr_weights_report_finish(&report);
    remove_folder(folder);
    mr_model_destroy(plain);
    mr_model_destroy(model);
}

/* The gradient of the last bias is the sum of the logits' over the images. */
static void trains_towards_a_goal(void **state)
{
    static const int others[N] = {1, 2, 0, 2, 0, 1, 2, 0};
    static const float shares[N] = {.5f, .75f, 1, .625f, .875f, .5f, .75f, 1},
                       weights[CLASSES] = {.5f, 1, 2};
    const struct mr_softmax_goal goal = {labels, others, shares, weights, .2};
    struct mr_pool *pool = NULL;
    struct mr_model *model;
    struct mr_error err;
    float logits[N * CLASSES], targets[N * CLASSES], d[N * CLASSES], losses[N], mixed[N];
    const float *db;

    assert_ok(mr_pool_create(&pool, 2, &err), err);
    model = make_model(MR_HEAD_PLAIN, MR_BODY_TRAINED, pool);
    memcpy(logits, mr_model_forward(model, images, N, MR_MODE_TRAIN), sizeof logits);
    mr_softmax_targets(targets, &goal, N, CLASSES);
    mr_softmax_target_backward(d, logits, targets, N, CLASSES);
    mr_softmax_mixed_losses(mixed, logits, &goal, N, CLASSES);
    assert_true(mr_model_loss_towards(model, &goal, losses) ==
                mr_softmax_target_loss(logits, targets, N, CLASSES));
    assert_memory_equal(losses, mixed, sizeof mixed);
    mr_model_backward(model);
    db = mr_model_grads(model) + mr_model_find_tensor(model, "fc.bias")->offset;
    for (int c = 0; c < CLASSES; c++) {
        double sum = 0;

        for (int i = 0; i < N; i++)
            sum += d[i * CLASSES + c];
        assert_true(fabs(db[c] - sum) < 1e-6);
    }
    mr_model_destroy(model);
    mr_pool_destroy(pool);
}

/* So that it matters which of the head's batch norms' numbers are used, and where. */
static void vary_norms(struct mr_model *model)
{
    int n;
    const struct mr_tensor *t = mr_model_tensors(model, &n);

    for (int i = 0; i < n; i++)
        for (size_t j = 0; j < t[i].n && t[i].group == MR_GROUP_HEAD && t[i].kind >= MR_TENSOR_BN;
             j++)
            mr_model_params(model)[t[i].offset + j] = .5f + (float)((j + (size_t)i) % 7) / 4;
}

/* sums (2, 512): of two images' gradients over their places. The largest size of any. */
static double sum_places(double *sums, const struct mr_model_evidence *evidence)
{
    int n_places = evidence->h * evidence->w;
    double largest = 0;

    for (int i = 0; i < 2; i++)
        for (int at = 0; at < n_places; at++)
            for (int c = 0; c < 512; c++)
                sums[i * 512 + c] += evidence->dx[(i * n_places + at) * 512 + c];
    for (int i = 0; i < 2 * 512; i++)
        largest = fmax(largest, fabs(sums[i]));
    return largest;
}

/* What a logit gains when a feature grows, by central differences: a feature is the mean of its
 * channel or the largest of it, so that the gradients of all its places sum up to that. */
static void check_explanation(enum mr_head_kind head)
{
    const double step = 1e-2;
    struct mr_model_options options = {.arch = MR_ARCH_RESNET18,
                                       .n_classes = CLASSES,
                                       .max_batch = 2,
                                       .h = SIDE,
                                       .w = SIDE,
                                       .head = head,
                                       .explains = true};
    const int classes[] = {2, 1}, others[] = {0, 0};
    struct mr_model *model = NULL;
    struct mr_model_evidence evidence;
    struct mr_error err;
    double *sums, largest;
    float *features;
    int n_places, n, f;

    assert_ok(mr_model_create(&model, &options, NULL, &err), err);
    mr_model_init(model, 7);
    vary_norms(model);
    n = mr_model_n_features(model);
    features = copy_of(mr_model_features(model, images, 2), 2 * (size_t)n);
    mr_model_forward(model, images, 2, MR_MODE_EVAL);
    (void)mr_model_explain(model, others); /* asking twice changes nothing */
    evidence = mr_model_explain(model, classes);
    n_places = evidence.h * evidence.w;
    assert_int_equal(evidence.h, 2);
    assert_int_equal(evidence.c, 512);
    sums = calloc(2 * 512, sizeof *sums);
    largest = sum_places(sums, &evidence);
    for (int c = 0; c < 512; c += 37) {
        double mean = 0, wanted[2] = {0};

        for (int at = 0; at < n_places; at++) /* of the second image; the last features are means */
            mean += (double)evidence.x[(n_places + at) * 512 + c] / n_places;
        assert_true(fabs(mean - features[2 * n - 512 + c]) < 1e-5);
        for (f = c; f < n; f += 512)
            for (int i = 0; i < 2; i++)
                for (int sign = -1; sign <= 1; sign += 2) {
                    float *moved = copy_of(features, 2 * (size_t)n);

                    moved[i * n + f] += (float)(sign * step);
                    wanted[i] += sign / (2 * step) *
                                 (double)mr_model_forward_features(
                                     model, moved, 2, MR_MODE_EVAL)[i * CLASSES + classes[i]];
                    free(moved);
                }
        for (int i = 0; i < 2; i++)
            assert_true(fabs(sums[i * 512 + c] - wanted[i]) < 2e-3 * largest);
    }
    free(features);
    free(sums);
    mr_model_destroy(model);
}

static void explains_a_logit_by_the_last_activation(void **state)
{
    check_explanation(MR_HEAD_PLAIN);
    check_explanation(MR_HEAD_CONCAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_tensors_of_the_head),
        cmocka_unit_test(initialises_the_head_as_fastai_does),
        cmocka_unit_test(trains_a_prefix_of_one_layout_in_every_mode),
        cmocka_unit_test(leaves_a_fixed_body_as_it_is),
        cmocka_unit_test(needs_less_memory_the_less_is_trained),
        cmocka_unit_test(answers_from_features_as_from_images),
        cmocka_unit_test(learns_from_features_as_from_images),
        cmocka_unit_test(draws_masks_from_seed_and_step),
        cmocka_unit_test(evaluates_the_head_by_its_running_statistics),
        cmocka_unit_test(survives_a_batch_of_one),
        cmocka_unit_test(takes_a_body_from_a_file_with_another_head),
        cmocka_unit_test(trains_towards_a_goal),
        cmocka_unit_test(explains_a_logit_by_the_last_activation),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
