/* SPDX-License-Identifier: MIT */
/* Sums of at most 70 terms of size 1: 1e-5 is far above their rounding. */
#include "checks.h"

#include <misread/kernel/gemm.h>
#include <misread/kernel/linear.h>

static const int shapes[][3] = {{1, 1, 1}, {1, 5, 3}, {4, 7, 2}, {9, 33, 70}, {32, 64, 5}};

enum { N_SHAPES = sizeof shapes / sizeof *shapes };

struct problem {
    int n, c_in, c_out;
    size_t n_x, n_w, n_y;
    float *x, *w, *b, *y, *dy, *dx, *dw, *db;
};

static struct problem make_problem(const int *s)
{
    struct problem p = {.n = s[0], .c_in = s[1], .c_out = s[2]};

    p.n_x = (size_t)(p.n * p.c_in);
    p.n_w = (size_t)(p.c_in * p.c_out);
    p.n_y = (size_t)(p.n * p.c_out);
    p.x = random_floats(p.n_x, 1);
    p.w = random_floats(p.n_w, 2);
    p.b = random_floats((size_t)p.c_out, 3);
    p.dy = random_floats(p.n_y, 4);
    p.y = nan_floats(p.n_y);
    p.dx = nan_floats(p.n_x);
    p.dw = nan_floats(p.n_w);
    p.db = nan_floats((size_t)p.c_out);
    return p;
}

static void free_problem(struct problem *p)
{
    float *all[] = {p->x, p->w, p->b, p->y, p->dy, p->dx, p->dw, p->db};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static void adds_weighted_inputs_to_the_bias(void **state)
{
    struct mr_pool *pool = make_pool(3);

    for (int k = 0; k < N_SHAPES; k++) {
        struct problem p = make_problem(shapes[k]);

        mr_linear_forward(p.y, p.x, p.w, p.b, p.n, p.c_in, p.c_out, pool);
        for (int i = 0; i < p.n; i++)
            for (int o = 0; o < p.c_out; o++) {
                double sum = p.b[o];

                for (int c = 0; c < p.c_in; c++)
                    sum += (double)p.x[i * p.c_in + c] * p.w[o * p.c_in + c];
                assert_near(p.y[i * p.c_out + o], sum, 1e-5);
            }
        free_problem(&p);
    }
    mr_pool_destroy(pool);
}

static double loss_at(struct problem *p)
{
    mr_linear_forward(p->y, p->x, p->w, p->b, p->n, p->c_in, p->c_out, NULL);
    return dot(p->dy, p->y, p->n_y);
}

static void check_gradient(struct problem *p, float *values, const float *gradient, size_t n)
{
    for (size_t i = 0; i < n; i += n / 30 + 1) {
        float old = values[i];
        double up, down;

        values[i] = old + .5f; /* linear: a big step is exact but for rounding */
        up = loss_at(p);
        values[i] = old - .5f;
        down = loss_at(p);
        values[i] = old;
        assert_near(gradient[i], up - down, 3e-5);
    }
}

static void has_the_gradient_of_central_differences(void **state)
{
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        struct mr_pool *pool = make_pool(n_threads);

        for (int k = 0; k < N_SHAPES; k++) {
            struct problem p = make_problem(shapes[k]);

            mr_linear_backward_data(p.dx, p.dy, p.w, p.n, p.c_in, p.c_out, pool);
            mr_linear_backward_weights(p.dw, p.db, p.x, p.dy, p.n, p.c_in, p.c_out, pool);
            check_gradient(&p, p.x, p.dx, p.n_x);
            check_gradient(&p, p.w, p.dw, p.n_w);
            check_gradient(&p, p.b, p.db, (size_t)p.c_out);
            free_problem(&p);
        }
        mr_pool_destroy(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_weighted_inputs_to_the_bias),
        cmocka_unit_test(has_the_gradient_of_central_differences),
    };

    mr_gemm_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
