/* SPDX-License-Identifier: MIT */
/*
 * A convolution of 3x3 becomes 36 products of matrices (tiles, c_in) (c_in, c_out), one for each
 * frequency of the transformed tiles: 36 multiplications where the direct sum takes 144. The
 * gradient of the weights is 36 products (c_in, tiles) (tiles, c_out).
 *
 * The pool takes a chunk of tiles through three stages: transform (split by tiles), multiply (split
 * by frequencies, so that the weights are read once a chunk), transform back (by tiles). Chunks are
 * as large as the caches hold.
 */
#include "winograd.h"

#include <assert.h>
#include <stdlib.h>

#include <misread/base/pool.h>

#include "product.h"
#include "share.h"
#include "tiles.h"
#include "vec.h"

static size_t CHUNK_FLOATS, CHUNK_MIN;

/* Apart from powers of two, so that the 36 streams of a transform do not fall on one cache set. */
#define SKEW 16

/* Input channels whose weights are transformed in one go. */
#define KERNEL_ROWS 16

bool mr_winograd_suits(const struct mr_conv_shape *shape)
{
    const struct mr_conv_shape *s = shape;

    return s->kh == 3 && s->kw == 3 && s->stride == 1 && s->pad == 1 && s->c_in % LANES == 0 &&
           s->c_out % LANES == 0;
}

/* What the tasks share. */
struct winograd {
    struct mr_conv_shape shape;
    struct mr_tiling in_tiling, out_tiling;
    const struct mr_conv_in *in;
    const struct mr_conv_out *out;
    const float *dy, *w;
    float *dw;
    int n_chunks;
    int parts;
    struct mr_tile_block left, right; /* the chunk, with the channels in and out */
    struct mr_tile_kernel u;          /* transformed weights, or their gradient */
};

static size_t n_tiles(const struct mr_conv_shape *s)
{
    struct mr_tiling t = mr_tiling_make(s->h, s->w, s->c_in);

    return (size_t)s->n * (size_t)t.tiles_y * (size_t)t.tiles_x;
}

static size_t chunk_tiles(const struct mr_conv_shape *s, int n_chunks)
{
    return (n_tiles(s) + (size_t)n_chunks - 1) / (size_t)n_chunks;
}

static int chunk_count(const struct mr_conv_shape *s)
{
    size_t most = CHUNK_FLOATS / (MR_FREQUENCIES * (size_t)(s->c_in + s->c_out));

    most = most < CHUNK_MIN ? CHUNK_MIN : most;
    return (int)((n_tiles(s) + most - 1) / most);
}

static size_t frequency_floats(size_t n, int c)
{
    return n * (size_t)c + SKEW;
}

static struct winograd plan(const struct mr_conv_shape *s)
{
    if (!CHUNK_FLOATS) {
        CHUNK_FLOATS = getenv("CF") ? (size_t)atoi(getenv("CF")) * 1024 : 512 * 1024;
        CHUNK_MIN = getenv("CM") ? (size_t)atoi(getenv("CM")) : 96;
    }
    return (struct winograd){.shape = *s,
                             .in_tiling = mr_tiling_make(s->h, s->w, s->c_in),
                             .out_tiling = mr_tiling_make(s->h, s->w, s->c_out),
                             .n_chunks = chunk_count(s)};
}

/* Room for the biggest chunk with c channels. */
static size_t room(const struct winograd *w, int c)
{
    return MR_FREQUENCIES * frequency_floats(chunk_tiles(&w->shape, w->n_chunks), c);
}

static void go_to_chunk(struct winograd *w, int chunk, float *scratch)
{
    size_t tiles = n_tiles(&w->shape);
    size_t first = share_begin(tiles, chunk, w->n_chunks);
    int n = (int)(share_begin(tiles, chunk + 1, w->n_chunks) - first);

    w->left = (struct mr_tile_block){first, n, scratch, frequency_floats((size_t)n, w->shape.c_in)};
    w->right = (struct mr_tile_block){first, n, scratch + room(w, w->shape.c_in),
                                      frequency_floats((size_t)n, w->shape.c_out)};
}

/* Part `task` of a block of c channels. */
static struct mr_tile_block part_of(const struct mr_tile_block *block, int c, int task, int n_parts)
{
    size_t first = share_begin((size_t)block->n, task, n_parts);
    size_t end = share_begin((size_t)block->n, task + 1, n_parts);

    return (struct mr_tile_block){block->first + first, (int)(end - first),
                                  block->values + first * (size_t)c, block->n_frequency};
}

/* ---- forward ---- */

static void see_kernel_part(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;
    int end = (task + 1) * KERNEL_ROWS;

    mr_tiles_see_kernel(&w->u, w->w, w->out->scale, task * KERNEL_ROWS,
                        end < w->shape.c_in ? end : w->shape.c_in);
}

static void see_part(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;
    struct mr_tile_block part = part_of(&w->left, w->shape.c_in, task, w->parts);

    mr_tiles_see(&part, &w->in_tiling, w->in);
}

static void multiply_frequency(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;
    size_t f = (size_t)task;
    struct mr_product p = {.m = w->left.n,
                           .n = w->shape.c_out,
                           .k = w->shape.c_in,
                           .n_spans = 1,
                           .a = w->left.values + f * w->left.n_frequency,
                           .lda = (size_t)w->shape.c_in,
                           .b = w->u.values + f * w->u.n_frequency,
                           .c = w->right.values + f * w->right.n_frequency,
                           .ldc = (size_t)w->shape.c_out,
                           .write = MR_OVERWRITE};

    mr_product(&p);
}

static void write_part(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;
    struct mr_tile_block part = part_of(&w->right, w->shape.c_out, task, w->parts);

    mr_tiles_write(&part, &w->out_tiling, w->out);
}

static size_t packed_floats(const struct mr_conv_shape *s)
{
    return MR_FREQUENCIES * (mr_product_packed(s->c_in, s->c_out) + SKEW);
}

size_t mr_winograd_scratch(const struct mr_conv_shape *shape, int n_threads)
{
    struct winograd w = plan(shape);

    return packed_floats(shape) + room(&w, shape->c_in) + room(&w, shape->c_out);
}

void mr_winograd_forward(const struct mr_conv_out *out, const struct mr_conv_in *in, const float *w,
                         const struct mr_conv_shape *shape, float *scratch, struct mr_pool *pool)
{
    struct winograd work = plan(shape);

    assert(mr_winograd_suits(shape));
    work.in = in;
    work.out = out;
    work.w = w;
    work.u = (struct mr_tile_kernel){scratch, packed_floats(shape) / MR_FREQUENCIES, shape->c_in,
                                     shape->c_out};
    work.parts = mr_pool_n_threads(pool);
    mr_pool_run(pool, (shape->c_in + KERNEL_ROWS - 1) / KERNEL_ROWS, see_kernel_part, &work);
    for (int i = 0; i < work.n_chunks; i++) {
        go_to_chunk(&work, i, scratch + packed_floats(shape));
        mr_pool_run(pool, work.parts, see_part, &work);
        mr_pool_run(pool, MR_FREQUENCIES, multiply_frequency, &work);
        mr_pool_run(pool, work.parts, write_part, &work);
    }
}

/* ---- gradient of the weights ---- */

static void spread_part(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;
    struct mr_tile_block part = part_of(&w->right, w->shape.c_out, task, w->parts);

    mr_tiles_spread(&part, &w->out_tiling, w->dy);
}

static void sum_frequency(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;
    static const size_t start = 0;
    size_t f = (size_t)task;
    struct mr_outer p = {.m = w->shape.c_in,
                         .n = w->shape.c_out,
                         .k = w->left.n,
                         .n_spans = 1,
                         .a = w->left.values + f * w->left.n_frequency,
                         .a_span = &start,
                         .lda = (size_t)w->shape.c_in,
                         .b = w->right.values + f * w->right.n_frequency,
                         .b_span = &start,
                         .ldb = (size_t)w->shape.c_out,
                         .c = w->u.values + f * w->u.n_frequency,
                         .ldc = (size_t)w->shape.c_out,
                         .write = w->left.first ? MR_ACCUMULATE : MR_OVERWRITE};

    mr_outer(&p);
}

static void write_kernel_part(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;

    mr_tiles_write_kernel(w->dw, &w->u, task, task + 1);
}

size_t mr_winograd_weights_scratch(const struct mr_conv_shape *shape, int n_threads)
{
    struct winograd w = plan(shape);
    size_t matrix = (size_t)shape->c_in * (size_t)shape->c_out;

    return MR_FREQUENCIES * (matrix + SKEW) + room(&w, shape->c_in) + room(&w, shape->c_out);
}

void mr_winograd_backward_weights(float *dw, const struct mr_conv_in *in, const float *dy,
                                  const struct mr_conv_shape *shape, float *scratch,
                                  struct mr_pool *pool)
{
    struct winograd work = plan(shape);
    size_t matrix = (size_t)shape->c_in * (size_t)shape->c_out;

    assert(mr_winograd_suits(shape));
    work.in = in;
    work.dy = dy;
    work.dw = dw;
    work.u = (struct mr_tile_kernel){scratch, matrix + SKEW, shape->c_in, shape->c_out};
    work.parts = mr_pool_n_threads(pool);
    for (int i = 0; i < work.n_chunks; i++) {
        go_to_chunk(&work, i, scratch + MR_FREQUENCIES * (matrix + SKEW));
        mr_pool_run(pool, work.parts, see_part, &work);
        mr_pool_run(pool, work.parts, spread_part, &work);
        mr_pool_run(pool, MR_FREQUENCIES, sum_frequency, &work);
    }
    mr_pool_run(pool, shape->c_in, write_kernel_part, &work);
}
