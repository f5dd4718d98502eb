/* SPDX-License-Identifier: MIT */
/*
 * Boxes: drawn with keys or the mouse in a mode of one line above the footer, and painted into a
 * copy of the picture, so that every way of drawing pictures shows them; where there are no
 * pictures they are outlines of cells.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/rng.h>
#include <misread/base/str.h>
#include <misread/image/image.h>

#include "explorer.h"
#include "overlay.h"
#include "pane.h"

#define STEP  .02
#define LEAST .02

/* ---- painting ---- */

static const unsigned char box_rgb[3] = {0xff, 0xb0, 0x00}, drawn_rgb[3] = {0x00, 0xe5, 0xff};

static void fill(struct mr_image *image, int x0, int y0, int x1, int y1, const unsigned char *rgb)
{
    for (int y = y0 < 0 ? 0 : y0; y < y1 && y < image->h; y++)
        for (int x = x0 < 0 ? 0 : x0; x < x1 && x < image->w; x++)
            memcpy(image->rgb + 3 * ((size_t)y * (size_t)image->w + (size_t)x), rgb, 3);
}

/* Four lines of `thick` pixels within the box. */
static void outline(struct mr_image *image, const struct mr_box *box, int thick,
                    const unsigned char *rgb)
{
    int x0 = (int)(box->x * image->w), x1 = (int)((box->x + box->w) * image->w + .5);
    int y0 = (int)(box->y * image->h), y1 = (int)((box->y + box->h) * image->h + .5);

    fill(image, x0, y0, x1, y0 + thick, rgb);
    fill(image, x0, y1 - thick, x1, y1, rgb);
    fill(image, x0, y0, x0 + thick, y1, rgb);
    fill(image, x1 - thick, y0, x1, y1, rgb);
}

/* How many pixels of the picture a line takes: two of the screen's, or half a cell. */
static int thickness(const struct mr_term_caps *caps, const struct mr_image *picture,
                     struct mr_rect_cells rect)
{
    int on_screen = caps->graphics == MR_GRAPHICS_SIXEL ? rect.cols * caps->cell.w / 2 : rect.cols;
    int thick = on_screen > 0 ? picture->w / on_screen : 1;

    return thick < 1 ? 1 : thick;
}

/* The boxes that stand, one by one; *i counts on. NULL at the end. */
static const struct mr_box *next_box(const struct mr_explorer *explorer, int64_t image, int *i)
{
    int n;
    const struct mr_decision *d = mr_desk_about(&explorer->desk, image, &n);

    for (; *i < n; ++*i)
        if (d[*i].kind == MR_DECISION_BOX && !d[*i].undone)
            return &d[(*i)++].box;
    return NULL;
}

static uint64_t mix_box(uint64_t hash, const struct mr_box *box)
{
    return mr_hash_mix(hash ^ mr_hash_fnv(box, sizeof *box));
}

static void draw_painted(struct mr_explorer *explorer, const struct mr_ink *ink,
                         struct mr_rect_cells rect, int64_t image, const struct mr_image *picture)
{
    const struct mr_term_caps *caps = mr_term_get_caps(explorer->term);
    uint64_t version = mr_hash_mix((uint64_t)image ^ (uint64_t)picture->w << 32);
    int thick = thickness(caps, picture, rect);
    struct mr_image *copy = NULL;
    const struct mr_box *box;
    char name[64];

    if (mr_image_create(&copy, picture->w, picture->h, NULL))
        return;
    memcpy(copy->rgb, picture->rgb, 3 * (size_t)picture->w * (size_t)picture->h);
    for (int i = 0; (box = next_box(explorer, image, &i));) {
        outline(copy, box, thick, box_rgb);
        version = mix_box(version, box);
    }
    if (explorer->drawn.w > 0) {
        outline(copy, &explorer->drawn, thick, drawn_rgb);
        version = mix_box(version, &explorer->drawn) + 1;
    }
    mr_pictures_name(explorer, image, rect.cols, name, sizeof name);
    mr_ink_picture(ink, rect, version, copy, name);
    mr_image_destroy(copy);
}

/* In cells, over all of rect. */
static void draw_cells(const struct mr_ink *ink, struct mr_rect_cells rect,
                       const struct mr_box *box, enum mr_style style)
{
    int left = rect.col + (int)(box->x * rect.cols), top = rect.row + (int)(box->y * rect.rows);
    int right = rect.col + (int)((box->x + box->w) * rect.cols + .5) - 1;
    int bottom = rect.row + (int)((box->y + box->h) * rect.rows + .5) - 1;

    for (int col = left + 1; col < right; col++) {
        mr_ink_text(ink, top, col, style, "─");
        mr_ink_text(ink, bottom, col, style, "─");
    }
    for (int row = top + 1; row < bottom; row++) {
        mr_ink_text(ink, row, left, style, "│");
        mr_ink_text(ink, row, right, style, "│");
    }
    mr_ink_text(ink, top, left, style, "┌");
    mr_ink_text(ink, top, right, style, "┐");
    mr_ink_text(ink, bottom, left, style, "└");
    mr_ink_text(ink, bottom, right, style, "┘");
}

void mr_box_draw(struct mr_explorer *explorer, const struct mr_ink *ink, struct mr_rect_cells rect,
                 int64_t image)
{
    const struct mr_term_caps *caps = mr_term_get_caps(explorer->term);
    struct mr_size_px size = {rect.cols * caps->cell.w, rect.rows * caps->cell.h};
    const struct mr_tui_options *options = explorer->options;
    bool has_pictures = caps->graphics != MR_GRAPHICS_NONE, has_box = explorer->drawn.w > 0;
    const struct mr_image *picture = NULL;
    const struct mr_box *box;
    const char *failed;
    int i = 0;

    has_box |= next_box(explorer, image, &i) != NULL;
    if (has_box && mr_pictures_can(explorer, ink, rect))
        picture = options->ops->picture(options->ops_ctx, image, size, &failed);
    if (picture) {
        draw_painted(explorer, ink, rect, image, picture);
        return;
    }
    mr_pictures_draw(explorer, ink, rect, image);
    if (has_pictures)
        return;
    for (i = 0; (box = next_box(explorer, image, &i));)
        draw_cells(ink, rect, box, MR_STYLE_WARNING);
    if (explorer->drawn.w > 0)
        draw_cells(ink, rect, &explorer->drawn, MR_STYLE_BORDER_FOCUS);
}

/* ---- the mode ---- */

struct drawing {
    struct mr_overlay overlay;
    int64_t image;
    int class_id;
    bool has_corner; /* the mouse has put one */
    double corner_x, corner_y;
};

static double clamp(double value, double lo, double hi)
{
    return value < lo ? lo : value > hi ? hi : value;
}

static void move(struct mr_box *box, double dx, double dy)
{
    box->x = clamp(box->x + dx, 0, 1 - box->w);
    box->y = clamp(box->y + dy, 0, 1 - box->h);
}

/* The upper left corner stays. */
static void resize(struct mr_box *box, double dw, double dh)
{
    box->w = clamp(box->w + dw, LEAST, 1 - box->x);
    box->h = clamp(box->h + dh, LEAST, 1 - box->y);
}

/* The middle stays. */
static void grow(struct mr_box *box, double by)
{
    resize(box, by, by);
    move(box, -by / 2, -by / 2);
}

static const struct {
    int keys[2];
    void (*change)(struct mr_box *box, double x, double y);
    double x, y;
} strokes[] = {
    {{MR_KEY_LEFT, 'h'}, move, -STEP, 0},         {{MR_KEY_RIGHT, 'l'}, move, STEP, 0},
    {{MR_KEY_UP, 'k'}, move, 0, -STEP},           {{MR_KEY_DOWN, 'j'}, move, 0, STEP},
    {{MR_KEY_SHIFT_LEFT, 'H'}, resize, -STEP, 0}, {{MR_KEY_SHIFT_RIGHT, 'L'}, resize, STEP, 0},
    {{MR_KEY_SHIFT_UP, 'K'}, resize, 0, -STEP},   {{MR_KEY_SHIFT_DOWN, 'J'}, resize, 0, STEP},
};

/* Where a cell's middle lies in the picture, which stands in the middle of its rectangle. */
static void point_at(const struct mr_explorer *explorer, int row, int col, double *x, double *y)
{
    const struct mr_term_caps *caps = mr_term_get_caps(explorer->term);
    const struct mr_rect_cells rect = explorer->chosen_rect;
    const struct mr_image_row *file =
        explorer->facts.images ? mr_images_find(explorer->facts.images,
                                                mr_explorer_chosen((struct mr_explorer *)explorer))
                               : NULL;
    struct mr_size_px room = {rect.cols * caps->cell.w, rect.rows * caps->cell.h}, fitted = room;

    if (file && file->w > 0 && file->h > 0 && caps->graphics != MR_GRAPHICS_NONE)
        fitted = mr_image_fit((struct mr_size_px){file->w, file->h}, room);
    *x = ((col - rect.col + .5) * caps->cell.w - (room.w - fitted.w) / 2.) / fitted.w;
    *y = ((row - rect.row + .5) * caps->cell.h - (room.h - fitted.h) / 2.) / fitted.h;
    *x = clamp(*x, 0, 1);
    *y = clamp(*y, 0, 1);
}

/* The first click puts one corner, the second the other. */
static void click(struct drawing *self, const struct mr_key *key)
{
    struct mr_explorer *explorer = self->overlay.explorer;
    struct mr_box *box = &explorer->drawn;
    double x, y;

    if (key->mouse != MR_MOUSE_CLICK && key->mouse != MR_MOUSE_DOUBLE)
        return;
    point_at(explorer, key->row, key->col, &x, &y);
    if (!self->has_corner) {
        self->corner_x = x;
        self->corner_y = y;
        *box = (struct mr_box){clamp(x, 0, 1 - LEAST), clamp(y, 0, 1 - LEAST), LEAST, LEAST};
    } else {
        *box = (struct mr_box){x < self->corner_x ? x : self->corner_x,
                               y < self->corner_y ? y : self->corner_y, 0, 0};
        resize(box, clamp(x + self->corner_x - 2 * box->x, LEAST, 1),
               clamp(y + self->corner_y - 2 * box->y, LEAST, 1));
        box->x = clamp(box->x, 0, 1 - box->w);
        box->y = clamp(box->y, 0, 1 - box->h);
    }
    self->has_corner = !self->has_corner;
}

static void save(const struct drawing *self)
{
    struct mr_explorer *explorer = self->overlay.explorer;
    struct mr_decision decision = {.image = self->image,
                                   .kind = MR_DECISION_BOX,
                                   .from_class = -1,
                                   .to_class = self->class_id,
                                   .box = explorer->drawn};

    mr_decide_submit(explorer, &decision);
}

static enum mr_overlay_reply key(struct mr_overlay *overlay, const struct mr_key *pressed)
{
    struct drawing *self = (struct drawing *)overlay;
    struct mr_box *box = &overlay->explorer->drawn;
    int code = pressed->code, n = overlay->explorer->facts.names.n;

    if (code == 27 || code == MR_CTRL('c'))
        return MR_OVERLAY_CLOSES;
    if (code == '\r') {
        save(self);
        return MR_OVERLAY_CLOSES;
    }
    if (code == MR_KEY_MOUSE)
        click(self, pressed);
    else if (code == '\t')
        self->class_id = (self->class_id + 1) % n;
    else if (code >= '1' && code <= '9' && code - '1' < n)
        self->class_id = code - '1';
    else if (code == '+' || code == '=' || code == '-')
        grow(box, code == '-' ? -STEP : STEP);
    for (size_t i = 0; i < sizeof strokes / sizeof *strokes; i++)
        if (code == strokes[i].keys[0] || code == strokes[i].keys[1])
            strokes[i].change(box, strokes[i].x, strokes[i].y);
    return MR_OVERLAY_STAYS;
}

static void draw(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    const struct drawing *self = (const struct drawing *)overlay;
    const struct mr_box *box = &overlay->explorer->drawn;
    char name[160];

    mr_ink_fill(ink, (struct mr_rect_cells){0, 0, 1, mr_ink_cols(ink)}, MR_STYLE_MODE);
    mr_names_short(&overlay->explorer->facts.names, self->class_id, 20, name, sizeof name);
    mr_ink_textf(ink, 0, 1, MR_STYLE_MODE, "BOX %s %.2f %.2f  %.2f x %.2f", name, box->x, box->y,
                 box->w, box->h);
}

static const struct mr_overlay_hint *hints(const struct mr_overlay *overlay)
{
    static const struct mr_overlay_hint rows[] = {
        {"Enter", "save"},     {"arrows", "move"}, {"HJKL + -", "size"}, {"Tab", "class"},
        {"clicks", "corners"}, {"Esc", "leave"},   {NULL, NULL},
    };

    return rows;
}

static void finish(struct mr_overlay *overlay)
{
    overlay->explorer->drawn = (struct mr_box){0};
}

static const struct mr_overlay_ops ops = {
    .size = sizeof(struct drawing),
    .is_line = true,
    .draw = draw,
    .key = key,
    .finish = finish,
    .hints = hints,
};

void mr_box_open(struct mr_explorer *explorer, int64_t image)
{
    struct drawing *self;
    int now = mr_reading_label_now(&explorer->facts, &explorer->desk, image);

    if (!explorer->facts.names.n)
        return;
    self = (struct drawing *)mr_overlay_create(explorer, &ops, "box");
    self->image = image;
    self->class_id = now < 0 ? 0 : now;
    explorer->drawn = (struct mr_box){.25, .25, .5, .5};
    explorer->looking = (struct mr_looking){.view = MR_LOOK_PLAIN}; /* all of the picture */
}
