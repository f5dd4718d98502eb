/* SPDX-License-Identifier: MIT */
/* From linear light to the pixels of an endoscope's processor: exposure, colour, blur, noise,
 * edges. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/image/image.h>

#include "demo_canvas.h"

static float between(struct mr_rng *rng, float lo, float hi)
{
    return (float)mr_rng_between(rng, lo, hi);
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* The brightness below which share of the view lies, from a sample of its pixels. */
static float brightness_at(const struct mr_demo_canvas *cv, double share)
{
    enum { SAMPLES = 1024 };
    float seen[SAMPLES];
    size_t n = 0, n_pixels = (size_t)cv->w * (size_t)cv->h;

    for (size_t i = 0; i < SAMPLES; i++) {
        const float *p = cv->rgb + i * n_pixels / SAMPLES * 3;
        float light = .3f * p[0] + .59f * p[1] + .11f * p[2];

        if (light > 0)
            seen[n++] = light;
    }
    if (!n)
        return 1;
    qsort(seen, n, sizeof *seen, compare_floats);
    return seen[(size_t)(share * (double)(n - 1))];
}

/* A moving average of 2 reach + 1 pixels along a line of n pixels that lie stride floats apart. */
static void smear_line(float *out, const float *in, int n, int stride, int reach)
{
    float k = 1 / (float)(2 * reach + 1);

    for (int channel = 0; channel < 3; channel++) {
        float sum = 0;

        for (int i = -reach; i <= reach; i++)
            sum += in[(i < 0 ? 0 : i < n ? i : n - 1) * stride + channel];
        for (int i = 0; i < n; i++) {
            int add = i + reach + 1, drop = i - reach;

            out[i * stride + channel] = sum * k;
            sum += in[(add < n ? add : n - 1) * stride + channel] -
                   in[(drop > 0 ? drop : 0) * stride + channel];
        }
    }
}

static void smear(struct mr_demo_canvas *cv, int reach_x, int reach_y)
{
    size_t n_bytes = (size_t)cv->w * (size_t)cv->h * 3 * sizeof *cv->rgb;

    if (reach_x > 0) {
        for (int y = 0; y < cv->h; y++)
            smear_line(cv->spare + y * cv->w * 3, cv->rgb + y * cv->w * 3, cv->w, 3, reach_x);
        memcpy(cv->rgb, cv->spare, n_bytes);
    }
    if (reach_y > 0) {
        for (int x = 0; x < cv->w; x++)
            smear_line(cv->spare + x * 3, cv->rgb + x * 3, cv->h, cv->w * 3, reach_y);
        memcpy(cv->rgb, cv->spare, n_bytes);
    }
}

/* A colour matrix (rows: out) of white balance, saturation and a turn of the hue. */
static void draw_grade(float grade[3][3], struct mr_rng *rng)
{
    float gain[3] = {between(rng, .9f, 1.08f), between(rng, .9f, 1.08f), between(rng, .78f, 1.3f)};
    float saturation = between(rng, .7f, 1.2f), turn = between(rng, -.1f, .1f);

    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            /* a turn about the grey axis by Rodrigues' formula, for small angles */
            float cross = i == j ? 0 : (j == (i + 1) % 3 ? -.577f : .577f);
            float kept = i == j ? 1 : 0;

            grade[i][j] = gain[i] * (saturation * (kept + turn * cross) + (1 - saturation) / 3);
        }
    }
}

#define TONES    2048
#define TONE_MAX 4.f

/* The processor's curve: steep in the dark, a soft shoulder, white from somewhere on. */
static void fill_tones(float *tone, float gamma)
{
    for (int i = 0; i < TONES; i++) {
        float x = TONE_MAX * (float)i / TONES;

        tone[i] = 255 * powf(1.04f * (1 - expf(-1.35f * x)), 1 / gamma);
    }
}

static float tone_of(const float *tone, float x)
{
    float at = clampf(x * (TONES / TONE_MAX), 0, TONES - 1.01f);
    int i = (int)at;

    return mixf(tone[i], tone[i + 1], at - (float)i);
}

static void develop(struct mr_demo_canvas *cv, struct mr_rng *rng)
{
    float grade[3][3], tone[TONES], level = between(rng, .36f, .78f);
    float gain = level / (brightness_at(cv, .8) + 1e-6f);
    size_t n = (size_t)cv->w * (size_t)cv->h;

    draw_grade(grade, rng);
    fill_tones(tone, between(rng, 1.7f, 2.3f));
    for (size_t i = 0; i < n; i++) {
        float *p = cv->rgb + 3 * i, in[3] = {p[0] * gain, p[1] * gain, p[2] * gain};

        for (int k = 0; k < 3; k++)
            p[k] = tone_of(
                tone, maxf(0, grade[k][0] * in[0] + grade[k][1] * in[1] + grade[k][2] * in[2]));
    }
}

/* Cheap grain: a sum of four bytes of one number is near enough to a bell. */
static float grain(uint64_t bits)
{
    return (float)((bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24 & 255)) /
               510 -
           1;
}

static void add_grain(struct mr_demo_canvas *cv, struct mr_rng *rng)
{
    float luma = between(rng, .5f, 7), chroma = between(rng, .5f, 6);
    size_t n = (size_t)cv->w * (size_t)cv->h;

    for (size_t i = 0; i < n; i++) {
        uint64_t bits = mr_rng_next(rng);
        float l = luma * grain(bits), r = chroma * grain(bits >> 16),
              b = chroma * grain(bits >> 32);
        float *p = cv->rgb + 3 * i;

        p[0] += l + r;
        p[1] += l;
        p[2] += l + b;
    }
}

/* Unsharp masking against the four neighbours; processors overdo it, and glints get dark rims. */
static void sharpen(struct mr_demo_canvas *cv, float amount)
{
    int row = cv->w * 3;

    memcpy(cv->spare, cv->rgb, (size_t)row * (size_t)cv->h * sizeof *cv->rgb);
    for (int y = 1; y < cv->h - 1; y++) {
        for (int x = 3; x < row - 3; x++) {
            const float *p = cv->spare + y * row + x;

            cv->rgb[y * row + x] += amount * (*p - .25f * (p[-3] + p[3] + p[-row] + p[row]));
        }
    }
}

/* Odd lines were read a fiftieth of a second later. */
static void interlace(struct mr_demo_canvas *cv, int shift)
{
    for (int y = 1; y < cv->h; y += 2) {
        float *line = cv->rgb + y * cv->w * 3;

        if (shift > 0)
            memmove(line + 3 * shift, line, (size_t)(cv->w - shift) * 3 * sizeof *line);
        else
            memmove(line, line - 3 * shift, (size_t)(cv->w + shift) * 3 * sizeof *line);
    }
}

static void cut_out(const struct mr_demo_canvas *cv, struct mr_image *image, float vignette)
{
    const struct mr_demo_view *v = &cv->view;
    float half = .5f * minf(v->w, v->h);

    for (int y = 0; y < cv->h; y++) {
        for (int x = 0; x < cv->w; x++) {
            size_t i = ((size_t)y * (size_t)cv->w + (size_t)x) * 3;
            float cover = mr_demo_view_cover(v, (float)x, (float)y);
            float dx = ((float)x - v->x - .5f * v->w) / half,
                  dy = ((float)y - v->y - .5f * v->h) / half;
            float k = cover * (1 - vignette * rampf(.6f, 1.6f, sqrtf(dx * dx + dy * dy)));

            for (int c = 0; c < 3; c++)
                image->rgb[i + c] = (unsigned char)(clampf(cv->rgb[i + c], 0, 253) * k + 2.5f);
        }
    }
}

void mr_demo_expose(struct mr_demo_canvas *cv, struct mr_image *image, struct mr_rng *rng)
{
    double moved = mr_rng_uniform(rng);
    int defocus = mr_rng_uniform(rng) < .12 ? 1 : 0;
    float width = (float)cv->w / 400;

    if (moved < .04)
        smear(cv, (int)(between(rng, 1, 4) * width), 0);
    else if (moved < .08)
        smear(cv, 0, (int)(between(rng, 1, 4) * width));
    if (defocus)
        smear(cv, 1, 1);
    develop(cv, rng);
    add_grain(cv, rng);
    sharpen(cv, between(rng, .1f, .8f));
    if (mr_rng_uniform(rng) < .06)
        interlace(cv, (mr_rng_uniform(rng) < .5 ? -1 : 1) * (1 + (int)mr_rng_below(rng, 4)));
    cut_out(cv, image, between(rng, .1f, .8f));
}
