/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/data/loader.h>

#include "sampling.h"

enum { N = 60, K = 4 };

/* Of 60 samples: 40 of class 0, 3 of class 1, none of class 2, 17 of class 3. */
static struct mr_sample samples[N];
static const int n_of[K] = {40, 3, 0, 17};

static void set_samples(void)
{
    int i = 0;

    for (int c = 0; c < K; c++)
        for (int j = 0; j < n_of[c]; j++, i++)
            samples[i * 7 % N] = (struct mr_sample){.image = i, .label = c};
}

static void draws_every_class_equally_often(void **state)
{
    struct mr_draw draws[N];

    set_samples();
    for (int n = 57; n <= N; n++)
        for (int epoch = -3; epoch < 4; epoch++) {
            int seen[K] = {0};

            mr_sampling_balanced(draws, samples, n, 5, epoch);
            for (int i = 0; i < n; i++)
                seen[samples[draws[i].sample].label]++;
            assert_int_equal(seen[2], 0);
            for (int c = 0; c < K; c++)
                assert_true(c == 2 || (seen[c] >= n / 3 && seen[c] <= (n + 2) / 3));
        }
}

/* Over any number of epochs, no sample of a class is two passes ahead of another; from the first
 * draw of a pass on it is one. */
static void uses_up_a_class_before_any_of_it_comes_again(void **state)
{
    struct mr_draw draws[N];
    int seen[N] = {0};

    set_samples();
    for (int epoch = 1; epoch <= 50; epoch++) {
        int least[K] = {1000, 1000, 1000, 1000}, most[K] = {0};

        mr_sampling_balanced(draws, samples, N, 5, epoch);
        for (int i = 0; i < N; i++)
            seen[draws[i].sample]++;
        for (int i = 0; i < N; i++) {
            int c = samples[i].label;

            least[c] = seen[i] < least[c] ? seen[i] : least[c];
            most[c] = seen[i] > most[c] ? seen[i] : most[c];
        }
        /* the first epoch may begin within a pass */
        for (int c = 0; c < K; c++)
            assert_true(c == 2 || most[c] - least[c] <= 2);
    }
    for (int i = 0; i < N; i++)
        assert_true(seen[i] >= 1000 / n_of[samples[i].label] - 1);
}

static void tells_the_appearances_of_a_sample_apart(void **state)
{
    struct mr_draw draws[N];
    int n_again = 0;

    set_samples();
    mr_sampling_balanced(draws, samples, N, 5, 1);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++)
            if (draws[i].sample == draws[j].sample) {
                assert_int_not_equal(draws[i].repeat, draws[j].repeat);
                n_again++;
            }
    assert_true(n_again > 0);
}

static void is_a_function_of_seed_and_epoch(void **state)
{
    struct mr_draw a[N], b[N];

    set_samples();
    mr_sampling_balanced(a, samples, N, 5, 2);
    mr_sampling_balanced(b, samples, N, 5, 2);
    assert_memory_equal(a, b, sizeof a);
    mr_sampling_balanced(b, samples, N, 6, 2);
    assert_memory_not_equal(a, b, sizeof a);
    mr_sampling_balanced(b, samples, N, 5, 3);
    assert_memory_not_equal(a, b, sizeof a);
}

/* Classes one behind the other would make batches of one class. */
static void mixes_the_classes(void **state)
{
    struct mr_draw draws[N];
    int n_changes = 0;

    set_samples();
    mr_sampling_balanced(draws, samples, N, 5, 1);
    for (int i = 1; i < N; i++)
        n_changes += samples[draws[i].sample].label != samples[draws[i - 1].sample].label;
    assert_true(n_changes > N / 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_every_class_equally_often),
        cmocka_unit_test(uses_up_a_class_before_any_of_it_comes_again),
        cmocka_unit_test(tells_the_appearances_of_a_sample_apart),
        cmocka_unit_test(is_a_function_of_seed_and_epoch),
        cmocka_unit_test(mixes_the_classes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
