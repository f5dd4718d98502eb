/* SPDX-License-Identifier: MIT */
/* Softmax and cross-entropy. Small, so plain and in double. */
#include <misread/kernel/softmax.h>

#include <assert.h>
#include <math.h>
#include <stddef.h>

/* log(sum(exp(z))) without overflow. */
static double log_sum_exp(const float *z, int k)
{
    double top = z[0], sum = 0;

    for (int i = 1; i < k; i++)
        if (z[i] > top)
            top = z[i];
    for (int i = 0; i < k; i++)
        sum += exp(z[i] - top);
    return top + log(sum);
}

void mr_softmax_forward(float *p, const float *logits, int n, int k)
{
    for (int i = 0; i < n; i++) {
        const float *z = logits + (size_t)i * (size_t)k;
        float *q = p + (size_t)i * (size_t)k;
        double lse = log_sum_exp(z, k);

        for (int j = 0; j < k; j++)
            q[j] = (float)exp(z[j] - lse);
    }
}

double mr_softmax_loss(float *losses, const float *logits, const int *labels, int n, int k)
{
    double sum = 0;

    assert(n > 0 && k > 0);
    for (int i = 0; i < n; i++) {
        const float *z = logits + (size_t)i * (size_t)k;
        double loss;

        assert(labels[i] >= 0 && labels[i] < k);
        loss = log_sum_exp(z, k) - z[labels[i]];
        if (losses)
            losses[i] = (float)loss;
        sum += loss;
    }
    return sum / n;
}

void mr_softmax_loss_backward(float *dlogits, const float *logits, const int *labels, int n, int k)
{
    for (int i = 0; i < n; i++) {
        const float *z = logits + (size_t)i * (size_t)k;
        float *d = dlogits + (size_t)i * (size_t)k;
        double lse = log_sum_exp(z, k);

        for (int j = 0; j < k; j++)
            d[j] = (float)((exp(z[j] - lse) - (j == labels[i])) / n);
    }
}

/* The share of the first label in image i. */
static double share_of(const struct mr_softmax_goal *goal, int i)
{
    return goal->others ? goal->shares[i] : 1;
}

static double weight_of(const struct mr_softmax_goal *goal, int label)
{
    return goal->weights ? goal->weights[label] : 1;
}

/* The weights of image i's two labels; the second is 0 without one. */
static void weigh(double both[2], const struct mr_softmax_goal *goal, int i)
{
    double share = share_of(goal, i);

    both[0] = share * weight_of(goal, goal->labels[i]);
    both[1] = goal->others ? (1 - share) * weight_of(goal, goal->others[i]) : 0;
}

void mr_softmax_targets(float *targets, const struct mr_softmax_goal *goal, int n, int k)
{
    double sum = 0, both[2];

    assert(n > 0 && k > 0);
    for (int i = 0; i < n; i++) {
        weigh(both, goal, i);
        sum += both[0] + both[1];
    }
    for (int i = 0; i < n; i++) {
        float *t = targets + (size_t)i * (size_t)k;

        for (int c = 0; c < k; c++)
            t[c] = (float)(goal->smoothing / k / n);
        weigh(both, goal, i);
        t[goal->labels[i]] += (float)((1 - goal->smoothing) * both[0] / sum);
        if (goal->others)
            t[goal->others[i]] += (float)((1 - goal->smoothing) * both[1] / sum);
    }
}

double mr_softmax_target_loss(const float *logits, const float *targets, int n, int k)
{
    double sum = 0;

    for (int i = 0; i < n; i++) {
        const float *z = logits + (size_t)i * (size_t)k, *t = targets + (size_t)i * (size_t)k;
        double lse = log_sum_exp(z, k);

        for (int c = 0; c < k; c++)
            sum += t[c] * (lse - z[c]);
    }
    return sum;
}

void mr_softmax_target_backward(float *dlogits, const float *logits, const float *targets, int n,
                                int k)
{
    for (int i = 0; i < n; i++) {
        const float *z = logits + (size_t)i * (size_t)k, *t = targets + (size_t)i * (size_t)k;
        float *d = dlogits + (size_t)i * (size_t)k;
        double lse = log_sum_exp(z, k), all = 0;

        for (int c = 0; c < k; c++)
            all += t[c];
        for (int c = 0; c < k; c++)
            d[c] = (float)(exp(z[c] - lse) * all - t[c]);
    }
}

void mr_softmax_mixed_losses(float *losses, const float *logits, const struct mr_softmax_goal *goal,
                             int n, int k)
{
    mr_softmax_loss(losses, logits, goal->labels, n, k);
    for (int i = 0; goal->others && i < n; i++) {
        float other;

        mr_softmax_loss(&other, logits + (size_t)i * (size_t)k, &goal->others[i], 1, k);
        losses[i] = goal->shares[i] * losses[i] + (1 - goal->shares[i]) * other;
    }
}
