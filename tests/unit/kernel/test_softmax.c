/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include <misread/kernel/softmax.h>

static void gives_known_probabilities(void **state)
{
    float z[] = {0, logf(3), -2, -2}, p[4];

    mr_softmax_forward(p, z, 2, 2);
    assert_near(p[0], .25, 1e-7);
    assert_near(p[1], .75, 1e-7);
    assert_near(p[2], .5, 1e-7);
    assert_near(p[3], .5, 1e-7);
}

static void measures_the_surprise_at_the_label(void **state)
{
    float z[] = {0, logf(3), 0, logf(3)}, losses[2];
    int labels[] = {0, 1};

    assert_near(mr_softmax_loss(losses, z, labels, 2, 2), (log(4) + log(4. / 3)) / 2, 1e-7);
    assert_near(losses[0], log(4), 1e-7);
    assert_near(losses[1], log(4. / 3), 1e-7);
    assert_near(mr_softmax_loss(NULL, z, labels, 2, 2), (log(4) + log(4. / 3)) / 2, 1e-7);
}

static void survives_huge_logits(void **state)
{
    float z[] = {1000, -1000, 3e38f, -3e38f}, losses[2], d[4];
    int labels[] = {1, 0};

    mr_softmax_loss(losses, z, labels, 2, 2);
    mr_softmax_loss_backward(d, z, labels, 2, 2);
    assert_near(losses[0], 2000, 1e-3);
    assert_near(losses[1], 0, 0);
    assert_near(d[0], .5, 1e-7);
    assert_near(d[1], -.5, 1e-7);
}

static void shows_logits_that_are_not_numbers(void **state)
{
    float z[] = {1, NAN, NAN, 1};
    int labels[] = {0, 1};

    assert_true(isnan(mr_softmax_loss(NULL, z, labels, 1, 2)));
    assert_true(isnan(mr_softmax_loss(NULL, z + 2, labels + 1, 1, 2)));
}

/* Second order formula with a step of 0.01: error 1e-4 times third derivatives below 0.1. */
static void has_the_gradient_of_central_differences(void **state)
{
    enum { N = 5, K = 7 };
    float *z = random_floats(N * K, 1), d[N * K];
    int labels[N] = {0, 6, 3, 3, 1};

    mr_softmax_loss_backward(d, z, labels, N, K);
    for (int i = 0; i < N * K; i++) {
        float old = z[i];
        double up, down;

        z[i] = old + .01f;
        up = mr_softmax_loss(NULL, z, labels, N, K);
        z[i] = old - .01f;
        down = mr_softmax_loss(NULL, z, labels, N, K);
        z[i] = old;
        assert_near(d[i], (up - down) / .02, 1e-5);
    }
    free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_known_probabilities),
        cmocka_unit_test(measures_the_surprise_at_the_label),
        cmocka_unit_test(survives_huge_logits),
        cmocka_unit_test(shows_logits_that_are_not_numbers),
        cmocka_unit_test(has_the_gradient_of_central_differences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
