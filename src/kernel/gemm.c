/* SPDX-License-Identifier: MIT */
/* Matrix products by OpenBLAS's sgemm, which packs both sides itself (or by netlib's, for
 * ThreadSanitizer, to which OpenBLAS's threads are noise). The only file that knows BLAS. */
#include <misread/kernel/gemm.h>

#include <stddef.h>
#include <stdio.h>

#if MISREAD_NETLIB
#include <cblas-netlib.h>
#else
#include <cblas.h>
#endif

/* Products are summed in pieces of this length: shorter chains of additions round less. It is the
 * head only by now, whose time does not count; but without it 15 steps of SGD end on the other side
 * of one ReLU in tests/unit/nn (1.1e-4 in a loss, on the generic kernels). */
#define LONGEST_SUM 192

void mr_gemm(enum mr_transpose trans_a, enum mr_transpose trans_b, int m, int n, int k,
             const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    const enum CBLAS_TRANSPOSE ta = trans_a == MR_TRANSPOSED ? CblasTrans : CblasNoTrans;
    const enum CBLAS_TRANSPOSE tb = trans_b == MR_TRANSPOSED ? CblasTrans : CblasNoTrans;
    const size_t step_a = trans_a == MR_TRANSPOSED ? (size_t)lda : 1;
    const size_t step_b = trans_b == MR_TRANSPOSED ? 1 : (size_t)ldb;

    for (int at = 0; at < k; at += LONGEST_SUM)
        cblas_sgemm(CblasRowMajor, ta, tb, m, n, k - at < LONGEST_SUM ? k - at : LONGEST_SUM, 1,
                    a + (size_t)at * step_a, lda, b + (size_t)at * step_b, ldb, at ? 1 : beta, c,
                    ldc);
}

#if MISREAD_NETLIB
/* Netlib's reference runs in the calling thread: there is nothing to set, little to say. */
void mr_gemm_init(void)
{
}

void mr_gemm_describe(struct mr_gemm_info *info)
{
    *info = (struct mr_gemm_info){
        .library = "netlib's reference BLAS", .core = "plain", .n_threads = 1, .is_pthread = true};
}
#else
void mr_gemm_init(void)
{
    openblas_set_num_threads(1);
}

void mr_gemm_describe(struct mr_gemm_info *info)
{
    snprintf(info->library, sizeof info->library, "%s", openblas_get_config());
    snprintf(info->core, sizeof info->core, "%s", openblas_get_corename());
    info->n_threads = openblas_get_num_threads();
    info->is_pthread = openblas_get_parallel() == OPENBLAS_THREAD;
}
#endif
