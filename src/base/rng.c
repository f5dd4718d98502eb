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

void mr_rng_shuffle(struct mr_rng *rng, int *items, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)mr_rng_below(rng, i);
        int t = items[i - 1];

        items[i - 1] = items[j];
        items[j] = t;
    }
}
