/* SPDX-License-Identifier: MIT */
#include <misread/explain/gradcam.h>

#include <math.h>
#include <string.h>

#include <misread/image/image.h>
#include <misread/nn/model.h>

/* Of the picture; the rest is the heat's colour. */
#define PICTURE_SHARE .5

/* ---- the map ---- */

float mr_gradcam_map(float *heat, const struct mr_model_evidence *evidence, int i)
{
    int n = evidence->h * evidence->w, n_channels = evidence->c;
    const float *x = evidence->x + (size_t)i * (size_t)n * (size_t)n_channels;
    const float *dx = evidence->dx + (size_t)i * (size_t)n * (size_t)n_channels;
    float most = 0;

    memset(heat, 0, (size_t)n * sizeof *heat);
    for (int c = 0; c < n_channels; c++) {
        double weight = 0;

        for (int at = 0; at < n; at++)
            weight += (double)dx[at * n_channels + c] / n;
        for (int at = 0; at < n; at++)
            heat[at] += (float)weight * x[at * n_channels + c];
    }
    for (int at = 0; at < n; at++) {
        heat[at] = fmaxf(heat[at], 0);
        most = fmaxf(most, heat[at]);
    }
    for (int at = 0; at < n && most > 0; at++)
        heat[at] = isfinite(most) && isfinite(heat[at]) ? heat[at] / most : 0;
    return most;
}

/* How much of cell i of n lies between begin and end. */
static double covered(int i, int n, double begin, double end)
{
    return fmax(fmin(end * n, i + 1) - fmax(begin * n, i), 0);
}

double mr_gradcam_share(const float *heat, int h, int w, const struct mr_rect_share *part)
{
    double inside = 0, all = 0;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            double hot = (double)heat[y * w + x];

            all += hot;
            inside += hot * covered(y, h, part->y, part->y + part->h) *
                      covered(x, w, part->x, part->x + part->w);
        }
    return inside / all;
}

/* ---- the picture ---- */

/* matplotlib's magma at eighths. */
static const unsigned char ramp[9][3] = {
    {0, 0, 4},      {28, 16, 68},   {79, 18, 123},   {129, 37, 129},  {181, 54, 122},
    {229, 80, 100}, {251, 135, 97}, {254, 194, 135}, {252, 253, 191},
};

static double between(double a, double b, double share)
{
    return a + (b - a) * share;
}

static double colour_of(double heat, int channel)
{
    int i = heat >= 1 ? 7 : (int)(heat * 8);

    return between(ramp[i][channel], ramp[i + 1][channel], heat * 8 - i);
}

/* Between which two of n cells pixel i of n_pixels lies: cells are known at their centres, and
 * beyond the outer ones nothing changes. */
struct place {
    int cell, next;
    double share; /* of next */
};

static struct place place_of(int i, int n_pixels, int n)
{
    double at = fmin(fmax((i + .5) * n / n_pixels - .5, 0), n - 1);
    int cell = (int)at;

    return (struct place){cell, cell + 1 < n ? cell + 1 : cell, at - cell};
}

static double heat_at(const float *heat, int w, struct place y, struct place x)
{
    double above = between(heat[y.cell * w + x.cell], heat[y.cell * w + x.next], x.share);
    double below = between(heat[y.next * w + x.cell], heat[y.next * w + x.next], x.share);

    return between(above, below, y.share);
}

enum mr_status mr_gradcam_draw(struct mr_image **out, const struct mr_image *image,
                               const float *heat, int h, int w, struct mr_error *err)
{
    struct mr_image *drawn;
    enum mr_status st = mr_image_create(&drawn, image->w, image->h, err);

    if (st)
        return st;
    for (int y = 0; y < image->h; y++)
        for (int x = 0; x < image->w; x++) {
            size_t at = ((size_t)y * (size_t)image->w + (size_t)x) * 3;
            double hot = heat_at(heat, w, place_of(y, image->h, h), place_of(x, image->w, w));

            for (int c = 0; c < 3; c++)
                drawn->rgb[at + (size_t)c] = (unsigned char)lround(
                    between(colour_of(hot, c), image->rgb[at + (size_t)c], PICTURE_SHARE));
        }
    *out = drawn;
    return MR_OK;
}
