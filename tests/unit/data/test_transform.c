/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/data/transform.h>

#include "augment.h"

#define PI 3.14159265358979323846
#define N  2000

/* What a neutral augmentation may differ by from the plain path: a few roundings of float. */
#define ROUNDING 2e-6

static const struct mr_augment neutral = {
    .max_zoom = 1, .max_lighting = 0, .p_affine = .75, .p_lighting = .75};

static unsigned char *noise(int size)
{
    unsigned char *src = malloc((size_t)(3 * size * size));

    assert_non_null(src);
    for (int i = 0; i < 3 * size * size; i++)
        src[i] = (unsigned char)mr_hash_mix((uint64_t)i);
    return src;
}

static float *transformed(const unsigned char *src, int size, const struct mr_augment *augment,
                          struct mr_rng rng)
{
    float *dst = malloc(sizeof *dst * (size_t)(3 * size * size));

    assert_non_null(dst);
    mr_transform(dst, src, size, augment, rng);
    return dst;
}

static double largest_difference(const float *a, const float *b, int size)
{
    double largest = 0;

    for (int i = 0; i < 3 * size * size; i++)
        if (fabs((double)a[i] - b[i]) > largest) /* fmax here crashes gcc 12 for aarch64 */
            largest = fabs((double)a[i] - b[i]);
    return largest;
}

/* The pixel of a symmetry of the square: mirrors first, then the transposition, seen from the
 * result. */
static int symmetric(int i, int size, int symmetry)
{
    int c = i % 3, x = i / 3 % size, y = i / 3 / size, t;

    if (symmetry & 4)
        t = x, x = y, y = t;
    if (symmetry & 1)
        x = size - 1 - x;
    if (symmetry & 2)
        y = size - 1 - y;
    return 3 * (y * size + x) + c;
}

/* Which of the eight symmetries makes dst of plain; -1: none. */
static int symmetry_of(const float *dst, const float *plain, int size)
{
    for (int symmetry = 0; symmetry < 8; symmetry++) {
        bool is_it = true;

        for (int i = 0; i < 3 * size * size && is_it; i++)
            is_it = fabsf(dst[i] - plain[symmetric(i, size, symmetry)]) < ROUNDING;
        if (is_it)
            return symmetry;
    }
    return -1;
}

static struct mr_rng rng_of(int i)
{
    return mr_rng_make(11, 0, 0, (uint64_t)i);
}

static void plain_is_exactly_value_less_mean_over_deviation(void **state)
{
    const float mean[] = {.485f, .456f, .406f}, std[] = {.229f, .224f, .225f};
    unsigned char *src = noise(17);
    float *dst = transformed(src, 17, NULL, rng_of(0));

    for (int i = 0; i < 3 * 17 * 17; i++)
        assert_true(dst[i] == ((float)src[i] / 255.0f - mean[i % 3]) / std[i % 3]);
    free(dst);
    free(src);
}

static void leaves_the_picture_alone_when_every_range_is_empty(void **state)
{
    /* one chunk, its edge, and more than one */
    const int sizes[] = {2, 5, 128, 129, 300};

    for (int k = 0; k < 5; k++) {
        unsigned char *src = noise(sizes[k]);
        float *plain = transformed(src, sizes[k], NULL, rng_of(0));
        float *dst = transformed(src, sizes[k], &neutral, rng_of(k));

        assert_true(largest_difference(dst, plain, sizes[k]) < ROUNDING);
        free(dst);
        free(plain);
        free(src);
    }
}

static void mirrors_half_of_the_time_left_to_right_only(void **state)
{
    struct mr_augment augment = neutral;
    unsigned char *src = noise(6);
    float *plain = transformed(src, 6, NULL, rng_of(0));
    int seen[8] = {0};

    augment.do_flip = true;
    for (int i = 0; i < N; i++) {
        float *dst = transformed(src, 6, &augment, rng_of(i));
        int symmetry = symmetry_of(dst, plain, 6);

        assert_in_range(symmetry, 0, 1);
        seen[symmetry]++;
        free(dst);
    }
    assert_in_range(seen[1], N / 2 - 90, N / 2 + 90); /* 4 standard errors */
    free(plain);
    free(src);
}

static void draws_all_eight_symmetries_when_both_flips_are_on(void **state)
{
    struct mr_augment augment = neutral;
    unsigned char *src = noise(7);
    float *plain = transformed(src, 7, NULL, rng_of(0));
    int seen[8] = {0};

    augment.do_flip = augment.flip_vert = true;
    for (int i = 0; i < N; i++) {
        float *dst = transformed(src, 7, &augment, rng_of(i));
        int symmetry = symmetry_of(dst, plain, 7);

        assert_true(symmetry >= 0);
        seen[symmetry]++;
        free(dst);
    }
    for (int k = 0; k < 8; k++)
        assert_in_range(seen[k], N / 8 - 60, N / 8 + 60);
    free(plain);
    free(src);
}

static void is_itself_again_when_mirrored_twice(void **state)
{
    struct mr_augment augment = neutral;
    unsigned char *src = noise(9), mirrored[3 * 9 * 9];
    float *plain = transformed(src, 9, NULL, rng_of(0)), *dst = NULL;
    int i = 0;

    augment.do_flip = true;
    for (int k = 0; k < 3 * 9 * 9; k++)
        mirrored[k] = src[symmetric(k, 9, 1)];
    do { /* a stream that mirrors */
        free(dst);
        dst = transformed(src, 9, &augment, rng_of(i));
    } while (symmetry_of(dst, plain, 9) != 1 && i++ < 100);
    mr_transform(dst, mirrored, 9, &augment, rng_of(i));
    assert_true(largest_difference(dst, plain, 9) < ROUNDING);
    free(dst);
    free(plain);
    free(src);
}

static void keeps_a_constant_picture_constant_under_geometry(void **state)
{
    const struct mr_augment augment = {
        .do_flip = true, .flip_vert = true, .max_rotate_deg = 180, .max_zoom = 2, .p_affine = 1};
    unsigned char src[3 * 31 * 31];
    float *plain;

    for (int i = 0; i < 3 * 31 * 31; i++)
        src[i] = (unsigned char)(40 + 90 * (i % 3));
    plain = transformed(src, 31, NULL, rng_of(0));
    for (int i = 0; i < 50; i++) {
        float *dst = transformed(src, 31, &augment, rng_of(i));

        assert_true(largest_difference(dst, plain, 31) < ROUNDING);
        free(dst);
    }
    free(plain);
}

/* Reflection about the centres of the outer pixels, as often as it takes. */
static double reflected(double x, int size)
{
    double period = 2.0 * (size - 1);

    x = fmod(fabs(x), period);
    return x > size - 1 ? period - x : x;
}

/*
 * Red is the column and green the row, so that a result says where it was sampled: bilinear
 * sampling is exact on a ramp. Worked out here the long way round: zoom about the focus, rotate,
 * mirror, each as a step.
 */
static void samples_where_rotation_zoom_and_mirrors_say(void **state)
{
    const struct mr_augment augment = {
        .do_flip = true, .max_rotate_deg = 180, .max_zoom = 1.5, .p_affine = 1, .p_lighting = 0};
    enum { size = 200 };
    unsigned char *src = noise(size);
    const double half = (size - 1) / 2.0;

    for (int i = 0; i < size * size; i++) {
        src[3 * i] = (unsigned char)(i % size);
        src[3 * i + 1] = (unsigned char)(i / size);
    }
    for (int k = 0; k < 20; k++) {
        struct mr_rng rng = rng_of(k);
        float *dst = transformed(src, size, &augment, rng);
        struct mr_augment_draw draw = mr_augment_draw(&augment, &rng);
        double angle = draw.rotate_deg * PI / 180;
        int n_near_a_fold = 0;

        for (int i = 0; i < size * size; i += 7) {
            double x = (i % size - half) / half, y = (i / size - half) / half, u, v;
            double red = (dst[3 * i] * .229 + .485) * 255;
            double green = (dst[3 * i + 1] * .224 + .456) * 255;

            x = x / draw.zoom + (1 - 1 / draw.zoom) * (2 * draw.focus_x - 1);
            y = y / draw.zoom + (1 - 1 / draw.zoom) * (2 * draw.focus_y - 1);
            u = x * cos(angle) - y * sin(angle);
            v = x * sin(angle) + y * cos(angle);
            if (draw.mirror_x)
                u = -u;
            n_near_a_fold += fabs(u) > 1 || fabs(v) > 1;
            assert_true(fabs(red - reflected(half + half * u, size)) < 2e-3);
            assert_true(fabs(green - reflected(half + half * v, size)) < 2e-3);
        }
        if (k == 0)
            assert_true(n_near_a_fold > 0); /* else reflection was not tried */
        free(dst);
    }
    free(src);
}

/* The view replaces flip and zoom; the rest is drawn as it would be without. */
static void gives_a_view_and_draws_the_rest_as_always(void **state)
{
    struct mr_augment augment = mr_augment_default(), given;

    for (int k = 0; k < 40; k++) {
        struct mr_rng rng = rng_of(k), same = rng;
        struct mr_augment_draw a, b;
        bool is_scope = k % 2;

        augment.flip_vert = is_scope;
        given = augment;
        given.view = (struct mr_augment_view){.zoom = 1.35, .focus_x = 1, .is_mirrored = k / 2 % 2};
        a = mr_augment_draw(&augment, &rng);
        b = mr_augment_draw(&given, &same);
        assert_true(b.zoom == 1.35 && b.focus_x == 1 && b.focus_y == 0);
        assert_int_equal(b.mirror_x, (is_scope && a.mirror_x) != given.view.is_mirrored);
        assert_true(a.mirror_y == b.mirror_y && a.transpose == b.transpose);
        assert_true(a.rotate_deg == b.rotate_deg && a.brightness == b.brightness);
        assert_true(a.contrast == b.contrast);
        assert_memory_equal(a.warp, b.warp, sizeof a.warp);
    }
}

static void lights_as_the_logit_formula_within_a_tenth_of_a_grey_level(void **state)
{
    const struct mr_augment augment = {.max_zoom = 1, .max_lighting = .2, .p_lighting = 1};
    unsigned char src[3 * 16 * 16];

    for (int i = 0; i < 3 * 16 * 16; i++)
        src[i] = (unsigned char)(i / 3);
    for (int k = 0; k < 100; k++) {
        struct mr_rng rng = rng_of(k);
        float *dst = transformed(src, 16, &augment, rng);
        struct mr_augment_draw draw = mr_augment_draw(&augment, &rng);

        for (int i = 0; i < 3 * 16 * 16; i++) {
            double v = dst[i] * (double)mr_imagenet_std[i % 3] + mr_imagenet_mean[i % 3];

            assert_true(fabs(v - mr_augment_light(&draw, src[i] / 255.0)) < .1 / 255);
        }
        free(dst);
    }
}

static void brightness_adds_to_logits_and_contrast_multiplies_them(void **state)
{
    const struct mr_augment_draw bright = {.brightness = log(.6 / .4), .contrast = 1};
    const struct mr_augment_draw harsh = {.brightness = 0, .contrast = 1.25};
    const struct mr_augment_draw both = {.brightness = log(.6 / .4), .contrast = 1.25};

    assert_true(fabs(mr_augment_light(&bright, .5) - .6) < 1e-12);
    assert_true(fabs(mr_augment_light(&bright, .8) - 6.0 / 7) < 1e-12); /* odds 4 * 1.5 */
    assert_true(fabs(mr_augment_light(&harsh, .5) - .5) < 1e-12);
    assert_true(fabs(mr_augment_light(&harsh, .8) - 1 / (1 + pow(4, -1.25))) < 1e-12);
    assert_true(fabs(mr_augment_light(&both, .8) - 1 / (1 + pow(6, -1.25))) < 1e-12);
    assert_true(mr_augment_light(&harsh, 0) > 0 && mr_augment_light(&harsh, 1) < 1);
}

/* Of a number that is uniform in [lo, hi): mean and variance within 4.5 standard errors, and the
 * range itself. */
static void assert_uniform(const double *x, int n, double lo, double hi)
{
    double mean = 0, variance = 0, width = hi - lo;

    for (int i = 0; i < n; i++) {
        assert_true(x[i] >= lo && x[i] <= hi);
        mean += x[i] / n;
    }
    for (int i = 0; i < n; i++)
        variance += (x[i] - mean) * (x[i] - mean) / n;
    assert_true(fabs(mean - (lo + hi) / 2) < 4.5 * width / sqrt(12.0 * n));
    assert_true(fabs(variance / (width * width / 12) - 1) < 4.5 * sqrt(.8 / n));
}

/* The correlation of two numbers of mean 0 within 4.5 standard errors of none. */
static void assert_unrelated(const double *x, const double *y, int n)
{
    double xy = 0, xx = 0, yy = 0;

    for (int i = 0; i < n; i++) {
        xy += x[i] * y[i];
        xx += x[i] * x[i];
        yy += y[i] * y[i];
    }
    assert_true(fabs(xy) / sqrt(xx * yy) < 4.5 / sqrt(n));
}

static void draws_the_published_distributions(void **state)
{
    const struct mr_augment augment = mr_augment_default();
    static double warp[4][N], rotate[N], zoom[N], focus_x[N], focus_y[N], brightness[N],
        contrast[N];
    int n_mirror = 0, n_warp = 0, n_rotate = 0, n_zoom = 0, n_brightness = 0, n_contrast = 0;

    for (int i = 0; i < N; i++) {
        struct mr_rng rng = rng_of(i);
        struct mr_augment_draw draw = mr_augment_draw(&augment, &rng);

        assert_false(draw.mirror_y || draw.transpose);
        n_mirror += draw.mirror_x;
        if (draw.warp[0] != 0) {
            for (int k = 0; k < 4; k++)
                warp[k][n_warp] = draw.warp[k];
            n_warp++;
        }
        if (draw.rotate_deg != 0)
            rotate[n_rotate++] = draw.rotate_deg;
        if (draw.zoom != 1) {
            focus_x[n_zoom] = draw.focus_x;
            focus_y[n_zoom] = draw.focus_y;
            zoom[n_zoom++] = draw.zoom;
        }
        if (draw.brightness != 0)
            brightness[n_brightness++] = 1 / (1 + exp(-draw.brightness));
        if (draw.contrast != 1)
            contrast[n_contrast++] = log(draw.contrast);
    }
    assert_in_range(n_mirror, N / 2 - 95, N / 2 + 95);
    assert_in_range(n_warp, 3 * N / 4 - 85, 3 * N / 4 + 85);
    assert_in_range(n_rotate, 3 * N / 4 - 85, 3 * N / 4 + 85);
    assert_in_range(n_zoom, 3 * N / 4 - 85, 3 * N / 4 + 85);
    assert_in_range(n_brightness, 3 * N / 4 - 85, 3 * N / 4 + 85);
    assert_in_range(n_contrast, 3 * N / 4 - 85, 3 * N / 4 + 85);
    for (int k = 0; k < 4; k++) {
        assert_uniform(warp[k], n_warp, -.2, .2);
        for (int l = 0; l < k; l++)
            assert_unrelated(warp[k], warp[l], n_warp);
    }
    assert_uniform(rotate, n_rotate, -10, 10);
    assert_uniform(zoom, n_zoom, 1, 1.1);
    assert_uniform(focus_x, n_zoom, 0, 1);
    assert_uniform(focus_y, n_zoom, 0, 1);
    assert_uniform(brightness, n_brightness, .4, .6);
    assert_uniform(contrast, n_contrast, log(.8), log(1.25));
}

static void one_setting_does_not_change_what_the_others_come_to(void **state)
{
    struct mr_augment augment = mr_augment_default();
    struct mr_rng a = rng_of(5), b = rng_of(5);
    struct mr_augment_draw all, some;

    augment.p_affine = augment.p_lighting = 1;
    all = mr_augment_draw(&augment, &a);
    augment.do_flip = false;
    augment.p_affine = 0;
    some = mr_augment_draw(&augment, &b);
    assert_true(some.rotate_deg == 0 && some.zoom == 1 && some.warp[0] == 0);
    assert_true(some.brightness == all.brightness && some.contrast == all.contrast);
    assert_true(all.rotate_deg != 0 && all.zoom != 1 && all.brightness != 0 && all.contrast != 1);
}

static void gives_the_same_for_the_same_stream_and_another_for_another(void **state)
{
    const struct mr_augment augment = mr_augment_default();
    unsigned char *src = noise(24);
    float *a = transformed(src, 24, &augment, rng_of(1));
    float *b = transformed(src, 24, &augment, rng_of(1));
    float *c = transformed(src, 24, &augment, rng_of(2));

    assert_memory_equal(a, b, sizeof *a * 3 * 24 * 24);
    assert_true(largest_difference(a, c, 24) > .1);
    free(a);
    free(b);
    free(c);
    free(src);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_is_exactly_value_less_mean_over_deviation),
        cmocka_unit_test(leaves_the_picture_alone_when_every_range_is_empty),
        cmocka_unit_test(mirrors_half_of_the_time_left_to_right_only),
        cmocka_unit_test(draws_all_eight_symmetries_when_both_flips_are_on),
        cmocka_unit_test(is_itself_again_when_mirrored_twice),
        cmocka_unit_test(keeps_a_constant_picture_constant_under_geometry),
        cmocka_unit_test(samples_where_rotation_zoom_and_mirrors_say),
        cmocka_unit_test(gives_a_view_and_draws_the_rest_as_always),
        cmocka_unit_test(lights_as_the_logit_formula_within_a_tenth_of_a_grey_level),
        cmocka_unit_test(brightness_adds_to_logits_and_contrast_multiplies_them),
        cmocka_unit_test(draws_the_published_distributions),
        cmocka_unit_test(one_setting_does_not_change_what_the_others_come_to),
        cmocka_unit_test(gives_the_same_for_the_same_stream_and_another_for_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
