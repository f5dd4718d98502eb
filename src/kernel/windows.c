/* SPDX-License-Identifier: MIT */
/* The copy holds every image row once, padded to the left of the first window and to the right of
 * the last. */
#include "windows.h"

#include <string.h>

#include "share.h"

int mr_windows_grid_rows(const struct mr_windows *windows)
{
    return windows->n * windows->grid_h;
}

/* Can windows be read where they lie? */
static bool lies_ready(const struct mr_windows *w)
{
    return w->kh == 1 && w->kw == 1 && !w->in.mean && w->y0 >= 0 && w->x0 >= 0 &&
           w->y0 + (w->grid_h - 1) * w->step < w->h && w->x0 + (w->grid_w - 1) * w->step < w->w;
}

/* Floats of a copied image row: from the first window's left side to the last one's right. */
static size_t row_floats(const struct mr_windows *w)
{
    return (size_t)((w->grid_w - 1) * w->step + w->kw) * (size_t)w->c;
}

size_t mr_windows_scratch(const struct mr_windows *windows, int n_rows)
{
    const struct mr_windows *w = windows;
    size_t n = share_offsets(n_rows);

    /* Where images meet in a block, nothing is shared. */
    return lies_ready(w) ? n : n + (size_t)n_rows * (size_t)w->kh * row_floats(w);
}

static int clamp(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

static void copy_pixels(float *to, const float *from, const struct mr_windows *w, int n_pixels)
{
    const struct mr_conv_in *in = &w->in;

    if (!in->mean) {
        memcpy(to, from, (size_t)n_pixels * (size_t)w->c * sizeof *to);
        return;
    }
    for (int i = 0; i < n_pixels; i++, to += w->c, from += w->c)
        for (int c = 0; c < w->c; c++) {
            float y = (from[c] - in->mean[c]) * in->scale[c] + in->shift[c];

            to[c] = y < 0 ? 0 : y;
        }
}

/* Row y of an image as the windows see it. */
static void copy_row(float *to, const struct mr_windows *w, int image, int y)
{
    int n_pixels = (w->grid_w - 1) * w->step + w->kw;
    int begin = clamp(-w->x0, 0, n_pixels), end = clamp(w->w - w->x0, begin, n_pixels);
    size_t c = (size_t)w->c;

    if (y < 0 || y >= w->h)
        begin = end = n_pixels;
    memset(to, 0, (size_t)begin * c * sizeof *to);
    if (end > begin)
        copy_pixels(to + (size_t)begin * c,
                    w->in.x + (((size_t)image * (size_t)w->h + (size_t)y) * (size_t)w->w +
                               (size_t)(w->x0 + begin)) *
                                  c,
                    w, end - begin);
    memset(to + (size_t)end * c, 0, (size_t)(n_pixels - end) * c * sizeof *to);
}

static void find_rows(struct mr_window_block *b, const struct mr_windows *w)
{
    b->rows = w->in.x;
    for (int i = 0; i < b->n; i++) {
        int r = b->first + i, image = r / w->grid_h;
        size_t y = (size_t)image * (size_t)w->h + (size_t)(w->y0 + r % w->grid_h * w->step);

        b->at[i] = (y * (size_t)w->w + (size_t)w->x0) * (size_t)w->c;
    }
}

/* Copies every image row once, unless it is wanted for two images. */
static void copy_rows(struct mr_window_block *b, const struct mr_windows *w, float *rows)
{
    size_t row = row_floats(w), n_copied = 0;
    int shared = w->kh > w->step ? w->kh - w->step : 0;

    b->rows = rows;
    for (int i = 0; i < b->n; i++) {
        int r = b->first + i, image = r / w->grid_h, y = w->y0 + r % w->grid_h * w->step;
        int have = i && r % w->grid_h ? shared : 0;

        b->at[i] = (n_copied - (size_t)have) * row;
        for (int k = have; k < w->kh; k++)
            copy_row(rows + n_copied++ * row, w, image, y + k);
    }
}

struct mr_window_block mr_windows_block(const struct mr_windows *windows, int first, int n,
                                        float *scratch)
{
    const struct mr_windows *w = windows;
    struct mr_window_block b = {.first = first,
                                .n = n,
                                .at = (size_t *)(void *)scratch,
                                .point = (size_t)w->step * (size_t)w->c,
                                .span = row_floats(w)};

    if (lies_ready(w))
        find_rows(&b, w);
    else
        copy_rows(&b, w, scratch + share_offsets(n));
    return b;
}
