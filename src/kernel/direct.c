/* SPDX-License-Identifier: MIT */
/*
 * Convolution as products of blocks of windows, which stay in a core's cache, with the packed
 * weights. The gradient of the data is again a convolution: of dy with the mirrored weights, once
 * for each of the stride * stride residues of the input's coordinates.
 */
#include "direct.h"

#include <string.h>

#include <misread/base/pool.h>

#include "product.h"
#include "share.h"
#include "vec.h"
#include "windows.h"

/* Windows of a block: enough to use the packed weights well, few enough for the cache. */
#define BLOCK_WINDOWS 96

/* Where the products of windows go: the points (y0 + i step, x0 + j step) of images (h, w, c). */
struct scatter {
    int h, w, c;
    int step, y0, x0;
};

struct direct {
    struct mr_windows windows;
    struct scatter to;
    struct mr_conv_out out;
    const float *w; /* (columns of the windows, channels of out) */
    float *packed;
    float *threads; /* scratch of the threads, per_thread floats each */
    size_t per_thread;
    int block_rows, n_blocks; /* grid rows of a block */
};

static int n_columns(const struct mr_windows *w)
{
    return w->kh * w->kw * w->c;
}

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

/* Grid rows of a block; no thread goes without if there are enough. */
static int block_rows(const struct mr_windows *w, int n_threads)
{
    int rows = mr_windows_grid_rows(w);
    int wanted = (BLOCK_WINDOWS + w->grid_w - 1) / w->grid_w;
    int share = (rows + n_threads - 1) / n_threads;

    return min_int(wanted, share);
}

static struct direct plan(const struct mr_windows *windows, int c_out, int n_threads)
{
    struct direct d = {.windows = *windows};
    int n_points;

    d.block_rows = block_rows(windows, n_threads);
    d.n_blocks = (mr_windows_grid_rows(windows) + d.block_rows - 1) / d.block_rows;
    n_points = d.block_rows * windows->grid_w;
    d.to = (struct scatter){.h = windows->grid_h, .w = windows->grid_w, .c = c_out, .step = 1};
    d.per_thread =
        share_lines(mr_windows_scratch(windows, d.block_rows)) + 2 * share_offsets(n_points);
    return d;
}

static size_t plan_scratch(const struct direct *d, int n_threads)
{
    return share_lines(mr_product_packed(n_columns(&d->windows), d->to.c)) +
           (size_t)n_threads * d->per_thread;
}

static struct mr_window_block block_of(const struct direct *d, int task, float *scratch)
{
    int first = task * d->block_rows;
    int rows = mr_windows_grid_rows(&d->windows);

    return mr_windows_block(&d->windows, first, min_int(d->block_rows, rows - first), scratch);
}

static size_t place_of(const struct direct *d, int grid_row, int column)
{
    const struct scatter *s = &d->to;
    int image = grid_row / d->windows.grid_h, i = grid_row % d->windows.grid_h;
    size_t y = (size_t)image * (size_t)s->h + (size_t)(s->y0 + i * s->step);

    return (y * (size_t)s->w + (size_t)(s->x0 + column * s->step)) * (size_t)s->c;
}

static void find_points(const struct direct *d, const struct mr_window_block *b, size_t *a_row,
                        size_t *c_row)
{
    for (int i = 0; i < b->n; i++)
        for (int j = 0; j < d->windows.grid_w; j++) {
            *a_row++ = b->at[i] + (size_t)j * b->point;
            *c_row++ = place_of(d, b->first + i, j);
        }
}

/* The epilogue of the rows that have just been written. */
static void finish_rows(const struct direct *d, const size_t *c_row, int n)
{
    const struct mr_conv_out *o = &d->out;

    for (int i = 0; i < n; i++) {
        float *y = o->y + c_row[i];
        const float *add = o->add ? o->add + c_row[i] : NULL;

        for (int c = 0; c < d->to.c; c++) {
            float sum = y[c] + (o->bias ? o->bias[c] : 0) + (add ? add[c] : 0);

            y[c] = o->relu && sum < 0 ? 0 : sum;
        }
    }
}

static void multiply_block(void *ctx, int task, int thread)
{
    const struct direct *d = ctx;
    float *scratch = d->threads + (size_t)thread * d->per_thread;
    size_t *a_row = (size_t *)(void *)scratch;
    size_t *c_row = (size_t *)(void *)(scratch + share_offsets(d->block_rows * d->windows.grid_w));
    struct mr_window_block b =
        block_of(d, task, scratch + 2 * share_offsets(d->block_rows * d->windows.grid_w));
    bool adds = d->out.add == d->out.y;
    struct mr_product p = {.m = b.n * d->windows.grid_w,
                           .n = d->to.c,
                           .k = d->windows.kw * d->windows.c,
                           .n_spans = d->windows.kh,
                           .span = b.span,
                           .a = b.rows,
                           .a_row = a_row,
                           .b = d->packed,
                           .c = d->out.y,
                           .c_row = c_row,
                           .write = adds ? MR_ACCUMULATE : MR_OVERWRITE};

    find_points(d, &b, a_row, c_row);
    mr_product(&p);
    if (d->out.bias || d->out.relu || (d->out.add && !adds))
        finish_rows(d, c_row, p.m);
}

static void pack_panel(void *ctx, int task, int thread)
{
    const struct direct *d = ctx;

    mr_product_pack(d->packed, d->w, d->out.scale, n_columns(&d->windows), d->to.c, task, task + 1);
}

static void run(struct direct *d, float *scratch, struct mr_pool *pool)
{
    d->packed = scratch;
    d->threads = scratch + share_lines(mr_product_packed(n_columns(&d->windows), d->to.c));
    mr_pool_run(pool, mr_product_panels(d->to.c), pack_panel, d);
    mr_pool_run(pool, d->n_blocks, multiply_block, d);
}

/* ---- forward ---- */

static struct mr_windows forward_windows(const struct mr_conv_shape *s, const struct mr_conv_in *in)
{
    return (struct mr_windows){
        .in = *in,
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

/* For queries of scratch: an input that must be copied. */
static const float something;
static const struct mr_conv_in copied = {.x = &something, .mean = &something};

size_t mr_direct_forward_scratch(const struct mr_conv_shape *shape, int n_threads)
{
    struct mr_windows windows = forward_windows(shape, &copied);
    struct direct d = plan(&windows, shape->c_out, n_threads);

    return plan_scratch(&d, n_threads);
}

void mr_direct_forward(const struct mr_conv_out *out, const struct mr_conv_in *in, const float *w,
                       const struct mr_conv_shape *shape, float *scratch, struct mr_pool *pool)
{
    struct mr_windows windows = forward_windows(shape, in);
    struct direct d = plan(&windows, shape->c_out, mr_pool_n_threads(pool));

    d.out = *out;
    d.w = w;
    run(&d, scratch, pool);
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
    int ry, rx, step, n_y, n_x;
};

/* to (cols, rows) = from (rows, cols), in squares that fit the cache. */
static void transpose(float *restrict to, const float *restrict from, int rows, int cols)
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
    int a = m->ry + (m->n_y - 1 - task / m->n_x) * m->step;
    int b = m->rx + (m->n_x - 1 - task % m->n_x) * m->step;
    size_t matrix = (size_t)s->c_in * (size_t)s->c_out;

    transpose(m->to + (size_t)task * matrix,
              m->w + ((size_t)a * (size_t)s->kw + (size_t)b) * matrix, s->c_in, s->c_out);
}

void mr_direct_mirror(float *mirrored, const float *w, const struct mr_conv_shape *shape,
                      struct mr_pool *pool)
{
    struct mirror m = {mirrored, w, shape, 0, 0, 1, shape->kh, shape->kw};

    mr_pool_run(pool, shape->kh * shape->kw, mirror_tap, &m);
}

static struct mr_windows residue_windows(const struct mr_conv_shape *s, struct residue y,
                                         struct residue x, const float *dy)
{
    return (struct mr_windows){
        .in = {.x = dy},
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

static bool is_seen(struct residue y, struct residue x)
{
    return y.n && x.n && y.n_taps && x.n_taps;
}

static size_t n_weights(const struct mr_conv_shape *s)
{
    return (size_t)s->kh * (size_t)s->kw * (size_t)s->c_in * (size_t)s->c_out;
}

size_t mr_direct_backward_data_scratch(const struct mr_conv_shape *shape, int n_threads)
{
    size_t most = 0;

    for (int r = 0; r < shape->stride * shape->stride; r++) {
        struct residue y = residue_of(r / shape->stride, shape->h, shape->kh, shape);
        struct residue x = residue_of(r % shape->stride, shape->w, shape->kw, shape);
        struct mr_windows windows = residue_windows(shape, y, x, NULL);
        struct direct d;
        size_t n;

        if (!is_seen(y, x))
            continue;
        d = plan(&windows, shape->c_in, n_threads);
        n = plan_scratch(&d, n_threads);
        most = n > most ? n : most;
    }
    return share_lines(n_weights(shape)) + most;
}

static void backward_residue(float *dx, const float *dy, const float *w,
                             const struct mr_conv_shape *s, int ry, int rx, enum mr_write write,
                             float *scratch, struct mr_pool *pool)
{
    struct residue y = residue_of(ry, s->h, s->kh, s), x = residue_of(rx, s->w, s->kw, s);
    struct mirror m = {scratch, w, s, ry, rx, s->stride, y.n_taps, x.n_taps};
    struct mr_windows windows = residue_windows(s, y, x, dy);
    struct direct d;

    if (!is_seen(y, x))
        return;
    d = plan(&windows, s->c_in, mr_pool_n_threads(pool));
    d.to = (struct scatter){s->h, s->w, s->c_in, s->stride, y.first, x.first};
    d.out = (struct mr_conv_out){.y = dx, .add = write == MR_ACCUMULATE ? dx : NULL};
    d.w = scratch;
    mr_pool_run(pool, y.n_taps * x.n_taps, mirror_tap, &m);
    run(&d, scratch + share_lines(n_weights(s)), pool);
}

void mr_direct_backward_data(float *dx, const float *dy, const float *w,
                             const struct mr_conv_shape *shape, enum mr_write write, float *scratch,
                             struct mr_pool *pool)
{
    const struct mr_conv_shape *s = shape;

    /* A kernel smaller than the stride skips points, which no residue below writes. */
    if (write == MR_OVERWRITE && (s->kh < s->stride || s->kw < s->stride))
        memset(dx, 0, (size_t)s->n * (size_t)s->h * (size_t)s->w * (size_t)s->c_in * sizeof *dx);
    for (int r = 0; r < s->stride * s->stride; r++)
        backward_residue(dx, dy, w, s, r / s->stride, r % s->stride, write, scratch, pool);
}

/* ---- gradient of the weights ---- */

/* Weights up to here are summed by every thread over its own windows; more are split by their
 * columns, and every thread goes through all windows. */
#define PARTIAL_SUMS_MAX (256 * 1024)

struct weights {
    struct mr_windows windows;
    const float *dy; /* (windows, c_out) */
    float *dw;       /* (columns of the windows, c_out) */
    int c_out;
    int block_rows, n_blocks;
    int n_parts;
    bool by_windows; /* parts are windows and sum up; else panels of columns of dw */
    float *scratch;  /* of the parts, per_part floats each */
    size_t per_part;
    float *partial; /* dw of the parts behind the first */
};

static size_t dw_floats(const struct weights *p)
{
    return (size_t)n_columns(&p->windows) * (size_t)p->c_out;
}

static struct weights plan_weights(const struct mr_conv_shape *s, const struct mr_conv_in *in,
                                   int n_threads)
{
    struct weights p = {.windows = forward_windows(s, in), .c_out = s->c_out};
    int rows = mr_windows_grid_rows(&p.windows), panels = mr_product_panels(s->c_out);

    p.by_windows = dw_floats(&p) <= PARTIAL_SUMS_MAX;
    p.block_rows = block_rows(&p.windows, p.by_windows ? n_threads : 1);
    p.n_blocks = (rows + p.block_rows - 1) / p.block_rows;
    p.n_parts = min_int(n_threads, p.by_windows ? p.n_blocks : panels);
    p.per_part =
        share_lines(mr_windows_scratch(&p.windows, p.block_rows)) + share_offsets(p.block_rows);
    return p;
}

/* Adds the block's windows^T dy, columns col .. col+n_cols-1, to dw. */
static void add_block(const struct weights *p, float *dw, int block, int col, int n_cols,
                      enum mr_write write, float *scratch)
{
    int first = block * p->block_rows, grid_w = p->windows.grid_w;
    int n = min_int(p->block_rows, mr_windows_grid_rows(&p->windows) - first);
    struct mr_window_block b = mr_windows_block(&p->windows, first, n, scratch + share_offsets(n));
    size_t *dy_row = (size_t *)(void *)scratch;

    for (int i = 0; i < n; i++)
        dy_row[i] = (size_t)i * (size_t)grid_w * (size_t)p->c_out;
    for (int a = 0; a < p->windows.kh; a++) {
        int m = p->windows.kw * p->windows.c;
        struct mr_outer o = {.m = m,
                             .n = n_cols,
                             .k = grid_w,
                             .n_spans = n,
                             .a = b.rows + (size_t)a * b.span,
                             .a_span = b.at,
                             .lda = b.point,
                             .b = p->dy + (size_t)first * (size_t)grid_w * (size_t)p->c_out + col,
                             .b_span = dy_row,
                             .ldb = (size_t)p->c_out,
                             .c = dw + (size_t)a * (size_t)m * (size_t)p->c_out + col,
                             .ldc = (size_t)p->c_out,
                             .write = write};

        mr_outer(&o);
    }
}

static void weights_part(void *ctx, int task, int thread)
{
    const struct weights *p = ctx;
    float *scratch = p->scratch + (size_t)task * p->per_part;
    float *dw = p->by_windows && task ? p->partial + (size_t)(task - 1) * dw_floats(p) : p->dw;
    int panels = mr_product_panels(p->c_out);
    int first = 0, last = p->n_blocks, col = 0, end = p->c_out;

    if (p->by_windows) {
        first = (int)share_begin((size_t)p->n_blocks, task, p->n_parts);
        last = (int)share_begin((size_t)p->n_blocks, task + 1, p->n_parts);
    } else {
        col = (int)share_begin((size_t)panels, task, p->n_parts) * PANEL;
        end = min_int((int)share_begin((size_t)panels, task + 1, p->n_parts) * PANEL, p->c_out);
    }
    for (int i = first; i < last; i++)
        add_block(p, dw, i, col, end - col, i > first ? MR_ACCUMULATE : MR_OVERWRITE, scratch);
}

/* Adds the partial sums in the order of the parts. */
static void reduce_part(void *ctx, int task, int thread)
{
    const struct weights *p = ctx;
    size_t n = dw_floats(p), begin = share_begin(n, task, p->n_parts);
    size_t end = share_begin(n, task + 1, p->n_parts);

    for (int part = 1; part < p->n_parts; part++) {
        const float *restrict from = p->partial + (size_t)(part - 1) * n;
        float *restrict sum = p->dw;

        for (size_t i = begin; i < end; i++)
            sum[i] += from[i];
    }
}

size_t mr_direct_backward_weights_scratch(const struct mr_conv_shape *shape, int n_threads)
{
    struct weights p = plan_weights(shape, &copied, n_threads);
    size_t n = (size_t)p.n_parts * p.per_part;

    return p.by_windows ? n + (size_t)(p.n_parts - 1) * dw_floats(&p) : n;
}

void mr_direct_backward_weights(float *dw, const struct mr_conv_in *in, const float *dy,
                                const struct mr_conv_shape *shape, float *scratch,
                                struct mr_pool *pool)
{
    struct weights p = plan_weights(shape, in, mr_pool_n_threads(pool));

    p.dy = dy;
    p.dw = dw;
    p.scratch = scratch;
    p.partial = scratch + (size_t)p.n_parts * p.per_part;
    mr_pool_run(pool, p.n_parts, weights_part, &p);
    if (p.by_windows && p.n_parts > 1)
        mr_pool_run(pool, p.n_parts, reduce_part, &p);
}
