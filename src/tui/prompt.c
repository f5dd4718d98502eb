/* SPDX-License-Identifier: MIT */
/* One line of text above the footer. */
#include <string.h>

#include <misread/base/str.h>

#include "explorer.h"
#include "line.h"
#include "overlay.h"

struct prompt {
    struct mr_overlay overlay;
    struct mr_line line;
    void (*done)(struct mr_explorer *explorer, const char *text);
};

static void draw(struct mr_overlay *overlay, const struct mr_ink *ink)
{
    struct prompt *self = (struct prompt *)overlay;
    int col = 1;

    mr_ink_fill(ink, (struct mr_rect_cells){0, 0, 1, mr_ink_cols(ink)}, MR_STYLE_NORMAL);
    col += mr_ink_textf(ink, 0, col, MR_STYLE_KEY, "%s: ", overlay->title);
    mr_line_draw(&self->line, ink, 0, col);
}

static enum mr_overlay_reply key(struct mr_overlay *overlay, const struct mr_key *pressed)
{
    struct prompt *self = (struct prompt *)overlay;

    if (pressed->code == 27 || pressed->code == MR_CTRL('c'))
        return MR_OVERLAY_CLOSES;
    if (pressed->code == '\r') {
        self->done(overlay->explorer, self->line.text);
        return MR_OVERLAY_CLOSES;
    }
    mr_line_key(&self->line, pressed);
    return MR_OVERLAY_STAYS;
}

static const struct mr_overlay_ops ops = {
    .size = sizeof(struct prompt),
    .is_line = true,
    .draw = draw,
    .key = key,
};

void mr_prompt_open(struct mr_explorer *explorer, const char *prompt, const char *text,
                    void (*done)(struct mr_explorer *explorer, const char *text))
{
    struct prompt *self = (struct prompt *)mr_overlay_create(explorer, &ops, prompt);

    mr_str_copy(self->line.text, sizeof self->line.text, text);
    self->line.cursor = strlen(self->line.text);
    self->done = done;
}
