/* SPDX-License-Identifier: MIT */
/*
 * Antialiased resampling as Pillow's (Resample.c): a triangle whose support is one source pixel, or
 * one target pixel where that is larger, normalised at the borders; columns first, rounded to 8
 * bits, then rows. Sums are in float where Pillow has 22 bits behind the point, so that a value
 * between two grey levels may go the other way.
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

/* made (n_out, 3) from a row (.., 3) of which x is the pixel `from`. Each step reads and writes
 * four floats for the sake of the vectors; the fourth is of the next pixel. */
static void combine_columns(float *made, const float *x, const struct axis *axis, int from)
{
    for (int i = 0; i < axis->n_out; i++) {
        const float *w = axis->weights + (size_t)i * (size_t)axis->stride;
        const float *p = x + 3 * (size_t)(axis->first[i] - from);
        vec4 pixel = {0}, next;

        for (int k = 0; k < axis->n[i]; k++, p += 3) {
            memcpy(&next, p, sizeof next);
            pixel += w[k] * next;
        }
        memcpy(made + 3 * (size_t)i, &pixel, sizeof pixel);
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

MR_HOT static void take_floats(float *restrict x, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)bytes[i];
}

/* Between the passes: the rows of the source that the result needs, as wide as the result. */
struct narrowed {
    int first, n;         /* rows of the source */
    unsigned char *bytes; /* owned; (n, n_made) */
    float *row, *made;    /* owned; of the source and of the result, and what is read behind them */
};

static void narrowed_finish(struct narrowed *narrowed)
{
    free(narrowed->bytes);
    free(narrowed->row);
    free(narrowed->made);
}

static enum mr_status narrowed_init(struct narrowed *narrowed, const struct mr_image *image,
                                    const struct axis *down, int w, struct mr_error *err)
{
    int last = down->n_out - 1;
    size_t n_made = 3 * (size_t)w;

    *narrowed = (struct narrowed){.first = down->first[0]};
    narrowed->n = down->first[last] + down->n[last] - narrowed->first;
    narrowed->bytes = malloc((size_t)narrowed->n * n_made);
    narrowed->row = malloc((3 * (size_t)image->w + 1) * sizeof *narrowed->row);
    narrowed->made = malloc((n_made + 1) * sizeof *narrowed->made);
    if (!narrowed->bytes || !narrowed->row || !narrowed->made)
        return mr_fail(err, MR_E_NOMEM, "no memory to resize %d x %d pixels", image->w, image->h);
    return MR_OK;
}

static void narrow(struct narrowed *narrowed, const struct mr_image *image,
                   const struct axis *across)
{
    int last = across->n_out - 1, from = across->first[0];
    size_t n_read = 3 * (size_t)(across->first[last] + across->n[last] - from);
    size_t stride = 3 * (size_t)image->w, n_made = 3 * (size_t)across->n_out;
    const unsigned char *bytes = image->rgb + (size_t)narrowed->first * stride + 3 * (size_t)from;

    narrowed->row[n_read] = 0;
    for (int y = 0; y < narrowed->n; y++) {
        take_floats(narrowed->row, bytes + (size_t)y * stride, n_read);
        combine_columns(narrowed->made, narrowed->row, across, from);
        round_to_bytes(narrowed->bytes + (size_t)y * n_made, narrowed->made, n_made);
    }
}

static void lower(struct mr_image *out, const struct narrowed *narrowed, const struct axis *down)
{
    size_t n_made = 3 * (size_t)out->w;

    for (int y = 0; y < out->h; y++) {
        combine_rows(narrowed->made,
                     narrowed->bytes + (size_t)(down->first[y] - narrowed->first) * n_made, n_made,
                     down->n[y], down->weights + (size_t)y * (size_t)down->stride, n_made);
        round_to_bytes(out->rgb + (size_t)y * n_made, narrowed->made, n_made);
    }
}

/* A window of the image resized to (down.full, across.full). */
static enum mr_status resize_window(struct mr_image **out, const struct mr_image *image,
                                    struct window across, struct window down, struct mr_error *err)
{
    struct axis x_axis = {0}, y_axis = {0};
    struct mr_image *made = NULL;
    struct narrowed narrowed = {0};
    enum mr_status st;

    st = mr_image_create(&made, across.n, down.n, err);
    if (!st)
        st = axis_init(&x_axis, image->w, across, err);
    if (!st)
        st = axis_init(&y_axis, image->h, down, err);
    if (!st)
        st = narrowed_init(&narrowed, image, &y_axis, across.n, err);
    if (st)
        goto out;
    narrow(&narrowed, image, &x_axis);
    lower(made, &narrowed, &y_axis);
    *out = made;
    made = NULL;
out:
    narrowed_finish(&narrowed);
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

struct mr_size_px mr_image_fit(struct mr_size_px image, struct mr_size_px box)
{
    assert(image.w > 0 && image.h > 0 && box.w > 0 && box.h > 0);
    /* which side touches the box first? */
    if ((long long)image.w * box.h > (long long)image.h * box.w)
        return (struct mr_size_px){box.w, scale_side(image.h, box.w, image.w)};
    return (struct mr_size_px){scale_side(image.w, box.h, image.h), box.h};
}

/* The long side as torchvision's Resize has it, and where its CenterCrop begins: half a pixel goes
 * to the even side. */
static struct window middle_of(int part, int short_side, int size)
{
    int full = (int)((long long)part * size / short_side), spare = full - size;

    return (struct window){full, spare / 2 + (spare % 4 == 3), size};
}

static enum mr_status crop(struct mr_image **out, const struct mr_image *image, int size,
                           struct mr_error *err)
{
    int side = image->w < image->h ? image->w : image->h;

    return resize_window(out, image, middle_of(image->w, side, size),
                         middle_of(image->h, side, size), err);
}

static enum mr_status squish(struct mr_image **out, const struct mr_image *image, int size,
                             struct mr_error *err)
{
    return mr_image_resize(out, image, size, size, err);
}

/* at, reflected about the centres of the pixels 0 and n - 1 as often as it takes. */
static int reflect(int at, int n)
{
    int period = n > 1 ? 2 * (n - 1) : 1;

    at = ((at % period) + period) % period;
    return at < n ? at : period - at;
}

static enum mr_status pad(struct mr_image **out, const struct mr_image *image, int size,
                          struct mr_error *err)
{
    struct mr_size_px inner_px =
        mr_image_fit((struct mr_size_px){image->w, image->h}, (struct mr_size_px){size, size});
    int left = (size - inner_px.w) / 2, top = (size - inner_px.h) / 2;
    struct mr_image *inner = NULL, *square = NULL;
    enum mr_status st = mr_image_resize(&inner, image, inner_px.w, inner_px.h, err);

    if (!st)
        st = mr_image_create(&square, size, size, err);
    for (int y = 0; y < size && !st; y++) {
        const unsigned char *row =
            inner->rgb + 3 * (size_t)inner->w * (size_t)reflect(y - top, inner->h);
        unsigned char *made = square->rgb + 3 * (size_t)size * (size_t)y;

        for (int x = 0; x < size; x++)
            memcpy(made + 3 * x, row + 3 * reflect(x - left, inner->w), 3);
    }
    mr_image_destroy(inner);
    if (!st)
        *out = square;
    return st;
}

static const struct {
    const char *name;
    enum mr_status (*make)(struct mr_image **out, const struct mr_image *image, int size,
                           struct mr_error *err);
} squares[MR_SQUARE_N] = {
    [MR_SQUARE_CROP] = {"crop", crop},
    [MR_SQUARE_SQUISH] = {"squish", squish},
    [MR_SQUARE_PAD] = {"pad", pad},
};

const char *mr_square_name(enum mr_square how)
{
    return squares[how].name;
}

bool mr_square_find(enum mr_square *how, const char *name)
{
    for (int i = 0; i < MR_SQUARE_N; i++)
        if (!strcmp(squares[i].name, name)) {
            *how = (enum mr_square)i;
            return true;
        }
    return false;
}

/* x to x + n, cut to 0 .. 1. */
static void cut(double *x, double *n)
{
    double end = fmin(*x + *n, 1);

    *x = fmax(*x, 0);
    *n = fmax(end - *x, 0);
}

struct mr_rect_share mr_square_part(enum mr_square how, struct mr_size_px whole,
                                    struct mr_rect_share part)
{
    bool is_crop = how == MR_SQUARE_CROP;
    double side = (whole.w < whole.h) == is_crop ? whole.w : whole.h;

    if (how != MR_SQUARE_SQUISH) { /* the square and the picture have one centre */
        part.x = (part.x * whole.w + (side - whole.w) / 2) / side;
        part.y = (part.y * whole.h + (side - whole.h) / 2) / side;
        part.w *= whole.w / side;
        part.h *= whole.h / side;
    }
    cut(&part.x, &part.w);
    cut(&part.y, &part.h);
    return part.w > 0 && part.h > 0 ? part : (struct mr_rect_share){0};
}

enum mr_status mr_image_resize_square(struct mr_image **out, const struct mr_image *image, int size,
                                      enum mr_square how, struct mr_error *err)
{
    if (size < 1)
        return mr_fail(err, MR_E_LIMIT, "cannot resize to %d x %d pixels", size, size);
    return squares[how].make(out, image, size, err);
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
