/* SPDX-License-Identifier: MIT */
/* The filter of screen 3: one line, a letter each; it stays open until Enter or Esc. */
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

static int draw_choice(const struct mr_ink *ink, int col, int key, const char *text, bool is_chosen)
{
    enum mr_style style = is_chosen ? MR_STYLE_SELECTED : MR_STYLE_NORMAL;

    mr_ink_textf(ink, 0, col, is_chosen ? style : MR_STYLE_KEY, "%c", key);
    return mr_ink_textf(ink, 0, col + 2, style, "%s", text) + 4;
}

static struct mr_rect_cells place(struct mr_overlay *overlay, struct mr_size_cells screen)
{
    struct mr_rect_cells rect = mr_overlay_middle(screen, 3, 74);

    rect.row = 3;
    return rect;
}

static void draw(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    const struct mr_gallery *gallery = &overlay->explorer->gallery;
    struct mr_ink split =
        mr_ink_sub(ink, (struct mr_rect_cells){1, 0, mr_ink_rows(ink) - 1, mr_ink_cols(ink)});
    int col = 1;

    for (int i = 0; i < MR_N_SHOWS; i++)
        col += draw_choice(ink, col, show_keys[i], mr_show_text((enum mr_show)i),
                           gallery->show == (enum mr_show)i);
    col = 1;
    for (int i = 0; i < MR_N_SPLITS; i++)
        col += draw_choice(&split, col, split_keys[i], mr_split_text((enum mr_split)i),
                           gallery->split == (enum mr_split)i);
    if (gallery->actual >= 0 || gallery->predicted >= 0)
        draw_choice(&split, col, 'c', "all cells", false);
    if (mr_ink_rows(ink) > 2)
        mr_ink_text(ink, 2, 1, MR_STYLE_DIM, "Enter closes");
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
    if (pressed->code == 'c')
        gallery->actual = gallery->predicted = -1;
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
