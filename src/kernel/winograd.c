/* SPDX-License-Identifier: MIT */
/*
 * A convolution of 3x3 becomes 36 products of matrices (tiles, c_in) (c_in, c_out), one for each
 * frequency of the transformed tiles: 36 multiplications where the direct sum takes 144. The
 * gradient of the weights is 36 products (c_in, tiles) (tiles, c_out).
 *
 * Tiles are taken in chunks through three stages: transform, multiply, transform back. Where the
 * transformed weights fit a core's cache, a thread takes a chunk through all stages alone. Else the
 * whole pool takes bigger chunks stage by stage and splits the multiplication by frequencies, so
 * that the weights stream from memory once a chunk and not once a thread. README.md has more.
 */
#include "winograd.h"

#include <assert.h>

#include <misread/base/pool.h>

#include "product.h"
#include "share.h"
#include "tiles.h"
#include "vec.h"

/* Transformed weights up to here (3 MiB) count as fitting. */
#define WEIGHTS_MAX ((size_t)768 * 1024)
/* Floats of a thread's chunk before and behind the product, together: most of its cache. */
#define CHUNK_FLOATS ((size_t)192 * 1024)
/* Tiles of the pool's chunk: enough products for every weight that is read. */
#define POOL_TILES 256

/* Transforming a weight and writing it to memory takes the time of about so many multiplications.
 */
#define WEIGHTS_COST 300

/* Apart from powers of two, so that the 36 streams of a transform do not fall on one cache set. */
#define SKEW 16

/* Input channels whose weights are transformed in one go. */
#define KERNEL_ROWS 16

/* A chunk of tiles, as the convolution sees it and as it leaves it (or its gradient comes). */
struct chunk {
    struct mr_tile_block left, right; /* with the channels in and out */
};

/* What the tasks share. */
struct winograd {
    struct mr_conv_shape shape;
    struct mr_tiling in_tiling, out_tiling;
    const struct mr_conv_in *in;
    const struct mr_conv_out *out; /* forward */
    const float *w;
    const float *dy; /* backward */
    float *dw;
    bool is_pooled; /* chunks are the pool's, one after another; else a thread's */
    int n_chunks, n_threads;
    struct mr_tile_kernel u; /* transformed weights; backward: their gradient, summed by part 0 */
    int n_sums;              /* backward: parts that sum u, each behind the one before */
    float *chunks;           /* room for one chunk a thread, or for one */
    struct chunk chunk;      /* the pool's at the time */
};

static size_t n_tiles(const struct mr_conv_shape *s)
{
    struct mr_tiling t = mr_tiling_make(s->h, s->w, s->c_in);

    return (size_t)s->n * (size_t)t.tiles_y * (size_t)t.tiles_x;
}

bool mr_winograd_can(const struct mr_conv_shape *shape)
{
    const struct mr_conv_shape *s = shape;

    return s->kh == 3 && s->kw == 3 && s->stride == 1 && s->pad == 1 && s->c_in % LANES == 0 &&
           s->c_out % LANES == 0;
}

/* Tiles that hang over the edge, and weights that are transformed for a few tiles only, can cost
 * more than the multiplications that are saved. */
bool mr_winograd_pays(const struct mr_conv_shape *shape)
{
    size_t points = (size_t)shape->n * (size_t)shape->h * (size_t)shape->w;

    return 9 * points > MR_FREQUENCIES * n_tiles(shape) + WEIGHTS_COST;
}

static size_t kernel_floats(const struct mr_conv_shape *s)
{
    return MR_FREQUENCIES * (mr_product_packed(s->c_in, s->c_out) + SKEW);
}

/* A thread's chunks are as many for one thread as for another. */
static int chunk_count(const struct mr_conv_shape *s, bool is_pooled, int n_threads)
{
    size_t tiles = n_tiles(s), n;
    size_t most = CHUNK_FLOATS / (MR_FREQUENCIES * (size_t)(s->c_in + s->c_out));

    if (is_pooled)
        return (int)((tiles + POOL_TILES - 1) / POOL_TILES);
    most = most ? most : 1;
    n = (tiles + most - 1) / most;
    n = (n + (size_t)n_threads - 1) / (size_t)n_threads * (size_t)n_threads;
    return (int)(n < tiles ? n : tiles);
}

static struct winograd plan(const struct mr_conv_shape *s, int n_threads)
{
    bool is_pooled = kernel_floats(s) > WEIGHTS_MAX;
    int n_chunks = chunk_count(s, is_pooled, n_threads);

    return (struct winograd){.shape = *s,
                             .in_tiling = mr_tiling_make(s->h, s->w, s->c_in),
                             .out_tiling = mr_tiling_make(s->h, s->w, s->c_out),
                             .is_pooled = is_pooled,
                             .n_chunks = n_chunks,
                             .n_sums = is_pooled || n_chunks < n_threads ? 1 : n_threads,
                             .n_threads = n_threads};
}

static size_t frequency_floats(size_t n, int c)
{
    return n * (size_t)c + SKEW;
}

/* Room for the biggest chunk with c channels. */
static size_t side_floats(const struct winograd *w, int c)
{
    size_t most = (n_tiles(&w->shape) + (size_t)w->n_chunks - 1) / (size_t)w->n_chunks;

    return MR_FREQUENCIES * frequency_floats(most, c);
}

static size_t chunk_floats(const struct winograd *w)
{
    return side_floats(w, w->shape.c_in) + side_floats(w, w->shape.c_out);
}

static struct chunk chunk_of(const struct winograd *w, int i, int thread)
{
    size_t tiles = n_tiles(&w->shape), first = share_begin(tiles, i, w->n_chunks);
    size_t n = share_begin(tiles, i + 1, w->n_chunks) - first;
    float *room = w->chunks + (size_t)thread * chunk_floats(w);

    return (struct chunk){
        {first, (int)n, room, frequency_floats(n, w->shape.c_in)},
        {first, (int)n, room + side_floats(w, w->shape.c_in), frequency_floats(n, w->shape.c_out)}};
}

/* Part `task` of the pool's block of c channels: a share of its tiles. */
static struct mr_tile_block part_of(const struct winograd *w, const struct mr_tile_block *block,
                                    int c, int task)
{
    size_t first = share_begin((size_t)block->n, task, w->n_threads);
    size_t end = share_begin((size_t)block->n, task + 1, w->n_threads);

    return (struct mr_tile_block){block->first + first, (int)(end - first),
                                  block->values + first * (size_t)c, block->n_frequency};
}

static void see_part(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;
    struct mr_tile_block part = part_of(w, &w->chunk.left, w->shape.c_in, task);

    mr_tiles_see(&part, &w->in_tiling, w->in);
}

/* ---- forward ---- */

static void see_kernel_part(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;
    int end = (task + 1) * KERNEL_ROWS;

    mr_tiles_see_kernel(&w->u, w->w, w->out->scale, task * KERNEL_ROWS,
                        end < w->shape.c_in ? end : w->shape.c_in);
}

static void multiply(const struct winograd *w, const struct chunk *chunk, int frequency)
{
    size_t f = (size_t)frequency;
    struct mr_product p = {.m = chunk->left.n,
                           .n = w->shape.c_out,
                           .k = w->shape.c_in,
                           .n_spans = 1,
                           .a = chunk->left.values + f * chunk->left.n_frequency,
                           .lda = (size_t)w->shape.c_in,
                           .b = w->u.values + f * w->u.n_frequency,
                           .c = chunk->right.values + f * chunk->right.n_frequency,
                           .ldc = (size_t)w->shape.c_out,
                           .write = MR_OVERWRITE};

    mr_product(&p);
}

static void forward_chunk(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;
    struct chunk chunk = chunk_of(w, task, thread);

    mr_tiles_see(&chunk.left, &w->in_tiling, w->in);
    for (int f = 0; f < MR_FREQUENCIES; f++)
        multiply(w, &chunk, f);
    mr_tiles_write(&chunk.right, &w->out_tiling, w->out);
}

static void multiply_frequency(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;

    multiply(w, &w->chunk, task);
}

static void write_part(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;
    struct mr_tile_block part = part_of(w, &w->chunk.right, w->shape.c_out, task);

    mr_tiles_write(&part, &w->out_tiling, w->out);
}

size_t mr_winograd_scratch(const struct mr_conv_shape *shape, int n_threads)
{
    struct winograd w = plan(shape, n_threads);

    return kernel_floats(shape) + chunk_floats(&w) * (w.is_pooled ? 1 : (size_t)n_threads);
}

void mr_winograd_forward(const struct mr_conv_out *out, const struct mr_conv_in *in, const float *w,
                         const struct mr_conv_shape *shape, float *scratch, struct mr_pool *pool)
{
    struct winograd work = plan(shape, mr_pool_n_threads(pool));

    assert(mr_winograd_can(shape));
    work.in = in;
    work.out = out;
    work.w = w;
    work.u = (struct mr_tile_kernel){scratch, kernel_floats(shape) / MR_FREQUENCIES, shape->c_in,
                                     shape->c_out};
    work.chunks = scratch + kernel_floats(shape);
    mr_pool_run(pool, (shape->c_in + KERNEL_ROWS - 1) / KERNEL_ROWS, see_kernel_part, &work);
    if (!work.is_pooled) {
        mr_pool_run(pool, work.n_chunks, forward_chunk, &work);
        return;
    }
    for (int i = 0; i < work.n_chunks; i++) {
        work.chunk = chunk_of(&work, i, 0);
        mr_pool_run(pool, work.n_threads, see_part, &work);
        mr_pool_run(pool, MR_FREQUENCIES, multiply_frequency, &work);
        mr_pool_run(pool, work.n_threads, write_part, &work);
    }
}

/* ---- gradient of the weights ---- */

/* One of the parts that sum u. */
static size_t sum_floats(const struct mr_conv_shape *s)
{
    return MR_FREQUENCIES * ((size_t)s->c_in * (size_t)s->c_out + SKEW);
}

static void spread_part(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;
    struct mr_tile_block part = part_of(w, &w->chunk.right, w->shape.c_out, task);

    mr_tiles_spread(&part, &w->out_tiling, w->dy);
}

/* Adds a chunk's products to the sums u. */
static void sum(const struct winograd *w, const struct chunk *chunk, int frequency, float *u,
                enum mr_write write)
{
    static const size_t start = 0;
    size_t f = (size_t)frequency;
    struct mr_outer p = {.m = w->shape.c_in,
                         .n = w->shape.c_out,
                         .k = chunk->left.n,
                         .n_spans = 1,
                         .a = chunk->left.values + f * chunk->left.n_frequency,
                         .a_span = &start,
                         .lda = (size_t)w->shape.c_in,
                         .b = chunk->right.values + f * chunk->right.n_frequency,
                         .b_span = &start,
                         .ldb = (size_t)w->shape.c_out,
                         .c = u + f * w->u.n_frequency,
                         .ldc = (size_t)w->shape.c_out,
                         .write = write};

    mr_outer(&p);
}

static void sum_frequency(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;

    sum(w, &w->chunk, task, w->u.values, w->chunk.left.first ? MR_ACCUMULATE : MR_OVERWRITE);
}

/* A part's chunks one after another into sums of its own. */
static void sum_chunks(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;
    int first = (int)share_begin((size_t)w->n_chunks, task, w->n_sums);
    int end = (int)share_begin((size_t)w->n_chunks, task + 1, w->n_sums);
    float *u = w->u.values + (size_t)task * sum_floats(&w->shape);

    for (int i = first; i < end; i++) {
        struct chunk chunk = chunk_of(w, i, task);

        mr_tiles_see(&chunk.left, &w->in_tiling, w->in);
        mr_tiles_spread(&chunk.right, &w->out_tiling, w->dy);
        for (int f = 0; f < MR_FREQUENCIES; f++)
            sum(w, &chunk, f, u, i > first ? MR_ACCUMULATE : MR_OVERWRITE);
    }
}

static void write_kernel_part(void *ctx, int task, int thread)
{
    const struct winograd *w = ctx;

    mr_tiles_write_kernel(w->dw, &w->u, w->n_sums, sum_floats(&w->shape), task, task + 1);
}

size_t mr_winograd_weights_scratch(const struct mr_conv_shape *shape, int n_threads)
{
    struct winograd w = plan(shape, n_threads);

    return (size_t)w.n_sums * (sum_floats(shape) + chunk_floats(&w));
}

void mr_winograd_backward_weights(float *dw, const struct mr_conv_in *in, const float *dy,
                                  const struct mr_conv_shape *shape, float *scratch,
                                  struct mr_pool *pool)
{
    struct winograd work = plan(shape, mr_pool_n_threads(pool));

    assert(mr_winograd_can(shape));
    work.in = in;
    work.dy = dy;
    work.dw = dw;
    work.u = (struct mr_tile_kernel){scratch, sum_floats(shape) / MR_FREQUENCIES, shape->c_in,
                                     shape->c_out};
    work.chunks = scratch + (size_t)work.n_sums * sum_floats(shape);
    if (!work.is_pooled)
        mr_pool_run(pool, work.n_sums, sum_chunks, &work);
    for (int i = 0; work.is_pooled && i < work.n_chunks; i++) {
        work.chunk = chunk_of(&work, i, 0);
        mr_pool_run(pool, work.n_threads, see_part, &work);
        mr_pool_run(pool, work.n_threads, spread_part, &work);
        mr_pool_run(pool, MR_FREQUENCIES, sum_frequency, &work);
    }
    mr_pool_run(pool, shape->c_in, write_kernel_part, &work);
}
