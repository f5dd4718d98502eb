/* SPDX-License-Identifier: MIT */
/*
 * Convolution as products of blocks: im2col of some hundred rows, which stay in a core's cache,
 * times the weights. The gradient of the data is again a convolution: of dy with the mirrored
 * weights, once for each of the stride * stride residues of the input's coordinates. The gradient
 * of the weights is im2col^T dy, split over rows or over columns, whichever costs less.
 */
#include <misread/kernel/conv.h>

#include <assert.h>
#include <string.h>

#include <misread/base/hot.h>
#include <misread/base/pool.h>
#include <misread/kernel/gemm.h>

#include "gather.h"
#include "share.h"

/* A block's im2col, in floats: 640 KiB, beside the packed operands in 1 MiB of L2. */
#define BLOCK_FLOATS   (160 * 1024)
#define BLOCK_ROWS_MIN 96
#define BLOCK_ROWS_MAX 512

/* Fewer rows than this a thread and the partial sums of the weights cost more than they save. */
#define ROWS_FOR_PARTIAL_SUMS 4096

/* Where the rows of a product go: the points (y0 + i step, x0 + j step) of images (h, w, c). */
struct scatter {
    float *dst;
    int h, w, c;
    int step, y0, x0;
    enum mr_write write;
};

struct product {
    struct gather in;
    struct scatter out;
    const float *w; /* (columns of in, channels of out) */
    int n_blocks;
    float *scratch;
    size_t scratch_per_thread;
};

int mr_conv_h_out(const struct mr_conv_shape *shape)
{
    return (shape->h + 2 * shape->pad - shape->kh) / shape->stride + 1;
}

int mr_conv_w_out(const struct mr_conv_shape *shape)
{
    return (shape->w + 2 * shape->pad - shape->kw) / shape->stride + 1;
}

static size_t rows_out(const struct mr_conv_shape *s)
{
    return (size_t)s->n * (size_t)mr_conv_h_out(s) * (size_t)mr_conv_w_out(s);
}

static size_t n_weights(const struct mr_conv_shape *s)
{
    return (size_t)s->kh * (size_t)s->kw * (size_t)s->c_in * (size_t)s->c_out;
}

double mr_conv_flops(const struct mr_conv_shape *shape)
{
    return 2.0 * (double)rows_out(shape) * (double)n_weights(shape);
}

static void check(const struct mr_conv_shape *s)
{
    assert(s->n > 0 && s->c_in > 0 && s->c_out > 0 && s->kh > 0 && s->kw > 0);
    assert(s->stride > 0 && s->pad >= 0 && s->pad < s->kh && s->pad < s->kw);
    assert(s->h + 2 * s->pad >= s->kh && s->w + 2 * s->pad >= s->kw);
}

/* As many blocks as cache asks for, rounded up so that every thread gets the same number. */
static int block_count(size_t rows, int cols, int n_threads)
{
    size_t most = (size_t)(BLOCK_FLOATS / cols), n;

    if (most < BLOCK_ROWS_MIN)
        most = BLOCK_ROWS_MIN;
    if (most > BLOCK_ROWS_MAX)
        most = BLOCK_ROWS_MAX;
    n = (rows + most - 1) / most;
    n = (n + (size_t)n_threads - 1) / (size_t)n_threads * (size_t)n_threads;
    return (int)(n < rows ? n : rows);
}

static size_t block_rows(size_t rows, int n_blocks)
{
    return rows / (size_t)n_blocks + 1;
}

static size_t padded(size_t n)
{
    return (n + 15) / 16 * 16;
}

static struct gather forward_gather(const struct mr_conv_shape *s, const float *x)
{
    return (struct gather){
        .src = x,
        .n = s->n,
        .h = s->h,
        .w = s->w,
        .c = s->c_in,
        .grid_h = mr_conv_h_out(s),
        .grid_w = mr_conv_w_out(s),
        .step = s->stride,
        .y0 = -s->pad,
        .x0 = -s->pad,
        .kh = s->kh,
        .kw = s->kw,
    };
}

static bool is_dense(const struct scatter *out)
{
    return out->step == 1; /* a step of 1 visits every point, in order */
}

/* Copies or adds a block's product to its scattered places. */
static void scatter_rows(const struct product *p, const float *rows, size_t first, int n_rows)
{
    const struct scatter *out = &p->out;
    size_t points = (size_t)p->in.grid_h * (size_t)p->in.grid_w, c = (size_t)out->c;

    for (size_t r = first; r < first + (size_t)n_rows; r++, rows += c) {
        size_t image = r / points, i = r % points / (size_t)p->in.grid_w;
        size_t y = (size_t)out->y0 + i * (size_t)out->step;
        size_t x = (size_t)out->x0 + r % (size_t)p->in.grid_w * (size_t)out->step;
        float *dst = out->dst + ((image * (size_t)out->h + y) * (size_t)out->w + x) * c;

        if (out->write == MR_OVERWRITE) {
            memcpy(dst, rows, c * sizeof *dst);
        } else {
            for (size_t k = 0; k < c; k++)
                dst[k] += rows[k];
        }
    }
}

static void product_block(void *ctx, int task, int thread)
{
    const struct product *p = ctx;
    size_t rows = mr_gather_rows(&p->in), first = share_begin(rows, task, p->n_blocks);
    int n_rows = (int)(share_begin(rows, task + 1, p->n_blocks) - first);
    int cols = mr_gather_cols(&p->in), c = p->out.c;
    float *block = p->scratch + (size_t)thread * p->scratch_per_thread;
    const float *a = p->in.src + first * (size_t)cols;
    bool dense = is_dense(&p->out);
    float *y = p->out.dst + first * (size_t)c;

    if (!mr_gather_is_plain(&p->in)) {
        mr_gather_fill(&p->in, block, first, n_rows, 0, cols);
        a = block;
        block += padded(block_rows(rows, p->n_blocks) * (size_t)cols);
    }
    if (!dense)
        y = block;
    mr_gemm(MR_AS_IS, MR_AS_IS, n_rows, c, cols, a, cols, p->w, c,
            dense && p->out.write == MR_ACCUMULATE ? 1 : 0, y, c);
    if (!dense)
        scatter_rows(p, y, first, n_rows);
}

static size_t product_scratch(const struct gather *in, const struct scatter *out, int n_threads)
{
    size_t rows = mr_gather_rows(in), n = 0;
    size_t most = rows ? block_rows(rows, block_count(rows, mr_gather_cols(in), n_threads)) : 0;

    if (!mr_gather_is_plain(in))
        n += padded(most * (size_t)mr_gather_cols(in));
    if (!is_dense(out))
        n += padded(most * (size_t)out->c);
    return n;
}

static void run_product(struct gather in, struct scatter out, const float *w, float *scratch,
                        struct mr_pool *pool)
{
    int n_threads = mr_pool_n_threads(pool);
    struct product p = {.in = in, .out = out, .w = w, .scratch = scratch};

    p.n_blocks = block_count(mr_gather_rows(&in), mr_gather_cols(&in), n_threads);
    p.scratch_per_thread = product_scratch(&in, &out, n_threads);
    mr_pool_run(pool, p.n_blocks, product_block, &p);
}

static struct scatter forward_scatter(const struct mr_conv_shape *s, float *y)
{
    return (struct scatter){
        .dst = y, .h = mr_conv_h_out(s), .w = mr_conv_w_out(s), .c = s->c_out, .step = 1};
}

size_t mr_conv_forward_scratch(const struct mr_conv_shape *shape, int n_threads)
{
    struct gather in = forward_gather(shape, NULL);
    struct scatter out = forward_scatter(shape, NULL);

    return (size_t)n_threads * product_scratch(&in, &out, n_threads);
}

void mr_conv_forward(float *y, const float *x, const float *w, const struct mr_conv_shape *shape,
                     float *scratch, struct mr_pool *pool)
{
    check(shape);
    run_product(forward_gather(shape, x), forward_scatter(shape, y), w, scratch, pool);
}

/* ---- gradient of the data ---- */

/*
 * The input coordinates i with (i + pad) mod stride == r meet the taps r, r + stride, ...: point q
 * of them sees dy at q0 + q - (n_taps - 1) .. q0 + q, the last tap first.
 */
struct residue {
    int first;   /* the first input coordinate */
    int n;       /* how many */
    int n_taps;  /* 0: nothing sees these points */
    int window0; /* where the first point's window begins in dy */
};

static struct residue residue_of(int r, int size, int k, const struct mr_conv_shape *s)
{
    struct residue res;

    res.first = ((r - s->pad) % s->stride + s->stride) % s->stride;
    res.n = res.first < size ? (size - res.first + s->stride - 1) / s->stride : 0;
    res.n_taps = r < k ? (k - r + s->stride - 1) / s->stride : 0;
    res.window0 = (res.first + s->pad - r) / s->stride - (res.n_taps - 1);
    return res;
}

struct mirror {
    float *to;      /* (taps of the residue, mirrored; c_out, c_in) */
    const float *w; /* (kh, kw, c_in, c_out) */
    const struct mr_conv_shape *shape;
    int ry, rx, n_y, n_x;
};

/* to (cols, rows) = from (rows, cols), in squares that fit the cache. */
MR_HOT static void transpose(float *restrict to, const float *restrict from, int rows, int cols)
{
    enum { SIDE = 16 };

    for (int i0 = 0; i0 < rows; i0 += SIDE)
        for (int j0 = 0; j0 < cols; j0 += SIDE)
            for (int j = j0; j < j0 + SIDE && j < cols; j++)
                for (int i = i0; i < i0 + SIDE && i < rows; i++)
                    to[(size_t)j * (size_t)rows + (size_t)i] =
                        from[(size_t)i * (size_t)cols + (size_t)j];
}

static void mirror_tap(void *ctx, int task, int thread)
{
    const struct mirror *m = ctx;
    const struct mr_conv_shape *s = m->shape;
    int a = m->ry + (m->n_y - 1 - task / m->n_x) * s->stride;
    int b = m->rx + (m->n_x - 1 - task % m->n_x) * s->stride;
    size_t matrix = (size_t)s->c_in * (size_t)s->c_out;

    transpose(m->to + (size_t)task * matrix,
              m->w + ((size_t)a * (size_t)s->kw + (size_t)b) * matrix, s->c_in, s->c_out);
}

static struct gather residue_gather(const struct mr_conv_shape *s, struct residue y,
                                    struct residue x, const float *dy)
{
    return (struct gather){
        .src = dy,
        .n = s->n,
        .h = mr_conv_h_out(s),
        .w = mr_conv_w_out(s),
        .c = s->c_out,
        .grid_h = y.n,
        .grid_w = x.n,
        .step = 1,
        .y0 = y.window0,
        .x0 = x.window0,
        .kh = y.n_taps,
        .kw = x.n_taps,
    };
}

static struct scatter residue_scatter(const struct mr_conv_shape *s, struct residue y,
                                      struct residue x, float *dx, enum mr_write write)
{
    return (struct scatter){.dst = dx,
                            .h = s->h,
                            .w = s->w,
                            .c = s->c_in,
                            .step = s->stride,
                            .y0 = y.first,
                            .x0 = x.first,
                            .write = write};
}

size_t mr_conv_backward_data_scratch(const struct mr_conv_shape *shape, int n_threads)
{
    size_t most = 0;

    for (int r = 0; r < shape->stride * shape->stride; r++) {
        struct residue y = residue_of(r / shape->stride, shape->h, shape->kh, shape);
        struct residue x = residue_of(r % shape->stride, shape->w, shape->kw, shape);
        struct gather in = residue_gather(shape, y, x, NULL);
        struct scatter out = residue_scatter(shape, y, x, NULL, MR_OVERWRITE);
        size_t n;

        if (!y.n || !x.n || !y.n_taps || !x.n_taps)
            continue;
        n = product_scratch(&in, &out, n_threads);
        most = n > most ? n : most;
    }
    return padded(n_weights(shape)) + (size_t)n_threads * most;
}

static void backward_residue(float *dx, const float *dy, const float *w,
                             const struct mr_conv_shape *s, int ry, int rx, enum mr_write write,
                             float *scratch, struct mr_pool *pool)
{
    struct residue y = residue_of(ry, s->h, s->kh, s), x = residue_of(rx, s->w, s->kw, s);
    struct mirror m = {scratch, w, s, ry, rx, y.n_taps, x.n_taps};

    if (!y.n || !x.n || !y.n_taps || !x.n_taps)
        return;
    mr_pool_run(pool, y.n_taps * x.n_taps, mirror_tap, &m);
    run_product(residue_gather(s, y, x, dy), residue_scatter(s, y, x, dx, write), scratch,
                scratch + padded(n_weights(s)), pool);
}

void mr_conv_backward_data(float *dx, const float *dy, const float *w,
                           const struct mr_conv_shape *shape, enum mr_write write, float *scratch,
                           struct mr_pool *pool)
{
    const struct mr_conv_shape *s = shape;

    check(s);
    /* A kernel smaller than the stride skips points, which no residue below writes. */
    if (write == MR_OVERWRITE && (s->kh < s->stride || s->kw < s->stride))
        memset(dx, 0, (size_t)s->n * (size_t)s->h * (size_t)s->w * (size_t)s->c_in * sizeof *dx);
    for (int r = 0; r < s->stride * s->stride; r++)
        backward_residue(dx, dy, w, s, r / s->stride, r % s->stride, write, scratch, pool);
}

/* ---- gradient of the weights ---- */

struct weights {
    struct gather in;
    const float *dy; /* (rows, c_out) */
    float *dw;       /* (cols, c_out) */
    int c_out;
    int n_blocks; /* of all rows */
    int n_parts;
    bool by_rows;  /* parts are rows and sum up; else columns, side by side */
    float *blocks; /* scratch: a block a part */
    size_t per_block;
    float *partial; /* scratch: dw of the parts behind the first */
};

static bool sums_by_rows(size_t rows, int cols, int n_parts)
{
    return rows >= (size_t)n_parts * ROWS_FOR_PARTIAL_SUMS || cols < 16 * n_parts;
}

/* Adds blocks first .. last-1, columns begin .. end-1 into dw, the first block overwriting. */
static void sum_blocks(const struct weights *p, float *dw, float *block, int first, int last,
                       int begin, int end)
{
    size_t rows = mr_gather_rows(&p->in);
    bool plain = mr_gather_is_plain(&p->in);

    for (int b = first; b < last; b++) {
        size_t row = share_begin(rows, b, p->n_blocks);
        int n_rows = (int)(share_begin(rows, b + 1, p->n_blocks) - row);
        const float *a = plain ? p->in.src + row * (size_t)p->in.c + begin : block;

        if (!plain)
            mr_gather_fill(&p->in, block, row, n_rows, begin, end);
        mr_gemm(MR_TRANSPOSED, MR_AS_IS, end - begin, p->c_out, n_rows, a,
                plain ? p->in.c : end - begin, p->dy + row * (size_t)p->c_out, p->c_out,
                b == first ? 0 : 1, dw, p->c_out);
    }
}

static void weights_part(void *ctx, int task, int thread)
{
    const struct weights *p = ctx;
    int cols = mr_gather_cols(&p->in);
    float *block = p->blocks + (size_t)task * p->per_block;

    if (p->by_rows) {
        size_t n = (size_t)cols * (size_t)p->c_out;
        float *dw = task ? p->partial + (size_t)(task - 1) * n : p->dw;

        sum_blocks(p, dw, block, (int)share_begin((size_t)p->n_blocks, task, p->n_parts),
                   (int)share_begin((size_t)p->n_blocks, task + 1, p->n_parts), 0, cols);
    } else {
        int begin = (int)share_begin((size_t)cols, task, p->n_parts);
        int end = (int)share_begin((size_t)cols, task + 1, p->n_parts);

        sum_blocks(p, p->dw + (size_t)begin * (size_t)p->c_out, block, 0, p->n_blocks, begin, end);
    }
}

MR_HOT static void add(float *restrict sum, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += x[i];
}

/* Adds the partial sums in the order of the parts. */
static void reduce_part(void *ctx, int task, int thread)
{
    const struct weights *p = ctx;
    size_t n = (size_t)mr_gather_cols(&p->in) * (size_t)p->c_out;
    size_t begin = share_begin(n, task, p->n_parts), end = share_begin(n, task + 1, p->n_parts);

    for (int part = 1; part < p->n_parts; part++)
        add(p->dw + begin, p->partial + (size_t)(part - 1) * n + begin, end - begin);
}

/* Everything but the arrays; scratch is lent when it runs. */
static struct weights plan_weights(const struct mr_conv_shape *s, int n_threads)
{
    struct weights p = {.in = forward_gather(s, NULL), .c_out = s->c_out};
    size_t rows = mr_gather_rows(&p.in);
    int cols = mr_gather_cols(&p.in);

    p.by_rows = sums_by_rows(rows, cols, n_threads);
    p.n_parts = n_threads;
    p.n_blocks = block_count(rows, p.by_rows ? cols : cols / n_threads + 1, n_threads);
    if (p.by_rows && p.n_parts > p.n_blocks)
        p.n_parts = p.n_blocks;
    if (!mr_gather_is_plain(&p.in))
        p.per_block = padded(block_rows(rows, p.n_blocks) *
                             (size_t)(p.by_rows ? cols : cols / p.n_parts + 1));
    return p;
}

size_t mr_conv_backward_weights_scratch(const struct mr_conv_shape *shape, int n_threads)
{
    struct weights p = plan_weights(shape, n_threads);
    size_t n = (size_t)p.n_parts * p.per_block;

    return p.by_rows ? n + (size_t)(p.n_parts - 1) * n_weights(shape) : n;
}

void mr_conv_backward_weights(float *dw, const float *x, const float *dy,
                              const struct mr_conv_shape *shape, float *scratch,
                              struct mr_pool *pool)
{
    struct weights p = plan_weights(shape, mr_pool_n_threads(pool));

    check(shape);
    p.in.src = x;
    p.dy = dy;
    p.dw = dw;
    p.blocks = scratch;
    p.partial = scratch + (size_t)p.n_parts * p.per_block;
    mr_pool_run(pool, p.n_parts, weights_part, &p);
    if (p.by_rows && p.n_parts > 1)
        mr_pool_run(pool, p.n_parts, reduce_part, &p);
}
