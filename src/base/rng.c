/* SPDX-License-Identifier: MIT */
/* Random numbers: Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014). */
#include <misread/base/rng.h>

#include <math.h>

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

uint64_t mr_hash_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t mr_hash_fnv(const void *data, size_t n_bytes)
{
    const unsigned char *p = data;
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < n_bytes; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

struct mr_rng mr_rng_make(uint64_t seed, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t key = mr_hash_mix(seed + GOLDEN);

    key = mr_hash_mix((key ^ a) + GOLDEN);
    key = mr_hash_mix((key ^ b) + GOLDEN);
    key = mr_hash_mix((key ^ c) + GOLDEN);
    return (struct mr_rng){.key = key};
}

uint64_t mr_rng_next(struct mr_rng *rng)
{
    return mr_hash_mix(rng->key + ++rng->counter * GOLDEN);
}

double mr_rng_uniform(struct mr_rng *rng)
{
    return (double)(mr_rng_next(rng) >> 11) * 0x1p-53;
}

double mr_rng_between(struct mr_rng *rng, double lo, double hi)
{
    return lo + (hi - lo) * mr_rng_uniform(rng);
}

uint64_t mr_rng_below(struct mr_rng *rng, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)mr_rng_next(rng) * n) >> 64);
}

double mr_rng_normal(struct mr_rng *rng)
{
    double u = 1.0 - mr_rng_uniform(rng); /* in (0, 1]: the logarithm must exist */
    double v = mr_rng_uniform(rng);

    return sqrt(-2.0 * log(u)) * cos(2.0 * 3.14159265358979323846 * v);
}

/* A draw from Gamma(shape), shape >= 1. */
static double gamma_above_one(struct mr_rng *rng, double shape)
{
    double d = shape - 1. / 3, c = 1 / sqrt(9 * d);

    for (;;) {
        double z = mr_rng_normal(rng), v = 1 + c * z, u = 1 - mr_rng_uniform(rng);

        v = v * v * v;
        if (v > 0 && log(u) < z * z / 2 + d - d * v + d * log(v))
            return d * v;
    }
}

/* The logarithm of a draw from Gamma(shape): that of shape + 1 times u^(1 / shape). */
static double log_gamma_draw(struct mr_rng *rng, double shape)
{
    double above = gamma_above_one(rng, shape + 1);

    return log(above) + log(1 - mr_rng_uniform(rng)) / shape;
}

double mr_rng_beta(struct mr_rng *rng, double a, double b)
{
    double x = log_gamma_draw(rng, a), y = log_gamma_draw(rng, b);

    return 1 / (1 + exp(y - x));
}

void mr_rng_shuffle(struct mr_rng *rng, int *items, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)mr_rng_below(rng, i);
        int t = items[i - 1];

        items[i - 1] = items[j];
        items[j] = t;
    }
}
