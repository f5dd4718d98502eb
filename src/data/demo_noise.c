/* SPDX-License-Identifier: MIT */
/* Textures of the demo images: gradient noise on a periodic lattice, grown vessel trees, Worley
 * pits.
 */
#include "demo_noise.h"

#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/rng.h>

#define MASK (MR_DEMO_LATTICE - 1)

/* Perlin's twelve directions (Improving noise, 2002), four of them twice. */
static const float directions[16][3] = {
    {1, 1, 0}, {-1, 1, 0}, {1, -1, 0}, {-1, -1, 0}, {1, 0, 1}, {-1, 0, 1}, {1, 0, -1}, {-1, 0, -1},
    {0, 1, 1}, {0, -1, 1}, {0, 1, -1}, {0, -1, -1}, {1, 1, 0}, {-1, 1, 0}, {0, -1, 1}, {0, -1, -1},
};

static inline float slope_at(unsigned char corner, float x, float y, float z)
{
    const float *d = directions[corner];

    return d[0] * x + d[1] * y + d[2] * z;
}

static inline float fade(float x)
{
    return x * x * x * (x * (x * 6 - 15) + 10);
}

float mr_demo_noise_at(const struct mr_demo_noise *noise, struct v3 p)
{
    int xi = floori(p.x), yi = floori(p.y), zi = floori(p.z);
    float x = p.x - (float)xi, y = p.y - (float)yi, z = p.z - (float)zi;
    float u = fade(x), v = fade(y);
    int x0 = xi & MASK, x1 = (xi + 1) & MASK;
    int y0 = (yi & MASK) * MR_DEMO_LATTICE, y1 = ((yi + 1) & MASK) * MR_DEMO_LATTICE;
    const unsigned char *g = noise->lattice + (zi & MASK) * MR_DEMO_LATTICE * MR_DEMO_LATTICE;
    const unsigned char *h = noise->lattice + ((zi + 1) & MASK) * MR_DEMO_LATTICE * MR_DEMO_LATTICE;
    float near, far;

    near =
        mixf(mixf(slope_at(g[y0 + x0], x, y, z), slope_at(g[y0 + x1], x - 1, y, z), u),
             mixf(slope_at(g[y1 + x0], x, y - 1, z), slope_at(g[y1 + x1], x - 1, y - 1, z), u), v);
    z -= 1;
    far =
        mixf(mixf(slope_at(h[y0 + x0], x, y, z), slope_at(h[y0 + x1], x - 1, y, z), u),
             mixf(slope_at(h[y1 + x0], x, y - 1, z), slope_at(h[y1 + x1], x - 1, y - 1, z), u), v);
    return 1.5f * mixf(near, far, fade(z + 1));
}

float mr_demo_noise_rough(const struct mr_demo_noise *noise, struct v3 p)
{
    /* The second octave is turned, so that the two lattices never line up. */
    struct v3 q =
        v3(1.62f * p.x + 1.18f * p.y + 5.3f, 1.62f * p.y - 1.18f * p.x, 2.03f * p.z + 9.1f);

    return .67f * mr_demo_noise_at(noise, p) + .33f * mr_demo_noise_at(noise, q);
}

float mr_demo_texel(const unsigned char *texture, int side, float u, float v)
{
    float x = u * (float)side, y = v * (float)side;
    int xi = floori(x), yi = floori(y), mask = side - 1;
    float fx = x - (float)xi, fy = y - (float)yi;
    const unsigned char *row0 = texture + (yi & mask) * side;
    const unsigned char *row1 = texture + ((yi + 1) & mask) * side;
    int x0 = xi & mask, x1 = (xi + 1) & mask;

    return mixf(mixf(row0[x0], row0[x1], fx), mixf(row1[x0], row1[x1], fx), fy) * (1 / 255.f);
}

static void fill_lattice(struct mr_demo_noise *noise, uint64_t seed)
{
    struct mr_rng rng = mr_rng_make(seed, 'l', 0, 0);

    for (size_t i = 0; i < sizeof noise->lattice; i++)
        noise->lattice[i] = (unsigned char)mr_rng_below(&rng, 16);
}

/* Darkens a soft disc; overlapping discs keep the darker value, so a chain of them is a tube. */
static void stamp(unsigned char *texture, float x, float y, float radius, float depth)
{
    int reach = (int)radius + 2;

    for (int j = -reach; j <= reach; j++) {
        for (int i = -reach; i <= reach; i++) {
            int xi = floori(x) + i, yi = floori(y) + j;
            float dx = (float)xi - x, dy = (float)yi - y;
            float k = clampf(radius + .8f - sqrtf(dx * dx + dy * dy), 0, 1) * depth;
            unsigned char *t = texture + (yi & (MR_DEMO_VESSEL - 1)) * MR_DEMO_VESSEL +
                               (xi & (MR_DEMO_VESSEL - 1));

            if (k * 255 > (float)*t)
                *t = (unsigned char)(k * 255);
        }
    }
}

/* Walks a meandering vessel, with thinner branches to either side, until it is a hair. */
static void grow_vessel(unsigned char *texture, struct mr_rng *rng, float x, float y, float angle,
                        float radius, int level)
{
    float turn = 0, home = angle;

    for (float walked = 0; walked < 260 && radius > .3f; walked += 1) {
        turn = .92f * turn + .02f * (float)mr_rng_normal(rng) - .004f * (angle - home);
        angle += turn;
        x += cosf(angle);
        y += sinf(angle);
        radius *= level ? .991f : .9955f;
        stamp(texture, x, y, radius, clampf(.25f + .33f * radius, 0, 1));
        if (level < 4 && mr_rng_uniform(rng) < .03) {
            float side = mr_rng_uniform(rng) < .5 ? -1 : 1;

            grow_vessel(texture, rng, x, y, angle + side * (float)mr_rng_between(rng, .4, .95),
                        radius * (float)mr_rng_between(rng, .55, .85), level + 1);
        }
    }
}

static void fill_vessels(struct mr_demo_noise *noise, uint64_t seed)
{
    for (int k = 0; k < MR_DEMO_VESSELS; k++) {
        struct mr_rng rng = mr_rng_make(seed, 'v', (uint64_t)k, 0);

        for (int tree = 0; tree < 9 + 5 * k; tree++)
            grow_vessel(noise->vessel[k], &rng, (float)mr_rng_between(&rng, 0, MR_DEMO_VESSEL),
                        (float)mr_rng_between(&rng, 0, MR_DEMO_VESSEL),
                        (float)mr_rng_between(&rng, 0, 6.2832),
                        (float)mr_rng_between(&rng, 1.3, 3.2), 0);
    }
}

/* A point jittered in each cell of a grid; the nearest lies in the nine cells around. */
static void fill_pits(struct mr_demo_noise *noise, uint64_t seed)
{
    enum { CELLS = 16, CELL = MR_DEMO_PIT / CELLS };
    float jitter[CELLS * CELLS][2];
    struct mr_rng rng = mr_rng_make(seed, 'p', 0, 0);

    for (int i = 0; i < CELLS * CELLS; i++)
        for (int k = 0; k < 2; k++)
            jitter[i][k] = (float)mr_rng_between(&rng, .1, .9);
    for (int y = 0; y < MR_DEMO_PIT; y++) {
        for (int x = 0; x < MR_DEMO_PIT; x++) {
            float nearest = 9;

            for (int k = 0; k < 9; k++) {
                int cx = x / CELL + k % 3 - 1, cy = y / CELL + k / 3 - 1;
                const float *j = jitter[(cy & (CELLS - 1)) * CELLS + (cx & (CELLS - 1))];
                float dx = (float)cx + j[0] - (float)x / CELL;
                float dy = (float)cy + j[1] - (float)y / CELL;

                nearest = minf(nearest, dx * dx + dy * dy);
            }
            noise->pit[y * MR_DEMO_PIT + x] = (unsigned char)(255 * clampf(sqrtf(nearest), 0, 1));
        }
    }
}

enum mr_status mr_demo_noise_create(struct mr_demo_noise **noise, uint64_t seed,
                                    struct mr_error *err)
{
    struct mr_demo_noise *made = mr_alloc_aligned(sizeof *made);

    if (!made)
        return mr_fail(err, MR_E_NOMEM, "no memory for the textures of the demo images");
    fill_lattice(made, seed);
    fill_vessels(made, seed);
    fill_pits(made, seed);
    *noise = made;
    return MR_OK;
}
