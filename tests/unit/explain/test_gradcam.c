/* SPDX-License-Identifier: MIT */
/* Heat maps against PyTorch's, with weights that were trained, and the picture they are drawn on.
 */
#include "support.h"

#include <math.h>

#include <misread/base/rng.h>
#include <misread/explain/gradcam.h>
#include <misread/image/image.h>
#include <misread/nn/model.h>
#include <misread/nn/weights.h>

#include "../../parity/hashed.h"
#include "gradcam_numbers.h"

enum { SIDE = 224, CELLS = 49, N_NUMBERS = sizeof numbers / sizeof *numbers };

/* ---- as PyTorch ---- */

/* A gradient and three discs, half of each in darker stripes: paint() of the reference. */
static void paint(float *x, int k)
{
    static const double mean[] = {.485, .456, .406}, std[] = {.229, .224, .225};

    for (int row = 0; row < SIDE; row++)
        for (int col = 0; col < SIDE; col++) {
            int rgb[3] = {40 + 60 * row / SIDE, 90 + 50 * col / SIDE, 60 + 20 * k};

            for (uint64_t j = 0; j < 3; j++) {
                uint64_t h = mr_hash_mix((uint64_t)k * 16 + j + 1);
                int dx = col - (int)(30 + h % 164), dy = row - (int)(30 + (h >> 8) % 164);
                int r = (int)(15 + (h >> 16) % 35), stripe = 1 + (row + col) / 8 % 2;

                for (int c = 0; c < 3 && dx * dx + dy * dy < r * r; c++)
                    rgb[c] = (int)(h >> (24 + 8 * c) & 255) / stripe;
            }
            for (int c = 0; c < 3; c++)
                x[(row * SIDE + col) * 3 + c] = (float)((rgb[c] / 255.0 - mean[c]) / std[c]);
        }
}

static void fill_head(struct mr_model *model)
{
    float *values = malloc(mr_model_n_params(model) * sizeof *values);
    int n;
    const struct mr_tensor *tensors = mr_model_tensors(model, &n);

    for (int i = 0; i < n; i++) {
        if (tensors[i].group != MR_GROUP_HEAD)
            continue;
        hashed_tensor(values, &tensors[i], NULL);
        mr_model_set_tensor(model, &tensors[i], values);
    }
    free(values);
}

/* The body from the file; its own head, or fastai's with numbers made of integers. */
static struct mr_model *make_model(enum mr_head_kind head, const char *weights)
{
    struct mr_model_options options = {.arch = MR_ARCH_RESNET18,
                                       .n_classes = head == MR_HEAD_PLAIN ? 329 : HASHED_CLASSES,
                                       .max_batch = 1,
                                       .h = SIDE,
                                       .w = SIDE,
                                       .head = head,
                                       .explains = true};
    struct mr_weights_report report;
    struct mr_model *model = NULL;
    struct mr_error err;

    assert_ok(mr_model_create(&model, &options, NULL, &err), err);
    assert_ok(mr_weights_start(model, NULL, weights, NULL, &report, &err), err);
    mr_weights_report_finish(&report);
    if (head == MR_HEAD_CONCAT)
        fill_head(model);
    return model;
}

static double correlation(const float *a, const float *b, int n)
{
    double ma = 0, mb = 0, ab = 0, aa = 0, bb = 0;

    for (int i = 0; i < n; i++) {
        ma += (double)a[i] / n;
        mb += (double)b[i] / n;
    }
    for (int i = 0; i < n; i++) {
        ab += (a[i] - ma) * (b[i] - mb);
        aa += (a[i] - ma) * (a[i] - ma);
        bb += (b[i] - mb) * (b[i] - mb);
    }
    return ab / sqrt(aa * bb);
}

static int compare_to_pytorch(enum mr_head_kind head, const char *weights)
{
    struct mr_model *model = make_model(head, weights);
    float *x = malloc(sizeof *x * SIDE * SIDE * 3), heat[CELLS];
    int n = 0, image = -1;

    for (int i = 0; i < N_NUMBERS; i++) {
        struct mr_model_evidence evidence;

        if (numbers[i].head != head)
            continue;
        if (numbers[i].image != image) { /* one look at an image is enough for all its classes */
            image = numbers[i].image;
            paint(x, image);
            (void)mr_model_forward(model, x, 1, MR_MODE_EVAL);
        }
        evidence = mr_model_explain(model, &numbers[i].class_id);
        assert_int_equal(evidence.h * evidence.w, CELLS);
        assert_true(mr_gradcam_map(heat, &evidence, 0) > 0);
        if (!(correlation(heat, numbers[i].heat, CELLS) >= .99999))
            fail_msg("image %d, class %d: correlation %.7f with PyTorch's map", image,
                     numbers[i].class_id, correlation(heat, numbers[i].heat, CELLS));
        for (int at = 0; at < CELLS; at++)
            assert_true(fabsf(heat[at] - numbers[i].heat[at]) < 5e-4f);
        n++;
    }
    free(x);
    mr_model_destroy(model);
    return n;
}

/* Measured: correlation 1 - 7e-9 or better, with numbers of four digits. */
static void draws_the_maps_that_pytorch_draws(void **state)
{
    char weights[512];

    shared_or_skip(weights, "weights/misread_resnet18_mix329_f16.pth");
    assert_int_equal(compare_to_pytorch(MR_HEAD_PLAIN, weights), 6);
    assert_int_equal(compare_to_pytorch(MR_HEAD_CONCAT, weights), 6);
}

/* ---- by hand ---- */

/* Two images of 1 x 2 places and two channels. */
static const float x[] = {1, 2, 3, 4, 5, 0, 0, 5};
static const float dx[] = {1, -1, 1, 1, -1, -2, -1, 0};
static const struct mr_model_evidence by_hand = {x, dx, 1, 2, 2};

/* Weights 1 and 0: the first channel, 1 and 3. */
static void weighs_channels_by_their_mean_gradient(void **state)
{
    float heat[2];

    assert_true(mr_gradcam_map(heat, &by_hand, 0) == 3);
    assert_true(fabsf(heat[0] - 1.f / 3) < 1e-6f && heat[1] == 1);
}

static void says_when_nothing_speaks_for_a_class(void **state)
{
    float heat[2] = {7, 7};

    assert_true(mr_gradcam_map(heat, &by_hand, 1) == 0);
    assert_true(heat[0] == 0 && heat[1] == 0);
}

/* Cold is black under half of the picture, hot is pale yellow; between the centres it is a slope.
 */
static void colours_a_picture_by_its_heat(void **state)
{
    static const float heat[] = {0, 1};
    struct mr_image *grey = NULL, *drawn = NULL;
    struct mr_error err;
    const unsigned char *row;

    assert_ok(mr_image_create(&grey, 8, 2, &err), err);
    memset(grey->rgb, 100, 8 * 2 * 3);
    assert_ok(mr_gradcam_draw(&drawn, grey, heat, 1, 2, &err), err);
    assert_int_equal(drawn->w, 8);
    assert_int_equal(drawn->h, 2);
    row = drawn->rgb + 8 * 3;
    for (int at = 0; at < 2; at++) { /* beyond the centres at 2 and 6 */
        assert_int_equal(row[at * 3], 50);
        assert_int_equal(row[at * 3 + 2], 52);
        assert_int_equal(row[(7 - at) * 3], 176);
    }
    for (int at = 1; at < 6; at++)
        assert_true(row[at * 3 + 1] < row[at * 3 + 4]); /* green */
    assert_memory_equal(drawn->rgb, row, 8 * 3);
    mr_image_destroy(grey);
    mr_image_destroy(drawn);
}

/* A cell of 2 x 3 is .5 x 1/3 of the square. */
static void tells_how_much_of_the_heat_is_in_a_part(void **state)
{
    static const float even[] = {1, 1, 1, 1, 1, 1}, one[] = {0, 0, 0, .8f, 0, .2f}, none[6] = {0};
    const struct mr_rect_share part = {.1, .4, .45, .35}, lower_left = {0, .5, 1. / 3, .5},
                               half_of_it = {0, .75, .2, .25}, nowhere = {0};

    assert_true(fabs(mr_gradcam_share(even, 2, 3, &part) - .45 * .35) < 1e-9);
    assert_true(fabs(mr_gradcam_share(one, 2, 3, &lower_left) - .8) < 1e-6);
    assert_true(fabs(mr_gradcam_share(one, 2, 3, &half_of_it) - .8 * .5 * .6) < 1e-6);
    assert_true(mr_gradcam_share(even, 2, 3, &nowhere) == 0);
    assert_true(isnan(mr_gradcam_share(none, 2, 3, &part)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_the_maps_that_pytorch_draws),
        cmocka_unit_test(weighs_channels_by_their_mean_gradient),
        cmocka_unit_test(says_when_nothing_speaks_for_a_class),
        cmocka_unit_test(tells_how_much_of_the_heat_is_in_a_part),
        cmocka_unit_test(colours_a_picture_by_its_heat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
