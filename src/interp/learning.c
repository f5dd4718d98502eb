/* SPDX-License-Identifier: MIT */
/* What a learning curve comes to. */
#include <misread/interp/learning.h>

#include <math.h>
#include <stdio.h>

#include <misread/interp/confusion.h>
#include <misread/store/learnings.h>

#define Z 1.959964

static const unsigned char *answers_of(const struct mr_learning *l, int size, int seed)
{
    return l->right + ((size_t)size * l->n_seeds + seed) * l->n_valid;
}

/* ---- points ---- */

static struct mr_learning_point point_of(const struct mr_learning *l, int size)
{
    struct mr_learning_point p = {.n_train = l->sizes[size], .least = 1};

    for (int s = 0; s < l->n_seeds; s++) {
        int n_right = 0;

        for (int i = 0; i < l->n_valid; i++)
            n_right += answers_of(l, size, s)[i];
        p.accuracy += (double)n_right / l->n_valid / l->n_seeds;
        p.least = fmin(p.least, (double)n_right / l->n_valid);
        p.most = fmax(p.most, (double)n_right / l->n_valid);
    }
    mr_wilson((int)lround(p.accuracy * l->n_valid), l->n_valid, &p.lo, &p.hi);
    return p;
}

void mr_learning_points(const struct mr_learning *learning, struct mr_learning_point *points)
{
    for (int i = 0; i < learning->n_sizes; i++)
        points[i] = point_of(learning, i);
}

/* ---- the last doubling ---- */

/* Where half of the images lies: `share` of the way from size `below` to the next. */
struct half {
    int below;
    double share;
};

static bool find_half(const struct mr_learning *l, struct half *half)
{
    double wanted = l->sizes[l->n_sizes - 1] / 2.;
    int i = 0;

    if (l->sizes[0] > wanted)
        return false;
    while (l->sizes[i + 1] <= wanted) /* the last is above it */
        i++;
    *half =
        (struct half){i, log(wanted / l->sizes[i]) / log((double)l->sizes[i + 1] / l->sizes[i])};
    return true;
}

/* One network's answer about one image, with all images less with half of them. */
static double difference(const struct mr_learning *l, const struct half *half, int seed, int image)
{
    double below = answers_of(l, half->below, seed)[image];
    double above = answers_of(l, half->below + 1, seed)[image];

    return answers_of(l, l->n_sizes - 1, seed)[image] - below - half->share * (above - below);
}

/* The mean of n values of which these are sum and sum of squares, and the variance of that mean. */
struct mean {
    double mean, variance;
};

static struct mean mean_of(double sum, double squares, int n)
{
    struct mean m = {.mean = sum / n};

    if (n > 1)
        m.variance = fmax(0, squares - sum * m.mean) / (n - 1) / n;
    return m;
}

/* Two images more, half of one in each cell of right and wrong, before and after: where no answer
 * changed, that none would is not certain. */
static struct mean over_images(const struct mr_learning *l, const struct half *half)
{
    double sum = 0, squares = 1;

    for (int i = 0; i < l->n_valid; i++) {
        double d = 0;

        for (int s = 0; s < l->n_seeds; s++)
            d += difference(l, half, s, i) / l->n_seeds;
        sum += d;
        squares += d * d;
    }
    return mean_of(sum, squares, l->n_valid + 2);
}

static struct mean over_seeds(const struct mr_learning *l, const struct half *half)
{
    double sum = 0, squares = 0;

    for (int s = 0; s < l->n_seeds; s++) {
        double d = 0;

        for (int i = 0; i < l->n_valid; i++)
            d += difference(l, half, s, i) / l->n_valid;
        sum += d;
        squares += d * d;
    }
    return mean_of(sum, squares, l->n_seeds);
}

bool mr_learning_last_gain(const struct mr_learning *learning, struct mr_learning_gain *gain)
{
    const struct mr_learning *l = learning;
    struct half half;
    struct mean images, seeds;
    double wide;

    if (!find_half(l, &half))
        return false;
    images = over_images(l, &half);
    seeds = over_seeds(l, &half);
    wide = Z * sqrt(images.variance + seeds.variance);
    *gain = (struct mr_learning_gain){.n_to = l->sizes[l->n_sizes - 1],
                                      .gain = seeds.mean,
                                      .lo = fmax(-1, images.mean - wide),
                                      .hi = fmin(1, images.mean + wide)};
    gain->verdict = l->in_sample                   ? MR_LEARNING_IN_SAMPLE
                    : gain->hi < MR_LEARNING_WORTH ? MR_LEARNING_HARDLY
                    : gain->lo > 0                 ? MR_LEARNING_HELPS
                                                   : MR_LEARNING_OPEN;
    return true;
}

/* ---- in words ---- */

/* By enum mr_learning_verdict. */
static const struct {
    const char *word, *meaning;
} verdicts[] = {
    [MR_LEARNING_HELPS] = {"helps", "more images are likely to help, if less with each doubling"},
    [MR_LEARNING_HARDLY] = {"hardly", "twice as many are unlikely to gain one point"},
    [MR_LEARNING_OPEN] = {"open", "the interval is too wide to tell whether more would help"},
    [MR_LEARNING_IN_SAMPLE] = {"in-sample", "in-sample: the body had learned from all of them, so "
                                            "that new ones may well gain more"},
};

const char *mr_learning_verdict_text(enum mr_learning_verdict verdict)
{
    return verdicts[verdict].word;
}

void mr_learning_sentence(const struct mr_learning *learning, char *out, size_t cap)
{
    struct mr_learning_gain g;

    if (!mr_learning_last_gain(learning, &g)) {
        snprintf(out, cap, "no size is as small as half of %d images: the curve has no doubling",
                 learning->sizes[learning->n_sizes - 1]);
        return;
    }
    snprintf(out, cap,
             "from %d to %d training images accuracy %s by %.1f points (95 %%: %+.1f to "
             "%+.1f): %s",
             g.n_to / 2, g.n_to, g.gain < 0 ? "fell" : "rose", fabs(100 * g.gain), 100 * g.lo,
             100 * g.hi, verdicts[g.verdict].meaning);
}
