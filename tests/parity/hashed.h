/* SPDX-License-Identifier: MIT */
/*
 * Weights and images made of integers, so that every program gets the same ones bit for bit:
 *   r(name, i) = mix(fnv(name) + (i + 1) * golden gamma)    splitmix64 over FNV-1a
 *   u(name, i) = (r >> 40) - 2^23                           in [-2^23, 2^23)
 *   value      = (float)(base + u * bound / 2^23)           one rounding
 * i counts in torchvision's layouts (O, I, kh, kw) and (N, C, H, W).
 */
#ifndef MISREAD_TESTS_PARITY_HASHED_H
#define MISREAD_TESTS_PARITY_HASHED_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/rng.h>
#include <misread/nn/model.h>

#define HASHED_BATCH   8
#define HASHED_SIDE    64
#define HASHED_CLASSES 5

static inline uint64_t hashed_key(const char *name)
{
    return mr_hash_fnv(name, strlen(name));
}

/* In [-2^23, 2^23). */
static inline double hashed_u(uint64_t key, size_t i)
{
    uint64_t r = mr_hash_mix(key + ((uint64_t)i + 1) * UINT64_C(0x9e3779b97f4a7c15));

    return (double)((int64_t)(r >> 40) - (1 << 23));
}

static inline void hashed_fill(float *dst, const char *name, size_t n, double base, double bound)
{
    uint64_t key = hashed_key(name);

    for (size_t i = 0; i < n; i++)
        dst[i] = (float)(base + hashed_u(key, i) * bound / 8388608.0);
}

static inline bool hashed_ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && !strcmp(text + n - m, end);
}

/* A tensor's values in torchvision's layout. last_norm: the batch norms that begin near 0.2
 * ("tame"), or NULL. */
static inline void hashed_tensor(float *dst, const struct mr_tensor *t, const char *last_norm)
{
    double fan_in = (double)t->n / t->shape[0];
    bool is_weight = hashed_ends_with(t->name, ".weight");

    if (t->kind == MR_TENSOR_RUNNING)
        hashed_fill(dst, t->name, t->n, hashed_ends_with(t->name, "var"), 0);
    else if (t->kind == MR_TENSOR_CONV)
        hashed_fill(dst, t->name, t->n, 0, sqrt(6 / fan_in));
    else if (t->kind == MR_TENSOR_FC)
        hashed_fill(dst, t->name, t->n, 0, sqrt(1 / fan_in));
    else if (t->kind == MR_TENSOR_BIAS)
        hashed_fill(dst, t->name, t->n, 0, .01);
    else if (last_norm && hashed_ends_with(t->name, last_norm))
        hashed_fill(dst, t->name, t->n, .2, .1);
    else
        hashed_fill(dst, t->name, t->n, is_weight, .1);
}

static inline void hashed_init(struct mr_model *model, bool tame)
{
    bool bottleneck = mr_model_get_options(model)->arch == MR_ARCH_RESNET50;
    const char *last_norm = !tame ? NULL : bottleneck ? "bn3.weight" : "bn2.weight";
    float *values = malloc(mr_model_n_params(model) * sizeof *values);
    int n;
    const struct mr_tensor *tensors = mr_model_tensors(model, &n);

    for (int i = 0; i < n; i++) {
        hashed_tensor(values, &tensors[i], last_norm);
        mr_model_set_tensor(model, &tensors[i], values);
    }
    free(values);
}

/* +1 or -1: the pattern that tells a class. */
static inline double hashed_pattern(int label, int c, int y, int x)
{
    return (y * (1 + label) / 16 + x * (1 + (label + c) % 3) / 16) % 2 == 0 ? 1 : -1;
}

/* Batch k: images (8, 64, 64, 3) and labels (8). */
static inline void hashed_batch(float *images, int *labels, int k)
{
    char name[16];
    uint64_t key;

    snprintf(name, sizeof name, "batch%d", k);
    key = hashed_key(name);
    for (int n = 0; n < HASHED_BATCH; n++) {
        labels[n] = (n * 3 + k) % HASHED_CLASSES;
        for (int c = 0; c < 3; c++)
            for (int y = 0; y < HASHED_SIDE; y++)
                for (int x = 0; x < HASHED_SIDE; x++) {
                    size_t i =
                        (((size_t)n * 3 + (size_t)c) * HASHED_SIDE + (size_t)y) * HASHED_SIDE +
                        (size_t)x;
                    size_t at =
                        (((size_t)n * HASHED_SIDE + (size_t)y) * HASHED_SIDE + (size_t)x) * 3 +
                        (size_t)c;

                    images[at] = (float)(hashed_u(key, i) * 1.0 / 8388608.0 +
                                         .75 * hashed_pattern(labels[n], c, y, x));
                }
    }
}

/* Sum of g * u / 2^23: a number that transposed or permuted gradients miss. */
static inline double hashed_projection(const char *name, const float *g, size_t n)
{
    char text[80];
    uint64_t key;
    double sum = 0;

    snprintf(text, sizeof text, "proj:%s", name);
    key = hashed_key(text);
    for (size_t i = 0; i < n; i++)
        sum += (double)g[i] * hashed_u(key, i) / 8388608.0;
    return sum;
}

static inline double hashed_l2(const float *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return sqrt(sum);
}

static inline double hashed_sum(const float *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

#endif
