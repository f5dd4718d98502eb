/* SPDX-License-Identifier: MIT */
#include <misread/explain/neighbours.h>

#include <math.h>
#include <stddef.h>

static float cosine_of(const float *a, const float *b, int n)
{
    double product = 0, aa = 0, bb = 0;

    for (int i = 0; i < n; i++) {
        product += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return aa > 0 && bb > 0 ? (float)(product / sqrt(aa * bb)) : 0;
}

/* Puts one among the k nearest so far; of equal ones the first stays before. Returns how many there
 * are now. */
static int insert(struct mr_neighbour *out, int n, int k, struct mr_neighbour one)
{
    int at = n;

    while (at > 0 && out[at - 1].cosine < one.cosine)
        at--;
    if (at == k)
        return n;
    for (int i = n < k ? n : k - 1; i > at; i--)
        out[i] = out[i - 1];
    out[at] = one;
    return n < k ? n + 1 : k;
}

int mr_neighbours_find(struct mr_neighbour *out, int k, const struct mr_crowd *crowd,
                       const float *query, int class_id, int except)
{
    int n = 0;

    for (int row = 0; row < crowd->n; row++) {
        const float *features = crowd->rows + (size_t)row * (size_t)crowd->n_features;

        if (crowd->labels[row] == class_id && row != except)
            n = insert(out, n, k,
                       (struct mr_neighbour){row, cosine_of(features, query, crowd->n_features)});
    }
    return n;
}
