/* SPDX-License-Identifier: MIT */
/*
 * Vectors of the instruction set that a file is compiled for (meson.build compiles the kernels once
 * for each), through GCC's and clang's vector extensions: arithmetic on a vec is element by
 * element, a * b + c becomes one fused instruction where there is one.
 */
#ifndef MISREAD_KERNEL_VEC_H
#define MISREAD_KERNEL_VEC_H

#include <stddef.h>

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif

/* Columns of a product's tile: two vectors, so that one element of the left side is used twice. */
#define PANEL (2 * LANES)

/* Rows of a product's tile: as many as leave registers for two vectors of the right side and one
 * element of the left. 32 registers hold 12 * 2 sums, 16 hold 6 * 2. */
#if defined(__AVX512F__) || defined(__aarch64__)
#define TILE_ROWS 12
#else
#define TILE_ROWS 6
#endif

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int vec_bits __attribute__((vector_size(4 * LANES)));
/* The same in memory: any alignment, and it may alias floats. */
typedef float vec_in_memory __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

#define MR_INLINE static inline __attribute__((always_inline))

MR_INLINE vec vec_load(const float *p)
{
    return *(const vec_in_memory *)p;
}

MR_INLINE void vec_store(float *p, vec v)
{
    *(vec_in_memory *)p = v;
}

MR_INLINE vec vec_all(float f)
{
    return f - (vec){0};
}

/* max(v, 0); NaN comes through. */
MR_INLINE vec vec_relu(vec v)
{
    return (vec)((vec_bits)v & ~(vec_bits)(v < (vec){0}));
}

/* Before a loop whose arrays are either the same or apart, so that in-place use is vectorized too.
 */
#if defined(__clang__)
#if __has_feature(address_sanitizer)
#define MR_SAME_OR_APART /* instrumented loops are never vectorized, and clang warns of it */
#else
#define MR_SAME_OR_APART _Pragma("clang loop vectorize(assume_safety)")
#endif
#else
#define MR_SAME_OR_APART _Pragma("GCC ivdep")
#endif

#endif
