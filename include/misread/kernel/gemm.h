/* SPDX-License-Identifier: MIT */
/* Matrix products: the one door to BLAS. Thread-safe after mr_gemm_init. */
#ifndef MISREAD_KERNEL_GEMM_H
#define MISREAD_KERNEL_GEMM_H

#include <stdbool.h>

enum mr_transpose { MR_AS_IS, MR_TRANSPOSED };

/*
 * c = op(a) op(b) + beta c, row-major, single-threaded.
 *
 *   c (m, n)  out, leading dimension ldc; overwritten without being read where beta is 0
 *   a (m, k)  in, or (k, m) if transposed, leading dimension lda
 *   b (k, n)  in, or (n, k) if transposed, leading dimension ldb
 */
void mr_gemm(enum mr_transpose trans_a, enum mr_transpose trans_b, int m, int n, int k,
             const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

/* Makes BLAS run in the calling thread only: the pool splits the work. Idempotent. */
void mr_gemm_init(void);

struct mr_gemm_info {
    char library[128]; /* e.g. "OpenBLAS 0.3.21 ..." */
    char core[32];     /* the kernels chosen for this CPU, e.g. "Haswell" */
    int n_threads;     /* what BLAS would use in one product: 1 after mr_gemm_init */
    bool is_pthread;   /* built on pthreads, not OpenMP: safe beside our own pool */
};
void mr_gemm_describe(struct mr_gemm_info *info);

#endif
