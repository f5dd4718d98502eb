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
