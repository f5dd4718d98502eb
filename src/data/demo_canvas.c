/* SPDX-License-Identifier: MIT */
/* The canvas of a demo image: its memory, its size, the black frame of the scope's window. */
#include "demo_canvas.h"

#include <stdlib.h>

#include <misread/base/alloc.h>

enum mr_status mr_demo_canvas_create(struct mr_demo_canvas **canvas, struct mr_error *err)
{
    const size_t n = (size_t)MR_DEMO_MAX_W * MR_DEMO_MAX_H;
    struct mr_demo_canvas *c = mr_xalloc(1, sizeof *c);

    c->rgb = mr_alloc_aligned(n * 3 * sizeof *c->rgb);
    c->spare = mr_alloc_aligned(n * 3 * sizeof *c->spare);
    c->hits = mr_alloc_aligned((size_t)MR_DEMO_GRID * MR_DEMO_GRID * sizeof *c->hits);
    for (int i = 0; i < 3; i++)
        c->rows[i] = mr_alloc_aligned(MR_DEMO_MAX_W * sizeof *c->rows[i]);
    if (!c->rgb || !c->spare || !c->hits || !c->rows[0] || !c->rows[1] || !c->rows[2]) {
        mr_demo_canvas_destroy(c);
        return mr_fail(err, MR_E_NOMEM, "no memory to draw the demo images");
    }
    *canvas = c;
    return MR_OK;
}

void mr_demo_canvas_destroy(struct mr_demo_canvas *canvas)
{
    if (!canvas)
        return;
    free(canvas->rgb);
    free(canvas->spare);
    for (int i = 0; i < 3; i++)
        free(canvas->rows[i]);
    free(canvas->hits);
    free(canvas);
}

void mr_demo_canvas_frame(struct mr_demo_canvas *c, struct mr_rng *rng)
{
    double size = mr_rng_uniform(rng), form = mr_rng_uniform(rng);
    double aspect = mr_rng_between(rng, 1.25, 4 / 3.);
    struct mr_demo_view *v = &c->view;
    float margin;

    c->w = 2 * (int)(mr_rng_between(rng, 160, 205) + 155 * size * size * size * size);
    c->h = (int)(c->w / aspect);
    if (c->h > MR_DEMO_MAX_H)
        c->h = MR_DEMO_MAX_H;
    margin = (float)mr_rng_between(rng, 0, .03) * (float)c->w;
    *v = (struct mr_demo_view){
        margin, margin, (float)c->w - 2 * margin, (float)c->h - 2 * margin, MR_DEMO_OCTAGON, .26f};
    v->cut = (float)mr_rng_between(rng, .16, .34);
    if (mr_rng_uniform(rng) < .4) { /* a black panel for text beside the view */
        float panel = (float)mr_rng_between(rng, .08, .2) * (float)c->w;

        v->x += panel;
        v->w -= panel;
    }
    if (form > .8) {
        v->shape = MR_DEMO_CIRCLE;
        v->cut = (float)mr_rng_between(rng, .02, .16);
    } else if (form > .65) {
        v->shape = MR_DEMO_ROUNDED;
        v->cut = (float)mr_rng_between(rng, .08, .3);
    }
}

/* How far (x, y), from the middle of the view, is outside of it. */
static float outside(const struct mr_demo_view *v, float x, float y)
{
    float half_w = .5f * v->w, half_h = .5f * v->h, shorter = minf(v->w, v->h);
    float dx = fabsf(x) - half_w, dy = fabsf(y) - half_h, box = maxf(dx, dy);
    float cut = v->cut * shorter;

    if (v->shape == MR_DEMO_OCTAGON)
        return maxf(box, (dx + dy + cut) * .7071f);
    if (v->shape == MR_DEMO_CIRCLE)
        return maxf(box, sqrtf(x * x + y * y) - (.5f + v->cut) * shorter);
    dx = maxf(dx + cut, 0);
    dy = maxf(dy + cut, 0);
    return maxf(box, sqrtf(dx * dx + dy * dy) - cut);
}

float mr_demo_view_cover(const struct mr_demo_view *v, float x, float y)
{
    return clampf(.5f - outside(v, x + .5f - v->x - .5f * v->w, y + .5f - v->y - .5f * v->h), 0, 1);
}
