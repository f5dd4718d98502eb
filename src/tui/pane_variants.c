/* SPDX-License-Identifier: MIT */
/* One image as it is, and eight times as augmentation may show it to the network. */
#include <stdio.h>

#include <misread/base/str.h>

#include "explorer.h"
#include "pane.h"
#include "tiles.h"

struct variants_pane {
    struct mr_pane pane;
    struct mr_tiles tiles;
};

static void move(struct mr_explorer *explorer, int by)
{
    struct mr_variants *v = &explorer->variants;
    int to = v->chosen + by;

    to = to >= v->n ? v->n - 1 : to;
    to = to < 0 ? 0 : to;
    if (to == v->chosen)
        mr_explorer_say(explorer, by < 0 ? "this is the first image" : "this is the last image");
    v->chosen = to;
}

static enum mr_pane_reply act(struct mr_pane *pane, enum mr_act what)
{
    struct mr_variants *v = &pane->explorer->variants;
    const struct {
        enum mr_act act;
        int by;
    } moves[] = {{MR_ACT_PREVIOUS, -1}, {MR_ACT_NEXT, 1},      {MR_ACT_UP, -1},
                 {MR_ACT_DOWN, 1},      {MR_ACT_FIRST, -v->n}, {MR_ACT_LAST, v->n}};

    if (what == MR_ACT_VARIANTS) {
        v->first += MR_N_VARIANTS;
        return MR_PANE_DONE;
    }
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (moves[i].act == what) {
            move(pane->explorer, moves[i].by);
            return MR_PANE_DONE;
        }
    return MR_PANE_IGNORED;
}

/* "0a7b.jpg · esophagitis · train", and which of how many. */
static void draw_heading(const struct mr_explorer *explorer, const struct mr_ink *ink,
                         int64_t image)
{
    const struct mr_image_row *row =
        explorer->facts.images ? mr_images_find(explorer->facts.images, image) : NULL;
    int cols = mr_ink_cols(ink), n, col;
    char at[48], name[160], class_name[160];

    n = snprintf(at, sizeof at, "%d of %d", explorer->variants.chosen + 1, explorer->variants.n);
    mr_ink_right(ink, 0, cols - 1, MR_STYLE_DIM, at);
    mr_pictures_name(explorer, image, cols / 2, name, sizeof name);
    col = 1 + mr_ink_text(ink, 0, 1, MR_STYLE_BOLD, name);
    if (!row)
        return;
    mr_names_short(&explorer->facts.names, row->class_id, cols - col - n - 14, class_name,
                   sizeof class_name);
    mr_ink_textf(ink, 0, col, MR_STYLE_DIM, " · %s · %s", class_name, mr_side_text(row->side));
}

static void draw_whole(struct mr_explorer *explorer, const struct mr_ink *ink,
                       struct mr_rect_cells at, int64_t image)
{
    mr_pictures_draw(explorer, ink, at, image);
    mr_ink_text(ink, at.row + at.rows, at.col, MR_STYLE_NORMAL, "as it is");
}

static void draw_tiles(struct variants_pane *self, const struct mr_ink *ink, int row, int64_t image)
{
    struct mr_explorer *explorer = self->pane.explorer;
    struct mr_size_cells room = {.rows = mr_ink_rows(ink) - row, .cols = mr_ink_cols(ink) - 1};
    const char *failed = NULL;

    self->tiles.captions = 1;
    mr_tiles_fit(&self->tiles, explorer, room, 1 + MR_N_VARIANTS);
    draw_whole(explorer, ink, mr_tiles_rect(&self->tiles, row, 0), image);
    for (int i = 1; i <= MR_N_VARIANTS && !failed; i++) {
        const struct mr_tui_sight sight = {.image = image,
                                           .look = explorer->variants.first + i - 1};
        struct mr_rect_cells at = mr_tiles_rect(&self->tiles, row, i);

        failed = mr_variants_draw(explorer, ink, at, &sight);
        if (failed) { /* as the others will: there is room for the whole sentence */
            at.cols = mr_ink_cols(ink) - at.col - 1;
            mr_ink_wrapped(ink, at, MR_STYLE_WARNING, failed);
        } else {
            mr_ink_textf(ink, at.row + at.rows, at.col, MR_STYLE_DIM, "%d", sight.look);
        }
    }
}

static void draw(struct mr_pane *pane, const struct mr_ink *ink)
{
    struct mr_explorer *explorer = pane->explorer;
    const struct mr_variants *v = &explorer->variants;
    struct mr_tui_batch batch = {.n = 0};
    int rows;

    if (!v->n) {
        mr_ink_text(ink, 2, 2, MR_STYLE_NORMAL, "no images are known yet");
        mr_ink_text(ink, 3, 2, MR_STYLE_DIM, "M on screen 5 looks for them, S starts training");
        return;
    }
    draw_heading(explorer, ink, v->images[v->chosen]);
    mr_variants_batch(explorer, 0, &batch);
    mr_variants_draw_about(ink, 1, &batch, &rows);
    if (!rows)
        return;
    if (mr_term_get_caps(explorer->term)->graphics == MR_GRAPHICS_NONE)
        mr_ink_text(ink, 2 + rows, 1, MR_STYLE_NORMAL, "there are no pictures here: try ^g");
    else
        draw_tiles((struct variants_pane *)pane, ink, 1 + rows, v->images[v->chosen]);
}

static void refresh(struct mr_pane *pane)
{
    mr_variants_refresh(pane->explorer);
}

const struct mr_pane_ops mr_pane_variants_ops = {
    .title = "variants",
    .is_plain = true,
    .size = sizeof(struct variants_pane),
    .refresh = refresh,
    .act = act,
    .draw = draw,
};
