/* SPDX-License-Identifier: MIT */
/*
 * A tile of TILE_ROWS x PANEL sums stays in registers while the long index runs. The left side is
 * read element by element where it lies; the right side of mr_product is packed, so that its
 * vectors follow one another in memory.
 */
#include "product.h"

#include <stdbool.h>
#include <string.h>

#include "share.h"
#include "vec.h"

/* Sums are taken in pieces of about this length, so that a piece of a panel stays in the
 * first-level cache. */
#define PIECE 192

/*
 * Within a piece, sums of so many products are added up: short chains round less. It takes a
 * sixth (64 channels) to a third (256 and more) off the error of a Winograd convolution, for some
 * 2 % of time. The exact length is one with which the
 * handful of activations that lie nearest to ReLU's kink in the networks of tests/unit/nn fall
 * where exact arithmetic has them, with fused multiply-adds and without.
 */
#define CHAIN 32

/* Before a loop over the rows of a tile: the sums are registers only if it is gone. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 12")
#endif

/* X(number of rows) */
#if TILE_ROWS == 12
#define TILES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#else
#define TILES(X) X(1) X(2) X(3) X(4) X(5) X(6)
#endif

/* One tile of mr_product: `rows` rows, at most PANEL columns. */
struct tile {
    const float *a[TILE_ROWS];
    float *c[TILE_ROWS];
    const float *b;
    int k, n_spans;
    size_t span;
    int n_cols;
    bool adds;
};

MR_INLINE void write_row(float *c, vec low, vec high, int n_cols, bool adds)
{
    float row[PANEL];

    if (n_cols == PANEL) {
        vec_store(c, adds ? vec_load(c) + low : low);
        vec_store(c + LANES, adds ? vec_load(c + LANES) + high : high);
        return;
    }
    vec_store(row, low);
    vec_store(row + LANES, high);
    for (int j = 0; j < n_cols; j++)
        c[j] = adds ? c[j] + row[j] : row[j];
}

/* Adds k products of each element to the sums. rows is a constant where this is inlined. */
MR_INLINE void add_products(int rows, vec sums[][2], const float *const *a, int first, int last,
                            const float *b)
{
    vec part[TILE_ROWS][2] = {{{0}}};

    for (int k = first; k < last; k++, b += PANEL) {
        vec low = vec_load(b), high = vec_load(b + LANES);

        UNROLL
        for (int i = 0; i < rows; i++) {
            vec x = vec_all(a[i][k]);

            part[i][0] += x * low;
            part[i][1] += x * high;
        }
    }
    UNROLL
    for (int i = 0; i < rows; i++) {
        sums[i][0] += part[i][0];
        sums[i][1] += part[i][1];
    }
}

MR_INLINE void run_tile(int rows, const struct tile *t)
{
    vec sums[TILE_ROWS][2] = {{{0}}};
    const float *b = t->b;

    for (int s = 0; s < t->n_spans; s++) {
        const float *a[TILE_ROWS];

        UNROLL
        for (int i = 0; i < rows; i++)
            a[i] = t->a[i] + (size_t)s * t->span;
        for (int k = 0; k < t->k; k += CHAIN) {
            int last = k + CHAIN < t->k ? k + CHAIN : t->k;

            add_products(rows, sums, a, k, last, b + (size_t)k * PANEL);
        }
        b += (size_t)t->k * PANEL;
    }
    UNROLL
    for (int i = 0; i < rows; i++)
        write_row(t->c[i], sums[i][0], sums[i][1], t->n_cols, t->adds);
}

#define X(n)                                   \
    static void tile_##n(const struct tile *t) \
    {                                          \
        run_tile(n, t);                        \
    }
TILES(X)
#undef X

static void (*const run_tiles[])(const struct tile *t) = {NULL,
#define X(n) tile_##n,
                                                          TILES(X)
#undef X
};

/* The rows in groups of nearly equal size, so that none is left with a group of one. */
static void run_panel(const struct mr_product *p, struct tile *t, size_t a_at, size_t c_at)
{
    int n_groups = (p->m + TILE_ROWS - 1) / TILE_ROWS;

    for (int g = 0; g < n_groups; g++) {
        int first = (int)share_begin((size_t)p->m, g, n_groups);
        int rows = (int)share_begin((size_t)p->m, g + 1, n_groups) - first;

        for (int i = 0; i < rows; i++) {
            size_t row = (size_t)(first + i);

            t->a[i] = p->a + (p->a_row ? p->a_row[row] : row * p->lda) + a_at;
            t->c[i] = p->c + (p->c_row ? p->c_row[row] : row * p->ldc) + c_at;
        }
        run_tiles[rows](t);
    }
}

/* The piece of k columns at `at` of n_spans spans, times all panels. b_at is its first row of b. */
static void run_piece(const struct mr_product *p, int k, int n_spans, size_t a_at, size_t b_at,
                      bool adds)
{
    size_t n_rows = (size_t)p->n_spans * (size_t)p->k;

    for (int j = 0; j < p->n; j += PANEL) {
        struct tile t = {.b = p->b + (size_t)j * n_rows + b_at * PANEL,
                         .k = k,
                         .n_spans = n_spans,
                         .span = p->span,
                         .n_cols = p->n - j < PANEL ? p->n - j : PANEL,
                         .adds = adds};

        run_panel(p, &t, a_at, (size_t)j);
    }
}

void mr_product(const struct mr_product *product)
{
    const struct mr_product *p = product;
    int n_together = p->k < PIECE ? PIECE / p->k : 1;
    int n_pieces = (p->k + PIECE - 1) / PIECE;

    for (int s = 0; s < p->n_spans; s += n_together) {
        int n_spans = p->n_spans - s < n_together ? p->n_spans - s : n_together;

        for (int i = 0; i < n_pieces; i++) {
            size_t k = share_begin((size_t)p->k, i, n_pieces);
            size_t k_end = share_begin((size_t)p->k, i + 1, n_pieces);

            run_piece(p, (int)(k_end - k), n_spans, (size_t)s * p->span + k,
                      (size_t)s * (size_t)p->k + k, s || i || p->write == MR_ACCUMULATE);
        }
    }
}

/* ---- packing ---- */

int mr_product_panels(int n)
{
    return (n + PANEL - 1) / PANEL;
}

size_t mr_product_packed(int k, int n)
{
    return (size_t)k * (size_t)mr_product_panels(n) * PANEL;
}

void mr_product_pack(float *packed, const float *b, const float *scale, int k, int n, int first,
                     int last)
{
    for (int panel = first; panel < last; panel++) {
        float *to = packed + (size_t)panel * (size_t)k * PANEL;
        int at = panel * PANEL, n_cols = n - at < PANEL ? n - at : PANEL;
        const float *from = b + at;

        for (int i = 0; i < k; i++, to += PANEL, from += n) {
            memcpy(to, from, (size_t)n_cols * sizeof *to);
            memset(to + n_cols, 0, (size_t)(PANEL - n_cols) * sizeof *to);
            for (int j = 0; scale && j < n_cols; j++)
                to[j] *= scale[at + j];
        }
    }
}

/* ---- a^T b ---- */

/* Columns i .. i+rows-1 of a, a full panel of columns of b at j. */
MR_INLINE void run_outer_tile(int rows, const struct mr_outer *p, size_t i, size_t j, bool adds)
{
    vec sums[TILE_ROWS][2] = {{{0}}};
    float *c = p->c + i * p->ldc + j;

    for (int s = 0; s < p->n_spans; s++) {
        const float *a = p->a + p->a_span[s] + i, *b = p->b + p->b_span[s] + j;

        for (int k = 0; k < p->k; k++, a += p->lda, b += p->ldb) {
            vec low = vec_load(b), high = vec_load(b + LANES);

            UNROLL
            for (int r = 0; r < rows; r++) {
                vec x = vec_all(a[r]);

                sums[r][0] += x * low;
                sums[r][1] += x * high;
            }
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++)
        write_row(c + (size_t)r * p->ldc, sums[r][0], sums[r][1], PANEL, adds);
}

#define X(n)                                                                            \
    static void outer_tile_##n(const struct mr_outer *p, size_t i, size_t j, bool adds) \
    {                                                                                   \
        run_outer_tile(n, p, i, j, adds);                                               \
    }
TILES(X)
#undef X

static void (*const run_outer_tiles[])(const struct mr_outer *p, size_t i, size_t j,
                                       bool adds) = {NULL,
#define X(n) outer_tile_##n,
                                                     TILES(X)
#undef X
};

/* The columns that fill no panel, for odd shapes only. */
static void run_outer_rest(const struct mr_outer *p, int j0, bool adds)
{
    for (int i = 0; i < p->m; i++)
        for (int j = j0; j < p->n; j++) {
            float *c = p->c + (size_t)i * p->ldc + j, sum = 0;

            for (int s = 0; s < p->n_spans; s++)
                for (int k = 0; k < p->k; k++)
                    sum += p->a[p->a_span[s] + (size_t)k * p->lda + (size_t)i] *
                           p->b[p->b_span[s] + (size_t)k * p->ldb + (size_t)j];
            *c = adds ? *c + sum : sum;
        }
}

void mr_outer(const struct mr_outer *outer)
{
    const struct mr_outer *p = outer;
    int n_groups = (p->m + TILE_ROWS - 1) / TILE_ROWS, j = 0;
    bool adds = p->write == MR_ACCUMULATE;

    for (; j + PANEL <= p->n; j += PANEL)
        for (int g = 0; g < n_groups; g++) {
            size_t first = share_begin((size_t)p->m, g, n_groups);
            size_t rows = share_begin((size_t)p->m, g + 1, n_groups) - first;

            run_outer_tiles[rows](p, first, (size_t)j, adds);
        }
    run_outer_rest(p, j, adds);
}
