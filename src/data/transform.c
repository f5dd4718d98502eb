/* SPDX-License-Identifier: MIT */
/*
 * Augmentation as fastai v1's get_transforms draws it (flip, rotate, zoom, brightness, contrast;
 * its warp is left out).
 *
 * Geometry: the centre of the first pixel is at -1 and that of the last at 1 (align_corners), and
 * the picture is continued by reflection about those centres. All steps are multiplied into one
 * matrix from a pixel of the result to a point of the source, which is then sampled bilinearly,
 * once. Lighting acts on the sampled value. Its curve is tabulated at 1024 steps and interpolated:
 * within .1 grey levels of the curve itself, the worst being next to black and white, where it is
 * steepest.
 */
#include <misread/data/transform.h>

#include <assert.h>
#include <math.h>

#include <misread/base/hot.h>

#include "augment.h"

#define PI 3.14159265358979323846

/* Values nearer to 0 or 1 than this are moved there, as fastai does: logits stay finite. */
#define LOGIT_EDGE 1e-7

#define N_STEPS 1024
#define N_CHUNK \
    128 /* pixels of a row that are worked on at a time: their scratch stays in the first cache */

const float mr_imagenet_mean[3] = {.485f, .456f, .406f};
const float mr_imagenet_std[3] = {.229f, .224f, .225f};

/* Point of the source, in pixels: x = m[0][0] * column + m[0][1] * row + t[0], y likewise. */
struct affine {
    double m[2][2], t[2];
};

/* The lighting curve from grey levels 0..255 to 0..1; one step more than there are, for 255 itself.
 */
struct curve {
    float value[N_STEPS + 2];
};

struct chunk {
    int n;
    int offset[N_CHUNK];            /* of the upper left of the four neighbours in the source */
    float fx[N_CHUNK], fy[N_CHUNK]; /* how far the point lies from it */
    float rgb[3 * N_CHUNK];         /* sampled, in grey levels */
};

struct mr_augment mr_augment_default(void)
{
    return (struct mr_augment){
        .flip_h = true,
        .max_rotate_deg = 10,
        .max_zoom = 1.1,
        .max_lighting = .2,
        .p_affine = .75,
        .p_lighting = .75,
    };
}

static double logit(double p)
{
    return log(p / (1 - p));
}

/*
 * Both flips together are fastai's dihedral: one of the square's eight symmetries. Every number is
 * drawn, in the same order, whether it is used or not, so that one setting does not change what the
 * others come to.
 */
struct mr_augment_draw mr_augment_draw(const struct mr_augment *augment, struct mr_rng *rng)
{
    struct mr_augment_draw draw = {.zoom = 1, .focus_x = .5, .focus_y = .5, .contrast = 1};
    uint64_t symmetry = mr_rng_below(rng, 8);
    bool has_rotate = mr_rng_uniform(rng) < augment->p_affine;
    double rotate = mr_rng_between(rng, -augment->max_rotate_deg, augment->max_rotate_deg);
    bool has_zoom = mr_rng_uniform(rng) < augment->p_affine;
    double zoom = mr_rng_between(rng, 1, augment->max_zoom);
    double focus_x = mr_rng_uniform(rng), focus_y = mr_rng_uniform(rng);
    double l = augment->max_lighting;
    bool has_brightness = mr_rng_uniform(rng) < augment->p_lighting;
    double brightness = logit(mr_rng_between(rng, .5 - l / 2, .5 + l / 2));
    bool has_contrast = mr_rng_uniform(rng) < augment->p_lighting;
    double contrast = exp(mr_rng_between(rng, log(1 - l), -log(1 - l)));

    draw.mirror_x = augment->flip_h && (symmetry & 1);
    draw.mirror_y = augment->flip_v && (symmetry & 2);
    draw.transpose = augment->flip_h && augment->flip_v && (symmetry & 4);
    if (has_rotate)
        draw.rotate_deg = rotate;
    if (has_zoom) {
        draw.zoom = zoom;
        draw.focus_x = focus_x;
        draw.focus_y = focus_y;
    }
    if (has_brightness)
        draw.brightness = brightness;
    if (has_contrast)
        draw.contrast = contrast;
    return draw;
}

double mr_augment_light(const struct mr_augment_draw *draw, double v)
{
    v = fmin(fmax(v, LOGIT_EDGE), 1 - LOGIT_EDGE);
    return 1 / (1 + exp(-draw->contrast * (logit(v) + draw->brightness)));
}

/* Rotation * zoom about the focus * symmetry, from pixels of the result to pixels of the source. */
static struct affine affine_of(const struct mr_augment_draw *draw, int size)
{
    double half = (size - 1) / 2.0;
    double c = cos(draw->rotate_deg * PI / 180), s = sin(draw->rotate_deg * PI / 180);
    double shrink = 1 / draw->zoom;
    /* the zoomed window's centre, in units of half */
    double tx = (1 - shrink) * (2 * draw->focus_x - 1);
    double ty = (1 - shrink) * (2 * draw->focus_y - 1);
    double sx = draw->mirror_x ? -shrink : shrink, sy = draw->mirror_y ? -shrink : shrink;
    struct affine a = {
        .m = {{c * sx, -s * sy}, {s * sx, c * sy}},
        .t = {c * tx - s * ty, s * tx + c * ty},
    };

    for (int i = 0; i < 2; i++) {
        if (draw->transpose) {
            double swapped = a.m[i][0];

            a.m[i][0] = a.m[i][1];
            a.m[i][1] = swapped;
        }
        /* about the picture's centre: exact for mirrors and quarter turns, half being a multiple of
         * .5 */
        a.t[i] = half * (1 + a.t[i]) - half * a.m[i][0] - half * a.m[i][1];
    }
    return a;
}

/* Reflects once about 0 and once about last; more cannot be needed where the window is not larger
 * than the picture. */
static inline float reflect(float x, float last)
{
    float r = last - fabsf(last - fabsf(x));

    return r < 0 ? 0 : r;
}

/* Where the pixels column .. column + n - 1 of a row lie in the source. */
MR_HOT static void locate(struct chunk *chunk, const struct affine *a, int size, int row,
                          int column)
{
    float last = (float)(size - 1);
    float x0 = (float)(a->m[0][1] * row + a->m[0][0] * column + a->t[0]);
    float y0 = (float)(a->m[1][1] * row + a->m[1][0] * column + a->t[1]);
    float dx = (float)a->m[0][0], dy = (float)a->m[1][0];

    for (int i = 0; i < chunk->n; i++) {
        float x = reflect(x0 + dx * (float)i, last);
        float y = reflect(y0 + dy * (float)i, last);
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

/* Grey levels to 0..1 through the curve (NULL: straight), in place. */
MR_HOT static void light(struct chunk *chunk, const struct curve *curve)
{
    for (int i = 0; i < 3 * chunk->n; i++) {
        float at = chunk->rgb[i] * (N_STEPS / 255.0f);
        int step = (int)at;
        float low = curve->value[step];

        chunk->rgb[i] = low + (at - (float)step) * (curve->value[step + 1] - low);
    }
}

MR_HOT static void normalise(float *dst, const struct chunk *chunk, float unit)
{
    float scale[3], shift[3];

    for (int c = 0; c < 3; c++) {
        scale[c] = unit / mr_imagenet_std[c];
        shift[c] = -mr_imagenet_mean[c] / mr_imagenet_std[c];
    }
    for (int i = 0; i < chunk->n; i++)
        for (int c = 0; c < 3; c++)
            dst[3 * i + c] = chunk->rgb[3 * i + c] * scale[c] + shift[c];
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

void mr_transform(float *dst, const unsigned char *src, int size, const struct mr_augment *augment,
                  struct mr_rng rng)
{
    struct mr_augment_draw draw;
    struct affine a;
    struct curve curve;
    struct chunk chunk;
    bool has_lighting;

    assert(size >= 2);
    if (!augment) {
        transform_plain(dst, src, size);
        return;
    }
    draw = mr_augment_draw(augment, &rng);
    a = affine_of(&draw, size);
    has_lighting = draw.brightness != 0 || draw.contrast != 1;
    if (has_lighting)
        tabulate(&curve, &draw);
    for (int row = 0; row < size; row++) {
        for (int column = 0; column < size; column += N_CHUNK) {
            chunk.n = size - column < N_CHUNK ? size - column : N_CHUNK;
            locate(&chunk, &a, size, row, column);
            sample(&chunk, src, size);
            if (has_lighting)
                light(&chunk, &curve);
            normalise(dst + 3 * ((size_t)row * (size_t)size + (size_t)column), &chunk,
                      has_lighting ? 1 : 1 / 255.0f);
        }
    }
}
