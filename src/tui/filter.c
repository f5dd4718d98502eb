/* SPDX-License-Identifier: MIT */
/* The filter of screen 3: a letter for each choice; it stays open until Enter or Esc. And the order
 * of its images: a letter chooses and closes. */
#include <string.h>

#include <misread/base/str.h>

#include "explorer.h"
#include "overlay.h"

struct filter {
    struct mr_overlay overlay;
};

static const int show_keys[] = {
#define X(name, key, text) key,
    MR_SHOW_LIST(X)
#undef X
};
static const int split_keys[] = {
#define X(name, key, text) key,
    MR_SPLIT_LIST(X)
#undef X
};

static const int order_keys[] = {
#define X(name, key, text) key,
    MR_GALLERY_ORDER_LIST(X)
#undef X
};

/* Where the next choice goes: behind the last, on the next line where that is full. */
struct pen {
    const struct mr_ink *ink;
    int row, col;
};

static void draw_choice(struct pen *pen, int key, const char *text, bool is_chosen)
{
    enum mr_style style = is_chosen ? MR_STYLE_SELECTED : MR_STYLE_NORMAL;

    if (pen->col + 2 + mr_text_cols(text) > mr_ink_cols(pen->ink)) {
        pen->row++;
        pen->col = 1;
    }
    mr_ink_textf(pen->ink, pen->row, pen->col, is_chosen ? style : MR_STYLE_KEY, "%c", key);
    pen->col += mr_ink_textf(pen->ink, pen->row, pen->col + 2, style, "%s", text) + 3;
}

/* Both at the bottom, so that the first images are seen as they change. */
static struct mr_rect_cells place(struct mr_overlay *overlay, struct mr_size_cells screen)
{
    struct mr_rect_cells rect = mr_overlay_middle(screen, 5, 74);

    rect.row = screen.rows - 2 - rect.rows;
    return rect;
}

static void draw(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    const struct mr_gallery *gallery = &overlay->explorer->gallery;
    struct pen pen = {ink, 0, 1};

    for (int i = 0; i < MR_N_SHOWS; i++)
        draw_choice(&pen, show_keys[i], mr_show_text((enum mr_show)i),
                    gallery->show == (enum mr_show)i);
    pen = (struct pen){ink, pen.row + 1, 1};
    for (int i = 0; i < MR_N_SPLITS; i++)
        draw_choice(&pen, split_keys[i], mr_split_text((enum mr_split)i),
                    gallery->split == (enum mr_split)i);
    if (gallery->actual >= 0 || gallery->predicted >= 0 || gallery->listed)
        draw_choice(&pen, 'c', "all cells", false);
    pen = (struct pen){ink, pen.row + 1, 1};
    draw_choice(&pen, 'l', "likely wrong labels alone, by cross-validation", gallery->only_doubted);
    if (pen.row + 1 < mr_ink_rows(ink))
        mr_ink_text(ink, pen.row + 1, 1, MR_STYLE_DIM, "Enter closes");
}

static enum mr_overlay_reply key(struct mr_overlay *overlay, const struct mr_key *pressed)
{
    struct mr_gallery *gallery = &overlay->explorer->gallery;

    if (pressed->code == 27 || pressed->code == '\r' || pressed->code == 'F')
        return MR_OVERLAY_CLOSES;
    for (int i = 0; i < MR_N_SHOWS; i++)
        if (pressed->code == show_keys[i])
            gallery->show = (enum mr_show)i;
    for (int i = 0; i < MR_N_SPLITS; i++)
        if (pressed->code == split_keys[i])
            gallery->split = (enum mr_split)i;
    if (pressed->code == 'c') {
        gallery->actual = gallery->predicted = -1;
        mr_gallery_unlist(gallery);
    }
    if (pressed->code == 'l')
        gallery->only_doubted = !gallery->only_doubted;
    gallery->is_stale = true;
    mr_explorer_recount(overlay->explorer);
    return MR_OVERLAY_STAYS;
}

static const struct mr_overlay_ops ops = {
    .size = sizeof(struct filter),
    .place = place,
    .draw = draw,
    .key = key,
};

void mr_filter_open(struct mr_explorer *explorer)
{
    mr_overlay_create(explorer, &ops, "show");
}

/* ---- sort ---- */

/* Where the lines of the panel begin: of the epoch, of the cross-validation, of all epochs. */
static const enum mr_gallery_order line_begins[] = {MR_GALLERY_BY_LOSS, MR_GALLERY_BY_SELF,
                                                    MR_GALLERY_BY_AUM, MR_GALLERY_BY_VARIABILITY,
                                                    MR_N_GALLERY_ORDERS};
static const char *const line_names[] = {"this epoch", "doubts", "all epochs", ""};

static void draw_sort(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    enum mr_gallery_order chosen = overlay->explorer->gallery.order;

    for (int line = 0; line < 4 && line < mr_ink_rows(ink); line++) {
        struct mr_ink row = mr_ink_sub(ink, (struct mr_rect_cells){line, 0, 1, mr_ink_cols(ink)});
        struct pen pen = {&row, 0, 12};

        mr_ink_text(&row, 0, 1, MR_STYLE_DIM, line_names[line]);
        for (int i = line_begins[line]; i < (int)line_begins[line + 1]; i++) {
            const char *text = mr_gallery_order_text((enum mr_gallery_order)i);

            text += strncmp(text, "by ", 3) ? 0 : 3;
            draw_choice(&pen, order_keys[i], text, chosen == (enum mr_gallery_order)i);
        }
    }
    if (mr_ink_rows(ink) > 4)
        mr_ink_text(ink, 4, 1, MR_STYLE_DIM, "a letter sorts, Esc leaves it as it is");
}

static enum mr_overlay_reply key_sort(struct mr_overlay *overlay, const struct mr_key *pressed)
{
    struct mr_explorer *explorer = overlay->explorer;

    for (int i = 0; i < MR_N_GALLERY_ORDERS; i++) {
        if (pressed->code != order_keys[i])
            continue;
        explorer->gallery.order = (enum mr_gallery_order)i;
        explorer->gallery.is_stale = true;
        mr_explorer_recount(explorer);
        mr_explorer_say(explorer, "sorted %s", mr_gallery_order_text(explorer->gallery.order));
        return MR_OVERLAY_CLOSES;
    }
    return pressed->code == 27 || pressed->code == '\r' ? MR_OVERLAY_CLOSES : MR_OVERLAY_STAYS;
}

static const struct mr_overlay_ops sort_ops = {
    .size = sizeof(struct filter),
    .place = place,
    .draw = draw_sort,
    .key = key_sort,
};

void mr_sort_open(struct mr_explorer *explorer)
{
    mr_overlay_create(explorer, &sort_ops, "sort");
}
