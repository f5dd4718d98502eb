/* SPDX-License-Identifier: MIT */
/*
 * Two hues carry meaning, blue and orange, which every kind of colour blindness tells apart;
 * lightness carries amount. Without colours bold, underline and reverse say what is right, wrong
 * and chosen, and digits the rest.
 */
#include "theme.h"

#include <math.h>
#include <stdlib.h>

#define N_ROLES MR_STYLE_GOOD_0
#define BOLD    MR_LOOK_BOLD
#define DIM     MR_LOOK_DIM
#define UNDER   MR_LOOK_UNDERLINE
#define REVERSE MR_LOOK_REVERSE

static const struct mr_look looks_256[N_ROLES] = {
    [MR_STYLE_NORMAL] = {0, -1, -1},
    [MR_STYLE_DIM] = {0, 245, -1},
    [MR_STYLE_BOLD] = {BOLD, -1, -1},
    [MR_STYLE_TITLE] = {BOLD, -1, -1},
    [MR_STYLE_TAB] = {0, 245, -1},
    [MR_STYLE_TAB_HERE] = {BOLD | REVERSE, -1, -1},
    [MR_STYLE_KEY] = {BOLD, 74, -1},
    [MR_STYLE_BORDER] = {0, 242, -1},
    [MR_STYLE_BORDER_FOCUS] = {BOLD, 74, -1},
    [MR_STYLE_SELECTED] = {BOLD | REVERSE, -1, -1},
    [MR_STYLE_MODE] = {BOLD | REVERSE, -1, -1},
    [MR_STYLE_MESSAGE] = {0, 74, -1},
    [MR_STYLE_WARNING] = {BOLD, 178, -1},
    [MR_STYLE_ERROR] = {BOLD, 231, 124},
    [MR_STYLE_SERIES_1] = {0, 74, -1},  /* Okabe and Ito's sky blue 56B4E9 */
    [MR_STYLE_SERIES_2] = {0, 178, -1}, /* and orange E69F00 */
};

static const struct mr_look looks_16[N_ROLES] = {
    [MR_STYLE_NORMAL] = {0, -1, -1},
    [MR_STYLE_DIM] = {DIM, -1, -1},
    [MR_STYLE_BOLD] = {BOLD, -1, -1},
    [MR_STYLE_TITLE] = {BOLD, -1, -1},
    [MR_STYLE_TAB] = {0, -1, -1},
    [MR_STYLE_TAB_HERE] = {BOLD | REVERSE, -1, -1},
    [MR_STYLE_KEY] = {BOLD, 6, -1},
    [MR_STYLE_BORDER] = {DIM, -1, -1},
    [MR_STYLE_BORDER_FOCUS] = {BOLD, 6, -1},
    [MR_STYLE_SELECTED] = {BOLD | REVERSE, -1, -1},
    [MR_STYLE_MODE] = {BOLD | REVERSE, -1, -1},
    [MR_STYLE_MESSAGE] = {0, 6, -1},
    [MR_STYLE_WARNING] = {BOLD, 3, -1},
    [MR_STYLE_ERROR] = {BOLD, 7, 1},
    [MR_STYLE_SERIES_1] = {0, 6, -1},
    [MR_STYLE_SERIES_2] = {0, 3, -1},
};

static const struct mr_look looks_mono[N_ROLES] = {
    [MR_STYLE_NORMAL] = {0, -1, -1},
    [MR_STYLE_DIM] = {0, -1, -1},
    [MR_STYLE_BOLD] = {BOLD, -1, -1},
    [MR_STYLE_TITLE] = {BOLD, -1, -1},
    [MR_STYLE_TAB] = {0, -1, -1},
    [MR_STYLE_TAB_HERE] = {BOLD | REVERSE, -1, -1},
    [MR_STYLE_KEY] = {BOLD, -1, -1},
    [MR_STYLE_BORDER] = {0, -1, -1},
    [MR_STYLE_BORDER_FOCUS] = {BOLD, -1, -1},
    [MR_STYLE_SELECTED] = {BOLD | REVERSE, -1, -1},
    [MR_STYLE_MODE] = {BOLD | REVERSE, -1, -1},
    [MR_STYLE_MESSAGE] = {0, -1, -1},
    [MR_STYLE_WARNING] = {BOLD, -1, -1},
    [MR_STYLE_ERROR] = {BOLD | UNDER, -1, -1},
    [MR_STYLE_SERIES_1] = {0, -1, -1},
    [MR_STYLE_SERIES_2] = {BOLD, -1, -1},
};

/* Backgrounds, darkest first. */
static const int ramp_good[8] = {17, 18, 24, 25, 31, 32, 74, 117};
static const int ramp_bad[8] = {94, 130, 166, 172, 208, 214, 215, 222};

unsigned mr_theme_rgb(int color)
{
    static const unsigned low[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
                                     0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
                                     0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
    static const unsigned level[6] = {0, 95, 135, 175, 215, 255};

    if (color < 16)
        return low[color & 15];
    if (color >= 232)
        return (unsigned)(8 + 10 * (color - 232)) * 0x10101;
    color -= 16;
    return level[color / 36] << 16 | level[color / 6 % 6] << 8 | level[color % 6];
}

static int cube_step(int v)
{
    /* Halfway points between 0 95 135 175 215 255. */
    if (v < 48)
        return 0;
    return v < 115 ? 1 : (v - 35) / 40;
}

static int distance(unsigned rgb, int r, int g, int b)
{
    int dr = (int)(rgb >> 16) - r, dg = (int)(rgb >> 8 & 255) - g, db = (int)(rgb & 255) - b;

    return dr * dr + dg * dg + db * db;
}

int mr_theme_nearest(int r, int g, int b)
{
    int cube = 16 + 36 * cube_step(r) + 6 * cube_step(g) + cube_step(b);
    int grey = ((r + g + b) / 3 - 3) / 10;

    grey = 232 + (grey < 0 ? 0 : grey > 23 ? 23 : grey);
    return distance(mr_theme_rgb(grey), r, g, b) < distance(mr_theme_rgb(cube), r, g, b) ? grey
                                                                                         : cube;
}

static double luminance(unsigned rgb)
{
    const double weight[3] = {.2126, .7152, .0722};
    double sum = 0;

    for (int i = 0; i < 3; i++) {
        double v = (rgb >> (16 - 8 * i) & 255) / 255.;

        sum += weight[i] * (v <= .03928 ? v / 12.92 : pow((v + .055) / 1.055, 2.4));
    }
    return sum;
}

double mr_theme_contrast(unsigned a, unsigned b)
{
    double la = luminance(a), lb = luminance(b);

    return la > lb ? (la + .05) / (lb + .05) : (lb + .05) / (la + .05);
}

/* A step of a ramp: black or white on it, whichever stands out more. */
static struct mr_look ramp_look(bool is_good, int step, int n_colors)
{
    if (n_colors >= 256) {
        int bg = is_good ? ramp_good[step] : ramp_bad[step];
        unsigned rgb = mr_theme_rgb(bg);
        bool on_dark = mr_theme_contrast(rgb, 0xffffff) > mr_theme_contrast(rgb, 0);

        return (struct mr_look){0, on_dark ? 231 : 16, bg};
    }
    if (n_colors >= 16 && step < 4)
        return (struct mr_look){step < 2 ? 0 : BOLD, is_good ? 6 : 3, -1};
    if (n_colors >= 16)
        return (struct mr_look){step < 6 ? 0 : BOLD, is_good ? 7 : 0, is_good ? 4 : 3};
    return (struct mr_look){
        (is_good ? 0 : UNDER) | (step >= 3 ? BOLD : 0) | (step >= 6 ? REVERSE : 0), -1, -1};
}

struct mr_look mr_theme_look(enum mr_style style, int n_colors)
{
    if (style >= MR_STYLE_BAD_0)
        return ramp_look(false, ((int)style - MR_STYLE_BAD_0) & 7, n_colors);
    if (style >= MR_STYLE_GOOD_0)
        return ramp_look(true, (int)style - MR_STYLE_GOOD_0, n_colors);
    if (n_colors >= 256)
        return looks_256[style];
    return n_colors >= 16 ? looks_16[style] : looks_mono[style];
}
