/* SPDX-License-Identifier: MIT */
/* Roles to looks, for each depth of colour. Pure: applying a look is the screen's business. */
#ifndef MISREAD_TERM_THEME_H
#define MISREAD_TERM_THEME_H

#include <misread/term/term.h>

#define MR_LOOK_BOLD      1u
#define MR_LOOK_DIM       2u
#define MR_LOOK_UNDERLINE 4u
#define MR_LOOK_REVERSE   8u

/* Colours are numbers of the 256-colour palette (with 16 colours: 0..7), -1 the terminal's own. */
struct mr_look {
    unsigned flags;
    int fg, bg;
};

/* n_colors: 0, 16, 256 or more. */
struct mr_look mr_theme_look(enum mr_style style, int n_colors);
/* 0xRRGGBB of a number of the 256-colour palette from 16 up; xterm's defaults below. */
unsigned mr_theme_rgb(int color);
/* The number from 16 up that is nearest to r, g, b. */
int mr_theme_nearest(int r, int g, int b);
/* WCAG 2.1 contrast of two 0xRRGGBB, 1..21. */
double mr_theme_contrast(unsigned a, unsigned b);

#endif
