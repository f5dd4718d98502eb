/* SPDX-License-Identifier: MIT */
/*
 * Antialiased resampling as Pillow's (Resample.c): a triangle whose support is one source pixel, or
 * one target pixel where that is larger, normalised at the borders. Pillow rounds to 8 bits between
 * its passes; here rows are combined first (contiguous, so the compiler makes it SIMD) and stay in
 * float until the end, which differs by at most one grey level.
 */
#include <misread/image/image.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/hot.h>

typedef float vec4 __attribute__((vector_size(16)));

/* One axis: out position i reads n[i] inputs from first[i] on, with the weights at weights + i *
 * stride. */
struct axis {
    int n_out, stride;
    int *first, *n; /* owned */
    float *weights; /* owned */
};

/* The part of a resized image that is wanted: n pixels from offset on of `full`. */
struct window {
    int full, offset, n;
};

static void axis_finish(struct axis *axis)
{
    free(axis->first);
    free(axis->n);
    free(axis->weights);
}

/* The weights of one output position. */
static void fill_position(struct axis *axis, int i, double centre, double scale, int n_in)
{
    float *w = axis->weights + (size_t)i * (size_t)axis->stride;
    int first = (int)(centre - scale + .5), last = (int)(centre + scale + .5);
    double sum = 0;

    first = first < 0 ? 0 : first;
    last = last > n_in ? n_in : last;
    for (int k = first; k < last; k++) {
        double distance = fabs((k + .5 - centre) / scale);

        w[k - first] = distance < 1 ? (float)(1 - distance) : 0;
        sum += w[k - first];
    }
    for (int k = 0; k < last - first; k++)
        w[k] = (float)(w[k] / sum);
    axis->first[i] = first;
    axis->n[i] = last - first;
}

static enum mr_status axis_init(struct axis *axis, int n_in, struct window window,
                                struct mr_error *err)
{
    double step = (double)n_in / window.full, scale = step > 1 ? step : 1;
    size_t n = (size_t)window.n;

    *axis = (struct axis){.n_out = window.n, .stride = (int)ceil(scale) * 2 + 1};
    axis->first = malloc(n * sizeof *axis->first);
    axis->n = malloc(n * sizeof *axis->n);
    axis->weights = malloc(n * (size_t)axis->stride * sizeof *axis->weights);
    if (!axis->first || !axis->n || !axis->weights)
        return mr_fail(err, MR_E_NOMEM, "no memory to resize to %d pixels", window.full);
    for (int i = 0; i < window.n; i++)
        fill_position(axis, i, (window.offset + i + .5) * step, scale, n_in);
    return MR_OK;
}

/* sum (n) = weighted sum of n_rows rows (n) that lie stride bytes apart. */
MR_HOT static void combine_rows(float *restrict sum, const unsigned char *rows, size_t stride,
                                int n_rows, const float *weights, size_t n)
{
    int k = 0;

    memset(sum, 0, n * sizeof *sum);
    for (; k + 3 < n_rows; k += 4) { /* four at a time: the sum is read and written less often */
        const unsigned char *a = rows + (size_t)k * stride, *b = a + stride, *c = b + stride,
                            *d = c + stride;
        float wa = weights[k], wb = weights[k + 1], wc = weights[k + 2], wd = weights[k + 3];

        for (size_t i = 0; i < n; i++)
            sum[i] += (wa * (float)a[i] + wb * (float)b[i]) + (wc * (float)c[i] + wd * (float)d[i]);
    }
    for (; k < n_rows; k++) {
        const unsigned char *a = rows + (size_t)k * stride;
        float wa = weights[k];

        for (size_t i = 0; i < n; i++)
            sum[i] += wa * (float)a[i];
    }
}

/* made (n_out, 3) from the combined row (.., 3), of which sum is the pixel `from`. Each step reads
 * and writes four floats for the sake of the vectors; the fourth is of the next pixel. */
static void combine_columns(float *made, const float *sum, const struct axis *axis, int from)
{
    for (int x = 0; x < axis->n_out; x++) {
        const float *w = axis->weights + (size_t)x * (size_t)axis->stride;
        const float *p = sum + 3 * (size_t)(axis->first[x] - from);
        vec4 pixel = {0}, next;

        for (int k = 0; k < axis->n[x]; k++, p += 3) {
            memcpy(&next, p, sizeof next);
            pixel += w[k] * next;
        }
        memcpy(made + 3 * (size_t)x, &pixel, sizeof pixel);
    }
}

static int clamp_to_byte(int v)
{
    return v < 0 ? 0 : v > 255 ? 255 : v;
}

MR_HOT static void round_to_bytes(unsigned char *restrict bytes, const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)clamp_to_byte((int)(values[i] + .5f));
}

/* room: for a row of the source and one of the result, and for what is read behind them. */
static void resample(struct mr_image *out, const struct mr_image *image, const struct axis *across,
                     const struct axis *down, float *room)
{
    int last = across->n_out - 1;
    int from = across->first[0], to = across->first[last] + across->n[last];
    size_t stride = 3 * (size_t)image->w, n_read = 3 * (size_t)(to - from);
    size_t n_made = 3 * (size_t)out->w;
    float *sum = room, *made = room + n_read + 1;

    sum[n_read] = 0;
    for (int y = 0; y < out->h; y++) {
        const unsigned char *rows = image->rgb + (size_t)down->first[y] * stride + 3 * (size_t)from;

        combine_rows(sum, rows, stride, down->n[y],
                     down->weights + (size_t)y * (size_t)down->stride, n_read);
        combine_columns(made, sum, across, from);
        round_to_bytes(out->rgb + (size_t)y * n_made, made, n_made);
    }
}

/* A window of the image resized to (down.full, across.full). */
static enum mr_status resize_window(struct mr_image **out, const struct mr_image *image,
                                    struct window across, struct window down, struct mr_error *err)
{
    struct axis x_axis = {0}, y_axis = {0};
    struct mr_image *made = NULL;
    float *room = NULL;
    enum mr_status st;

    st = mr_image_create(&made, across.n, down.n, err);
    if (!st)
        st = axis_init(&x_axis, image->w, across, err);
    if (!st)
        st = axis_init(&y_axis, image->h, down, err);
    if (st)
        goto out;
    room = malloc((3 * (size_t)image->w + 3 * (size_t)across.n + 2) * sizeof *room);
    if (!room) {
        st = mr_fail(err, MR_E_NOMEM, "no memory to resize %d x %d pixels", image->w, image->h);
        goto out;
    }
    resample(made, image, &x_axis, &y_axis, room);
    *out = made;
    made = NULL;
out:
    free(room);
    axis_finish(&x_axis);
    axis_finish(&y_axis);
    mr_image_destroy(made);
    return st;
}

enum mr_status mr_image_resize(struct mr_image **out, const struct mr_image *image, int w, int h,
                               struct mr_error *err)
{
    if (w < 1 || h < 1)
        return mr_fail(err, MR_E_LIMIT, "cannot resize to %d x %d pixels", w, h);
    return resize_window(out, image, (struct window){w, 0, w}, (struct window){h, 0, h}, err);
}

/* part * whole / of, to the nearest, at least 1. */
static int scale_side(int part, int whole, int of)
{
    long long n = ((long long)part * whole * 2 + of) / (2 * (long long)of);

    return n < 1 ? 1 : (int)n;
}

enum mr_status mr_image_resize_crop(struct mr_image **out, const struct mr_image *image, int size,
                                    struct mr_error *err)
{
    int side = image->w < image->h ? image->w : image->h;
    int w, h;

    if (size < 1)
        return mr_fail(err, MR_E_LIMIT, "cannot resize to %d x %d pixels", size, size);
    w = scale_side(image->w, size, side);
    h = scale_side(image->h, size, side);
    return resize_window(out, image, (struct window){w, (w - size) / 2, size},
                         (struct window){h, (h - size) / 2, size}, err);
}

struct mr_size_px mr_image_fit(struct mr_size_px image, struct mr_size_px box)
{
    assert(image.w > 0 && image.h > 0 && box.w > 0 && box.h > 0);
    /* which side touches the box first? */
    if ((long long)image.w * box.h > (long long)image.h * box.w)
        return (struct mr_size_px){box.w, scale_side(image.h, box.w, image.w)};
    return (struct mr_size_px){scale_side(image.w, box.h, image.h), box.h};
}

static void fill(struct mr_image *image, unsigned rgb)
{
    size_t n = (size_t)image->w * (size_t)image->h;

    for (size_t i = 0; i < n; i++) {
        image->rgb[3 * i] = (unsigned char)(rgb >> 16);
        image->rgb[3 * i + 1] = (unsigned char)(rgb >> 8);
        image->rgb[3 * i + 2] = (unsigned char)rgb;
    }
}

enum mr_status mr_image_letterbox(struct mr_image **out, const struct mr_image *image,
                                  struct mr_size_px box, unsigned rgb, struct mr_error *err)
{
    struct mr_image *canvas = NULL, *inner = NULL;
    struct mr_size_px size;
    enum mr_status st;

    st = mr_image_create(&canvas, box.w, box.h, err);
    if (st)
        return st;
    size = mr_image_fit((struct mr_size_px){image->w, image->h}, box);
    st = mr_image_resize(&inner, image, size.w, size.h, err);
    if (st) {
        mr_image_destroy(canvas);
        return st;
    }
    fill(canvas, rgb);
    for (int y = 0; y < size.h; y++) {
        size_t at =
            (size_t)((box.h - size.h) / 2 + y) * (size_t)box.w + (size_t)((box.w - size.w) / 2);

        memcpy(canvas->rgb + 3 * at, inner->rgb + 3 * (size_t)y * (size_t)size.w,
               3 * (size_t)size.w);
    }
    mr_image_destroy(inner);
    *out = canvas;
    return MR_OK;
}
