/* SPDX-License-Identifier: MIT */
/* What the processor writes over the picture: times and marks in a 5 x 7 font, the box with the
 * scope's position. */
#include <stdio.h>
#include <string.h>

#include <misread/image/image.h>

#include "demo_canvas.h"

/* Rows from top to bottom, the leftmost of five pixels is bit 4. */
static const struct {
    char c;
    unsigned char rows[7];
} font[] = {
    {'0', {14, 17, 19, 21, 25, 17, 14}}, {'1', {4, 12, 4, 4, 4, 4, 14}},
    {'2', {14, 17, 1, 6, 8, 16, 31}},    {'3', {14, 17, 1, 6, 1, 17, 14}},
    {'4', {2, 6, 10, 18, 31, 2, 2}},     {'5', {31, 16, 30, 1, 1, 17, 14}},
    {'6', {6, 8, 16, 30, 17, 17, 14}},   {'7', {31, 1, 2, 4, 8, 8, 8}},
    {'8', {14, 17, 17, 14, 17, 17, 14}}, {'9', {14, 17, 17, 15, 1, 2, 12}},
    {'A', {14, 17, 17, 31, 17, 17, 17}}, {'B', {30, 17, 17, 30, 17, 17, 30}},
    {'C', {14, 17, 16, 16, 16, 17, 14}}, {'D', {30, 17, 17, 17, 17, 17, 30}},
    {'E', {31, 16, 16, 30, 16, 16, 31}}, {'H', {17, 17, 17, 31, 17, 17, 17}},
    {'M', {17, 27, 21, 21, 17, 17, 17}}, {'N', {17, 25, 21, 19, 17, 17, 17}},
    {'O', {14, 17, 17, 17, 17, 17, 14}}, {'P', {30, 17, 17, 30, 16, 16, 16}},
    {'Q', {14, 17, 17, 17, 21, 18, 13}}, {'S', {15, 16, 16, 14, 1, 1, 30}},
    {'V', {17, 17, 17, 17, 17, 10, 4}},  {':', {0, 4, 4, 0, 4, 4, 0}},
    {'.', {0, 0, 0, 0, 0, 12, 12}},      {'/', {1, 1, 2, 4, 8, 16, 16}},
    {'<', {2, 4, 8, 16, 8, 4, 2}},       {'>', {8, 4, 2, 1, 2, 4, 8}},
    {'#', {0, 31, 31, 31, 31, 31, 0}}, /* stands for a block */
};

static void blend(struct mr_image *image, int x, int y, const unsigned char ink[3], float k)
{
    unsigned char *p;

    if (x < 0 || y < 0 || x >= image->w || y >= image->h)
        return;
    p = image->rgb + ((size_t)y * (size_t)image->w + (size_t)x) * 3;
    for (int c = 0; c < 3; c++)
        p[c] = (unsigned char)mixf(p[c], ink[c], k);
}

static void fill(struct mr_image *image, int x, int y, int w, int h, const unsigned char ink[3])
{
    for (int j = y; j < y + h; j++)
        for (int i = x; i < x + w; i++)
            blend(image, i, j, ink, 1);
}

static void write_text(struct mr_image *image, int x, int y, int size, const char *text,
                       const unsigned char ink[3])
{
    for (; *text; text++, x += 6 * size) {
        for (size_t g = 0; g < sizeof font / sizeof *font; g++) {
            if (font[g].c != *text)
                continue;
            for (int row = 0; row < 7; row++)
                for (int col = 0; col < 5; col++)
                    if (font[g].rows[row] >> (4 - col) & 1)
                        fill(image, x + col * size, y + row * size, size, size, ink);
        }
    }
}

static void write_marks(struct mr_image *image, struct mr_rng *rng)
{
    static const char *const forms[] = {"D.O.B.:",     "CVP:%u", "Q:N",
                                        "EH:A%u CM:1", "%u/9",   "####/###"};
    static const unsigned char ink[3] = {206, 210, 208};
    int size = image->w > 520 ? 2 : 1, line = 10 * size, x = 2 + (int)mr_rng_below(rng, 12);
    int y = 8, n = 2 + (int)mr_rng_below(rng, 4);
    unsigned a = (unsigned)mr_rng_below(rng, 28) + 1, b = (unsigned)mr_rng_below(rng, 12) + 1;
    unsigned s = (unsigned)mr_rng_below(rng, 36000) + 26000,
             year = 2009 + (unsigned)mr_rng_below(rng, 8);
    char text[40];

    y += (int)(mr_rng_between(rng, .04, .3) * image->h);
    snprintf(text, sizeof text, "%02u/%02u/%u", a, b, year);
    write_text(image, x, y, size, text, ink);
    snprintf(text, sizeof text, "%02u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    write_text(image, x, y + line, size, text, ink);
    for (int i = 0; i < n; i++) {
        const char *form = forms[mr_rng_below(rng, sizeof forms / sizeof *forms)];
        const char *number = strstr(form, "%u");
        int head = number ? (int)(number - form) : (int)strlen(form);

        if (number)
            snprintf(text, sizeof text, "%.*s%u%s", head, form, (unsigned)mr_rng_below(rng, 9) + 1,
                     number + 2);
        else
            snprintf(text, sizeof text, "%s", form);
        write_text(image, x, y + (3 + i) * line, size, text, ink);
    }
}

/* A point of the cubic Bezier curve through the four control points. */
static void bezier(const float at[4][2], float k, float *x, float *y)
{
    float m = 1 - k, w[4] = {m * m * m, 3 * m * m * k, 3 * m * k * k, k * k * k};

    *x = *y = 0;
    for (int i = 0; i < 4; i++) {
        *x += w[i] * at[i][0];
        *y += w[i] * at[i][1];
    }
}

/* The scope as its magnetic position finder shows it: a looped tube on green. */
static void draw_position(struct mr_image *image, int x0, int y0, int w, int h, struct mr_rng *rng)
{
    static const unsigned char dark[3] = {8, 44, 26}, grid[3] = {20, 84, 50};
    float at[4][2];

    fill(image, x0, y0, w, h, dark);
    for (int i = 1; i < 6; i++) {
        fill(image, x0, y0 + i * h / 6, w, 1, grid);
        fill(image, x0 + i * w / 6, y0, 1, h, grid);
    }
    for (int i = 0; i < 4; i++) {
        at[i][0] =
            (float)x0 + (float)w * (float)mr_rng_between(rng, i % 3 ? -.3 : .25, i % 3 ? 1.3 : .75);
        at[i][1] = (float)y0 + (float)h * (i == 0 ? .95f : (float)mr_rng_between(rng, 0, .9));
    }
    for (int step = 0; step <= 400; step++) {
        float x, y, r = .045f * (float)w;

        bezier(at, (float)step / 400, &x, &y);
        for (int j = (int)(y - r) - 1; j <= (int)(y + r) + 1; j++) {
            for (int i = (int)(x - r) - 1; i <= (int)(x + r) + 1; i++) {
                float dx = ((float)i - x) / r, dy = ((float)j - y) / r, in = 1 - dx * dx - dy * dy;
                float lit = clampf(.35f + .65f * sqrtf(maxf(in, 0)) - .25f * dx, 0, 1);
                const unsigned char ink[3] = {(unsigned char)(190 * lit),
                                              (unsigned char)(225 * lit),
                                              (unsigned char)(130 * lit)};

                if (in > 0 && i > x0 && j > y0 && i < x0 + w - 1 && j < y0 + h - 1)
                    blend(image, i, j, ink, .6f);
            }
        }
    }
}

#define BOXES .14 /* share of images with a position box */
#define PANES .2  /* with or without: a black pane */

bool mr_demo_overlay_has_box(struct mr_rng rng)
{
    return mr_rng_uniform(&rng) < BOXES;
}

void mr_demo_overlay(const struct mr_demo_canvas *canvas, struct mr_image *image, bool wants_box,
                     struct mr_rng *rng)
{
    static const unsigned char black[3] = {2, 2, 2};
    double kind = mr_rng_uniform(rng);
    bool has_text = mr_rng_uniform(rng) < (canvas->view.x > .07f * (float)canvas->w ? .8 : .25);
    int w = (int)(mr_rng_between(rng, .2, .33) * image->w);
    int h = (int)(mr_rng_between(rng, .24, .36) * image->h), y = image->h - h;

    kind = wants_box ? 0 : kind;
    if (kind < PANES) {
        fill(image, 0, y, w, h, black);
        if (kind < BOXES)
            draw_position(image, 3, y + 3, w - 6, h - 6, rng);
    }
    if (has_text)
        write_marks(image, rng);
}
