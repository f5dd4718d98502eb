/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include <misread/kernel/relu.h>

static const size_t lengths[] = {1, 7, 8, 1000, 70001};

static void keeps_what_is_positive(void **state)
{
    struct mr_pool *pool = make_pool(3);

    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        size_t n = lengths[k];
        float *x = random_floats(n, 1), *b = random_floats(n, 2), *y = nan_floats(n);

        mr_relu_forward(y, x, n, pool);
        for (size_t i = 0; i < n; i++)
            assert_true(y[i] == (x[i] > 0 ? x[i] : 0));
        mr_relu_forward_sum(y, x, b, n, pool);
        for (size_t i = 0; i < n; i++)
            assert_true(y[i] == (x[i] + b[i] > 0 ? x[i] + b[i] : 0));
        free(x);
        free(b);
        free(y);
    }
    mr_pool_destroy(pool);
}

/* Slopes of 0 and 1, so a central difference is exact but for rounding as long as it stays on one
 * side of the kink: inputs within 0.01 of it are left out. */
static void has_the_gradient_of_central_differences(void **state)
{
    enum { N = 500 };
    float *x = random_floats(N, 1), *dy = random_floats(N, 2), *y = nan_floats(N);
    float *dx = nan_floats(N);
    int n_tested = 0;

    mr_relu_forward(y, x, N, NULL);
    mr_relu_backward(dx, dy, y, N, NULL);
    for (int i = 0; i < N; i++) {
        float up = x[i] + .01f, down = x[i] - .01f, y_up, y_down;

        if (fabsf(x[i]) < .011f)
            continue;
        mr_relu_forward(&y_up, &up, 1, NULL);
        mr_relu_forward(&y_down, &down, 1, NULL);
        assert_near(dx[i], dy[i] * (y_up - y_down) / .02, 1e-4);
        n_tested++;
    }
    assert_true(n_tested > 400);
    free(x);
    free(y);
    free(dy);
    free(dx);
}

static void is_flat_at_the_kink_and_lets_nan_through(void **state)
{
    float x[] = {0, -0.0f, NAN, -1, 1}, dy[] = {1, 2, 3, 4, 5}, y[5];

    mr_relu_forward(y, x, 5, NULL);
    assert_true(isnan(y[2]) && y[0] == 0 && y[3] == 0 && y[4] == 1);
    mr_relu_backward(dy, dy, y, 5, NULL); /* in place */
    assert_true(dy[0] == 0 && dy[1] == 0 && dy[2] == 3 && dy[3] == 0 && dy[4] == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_is_positive),
        cmocka_unit_test(has_the_gradient_of_central_differences),
        cmocka_unit_test(is_flat_at_the_kink_and_lets_nan_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
