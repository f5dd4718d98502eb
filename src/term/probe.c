/* SPDX-License-Identifier: MIT */
/*
 * Replies of terminals: DA1, window reports (16t, 14t), XTSMGRAPHICS, DECRPM of mode 2026,
 * XTVERSION. What counts is what the terminal answers, never $TERM: sixel is drawn if and only if
 * DA1 has a 4 behind its first parameter.
 */
#include "probe.h"

#include <stdio.h>
#include <string.h>

#include <misread/term/term.h>

const char mr_probe_question[] =
    "\033[16t\033[14t\033[?1;1;0S\033[?2;1;0S\033[?2026$p\033[>0q\033[c";
const char mr_probe_question_resize[] = "\033[16t\033[14t\033[?2;1;0S";

/* xterm drops a larger picture altogether unless told otherwise, and says nothing. */
#define LARGEST_PX 1000

/* Decimal parameters between semicolons; returns how many. *end is behind the last. */
static int parse_numbers(const char *s, const char *limit, int *numbers, int cap, const char **end)
{
    int n = 0;

    for (;;) {
        int value = 0;

        while (s < limit && *s >= '0' && *s <= '9') {
            value = value < 100000 ? value * 10 + (*s - '0') : value;
            s++;
        }
        if (n < cap)
            numbers[n++] = value;
        if (s == limit || *s != ';')
            break;
        s++;
    }
    *end = s;
    return n;
}

static void take_da1(struct mr_probe *probe, const int *numbers, int n)
{
    probe->has_da1 = true;
    /* The first parameter is the class of terminal: 4 there does not mean sixel. */
    for (int i = 1; i < n; i++)
        probe->has_sixel = probe->has_sixel || numbers[i] == 4;
}

static void take_graphics(struct mr_probe *probe, const int *numbers, int n)
{
    if (n == 3 && numbers[0] == 1 && numbers[1] == 0)
        probe->n_registers = numbers[2];
    if (n == 4 && numbers[0] == 2 && numbers[1] == 0)
        probe->max_picture = (struct mr_size_px){numbers[2], numbers[3]};
}

/* ESC [ ? numbers tail */
static bool take_private(struct mr_probe *probe, const char *s, const char *limit)
{
    int numbers[32];
    const char *end;
    int n = parse_numbers(s, limit, numbers, 32, &end);

    if (end + 1 == limit && *end == 'c')
        take_da1(probe, numbers, n);
    else if (end + 1 == limit && *end == 'S')
        take_graphics(probe, numbers, n);
    else if (end + 2 == limit && end[0] == '$' && end[1] == 'y')
        probe->has_sync =
            probe->has_sync || (n == 2 && numbers[0] == 2026 && numbers[1] != 0 && numbers[1] != 4);
    else
        return false;
    return true;
}

/* ESC [ 6 ; h ; w t and ESC [ 4 ; h ; w t */
static bool take_window(struct mr_probe *probe, const char *s, const char *limit)
{
    int numbers[4];
    const char *end;
    int n = parse_numbers(s, limit, numbers, 4, &end);

    if (end + 1 != limit || *end != 't')
        return false;
    if (n == 3 && numbers[0] == 6)
        probe->cell = (struct mr_size_px){numbers[2], numbers[1]};
    if (n == 3 && numbers[0] == 4)
        probe->window = (struct mr_size_px){numbers[2], numbers[1]};
    return true;
}

/* ESC P > | name ESC \ */
static bool take_name(struct mr_probe *probe, const char *s, size_t n)
{
    size_t k = 0;

    if (n < 6 || memcmp(s, "\033P>|", 4) != 0)
        return false;
    for (size_t i = 4; i + 2 < n && k + 1 < sizeof probe->name; i++) {
        if (s[i] >= ' ' && s[i] <= '~')
            probe->name[k++] = s[i];
    }
    probe->name[k] = 0;
    return true;
}

bool mr_probe_take(struct mr_probe *probe, const char *sequence, size_t n)
{
    if (n >= 4 && !memcmp(sequence, "\033[?", 3))
        return take_private(probe, sequence + 3, sequence + n);
    if (n >= 3 && !memcmp(sequence, "\033[", 2))
        return take_window(probe, sequence + 2, sequence + n);
    return take_name(probe, sequence, n);
}

/* ---- judging ---- */

static bool is_sane(struct mr_size_px cell)
{
    return cell.w >= 4 && cell.w <= 64 && cell.h >= 6 && cell.h <= 128;
}

static struct mr_size_px divide(struct mr_size_px px, struct mr_size_cells cells)
{
    if (cells.cols <= 0 || cells.rows <= 0)
        return (struct mr_size_px){0, 0};
    return (struct mr_size_px){px.w / cells.cols, px.h / cells.rows};
}

struct mr_size_px mr_probe_cell(const struct mr_probe *probe, const struct mr_probe_window *window,
                                struct mr_size_px wish)
{
    bool is_small = probe->max_picture.w < 1000 && probe->max_picture.h < 1000;
    const struct mr_size_px candidates[] = {
        wish,
        probe->cell,
        divide(probe->window, window->cells),
        divide(window->px, window->cells),
        is_small ? divide(probe->max_picture, window->cells) : (struct mr_size_px){0, 0},
    };

    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        if (is_sane(candidates[i]))
            return candidates[i];
    }
    return (struct mr_size_px){10, 20};
}

static int largest(int said)
{
    return said > 0 && said < LARGEST_PX ? said : LARGEST_PX;
}

/* The best way of drawing pictures that works here. */
static enum mr_graphics choose_graphics(const struct mr_term_caps *caps, enum mr_graphics wish)
{
    if (wish != MR_GRAPHICS_AUTO)
        return wish;
    if (caps->has_sixel)
        return MR_GRAPHICS_SIXEL;
    return caps->n_colors >= 256 && caps->is_utf8 ? MR_GRAPHICS_HALF : MR_GRAPHICS_NONE;
}

void mr_probe_judge(struct mr_term_caps *caps, const struct mr_probe *probe,
                    const struct mr_probe_window *window, const struct mr_term_options *options)
{
    caps->has_sixel = probe->has_sixel;
    caps->has_sync = probe->has_sync;
    caps->cell = mr_probe_cell(probe, window, options->cell);
    caps->max_picture =
        (struct mr_size_px){largest(probe->max_picture.w), largest(probe->max_picture.h)};
    /* Who does not answer is not asked to do with less: libsixel's 256 are what everybody has. */
    caps->n_registers = probe->n_registers >= 2 ? probe->n_registers : 256;
    caps->graphics = choose_graphics(caps, options->graphics);
    snprintf(caps->name, sizeof caps->name, "%s", probe->name);
}

int mr_probe_colors(int terminfo, const char *colorterm, const char *no_color, int color)
{
    bool is_true = colorterm && (!strcmp(colorterm, "truecolor") || !strcmp(colorterm, "24bit"));

    if (color == MR_COLOR_NEVER || (color == MR_COLOR_AUTO && no_color && *no_color))
        return 0;
    if (is_true || terminfo >= 1 << 24)
        return 1 << 24;
    if (terminfo >= 256)
        return 256;
    return terminfo >= 8 || color == MR_COLOR_ALWAYS ? 16 : 0;
}

const char *mr_graphics_text(enum mr_graphics graphics)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MR_GRAPHICS_LIST(X)
#undef X
    };

    return texts[graphics];
}
