/* SPDX-License-Identifier: MIT */
/*
 * Counter-based random numbers (splitmix64 finaliser): the same key gives the same numbers whatever
 * ran before, so there is no state to lose when training resumes.
 */
#ifndef MISREAD_BASE_RNG_H
#define MISREAD_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct mr_rng {
    uint64_t key;
    uint64_t counter;
};

/* A stream named by four numbers, e.g. (seed, purpose, epoch, image id). */
struct mr_rng mr_rng_make(uint64_t seed, uint64_t a, uint64_t b, uint64_t c);
uint64_t mr_rng_next(struct mr_rng *rng);
/* Uniform in [0, 1). */
double mr_rng_uniform(struct mr_rng *rng);
/* Uniform in [lo, hi). */
double mr_rng_between(struct mr_rng *rng, double lo, double hi);
/* Uniform in 0 .. n-1, n > 0, without modulo bias worth measuring. */
uint64_t mr_rng_below(struct mr_rng *rng, uint64_t n);
/* Standard normal (Box-Muller). */
double mr_rng_normal(struct mr_rng *rng);
/* Beta(a, b) in [0, 1], a and b > 0: from two gamma draws (Marsaglia and Tsang: A simple method for
 * generating gamma variables, 2000), compared as logarithms, so that shapes far below 1 do not
 * become 0 / 0. */
double mr_rng_beta(struct mr_rng *rng, double a, double b);
/* Fisher-Yates. */
void mr_rng_shuffle(struct mr_rng *rng, int *items, size_t n);

uint64_t mr_hash_mix(uint64_t z);                       /* splitmix64 finaliser */
uint64_t mr_hash_fnv(const void *data, size_t n_bytes); /* 64-bit FNV-1a */

#endif
