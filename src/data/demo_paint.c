/* SPDX-License-Identifier: MIT */
/*
 * The colours of a demo scene and the light of its two lamps. Shapes come from a coarse grid of
 * rays; colour, relief and glints are worked out for every pixel between them.
 */
#include <stdlib.h>

#include "demo_canvas.h"
#include "demo_noise.h"

/* The colours of one image, all albedos. */
struct palette {
    struct v3 mucosa, flush, pale, vessel, polyp, dye, residue;
    float vessels, vessel_scale; /* how dark, periods a unit */
    int tree;
    float patches, speckle, grain, pits, exudate;
    float dyed, residual;
    float shine, gloss;
    struct v3 squamous, gastric;
};

/* What is known of one pixel before light falls on it. */
struct point {
    struct mr_demo_hit hit;
    struct v3 at; /* in the noise of this scene */
    float step;   /* scene units a pixel */
};

static float between(struct mr_rng *rng, float lo, float hi)
{
    return (float)mr_rng_between(rng, lo, hi);
}

static float rare(struct mr_rng *rng, double p, float lo, float hi)
{
    float x = between(rng, lo, hi);

    return mr_rng_uniform(rng) < p ? x : 0;
}

/* --- colours --------------------------------------------------------------------------------- */

static struct v3 draw_mucosa(struct mr_rng *rng)
{
    static const struct v3 kinds[] = {
        {.80f, .44f, .36f}, {.82f, .50f, .45f}, {.84f, .52f, .33f}, {.74f, .36f, .28f},
        {.78f, .46f, .40f}, {.86f, .60f, .46f}, {.72f, .40f, .38f},
    };
    int a = (int)mr_rng_below(rng, 7), b = (int)mr_rng_below(rng, 7);

    return v3_scale(v3_mix(kinds[a], kinds[b], between(rng, 0, 1)), between(rng, .9f, 1.08f));
}

static void draw_palette(struct palette *c, const struct mr_demo_scene *s, struct mr_rng *rng)
{
    static const struct v3 dyes[] = {
        {.10f, .26f, .42f}, {.12f, .32f, .40f}, {.08f, .18f, .40f}, {.16f, .34f, .34f}};

    c->mucosa = draw_mucosa(rng);
    c->flush = v3_mul(c->mucosa, v3(.9f, between(rng, .5f, .75f), between(rng, .5f, .75f)));
    c->pale = v3_mix(c->mucosa, v3(.88f, .72f, .6f), between(rng, .35f, .7f));
    c->vessel = v3(between(rng, .62f, .8f), between(rng, .3f, .5f), between(rng, .34f, .55f));
    c->polyp = v3_mul(c->mucosa, v3(between(rng, .92f, 1.1f), between(rng, .7f, 1.15f),
                                    between(rng, .7f, 1.15f)));
    c->dye = v3_mix(dyes[mr_rng_below(rng, 4)], dyes[mr_rng_below(rng, 4)], between(rng, 0, 1));
    c->residue = v3(between(rng, .6f, .75f), between(rng, .5f, .6f), between(rng, .14f, .3f));
    c->vessels = between(rng, .35f, 1);
    c->vessel_scale = between(rng, .22f, .42f);
    c->tree = (int)mr_rng_below(rng, MR_DEMO_VESSELS);
    c->patches = between(rng, .15f, .7f);
    c->grain = between(rng, .0015f, .005f);
    c->pits = between(rng, .1f, .5f);
    c->dyed = between(rng, .75f, 1);
    c->residual = rare(rng, .25, .3f, .9f);
    c->shine = between(rng, .5f, 1.5f);
    c->gloss = between(rng, 30, 90);
    c->squamous = v3_mix(c->pale, v3(.86f, .66f, .6f), between(rng, .3f, .8f));
    c->gastric = v3_mul(c->mucosa, v3(.95f, between(rng, .58f, .82f), between(rng, .52f, .78f)));
    if (s->label == MR_DEMO_COLITIS) {
        c->vessels = 0;
        c->speckle = between(rng, .5f, 1);
        c->exudate = between(rng, .1f, .9f);
        c->grain = between(rng, .008f, .016f);
        c->patches = between(rng, .5f, 1);
    } else if (s->wall != mr_demo_wall_bowel) {
        c->vessels *= between(rng, 0, .45f);
    }
}

/* Reads a periodic texture from three sides, so that it has no seam anywhere on the wall. */
static float all_round(const unsigned char *texture, int side, struct v3 p, struct v3 n,
                       float scale)
{
    float wx = n.x * n.x, wy = n.y * n.y, wz = n.z * n.z, value = 0, sum;

    wx *= wx;
    wy *= wy;
    wz *= wz;
    sum = wx + wy + wz + 1e-6f;
    p = v3_scale(p, scale);
    if (wx > .02f * sum)
        value += wx * mr_demo_texel(texture, side, p.y, p.z);
    if (wy > .02f * sum)
        value += wy * mr_demo_texel(texture, side, p.z + .37f, p.x);
    if (wz > .02f * sum)
        value += wz * mr_demo_texel(texture, side, p.x + .71f, p.y);
    return value / sum;
}

static struct v3 paint_mucosa(const struct palette *c, const struct mr_demo_scene *s,
                              const struct point *pt)
{
    float broad = mr_demo_noise_rough(s->noise, v3_scale(pt->at, 1.7f));
    float fine = mr_demo_noise_at(s->noise, v3_scale(pt->at, 8.3f));
    struct v3 colour =
        v3_mix(c->mucosa, c->flush, c->patches * rampf(-.1f, .7f, broad + .25f * fine));

    colour = v3_mix(colour, c->pale, c->patches * rampf(.05f, .8f, -broad + .2f * fine));
    colour = v3_scale(colour, 1 + .07f * fine);
    if (c->vessels > 0) {
        float fade = 1 - rampf(.006f, .02f, pt->step);
        float much = all_round(s->noise->vessel[c->tree], MR_DEMO_VESSEL, pt->at, pt->hit.n,
                               c->vessel_scale);

        much *= c->vessels * fade * (.55f + .45f * rampf(-.5f, .5f, broad));
        colour = v3_mul(colour, v3_mix(v3(1, 1, 1), c->vessel, much));
    }
    return colour;
}

static struct v3 paint_polyp(const struct palette *c, const struct mr_demo_scene *s,
                             const struct point *pt, struct v3 colour, float *relief)
{
    float pit = all_round(s->noise->pit, MR_DEMO_PIT, pt->at, pt->hit.n, 1.1f);
    float blush = mr_demo_noise_at(s->noise, v3_scale(pt->at, 5));
    struct v3 skin = v3_mix(c->polyp, c->flush, .5f * rampf(-.2f, .8f, blush));

    skin = v3_scale(skin, 1 - c->pits * rampf(.35f, .1f, pit) + .1f * c->pits);
    *relief += .008f * c->pits * pit * pt->hit.mass;
    return v3_mix(colour, skin, pt->hit.mass);
}

static struct v3 paint_colitis(const struct palette *c, const struct mr_demo_scene *s,
                               const struct point *pt, struct v3 colour, float *relief)
{
    float granule = all_round(s->noise->pit, MR_DEMO_PIT, pt->at, pt->hit.n, .9f);
    float blotch = mr_demo_noise_rough(s->noise, v3_scale(pt->at, 3.1f));
    float spot = mr_demo_noise_rough(s->noise, v3_scale(pt->at, 13));
    float blood = rampf(.25f, .45f, spot + .5f * blotch - .1f) * c->speckle;
    float fibrin =
        rampf(.3f, .5f, .7f * mr_demo_noise_rough(s->noise, v3_scale(pt->at, 2.3f)) - .4f * spot) *
        c->exudate;

    *relief += .02f * (1 - granule) + .01f * fibrin;
    colour = v3_scale(colour, 1.12f - .3f * granule);
    colour = v3_mix(colour, v3(.86f, .78f, .58f), .8f * fibrin);
    return v3_mix(colour, v3(.5f, .07f, .06f), .85f * blood);
}

/* Dye that has run over the cushion, and the floor and margin of what was cut out of it. */
static struct v3 paint_lesion(const struct palette *c, const struct mr_demo_scene *s,
                              const struct point *pt, struct v3 colour, float *relief)
{
    const struct mr_demo_mass *m = &s->masses[0];
    struct v3 v = v3_sub(pt->hit.p, m->base);
    float x = v3_dot(v, m->a), y = v3_dot(v, m->b), away = sqrtf(x * x + y * y);
    float warp = mr_demo_noise_rough(s->noise, v3_scale(pt->at, 2.4f));
    float fine = mr_demo_noise_at(s->noise, v3_scale(pt->at, 11));
    float reach = away / m->radius + .35f * warp, crater, margin, dye, open;

    dye = (1 - rampf(.75f, 1.3f, reach)) * clampf(.72f + .4f * warp + .12f * fine, 0, 1) * c->dyed;
    dye = fmaxf(dye, .5f * c->dyed * (1 - rampf(.8f, 2.2f, reach)) * rampf(.2f, .6f, fine + warp));
    dye *= 1 - pt->hit.mass * (.92f - .3f * rampf(.3f, .9f, -warp));
    colour =
        v3_mul(v3_mix(colour, v3(.8f, .75f, .7f), .3f * dye), v3_mix(v3(1, 1, 1), c->dye, dye));
    open = rampf(.25f, .9f, s->stage);
    crater = away / s->dent_radius + .16f * warp + .05f * fine;
    margin = rampf(.78f, .92f, crater) * (1 - rampf(1.02f, 1.2f, crater)) * open;
    crater = (1 - rampf(.84f, .98f, crater)) * open;
    colour =
        v3_mix(colour, v3_mix(v3(.86f, .76f, .66f), c->dye, clampf(.25f - .6f * warp, 0, .55f)),
               .9f * crater);
    colour = v3_mix(colour, v3(.58f, .12f, .1f), crater * rampf(.35f, .6f, fine - .3f * warp));
    colour = v3_mix(colour, v3(.92f, .86f, .7f), .75f * margin * rampf(-.4f, .3f, fine + warp));
    *relief += .012f * crater * fine + .02f * margin;
    return colour;
}

static struct v3 paint_gullet(const struct palette *c, const struct mr_demo_scene *s,
                              const struct point *pt, struct v3 colour, float *relief)
{
    float behind = mr_demo_wall_behind_line(s, pt->hit.p);
    float beyond = rampf(-.035f, .035f, behind);
    float fine = mr_demo_noise_rough(s->noise, v3_scale(pt->at, 6));
    float angle = atan2f(pt->hit.p.y, pt->hit.p.x);
    struct v3 tone = v3_mix(c->squamous, c->gastric, beyond);

    /* keep the mottling that the colour has already, change only its tone */
    colour =
        v3_mul(v3(colour.x / c->mucosa.x, colour.y / c->mucosa.y, colour.z / c->mucosa.z), tone);
    *relief += .006f * beyond * fine;
    for (int i = 0; i < s->n_streaks; i++) {
        const struct mr_demo_streak *k = &s->streaks[i];
        float along = (.04f - behind) / k->length;
        float off = angle - k->angle - k->wander * along + .1f * fine, in;

        off -= 6.2832f * (float)floori(off / 6.2832f + .5f);
        in = 1 - fabsf(off) / (k->width * (1.15f - .9f * along * along)) - .25f * fine;
        in = rampf(0, .35f, in) * rampf(-.1f, .02f, along) * (1 - rampf(.85f, 1, along));
        colour = v3_mix(colour, v3(.62f, .1f, .09f), .85f * k->strength * in);
        colour = v3_mix(colour, v3(.9f, .84f, .68f),
                        k->slough * rampf(.55f, .95f, in) * rampf(-.1f, .4f, fine));
        *relief += .015f * in * k->strength;
    }
    return colour;
}

/* Thin stool that has run to the lower side. */
static struct v3 paint_residue(const struct palette *c, const struct mr_demo_scene *s,
                               const struct point *pt, struct v3 colour)
{
    float pool = mr_demo_noise_rough(s->noise, v3_add(v3_scale(pt->at, 1.3f), v3(3, 9, 4)));

    return v3_mix(colour, c->residue, c->residual * rampf(.25f, .55f, pool) * (1 - pt->hit.mass));
}

static struct v3 albedo(const struct palette *c, const struct mr_demo_scene *s,
                        const struct point *pt, float *relief)
{
    struct v3 colour = paint_mucosa(c, s, pt);

    *relief = c->grain * mr_demo_noise_rough(s->noise, v3_scale(pt->at, 17)) +
              3 * c->grain * mr_demo_noise_at(s->noise, v3_scale(pt->at, 5.5f));
    if (s->label == MR_DEMO_COLITIS)
        colour = paint_colitis(c, s, pt, colour, relief);
    if (s->wall == mr_demo_wall_gullet)
        colour = paint_gullet(c, s, pt, colour, relief);
    if (c->residual > 0)
        colour = paint_residue(c, s, pt, colour);
    if (pt->hit.mass > 0)
        colour = paint_polyp(c, s, pt, colour, relief);
    if (s->has_lesion)
        colour = paint_lesion(c, s, pt, colour, relief);
    return colour;
}

/* --- light ----------------------------------------------------------------------------------- */

/* Light that a lamp throws on the point; red goes deeper into tissue and comes out around edges. */
static struct v3 lamp(const struct mr_demo_scene *s, struct v3 p, struct v3 n, float side)
{
    static const struct v3 wrap = {.3f, .2f, .16f};
    struct v3 to = v3_sub(v3_along(s->camera.eye, side, s->camera.right), p);
    float far = v3_length(to), facing, beam, power;

    to = v3_scale(to, 1 / (far + 1e-6f));
    facing = v3_dot(n, to);
    beam = clampf(-v3_dot(to, s->camera.ahead), 0, 1);
    power = (.35f + .65f * beam) / (far * far + .22f);
    return v3(power * fmaxf(0, (facing + wrap.x) / (1 + wrap.x)),
              power * fmaxf(0, (facing + wrap.y) / (1 + wrap.y)),
              power * fmaxf(0, (facing + wrap.z) / (1 + wrap.z)));
}

static float glint(const struct palette *c, const struct mr_demo_scene *s, struct v3 p, struct v3 n,
                   float side)
{
    struct v3 eye = v3_sub(s->camera.eye, p), to = v3_along(eye, side, s->camera.right);
    float far = v3_length(to),
          facing = v3_dot(n, v3_unit(v3_add(v3_unit(eye), v3_scale(to, 1 / far))));
    float k = facing > .8f ? powf(facing, c->gloss * 4) : 0;

    return rampf(.3f, .65f, k) * c->shine / (far * far + .35f);
}

/* The surface normal after the relief has roughened it. */
static struct v3 roughen(const struct mr_demo_canvas *cv, const struct mr_demo_scene *s, int x,
                         int y, const struct point *pt)
{
    int x0 = x > 0 ? x - 1 : x, x1 = x < cv->w - 1 ? x + 1 : x;
    int y0 = y > 0 ? y - 1 : y, y1 = y < cv->h - 1 ? y + 1 : y;
    const float *r = cv->relief;
    float gx = r[y * cv->w + x1] - r[y * cv->w + x0], gy = r[y1 * cv->w + x] - r[y0 * cv->w + x];
    float k = .5f / pt->step;
    struct v3 n = pt->hit.n;

    n = v3_along(n, -clampf(k * gx, -.6f, .6f), s->camera.right);
    return v3_unit(v3_along(n, clampf(k * gy, -.6f, .6f), s->camera.up));
}

static struct v3 light(const struct palette *c, const struct mr_demo_scene *s,
                       const struct point *pt, struct v3 n, struct v3 colour)
{
    float shade = .3f + .7f * pt->hit.hollow, t = pt->hit.t;
    float fill = .1f * pt->hit.hollow / (.5f + t), white;
    struct v3 l = v3_add(lamp(s, pt->hit.p, n, .1f), lamp(s, pt->hit.p, n, -.1f));
    struct v3 out = v3_scale(v3_mul(colour, l), shade);

    out = v3_along(out, fill, v3_mul(colour, colour));
    white = glint(c, s, pt->hit.p, n, .1f) + glint(c, s, pt->hit.p, n, -.1f);
    return v3_add(out, v3_scale(v3(1, .97f, .93f), white));
}

/* --- pixels ---------------------------------------------------------------------------------- */

static float half_side(const struct mr_demo_view *v)
{
    return .5f * fminf(v->w, v->h);
}

static void cast_grid(struct mr_demo_canvas *cv, const struct mr_demo_scene *s)
{
    const struct mr_demo_view *v = &cv->view;
    float cell, half = half_side(v);

    cv->grid_w = MR_DEMO_GRID;
    cell = v->w / (float)(cv->grid_w - 1);
    cv->grid_h = (int)(v->h / cell) + 2;
    for (int j = 0; j < cv->grid_h; j++) {
        for (int i = 0; i < cv->grid_w; i++) {
            float x = cell * (float)i - .5f * v->w, y = cell * (float)j - .5f * v->h;

            cv->hits[j * cv->grid_w + i] =
                mr_demo_scene_cast(s, mr_demo_scene_ray(s, x / half, y / half));
        }
    }
}

static void add_hit(struct mr_demo_hit *sum, const struct mr_demo_hit *hit, float k)
{
    sum->p = v3_along(sum->p, k, hit->p);
    sum->n = v3_along(sum->n, k, hit->n);
    sum->t += k * hit->t;
    sum->mass += k * hit->mass;
    sum->hollow += k * hit->hollow;
}

/* The point at pixel (x, y), between the four rays around it. */
static struct point point_at(const struct mr_demo_canvas *cv, const struct mr_demo_scene *s, int x,
                             int y)
{
    const struct mr_demo_view *v = &cv->view;
    float cell = v->w / (float)(cv->grid_w - 1);
    float gx = clampf(((float)x - v->x) / cell, 0, (float)cv->grid_w - 1.01f);
    float gy = clampf(((float)y - v->y) / cell, 0, (float)cv->grid_h - 1.01f);
    int i = (int)gx, j = (int)gy;
    const struct mr_demo_hit *h = cv->hits + j * cv->grid_w + i;
    struct point pt = {.hit.t = 0};

    gx -= (float)i;
    gy -= (float)j;
    add_hit(&pt.hit, h, (1 - gx) * (1 - gy));
    add_hit(&pt.hit, h + 1, gx * (1 - gy));
    add_hit(&pt.hit, h + cv->grid_w, (1 - gx) * gy);
    add_hit(&pt.hit, h + cv->grid_w + 1, gx * gy);
    pt.hit.n = v3_unit(pt.hit.n);
    pt.at = v3_add(pt.hit.p, s->shift);
    pt.step = pt.hit.t * s->camera.spread / half_side(v) + 1e-5f;
    return pt;
}

void mr_demo_paint(struct mr_demo_canvas *cv, const struct mr_demo_scene *s, struct mr_rng *rng)
{
    struct palette c = {.shine = 1};
    float *rgb = cv->rgb;

    draw_palette(&c, s, rng);
    cast_grid(cv, s);
    for (int y = 0; y < cv->h; y++) {
        for (int x = 0; x < cv->w; x++, rgb += 3) {
            struct v3 colour = {0, 0, 0};
            float relief = 0;

            if (mr_demo_view_cover(&cv->view, (float)x, (float)y) > 0) {
                struct point pt = point_at(cv, s, x, y);

                colour = albedo(&c, s, &pt, &relief);
            }
            cv->relief[y * cv->w + x] = relief;
            rgb[0] = colour.x;
            rgb[1] = colour.y;
            rgb[2] = colour.z;
        }
    }
    rgb = cv->rgb;
    for (int y = 0; y < cv->h; y++) {
        for (int x = 0; x < cv->w; x++, rgb += 3) {
            struct point pt;
            struct v3 out;

            if (mr_demo_view_cover(&cv->view, (float)x, (float)y) <= 0)
                continue;
            pt = point_at(cv, s, x, y);
            out = light(&c, s, &pt, roughen(cv, s, x, y, &pt), v3(rgb[0], rgb[1], rgb[2]));
            rgb[0] = out.x;
            rgb[1] = out.y;
            rgb[2] = out.z;
        }
    }
}
