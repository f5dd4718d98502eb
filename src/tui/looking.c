/* SPDX-License-Identifier: MIT */
#include "looking.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <misread/base/rng.h>
#include <misread/base/str.h>
#include <misread/image/image.h>

#include "explorer.h"
#include "format.h"

static const double zooms[] = {1, 1.5, 2, 3, 4, 6, 8};
#define N_ZOOMS ((int)(sizeof zooms / sizeof *zooms))

/* No screen shows more of a picture at once, and a decoded one is kept in memory. */
#define MOST_PX 4096

double mr_looking_zoom(const struct mr_looking *looking)
{
    return zooms[looking->level];
}

/* ---- keys ---- */

static double kept_inside(double at)
{
    return at < -.5 ? -.5 : at > .5 ? .5 : at;
}

/* By a quarter of what is seen. */
static void move(struct mr_looking *looking, int dx, int dy)
{
    looking->x = kept_inside(looking->x + dx * .25 / mr_looking_zoom(looking));
    looking->y = kept_inside(looking->y + dy * .25 / mr_looking_zoom(looking));
}

static void set_level(struct mr_looking *looking, int level)
{
    looking->level = level < 0 ? 0 : level >= N_ZOOMS ? N_ZOOMS - 1 : level;
    if (!looking->level)
        looking->x = looking->y = 0;
}

bool mr_looking_act(struct mr_looking *looking, enum mr_act act, bool is_right)
{
    static const struct {
        enum mr_act act;
        int dx, dy;
    } moves[] = {
        {MR_ACT_PREVIOUS, -1, 0}, {MR_ACT_NEXT, 1, 0}, {MR_ACT_UP, 0, -1}, {MR_ACT_DOWN, 0, 1}};

    switch (act) {
    case MR_ACT_VIEW:
        looking->view = is_right && looking->view
                            ? MR_LOOK_PLAIN
                            : (enum mr_looking_view)((looking->view + 1) % MR_N_LOOKS);
        return true;
    case MR_ACT_ZOOM_IN:
        set_level(looking, looking->level + 1);
        return true;
    case MR_ACT_ZOOM_OUT:
        set_level(looking, looking->level - 1);
        return true;
    case MR_ACT_ZOOM_FIT:
        set_level(looking, 0);
        return true;
    default:
        break;
    }
    for (size_t i = 0; i < sizeof moves / sizeof *moves && looking->level; i++)
        if (moves[i].act == act) {
            move(looking, moves[i].dx, moves[i].dy);
            return true;
        }
    return false;
}

/* ---- the part that is seen ---- */

static int at_most(double value, int most)
{
    return value < most ? (int)(value + .5) : most;
}

/* Where n of most lie around the middle, without leaving it. */
static int begin_of(double middle, int n, int most)
{
    int begin = (int)((middle + .5) * most - n / 2.0);

    return begin < 0 ? 0 : begin > most - n ? most - n : begin;
}

struct mr_looking_part mr_looking_part_of(const struct mr_looking *looking,
                                          struct mr_size_px picture, struct mr_size_px box)
{
    double across = (double)box.w / picture.w, down = (double)box.h / picture.h;
    double scale = (across < down ? across : down) * mr_looking_zoom(looking);
    struct mr_looking_part part = {.w = at_most(box.w / scale, picture.w),
                                   .h = at_most(box.h / scale, picture.h)};

    part.w = part.w < 1 ? 1 : part.w;
    part.h = part.h < 1 ? 1 : part.h;
    part.x = begin_of(looking->x, part.w, picture.w);
    part.y = begin_of(looking->y, part.h, picture.h);
    return part;
}

static struct mr_size_px box_of(const struct mr_explorer *explorer, struct mr_rect_cells rect)
{
    const struct mr_term_caps *caps = mr_term_get_caps(explorer->term);

    return (struct mr_size_px){rect.cols * caps->cell.w, rect.rows * caps->cell.h};
}

static uint64_t mix(uint64_t h, int a, int b)
{
    return mr_hash_mix(h ^ (uint64_t)(unsigned)a << 32 ^ (uint64_t)(unsigned)b);
}

/* Shows the part of a picture; version names the picture. */
static void show_part(const struct mr_explorer *explorer, const struct mr_ink *ink,
                      struct mr_rect_cells rect, const struct mr_image *picture, uint64_t version,
                      const char *caption)
{
    struct mr_looking_part part = mr_looking_part_of(
        &explorer->looking, (struct mr_size_px){picture->w, picture->h}, box_of(explorer, rect));
    struct mr_image *cut = NULL;

    version = mix(mix(mix(version, picture->w, picture->h), part.x, part.y), part.w, part.h);
    if (part.w == picture->w && part.h == picture->h) {
        mr_ink_picture(ink, rect, version, picture, caption);
        return;
    }
    if (mr_image_create(&cut, part.w, part.h, NULL))
        return;
    for (int y = 0; y < part.h; y++)
        memcpy(cut->rgb + (size_t)y * (size_t)part.w * 3,
               picture->rgb + ((size_t)(part.y + y) * (size_t)picture->w + (size_t)part.x) * 3,
               (size_t)part.w * 3);
    mr_ink_picture(ink, rect, version, cut, caption);
    mr_image_destroy(cut);
}

/* ---- plain ---- */

static struct mr_size_px nearer(struct mr_size_px box, double zoom)
{
    return (struct mr_size_px){at_most(box.w * zoom, MOST_PX), at_most(box.h * zoom, MOST_PX)};
}

static void draw_plain(struct mr_explorer *explorer, const struct mr_ink *ink,
                       struct mr_rect_cells rect, int64_t image)
{
    const struct mr_tui_options *options = explorer->options;
    const char *failed = NULL;
    const struct mr_image *picture;
    char name[64];

    if (!explorer->looking.level || !mr_pictures_can(explorer, ink, rect)) {
        mr_box_draw(explorer, ink, rect, image);
        return;
    }
    picture = options->ops->picture(
        options->ops_ctx, image,
        nearer(box_of(explorer, rect), mr_looking_zoom(&explorer->looking)), &failed);
    mr_pictures_name(explorer, image, rect.cols, name, sizeof name);
    if (picture)
        show_part(explorer, ink, rect, picture, mr_hash_mix((uint64_t)image), name);
    else
        mr_pictures_stand_in(ink, rect, failed ? failed : "…");
}

/* ---- why ---- */

/* Does it look at the position box? The last line of rect is taken for that if there is one. */
static void draw_box_share(const struct mr_ink *ink, struct mr_rect_cells *rect,
                           const struct mr_tui_heat *heat)
{
    char text[80];
    int n;

    if (!heat->picture || !(heat->box_area > 0) || isnan(heat->box_heat) || rect->rows < 6)
        return;
    rect->rows--;
    n = snprintf(text, sizeof text, "in the box %.0f %% of heat, %.0f %% of area",
                 100 * heat->box_heat, 100 * heat->box_area);
    if (n > rect->cols)
        n = snprintf(text, sizeof text, "%.0f %% heat in %.0f %% box", 100 * heat->box_heat,
                     100 * heat->box_area);
    if (n <= rect->cols)
        mr_ink_text(ink, rect->row + rect->rows, rect->col, MR_STYLE_DIM, text);
}

/* A line that says of what, and of which weights; below it the map. */
static void draw_heat(struct mr_explorer *explorer, const struct mr_ink *ink,
                      struct mr_rect_cells rect, int64_t image, int class_id)
{
    const struct mr_tui_options *options = explorer->options;
    struct mr_rect_cells below = {rect.row + 1, rect.col, rect.rows - 1, rect.cols};
    struct mr_tui_heat heat = {0};
    char name[160], epoch[24] = "";
    int cols;

    options->ops->heat(options->ops_ctx, explorer->reading.run, image, class_id, &heat);
    if (heat.picture)
        snprintf(epoch, sizeof epoch, "epoch %d", heat.epoch);
    cols = rect.cols - 5 - mr_text_cols(epoch) - 1;
    mr_names_short(&explorer->facts.names, class_id, cols > 4 ? cols : rect.cols - 5, name,
                   sizeof name);
    mr_ink_text(ink, rect.row, rect.col, MR_STYLE_DIM, "why");
    mr_ink_text(ink, rect.row, rect.col + 4, MR_STYLE_BOLD, name);
    if (cols > 4)
        mr_ink_right(ink, rect.row, rect.col + rect.cols, MR_STYLE_DIM, epoch);
    if (heat.picture && heat.h == 1 && heat.w == 1) {
        int n = mr_ink_wrapped(ink, below, MR_STYLE_WARNING, "1x1 cells: too coarse to say where");

        below.row += n;
        below.rows -= n;
    }
    draw_box_share(ink, &below, &heat);
    if (heat.failed)
        mr_ink_wrapped(ink, below, MR_STYLE_WARNING, heat.failed);
    else if (!heat.picture)
        mr_pictures_stand_in(ink, below, "…");
    else if (mr_pictures_can(explorer, ink, below))
        show_part(explorer, ink, below, heat.picture,
                  mix(mr_hash_mix((uint64_t)image), class_id + 1, heat.epoch), name);
}

static void draw_both(struct mr_explorer *explorer, const struct mr_ink *ink,
                      struct mr_rect_cells rect, const struct mr_ranked *of)
{
    struct mr_rect_cells left = rect, right = rect;

    left.cols = right.cols = (rect.cols - 1) / 2;
    right.col = rect.col + rect.cols - right.cols;
    draw_heat(explorer, ink, left, of->image, of->predicted);
    draw_heat(explorer, ink, right, of->image, of->actual);
}

void mr_looking_draw(struct mr_explorer *explorer, const struct mr_ink *ink,
                     struct mr_rect_cells rect, const struct mr_gallery_item *item)
{
    const struct mr_ranked *of = &item->ranked;

    if (explorer->looking.view == MR_LOOK_PLAIN || of->index < 0) /* of nothing said, no why */
        draw_plain(explorer, ink, rect, of->image);
    else if (explorer->looking.view == MR_LOOK_BOTH && of->predicted != of->actual)
        draw_both(explorer, ink, rect, of);
    else
        draw_heat(explorer, ink, rect, of->image,
                  explorer->looking.view == MR_LOOK_ACTUAL ? of->actual : of->predicted);
}

/* ---- what is like it ---- */

/* The narrowest picture there is. */
#define NEAR_COLS 8

int mr_looking_near_rows(const struct mr_looking *looking, int rows)
{
    if (looking->view == MR_LOOK_PLAIN)
        return 0;
    return rows < 18 ? 1 : rows < 26 ? 6 : 9;
}

struct near_one {
    int64_t image;
    int class_id;
    float cosine;
};

/* As many of each class as there is room for; 0 while they are not known. */
static int collect(const struct mr_ranked *of, const struct mr_tui_near near[2], int n_room,
                   struct near_one *out)
{
    const int classes[] = {of->predicted, of->actual};
    int n_classes = of->predicted == of->actual ? 1 : 2, n = 0;

    for (int k = 0; k < n_classes; k++)
        for (int i = 0; i < near[k].n && i < n_room / n_classes; i++)
            out[n++] =
                (struct near_one){near[k].found[i].image, classes[k], near[k].found[i].cosine};
    return n;
}

/* "esop .97" in at most cols columns. */
static void name_one(const struct mr_explorer *explorer, const struct near_one *one, int cols,
                     char *out, size_t cap)
{
    char name[64];

    mr_names_short(&explorer->facts.names, one->class_id, cols - 4, name, sizeof name);
    snprintf(out, cap, "%s %s", name, mr_format_share((double)one->cosine, 2).text);
}

static void draw_pictures(struct mr_explorer *explorer, const struct mr_ink *ink,
                          const struct near_one *ones, int n)
{
    int cols = (mr_ink_cols(ink) - 1) / (n > 4 ? n : 4), rows = mr_ink_rows(ink);
    char text[160];

    mr_ink_short(ink, 0, 1, mr_ink_cols(ink) - 1, MR_STYLE_DIM, "like it in training, by cosine");
    for (int i = 0; i < n; i++) {
        struct mr_rect_cells at = {1, 1 + i * cols, rows - 2, cols};

        mr_pictures_draw(explorer, ink, at, ones[i].image);
        name_one(explorer, &ones[i], cols - 1, text, sizeof text);
        mr_ink_text(ink, rows - 1, at.col, MR_STYLE_DIM, text);
    }
}

static void draw_line(const struct mr_explorer *explorer, const struct mr_ink *ink,
                      const struct near_one *ones, int n)
{
    char text[160];

    mr_ink_text(ink, 0, 1, MR_STYLE_DIM, "like it");
    for (int i = 0; i < n; i++) {
        name_one(explorer, &ones[i], 8, text, sizeof text);
        mr_ink_text(ink, 0, 13 + i * 10, MR_STYLE_NORMAL, text);
    }
}

static void draw_waiting(const struct mr_ink *ink, const struct mr_tui_near *near)
{
    struct mr_rect_cells at = {0, 13, mr_ink_rows(ink), mr_ink_cols(ink) - 14};
    char text[160];

    mr_ink_text(ink, 0, 1, MR_STYLE_DIM, "like it");
    snprintf(text, sizeof text, "looking at %s of %s images of training",
             mr_format_count(near->n_done).text, mr_format_count(near->n_total).text);
    mr_ink_wrapped(ink, at, MR_STYLE_DIM, near->failed ? near->failed : near->n_total ? text : "…");
}

void mr_looking_draw_near(struct mr_explorer *explorer, const struct mr_ink *ink,
                          const struct mr_gallery_item *item)
{
    const struct mr_tui_options *options = explorer->options;
    const struct mr_ranked *of = &item->ranked;
    const int classes[] = {of->predicted, of->actual};
    struct mr_tui_near near[2] = {0};
    struct near_one ones[2 * MR_TUI_N_NEAR];
    int n;

    if (of->index < 0)
        return;
    for (int k = 0; k < 2; k++)
        options->ops->near(options->ops_ctx, explorer->reading.run, of->image, classes[k],
                           &near[k]);
    for (int k = 0; k < 2; k++)
        if (!near[k].is_ready) {
            draw_waiting(ink, &near[k]);
            return;
        }
    n = collect(of, near, (mr_ink_cols(ink) - 1) / NEAR_COLS, ones);
    if (mr_ink_rows(ink) < 5)
        draw_line(explorer, ink, ones, n < 2 ? n : 2);
    else
        draw_pictures(explorer, ink, ones, n);
}
