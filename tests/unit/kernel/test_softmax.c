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

/* ---- towards a goal ---- */

enum { N = 4, K = 3 };

static const int labels_a[N] = {0, 2, 1, 2}, labels_b[N] = {1, 2, 0, 0};
static const float shares[N] = {.75f, .625f, 1, .5f}, weights[K] = {.5f, 2, 1.25f};

static struct mr_softmax_goal goal_of(bool is_mixed, bool is_weighed, double smoothing)
{
    return (struct mr_softmax_goal){.labels = labels_a,
                                    .others = is_mixed ? labels_b : NULL,
                                    .shares = is_mixed ? shares : NULL,
                                    .weights = is_weighed ? weights : NULL,
                                    .smoothing = smoothing};
}

static void fill_logits(float *z)
{
    for (int i = 0; i < N; i++)
        for (int c = 0; c < K; c++)
            z[i * K + c] = (float)((7 * i + 3 * c) % 11) / 4 - 1.25f;
}

static double loss_towards(const float *z, const struct mr_softmax_goal *goal)
{
    float targets[N * K];

    mr_softmax_targets(targets, goal, N, K);
    return mr_softmax_target_loss(z, targets, N, K);
}

/* Printed by tests/reference/losses.py. Targets are floats: an error of 6e-8 of each. */
static void agrees_with_pytorch_and_fastai_on_every_goal(void **state)
{
    static const struct {
        bool is_mixed, is_weighed;
        double smoothing, loss, gradient[N * K];
    } cases[] = {
        {0,
         0,
         0,
         1.84567727,
         {-0.21709959, 0.06965017, 0.14744942, 0.07345369, 0.15550147, -0.22895516, 0.03290041,
          -0.18034983, 0.14744942, 0.17582849, 0.02379580, -0.19962429}},
        {0,
         0,
         .1,
         1.79567727,
         {-0.20043292, 0.06131684, 0.13911608, 0.06512036, 0.14716814, -0.21228850, 0.02456708,
          -0.16368316, 0.13911608, 0.16749516, 0.01546247, -0.18295763}},
        {0,
         1,
         0,
         1.73317727,
         {-0.08683984, 0.02786007, 0.05897977, 0.07345369, 0.15550147, -0.22895516, 0.05264066,
          -0.28855972, 0.23591907, 0.17582849, 0.02379580, -0.19962429}},
        {0,
         1,
         .1,
         1.69442727,
         {-0.08319914, 0.02370575, 0.05949340, 0.06512036, 0.14716814, -0.21228850, 0.04233330,
          -0.26107207, 0.21873877, 0.16749516, 0.01546247, -0.18295763}},
        {1,
         0,
         0,
         1.64255227,
         {-0.15459959, 0.00715017, 0.14744942, 0.07345369, 0.15550147, -0.22895516, 0.03290041,
          -0.18034983, 0.14744942, 0.05082849, 0.02379580, -0.07462429}},
        {1,
         0,
         .1,
         1.61286477,
         {-0.14418292, 0.00506684, 0.13911608, 0.06512036, 0.14716814, -0.21228850, 0.02456708,
          -0.16368316, 0.13911608, 0.05499516, 0.01546247, -0.07045763}},
        {1,
         1,
         .1,
         1.59943388,
         {-0.05181603, -0.04748871, 0.09930474, 0.06512036, 0.14716814, -0.21228850, 0.04233330,
          -0.26107207, 0.21873877, 0.07502147, 0.00903760, -0.08405907}},
    };

    for (size_t j = 0; j < sizeof cases / sizeof *cases; j++) {
        struct mr_softmax_goal goal =
            goal_of(cases[j].is_mixed, cases[j].is_weighed, cases[j].smoothing);
        float z[N * K], d[N * K];

        fill_logits(z);
        assert_near(loss_towards(z, &goal), cases[j].loss, 1e-6);
        mr_softmax_targets(d, &goal, N, K);
        mr_softmax_target_backward(d, z, d, N, K);
        for (int i = 0; i < N * K; i++)
            assert_near(d[i], cases[j].gradient[i], 1e-7);
    }
}

static void has_the_gradient_of_every_goals_central_differences(void **state)
{
    for (int j = 0; j < 8; j++) {
        struct mr_softmax_goal goal = goal_of(j & 1, j & 2, j & 4 ? .3 : 0);
        float *z = random_floats((size_t)N * K, (uint64_t)j), targets[N * K], d[N * K];

        mr_softmax_targets(targets, &goal, N, K);
        mr_softmax_target_backward(d, z, targets, N, K);
        for (int i = 0; i < N * K; i++) {
            float old = z[i];
            double up, down;

            z[i] = old + .01f;
            up = loss_towards(z, &goal);
            z[i] = old - .01f;
            down = loss_towards(z, &goal);
            z[i] = old;
            assert_near(d[i], (up - down) / .02, 1e-5);
        }
        free(z);
    }
}

static void is_plain_cross_entropy_towards_labels_alone(void **state)
{
    struct mr_softmax_goal goal = goal_of(false, false, 0);
    float z[N * K], losses[N], mixed[N], d[N * K], plain[N * K];

    fill_logits(z);
    assert_near(loss_towards(z, &goal), mr_softmax_loss(losses, z, labels_a, N, K), 1e-6);
    mr_softmax_mixed_losses(mixed, z, &goal, N, K);
    assert_memory_equal(mixed, losses, sizeof losses);
    mr_softmax_targets(d, &goal, N, K);
    mr_softmax_target_backward(d, z, d, N, K);
    mr_softmax_loss_backward(plain, z, labels_a, N, K);
    for (int i = 0; i < N * K; i++)
        assert_near(d[i], plain[i], 1e-7);
}

static void says_of_each_image_its_losses_as_they_are_mixed(void **state)
{
    struct mr_softmax_goal goal = goal_of(true, true, .3), bare = goal_of(true, false, 0);
    float z[N * K], a[N], b[N], mixed[N];
    double sum = 0;

    fill_logits(z);
    mr_softmax_loss(a, z, labels_a, N, K);
    mr_softmax_loss(b, z, labels_b, N, K);
    mr_softmax_mixed_losses(mixed, z, &goal, N, K);
    for (int i = 0; i < N; i++) {
        assert_near(mixed[i], shares[i] * a[i] + (1 - shares[i]) * b[i], 1e-6);
        sum += mixed[i];
    }
    assert_near(sum / N, loss_towards(z, &bare), 1e-6);
}

static void shows_towards_a_goal_what_is_not_a_number(void **state)
{
    struct mr_softmax_goal goal = goal_of(false, false, .1);
    float z[N * K];

    fill_logits(z);
    z[5] = NAN;
    assert_true(isnan(loss_towards(z, &goal)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_known_probabilities),
        cmocka_unit_test(measures_the_surprise_at_the_label),
        cmocka_unit_test(survives_huge_logits),
        cmocka_unit_test(shows_logits_that_are_not_numbers),
        cmocka_unit_test(has_the_gradient_of_central_differences),
        cmocka_unit_test(agrees_with_pytorch_and_fastai_on_every_goal),
        cmocka_unit_test(has_the_gradient_of_every_goals_central_differences),
        cmocka_unit_test(is_plain_cross_entropy_towards_labels_alone),
        cmocka_unit_test(says_of_each_image_its_losses_as_they_are_mixed),
        cmocka_unit_test(shows_towards_a_goal_what_is_not_a_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
