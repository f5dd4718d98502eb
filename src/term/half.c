/* SPDX-License-Identifier: MIT */
/* Area averages with exact fractions of pixels: the same whatever the ratio, up or down. */
#include "half.h"

#include <stdbool.h>

#include <misread/base/str.h>
#include <misread/image/image.h>

#include "theme.h"

/* Where the picture lies among the half cells. */
struct frame {
    int x, y, w, h;
};

static struct frame fit(const struct mr_image *image, struct mr_size_cells cells,
                        struct mr_size_px cell)
{
    struct mr_size_px box = {cells.cols * cell.w, cells.rows * cell.h};
    double scale_x = (double)box.w / image->w, scale_y = (double)box.h / image->h;
    double scale = scale_x < scale_y ? scale_x : scale_y;
    struct frame f;

    f.w = (int)(image->w * scale / cell.w + .5);
    f.h = (int)(image->h * scale * 2 / cell.h + .5);
    f.w = f.w < 1 ? 1 : f.w > cells.cols ? cells.cols : f.w;
    f.h = f.h < 1 ? 1 : f.h > 2 * cells.rows ? 2 * cells.rows : f.h;
    f.x = (cells.cols - f.w) / 2;
    f.y = (2 * cells.rows - f.h) / 2;
    return f;
}

/* How much of pixel i lies between from and to. */
static double overlap(int i, double from, double to)
{
    double a = from > i ? from : i, b = to < i + 1 ? to : i + 1;

    return b > a ? b - a : 0;
}

/* The mean of the image between x0..x1 and y0..y1 (pixels and fractions), as 0xRRGGBB. */
static unsigned average(const struct mr_image *image, double x0, double x1, double y0, double y1)
{
    double sum[3] = {0}, total = 0;

    for (int y = (int)y0; y < y1 && y < image->h; y++) {
        double wy = overlap(y, y0, y1);

        for (int x = (int)x0; x < x1 && x < image->w; x++) {
            const unsigned char *p = image->rgb + ((size_t)y * (size_t)image->w + (size_t)x) * 3;
            double weight = wy * overlap(x, x0, x1);

            for (int c = 0; c < 3; c++)
                sum[c] += weight * p[c];
            total += weight;
        }
    }
    if (total <= 0)
        return 0;
    return (unsigned)(sum[0] / total + .5) << 16 | (unsigned)(sum[1] / total + .5) << 8 |
           (unsigned)(sum[2] / total + .5);
}

static unsigned half_cell(const struct mr_image *image, struct frame f, int x, int y)
{
    double step_x = (double)image->w / f.w, step_y = (double)image->h / f.h;

    x -= f.x;
    y -= f.y;
    if (x < 0 || y < 0 || x >= f.w || y >= f.h)
        return 0;
    return average(image, x * step_x, (x + 1) * step_x, y * step_y, (y + 1) * step_y);
}

/* ground: 38 foreground, 48 background. */
static void add_color(struct mr_str *out, int ground, unsigned rgb, int n_colors)
{
    int r = (int)(rgb >> 16), g = (int)(rgb >> 8 & 255), b = (int)(rgb & 255);

    if (n_colors > 256)
        mr_str_addf(out, "\033[%d;2;%d;%d;%dm", ground, r, g, b);
    else
        mr_str_addf(out, "\033[%d;5;%dm", ground, mr_theme_nearest(r, g, b));
}

static void add_row(struct mr_str *out, const struct mr_image *image, struct frame f, int row,
                    int cols, int n_colors)
{
    unsigned fg = 0, bg = 0;

    for (int x = 0; x < cols; x++) {
        unsigned top = half_cell(image, f, x, 2 * row),
                 bottom = half_cell(image, f, x, 2 * row + 1);

        if (x == 0 || top != fg)
            add_color(out, 38, top, n_colors);
        if (x == 0 || bottom != bg)
            add_color(out, 48, bottom, n_colors);
        mr_str_add(out, "\u2580");
        fg = top;
        bg = bottom;
    }
    mr_str_add(out, "\033[0m\n");
}

void mr_half_encode(struct mr_str *out, const struct mr_image *image, struct mr_size_cells cells,
                    struct mr_size_px cell, int n_colors)
{
    struct frame f = fit(image, cells, cell);

    for (int row = 0; row < cells.rows; row++)
        add_row(out, image, f, row, cells.cols, n_colors);
}
