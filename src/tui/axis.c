/* SPDX-License-Identifier: MIT */
/* Round ticks. */
#include "axis.h"

#include <assert.h>
#include <math.h>

/* A hair of tolerance, so that 0.6 is a multiple of 0.2. */
#define HAIR 1e-9

int mr_axis_first(const struct mr_axis *axis)
{
    return (int)ceil(axis->lo / axis->step - HAIR);
}

int mr_axis_last(const struct mr_axis *axis)
{
    return (int)floor(axis->hi / axis->step + HAIR);
}

struct mr_axis mr_axis_fit(double lo, double hi, int max_ticks)
{
    static const double round[] = {1, 2, 5};
    double power;

    assert(max_ticks >= 2);
    if (!(hi > lo)) {
        double around = fabs(lo) > 0 ? fabs(lo) * 0.1 : 0.5;

        lo -= around;
        hi = lo + 2 * around;
    }
    power = pow(10, floor(log10((hi - lo) / max_ticks)));
    for (;; power *= 10) {
        for (int i = 0; i < 3; i++) {
            struct mr_axis axis = {.lo = lo, .hi = hi, .step = power * round[i]};

            if (mr_axis_last(&axis) - mr_axis_first(&axis) < max_ticks)
                return axis;
        }
    }
}

int mr_axis_decimals(const struct mr_axis *axis)
{
    int decimals = (int)ceil(-log10(axis->step) - HAIR);

    return decimals < 0 ? 0 : decimals;
}
