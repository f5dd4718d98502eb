/* SPDX-License-Identifier: MIT */
/* im2col of a block of rows: each row of a window is one contiguous span of the image. */
#include "gather.h"

#include <string.h>

size_t mr_gather_rows(const struct gather *gather)
{
    return (size_t)gather->n * (size_t)gather->grid_h * (size_t)gather->grid_w;
}

int mr_gather_cols(const struct gather *gather)
{
    return gather->kh * gather->kw * gather->c;
}

bool mr_gather_is_plain(const struct gather *gather)
{
    return gather->kh == 1 && gather->kw == 1 && gather->step == 1 && gather->y0 == 0 &&
           gather->x0 == 0 && gather->grid_h == gather->h && gather->grid_w == gather->w;
}

static int clamp(int value, int lo, int hi)
{
    return value < lo ? lo : value > hi ? hi : value;
}

/* Floats lo .. hi-1 of one window row, which begins at column x of the image row `row` (NULL:
 * outside). */
static float *fill_span(const struct gather *g, float *dst, const float *row, int x, int lo, int hi)
{
    int begin = clamp(-x * g->c, lo, hi), end = clamp((g->w - x) * g->c, begin, hi);

    if (!row)
        begin = end = hi;
    memset(dst, 0, (size_t)(begin - lo) * sizeof *dst);
    if (end > begin)
        memcpy(dst + (begin - lo), row + (ptrdiff_t)x * g->c + begin,
               (size_t)(end - begin) * sizeof *dst);
    memset(dst + (end - lo), 0, (size_t)(hi - end) * sizeof *dst);
    return dst + (hi - lo);
}

static float *fill_point(const struct gather *g, float *dst, const float *image, int y, int x,
                         int col_begin, int col_end)
{
    int span = g->kw * g->c;

    for (int a = col_begin / span; a * span < col_end; a++) {
        int lo = clamp(col_begin - a * span, 0, span), hi = clamp(col_end - a * span, 0, span);
        bool inside = y + a >= 0 && y + a < g->h;
        const float *row = inside ? image + (size_t)(y + a) * (size_t)g->w * (size_t)g->c : NULL;

        dst = fill_span(g, dst, row, x, lo, hi);
    }
    return dst;
}

void mr_gather_fill(const struct gather *gather, float *dst, size_t first, int n_rows,
                    int col_begin, int col_end)
{
    const struct gather *g = gather;
    size_t points = (size_t)g->grid_h * (size_t)g->grid_w;
    size_t pixels = (size_t)g->h * (size_t)g->w * (size_t)g->c;
    const float *image = g->src + first / points * pixels;
    int i = (int)(first % points) / g->grid_w, j = (int)(first % points) % g->grid_w;

    for (int r = 0; r < n_rows; r++) {
        dst =
            fill_point(g, dst, image, i * g->step + g->y0, j * g->step + g->x0, col_begin, col_end);
        if (++j == g->grid_w) {
            j = 0;
            if (++i == g->grid_h) {
                i = 0;
                image += pixels;
            }
        }
    }
}
