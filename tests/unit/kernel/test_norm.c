/* SPDX-License-Identifier: MIT */
/* Against the formulas in double. Outputs are of size 1, so 1e-5 is some hundred roundings of
 * float. */
#include "checks.h"

#include <misread/kernel/norm.h>

static const int sizes[][2] = {{2, 1}, {3, 5}, {7, 8}, {50, 3}, {129, 16}, {1000, 70}, {37, 300}};

enum { N_SIZES = sizeof sizes / sizeof *sizes };

struct problem {
    struct mr_norm norm;
    size_t n;
    float *x, *dy, *residual;
    float *gamma, *beta, *running_mean, *running_var, *mean, *inv_std, *scale;
};

static struct problem make_problem(int m, int c, double offset)
{
    struct problem p = {.n = (size_t)m * (size_t)c};
    size_t k = (size_t)c;

    p.x = random_floats(p.n, 1);
    for (size_t i = 0; i < p.n; i++)
        p.x[i] = (float)(p.x[i] + offset);
    p.dy = random_floats(p.n, 2);
    p.residual = random_floats(p.n, 3);
    p.gamma = random_floats(k, 4);
    p.beta = random_floats(k, 5);
    p.running_mean = random_floats(k, 6);
    p.running_var = random_floats(k, 7);
    for (size_t i = 0; i < k; i++)
        p.running_var[i] = p.running_var[i] * p.running_var[i] + .1f;
    p.mean = nan_floats(k);
    p.inv_std = nan_floats(k);
    p.scale = nan_floats(k);
    p.norm = (struct mr_norm){m,       c,         1e-5f,          .1f,
                              p.gamma, p.beta,    p.running_mean, p.running_var,
                              p.mean,  p.inv_std, p.scale};
    return p;
}

static void free_problem(struct problem *p)
{
    void *all[] = {p->x,    p->dy,           p->residual,    p->gamma,   p->beta,
                   p->mean, p->running_mean, p->running_var, p->inv_std, p->scale};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

struct moments {
    double mean, var;
};

static struct moments moments_of(const struct problem *p, int channel)
{
    struct moments s = {0, 0};
    int m = p->norm.m;
    size_t c = (size_t)p->norm.c, i = (size_t)channel;

    for (int r = 0; r < m; r++)
        s.mean += p->x[(size_t)r * c + i] / (double)m;
    for (int r = 0; r < m; r++)
        s.var += pow(p->x[(size_t)r * c + i] - s.mean, 2) / m;
    return s;
}

static void run_train(const struct problem *p, float *y, const float *residual,
                      enum mr_activation act, struct mr_pool *pool)
{
    size_t n = mr_norm_scratch(p->norm.c, mr_pool_n_threads(pool));
    float *scratch = guarded_scratch(n);

    mr_norm_measure(&p->norm, p->x, scratch, pool);
    check_and_free_scratch(scratch, n);
    mr_norm_apply(y, p->x, residual, act, &p->norm, pool);
}

static double expected_output(const struct problem *p, size_t at, struct moments s, bool residual,
                              bool relu)
{
    size_t i = at % (size_t)p->norm.c;
    double y = (p->x[at] - s.mean) / sqrt(s.var + 1e-5) * p->gamma[i] + p->beta[i];

    y += residual ? p->residual[at] : 0;
    return relu && y < 0 ? 0 : y;
}

static void check_train(int m, int c, bool residual, bool relu, struct mr_pool *pool)
{
    struct problem p = make_problem(m, c, 0);
    float *before_mean = random_floats((size_t)c, 6), *before_var = random_floats((size_t)c, 7);
    float *y = nan_floats(p.n);

    run_train(&p, y, residual ? p.residual : NULL, relu ? MR_ACT_RELU : MR_ACT_NONE, pool);
    for (int i = 0; i < c; i++) {
        struct moments s = moments_of(&p, i);
        double old_var = before_var[i] * before_var[i] + .1f;

        assert_near(p.mean[i], s.mean, 1e-6);
        assert_near(p.inv_std[i] * sqrt(s.var + 1e-5), 1, 1e-5);
        assert_near(p.running_mean[i], .9 * before_mean[i] + .1 * s.mean, 1e-6);
        assert_near(p.running_var[i], .9 * old_var + .1 * s.var * m / (m - 1), 1e-6);
        for (size_t at = (size_t)i; at < p.n; at += (size_t)c)
            assert_near(y[at], expected_output(&p, at, s, residual, relu), 2e-5);
    }
    free(before_mean);
    free(before_var);
    free(y);
    free_problem(&p);
}

static void normalises_by_the_batch_and_updates_the_running_statistics(void **state)
{
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        struct mr_pool *pool = make_pool(n_threads);

        for (int i = 0; i < N_SIZES; i++)
            for (int kind = 0; kind < 4; kind++)
                check_train(sizes[i][0], sizes[i][1], kind & 1, kind & 2, pool);
        mr_pool_destroy(pool);
    }
}

static void folds_the_running_statistics(void **state)
{
    struct problem p = make_problem(50, 9, 0);
    float *mean = random_floats(9, 6), scale[9], shift[9];

    mr_norm_fold(scale, shift, &p.norm);
    for (size_t at = 0; at < p.n; at++) {
        struct moments s = {p.running_mean[at % 9], p.running_var[at % 9]};

        assert_near(p.x[at] * scale[at % 9] + shift[at % 9],
                    expected_output(&p, at, s, false, false), 2e-5);
    }
    assert_memory_equal(mean, p.running_mean, 9 * sizeof *mean);
    free(mean);
    free_problem(&p);
}

static void works_in_place(void **state)
{
    struct problem p = make_problem(60, 16, 0);
    float *y = nan_floats(p.n), *x = random_floats(p.n, 1);

    run_train(&p, y, p.residual, MR_ACT_RELU, NULL);
    run_train(&p, p.x, p.residual, MR_ACT_RELU, NULL);
    assert_memory_equal(y, p.x, p.n * sizeof *y);
    free(p.x);
    p.x = x;
    run_train(&p, p.residual, p.residual, MR_ACT_RELU, NULL);
    assert_memory_equal(y, p.residual, p.n * sizeof *y);
    free(y);
    free_problem(&p);
}

static void keeps_its_precision_far_from_zero(void **state)
{
    /* Values 1000 +- 1 have 1e-4 of rounding; squares about zero would leave nothing. */
    struct problem p = make_problem(5000, 4, 1000);
    float *y = nan_floats(p.n);

    run_train(&p, y, NULL, MR_ACT_NONE, NULL);
    for (int i = 0; i < 4; i++)
        assert_near(p.inv_std[i] * sqrt(moments_of(&p, i).var + 1e-5), 1, 1e-5);
    free(y);
    free_problem(&p);
}

static void survives_a_single_row(void **state)
{
    struct problem p = make_problem(1, 6, 0);
    float y[6];

    run_train(&p, y, NULL, MR_ACT_NONE, NULL);
    for (int i = 0; i < 6; i++) {
        assert_near(y[i], p.beta[i], 0);
        assert_true(isfinite(p.running_var[i]));
    }
    free_problem(&p);
}

static void lets_nan_through(void **state)
{
    struct problem p = make_problem(10, 3, 0);
    float *y = nan_floats(p.n);

    memset(y, 0, p.n * sizeof *y);
    p.x[4] = NAN;
    run_train(&p, y, NULL, MR_ACT_RELU, NULL);
    assert_true(isnan(y[1]) && !isnan(y[0]));
    free(y);
    free_problem(&p);
}

/* ---- backward ---- */

/* <dy, act(norm(x))> in double, where the ReLU's mask is held fixed (y decides, not the new value).
 */
static double loss_at(const struct problem *p, const float *y_mask)
{
    double loss = 0;

    for (int i = 0; i < p->norm.c; i++) {
        struct moments s = moments_of(p, i);

        for (size_t at = (size_t)i; at < p->n; at += (size_t)p->norm.c)
            if (!y_mask || y_mask[at] > 0)
                loss += p->dy[at] * expected_output(p, at, s, false, false);
    }
    return loss;
}

/* A step of 2^-8: the error of the formula is of the order of its square, 2e-5, times third
 * derivatives that grow as rows get fewer. */
static double central_difference(const struct problem *p, float *coordinate, const float *y_mask)
{
    float old = *coordinate;
    double up, down;

    *coordinate = old + 0x1p-8f;
    up = loss_at(p, y_mask);
    *coordinate = old - 0x1p-8f;
    down = loss_at(p, y_mask);
    *coordinate = old;
    return (up - down) / 0x1p-7;
}

static void check_backward(int m, int c, bool relu, struct mr_pool *pool)
{
    struct problem p = make_problem(m, c, 0);
    size_t n = mr_norm_scratch(c, mr_pool_n_threads(pool));
    float *y = nan_floats(p.n), *dx = nan_floats(p.n), *scratch = guarded_scratch(n);
    float *dgamma = nan_floats((size_t)c), *dbeta = nan_floats((size_t)c);
    const float *mask = relu ? y : NULL;

    run_train(&p, y, NULL, relu ? MR_ACT_RELU : MR_ACT_NONE, pool);
    mr_norm_backward(dx, dgamma, dbeta, p.dy, p.x, relu ? MR_ACT_RELU : MR_ACT_NONE, &p.norm,
                     scratch, pool);
    check_and_free_scratch(scratch, n);
    for (size_t k = 0; k < p.n; k += p.n / 11 + 1)
        assert_near(dx[k], central_difference(&p, &p.x[k], mask), 1e-3 * (1 + fabs(dx[k])));
    for (size_t i = 0; i < (size_t)c; i += (size_t)c / 3 + 1) {
        double tolerance = 1e-5 * sqrt((double)m) + 1e-5;

        assert_near(dgamma[i], central_difference(&p, &p.gamma[i], mask), tolerance);
        assert_near(dbeta[i], central_difference(&p, &p.beta[i], mask), tolerance);
    }
    free(y);
    free(dx);
    free(dgamma);
    free(dbeta);
    free_problem(&p);
}

static void has_the_gradient_of_central_differences(void **state)
{
    static const int small[][2] = {{5, 1}, {9, 5}, {16, 8}, {50, 3}, {200, 17}};

    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        struct mr_pool *pool = make_pool(n_threads);

        for (size_t i = 0; i < sizeof small / sizeof *small; i++)
            for (int relu = 0; relu < 2; relu++)
                check_backward(small[i][0], small[i][1], relu, pool);
        mr_pool_destroy(pool);
    }
}

static void writes_the_gradient_over_its_source(void **state)
{
    struct problem p = make_problem(300, 24, 0);
    size_t n = mr_norm_scratch(24, 1);
    float *y = nan_floats(p.n), *dx = nan_floats(p.n), *scratch = guarded_scratch(n);
    float dgamma[24], dbeta[24];

    run_train(&p, y, NULL, MR_ACT_RELU, NULL);
    mr_norm_backward(dx, dgamma, dbeta, p.dy, p.x, MR_ACT_RELU, &p.norm, scratch, NULL);
    mr_norm_backward(p.dy, dgamma, dbeta, p.dy, p.x, MR_ACT_RELU, &p.norm, scratch, NULL);
    assert_memory_equal(dx, p.dy, p.n * sizeof *dx);
    check_and_free_scratch(scratch, n);
    free(y);
    free(dx);
    free_problem(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normalises_by_the_batch_and_updates_the_running_statistics),
        cmocka_unit_test(folds_the_running_statistics),
        cmocka_unit_test(works_in_place),
        cmocka_unit_test(keeps_its_precision_far_from_zero),
        cmocka_unit_test(survives_a_single_row),
        cmocka_unit_test(lets_nan_through),
        cmocka_unit_test(has_the_gradient_of_central_differences),
        cmocka_unit_test(writes_the_gradient_over_its_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
