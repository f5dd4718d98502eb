/* SPDX-License-Identifier: MIT */
/* The one-cycle schedule: Smith, A disciplined approach to neural network hyper-parameters (2018).
 */
#include <misread/train/schedule.h>

#include <math.h>

#define PI 3.14159265358979323846

struct mr_schedule mr_schedule_one_cycle(int n_steps, double lr_max)
{
    return (struct mr_schedule){.n_steps = n_steps,
                                .lr_max = lr_max,
                                .div = 25,
                                .div_final = 2.5e5,
                                .pct_start = .3,
                                .momentum_max = .95,
                                .momentum_min = .85};
}

/* From a (t = 0) to b (t = 1) along half a cosine. */
static double cosine(double a, double b, double t)
{
    return b + (a - b) / 2 * (1 + cos(PI * t));
}

void mr_schedule_at(const struct mr_schedule *schedule, int step, double *lr, double *momentum)
{
    const struct mr_schedule *s = schedule;
    int n_up = (int)(s->n_steps * s->pct_start);
    int n_down = s->n_steps - n_up;
    double t;

    if (step < 0)
        step = 0;
    if (step > s->n_steps)
        step = s->n_steps;
    if (step < n_up) {
        t = (double)step / n_up;
        *lr = cosine(s->lr_max / s->div, s->lr_max, t);
        *momentum = cosine(s->momentum_max, s->momentum_min, t);
        return;
    }
    t = n_down > 0 ? (double)(step - n_up) / n_down : 1;
    *lr = cosine(s->lr_max, s->lr_max / s->div_final, t);
    *momentum = cosine(s->momentum_min, s->momentum_max, t);
}
