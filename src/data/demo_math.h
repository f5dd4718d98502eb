/* SPDX-License-Identifier: MIT */
/* Vectors and ramps for drawing the demo images. Scene units: the radius of a bowel is about 1. */
#ifndef MISREAD_DATA_DEMO_MATH_H
#define MISREAD_DATA_DEMO_MATH_H

#include <math.h>

struct v3 {
    float x, y, z;
};

static inline struct v3 v3(float x, float y, float z)
{
    return (struct v3){x, y, z};
}

static inline struct v3 v3_add(struct v3 a, struct v3 b)
{
    return v3(a.x + b.x, a.y + b.y, a.z + b.z);
}

static inline struct v3 v3_sub(struct v3 a, struct v3 b)
{
    return v3(a.x - b.x, a.y - b.y, a.z - b.z);
}

static inline struct v3 v3_mul(struct v3 a, struct v3 b)
{
    return v3(a.x * b.x, a.y * b.y, a.z * b.z);
}

static inline struct v3 v3_scale(struct v3 a, float k)
{
    return v3(a.x * k, a.y * k, a.z * k);
}

/* a + k b */
static inline struct v3 v3_along(struct v3 a, float k, struct v3 b)
{
    return v3(a.x + k * b.x, a.y + k * b.y, a.z + k * b.z);
}

static inline float v3_dot(struct v3 a, struct v3 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline struct v3 v3_cross(struct v3 a, struct v3 b)
{
    return v3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
}

static inline float v3_length(struct v3 a)
{
    return sqrtf(v3_dot(a, a));
}

static inline struct v3 v3_unit(struct v3 a)
{
    return v3_scale(a, 1 / (v3_length(a) + 1e-12f));
}

static inline struct v3 v3_mix(struct v3 a, struct v3 b, float k)
{
    return v3_along(v3_scale(a, 1 - k), k, b);
}

/* Unlike fmaxf and fminf these need no care for NaN and are one instruction. */
static inline float maxf(float a, float b)
{
    return a > b ? a : b;
}

static inline float minf(float a, float b)
{
    return a < b ? a : b;
}

static inline float mixf(float a, float b, float k)
{
    return a + (b - a) * k;
}

static inline float clampf(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* 0 below lo, 1 above hi, smooth between. */
static inline float rampf(float lo, float hi, float x)
{
    float k = clampf((x - lo) / (hi - lo), 0, 1);

    return k * k * (3 - 2 * k);
}

/* The larger integer not above x, without a library call. */
static inline int floori(float x)
{
    int i = (int)x;

    return i - (x < (float)i);
}

/* Two axes that make a right-handed frame with the unit vector n. */
static inline void v3_frame(struct v3 n, struct v3 *a, struct v3 *b)
{
    struct v3 away = fabsf(n.z) < .8f ? v3(0, 0, 1) : v3(1, 0, 0);

    *a = v3_unit(v3_cross(away, n));
    *b = v3_cross(n, *a);
}

#endif
