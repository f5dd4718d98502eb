/* SPDX-License-Identifier: MIT */
/* Rows of equal tiles; how large is the user's choice, or as large as all fit. */
#include "tiles.h"

#include "explorer.h"
#include "pane.h"

/* Cells of a picture; letterboxed, so that about 5:4 suits most. */
static const struct mr_size_cells sizes[] = {{12, 5}, {16, 6}, {20, 8}, {28, 11}, {40, 16}};
#define N_SIZES ((int)(sizeof sizes / sizeof *sizes))

static struct mr_size_px cell_of(const struct mr_explorer *explorer)
{
    return mr_term_get_caps(explorer->term)->cell;
}

void mr_tiles_lay(struct mr_tiles *tiles, const struct mr_explorer *explorer,
                  struct mr_size_cells room, int n, int chosen)
{
    struct mr_size_cells wish = sizes[explorer->picture_size];
    struct mr_size_px cell = cell_of(explorer);

    if (tiles->is_square)
        wish.cols = (wish.rows * cell.h + cell.w / 2) / cell.w;
    tiles->per_row = room.cols / (wish.cols + 2);
    tiles->per_row = tiles->per_row < 1 ? 1 : tiles->per_row;
    tiles->wide = room.cols / tiles->per_row;
    tiles->high = ((tiles->wide - 2) * wish.rows + wish.cols / 2) / wish.cols + tiles->captions;
    /* rather one row more of pictures a little lower than a dead margin below */
    tiles->n_rows = (room.rows + tiles->high / 2) / tiles->high;
    if (tiles->n_rows > MR_TUI_MAX_PICTURES / tiles->per_row)
        tiles->n_rows = MR_TUI_MAX_PICTURES / tiles->per_row;
    tiles->n_rows = tiles->n_rows < 1 ? 1 : tiles->n_rows;
    if (tiles->high > room.rows / tiles->n_rows)
        tiles->high = room.rows / tiles->n_rows;
    tiles->top = mr_pane_scroll(tiles->top, chosen / tiles->per_row, tiles->n_rows,
                                (n + tiles->per_row - 1) / tiles->per_row);
}

void mr_tiles_fit(struct mr_tiles *tiles, const struct mr_explorer *explorer,
                  struct mr_size_cells room, int n)
{
    struct mr_size_px cell = cell_of(explorer);
    int best = -1;

    for (int per_row = 1; per_row <= n; per_row++) {
        int n_rows = (n + per_row - 1) / per_row;
        int w = (room.cols / per_row - 2) * cell.w;
        int h = (room.rows / n_rows - tiles->captions) * cell.h, side = w < h ? w : h;

        if (side <= best)
            continue;
        best = side;
        tiles->per_row = per_row;
        tiles->n_rows = n_rows;
    }
    tiles->top = 0;
    tiles->wide = (best + cell.w - 1) / cell.w + 2;
    tiles->high = (best + cell.h - 1) / cell.h + tiles->captions;
}

void mr_tiles_shown(const struct mr_tiles *tiles, int n, int *from, int *to)
{
    *from = tiles->top * tiles->per_row;
    *to = *from + tiles->n_rows * tiles->per_row;
    *to = *to < n ? *to : n;
}

struct mr_rect_cells mr_tiles_rect(const struct mr_tiles *tiles, int row, int i)
{
    return (struct mr_rect_cells){row + (i / tiles->per_row - tiles->top) * tiles->high,
                                  1 + i % tiles->per_row * tiles->wide,
                                  tiles->high - tiles->captions, tiles->wide - 2};
}

int mr_tiles_at(const struct mr_tiles *tiles, int row, int col)
{
    if (row < 0 || col < 1 || !tiles->wide || (col - 1) / tiles->wide >= tiles->per_row)
        return -1;
    return (tiles->top + row / tiles->high) * tiles->per_row + (col - 1) / tiles->wide;
}

bool mr_tiles_move(const struct mr_tiles *tiles, enum mr_act act, int *chosen, int n)
{
    int per_row = tiles->per_row > 0 ? tiles->per_row : 1, page = per_row * tiles->n_rows;
    const struct {
        enum mr_act act;
        int by;
    } moves[] = {
        {MR_ACT_LEFT, -1},           {MR_ACT_RIGHT, 1},       {MR_ACT_UP, -per_row},
        {MR_ACT_DOWN, per_row},      {MR_ACT_PAGE_UP, -page}, {MR_ACT_PAGE_DOWN, page},
        {MR_ACT_FIRST, -n},          {MR_ACT_LAST, n},        {MR_ACT_MATCH_NEXT, 1},
        {MR_ACT_MATCH_PREVIOUS, -1},
    };

    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        int to = *chosen + moves[i].by;

        if (moves[i].act != act)
            continue;
        /* down from above a short last row stays in its column's picture only if there is one */
        if (act == MR_ACT_DOWN && to >= n && *chosen / per_row == (n - 1) / per_row)
            return true;
        to = to >= n ? n - 1 : to;
        *chosen = to < 0 ? 0 : to;
        return true;
    }
    return false;
}

void mr_tiles_mark(const struct mr_ink *ink, struct mr_rect_cells rect)
{
    for (int row = 0; row < rect.rows; row++) {
        mr_ink_text(ink, rect.row + row, rect.col - 1, MR_STYLE_BORDER_FOCUS, "▐");
        mr_ink_text(ink, rect.row + row, rect.col + rect.cols, MR_STYLE_BORDER_FOCUS, "▌");
    }
}

void mr_tiles_resize(struct mr_explorer *explorer, int by)
{
    int to = explorer->picture_size + by;

    if (to >= 0 && to < N_SIZES)
        explorer->picture_size = to;
}
