/* SPDX-License-Identifier: MIT */
/*
 * What was drawn for an image, made pixels.
 *
 * Geometry: the centre of the first pixel is at -1 and that of the last at 1 (align_corners), and
 * the picture is continued by reflection about those centres. All steps are multiplied into one
 * perspective from a pixel of the result to a point of the source, which is then sampled
 * bilinearly, once. Lighting acts on the sampled value. Its curve is tabulated at 1024 steps and
 * interpolated: within .1 grey levels of the curve itself, the worst being next to black and white,
 * where it is steepest.
 */
#include <misread/data/transform.h>

#include <assert.h>
#include <math.h>
#include <string.h>

#include <misread/base/hot.h>

#include "augment.h"

#define PI 3.14159265358979323846

#define N_STEPS 1024
#define N_CHUNK \
    128 /* pixels of a row that are worked on at a time: their scratch stays in the first cache */

const float mr_imagenet_mean[3] = {.485f, .456f, .406f};
const float mr_imagenet_std[3] = {.229f, .224f, .225f};

/* A perspective of the plane: (x, y) goes to (X / W, Y / W), (X, Y, W) = m (x, y, 1). */
struct map {
    double m[3][3];
};

/* The lighting curve from grey levels 0..255 to 0..1; one step more than there are, for 255 itself.
 */
struct curve {
    float value[N_STEPS + 2];
};

/* How the result is made of the source. */
struct plan {
    const unsigned char *src; /* borrowed */
    int size;
    struct map view; /* from pixels of the result to those of the source, both about the middle */
    bool has_lighting;
    struct curve curve; /* only if has_lighting */
};

struct chunk {
    int n;
    int offset[N_CHUNK];            /* of the upper left of the four neighbours in the source */
    float fx[N_CHUNK], fy[N_CHUNK]; /* how far the point lies from it */
    float rgb[3 * N_CHUNK];         /* grey levels as sampled, then 0..1 */
};

/* --- geometry --- */

static struct map multiply(struct map a, struct map b)
{
    struct map product;

    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            product.m[i][j] = a.m[i][0] * b.m[0][j] + a.m[i][1] * b.m[1][j] + a.m[i][2] * b.m[2][j];
    return product;
}

/* Solves the equations eq (8 x 9, the right side last) by elimination with pivots, into x (8). */
static void solve(double x[8], double eq[8][9])
{
    for (int k = 0; k < 8; k++) {
        int pivot = k;

        for (int i = k + 1; i < 8; i++)
            if (fabs(eq[i][k]) > fabs(eq[pivot][k]))
                pivot = i;
        for (int j = 0; j < 9; j++) {
            double swapped = eq[k][j];

            eq[k][j] = eq[pivot][j];
            eq[pivot][j] = swapped;
        }
        for (int i = 0; i < 8; i++) {
            double factor = i == k ? 0 : eq[i][k] / eq[k][k];

            for (int j = k; j < 9; j++)
                eq[i][j] -= factor * eq[k][j];
        }
    }
    for (int k = 0; k < 8; k++)
        x[k] = eq[k][8] / eq[k][k];
}

/*
 * The perspective that takes from[i] to to[i]: for each pair
 *
 *   X (g x + h y + 1) = a x + b y + c,  Y (g x + h y + 1) = d x + e y + f.
 */
static struct map perspective(const double from[4][2], const double to[4][2])
{
    double eq[8][9], s[8];

    for (int i = 0; i < 4; i++) {
        double x = from[i][0], y = from[i][1], u = to[i][0], v = to[i][1];
        const double pair[2][9] = {{x, y, 1, 0, 0, 0, -u * x, -u * y, u},
                                   {0, 0, 0, x, y, 1, -v * x, -v * y, v}};

        memcpy(eq[2 * i], pair, sizeof pair);
    }
    solve(s, eq);
    return (struct map){{{s[0], s[1], s[2]}, {s[3], s[4], s[5]}, {s[6], s[7], 1}}};
}

/* symmetric_warp: the picture's corners are seen at `seen`. */
static struct map warp_of(const double m[4])
{
    const double corners[4][2] = {{-1, -1}, {-1, 1}, {1, -1}, {1, 1}};
    const double seen[4][2] = {
        {-1 - m[3], -1 - m[1]}, {-1 - m[2], 1 + m[1]}, {1 + m[3], -1 - m[0]}, {1 + m[2], 1 + m[0]}};

    return perspective(seen, corners);
}

/* The focus stays where it is; what is between it and the edges is spread. */
static struct map zoom_of(double zoom, double focus_x, double focus_y)
{
    double s = 1 / zoom;

    return (struct map){
        {{s, 0, (1 - s) * (2 * focus_x - 1)}, {0, s, (1 - s) * (2 * focus_y - 1)}, {0, 0, 1}}};
}

static struct map rotation_of(double degrees)
{
    double c = cos(degrees * PI / 180), s = sin(degrees * PI / 180);

    return (struct map){{{c, -s, 0}, {s, c, 0}, {0, 0, 1}}};
}

static struct map symmetry_of(const struct mr_augment_draw *draw)
{
    double x = draw->mirror_x ? -1 : 1, y = draw->mirror_y ? -1 : 1;

    if (draw->transpose)
        return (struct map){{{0, x, 0}, {y, 0, 0}, {0, 0, 1}}};
    return (struct map){{{x, 0, 0}, {0, y, 0}, {0, 0, 1}}};
}

static bool has_warp(const struct mr_augment_draw *draw)
{
    return draw->warp[0] != 0 || draw->warp[1] != 0 || draw->warp[2] != 0 || draw->warp[3] != 0;
}

/* In units of pixels: exact for symmetries, the distances from the middle being multiples of .5. */
static struct map view_of(const struct mr_augment_draw *draw, int size)
{
    double half = (size - 1) / 2.0;
    struct map view = zoom_of(draw->zoom, draw->focus_x, draw->focus_y);

    if (has_warp(draw))
        view = multiply(view, warp_of(draw->warp));
    view = multiply(rotation_of(draw->rotate_deg), view);
    view = multiply(symmetry_of(draw), view);
    for (int i = 0; i < 2; i++) {
        view.m[i][2] *= half;
        view.m[2][i] /= half;
    }
    return view;
}

/* Reflects about 0 and about last as often as it takes. Once would do up to 3 half widths from the
 * middle; a warp of .2 with a rotation looks 2.2 away, one of .3 4.5. per_turn: 1 / (2 last). */
static inline float reflect(float x, float last, float per_turn)
{
    float distance = fabsf(x);
    float turns = (float)(int)(distance * per_turn + .5f);
    float r = fabsf(distance - 2 * last * turns);

    return r < last ? r : last;
}

/* Where the pixels column .. column + n - 1 of a row lie in the source. */
MR_HOT static void locate(struct chunk *chunk, const struct map *view, int size, int row,
                          int column)
{
    float last = (float)(size - 1), half = last / 2, per_turn = 1 / (2 * last);
    float first[3], step[3];

    for (int i = 0; i < 3; i++) {
        const double *m = view->m[i];

        first[i] = (float)(m[0] * (column - (double)half) + m[1] * (row - (double)half) + m[2]);
        step[i] = (float)m[0];
    }
    for (int i = 0; i < chunk->n; i++) {
        float nearness = 1 / (first[2] + step[2] * (float)i);
        float x = reflect(half + (first[0] + step[0] * (float)i) * nearness, last, per_turn);
        float y = reflect(half + (first[1] + step[1] * (float)i) * nearness, last, per_turn);
        int left = (int)x, top = (int)y;

        /* the last column has no right neighbour: it is its left neighbour's, wholly */
        left = left < size - 2 ? left : size - 2;
        top = top < size - 2 ? top : size - 2;
        chunk->fx[i] = x - (float)left;
        chunk->fy[i] = y - (float)top;
        chunk->offset[i] = 3 * (top * size + left);
    }
}

MR_HOT static void sample(struct chunk *chunk, const unsigned char *src, int size)
{
    for (int i = 0; i < chunk->n; i++) {
        const unsigned char *p = src + chunk->offset[i], *q = p + 3 * (size_t)size;
        float fx = chunk->fx[i], fy = chunk->fy[i];

        for (int c = 0; c < 3; c++) {
            float top = (float)p[c] + fx * (float)(p[c + 3] - p[c]);
            float bottom = (float)q[c] + fx * (float)(q[c + 3] - q[c]);

            chunk->rgb[3 * i + c] = top + fy * (bottom - top);
        }
    }
}

/* --- lighting --- */

/*
 * sigmoid(s * (logit(v) + b)) = 1 / (1 + e^(-s b) * ((1 - v) / v)^s): one power per step instead of
 * a logarithm and an exponential.
 */
static void tabulate(struct curve *curve, const struct mr_augment_draw *draw)
{
    float s = (float)draw->contrast;
    float e = (float)exp(-draw->contrast * draw->brightness);

    for (int i = 1; i < N_STEPS; i++)
        curve->value[i] = 1 / (1 + e * powf((float)(N_STEPS - i) / (float)i, s));
    curve->value[0] = (float)mr_augment_light(draw, 0);
    curve->value[N_STEPS] = (float)mr_augment_light(draw, 1);
    curve->value[N_STEPS + 1] = curve->value[N_STEPS];
}

/* Grey levels to 0..1 through the curve, in place. */
MR_HOT static void light(struct chunk *chunk, const struct curve *curve)
{
    for (int i = 0; i < 3 * chunk->n; i++) {
        float at = chunk->rgb[i] * (N_STEPS / 255.0f);
        int step = (int)at;
        float low = curve->value[step];

        chunk->rgb[i] = low + (at - (float)step) * (curve->value[step + 1] - low);
    }
}

/* The same without a curve. */
MR_HOT static void to_unit(struct chunk *chunk)
{
    for (int i = 0; i < 3 * chunk->n; i++)
        chunk->rgb[i] /= 255.0f;
}

/* --- the pixels --- */

static void plan_init(struct plan *plan, const unsigned char *src, int size,
                      const struct mr_augment_draw *draw)
{
    assert(size >= 2);
    plan->src = src;
    plan->size = size;
    plan->view = view_of(draw, size);
    plan->has_lighting = draw->brightness != 0 || draw->contrast != 1;
    if (plan->has_lighting)
        tabulate(&plan->curve, draw);
}

/* Pixel `first` of the result, counted row by row, and those that follow it in its row. */
static void make_chunk(struct chunk *chunk, const struct plan *plan, int first)
{
    int size = plan->size, column = first % size;

    chunk->n = size - column < N_CHUNK ? size - column : N_CHUNK;
    locate(chunk, &plan->view, size, first / size, column);
    sample(chunk, plan->src, size);
    if (plan->has_lighting)
        light(chunk, &plan->curve);
    else
        to_unit(chunk);
}

MR_HOT static void normalise(float *restrict dst, const float *restrict rgb, int n)
{
    for (int i = 0; i < n; i++)
        for (int c = 0; c < 3; c++)
            dst[3 * i + c] = (rgb[3 * i + c] - mr_imagenet_mean[c]) / mr_imagenet_std[c];
}

static void transform_plain(float *dst, const unsigned char *src, int size)
{
    size_t n_pixels = (size_t)size * (size_t)size;
    float value[256][3];

    for (int v = 0; v < 256; v++)
        for (int c = 0; c < 3; c++)
            value[v][c] = ((float)v / 255.0f - mr_imagenet_mean[c]) / mr_imagenet_std[c];
    for (size_t i = 0; i < n_pixels; i++)
        for (int c = 0; c < 3; c++)
            dst[3 * i + (size_t)c] = value[src[3 * i + (size_t)c]][c];
}

static bool is_nothing(const struct mr_augment_draw *draw)
{
    return !draw->mirror_x && !draw->mirror_y && !draw->transpose && draw->rotate_deg == 0 &&
           draw->zoom == 1 && !has_warp(draw) && draw->brightness == 0 && draw->contrast == 1;
}

void mr_transform(float *dst, const unsigned char *src, int size, const struct mr_augment *augment,
                  struct mr_rng rng)
{
    struct mr_augment_draw draw = augment ? mr_augment_draw(augment, &rng) : mr_augment_nothing;
    struct plan plan;
    struct chunk chunk;

    if (is_nothing(&draw)) {
        transform_plain(dst, src, size);
        return;
    }
    plan_init(&plan, src, size, &draw);
    for (int first = 0; first < size * size; first += chunk.n) {
        make_chunk(&chunk, &plan, first);
        normalise(dst + 3 * (size_t)first, chunk.rgb, chunk.n);
    }
}

void mr_transform_render(unsigned char *dst, const unsigned char *src, int size,
                         const struct mr_augment_draw *draw)
{
    struct plan plan;
    struct chunk chunk;

    plan_init(&plan, src, size, draw);
    for (int first = 0; first < size * size; first += chunk.n) {
        make_chunk(&chunk, &plan, first);
        for (int i = 0; i < 3 * chunk.n; i++)
            dst[3 * (size_t)first + (size_t)i] = (unsigned char)(chunk.rgb[i] * 255 + .5f);
    }
}

void mr_transform_preview(unsigned char *dst, const unsigned char *src, int size,
                          const struct mr_augment *augment, struct mr_rng rng)
{
    struct mr_augment_draw draw = augment ? mr_augment_draw(augment, &rng) : mr_augment_nothing;

    mr_transform_render(dst, src, size, &draw);
}
