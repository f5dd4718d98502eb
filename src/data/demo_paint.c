/* SPDX-License-Identifier: MIT */
/*
 * The colours of a demo scene and the light of its two lamps. Shapes come from a coarse grid of
 * rays; colour, relief and glints are worked out for every pixel between them.
 */
#include <stdlib.h>

#include "demo_canvas.h"
#include "demo_noise.h"

/* Rays of the grid in a row and a column of a block. */
#define BLOCK 4

/* The colours of one image, all albedos. */
struct palette {
    struct v3 mucosa, flush, pale, vessel, polyp, dye, residue;
    float vessels, vessel_scale; /* how dark, periods a unit */
    int tree;
    float patches, speckle, grain, pits, exudate;
    float dyed, bled, burnt, residual;
    bool has_dots;
    float shine, gloss;
    struct v3 squamous, gastric;
    float edge; /* half width of the line between them */
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

    struct v3 c =
        v3_scale(v3_mix(kinds[a], kinds[b], between(rng, 0, 1)), between(rng, .92f, 1.08f));

    return v3_mul(c, c); /* the table is as seen, light is linear */
}

static void draw_palette(struct palette *c, const struct mr_demo_scene *s, struct mr_rng *rng)
{
    static const struct v3 dyes[] = {
        {.12f, .34f, .62f}, {.14f, .42f, .55f}, {.10f, .24f, .60f}, {.2f, .46f, .46f}};

    c->mucosa = draw_mucosa(rng);
    c->flush = v3_mul(c->mucosa, v3(.9f, between(rng, .5f, .75f), between(rng, .5f, .75f)));
    c->pale = v3_mix(c->mucosa, v3(.78f, .5f, .36f), between(rng, .3f, .7f));
    c->vessel = v3(between(rng, .45f, .7f), between(rng, .1f, .3f), between(rng, .15f, .35f));
    c->polyp = v3_mul(
        c->mucosa, v3(between(rng, .92f, 1.1f), between(rng, .5f, .85f), between(rng, .5f, .85f)));
    c->dye = v3_mix(dyes[mr_rng_below(rng, 4)], dyes[mr_rng_below(rng, 4)], between(rng, 0, 1));
    c->residue = v3(between(rng, .42f, .55f), between(rng, .2f, .29f), between(rng, .03f, .09f));
    c->vessels = between(rng, .65f, 1);
    c->vessel_scale = between(rng, .22f, .42f);
    c->tree = (int)mr_rng_below(rng, MR_DEMO_VESSELS);
    c->patches = between(rng, .2f, .65f);
    c->grain = between(rng, .0015f, .005f);
    c->pits = between(rng, .2f, .7f);
    c->dyed = between(rng, .75f, 1);
    c->bled = rare(rng, .8, .4f, 1);
    c->burnt = between(rng, .5f, .9f);
    c->has_dots = mr_rng_uniform(rng) < .5;
    c->residual = rare(rng, .15, .2f, .6f);
    c->shine = between(rng, .4f, 1.3f);
    c->gloss = between(rng, 45, 130);
    c->squamous = v3_mix(c->pale, v3(.74f, .44f, .36f), between(rng, .3f, .8f));
    c->gastric = v3_mul(c->mucosa, v3(.98f, between(rng, .62f, .85f), between(rng, .56f, .8f)));
    c->edge = between(rng, .02f, .09f);
    if (s->label == MR_DEMO_COLITIS) {
        c->vessels = 0;
        c->speckle = between(rng, .75f, 1);
        c->exudate = between(rng, .4f, 1);
        c->grain = between(rng, .01f, .018f);
        c->patches = between(rng, .6f, 1);
    } else if (s->wall != mr_demo_wall_bowel) {
        c->vessels *= between(rng, 0, .25f);
        c->residual = s->wall == mr_demo_wall_gullet ? 0 : c->residual;
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
                              const struct mr_demo_point *pt)
{
    float broad = pt->hit.broad + .3f * pt->hit.medium, fine = pt->fine;
    struct v3 colour =
        v3_mix(c->mucosa, c->flush, c->patches * rampf(-.1f, .7f, broad + .25f * fine));

    colour = v3_mix(colour, c->pale, c->patches * rampf(.05f, .8f, -broad + .2f * fine));
    colour = v3_scale(colour, 1 + .06f * fine + .05f * pt->grain);
    if (c->vessels > 0) {
        float fade = 1 - rampf(.006f, .02f, pt->step);
        float much = all_round(s->noise->vessel[c->tree], MR_DEMO_VESSEL, pt->at, pt->hit.n,
                               c->vessel_scale);

        much *= c->vessels * fade * (.5f + .5f * rampf(-.4f, .4f, pt->hit.medium));
        colour = v3_mul(colour, v3_mix(v3(1, 1, 1), c->vessel, much));
    }
    return colour;
}

/* Gland openings: dots on some polyps, winding furrows on others. */
static float furrows(const struct palette *c, const struct mr_demo_scene *s,
                     const struct mr_demo_point *pt)
{
    float scale = .9f / s->masses[s->n_masses - 1].radius;

    if (c->has_dots)
        return rampf(.42f, .05f,
                     all_round(s->noise->pit, MR_DEMO_PIT, pt->at, pt->hit.n, .6f * scale) +
                         .12f * pt->fine);
    return 1 -
           rampf(.04f, .3f,
                 fabsf(mr_demo_noise_at(s->noise, v3_scale(pt->at, 5 * scale)) + .2f * pt->fine));
}

static struct v3 paint_polyp(const struct palette *c, const struct mr_demo_scene *s,
                             const struct mr_demo_point *pt, struct v3 colour, float *relief)
{
    float furrow = furrows(c, s, pt) * (1 - rampf(.008f, .025f, pt->step));
    struct v3 skin =
        v3_mix(c->polyp, c->flush, .6f * rampf(-.3f, .5f, pt->hit.medium + .3f * pt->fine));

    skin = v3_mul(skin, v3_mix(v3(1, 1, 1), v3(.72f, .42f, .45f), c->pits * furrow));
    *relief -= .008f * c->pits * furrow * pt->hit.mass;
    return v3_mix(colour, skin, pt->hit.mass);
}

static struct v3 paint_colitis(const struct palette *c, const struct mr_demo_scene *s,
                               const struct mr_demo_point *pt, struct v3 colour, float *relief)
{
    float granule =
        all_round(s->noise->pit, MR_DEMO_PIT, pt->at, pt->hit.n, .9f) + .15f * pt->grain;
    float spot = .6f * mr_demo_noise_at(s->noise, v3_scale(pt->at, 8)) + .35f * pt->grain;
    float blood = rampf(.22f, .5f, spot + .6f * pt->hit.medium - .12f) * c->speckle;
    float fibrin =
        rampf(.18f, .4f, .8f * pt->hit.broad - .35f * spot - .3f * pt->fine) * c->exudate;

    *relief += .02f * (1 - granule) + .012f * fibrin;
    colour = v3_scale(colour, 1.12f - .3f * granule);
    colour = v3_mix(colour, c->flush, .4f + .5f * rampf(-.3f, .4f, pt->hit.medium));
    colour = v3_mix(colour, v3(.7f, .56f, .3f), .75f * fibrin);
    return v3_mix(colour, v3(.34f, .02f, .02f), .85f * blood);
}

/* The floor and the margin of what was cut out: pale with dye in it, a burnt rim, some blood. */
static struct v3 paint_crater(const struct palette *c, const struct mr_demo_scene *s,
                              const struct mr_demo_point *pt, float away, struct v3 colour,
                              float *relief)
{
    float open = rampf(.25f, .9f, s->stage);
    float off =
        away / s->dent_radius + .3f * pt->hit.broad + .2f * pt->hit.medium + .05f * pt->fine;
    float margin = rampf(.82f, .94f, off) * (1 - rampf(1, 1.16f, off)) * open;
    float floor = (1 - rampf(.86f, 1, off)) * open;
    struct v3 bed =
        v3_mix(v3(.74f, .56f, .43f), c->dye, clampf(.3f - .7f * pt->hit.medium, 0, .6f));

    bed = v3_mix(bed, c->flush, .6f * rampf(.1f, .6f, pt->hit.broad + .4f * pt->fine));
    colour = v3_mix(colour, bed, .9f * floor);
    colour = v3_mix(colour, v3(.38f, .025f, .02f),
                    c->bled * floor * rampf(.3f, .5f, pt->hit.medium + .35f * pt->fine));
    colour = v3_mix(colour, v3(.8f, .66f, .42f),
                    c->burnt * margin * rampf(-.2f, .3f, .5f * pt->fine + pt->hit.medium));
    *relief += .012f * floor * pt->fine + .02f * margin;
    return colour;
}

/* Dye that has run over the cushion. */
static struct v3 paint_lesion(const struct palette *c, const struct mr_demo_scene *s,
                              const struct mr_demo_point *pt, struct v3 colour, float *relief)
{
    const struct mr_demo_mass *m = &s->masses[0];
    struct v3 v = v3_sub(pt->hit.p, m->base);
    float x = v3_dot(v, m->a), y = v3_dot(v, m->b),
          up = maxf(0, v3_dot(v, m->axis) - .6f * m->radius);
    float away = sqrtf(x * x + y * y + 4 * up * up); /* not on the other side of the bowel */
    float reach = away / m->radius + .45f * pt->hit.broad + .15f * pt->hit.medium, dye;

    dye =
        (1 - rampf(.8f, 1.35f, reach)) * clampf(.75f + .4f * pt->hit.medium + .1f * pt->fine, 0, 1);
    dye =
        maxf(dye, .5f * (1 - rampf(.8f, 2.2f, reach)) * rampf(.1f, .5f, pt->fine + pt->hit.medium));
    dye *= c->dyed * (1 - pt->hit.mass * (.92f - .3f * rampf(.1f, .5f, -pt->hit.medium)));
    colour =
        v3_mul(v3_mix(colour, v3(.7f, .62f, .6f), .5f * dye), v3_mix(v3(1, 1, 1), c->dye, dye));
    return paint_crater(c, s, pt, away, colour, relief);
}

static struct v3 paint_gullet(const struct palette *c, const struct mr_demo_scene *s,
                              const struct mr_demo_point *pt, struct v3 colour, float *relief)
{
    float behind = pt->hit.behind + .03f * pt->fine + .01f * pt->grain;
    float beyond = rampf(-c->edge, c->edge, behind);
    float angle = s->n_streaks ? atan2f(pt->hit.p.y, pt->hit.p.x) : 0;
    struct v3 tone = v3_mix(c->squamous, c->gastric, beyond);

    /* keep the mottling that the colour has already, change only its tone */
    colour =
        v3_mul(v3(colour.x / c->mucosa.x, colour.y / c->mucosa.y, colour.z / c->mucosa.z), tone);
    *relief += .006f * beyond * (pt->fine + pt->grain);
    for (int i = 0; i < s->n_streaks; i++) {
        const struct mr_demo_streak *k = &s->streaks[i];
        float along = (.04f - behind) / k->length;
        float off = angle - k->angle - k->wander * along + .08f * pt->hit.medium, in;

        off -= 6.2832f * (float)floori(off / 6.2832f + .5f);
        in = 1 - fabsf(off) / (k->width * (1.15f - .9f * along * along)) - .25f * pt->fine;
        in = rampf(0, .35f, in) * rampf(-.1f, .02f, along) * (1 - rampf(.85f, 1, along));
        colour = v3_mix(colour, v3(.4f, .02f, .02f), .92f * k->strength * in);
        colour =
            v3_mix(colour, v3(.8f, .66f, .42f),
                   k->slough * rampf(.72f, 1, in + .15f * pt->grain) * rampf(-.4f, .2f, pt->fine));
        *relief += .015f * in * k->strength;
    }
    return colour;
}

/* Thin stool that has run to the lower side. */
static struct v3 paint_residue(const struct palette *c, const struct mr_demo_point *pt,
                               struct v3 colour)
{
    float pool = .8f * pt->hit.broad - .5f * pt->hit.medium + .12f * pt->fine;

    return v3_mix(colour, c->residue, c->residual * rampf(.2f, .55f, pool) * (1 - pt->hit.mass));
}

static struct v3 albedo(const struct palette *c, const struct mr_demo_scene *s,
                        const struct mr_demo_point *pt, float *relief)
{
    struct v3 colour = paint_mucosa(c, s, pt);

    *relief = c->grain * (pt->grain + 2.4f * pt->fine);
    if (s->label == MR_DEMO_COLITIS)
        colour = paint_colitis(c, s, pt, colour, relief);
    if (s->wall == mr_demo_wall_gullet)
        colour = paint_gullet(c, s, pt, colour, relief);
    if (c->residual > 0)
        colour = paint_residue(c, pt, colour);
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
    static const struct v3 wrap = {.5f, .38f, .32f};
    struct v3 to = v3_sub(v3_along(s->camera.eye, side, s->camera.right), p);
    float far = v3_length(to), facing, beam, power;

    to = v3_scale(to, 1 / (far + 1e-6f));
    facing = v3_dot(n, to);
    beam = clampf(-v3_dot(to, s->camera.ahead), 0, 1);
    power = (.35f + .65f * beam) / (far * far + .22f);
    return v3(power * maxf(0, (facing + wrap.x) / (1 + wrap.x)),
              power * maxf(0, (facing + wrap.y) / (1 + wrap.y)),
              power * maxf(0, (facing + wrap.z) / (1 + wrap.z)));
}

static float glint(const struct palette *c, const struct mr_demo_scene *s, struct v3 p, struct v3 n,
                   float side)
{
    struct v3 eye = v3_sub(s->camera.eye, p), to = v3_along(eye, side, s->camera.right);
    float far = v3_length(to),
          facing = v3_dot(n, v3_unit(v3_add(v3_unit(eye), v3_scale(to, 1 / far))));
    float k;

    if (1 - facing > .31f / c->gloss) /* the power is below .29 here: no glint */
        return 0;
    k = powf(facing, c->gloss * 4);
    return rampf(.3f, .65f, k) * c->shine / (far * far + .35f);
}

/* The difference of relief to both sides; none across the edge of something nearer. */
static float rise(const struct mr_demo_point *a, const struct mr_demo_point *here,
                  const struct mr_demo_point *b)
{
    float near = .04f * here->hit.t;

    if (!a->seen || !b->seen || fabsf(a->hit.t - here->hit.t) > near ||
        fabsf(b->hit.t - here->hit.t) > near)
        return 0;
    return clampf(.5f * (b->relief - a->relief) / here->step, -.6f, .6f);
}

static struct v3 light(const struct palette *c, const struct mr_demo_scene *s,
                       const struct mr_demo_point *pt, struct v3 n, struct v3 colour)
{
    float shade = .38f + .62f * pt->hit.hollow, t = pt->hit.t;
    float fill = .13f * (.3f + .7f * pt->hit.hollow) / (.5f + t), white;
    struct v3 l = v3_add(lamp(s, pt->hit.p, n, .1f), lamp(s, pt->hit.p, n, -.1f));
    struct v3 out = v3_scale(v3_mul(colour, l), shade);

    out = v3_along(out, fill, v3_mul(colour, colour));
    white = glint(c, s, pt->hit.p, n, .1f) + glint(c, s, pt->hit.p, n, -.1f);
    return v3_add(out, v3_scale(v3(1, .97f, .93f), white));
}

/* --- pixels ---------------------------------------------------------------------------------- */

static float half_side(const struct mr_demo_view *v)
{
    return .5f * minf(v->w, v->h);
}

/* Casts the grid in blocks: what a block has in common, the way through the open, is gone once. */
static void cast_block(struct mr_demo_canvas *cv, const struct mr_demo_scene *s, int i0, int j0)
{
    const struct mr_demo_view *v = &cv->view;
    float half = half_side(v), cell = v->w / (float)(cv->grid_w - 1) / half;
    float x0 = -.5f * v->w / half, y0 = -.5f * v->h / half, from;
    struct v3 middle = mr_demo_scene_ray(s, x0 + cell * ((float)i0 + .5f * (BLOCK - 1)),
                                         y0 + cell * ((float)j0 + .5f * (BLOCK - 1)));

    from = mr_demo_scene_approach(s, middle, .72f * (BLOCK - 1) * cell * s->camera.spread);
    for (int j = j0; j < j0 + BLOCK && j < cv->grid_h; j++) {
        for (int i = i0; i < i0 + BLOCK && i < cv->grid_w; i++) {
            struct v3 ray = mr_demo_scene_ray(s, x0 + cell * (float)i, y0 + cell * (float)j);

            cv->hits[j * cv->grid_w + i] = mr_demo_scene_cast(s, ray, from);
        }
    }
}

static void cast_grid(struct mr_demo_canvas *cv, const struct mr_demo_scene *s)
{
    cv->grid_w = MR_DEMO_GRID;
    cv->grid_h = (int)(cv->view.h / cv->view.w * (float)(cv->grid_w - 1)) + 2;
    for (int j = 0; j < cv->grid_h; j += BLOCK)
        for (int i = 0; i < cv->grid_w; i += BLOCK)
            cast_block(cv, s, i, j);
}

static void add_hit(struct mr_demo_hit *sum, const struct mr_demo_hit *hit, float k)
{
    sum->p = v3_along(sum->p, k, hit->p);
    sum->n = v3_along(sum->n, k, hit->n);
    sum->t += k * hit->t;
    sum->mass += k * hit->mass;
    sum->hollow += k * hit->hollow;
    sum->broad += k * hit->broad;
    sum->medium += k * hit->medium;
    sum->behind += k * hit->behind;
}

/* Is something in front of something else between the four rays around a cell? */
static bool is_edge(const struct mr_demo_hit *a, const struct mr_demo_hit *b)
{
    float lo = minf(minf(a[0].t, a[1].t), minf(b[0].t, b[1].t));
    float hi = maxf(maxf(a[0].t, a[1].t), maxf(b[0].t, b[1].t));

    return hi > 1.13f * lo;
}

/* What pixel (x, y) shows: between the four rays around it, or by a ray of its own at an edge. */
static struct mr_demo_hit hit_at(const struct mr_demo_canvas *cv, const struct mr_demo_scene *s,
                                 int x, int y)
{
    const struct mr_demo_view *v = &cv->view;
    float cell = v->w / (float)(cv->grid_w - 1), half = half_side(v);
    float gx = clampf(((float)x - v->x) / cell, 0, (float)cv->grid_w - 1.01f);
    float gy = clampf(((float)y - v->y) / cell, 0, (float)cv->grid_h - 1.01f);
    int i = (int)gx, j = (int)gy;
    const struct mr_demo_hit *a = cv->hits + j * cv->grid_w + i, *b = a + cv->grid_w;
    struct mr_demo_hit hit = {.t = 0};

    if (is_edge(a, b)) {
        float from = .8f * minf(minf(a[0].t, a[1].t), minf(b[0].t, b[1].t));

        return mr_demo_scene_cast(s,
                                  mr_demo_scene_ray(s, ((float)x - v->x - .5f * v->w) / half,
                                                    ((float)y - v->y - .5f * v->h) / half),
                                  from);
    }
    gx -= (float)i;
    gy -= (float)j;
    add_hit(&hit, a, (1 - gx) * (1 - gy));
    add_hit(&hit, a + 1, gx * (1 - gy));
    add_hit(&hit, b, (1 - gx) * gy);
    add_hit(&hit, b + 1, gx * gy);
    hit.n = v3_unit(hit.n);
    return hit;
}

/* The view and a margin, so that blur and shifted lines find no black at its edge. */
static struct mr_demo_view widen(const struct mr_demo_view *v)
{
    struct mr_demo_view wide = *v;

    wide.x -= 7;
    wide.y -= 7;
    wide.w += 14;
    wide.h += 14;
    return wide;
}

static void paint_row(const struct mr_demo_canvas *cv, const struct palette *c,
                      const struct mr_demo_scene *s, int y, struct mr_demo_point *row)
{
    struct mr_demo_view wide = widen(&cv->view);

    for (int x = 0; x < cv->w; x++) {
        struct mr_demo_point *pt = &row[x];

        pt->seen = y < cv->h && mr_demo_view_cover(&wide, (float)x, (float)y) > 0;
        if (!pt->seen)
            continue;
        pt->hit = hit_at(cv, s, x, y);
        pt->at = v3_add(pt->hit.p, s->shift);
        pt->step = pt->hit.t * s->camera.spread / half_side(&cv->view) + 1e-5f;
        pt->fine = mr_demo_noise_at(s->noise, v3_scale(pt->at, 8.3f));
        pt->grain = mr_demo_noise_at(s->noise, v3_scale(pt->at, 19));
        pt->colour = albedo(c, s, pt, &pt->relief);
    }
}

static void light_row(const struct mr_demo_canvas *cv, const struct palette *c,
                      const struct mr_demo_scene *s, struct mr_demo_point *const rows[3],
                      float *rgb)
{
    for (int x = 0; x < cv->w; x++, rgb += 3) {
        const struct mr_demo_point *pt = &rows[1][x];
        struct v3 n = pt->hit.n, out = {0, 0, 0};

        if (pt->seen) {
            if (x > 0 && x < cv->w - 1)
                n = v3_along(n, -rise(pt - 1, pt, pt + 1), s->camera.right);
            n = v3_unit(v3_along(n, rise(&rows[0][x], pt, &rows[2][x]), s->camera.up));
            out = light(c, s, pt, n, pt->colour);
        }
        rgb[0] = out.x;
        rgb[1] = out.y;
        rgb[2] = out.z;
    }
}

void mr_demo_paint(struct mr_demo_canvas *cv, const struct mr_demo_scene *s, struct mr_rng *rng)
{
    struct palette c = {.shine = 1};

    draw_palette(&c, s, rng);
    cast_grid(cv, s);
    paint_row(cv, &c, s, cv->h, cv->rows[1]); /* nothing is above the first row */
    paint_row(cv, &c, s, 0, cv->rows[2]);
    for (int y = 0; y < cv->h; y++) {
        struct mr_demo_point *above = cv->rows[0];

        cv->rows[0] = cv->rows[1];
        cv->rows[1] = cv->rows[2];
        cv->rows[2] = above;
        paint_row(cv, &c, s, y + 1, cv->rows[2]);
        light_row(cv, &c, s, cv->rows, cv->rgb + (size_t)y * (size_t)cv->w * 3);
    }
}
