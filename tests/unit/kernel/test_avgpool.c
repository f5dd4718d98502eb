/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include <misread/kernel/avgpool.h>

static const int shapes[][3] = {{1, 1, 1}, {2, 5, 3}, {3, 49, 17}, {4, 4, 64}};

enum { N_SHAPES = sizeof shapes / sizeof *shapes };

static void averages_each_channel(void **state)
{
    struct mr_pool *pool = make_pool(3);

    for (int k = 0; k < N_SHAPES; k++) {
        int n = shapes[k][0], hw = shapes[k][1], c = shapes[k][2];
        float *x = random_floats((size_t)(n * hw * c), 1), *y = nan_floats((size_t)(n * c));

        mr_avgpool_forward(y, x, n, hw, c, pool);
        for (int i = 0; i < n * c; i++) {
            double sum = 0;

            for (int p = 0; p < hw; p++)
                sum += x[(i / c * hw + p) * c + i % c];
            assert_near(y[i], sum / hw, 1e-6);
        }
        free(x);
        free(y);
    }
    mr_pool_destroy(pool);
}

/* Linear, so a big step is exact but for rounding. */
static void has_the_gradient_of_central_differences(void **state)
{
    for (int k = 0; k < N_SHAPES; k++) {
        int n = shapes[k][0], hw = shapes[k][1], c = shapes[k][2];
        size_t n_x = (size_t)(n * hw * c), n_y = (size_t)(n * c);
        float *x = random_floats(n_x, 1), *y = nan_floats(n_y), *dy = random_floats(n_y, 2);
        float *dx = nan_floats(n_x);

        mr_avgpool_backward(dx, dy, n, hw, c, NULL);
        for (size_t i = 0; i < n_x; i += n_x / 40 + 1) {
            float old = x[i];
            double up, down;

            x[i] = old + .5f;
            mr_avgpool_forward(y, x, n, hw, c, NULL);
            up = dot(dy, y, n_y);
            x[i] = old - .5f;
            mr_avgpool_forward(y, x, n, hw, c, NULL);
            down = dot(dy, y, n_y);
            x[i] = old;
            assert_near(dx[i], up - down, 1e-6);
        }
        free(x);
        free(y);
        free(dy);
        free(dx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(averages_each_channel),
        cmocka_unit_test(has_the_gradient_of_central_differences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
