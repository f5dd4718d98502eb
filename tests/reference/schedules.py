#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rates and momenta of fastai's schedules, walked through as fastai walks through them: v1 by a
scheduler that is stepped after every batch, v2 by a position between 0 and 1 that is looked up in a
list of pieces. Prints the points that tests/unit/train/test_schedule.c holds."""
import math


def v1(n, lr, div=25., pct_start=.3):
    """(lr, momentum) of batches 0 .. n-1 (callbacks/one_cycle.py)."""
    a1 = int(n * pct_start)
    phases = [(a1, (lr / div, lr), (.95, .85)), (n - a1, (lr, lr / (div * 1e4)), (.85, .95))]
    cos = lambda start, end, pct: end + (start - end) / 2 * (math.cos(math.pi * pct) + 1)
    points, now, phase, k = [], (lr / div, .95), 0, 0
    for _ in range(n):
        points.append(now)
        n_phase, rates, moms = phases[phase]
        k += 1
        now = cos(*rates, k / n_phase), cos(*moms, k / n_phase)
        if k == n_phase:
            phase, k = phase + 1, 0
    return points


def v2(n, lr, div=25., div_final=1e5, pct_start=.25):
    """The same (callback/schedule.py: fit_one_cycle, combined_cos)."""
    cos = lambda start, end, pos: start + (1 + math.cos(math.pi * (1 - pos))) * (end - start) / 2
    starts, widths = [0, pct_start], [pct_start, 1 - pct_start]
    rates, moms = [lr / div, lr, lr / div_final], [.95, .85, .95]
    points = []
    for i in range(n):
        at = i / n
        k = max(j for j in (0, 1) if at >= starts[j])
        pos = (at - starts[k]) / widths[k]
        points.append((cos(rates[k], rates[k + 1], pos), cos(moms[k], moms[k + 1], pos)))
    return points


def show(kind, stage, n, lr, points, steps):
    for i in steps:
        print("    {MR_SCHEDULE_%s, MR_STAGE_%s, %d, %g, %d, %.10e, %.10g}," %
              (kind, stage, n, lr, i, *points[i]))


show("ONE_CYCLE_V1", "WHOLE", 100, 3e-3, v1(100, 3e-3), [0, 7, 15, 30, 31, 65, 99])
show("ONE_CYCLE_V1", "FROZEN", 37, 1e-2, v1(37, 1e-2), [0, 5, 10, 11, 12, 36])
show("ONE_CYCLE_V2", "WHOLE", 10, 1e-2, v2(10, 1e-2), range(10))
show("ONE_CYCLE_V2", "FROZEN", 139, 3e-3, v2(139, 3e-3), [0, 20, 34, 35, 100, 138])
base = 2e-3
show("FINE_TUNE", "FROZEN", 25, base, v2(25, base, pct_start=.99), [0, 12, 24])
show("FINE_TUNE", "WHOLE", 100, base, v2(100, base / 2, div=5., pct_start=.3), [0, 10, 30, 65, 99])
