/* SPDX-License-Identifier: MIT */
/* What overlays share, and the smallest of them: a text, and a question with a few answers. */
#include "overlay.h"

#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>

#include "explorer.h"

struct mr_overlay *mr_overlay_create(struct mr_explorer *explorer, const struct mr_overlay_ops *ops,
                                     const char *title)
{
    struct mr_overlay *overlay = mr_xalloc(1, ops->size);

    overlay->ops = ops;
    overlay->explorer = explorer;
    mr_str_copy(overlay->title, sizeof overlay->title, title);
    explorer->overlay = overlay;
    explorer->is_dirty = true;
    return overlay;
}

void mr_overlay_destroy(struct mr_overlay *overlay)
{
    if (!overlay)
        return;
    if (overlay->ops->finish)
        overlay->ops->finish(overlay);
    free(overlay);
}

struct mr_rect_cells mr_overlay_middle(struct mr_size_cells screen, int rows, int cols)
{
    int most_rows = screen.rows - 4, most_cols = screen.cols - 4;

    rows = rows + 2 > most_rows ? most_rows : rows + 2;
    cols = cols + 2 > most_cols ? most_cols : cols + 2;
    return (struct mr_rect_cells){2 + (most_rows - rows) / 2, (screen.cols - cols) / 2, rows, cols};
}

/* ---- a text ---- */

struct text {
    struct mr_overlay overlay;
    char *text; /* owned */
};

static struct mr_rect_cells text_place(struct mr_overlay *overlay, struct mr_size_cells screen)
{
    int cols = screen.cols - 8;
    int rows = mr_ink_n_lines(((struct text *)overlay)->text, cols - 2);

    return mr_overlay_middle(screen, rows, cols);
}

static void text_draw(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    mr_ink_wrapped(ink, (struct mr_rect_cells){0, 1, mr_ink_rows(ink), mr_ink_cols(ink) - 2},
                   MR_STYLE_NORMAL, ((struct text *)overlay)->text);
}

/* The mouse selects. */
static enum mr_overlay_reply text_key(struct mr_overlay *overlay, const struct mr_key *key)
{
    return key->code == MR_KEY_MOUSE ? MR_OVERLAY_STAYS : MR_OVERLAY_CLOSES;
}

static void text_finish(struct mr_overlay *overlay)
{
    free(((struct text *)overlay)->text);
}

static const struct mr_overlay_ops text_ops = {
    .size = sizeof(struct text),
    .place = text_place,
    .draw = text_draw,
    .key = text_key,
    .finish = text_finish,
};

void mr_show_open(struct mr_explorer *explorer, const char *title, const char *text)
{
    struct text *self = (struct text *)mr_overlay_create(explorer, &text_ops, title);
    char safe[4096];

    mr_safe_text(safe, sizeof safe, text, 0, MR_ELIDE_END);
    self->text = mr_xstrdup(safe);
}

/* ---- a question ---- */

struct ask {
    struct mr_overlay overlay;
    const struct mr_answer *answers; /* borrowed: static */
    int n, cursor;
    void (*answer)(struct mr_explorer *explorer, int index);
};

static struct mr_rect_cells ask_place(struct mr_overlay *overlay, struct mr_size_cells screen)
{
    struct ask *self = (struct ask *)overlay;
    int cols = mr_text_cols(overlay->title) + 4;

    for (int i = 0; i < self->n; i++) {
        int need = mr_text_cols(self->answers[i].text) + 8;

        cols = need > cols ? need : cols;
    }
    return mr_overlay_middle(screen, self->n, cols);
}

static void ask_draw(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    struct ask *self = (struct ask *)overlay;
    int cols = mr_ink_cols(ink);

    for (int i = 0; i < self->n; i++) {
        enum mr_style style = i == self->cursor ? MR_STYLE_SELECTED : MR_STYLE_NORMAL;

        mr_ink_fill(ink, (struct mr_rect_cells){i, 0, 1, cols}, style);
        mr_ink_textf(ink, i, 1, i == self->cursor ? style : MR_STYLE_KEY, "%c",
                     self->answers[i].key);
        mr_ink_text(ink, i, 4, style, self->answers[i].text);
    }
}

static enum mr_overlay_reply ask_key(struct mr_overlay *overlay, const struct mr_key *key)
{
    struct ask *self = (struct ask *)overlay;
    int chosen = key->code == '\r' ? self->cursor : -1;

    if (key->code == 27 || key->code == MR_CTRL('c'))
        return MR_OVERLAY_CLOSES;
    if (key->code == MR_KEY_UP || key->code == 'k')
        self->cursor -= self->cursor > 0;
    if (key->code == MR_KEY_DOWN || key->code == 'j' || key->code == '\t')
        self->cursor += self->cursor < self->n - 1;
    for (int i = 0; i < self->n; i++)
        if (key->code == self->answers[i].key)
            chosen = i;
    if (chosen < 0)
        return MR_OVERLAY_STAYS;
    self->answer(overlay->explorer, chosen);
    return MR_OVERLAY_CLOSES;
}

static const struct mr_overlay_ops ask_ops = {
    .size = sizeof(struct ask),
    .place = ask_place,
    .draw = ask_draw,
    .key = ask_key,
};

void mr_ask_open(struct mr_explorer *explorer, const char *question,
                 const struct mr_answer *answers, int n,
                 void (*answer)(struct mr_explorer *explorer, int index))
{
    struct ask *self = (struct ask *)mr_overlay_create(explorer, &ask_ops, question);

    self->answers = answers;
    self->n = n;
    self->answer = answer;
}
