/* SPDX-License-Identifier: MIT */
/*
 * The walls of the demo scenes as signed distances, positive in the free space. Distances are
 * estimates: after Hart, Sphere tracing (1996), a march that takes a fraction of them at a step
 * still meets the wall.
 */
#include "demo_noise.h"
#include "demo_scene.h"

static float smooth_min(float a, float b, float k)
{
    float h = clampf(.5f + .5f * (b - a) / k, 0, 1);

    return mixf(b, a, h) - k * h * (1 - h);
}

static float smooth_max(float a, float b, float k)
{
    return -smooth_min(-a, -b, k);
}

/* A ridge of height 1 at x = 0, a half of it at width, with soft feet that end at twice the width.
 */
static float ridge(float x, float width)
{
    float k = maxf(0, 1 - .25f * x * x / (width * width));

    return k * k * k;
}

/* Where the axis of the bowel is at z. */
static void axis_at(const struct mr_demo_scene *s, float z, float *x, float *y)
{
    float k = z > 0 ? z * z / (2 + .35f * z) : 0;

    *x = s->bend_x * k;
    *y = s->bend_y * k;
}

static float folds_at(const struct mr_demo_scene *s, float z, float ux, float uy)
{
    int middle = floori(z / s->fold_gap + .5f);
    float height = 0;

    for (int i = middle - 2; i <= middle + 2; i++) {
        const struct mr_demo_fold *f = &s->folds[i & (MR_DEMO_FOLDS - 1)];
        float around, k;

        if (i < 0 || i >= MR_DEMO_FOLDS)
            continue;
        around = f->cx * ux + f->cy * uy;
        k = ridge(z - f->z - f->tilt * (around - .5f), f->width);
        if (k > 0)
            height += f->height * k * rampf(f->extent, f->extent + .9f, around);
    }
    return height;
}

static float lumps_at(const struct mr_demo_scene *s, struct v3 p)
{
    return s->lumps * mr_demo_noise_at(s->noise, v3_add(v3_scale(p, 1.15f), s->shift));
}

/* The tube itself, closed by a dome behind end_z. */
static float tube(const struct mr_demo_scene *s, struct v3 p)
{
    float cx, cy, r, ux, uy, wide, d;

    axis_at(s, p.z < s->end_z ? p.z : s->end_z, &cx, &cy);
    cx = p.x - cx;
    cy = p.y - cy;
    r = sqrtf(cx * cx + cy * cy) + 1e-6f;
    ux = cx / r;
    uy = cy / r;
    /* three bands of muscle make the lumen of a colon triangular: cos(3 angle) */
    wide = 1 + s->lobes * ux * (4 * ux * ux - 3);
    if (p.z > s->end_z)
        d = wide - sqrtf(r * r + (p.z - s->end_z) * (p.z - s->end_z));
    else
        d = wide - r;
    if (p.z < s->end_z && d < .75f)
        d -= folds_at(s, p.z, ux, uy) * (1 - rampf(s->end_z - .45f, s->end_z - .05f, p.z));
    if (d < .2f) /* faded in, for what is built on this distance must find no step in it */
        d += .2f * s->lumps * (1 - rampf(.08f, .2f, d)) *
             mr_demo_noise_at(s->noise, v3_add(v3_scale(p, 4.3f), s->shift));
    return d < .6f ? d + lumps_at(s, p) : d - 1.2f * s->lumps;
}

/* The coordinates of p around the end: out of the wall, away from its middle, and the angle. */
static void around_end(const struct mr_demo_end *e, struct v3 p, float *out, float *away,
                       float *angle)
{
    struct v3 v = v3_sub(p, e->at);
    float x = v3_dot(v, e->a), y = v3_dot(v, e->b);

    *out = v3_dot(v, e->axis);
    *away = sqrtf(x * x + y * y);
    *angle = atan2f(y, x);
}

/* The appendix: a slit under a crescent, from which three folds run out. */
static float appendix(const struct mr_demo_end *e, struct v3 p)
{
    float out, away, angle, height, turn;

    around_end(e, p, &out, &away, &angle);
    if (away > 1 || out < -1.1f)
        return 0;
    angle += e->curl * away - e->phase;
    turn = .5f + .5f * cosf(angle);
    height = .5f * e->thick * turn * ridge(away - e->radius * 1.5f, e->radius * .45f);
    height -=
        1.1f * e->radius * rampf(.25f, .7f, turn) * ridge(away - e->radius * .8f, e->radius * .3f);
    for (int k = 0; k < e->n_ridges; k++) {
        float off = angle - 6.2832f / (float)e->n_ridges * ((float)k + .5f);
        float across = away * sinf(off);

        if (cosf(off) > 0)
            height += rampf(0, .4f, cosf(off)) * e->ridge * ridge(across, e->width) *
                      rampf(e->radius, e->radius * 2.6f, away) * (1 - rampf(.3f, .95f, away));
    }
    return height;
}

float mr_demo_wall_bowel(const struct mr_demo_scene *s, struct v3 p)
{
    float d = tube(s, p);

    if (s->end.n_ridges && d < .6f)
        d -= appendix(&s->end, p);
    return d;
}

/* The pylorus: a ring of muscle around an opening with a small round room behind it. */
float mr_demo_wall_antrum(const struct mr_demo_scene *s, struct v3 p)
{
    const struct mr_demo_end *e = &s->end;
    float d = tube(s, p), out, away, angle, wave, edge, lip;

    around_end(e, p, &out, &away, &angle);
    if (away > 1.4f || out < -1)
        return d;
    wave = cosf((float)e->n_ridges * angle + e->phase + e->curl * away) +
           .4f * cosf((float)(e->n_ridges + 2) * angle - 2 * e->phase);
    edge = e->radius * (1 + .05f * wave + .12f * cosf(2 * angle + e->phase));
    d -= e->ridge * (.6f + .6f * wave) * rampf(0, .4f, away - edge) *
         (1 - rampf(.3f, e->width, away - edge));
    lip = away - edge - e->thick;
    lip = sqrtf(lip * lip + (out + .25f * e->thick) * (out + .25f * e->thick)) - e->thick;
    d = smooth_min(d, lip, .12f);
    if (out > -e->thick - .2f)
        d = smooth_max(d, edge - away, .06f);
    return maxf(d, .8f - v3_length(v3_sub(p, v3_along(e->at, .78f + e->thick, e->axis))));
}

/* How far along the gullet p is; where it narrows the wall itself counts as length. */
static float gullet_course(float z, float r)
{
    return z - .9f * r;
}

float mr_demo_wall_behind_line(const struct mr_demo_scene *s, struct v3 p)
{
    const struct mr_demo_gullet *g = &s->gullet;
    float cx, cy, r, x, y, jag, tongue;

    axis_at(s, p.z, &cx, &cy);
    cx = p.x - cx;
    cy = p.y - cy;
    r = sqrtf(cx * cx + cy * cy) + 1e-6f;
    x = cx / r;
    y = cy / r;
    jag = mr_demo_noise_at(s->noise, v3(2.2f * x + g->seed, 2.2f * y, .6f * p.z + g->seed)) +
          .5f * mr_demo_noise_at(s->noise, v3(6 * x, 6 * y + g->seed, 1.2f * p.z));
    tongue = mr_demo_noise_at(s->noise, v3(3.4f * x - g->seed, 3.4f * y, 7.7f + g->seed));
    tongue = rampf(.15f, .75f, tongue);
    return gullet_course(p.z, r) - g->line + g->jag * jag + g->tongues * tongue;
}

float mr_demo_wall_gullet(const struct mr_demo_scene *s, struct v3 p)
{
    const struct mr_demo_gullet *g = &s->gullet;
    float cx, cy, r, angle, narrow, fold, left;

    axis_at(s, p.z, &cx, &cy);
    cx = p.x - cx;
    cy = p.y - cy;
    r = sqrtf(cx * cx + cy * cy) + 1e-6f;
    angle = atan2f(cy, cx);
    narrow = rampf(g->close_at - g->close_over, g->close_at, p.z);
    fold = cosf((float)g->n_folds * angle + g->phase + g->twist * p.z) +
           .45f * cosf((float)(g->n_folds + 3) * angle - 1.7f * g->phase - g->twist * p.z);
    left = mixf(1, g->left, narrow);
    left += rampf(g->close_at + .1f, g->close_at + 1.2f, p.z) * (.9f - g->left);
    return left - r - g->fold * (.25f + .75f * narrow) * (.5f + .5f * fold) + lumps_at(s, p);
}
