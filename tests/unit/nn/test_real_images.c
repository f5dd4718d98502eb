/* SPDX-License-Identifier: MIT */
/*
 * Real images through a network with pretrained weights, against PyTorch (tests/reference/
 * real_images.py): given as tensors, and as files that each side decodes, resizes and crops itself.
 */
#include "support.h"

#include <math.h>

#include <misread/base/crc32.h>
#include <misread/base/pool.h>
#include <misread/data/transform.h>
#include <misread/image/decode.h>
#include <misread/image/image.h>
#include <misread/nn/model.h>
#include <misread/nn/weights.h>

#include "real_numbers.h"

#define N       ((int)(sizeof real_images / sizeof *real_images))
#define N_BYTES ((size_t)REAL_SIDE * REAL_SIDE * 3)

static struct mr_sandbox *sandbox;
static struct mr_pool *pool;
static struct mr_model *model;

static int set_up(void **state)
{
    struct mr_model_options options = {.arch = MR_ARCH_RESNET18,
                                       .n_classes = REAL_N_CLASSES,
                                       .max_batch = 1,
                                       .h = REAL_SIDE,
                                       .w = REAL_SIDE};
    struct mr_error err;

    return mr_pool_create(&pool, 2, &err) || mr_model_create(&model, &options, pool, &err);
}

static int tear_down(void **state)
{
    mr_model_destroy(model);
    mr_pool_destroy(pool);
    return 0;
}

static void load_weights(void)
{
    char path[512];
    struct mr_weights_report report;
    struct mr_error err;

    shared_or_skip(path, REAL_WEIGHTS);
    assert_ok(mr_weights_start(model, NULL, path, NULL, &report, &err), err);
    assert_false(report.is_head_new);
    mr_weights_report_finish(&report);
}

static void path_of(char *path, size_t cap, const struct real_image *image)
{
    snprintf(path, cap, "%s/%s", MISREAD_SHARED, image->path);
}

/* REAL_N_CLASSES logits. */
static const float *logits_of(const unsigned char *pixels)
{
    static float x[N_BYTES];

    mr_transform(x, pixels, REAL_SIDE, NULL, mr_rng_make(0, 0, 0, 0));
    return mr_model_forward(model, x, 1, MR_MODE_EVAL);
}

static int top_of(const float *logits)
{
    int top = 0;

    for (int c = 1; c < REAL_N_CLASSES; c++)
        if (logits[c] > logits[top])
            top = c;
    return top;
}

static bool has_odd_bits(int c)
{
    return __builtin_parity((unsigned)c);
}

/* The larger, or not a number if one is not. */
static double larger(double a, double b)
{
    return isnan(a) || b <= a ? a : b;
}

/* The largest difference of the logits that are stored, and of the sums over all. */
static double difference(const float *logits, const struct real_logits *wanted)
{
    double squares = 0, sum = 0, most = 0;

    for (int c = 0; c < REAL_N_CLASSES; c++) {
        squares += (double)logits[c] * (double)logits[c];
        sum += has_odd_bits(c) ? logits[c] : -logits[c];
    }
    for (int i = 0; i < REAL_N_SHOWN; i++)
        most = larger(most, fabs(logits[REAL_FIRST + REAL_STEP * i] - wanted->shown[i]));
    most = larger(most, fabs(sqrt(squares / REAL_N_CLASSES) - wanted->rms));
    return larger(most, fabs(sum / REAL_N_CLASSES - wanted->signed_mean));
}

/* The nearest pixels by integers alone. */
static void take_nearest(unsigned char *to, const struct mr_image *image)
{
    for (int y = 0; y < REAL_SIDE; y++)
        for (int x = 0; x < REAL_SIDE; x++) {
            size_t row = (size_t)(y * image->h / REAL_SIDE) * (size_t)image->w;

            memcpy(to + 3 * ((size_t)y * REAL_SIDE + (size_t)x),
                   image->rgb + 3 * (row + (size_t)(x * image->w / REAL_SIDE)), 3);
        }
}

/* 1e-4 of the largest logit, as everywhere between us and PyTorch: an image's logits are one
 * vector, whose small ones are differences of large sums. */
static void agrees_with_pytorch_on_tensors(void **state)
{
    unsigned char pixels[N_BYTES];
    struct mr_crc32 crc;
    double worst = 0;
    int n_other = 0;

    load_weights();
    mr_crc32_init(&crc);
    for (int i = 0; i < N; i++) {
        struct mr_image *image = NULL;
        struct mr_error err;
        const float *logits;
        char path[512];
        double d;

        path_of(path, sizeof path, &real_images[i]);
        assert_ok(mr_image_load(&image, sandbox, MR_SANDBOX_WORK, path, &err), err);
        take_nearest(pixels, image);
        mr_image_destroy(image);
        if (mr_crc32_of(&crc, pixels, N_BYTES) != real_images[i].crc) {
            n_other++;
            continue;
        }
        logits = logits_of(pixels);
        assert_int_equal(top_of(logits), real_images[i].tensor.top);
        d = difference(logits, &real_images[i].tensor) / logits[top_of(logits)];
        worst = fmax(worst, d);
        if (d > 1e-4)
            fail_msg("%s: logits are off by %.2g of the largest", real_images[i].path, d);
    }
    printf("%d of %d images, off by %.2g of the largest logit at most\n", N - n_other, N, worst);
    if (n_other == N)
        skip_because("the JPEG decoder of this build has other pixels than the reference's");
}

/* What is left is float sums between two grey levels: 224 of 256 pixels have many such. */
static void agrees_with_pytorch_on_files(void **state)
{
    double worst = 0;
    int n_same = 0;

    load_weights();
    for (int i = 0; i < N; i++) {
        struct mr_image *square = NULL;
        struct mr_size_px whole;
        struct mr_error err;
        const float *logits;
        char path[512];
        double d;

        path_of(path, sizeof path, &real_images[i]);
        assert_ok(mr_image_load_square(&square, &whole, sandbox, path, REAL_SIDE, MR_SQUARE_CROP,
                                       NULL, &err),
                  err);
        logits = logits_of(square->rgb);
        d = difference(logits, &real_images[i].file);
        worst = fmax(worst, d);
        n_same += top_of(logits) == real_images[i].file.top;
        mr_image_destroy(square);
    }
    printf("%d of %d have the same top-1; off by %.2g at most\n", n_same, N, worst);
    assert_true(n_same >= .98 * N);
    assert_true(worst <= 2e-2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_pytorch_on_tensors),
        cmocka_unit_test(agrees_with_pytorch_on_files),
    };
    struct mr_sandbox_options options = mr_image_sandbox_options(2);
    struct mr_error err;
    int failed;

    if (mr_sandbox_create(&sandbox, &options, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    failed = cmocka_run_group_tests(tests, set_up, tear_down);
    mr_sandbox_destroy(sandbox);
    return failed;
}
