/* SPDX-License-Identifier: MIT */
/* Both products against sums in double, rows scattered and in spans. */
#include "checks.h"

#include "product.h"

#define TOLERANCE 1e-6

static const int sizes[][4] = {
    /* m, n, k, n_spans */
    {1, 1, 1, 1},  {6, 16, 5, 1},   {7, 17, 3, 2},   {13, 33, 200, 1},
    {5, 8, 21, 7}, {12, 64, 33, 3}, {30, 5, 400, 2}, {25, 48, 193, 1},
};

enum { N_SIZES = sizeof sizes / sizeof *sizes };

/* Row i of a begins somewhere, rows in no order; its spans lie a gap apart. */
static size_t row_of_a(int i, int k, int n_spans)
{
    return (size_t)((i * 7) % 31) * (size_t)(n_spans * (k + 3)) + 2;
}

static void check_product(int m, int n, int k, int n_spans, enum mr_write write)
{
    size_t n_a = (size_t)(32 * n_spans * (k + 3) + 64), n_k = (size_t)(n_spans * k);
    float *a = random_floats(n_a, 1), *b = random_floats(n_k * (size_t)n, 2);
    float *c = random_floats((size_t)(m * (n + 5)), 3);
    float *before = random_floats((size_t)(m * (n + 5)), 3), *scale = random_floats((size_t)n, 4);
    size_t n_packed = mr_product_packed((int)n_k, n), a_row[64], c_row[64];
    float *packed = guarded_scratch(n_packed);
    struct mr_product p = {.m = m,
                           .n = n,
                           .k = k,
                           .n_spans = n_spans,
                           .span = (size_t)k + 3,
                           .a = a,
                           .a_row = a_row,
                           .b = packed,
                           .c = c,
                           .c_row = c_row,
                           .write = write};

    for (int i = 0; i < m; i++) {
        a_row[i] = row_of_a(i, k, n_spans);
        c_row[i] = (size_t)((m - 1 - i) * (n + 5)); /* from the last to the first */
    }
    mr_product_pack(packed, b, scale, (int)n_k, n, 0, mr_product_panels(n));
    mr_product(&p);
    check_and_free_scratch(packed, n_packed);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n + 5; j++) {
            double sum = 0, magnitude = 1;

            for (size_t x = 0; j < n && x < n_k; x++) {
                double term = (double)a[a_row[i] + x / (size_t)k * p.span + x % (size_t)k] *
                              b[x * (size_t)n + (size_t)j] * scale[j];

                sum += term;
                magnitude += fabs(term);
            }
            if (j >= n || write == MR_ACCUMULATE) /* behind the columns nothing is touched */
                sum += before[c_row[i] + (size_t)j];
            assert_near(c[c_row[i] + (size_t)j], sum, j < n ? TOLERANCE * magnitude : 0);
        }
    free(a);
    free(b);
    free(c);
    free(before);
    free(scale);
}

static void multiplies_scattered_rows_by_packed_panels(void **state)
{
    for (int i = 0; i < N_SIZES; i++)
        for (int write = 0; write < 2; write++)
            check_product(sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3], (enum mr_write)write);
}

static void check_outer(int m, int n, int k, int n_spans, enum mr_write write)
{
    size_t lda = (size_t)m + 3, ldb = (size_t)n + 1, ldc = (size_t)n + 4;
    size_t rows = (size_t)(n_spans * (k + 1));
    float *a = random_floats(rows * lda, 1), *b = random_floats(rows * ldb, 2);
    float *c = random_floats((size_t)m * ldc, 3), *before = random_floats((size_t)m * ldc, 3);
    size_t a_span[8], b_span[8];
    struct mr_outer p = {m, n, k, n_spans, a, a_span, lda, b, b_span, ldb, c, ldc, write};

    for (int s = 0; s < n_spans; s++) {
        a_span[s] = (size_t)(s * (k + 1)) * lda;
        b_span[s] = (size_t)((n_spans - 1 - s) * (k + 1)) * ldb;
    }
    mr_outer(&p);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = write == MR_ACCUMULATE ? before[(size_t)i * ldc + (size_t)j] : 0;
            double magnitude = 1;

            for (int x = 0; x < n_spans * k; x++) {
                double term = (double)a[a_span[x / k] + (size_t)(x % k) * lda + (size_t)i] *
                              b[b_span[x / k] + (size_t)(x % k) * ldb + (size_t)j];

                sum += term;
                magnitude += fabs(term);
            }
            assert_near(c[(size_t)i * ldc + (size_t)j], sum, TOLERANCE * magnitude);
        }
    free(a);
    free(b);
    free(c);
    free(before);
}

static void sums_products_of_transposed_rows(void **state)
{
    for (int i = 0; i < N_SIZES; i++)
        for (int write = 0; write < 2; write++)
            check_outer(sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3], (enum mr_write)write);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multiplies_scattered_rows_by_packed_panels),
        cmocka_unit_test(sums_products_of_transposed_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
