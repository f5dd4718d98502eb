/* SPDX-License-Identifier: MIT */
/* One curve, and the table of numbers that makes it each of the schedules. */
#include <misread/train/schedule.h>

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

static const char *const texts[] = {
#define X(name, text) text,
    MR_SCHEDULE_LIST(X)
#undef X
};

/* For one step and a rate of 1. */
#define ROW(max, low, start, final, pct, up, down, whole)                             \
    {                                                                                 \
        .n_steps = 1, .lr_max = max, .lr_low = low, .div = start, .div_final = final, \
        .pct_start = pct, .momentum_max = up, .momentum_min = down, .is_whole = whole \
    }
/* clang-format off */
/*               lr_max lr_low  div  div_final  pct   momentum    whole */
#define V1       ROW(1,  0,     25,  2.5e5,     .3,   .95, .85,   true)
#define V2       ROW(1,  0,     25,  1e5,       .25,  .95, .85,   false)
#define FROZEN   ROW(1,  0,     25,  1e5,       .99,  .95, .85,   false)
#define THAWED   ROW(.5, .005,  5,   1e5,       .3,   .95, .85,   false)
#define CONSTANT ROW(1,  0,     1,   1,         0,    .9,  .9,    true)
#define COSINE   ROW(1,  0,     1,   INFINITY,  0,    .9,  .9,    true)

static const struct mr_schedule table[MR_N_SCHEDULE][MR_N_STAGE] = {
    [MR_SCHEDULE_ONE_CYCLE_V1] = {V1, V1},
    [MR_SCHEDULE_ONE_CYCLE_V2] = {V2, V2},
    [MR_SCHEDULE_FINE_TUNE]    = {FROZEN, THAWED},
    [MR_SCHEDULE_CONSTANT]     = {CONSTANT, CONSTANT},
    [MR_SCHEDULE_COSINE]       = {COSINE, COSINE},
};
/* clang-format on */

const char *mr_schedule_text(enum mr_schedule_kind kind)
{
    return texts[kind];
}

bool mr_schedule_find(const char *text, enum mr_schedule_kind *kind)
{
    for (int i = 0; i < MR_N_SCHEDULE; i++)
        if (!strcmp(texts[i], text)) {
            *kind = (enum mr_schedule_kind)i;
            return true;
        }
    return false;
}

struct mr_schedule mr_schedule_make(enum mr_schedule_kind kind, enum mr_schedule_stage stage,
                                    int n_steps, double lr)
{
    struct mr_schedule s = table[kind][stage];

    s.n_steps = n_steps;
    s.lr_max *= lr;
    s.lr_low *= lr;
    return s;
}

/* From a (t = 0) to b (t = 1) along half a cosine. */
static double cosine(double a, double b, double t)
{
    return b + (a - b) / 2 * (1 + cos(PI * t));
}

void mr_schedule_at(const struct mr_schedule *schedule, int step, double *lr, double *momentum)
{
    const struct mr_schedule *s = schedule;
    double top = s->n_steps * s->pct_start, t;

    if (s->is_whole)
        top = floor(top);
    if (step < 0)
        step = 0;
    if (step > s->n_steps)
        step = s->n_steps;
    if (step < top) {
        t = step / top;
        *lr = cosine(s->lr_max / s->div, s->lr_max, t);
        *momentum = cosine(s->momentum_max, s->momentum_min, t);
        return;
    }
    t = s->n_steps > top ? (step - top) / (s->n_steps - top) : 1;
    *lr = cosine(s->lr_max, s->lr_max / s->div_final, t);
    *momentum = cosine(s->momentum_min, s->momentum_max, t);
}
