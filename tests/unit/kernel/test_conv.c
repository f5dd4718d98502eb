/* SPDX-License-Identifier: MIT */
/*
 * Against a direct sum in double, which also gives each result's sum of magnitudes: rounding of a
 * sum in float stays far under 1e-6 of that, a dropped or misplaced term does not.
 */
#include "checks.h"

#include <misread/kernel/conv.h>
#include <misread/kernel/gemm.h>

/* Winograd's transforms round more than the direct sum, and by what lies around an output rather
 * than by the output's own terms. */
static bool may_be_winograd(const struct mr_conv_shape *s)
{
    return s->kh == 3 && s->kw == 3 && s->stride == 1 && s->pad == 1;
}

static double tolerance_of(const struct mr_conv_shape *s)
{
    return may_be_winograd(s) ? 5e-6 : 1e-6;
}

static const struct mr_conv_shape shapes[] = {
    /* n, h, w, c_in, c_out, kh, kw, stride, pad */
    {1, 1, 1, 1, 1, 1, 1, 1, 0},       /* one product */
    {1, 5, 7, 3, 4, 3, 3, 1, 1},       /* odd sides */
    {2, 8, 8, 8, 16, 3, 3, 1, 1},      /* even sides, full vectors */
    {3, 7, 5, 5, 3, 3, 3, 2, 1},       /* stride, channels not a multiple of 8 */
    {2, 6, 9, 4, 7, 3, 3, 2, 1},       /* an even and an odd side under stride 2 */
    {1, 15, 13, 3, 9, 7, 7, 2, 3},     /* the stem */
    {2, 16, 16, 3, 8, 7, 7, 2, 3},     /* the stem, even */
    {3, 9, 8, 6, 10, 1, 1, 2, 0},      /* a shortcut: points that no window sees */
    {2, 6, 5, 7, 11, 1, 1, 1, 0},      /* a plain product */
    {1, 4, 4, 2, 3, 3, 3, 1, 0},       /* no padding */
    {1, 3, 3, 4, 5, 3, 3, 1, 0},       /* one window */
    {2, 11, 10, 3, 5, 5, 5, 3, 2},     /* stride 3 */
    {1, 9, 9, 2, 3, 2, 2, 3, 0},       /* a kernel smaller than the stride */
    {1, 7, 9, 3, 4, 3, 5, 2, 1},       /* a kernel that is not square */
    {1, 1, 6, 3, 4, 3, 3, 1, 1},       /* one row: mostly padding */
    {1, 2, 2, 3, 4, 3, 3, 2, 1},       /* smaller than the kernel */
    {2, 4, 4, 70, 33, 3, 3, 1, 1},     /* the weights' gradient by columns */
    {4, 33, 31, 3, 2, 3, 3, 1, 1},     /* several blocks, odd cuts */
    {1, 70, 60, 2, 2, 1, 1, 1, 0},     /* several blocks of a plain product */
    {9, 9, 7, 16, 32, 3, 3, 1, 1},     /* Winograd: tiles cut at both edges */
    {3, 8, 12, 32, 16, 3, 3, 1, 1},    /* whole tiles */
    {3, 1, 2, 16, 16, 3, 3, 1, 1},     /* images smaller than a tile */
    {7, 5, 6, 48, 80, 3, 3, 1, 1},     /* channels that fill vectors but no panel */
    {9, 6, 5, 16, 7, 3, 3, 1, 1},      /* Winograd one way only */
    {1, 70, 61, 16, 16, 3, 3, 1, 1},   /* several chunks a thread */
    {4, 7, 6, 160, 144, 3, 3, 1, 1},   /* weights that do not fit a cache: the pool's chunks */
    {129, 2, 5, 160, 144, 3, 3, 1, 1}, /* two of them */
};

enum { N_SHAPES = sizeof shapes / sizeof *shapes };

struct problem {
    struct mr_conv_shape shape;
    size_t n_x, n_w, n_y;
    float *x, *w, *dy;
    double *y, *dx, *dw;             /* expected */
    double *y_mag, *dx_mag, *dw_mag; /* sums of magnitudes */
};

/* Adds the product of the values at x[i], w[j] (towards y[k]) and what it means for the gradients.
 */
static void add_term(struct problem *p, size_t i, size_t j, size_t k)
{
    double x = p->x[i], w = p->w[j], dy = p->dy[k];

    p->y[k] += x * w;
    p->y_mag[k] += fabs(x * w);
    p->dx[i] += dy * w;
    p->dx_mag[i] += fabs(dy * w);
    p->dw[j] += dy * x;
    p->dw_mag[j] += fabs(dy * x);
}

/* All channels of one tap at one output point. */
static void add_tap(struct problem *p, size_t in, size_t tap, size_t out)
{
    size_t c_in = (size_t)p->shape.c_in, c_out = (size_t)p->shape.c_out;

    for (size_t i = 0; i < c_in; i++)
        for (size_t o = 0; o < c_out; o++)
            add_term(p, in * c_in + i, (tap * c_in + i) * c_out + o, out * c_out + o);
}

static void solve_directly(struct problem *p)
{
    const struct mr_conv_shape *s = &p->shape;
    int h_out = mr_conv_h_out(s), w_out = mr_conv_w_out(s);

    for (int n = 0; n < s->n; n++)
        for (int oy = 0; oy < h_out; oy++)
            for (int ox = 0; ox < w_out; ox++)
                for (int a = 0; a < s->kh; a++)
                    for (int b = 0; b < s->kw; b++) {
                        int y = oy * s->stride - s->pad + a, x = ox * s->stride - s->pad + b;

                        if (y >= 0 && y < s->h && x >= 0 && x < s->w)
                            add_tap(p, (size_t)((n * s->h + y) * s->w + x), (size_t)(a * s->kw + b),
                                    (size_t)((n * h_out + oy) * w_out + ox));
                    }
}

static struct problem make_problem(struct mr_conv_shape s)
{
    struct problem p = {.shape = s};

    p.n_x = (size_t)(s.n * s.h * s.w * s.c_in);
    p.n_w = (size_t)(s.kh * s.kw * s.c_in * s.c_out);
    p.n_y = (size_t)(s.n * mr_conv_h_out(&s) * mr_conv_w_out(&s) * s.c_out);
    p.x = random_floats(p.n_x, 1);
    p.w = random_floats(p.n_w, 2);
    p.dy = random_floats(p.n_y, 3);
    p.y = calloc(p.n_y, sizeof *p.y);
    p.y_mag = calloc(p.n_y, sizeof *p.y_mag);
    p.dx = calloc(p.n_x, sizeof *p.dx);
    p.dx_mag = calloc(p.n_x, sizeof *p.dx_mag);
    p.dw = calloc(p.n_w, sizeof *p.dw);
    p.dw_mag = calloc(p.n_w, sizeof *p.dw_mag);
    return p;
}

static void free_problem(struct problem *p)
{
    void *all[] = {p->x, p->w, p->dy, p->y, p->y_mag, p->dx, p->dx_mag, p->dw, p->dw_mag};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static void check_all(const struct problem *p, const float *got, const double *wanted,
                      const double *magnitude, size_t n, double least_magnitude)
{
    double around = least_magnitude;

    for (size_t i = 0; may_be_winograd(&p->shape) && i < n; i++)
        around = fmax(around, magnitude[i]);
    for (size_t i = 0; i < n; i++)
        assert_near(got[i], wanted[i], tolerance_of(&p->shape) * fmax(magnitude[i], around));
}

/* Each pass into fresh memory; the caller frees. */
static float *run_forward(const struct problem *p, const float *x, const float *w,
                          struct mr_pool *pool)
{
    size_t n = mr_conv_forward_scratch(&p->shape, mr_pool_n_threads(pool));
    float *scratch = guarded_scratch(n), *y = nan_floats(p->n_y);

    mr_conv_forward(&(struct mr_conv_out){.y = y}, &(struct mr_conv_in){.x = x}, w, &p->shape,
                    scratch, pool);
    check_and_free_scratch(scratch, n);
    return y;
}

static float *run_backward_data(const struct problem *p, float *dx, enum mr_write write,
                                struct mr_pool *pool)
{
    size_t n = mr_conv_backward_data_scratch(&p->shape, mr_pool_n_threads(pool));
    float *scratch = guarded_scratch(n);

    mr_conv_backward_data(dx, p->dy, p->w, &p->shape, write, scratch, pool);
    check_and_free_scratch(scratch, n);
    return dx;
}

static float *run_backward_weights(const struct problem *p, struct mr_pool *pool)
{
    size_t n = mr_conv_backward_weights_scratch(&p->shape, mr_pool_n_threads(pool));
    float *scratch = guarded_scratch(n), *dw = nan_floats(p->n_w);

    mr_conv_backward_weights(dw, &(struct mr_conv_in){.x = p->x}, p->dy, &p->shape, scratch, pool);
    check_and_free_scratch(scratch, n);
    return dw;
}

/* All passes on one thread; the caller frees each. */
static void run_all(const struct problem *p, float *results[MR_N_CONV_PASS])
{
    results[MR_CONV_FORWARD] = run_forward(p, p->x, p->w, NULL);
    results[MR_CONV_BACKWARD_DATA] = run_backward_data(p, nan_floats(p->n_x), MR_OVERWRITE, NULL);
    results[MR_CONV_BACKWARD_WEIGHTS] = run_backward_weights(p, NULL);
}

static void check_shape(struct mr_conv_shape shape, struct mr_pool *pool)
{
    struct problem p = make_problem(shape);
    float *y, *dx, *dw;

    solve_directly(&p);
    y = run_forward(&p, p.x, p.w, pool);
    dx = run_backward_data(&p, nan_floats(p.n_x), MR_OVERWRITE, pool);
    dw = run_backward_weights(&p, pool);
    check_all(&p, y, p.y, p.y_mag, p.n_y, 0);
    check_all(&p, dx, p.dx, p.dx_mag, p.n_x, 0);
    check_all(&p, dw, p.dw, p.dw_mag, p.n_w, 0);
    free(y);
    free(dx);
    free(dw);
    free_problem(&p);
}

static void agrees_with_the_direct_sum_for_every_shape(void **state)
{
    for (int i = 0; i < N_SHAPES; i++)
        check_shape(shapes[i], NULL);
}

static void agrees_with_the_direct_sum_for_every_number_of_threads(void **state)
{
    for (int n_threads = 2; n_threads <= 5; n_threads++) {
        struct mr_pool *pool = make_pool(n_threads);

        for (int i = 0; i < N_SHAPES; i++)
            check_shape(shapes[i], pool);
        mr_pool_destroy(pool);
    }
}

static struct mr_conv_shape taking(struct mr_conv_shape shape, enum mr_conv_algorithm algorithm)
{
    for (int pass = 0; pass < MR_N_CONV_PASS; pass++)
        shape.algorithms[pass] = algorithm;
    return shape;
}

/* Winograd where it does not pay too; where it is not possible, direct. */
static void agrees_with_the_direct_sum_by_either_algorithm(void **state)
{
    struct mr_pool *pool = make_pool(3);

    for (int i = 0; i < N_SHAPES; i++) {
        check_shape(taking(shapes[i], MR_CONV_DIRECT), pool);
        check_shape(taking(shapes[i], MR_CONV_WINOGRAD), pool);
    }
    mr_pool_destroy(pool);
}

static void takes_the_algorithm_it_is_told_pass_by_pass(void **state)
{
    static const struct mr_conv_shape big = {2, 16, 16, 64, 64, 3, 3, 1, 1},
                                      small = {1, 2, 2, 64, 64, 3, 3, 1, 1},
                                      strided = {2, 16, 16, 64, 64, 3, 3, 2, 1};

    for (int pass = 0; pass < MR_N_CONV_PASS; pass++) {
        struct mr_conv_shape one = big;
        struct problem p = make_problem(big), q;
        float *by_rule[MR_N_CONV_PASS], *told[MR_N_CONV_PASS];

        assert_int_equal(mr_conv_resolve(&big, pass), MR_CONV_WINOGRAD);
        assert_int_equal(mr_conv_resolve(&small, pass), MR_CONV_DIRECT);
        assert_int_equal(mr_conv_resolve(&strided, pass), MR_CONV_DIRECT);
        one = taking(small, MR_CONV_WINOGRAD);
        assert_int_equal(mr_conv_resolve(&one, pass), MR_CONV_WINOGRAD);
        one = taking(strided, MR_CONV_WINOGRAD);
        assert_int_equal(mr_conv_resolve(&one, pass), MR_CONV_DIRECT);

        /* The two round differently: other bits tell who ran. */
        q = p;
        q.shape.algorithms[pass] = MR_CONV_DIRECT;
        run_all(&p, by_rule);
        run_all(&q, told);
        for (int k = 0; k < MR_N_CONV_PASS; k++) {
            size_t n = (k == MR_CONV_FORWARD ? p.n_y : k == MR_CONV_BACKWARD_DATA ? p.n_x : p.n_w);

            assert_int_equal(!memcmp(by_rule[k], told[k], n * sizeof(float)), k != pass);
            free(by_rule[k]);
            free(told[k]);
        }
        free_problem(&p);
    }
}

/* Enough rows that the weights' gradient is summed by rows on two threads. */
static void sums_partial_gradients_of_the_threads(void **state)
{
    static const struct mr_conv_shape shape = {1, 92, 91, 2, 3, 3, 3, 1, 1};
    struct mr_pool *pool = make_pool(2);

    check_shape(shape, pool);
    check_shape((struct mr_conv_shape){1, 92, 91, 40, 3, 1, 1, 1, 0}, pool);
    mr_pool_destroy(pool);
}

/* Batch norm and ReLU where x is read, against a convolution of what they make of it, which is of
 * size 1 and rounded. */
static void reads_through_batch_norm_and_relu(void **state)
{
    struct mr_pool *pool = make_pool(2);

    for (int i = 0; i < N_SHAPES; i++) {
        struct problem p = make_problem(shapes[i]), plain = make_problem(shapes[i]);
        size_t c = (size_t)p.shape.c_in, n, n_dw;
        float *mean = random_floats(c, 11), *scale = random_floats(c, 12);
        float *shift = random_floats(c, 13), *y = nan_floats(p.n_y), *dw = nan_floats(p.n_w);
        struct mr_conv_in in = {p.x, mean, scale, shift};
        float *scratch;

        for (size_t k = 0; k < p.n_x; k++)
            plain.x[k] = fmaxf((p.x[k] - mean[k % c]) * scale[k % c] + shift[k % c], 0);
        solve_directly(&plain);
        n = mr_conv_forward_scratch(&p.shape, 2);
        n_dw = mr_conv_backward_weights_scratch(&p.shape, 2);
        scratch = guarded_scratch(n);
        mr_conv_forward(&(struct mr_conv_out){.y = y}, &in, p.w, &p.shape, scratch, pool);
        check_and_free_scratch(scratch, n);
        scratch = guarded_scratch(n_dw);
        mr_conv_backward_weights(dw, &in, p.dy, &p.shape, scratch, pool);
        check_and_free_scratch(scratch, n_dw);
        check_all(&plain, y, plain.y, plain.y_mag, plain.n_y, 1);
        check_all(&plain, dw, plain.dw, plain.dw_mag, plain.n_w, 1);
        free(mean);
        free(scale);
        free(shift);
        free(y);
        free(dw);
        free_problem(&p);
        free_problem(&plain);
    }
    mr_pool_destroy(pool);
}

static void check_epilogue(const struct problem *p, bool scaled, bool biased, bool adds, bool relu,
                           struct mr_pool *pool)
{
    size_t c = (size_t)p->shape.c_out, n = mr_conv_forward_scratch(&p->shape, 2);
    float *scale = random_floats(c, 21), *bias = random_floats(c, 22);
    float *add = random_floats(p->n_y, 23), *y = nan_floats(p->n_y), *scratch = guarded_scratch(n);
    struct mr_conv_out out = {y, scaled ? scale : NULL, biased ? bias : NULL, adds ? add : NULL,
                              relu};
    double largest = 0;

    mr_conv_forward(&out, &(struct mr_conv_in){.x = p->x}, p->w, &p->shape, scratch, pool);
    check_and_free_scratch(scratch, n);
    for (size_t i = 0; i < p->n_y; i++)
        largest = fmax(largest, p->y_mag[i]);
    for (size_t i = 0; i < p->n_y; i++) {
        double wanted = p->y[i] * (scaled ? scale[i % c] : 1) + (biased ? bias[i % c] : 0) +
                        (adds ? add[i] : 0);

        assert_near(y[i], relu ? fmax(wanted, 0) : wanted, tolerance_of(&p->shape) * (largest + 2));
    }
    free(scale);
    free(bias);
    free(add);
    free(y);
}

static void finishes_each_output_as_told(void **state)
{
    struct mr_pool *pool = make_pool(2);

    for (int i = 0; i < N_SHAPES; i++) {
        struct problem p = make_problem(shapes[i]);

        solve_directly(&p);
        for (int what = 0; what < 16; what++)
            check_epilogue(&p, what & 1, what & 2, what & 4, what & 8, pool);
        free_problem(&p);
    }
    mr_pool_destroy(pool);
}

static void computes_a_hand_made_example(void **state)
{
    /* 2x2 image, 3x3 kernel of 1 .. 9, padding 1: each output is the image under a shifted kernel
     */
    static const float x[] = {1, 2, 3, 4}, w[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const float wanted[] = {5 * 1 + 6 * 2 + 8 * 3 + 9 * 4, 4 * 1 + 5 * 2 + 7 * 3 + 8 * 4,
                                   2 * 1 + 3 * 2 + 5 * 3 + 6 * 4, 1 * 1 + 2 * 2 + 4 * 3 + 5 * 4};
    struct problem p = make_problem((struct mr_conv_shape){1, 2, 2, 1, 1, 3, 3, 1, 1});
    float *y = run_forward(&p, x, w, NULL);

    for (int i = 0; i < 4; i++)
        assert_near(y[i], wanted[i], 0); /* small integers are exact */
    free(y);
    free_problem(&p);
}

static void adds_to_the_gradient_when_asked(void **state)
{
    struct mr_pool *pool = make_pool(2);

    for (int i = 0; i < N_SHAPES; i++) {
        struct problem p = make_problem(shapes[i]);
        float *dx = random_floats(p.n_x, 9), *before = random_floats(p.n_x, 9);

        solve_directly(&p);
        run_backward_data(&p, dx, MR_ACCUMULATE, pool);
        for (size_t k = 0; k < p.n_x; k++)
            assert_near(dx[k], before[k] + p.dx[k], tolerance_of(&p.shape) * (p.dx_mag[k] + 1));
        free(dx);
        free(before);
        free_problem(&p);
    }
    mr_pool_destroy(pool);
}

/* <dy, conv(x, w)> is linear in x and in w, so that a central difference with a big step is exact
 * but for rounding: 1e-4 of a sum of some hundred terms of size 1. */
static double loss_at(const struct problem *p, const float *x, const float *w)
{
    float *y = run_forward(p, x, w, NULL);
    double loss = dot(p->dy, y, p->n_y);

    free(y);
    return loss;
}

static double central_difference(const struct problem *p, float *coordinate)
{
    float old = *coordinate;
    double up, down;

    *coordinate = old + .5f;
    up = loss_at(p, p->x, p->w);
    *coordinate = old - .5f;
    down = loss_at(p, p->x, p->w);
    *coordinate = old;
    return up - down;
}

static void has_the_gradient_of_central_differences(void **state)
{
    for (int i = 0; i < N_SHAPES; i++) {
        struct problem p = make_problem(shapes[i]);
        float *dx = run_backward_data(&p, nan_floats(p.n_x), MR_OVERWRITE, NULL);
        float *dw = run_backward_weights(&p, NULL);
        double slack = tolerance_of(&p.shape) * 100;

        for (size_t k = 0; k < p.n_x; k += p.n_x / 7 + 1)
            assert_near(dx[k], central_difference(&p, &p.x[k]), slack * sqrt(p.shape.c_out));
        for (size_t k = 0; k < p.n_w; k += p.n_w / 7 + 1)
            assert_near(dw[k], central_difference(&p, &p.w[k]), slack * sqrt((double)p.n_y));
        free(dx);
        free(dw);
        free_problem(&p);
    }
}

static void has_adjoint_passes(void **state)
{
    /* A size that the direct sum would be slow at: <dy, y> = <dx, x> = <dw, w>. */
    struct problem p = make_problem((struct mr_conv_shape){3, 28, 27, 64, 96, 3, 3, 2, 1});
    struct mr_pool *pool = make_pool(2);
    float *y = run_forward(&p, p.x, p.w, pool);
    float *dx = run_backward_data(&p, nan_floats(p.n_x), MR_OVERWRITE, pool);
    float *dw = run_backward_weights(&p, pool);
    double loss = dot(p.dy, y, p.n_y);
    double scale = sqrt(dot(p.dy, p.dy, p.n_y) * dot(y, y, p.n_y)); /* Cauchy-Schwarz */

    assert_near(dot(dx, p.x, p.n_x), loss, 1e-6 * scale);
    assert_near(dot(dw, p.w, p.n_w), loss, 1e-6 * scale);
    free(y);
    free(dx);
    free(dw);
    free_problem(&p);
    mr_pool_destroy(pool);
}

static void repeats_itself_bit_for_bit(void **state)
{
    struct problem p = make_problem((struct mr_conv_shape){4, 40, 40, 8, 16, 3, 3, 1, 1});
    struct mr_pool *pool = make_pool(3);
    float *y = run_forward(&p, p.x, p.w, pool), *dw = run_backward_weights(&p, pool);

    for (int i = 0; i < 5; i++) {
        float *y2 = run_forward(&p, p.x, p.w, pool), *dw2 = run_backward_weights(&p, pool);

        assert_memory_equal(y, y2, p.n_y * sizeof *y);
        assert_memory_equal(dw, dw2, p.n_w * sizeof *dw);
        free(y2);
        free(dw2);
    }
    free(y);
    free(dw);
    free_problem(&p);
    mr_pool_destroy(pool);
}

static void counts_its_operations(void **state)
{
    /* 2 * (4 * 4 outputs * 5) * (3 * 3 * 2) */
    assert_near(mr_conv_flops(&(struct mr_conv_shape){1, 8, 8, 2, 5, 3, 3, 2, 1}), 2 * 80 * 18, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computes_a_hand_made_example),
        cmocka_unit_test(agrees_with_the_direct_sum_for_every_shape),
        cmocka_unit_test(agrees_with_the_direct_sum_for_every_number_of_threads),
        cmocka_unit_test(agrees_with_the_direct_sum_by_either_algorithm),
        cmocka_unit_test(takes_the_algorithm_it_is_told_pass_by_pass),
        cmocka_unit_test(sums_partial_gradients_of_the_threads),
        cmocka_unit_test(reads_through_batch_norm_and_relu),
        cmocka_unit_test(finishes_each_output_as_told),
        cmocka_unit_test(adds_to_the_gradient_when_asked),
        cmocka_unit_test(has_the_gradient_of_central_differences),
        cmocka_unit_test(has_adjoint_passes),
        cmocka_unit_test(repeats_itself_bit_for_bit),
        cmocka_unit_test(counts_its_operations),
    };

    mr_gemm_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
