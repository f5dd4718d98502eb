/* SPDX-License-Identifier: MIT */
/* Foam that rinsing leaves on the mucosa: clusters of bubbles, each a bright rim with the lamp in
 * it. */
#include "demo_canvas.h"

static float between(struct mr_rng *rng, float lo, float hi)
{
    return (float)mr_rng_between(rng, lo, hi);
}

/* How bright the bubble is at (dx, dy), in radii from its middle. */
static float shine(float dx, float dy)
{
    float off = sqrtf(dx * dx + dy * dy), lamp_x = dx + .35f, lamp_y = dy + .4f;
    float rim = rampf(.62f, .92f, off) * (1 - rampf(.95f, 1.06f, off));
    float lamp = 1 - rampf(.1f, .2f, sqrtf(lamp_x * lamp_x + lamp_y * lamp_y));

    return rim * (.25f + .75f * rampf(-.6f, 1, dx + dy)) * .55f + 1.6f * lamp;
}

static void draw_bubble(struct mr_demo_canvas *cv, float x, float y, float radius)
{
    for (int j = (int)(y - radius) - 1; j <= (int)(y + radius) + 1; j++) {
        for (int i = (int)(x - radius) - 1; i <= (int)(x + radius) + 1; i++) {
            float dx = ((float)i - x) / radius, dy = ((float)j - y) / radius, light, local;
            float *p;

            if (i < 0 || j < 0 || i >= cv->w || j >= cv->h || dx * dx + dy * dy > 1.15f)
                continue;
            p = cv->rgb + ((size_t)j * (size_t)cv->w + (size_t)i) * 3;
            local = .5f * (p[0] + p[1]);
            light = shine(dx, dy) * local * 2.2f;
            for (int c = 0; c < 3; c++)
                p[c] = .93f * p[c] + light;
        }
    }
}

void mr_demo_bubbles(struct mr_demo_canvas *cv, struct mr_rng *rng)
{
    int n_clusters = mr_rng_uniform(rng) < .2 ? 1 + (int)mr_rng_below(rng, 3) : 0;

    for (int k = 0; k < n_clusters; k++) {
        float x = between(rng, cv->view.x, cv->view.x + cv->view.w);
        float y = between(rng, cv->view.y, cv->view.y + cv->view.h);
        float spread = between(rng, .02f, .09f) * cv->view.w;
        int n = 3 + (int)mr_rng_below(rng, 22);

        for (int i = 0; i < n; i++) {
            float size = between(rng, 0, 1);

            draw_bubble(cv, x + spread * (float)mr_rng_normal(rng),
                        y + .7f * spread * (float)mr_rng_normal(rng),
                        (.005f + .022f * size * size * size) * cv->view.w + .8f);
        }
    }
}
