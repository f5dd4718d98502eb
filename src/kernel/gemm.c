/* SPDX-License-Identifier: MIT */
/* Matrix products by OpenBLAS's sgemm, which packs both sides itself. The only file that knows
 * BLAS. */
#include <misread/kernel/gemm.h>

#include <stdio.h>

#include <cblas.h>

void mr_gemm(enum mr_transpose trans_a, enum mr_transpose trans_b, int m, int n, int k,
             const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    cblas_sgemm(CblasRowMajor, trans_a == MR_TRANSPOSED ? CblasTrans : CblasNoTrans,
                trans_b == MR_TRANSPOSED ? CblasTrans : CblasNoTrans, m, n, k, 1, a, lda, b, ldb,
                beta, c, ldc);
}

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
