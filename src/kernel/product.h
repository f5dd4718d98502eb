/* SPDX-License-Identifier: MIT */
/*
 * The two matrix products that convolutions are made of, for one thread, on operands that fit its
 * caches. Rows lie wherever an offset says, so that a convolution's windows need no copy.
 */
#ifndef MISREAD_KERNEL_PRODUCT_H
#define MISREAD_KERNEL_PRODUCT_H

#include <stddef.h>

#include <misread/kernel/conv.h>

/* c = a b or c += a b. A row of a is n_spans spans of k floats each. */
struct mr_product {
    int m, n;       /* rows and columns of c */
    int k, n_spans; /* a has n_spans * k columns */
    size_t span;    /* floats between the spans of a row */
    const float *a;
    const size_t *a_row; /* (m): row i begins at a + a_row[i]; NULL: lda apart */
    size_t lda;
    const float *b; /* packed by mr_product_pack */
    float *c;
    const size_t *c_row; /* (m), likewise */
    size_t ldc;
    enum mr_write write;
};

void mr_product(const struct mr_product *product);

/* Floats that a (k, n) right side takes when it is packed: in panels of some columns, the last one
 * filled up with zeros. */
size_t mr_product_packed(int k, int n);
/* Packs panels first .. last-1 (of mr_product_panels) of b (k, n), whose columns are multiplied by
 * scale (n) unless that is NULL. */
void mr_product_pack(float *packed, const float *b, const float *scale, int k, int n, int first,
                     int last);
int mr_product_panels(int n);

/* c (m, n) = or += a^T b, where a and b have n_spans * k rows, k of them in a piece. */
struct mr_outer {
    int m, n;
    int k, n_spans;
    const float *a;
    const size_t *a_span; /* (n_spans): the span's first row begins at a + a_span[i] */
    size_t lda;           /* floats between the rows of a span */
    const float *b;
    const size_t *b_span; /* (n_spans) */
    size_t ldb;
    float *c;
    size_t ldc;
    enum mr_write write;
};

void mr_outer(const struct mr_outer *outer);

#endif
