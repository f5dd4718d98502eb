/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include <misread/kernel/concatpool.h>

static const int shapes[][3] = {{1, 1, 1}, {2, 5, 3}, {3, 49, 17}, {4, 4, 64}};

enum { N_SHAPES = sizeof shapes / sizeof *shapes };

static void puts_the_maxima_before_the_averages(void **state)
{
    struct mr_pool *pool = make_pool(3);

    for (int k = 0; k < N_SHAPES; k++) {
        int n = shapes[k][0], hw = shapes[k][1], c = shapes[k][2];
        float *x = random_floats((size_t)(n * hw * c), 1), *y = nan_floats((size_t)(n * c * 2));
        int32_t *index = malloc((size_t)(n * c) * sizeof *index);

        mr_concatpool_forward(y, index, x, n, hw, c, pool);
        for (int i = 0; i < n * c; i++) {
            const float *points = x + i / c * hw * c + i % c, *pair = y + i / c * 2 * c + i % c;
            double sum = 0;
            int best = 0;

            for (int p = 0; p < hw; p++) {
                sum += points[p * c];
                best = points[p * c] > points[best * c] ? p : best;
            }
            assert_true(pair[0] == points[best * c]);
            assert_int_equal(index[i], best);
            assert_near(pair[c], sum / hw, 1e-6);
        }
        free(x);
        free(y);
        free(index);
    }
    mr_pool_destroy(pool);
}

/* A shuffled ladder: all values differ by 0.01, so a step of 0.001 never changes who wins. */
static float *ladder(size_t n)
{
    struct mr_rng rng = mr_rng_make(5, 0, 0, 0);
    int *order = malloc(n * sizeof *order);
    float *x = malloc(n * sizeof *x);

    for (size_t i = 0; i < n; i++)
        order[i] = (int)i;
    mr_rng_shuffle(&rng, order, n);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(order[i] * .01 - 1);
    free(order);
    return x;
}

static void has_the_gradient_of_central_differences(void **state)
{
    for (int k = 0; k < N_SHAPES; k++) {
        int n = shapes[k][0], hw = shapes[k][1], c = shapes[k][2];
        size_t n_x = (size_t)(n * hw * c), n_y = (size_t)(n * c * 2);
        float *x = ladder(n_x), *y = nan_floats(n_y), *dy = random_floats(n_y, 2);
        float *dx = nan_floats(n_x);
        int32_t *index = malloc(n_y / 2 * sizeof *index);

        mr_concatpool_forward(y, index, x, n, hw, c, NULL);
        mr_concatpool_backward(dx, dy, index, n, hw, c, NULL);
        for (size_t i = 0; i < n_x; i += n_x / 200 + 1) {
            float old = x[i];
            double up, down;

            x[i] = old + .001f;
            mr_concatpool_forward(y, index, x, n, hw, c, NULL);
            up = dot(dy, y, n_y);
            x[i] = old - .001f;
            mr_concatpool_forward(y, index, x, n, hw, c, NULL);
            down = dot(dy, y, n_y);
            x[i] = old;
            /* values up to 25 round by 2e-6; divided by the step of 0.002 */
            assert_near(dx[i], (up - down) / .002, 4e-3);
        }
        free(x);
        free(y);
        free(dy);
        free(dx);
        free(index);
    }
}

static void gives_a_tie_to_the_first(void **state)
{
    float x[4] = {1, 2, 2, 0}, y[2], dy[2] = {1, 4}, dx[4];
    int32_t index[1];

    mr_concatpool_forward(y, index, x, 1, 4, 1, NULL);
    mr_concatpool_backward(dx, dy, index, 1, 4, 1, NULL);
    assert_true(y[0] == 2 && y[1] == 1.25f);
    assert_true(dx[0] == 1 && dx[1] == 2 && dx[2] == 1 && dx[3] == 1);
}

static void lets_nan_win_wherever_it_stands(void **state)
{
    for (int at = 0; at < 3; at++) {
        float x[3] = {1, 2, 3}, y[2];
        int32_t index[1];

        x[at] = NAN;
        mr_concatpool_forward(y, index, x, 1, 3, 1, NULL);
        assert_true(isnan(y[0]) && isnan(y[1]));
        assert_int_equal(index[0], at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_the_maxima_before_the_averages),
        cmocka_unit_test(has_the_gradient_of_central_differences),
        cmocka_unit_test(gives_a_tie_to_the_first),
        cmocka_unit_test(lets_nan_win_wherever_it_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
