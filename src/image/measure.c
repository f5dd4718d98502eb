/* SPDX-License-Identifier: MIT */
/* The measures, one after another over the pixels that are picture. */
#include <misread/image/measure.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/image/image.h>

#include "frame.h"

#define MOST_PX    1024 /* a side that is measured */
#define SHARP_PX   64   /* a side at which sharpness is measured */
#define DETAIL_PX  256
#define RIM_PX     5 /* of the frame, at DETAIL_PX: its edge is no detail */
#define LOOK_PX    32
#define LOOK_TERMS 8
#define N_STEPS    65536 /* of brightness */

/* Rec. 601 as Pillow rounds it. */
static int grey_of(const unsigned char p[3])
{
    return (p[0] * 19595 + p[1] * 38470 + p[2] * 7471 + 0x8000) >> 16;
}

static double brightness_of(const unsigned char p[3])
{
    return sqrt(.241 * p[0] * p[0] + .691 * p[1] * p[1] + .068 * p[2] * p[2]) / 255;
}

/* --- brightness and entropy ------------------------------------------------------------------ */

/* The value below which are `rank` of the counted. */
static double step_at(const size_t *counts, size_t rank)
{
    size_t n = 0;
    int i = 0;

    for (; i < N_STEPS - 1; i++) {
        n += counts[i];
        if (n > rank)
            break;
    }
    return (double)i / (N_STEPS - 1);
}

/* As numpy's percentile: linear between two neighbours. */
static double percentile(const size_t *counts, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t rank = (size_t)at;
    double low = step_at(counts, rank), high = step_at(counts, rank + 1 < n ? rank + 1 : rank);

    return low + (at - (double)rank) * (high - low);
}

static void measure_brightness(struct mr_measures *m, const struct mr_image *image,
                               const struct mr_frame *frame)
{
    size_t *counts = mr_xalloc(N_STEPS, sizeof *counts);

    for (size_t i = 0, n = (size_t)image->w * (size_t)image->h; i < n; i++)
        if (frame->map[i] == MR_FRAME_PICTURE)
            counts[lround(fmin(brightness_of(image->rgb + 3 * i), 1) * (N_STEPS - 1))]++;
    m->dark = percentile(counts, frame->n, .99);
    m->light = percentile(counts, frame->n, .05);
    free(counts);
}

static void measure_entropy(struct mr_measures *m, const struct mr_image *image,
                            const struct mr_frame *frame)
{
    size_t counts[256] = {0};

    for (size_t i = 0, n = (size_t)image->w * (size_t)image->h; i < n; i++)
        if (frame->map[i] == MR_FRAME_PICTURE)
            counts[grey_of(image->rgb + 3 * i)]++;
    m->entropy = 0;
    for (int i = 0; i < 256; i++) {
        double share = (double)counts[i] / (double)frame->n;

        m->entropy -= share > 0 ? share * log2(share) : 0;
    }
}

/* Not of JPEG's noise: one pixel in a hundred may be coloured. */
static bool is_grey(const struct mr_image *image)
{
    size_t n = (size_t)image->w * (size_t)image->h, n_coloured = 0;

    for (size_t i = 0; i < n; i++) {
        const unsigned char *p = image->rgb + 3 * i;

        n_coloured += abs(p[0] - p[1]) > 2 || abs(p[1] - p[2]) > 2 || abs(p[0] - p[2]) > 2;
    }
    return n_coloured * 100 <= n;
}

/* --- sharpness ------------------------------------------------------------------------------- */

/* A small image of which some pixels are picture through and through. */
struct small {
    int w, h;
    int grey[DETAIL_PX * DETAIL_PX];
    bool is_picture[DETAIL_PX * DETAIL_PX];
    int n;
};

/* Nothing within reach of the frame is picture. What lies under a pixel of the small image is a
 * triangle two of its pixels wide, so reach is 1 at least. */
static void cover(struct small *small, const struct mr_frame *frame, int reach)
{
    for (int i = 0; i < small->w * small->h; i++)
        small->is_picture[i] = true;
    for (int y = 0; y < frame->h; y++) {
        for (int x = 0; x < frame->w; x++) {
            int at_x = x * small->w / frame->w, at_y = y * small->h / frame->h;

            if (mr_frame_is_picture(frame, x, y))
                continue;
            for (int j = at_y - reach; j <= at_y + reach; j++)
                for (int i = at_x - reach; i <= at_x + reach; i++)
                    if (i >= 0 && j >= 0 && i < small->w && j < small->h)
                        small->is_picture[j * small->w + i] = false;
        }
    }
    for (int i = 0; i < small->w * small->h; i++)
        small->n += small->is_picture[i];
}

/* Eight times itself less its neighbours, within a byte. At the rim of the picture it is the pixel
 * itself, as Pillow's FIND_EDGES has it: the threshold is made for that. */
static int edge_at(const struct small *small, int x, int y)
{
    int at = y * small->w + x, sum = 9 * small->grey[at];

    for (int j = y - 1; j <= y + 1; j++)
        for (int i = x - 1; i <= x + 1; i++) {
            if (i < 0 || j < 0 || i >= small->w || j >= small->h ||
                !small->is_picture[j * small->w + i])
                return small->grey[at];
            sum -= small->grey[j * small->w + i];
        }
    return sum < 0 ? 0 : sum > 255 ? 255 : sum;
}

static double deviation(double sum, double squares, double n)
{
    double mean = sum / n;

    return sqrt(fmax(squares / n - mean * mean, 0));
}

static double edge_deviation(const struct small *small)
{
    double sum = 0, squares = 0;

    for (int y = 0; y < small->h; y++)
        for (int x = 0; x < small->w; x++) {
            int edge = small->is_picture[y * small->w + x] ? edge_at(small, x, y) : 0;

            sum += edge;
            squares += (double)edge * edge;
        }
    return deviation(sum, squares, small->n);
}

/* Of how often each grey level comes, as if the picture filled the image. */
static double level_deviation(const struct small *small)
{
    double scale = (double)(small->w * small->h) / small->n, sum = 0, squares = 0;
    int counts[256] = {0};

    for (int i = 0; i < small->w * small->h; i++)
        counts[small->grey[i]] += small->is_picture[i];
    for (int i = 0; i < 256; i++) {
        sum += scale * counts[i];
        squares += scale * counts[i] * scale * counts[i];
    }
    return deviation(sum, squares, 256);
}

static enum mr_status shrink(struct small *small, const struct mr_image *image,
                             const struct mr_frame *frame, int side_px, int reach,
                             struct mr_error *err)
{
    int side = image->w > image->h ? image->w : image->h;
    struct mr_image *shrunk = NULL;
    enum mr_status st;

    small->n = 0;
    small->w = side > side_px ? (int)fmax(image->w * (double)side_px / side, 1) : image->w;
    small->h = side > side_px ? (int)fmax(image->h * (double)side_px / side, 1) : image->h;
    st = mr_image_resize(&shrunk, image, small->w, small->h, err);
    if (st)
        return st;
    cover(small, frame, reach);
    for (int i = 0; i < small->w * small->h; i++) {
        small->grey[i] = grey_of(shrunk->rgb + (ptrdiff_t)3 * i);
        small->is_picture[i] |= !small->n; /* too thin a picture: all of it */
    }
    small->n = small->n ? small->n : small->w * small->h;
    mr_image_destroy(shrunk);
    return MR_OK;
}

static double sharpness_of(const struct small *small)
{
    double edges = 1 - exp(-.01 * edge_deviation(small));
    double levels = 1 - exp(-.01 * level_deviation(small));

    return fmin(edges + (levels > .18 ? levels : 0), 1);
}

static double detail_of(const struct small *small)
{
    double sum = 0, squares = 0, size = 0, spread;
    int n_inner = 0;

    for (int y = 0; y < small->h; y++)
        for (int x = 0; x < small->w; x++) {
            const int *p = &small->grey[y * small->w + x];

            if (!small->is_picture[y * small->w + x])
                continue;
            sum += *p;
            squares += (double)*p * *p;
            if (x < 1 || y < 1 || x + 1 >= small->w || y + 1 >= small->h)
                continue;
            size += abs(4 * *p - p[-1] - p[1] - p[-small->w] - p[small->w]);
            n_inner++;
        }
    spread = deviation(sum, squares, small->n);
    return spread > 0 && n_inner ? size / n_inner / spread : 0;
}

static enum mr_status measure_sharpness(struct mr_measures *m, const struct mr_image *image,
                                        const struct mr_frame *frame, struct mr_error *err)
{
    struct small *small = mr_xalloc(1, sizeof *small);
    enum mr_status st = shrink(small, image, frame, SHARP_PX, 1, err);

    if (!st) {
        m->sharpness = sharpness_of(small);
        st = shrink(small, image, frame, DETAIL_PX, RIM_PX, err);
    }
    if (!st)
        m->detail = detail_of(small);
    free(small);
    return st;
}

/* --- what it looks like ---------------------------------------------------------------------- */

static void mean_of(const struct mr_image *image, const struct mr_frame *frame,
                    unsigned char mean[3])
{
    double sum[3] = {0};

    for (size_t i = 0, n = (size_t)image->w * (size_t)image->h; i < n; i++)
        for (int c = 0; c < 3 && frame->map[i] == MR_FRAME_PICTURE; c++)
            sum[c] += image->rgb[3 * i + (size_t)c];
    for (int c = 0; c < 3; c++)
        mean[c] = (unsigned char)lround(sum[c] / (double)frame->n);
}

/* The box around the picture, its frame filled. */
static enum mr_status cut_out(struct mr_image **cut, const struct mr_image *image,
                              const struct mr_frame *frame, struct mr_error *err)
{
    const struct mr_box_px *box = &frame->box;
    unsigned char mean[3];
    enum mr_status st = mr_image_create(cut, box->w, box->h, err);

    if (st)
        return st;
    mean_of(image, frame, mean);
    for (int y = 0; y < box->h; y++)
        for (int x = 0; x < box->w; x++) {
            size_t at = (size_t)(box->y + y) * (size_t)image->w + (size_t)(box->x + x);

            memcpy((*cut)->rgb + 3 * ((size_t)y * (size_t)box->w + (size_t)x),
                   frame->map[at] == MR_FRAME_PICTURE ? image->rgb + 3 * at : mean, 3);
        }
    return MR_OK;
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* terms (8, 8) of the DCT-II of grey (32, 32), by rows of frequency. */
static void transform(double terms[LOOK_TERMS * LOOK_TERMS], const int *grey)
{
    const double pi = 3.14159265358979323846;
    double waves[LOOK_TERMS][LOOK_PX];

    for (int u = 0; u < LOOK_TERMS; u++)
        for (int x = 0; x < LOOK_PX; x++)
            waves[u][x] = cos(pi * u * (2 * x + 1) / (2 * LOOK_PX));
    for (int v = 0; v < LOOK_TERMS; v++)
        for (int u = 0; u < LOOK_TERMS; u++) {
            double sum = 0;

            for (int y = 0; y < LOOK_PX; y++)
                for (int x = 0; x < LOOK_PX; x++)
                    sum += waves[v][y] * waves[u][x] * grey[y * LOOK_PX + x];
            terms[v * LOOK_TERMS + u] = sum;
        }
}

static uint64_t hash_look(const int *grey)
{
    enum { N = LOOK_TERMS * LOOK_TERMS };
    double terms[N], sorted[N], median;
    uint64_t hash = 0;

    transform(terms, grey);
    memcpy(sorted, terms, sizeof terms);
    qsort(sorted, N, sizeof *sorted, compare_doubles);
    median = (sorted[N / 2 - 1] + sorted[N / 2]) / 2;
    for (int i = 0; i < N; i++)
        hash = hash << 1 | (terms[i] > median);
    return hash;
}

static enum mr_status measure_look(struct mr_measures *m, const struct mr_image *image,
                                   const struct mr_frame *frame, struct mr_error *err)
{
    struct mr_image *cut = NULL, *small = NULL;
    int grey[LOOK_PX * LOOK_PX];
    enum mr_status st = cut_out(&cut, image, frame, err);

    if (!st)
        st = mr_image_resize(&small, cut, LOOK_PX, LOOK_PX, err);
    for (int i = 0; i < LOOK_PX * LOOK_PX && !st; i++)
        grey[i] = grey_of(small->rgb + (ptrdiff_t)3 * i);
    for (int i = 0; i < MR_THUMB_BYTES && !st; i++) {
        const int *p = grey + i / MR_THUMB_SIDE * 2 * LOOK_PX + i % MR_THUMB_SIDE * 2;

        m->thumb[i] = (unsigned char)((p[0] + p[1] + p[LOOK_PX] + p[LOOK_PX + 1] + 2) / 4);
    }
    if (!st)
        m->look = hash_look(grey);
    mr_image_destroy(small);
    mr_image_destroy(cut);
    return st;
}

/* --- all of them ----------------------------------------------------------------------------- */

static enum mr_status hash_pixels(struct mr_measures *m, const struct mr_image *image,
                                  struct mr_error *err)
{
    size_t n = (size_t)image->w * (size_t)image->h * 3;
    int size[2] = {image->w, image->h};
    unsigned char *data = malloc(sizeof size + n);

    if (!data)
        return mr_fail(err, MR_E_NOMEM, "no memory to hash %d x %d pixels", image->w, image->h);
    memcpy(data, size, sizeof size);
    memcpy(data + sizeof size, image->rgb, n);
    mr_hash_sha256(data, sizeof size + n, m->pixels);
    free(data);
    return MR_OK;
}

enum mr_status mr_image_measure(struct mr_measures *measures, const struct mr_image *image,
                                struct mr_error *err)
{
    struct mr_size_px size = {image->w, image->h}, most = {MOST_PX, MOST_PX};
    struct mr_measures m = {.is_grey = is_grey(image)};
    struct mr_frame frame = {0};
    struct mr_image *shrunk = NULL;
    enum mr_status st = hash_pixels(&m, image, err);

    if (size.w > MOST_PX || size.h > MOST_PX)
        size = mr_image_fit(size, most);
    if (!st && size.w != image->w)
        st = mr_image_resize(&shrunk, image, size.w, size.h, err);
    image = shrunk ? shrunk : image;
    if (!st)
        st = mr_frame_init(&frame, image, err);
    if (st)
        goto out;
    measure_brightness(&m, image, &frame);
    measure_entropy(&m, image, &frame);
    st = measure_sharpness(&m, image, &frame, err);
    if (!st)
        st = measure_look(&m, image, &frame, err);
    if (!st)
        st = mr_image_find_overlay(&m.overlay, image, err);
    if (!st)
        *measures = m;
out:
    mr_frame_finish(&frame);
    mr_image_destroy(shrunk);
    return st;
}
