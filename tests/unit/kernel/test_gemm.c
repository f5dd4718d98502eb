/* SPDX-License-Identifier: MIT */
/* Against three loops in double; products of up to 40 terms of size 1 round by less than 1e-5. */
#include "checks.h"

#include <misread/kernel/gemm.h>

enum { M = 13, N = 9, K = 40, LDA = 45, LDB = 50, LDC = 11 };

static double element(const float *x, int ld, enum mr_transpose t, int row, int col)
{
    return t == MR_TRANSPOSED ? x[col * ld + row] : x[row * ld + col];
}

static void check(enum mr_transpose ta, enum mr_transpose tb, float beta)
{
    float *a = random_floats(K * LDA, 1), *b = random_floats(K * LDB, 2);
    float *c = beta != 0 ? random_floats(M * LDC, 3) : nan_floats(M * LDC);
    float *before = random_floats(M * LDC, 3);

    mr_gemm(ta, tb, M, N, K, a, LDA, b, LDB, beta, c, LDC);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double sum = beta != 0 ? beta * before[i * LDC + j] : 0;

            for (int k = 0; k < K; k++)
                sum += element(a, LDA, ta, i, k) * element(b, LDB, tb, k, j);
            assert_near(c[i * LDC + j], sum, 1e-5);
        }
    free(a);
    free(b);
    free(c);
    free(before);
}

static void multiplies_each_way_round(void **state)
{
    for (int i = 0; i < 4; i++) {
        enum mr_transpose ta = i & 1 ? MR_TRANSPOSED : MR_AS_IS;
        enum mr_transpose tb = i & 2 ? MR_TRANSPOSED : MR_AS_IS;

        check(ta, tb, 0); /* over NaN: must not be read */
        check(ta, tb, 1);
        check(ta, tb, .5f);
    }
}

static void stays_in_its_columns(void **state)
{
    float *a = random_floats(K * LDA, 1), *b = random_floats(K * LDB, 2);
    float *c = random_floats(M * LDC, 3), *before = random_floats(M * LDC, 3);

    mr_gemm(MR_AS_IS, MR_AS_IS, M, N, K, a, LDA, b, LDB, 0, c, LDC);
    for (int i = 0; i < M; i++)
        for (int j = N; j < LDC; j++)
            assert_true(c[i * LDC + j] == before[i * LDC + j]);
    free(a);
    free(b);
    free(c);
    free(before);
}

static void runs_in_one_thread_after_init(void **state)
{
    struct mr_gemm_info info;

    mr_gemm_init();
    mr_gemm_describe(&info);
    assert_int_equal(info.n_threads, 1);
    assert_non_null(strstr(info.library, "BLAS"));
    assert_true(strlen(info.core) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multiplies_each_way_round),
        cmocka_unit_test(stays_in_its_columns),
        cmocka_unit_test(runs_in_one_thread_after_init),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
