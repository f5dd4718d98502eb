/* SPDX-License-Identifier: MIT */
/* How the scenes of the demo images are composed, class by class, and how a ray finds what it
 * meets. */
#include "demo_scene.h"

#include <string.h>

#include "demo_noise.h"

#define FAR_AWAY 14.f

static float between(struct mr_rng *rng, float lo, float hi)
{
    return (float)mr_rng_between(rng, lo, hi);
}

static bool chance(struct mr_rng *rng, double p)
{
    return mr_rng_uniform(rng) < p;
}

/* --- the march ------------------------------------------------------------------------------- */

/* A stretched sphere; exact on its surface, good nearby. */
static float ellipsoid(struct v3 v, const struct mr_demo_mass *m, float radius, float height)
{
    struct v3 k =
        v3(v3_dot(v, m->a) / radius, v3_dot(v, m->b) / radius, v3_dot(v, m->axis) / height);
    struct v3 k2 = v3(k.x / radius, k.y / radius, k.z / height);
    float near = v3_length(k);

    return near * (near - 1) / (v3_length(k2) + 1e-6f);
}

static float mass_distance(const struct mr_demo_scene *s, const struct mr_demo_mass *m, struct v3 p)
{
    struct v3 v = v3_sub(p, m->base), head = v3_along(v, -m->lift, m->axis);
    float d = ellipsoid(head, m, m->radius, m->radius * m->flatness);

    for (int i = 0; i < m->n_lobes; i++) {
        float lobe = v3_length(v3_sub(head, m->lobes[i])) - m->lobe_radius;
        float k = .18f * m->radius, h = clampf(.5f + .5f * (d - lobe) / k, 0, 1);

        d = mixf(d, lobe, h) - k * h * (1 - h);
    }
    if (m->lumps > 0 && d < m->radius)
        d -= m->lumps * m->radius *
             mr_demo_noise_rough(s->noise, v3_add(v3_scale(p, 1.5f / m->radius), s->shift));
    if (m->stalk > 0) {
        float along = clampf(v3_dot(v, m->axis), -.1f, m->lift);
        float stalk = v3_length(v3_along(v, -along, m->axis)) - m->stalk;
        float h = clampf(.5f + .5f * (stalk - d) / (.5f * m->stalk), 0, 1);

        d = mixf(stalk, d, h) - .5f * m->stalk * h * (1 - h);
    }
    return d;
}

/* How far p is from any tissue, and how much of the nearest tissue is a polyp. */
static float distance(const struct mr_demo_scene *s, struct v3 p, float *mass)
{
    float d = s->wall(s, p);

    *mass = 0;
    for (int i = 0; i < s->n_masses; i++) {
        const struct mr_demo_mass *m = &s->masses[i];
        float reach = m->lift + 1.4f * m->radius, dm, h;

        if (v3_length(v3_sub(p, m->base)) - reach > d + m->join)
            continue;
        dm = mass_distance(s, m, p);
        h = clampf(.5f + .5f * (d - dm) / m->join, 0, 1);
        d = mixf(d, dm, h) - m->join * h * (1 - h);
        if (!(s->has_lesion && i == 0))
            *mass = maxf(*mass, rampf(.35f, .85f, h));
    }
    if (s->dent > 0) {
        const struct mr_demo_mass *m = &s->masses[0];
        struct v3 v = v3_sub(p, v3_along(m->base, m->lift + m->radius * m->flatness, m->axis));
        float hollow = -ellipsoid(v, m, s->dent_radius, s->dent);
        float h = clampf(.5f + .5f * (hollow - d) / .05f, 0, 1);

        d = mixf(d, hollow, h) + .05f * h * (1 - h);
    }
    return d;
}

struct v3 mr_demo_scene_ray(const struct mr_demo_scene *s, float x, float y)
{
    const struct mr_demo_camera *c = &s->camera;
    float off = sqrtf(x * x + y * y) + 1e-6f, angle = off * c->spread;
    float side = sinf(angle) / off;

    return v3_along(v3_along(v3_scale(c->ahead, cosf(angle)), side * x, c->right), -side * y,
                    c->up);
}

static struct v3 slope(const struct mr_demo_scene *s, struct v3 p, float e)
{
    float mass, d = distance(s, p, &mass);

    return v3_unit(v3(distance(s, v3(p.x + e, p.y, p.z), &mass) - d,
                      distance(s, v3(p.x, p.y + e, p.z), &mass) - d,
                      distance(s, v3(p.x, p.y, p.z + e), &mass) - d));
}

/* Halves the way between a point before the surface and one behind it. */
static float go_back(const struct mr_demo_scene *s, struct v3 ray, float before, float behind,
                     float *mass)
{
    for (int i = 0; i < 5; i++) {
        float middle = .5f * (before + behind);

        if (distance(s, v3_along(s->camera.eye, middle, ray), mass) > 0)
            before = middle;
        else
            behind = middle;
    }
    return before;
}

float mr_demo_scene_approach(const struct mr_demo_scene *s, struct v3 ray, float spread)
{
    float t = .02f, unused;

    for (int i = 0; i < 40 && t < FAR_AWAY; i++) {
        float room = distance(s, v3_along(s->camera.eye, t, ray), &unused) - 1.3f * spread * t;

        if (room < .03f)
            break;
        t += .6f * room;
    }
    return t;
}

struct mr_demo_hit mr_demo_scene_cast(const struct mr_demo_scene *s, struct v3 ray, float from)
{
    struct mr_demo_hit hit = {.t = from};
    float unused, before = .9f * from, away;

    for (int i = 0; i < 56 && hit.t < FAR_AWAY; i++) {
        float d = distance(s, v3_along(s->camera.eye, hit.t, ray), &hit.mass);

        if (d < 0) { /* through: steep folds are nearer than they say */
            hit.t = go_back(s, ray, before, hit.t, &hit.mass);
            break;
        }
        if (d < .003f * (hit.t + .2f))
            break;
        before = hit.t;
        hit.t += .72f * d;
    }
    hit.p = v3_along(s->camera.eye, hit.t, ray);
    hit.n = slope(s, hit.p, .01f * (hit.t + .4f));
    away = v3_dot(hit.n, ray) + .05f;
    if (away > 0) /* on a crest: what is seen faces the eye */
        hit.n = v3_unit(v3_along(hit.n, -away, ray));
    hit.hollow = clampf(distance(s, v3_along(hit.p, .18f, hit.n), &unused) / .18f, 0, 1);
    hit.broad = mr_demo_noise_rough(s->noise, v3_scale(v3_add(hit.p, s->shift), 1.7f));
    hit.medium = mr_demo_noise_rough(s->noise, v3_scale(v3_add(hit.p, s->shift), 3.1f));
    hit.behind = s->wall == mr_demo_wall_gullet ? mr_demo_wall_behind_line(s, hit.p) : 0;
    return hit;
}

/* --- composition ----------------------------------------------------------------------------- */

static void look(struct mr_demo_camera *c, struct v3 at, float roll)
{
    struct v3 a, b;

    c->ahead = v3_unit(v3_sub(at, c->eye));
    v3_frame(c->ahead, &a, &b);
    c->right = v3_add(v3_scale(a, cosf(roll)), v3_scale(b, sinf(roll)));
    c->up = v3_cross(c->right, c->ahead);
}

/* Looks along the bowel, up to tilt radians off its axis, from somewhere near its middle. */
static void look_along(struct mr_demo_scene *s, struct mr_rng *rng, float tilt_lo, float tilt_hi)
{
    float tilt = between(rng, tilt_lo, tilt_hi), way = between(rng, 0, 6.2832f);
    float off = between(rng, 0, .42f), side = between(rng, 0, 6.2832f);
    struct v3 ahead = v3(sinf(tilt) * cosf(way), sinf(tilt) * sinf(way), cosf(tilt));

    s->camera.eye = v3(off * cosf(side), off * sinf(side), 0);
    look(&s->camera, v3_add(s->camera.eye, ahead), between(rng, 0, 6.2832f));
}

static void add_folds(struct mr_demo_scene *s, struct mr_rng *rng, float height)
{
    s->fold_gap = between(rng, .5f, .95f);
    for (int i = 0; i < MR_DEMO_FOLDS; i++) {
        struct mr_demo_fold *f = &s->folds[i];
        float way = between(rng, 0, 6.2832f);

        f->z = ((float)i + between(rng, -.22f, .22f)) * s->fold_gap;
        f->height = height * between(rng, .5f, 1.15f);
        f->width = between(rng, .13f, .26f);
        f->tilt = between(rng, -.25f, .25f);
        f->cx = cosf(way);
        f->cy = sinf(way);
        f->extent = between(rng, -1.1f, .1f);
    }
}

static void set_bowel(struct mr_demo_scene *s, struct mr_rng *rng, float fold)
{
    float way = between(rng, 0, 6.2832f), bend = between(rng, .05f, .5f);

    s->wall = mr_demo_wall_bowel;
    s->end_z = 99;
    s->bend_x = bend * cosf(way);
    s->bend_y = bend * sinf(way);
    s->lobes = between(rng, -.1f, .1f);
    s->lumps = between(rng, .06f, .16f);
    add_folds(s, rng, fold);
}

/* The end of a closed tube, slightly off its axis. */
static void set_end(struct mr_demo_scene *s, struct mr_rng *rng, float distance_to_it, float off)
{
    struct mr_demo_end *e = &s->end;
    float way = between(rng, 0, 6.2832f), k;
    struct v3 middle;

    s->end_z = distance_to_it - .9f;
    s->bend_x *= .5f;
    s->bend_y *= .5f;
    k = s->end_z > 0 ? s->end_z * s->end_z / (2 + .35f * s->end_z) : 0;
    middle = v3(s->bend_x * k, s->bend_y * k, s->end_z);
    e->axis = v3_unit(v3(off * cosf(way), off * sinf(way), 1));
    v3_frame(e->axis, &e->a, &e->b);
    e->at = v3_add(middle, e->axis);
    e->phase = between(rng, 0, 6.2832f);
}

static struct mr_demo_mass stand_at(const struct mr_demo_hit *hit)
{
    struct mr_demo_mass m = {.base = hit->p, .axis = hit->n, .join = .05f};

    v3_frame(m.axis, &m.a, &m.b);
    return m;
}

/* A place on the wall that the camera sees at (x, y), neither too near nor too far. */
static struct mr_demo_hit find_place(const struct mr_demo_scene *s, struct mr_rng *rng,
                                     float within, float nearest, float farthest)
{
    struct mr_demo_hit best = {.t = -1};

    for (int i = 0; i < 24; i++) {
        float off = within * sqrtf(between(rng, 0, 1)), way = between(rng, 0, 6.2832f);
        struct v3 ray = mr_demo_scene_ray(s, off * cosf(way), off * sinf(way));
        struct mr_demo_hit hit = mr_demo_scene_cast(s, ray, .02f);
        bool good = hit.t > nearest && hit.t < farthest;

        if (best.t < 0 || good || fabsf(hit.t - 1.2f) < fabsf(best.t - 1.2f))
            best = hit;
        if (good)
            break;
    }
    return best;
}

/* Makes a berry of some heads. */
static void add_lobes(struct mr_demo_mass *m, struct mr_rng *rng)
{
    if (!chance(rng, .55))
        return;
    m->n_lobes = 3 + (int)mr_rng_below(rng, 3);
    m->lobe_radius = m->radius * between(rng, .4f, .62f);
    for (int i = 0; i < m->n_lobes; i++) {
        float way = 6.2832f * ((float)i + between(rng, -.2f, .2f)) / (float)m->n_lobes;
        float off = m->radius * between(rng, .45f, .7f), up = between(rng, -.1f, .6f) * m->flatness;

        m->lobes[i] = v3_along(v3_along(v3_scale(m->a, off * cosf(way)), off * sinf(way), m->b),
                               up * m->radius, m->axis);
    }
}

static void add_polyp(struct mr_demo_scene *s, struct mr_rng *rng, const struct mr_demo_hit *place,
                      float radius)
{
    struct mr_demo_mass m = stand_at(place);
    float form = between(rng, 0, 1);

    m.radius = radius;
    m.lumps = between(rng, .03f, .12f);
    m.axis = v3_unit(v3_add(m.axis, v3(between(rng, -.35f, .35f), between(rng, -.35f, .35f),
                                       between(rng, -.35f, .35f))));
    v3_frame(m.axis, &m.a, &m.b);
    if (form < .3f) { /* on a stalk */
        m.flatness = between(rng, .85f, 1.25f);
        m.lift = radius * between(rng, 1.3f, 2.4f);
        m.stalk = radius * between(rng, .28f, .5f);
        m.join = radius * .3f;
    } else { /* a dome */
        m.flatness = between(rng, .7f, 1.1f);
        m.lift = radius * between(rng, .1f, .55f) * m.flatness;
        m.join = radius * between(rng, .15f, .4f);
    }
    add_lobes(&m, rng);
    s->masses[s->n_masses++] = m;
}

static void compose_polyps(struct mr_demo_scene *s, struct mr_rng *rng)
{
    int n = chance(rng, .2) ? 2 : 1;

    set_bowel(s, rng, between(rng, .12f, .42f));
    look_along(s, rng, .1f, 1);
    for (int i = 0; i < n; i++) {
        struct mr_demo_hit place = find_place(s, rng, .5f, .7f, 2);
        float size = i ? between(rng, .12f, .2f) : between(rng, .24f, .44f);

        add_polyp(s, rng, &place, clampf(size * place.t, .12f, .55f));
    }
}

/* The dyed cushion; what stands or gapes on it goes with the stage. */
static void compose_lesion(struct mr_demo_scene *s, struct mr_rng *rng)
{
    struct mr_demo_mass cushion, polyp;
    struct mr_demo_hit place;
    float wide, size, stage = s->stage;

    set_bowel(s, rng, between(rng, .1f, .35f));
    look_along(s, rng, .3f, 1.15f);
    place = find_place(s, rng, .35f, .8f, 1.9f);
    cushion = stand_at(&place);
    wide = clampf(between(rng, .42f, .68f) * place.t, .4f, .95f);
    cushion.radius = wide;
    cushion.flatness = between(rng, .2f, .42f);
    cushion.lift = -.02f;
    cushion.join = between(rng, .15f, .3f);
    cushion.lumps = .05f;
    s->masses[s->n_masses++] = cushion;
    s->has_lesion = true;
    size = wide * between(rng, .48f, .66f);
    s->dent_radius = size * 1.1f;
    s->dent = stage > .3f ? wide * .17f * (stage - .3f) : 0;
    if (stage < .95f) {
        polyp = stand_at(&place);
        polyp.radius = size;
        polyp.flatness = mixf(between(rng, .6f, .95f), .2f, stage);
        polyp.lift =
            cushion.radius * cushion.flatness + size * polyp.flatness * (.2f - 1.2f * stage);
        polyp.join = .08f;
        polyp.lumps = between(rng, .03f, .12f);
        if (stage < .2f)
            add_lobes(&polyp, rng);
        s->masses[s->n_masses++] = polyp;
    }
}

static void compose_colitis(struct mr_demo_scene *s, struct mr_rng *rng)
{
    set_bowel(s, rng, between(rng, .03f, .16f));
    look_along(s, rng, .1f, 1);
}

static void compose_cecum(struct mr_demo_scene *s, struct mr_rng *rng)
{
    struct mr_demo_end *e = &s->end;
    struct v3 at;

    set_bowel(s, rng, between(rng, .12f, .35f));
    look_along(s, rng, 0, .2f);
    set_end(s, rng, between(rng, 1.1f, 1.9f), between(rng, 0, .45f));
    e->radius = between(rng, .14f, .22f);
    e->thick = between(rng, .18f, .32f);
    e->curl = between(rng, -1.2f, 1.2f);
    e->n_ridges = 3;
    e->ridge = between(rng, .22f, .4f);
    e->width = between(rng, .14f, .26f);
    at =
        v3_along(v3_along(e->at, between(rng, -.45f, .45f), e->a), between(rng, -.45f, .45f), e->b);
    look(&s->camera, at, between(rng, 0, 6.2832f));
}

static void compose_pylorus(struct mr_demo_scene *s, struct mr_rng *rng)
{
    struct mr_demo_end *e = &s->end;
    struct v3 at;

    set_bowel(s, rng, between(rng, .05f, .2f));
    s->wall = mr_demo_wall_antrum;
    s->lumps *= .6f;
    s->lobes *= .5f;
    look_along(s, rng, 0, .2f);
    set_end(s, rng, between(rng, 1.1f, 2.1f), between(rng, 0, .4f));
    e->radius = between(rng, .15f, .34f);
    e->thick = between(rng, .12f, .26f);
    e->n_ridges = 4 + (int)mr_rng_below(rng, 5);
    e->ridge = between(rng, .03f, .14f);
    e->width = between(rng, .45f, .75f);
    e->curl = between(rng, -.8f, .8f);
    at =
        v3_along(v3_along(e->at, between(rng, -.45f, .45f), e->a), between(rng, -.45f, .45f), e->b);
    look(&s->camera, at, between(rng, 0, 6.2832f));
}

static void add_streaks(struct mr_demo_scene *s, struct mr_rng *rng)
{
    float first = between(rng, 0, 6.2832f);

    if (s->stage < .2f)
        return;
    s->n_streaks = s->stage > .65f ? 4 + (int)mr_rng_below(rng, 3) : 1 + (int)mr_rng_below(rng, 2);
    for (int i = 0; i < s->n_streaks; i++) {
        struct mr_demo_streak *k = &s->streaks[i];

        k->angle = first + 6.2832f * ((float)i + between(rng, -.25f, .25f)) / (float)s->n_streaks;
        k->width = between(rng, .2f, .34f) * (.3f + .7f * s->stage);
        k->length = between(rng, 1.1f, 1.9f) * (.3f + .7f * s->stage);
        k->wander = between(rng, -.25f, .25f);
        k->strength = s->stage * between(rng, .85f, 1);
        k->slough = chance(rng, .85) ? between(rng, .45f, .85f) * s->stage : 0;
    }
}

static void compose_gullet(struct mr_demo_scene *s, struct mr_rng *rng)
{
    struct mr_demo_gullet *g = &s->gullet;

    set_bowel(s, rng, 0);
    s->wall = mr_demo_wall_gullet;
    s->bend_x *= .4f;
    s->bend_y *= .4f;
    s->lumps *= .6f;
    g->close_at = between(rng, 1.3f, 2.6f);
    g->close_over = between(rng, 1, 2.2f);
    g->left = between(rng, .12f, .5f);
    g->n_folds = 4 + (int)mr_rng_below(rng, 4);
    g->fold = between(rng, .03f, .12f);
    g->phase = between(rng, 0, 6.2832f);
    g->twist = between(rng, -.4f, .4f);
    g->line = g->close_at - between(rng, .7f, 1.7f);
    g->jag = between(rng, .05f, .14f);
    g->tongues = chance(rng, .25) ? between(rng, .05f, .15f) : 0;
    g->seed = between(rng, 0, 25);
    look_along(s, rng, 0, .42f);
    add_streaks(s, rng);
}

void mr_demo_scene_init(struct mr_demo_scene *s, enum mr_demo_class label, float stage,
                        const struct mr_demo_noise *noise, struct mr_rng *rng)
{
    static void (*const compose[MR_DEMO_N_CLASSES])(struct mr_demo_scene *, struct mr_rng *) = {
        [MR_DEMO_DYED_LIFTED] = compose_lesion, [MR_DEMO_DYED_MARGIN] = compose_lesion,
        [MR_DEMO_ESOPHAGITIS] = compose_gullet, [MR_DEMO_CECUM] = compose_cecum,
        [MR_DEMO_PYLORUS] = compose_pylorus,    [MR_DEMO_Z_LINE] = compose_gullet,
        [MR_DEMO_POLYPS] = compose_polyps,      [MR_DEMO_COLITIS] = compose_colitis,
    };

    memset(s, 0, sizeof *s);
    s->label = label;
    s->stage = stage;
    s->noise = noise;
    s->shift = v3(between(rng, 0, 32), between(rng, 0, 32), between(rng, 0, 32));
    s->camera.spread = between(rng, .72f, 1);
    compose[label](s, rng);
}
