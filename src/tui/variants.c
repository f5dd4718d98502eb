/* SPDX-License-Identifier: MIT */
/* Which images are gone through, and what is asked of the program around us for each. */
#include "variants.h"

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/rng.h>
#include <misread/base/str.h>
#include <misread/image/image.h>

#include "explorer.h"

void mr_variants_finish(struct mr_variants *variants)
{
    free(variants->images);
}

/* Their ids are copied. */
static void go_through(struct mr_variants *v, const int64_t *images, int n, int chosen)
{
    free(v->images);
    v->images = mr_xalloc((size_t)n + 1, sizeof *v->images);
    if (n)
        memcpy(v->images, images, (size_t)n * sizeof *v->images);
    v->n = n;
    v->chosen = chosen;
}

void mr_variants_open(struct mr_explorer *explorer, const int64_t *images, int n, int chosen)
{
    struct mr_variants *v = &explorer->variants;

    go_through(v, images, n, chosen);
    v->first = 1;
    mr_explorer_enter(explorer, MR_SCREEN_VARIANTS);
}

/* Sides as a sum of bits. */
#define SIDE(side)   (1u << (side))
#define ALL_BUT_TEST (~SIDE(MR_SIDE_TEST)) /* test images are not looked at */

static int collect(const struct mr_image_table *table, int class_id, unsigned sides, int64_t *ids)
{
    int n = 0;

    for (int i = 0; i < table->n; i++) {
        const struct mr_image_row *row = &table->rows[i];

        if (mr_facts_is_there(row) && (class_id < 0 || row->class_id == class_id) &&
            sides & SIDE(row->side))
            ids[n++] = row->id;
    }
    return n;
}

static void go_through_class(struct mr_explorer *explorer, int class_id)
{
    const struct mr_image_table *table = explorer->facts.images;
    int64_t *ids = mr_xalloc(table ? (size_t)table->n + 1 : 1, sizeof *ids);
    int n = table ? collect(table, class_id, SIDE(MR_SIDE_TRAIN), ids) : 0;

    if (table && !n)
        n = collect(table, class_id, ALL_BUT_TEST, ids);
    go_through(&explorer->variants, ids, n, 0);
    free(ids);
}

void mr_variants_open_class(struct mr_explorer *explorer, int class_id)
{
    struct mr_variants *v = &explorer->variants;

    go_through_class(explorer, class_id);
    v->class_id = class_id;
    v->first = 1;
    mr_explorer_enter(explorer, MR_SCREEN_VARIANTS);
}

void mr_variants_refresh(struct mr_explorer *explorer)
{
    if (!explorer->variants.n)
        go_through_class(explorer, explorer->variants.class_id);
}

/* 0: the one that the start sheet would begin. */
static int run_of(const struct mr_explorer *explorer)
{
    return explorer->facts.has_run ? explorer->facts.run.id : 0;
}

void mr_variants_batch(const struct mr_explorer *explorer, int index, struct mr_tui_batch *batch)
{
    const struct mr_tui_options *options = explorer->options;

    options->ops->batch(options->ops_ctx, run_of(explorer), index, batch);
}

const char *mr_variants_draw(const struct mr_explorer *explorer, const struct mr_ink *ink,
                             struct mr_rect_cells rect, const struct mr_tui_sight *sight)
{
    const struct mr_term_caps *caps = mr_term_get_caps(explorer->term);
    const struct mr_tui_options *options = explorer->options;
    struct mr_size_px box = {rect.cols * caps->cell.w, rect.rows * caps->cell.h};
    const struct mr_image *picture;
    const char *failed = NULL;
    uint64_t version = 0;

    if (!mr_pictures_can(explorer, ink, rect))
        return NULL;
    picture =
        options->ops->sight(options->ops_ctx, run_of(explorer), sight, box, &version, &failed);
    if (picture)
        mr_ink_picture(ink, rect, mr_hash_mix(~version), picture, "");
    else if (!failed)
        mr_pictures_stand_in(ink, rect, "…");
    return failed;
}

void mr_variants_draw_about(const struct mr_ink *ink, int row, const struct mr_tui_batch *batch,
                            int *rows)
{
    struct mr_rect_cells at = {row, 1, mr_ink_rows(ink) - row, mr_ink_cols(ink) - 2};
    char text[sizeof batch->about];

    *rows = 0;
    if (!*batch->about && batch->failed) {
        mr_ink_wrapped(ink, at, MR_STYLE_ERROR, batch->failed);
        return;
    }
    /* pictures are worth more than the end of a sentence */
    at.rows = 1 + mr_ink_rows(ink) / 16;
    mr_safe_text(text, sizeof text, *batch->about ? batch->about : "…", at.rows == 1 ? at.cols : 0,
                 MR_ELIDE_END);
    *rows = mr_ink_wrapped(ink, at, MR_STYLE_DIM, text);
}
