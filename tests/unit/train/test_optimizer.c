/* SPDX-License-Identifier: MIT */
/* Against torch.optim (1.13) on four weights and three gradients; 2e-7 is a rounding or two. */
#include "support.h"

#include <math.h>

#include <misread/base/pool.h>
#include <misread/train/optimizer.h>

static const float start[4] = {.5f, -1.25f, 2, 0};
static const float gradients[3][4] = {
    {.1f, -.2f, .3f, -.4f}, {.05f, .4f, -.1f, .2f}, {-.3f, .1f, .2f, 0}};

static void check(const float *got, const double *wanted)
{
    for (int i = 0; i < 4; i++)
        if (!(fabs(got[i] - wanted[i]) <= 2e-7 * (1 + fabs(wanted[i]))))
            fail_msg("weight %d is %.9g where PyTorch has %.9g", i, got[i], wanted[i]);
}

static void steps_as_torch_sgd_does(void **state)
{
    static const double wanted[3][4] = {
        {0.489499986, -1.22874999, 1.96800005, 0.0400000028},
        {0.474560499, -1.24839628, 1.94723201, 0.0559599996},
        {0.490640402, -1.27482951, 1.90659356, 0.0702680349},
    };
    float w[4], m[4] = {NAN, NAN, NAN, NAN}; /* the first step must not read it */

    memcpy(w, start, sizeof w);
    for (int step = 0; step < 3; step++) {
        mr_sgd_step(w, gradients[step], m, 4, .1, .9, 1e-2, step == 0, NULL);
        check(w, wanted[step]);
    }
}

static void steps_as_torch_adamw_does(void **state)
{
    static const double wanted[3][4] = {
        {0.397509992, -1.14375496, 1.89000332, 0.099997513},
        {0.302189469, -1.17459571, 1.84046066, 0.126166627},
        {0.335276872, -1.21031368, 1.77085519, 0.146197855},
    };
    float w[4], m[4] = {0}, v[4] = {0};

    memcpy(w, start, sizeof w);
    for (int step = 0; step < 3; step++) {
        mr_adamw_step(w, gradients[step], m, v, 4, .1, .9, .99, 1e-5, .05, step + 1, NULL);
        check(w, wanted[step]);
    }
}

/* Long enough for several parts; every element must be stepped once, whatever the threads. */
static void steps_every_weight_once_on_any_number_of_threads(void **state)
{
    enum { N = 200003 };
    float *w = malloc(N * sizeof *w), *m = calloc(N, sizeof *m), *v = calloc(N, sizeof *v);
    float *dw = malloc(N * sizeof *dw), one = .5f, m1 = 0, v1 = 0;

    for (int kind = 0; kind < 2; kind++)
        for (int n_threads = 1; n_threads <= 3; n_threads++) {
            struct mr_pool *pool = NULL;

            assert_int_equal(mr_pool_create(&pool, n_threads, NULL), MR_OK);
            for (int i = 0; i < N; i++) {
                w[i] = .5f;
                dw[i] = .25f;
                m[i] = v[i] = 0;
            }
            one = .5f;
            m1 = v1 = 0;
            if (kind) {
                mr_adamw_step(w, dw, m, v, N, .1, .9, .99, 1e-5, .05, 1, pool);
                mr_adamw_step(&one, dw, &m1, &v1, 1, .1, .9, .99, 1e-5, .05, 1, NULL);
            } else {
                mr_sgd_step(w, dw, m, N, .1, .9, .05, 1, pool);
                mr_sgd_step(&one, dw, &m1, 1, .1, .9, .05, 1, NULL);
            }
            for (int i = 0; i < N; i++)
                assert_true(w[i] == one && m[i] == m1 && v[i] == v1);
            mr_pool_destroy(pool);
        }
    free(w);
    free(m);
    free(v);
    free(dw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_as_torch_sgd_does),
        cmocka_unit_test(steps_as_torch_adamw_does),
        cmocka_unit_test(steps_every_weight_once_on_any_number_of_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
