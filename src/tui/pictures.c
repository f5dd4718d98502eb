/* SPDX-License-Identifier: MIT */
/* Pictures of images, asked of the program around us and drawn when they have come. */
#include <misread/base/file.h>
#include <misread/base/rng.h>
#include <misread/base/str.h>
#include <misread/image/image.h>

#include "explorer.h"

static bool overlaps(struct mr_rect_cells a, struct mr_rect_cells b)
{
    return a.row < b.row + b.rows && b.row < a.row + a.rows && a.col < b.col + b.cols &&
           b.col < a.col + a.cols;
}

static struct mr_rect_cells on_screen(const struct mr_ink *ink, struct mr_rect_cells rect)
{
    rect.row += ink->canvas.rect.row;
    rect.col += ink->canvas.rect.col;
    return rect;
}

void mr_pictures_stand_in(const struct mr_ink *ink, struct mr_rect_cells rect, const char *text)
{
    char cut[256];
    int cols = mr_safe_text(cut, sizeof cut, text, rect.cols, MR_ELIDE_END);

    mr_ink_text(ink, rect.row + rect.rows / 2, rect.col + (rect.cols - cols) / 2, MR_STYLE_DIM,
                cut);
}

static bool is_free(const struct mr_explorer *explorer, const struct mr_ink *ink,
                    struct mr_rect_cells rect)
{
    return rect.rows > 0 && rect.cols > 0 && !overlaps(on_screen(ink, rect), explorer->covered);
}

bool mr_pictures_can(const struct mr_explorer *explorer, const struct mr_ink *ink,
                     struct mr_rect_cells rect)
{
    return is_free(explorer, ink, rect) &&
           mr_term_get_caps(explorer->term)->graphics != MR_GRAPHICS_NONE;
}

void mr_pictures_draw(struct mr_explorer *explorer, const struct mr_ink *ink,
                      struct mr_rect_cells rect, int64_t image)
{
    const struct mr_term_caps *caps = mr_term_get_caps(explorer->term);
    const struct mr_tui_ops *ops = explorer->options->ops;
    struct mr_size_px box = {rect.cols * caps->cell.w, rect.rows * caps->cell.h};
    const char *failed = NULL;
    const struct mr_image *picture;
    char name[64];

    if (!is_free(explorer, ink, rect))
        return;
    mr_pictures_name(explorer, image, rect.cols, name, sizeof name);
    if (caps->graphics == MR_GRAPHICS_NONE) {
        mr_pictures_stand_in(ink, rect, name);
        return;
    }
    picture = ops->picture(explorer->options->ops_ctx, image, box, &failed);
    if (picture)
        mr_ink_picture(ink, rect,
                       mr_hash_mix((uint64_t)image) ^ (uint64_t)picture->w << 32 ^
                           (uint64_t)picture->h,
                       picture, name);
    else
        mr_pictures_stand_in(ink, rect, failed ? failed : "…");
}

void mr_pictures_name(const struct mr_explorer *explorer, int64_t image, int cols, char *out,
                      size_t cap)
{
    char path[1024];

    if (explorer->is_blind) {
        mr_str_copy(out, cap, "the image");
        return;
    }
    mr_facts_path(&explorer->facts, image, 0, path, sizeof path);
    mr_safe_text(out, cap, *path ? mr_path_base(path) : "?", cols, MR_ELIDE_MIDDLE);
}
